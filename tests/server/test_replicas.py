"""Two replicas on one PostgreSQL behind nginx with the example of deploy/: one of them dies."""

import re
import time

import httpx
import pytest

from compound_coverage.letters.casefile import example_case
from dashboard.guards import BROWSER_COOKIE, LARGEST_BODY
from tests.server.practice import open_practice, sign_in, visit
from tools.browser import fill, settle, unfold

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("servers")]

TYPED = "made-up words typed before the replica died"
DIAGNOSIS = "Diagnosis in words"
OUTSIDE = "127.0.0.2"  # an address of this machine that nginx does not take for this machine


@pytest.fixture(scope="module")
def practice(tmp_path_factory, postgres):
    """A practice with two servers on one new PostgreSQL database, behind nginx."""
    with open_practice(tmp_path_factory.mktemp("replicas"), f"{postgres}/postgres", 2) as made:
        yield made


@pytest.fixture(scope="module")
def page(chromium, practice):
    """The cases, opened by a member of the staff."""
    page = visit(chromium, practice)
    sign_in(page, "staff")
    yield page
    page.context.close()


def counts(practice, path):
    return [one.times(path) for one in practice.replicas]


def asked(practice, path, cookie, times):
    """How many of ``times`` requests of one browser each replica got."""
    before = counts(practice, path)
    with practice.client(cookies={BROWSER_COOKIE: cookie}) as client:
        for _ in range(times):
            assert client.get(path).status_code == 200
    # an answer is there before its line in the log
    until(lambda: sum(counts(practice, path)) >= sum(before) + times)
    return [new - old for old, new in zip(before, counts(practice, path), strict=True)]


def test_one_browser_stays_with_one_replica_and_many_use_both(practice):
    assert sorted(asked(practice, "/favicon.png", "one-browser", 10)) == [0, 10]
    spread = [asked(practice, "/favicon.png", f"browser-{number}", 1) for number in range(20)]
    assert all(map(any, zip(*spread, strict=True)))


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_plain_http_is_led_to_https_under_our_own_name(practice, host):
    url = f"http://127.0.0.1:{practice.plain_port}/cases?a=1"
    answer = httpx.get(url, headers={"Host": host})
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://localhost/cases?a=1"


def test_whether_it_is_ready_is_told_on_the_machine_only(practice):
    here = practice.address.replace("localhost", "127.0.0.1")
    for path in ("/readyz", "/healthz"):
        assert httpx.get(f"{here}{path}", verify=False).status_code == 200
        with httpx.Client(
            transport=httpx.HTTPTransport(local_address=OUTSIDE, verify=False)
        ) as outside:
            assert outside.get(f"{here}/favicon.png", headers=own_host(practice)).is_success
            assert outside.get(f"{here}{path}", headers=own_host(practice)).status_code == 403


def own_host(practice):
    return {"Host": practice.address.removeprefix("https://")}


def test_a_caller_behind_the_proxy_can_not_say_who_he_is(practice):
    with practice.client() as client:
        forged = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"}
        assert client.get("/", headers=forged).status_code == 200
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_large_files_pass_through_memory_and_too_large_ones_not_at_all(practice):
    json_only = {"Content-Type": "application/json"}
    with practice.client(headers=json_only) as client:
        # taken in whole, and then refused because nobody is signed in
        body = b'{"value": "' + b"x" * (LARGEST_BODY - 20) + b'"}'
        assert client.post("/office/cases/list", content=body).status_code == 401
        too_large = b"x" * (LARGEST_BODY + 1)
        assert client.post("/office/cases/list", content=too_large).status_code == 413
        # without a length: the replica refuses it, or nginx does once it has counted too much
        pieces = (b"x" * 1_000_000 for _ in range(LARGEST_BODY // 1_000_000 + 1))
        assert client.post("/office/cases/list", content=pieces).status_code in {411, 413}
        # what a replica refuses early does not make nginx take it for broken
        forbidden = {"Sec-Fetch-Site": "cross-site"}
        refused = client.post("/office/cases/list", content=body, headers=forbidden)
        assert refused.status_code == 403
    told = practice.nginx_log("compound-coverage-error.log")
    assert "too large body" in told
    assert "temporary file" not in told
    assert "upstream" not in told


def test_a_replica_dies_and_the_draft_is_there_as_last_saved_without_a_second_sign_in(
    practice, page
):
    case_id = practice.make_case(example_case())
    page.get_by_role("button", name="Read the list anew").click()
    settle(page)
    open_letter(page)
    unfold(page, "Diagnosis")
    fill(page, DIAGNOSIS, TYPED)
    assert saved_version(practice, case_id) == 2
    serving = [one for one in practice.replicas if one.pages_open]
    assert len(serving) == 1
    serving[0].process.kill()
    serving[0].process.wait()
    (survivor,) = [one for one in practice.replicas if one is not serving[0]]
    assert survivor.pages_open == 0
    # the browser connects again by itself
    page.wait_for_function("() => !document.querySelector('[data-testid=stConnectionStatus]')")
    until(lambda: survivor.pages_open == 1)
    settle(page)
    open_page(page, "Cases")
    open_letter(page)
    unfold(page, "Diagnosis")
    assert page.get_by_role("textbox", name=DIAGNOSIS, exact=True).input_value() == TYPED
    assert page.get_by_text("Saved as version 2").is_visible()
    assert saved_version(practice, case_id) == 2
    signed_in = [entry for entry in practice_log(practice) if "oauth2callback" in entry]
    assert len(signed_in) == 1


def practice_log(practice):
    return practice.nginx_log("compound-coverage.log").splitlines()


def saved_version(practice, case_id):
    return practice.office.cases.read(practice.actor("staff"), case_id).version


def open_letter(page):
    page.get_by_role("button", name=re.compile("^Open: ")).first.click()
    settle(page)
    page.get_by_role("button", name="Edit the letter").click()
    settle(page)


def open_page(page, title):
    """Opens a page by its link at the top."""
    page.get_by_role("link", name=title, exact=True).click()
    settle(page)


def until(true):
    for _ in range(100):
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not come true within 10 seconds")


def test_with_no_replica_left_no_log_of_the_proxy_holds_what_proves_a_sign_in(practice):
    for one in practice.replicas:
        one.process.kill()
        one.process.wait()
    with practice.client() as client:
        for path in ("/oauth2callback", "/auth/login", "/cases"):
            assert client.get(path, params={"code": "proof-of-sign-in"}).status_code == 502
    told = practice.nginx_log("compound-coverage-error.log")
    assert "GET /cases" in told
    told += practice.nginx_log("compound-coverage.log") + practice.nginx_log("outer-error.log")
    assert "/oauth2callback?" not in told
    assert "/auth/login?" not in told
