"""The pages live within their content policy: a browser finds nothing to block."""

import pytest

from tests.conftest import need
from tools import browser

PAGES = ["", "letter", "denial", "batch", "lists"]
REPORT = """
document.addEventListener("securitypolicyviolation", event =>
  console.log("BLOCKED", event.violatedDirective, event.blockedURI, event.sourceFile))
"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def chromium():
    need(browser.CHROMIUM, "Chromium")
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server():
    with browser.serving() as address:
        yield address


@pytest.fixture(scope="module")
def context(chromium):
    """One visitor, so that what is loaded once is there for all pages."""
    context = chromium.new_context()
    context.add_init_script(REPORT)
    yield context
    context.close()


@pytest.fixture
def page(context):
    """A page that remembers what its browser would not do, in ``page.blocked``."""
    page = context.new_page()
    page.blocked = []

    def heard(message):
        if "BLOCKED" in message.text or "Content Security Policy" in message.text:
            page.blocked.append(message.text)

    page.on("console", heard)
    yield page
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_nothing_its_policy_forbids(server, page, name):
    page.goto(f"{server}/{name}")
    page.get_by_role("heading", level=1).wait_for()
    browser.settle(page)
    assert page.blocked == []


def test_a_script_that_is_not_ours_does_not_run(server, page):
    page.goto(server)
    page.get_by_role("heading", level=1).wait_for()
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.stranger = true";
          document.body.append(script);
        }"""
    )
    assert page.evaluate("window.stranger") is None
    assert len(page.blocked) >= 1


def test_the_pages_can_not_be_shown_inside_another_page(server, page):
    answer = page.request.get(server)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
