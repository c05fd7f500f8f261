"""Files to save: each ticket opens once, soon, and only for the browser it was made for."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from streamlit.testing.v1 import AppTest

from compound_coverage.casework.settings import Settings
from dashboard import downloads
from dashboard.downloads import GONE, MOST, ROUTE, SECONDS, Tickets, as_file
from dashboard.guards import BROWSER_COOKIE, Headers
from tests.server.conftest import POLICY, TestClient


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tickets(clock, monkeypatch):
    fresh = Tickets(clock)
    monkeypatch.setattr(downloads, "TICKETS", fresh)
    return fresh


@pytest.fixture
def fetch(tickets):
    """Asks for a ticket as a browser, through the security headers of the server."""
    guards = Middleware(Headers, settings=Settings(), policy=POLICY)
    client = TestClient(Starlette(routes=[ROUTE], middleware=[guards]))

    def fetched(ticket, browser="mine"):
        headers = {"cookie": f"{BROWSER_COOKIE}={browser}".encode()} if browser else {}
        return client.get(f"/files/{ticket}", headers=headers)

    return fetched


def kept(tickets, name="letter.pdf", browser="mine"):
    return tickets.put(b"%PDF made up", name, "application/pdf", browser)


def is_gone(answer):
    return (answer.status_code, answer.text) == (404, GONE)


def test_a_ticket_opens_once(tickets, fetch):
    ticket = kept(tickets)
    answer = fetch(ticket)
    assert (answer.status_code, answer.content) == (200, b"%PDF made up")
    assert answer.headers["content-type"] == "application/pdf"
    assert is_gone(fetch(ticket))


@pytest.mark.parametrize("browser", ["", "another", "min", "minee", "MINE", "ключ", "\xff"])
def test_another_browser_is_refused_and_the_file_stays_for_its_own(tickets, fetch, browser):
    ticket = kept(tickets)
    assert is_gone(fetch(ticket, browser))
    assert fetch(ticket).status_code == 200


@pytest.mark.parametrize("browser", ["", "another"])
def test_a_file_made_for_nobody_is_given_to_nobody(tickets, fetch, browser):
    assert is_gone(fetch(kept(tickets, browser=""), browser))


@pytest.mark.parametrize(("seconds", "there"), [(SECONDS - 1, True), (SECONDS + 1, False)])
def test_a_ticket_is_good_for_two_minutes(tickets, fetch, clock, seconds, there):
    ticket = kept(tickets)
    clock.time += seconds
    assert is_gone(fetch(ticket)) is not there


def test_old_files_leave_the_memory(tickets, clock):
    kept(tickets)
    clock.time += SECONDS + 1
    kept(tickets)
    assert len(tickets._waiting) == 1


def test_the_oldest_makes_room_when_too_many_wait(tickets):
    made = [kept(tickets) for _ in range(MOST + 2)]
    assert len(set(made)) == MOST + 2, "nobody guesses one from another"
    assert len(tickets._waiting) == MOST
    assert [tickets.take(ticket, "mine") is None for ticket in made[:3]] == [True, True, False]
    assert tickets.take(made[-1], "mine")


@pytest.mark.parametrize("ticket", ["none", "..%2f..%2fetc%2fpasswd", "%00", "%ff", "x" * 5000])
def test_what_is_typed_for_a_ticket_opens_nothing(fetch, ticket):
    assert fetch(ticket).status_code == 404


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_name_breaks_the_header_and_each_comes_back_whole(name):
    (value,) = as_file(b"", name, "text/plain").headers.getlist("content-disposition")
    assert value.isascii()
    assert not set(value) & set('\r\n"\\/')
    assert value.count(";") == 1
    kind, _, encoded = value.partition("; filename*=UTF-8''")
    assert (kind, unquote(encoded)) == ("attachment", name)


@pytest.mark.parametrize(
    "name", ['a"; filename="b.exe', "päper.pdf", "a\r\nSet-Cookie: x=y", "病歴.pdf", "../up.pdf"]
)
def test_a_hostile_name_stays_a_name(tickets, fetch, name):
    answer = fetch(kept(tickets, name))
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")


def test_no_cache_keeps_a_file_and_no_browser_guesses_what_it_is(tickets, fetch):
    for answer in (fetch(kept(tickets)), fetch("none")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == POLICY
        assert "etag" not in answer.headers
        assert "last-modified" not in answer.headers


def a_page(fault=""):
    from dashboard.downloads import offer

    def make():
        if fault:
            raise ValueError(fault)
        return "made up"

    offer("Make it", make, "letter.md", "text/markdown")


def test_the_page_makes_the_file_on_the_click_and_links_to_it(tickets):
    page = AppTest.from_function(a_page).run()
    assert not tickets._waiting, "nothing is made before somebody asks"
    page.button[0].click().run()
    ((ticket, waiting),) = tickets._waiting.items()
    assert (waiting.content, waiting.name) == (b"made up", "letter.md")
    (link,) = page.get("link_button")
    assert link.proto.url == f"/files/{ticket}"


def test_a_file_that_can_not_be_made_says_why(tickets):
    page = AppTest.from_function(a_page, kwargs={"fault": "The *facts* are wrong."}).run()
    page.button[0].click().run()
    assert page.error[0].value == r"The \*facts\* are wrong\."
    assert not tickets._waiting
