"""The server and the browser, started once for all browser tests."""

import pytest

from tests.conftest import need
from tools import browser
from tools.walk import with_a_case


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """A laptop's server, with one made-up case in review and nothing else."""
    home = tmp_path_factory.mktemp("laptop")
    with_a_case(home)
    with browser.serving(COMPOUND_COVERAGE_HOME=str(home)) as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    need(browser.CHROMIUM, "Chromium")
    with browser.chromium() as running:
        yield running


@pytest.fixture
def open_page(chromium):
    """Opens an address; the page remembers every address it asked for in ``page.asked``."""
    contexts = []

    def opener(address, width=390, height=844, colors="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=colors
        )
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for()
        return page

    yield opener
    for context in contexts:
        context.close()
