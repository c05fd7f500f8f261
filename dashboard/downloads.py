"""Files to save: made on the click, fetched once by the browser that asked, by a checked route.

Streamlit's own download button lays a file at an address that anybody may read; here the address is
a ticket that opens once, soon, and only for the browser that was shown it. Nothing is written to
disk.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from compound_coverage.language import say, say_many, speaking, to_say
from dashboard.guards import BROWSER_COOKIE
from dashboard.parts import note, plain

SECONDS = 120
MOST = 500
PATH = "/files"
GONE = to_say(
    "This link has been used or is too old. Go back to the page and press the button again."
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    content: bytes
    name: str
    mime: str
    browser: str
    until: float


class Tickets:
    """Files that wait to be fetched, in this process's memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.Lock()

    def put(self, content: bytes, name: str, mime: str, browser: str) -> str:
        """Keeps a file for one fetch by ``browser``; returns the ticket."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            while len(self._waiting) >= MOST:
                self._waiting.pop(next(iter(self._waiting)))
            until = self._clock() + SECONDS
            self._waiting[ticket] = _Waiting(content, name, mime, browser, until)
        return ticket

    def take(self, ticket: str, browser: str) -> _Waiting | None:
        """The file of a ticket, which is then used up; None for anybody else's or an old one."""
        with self._lock:
            self._forget_old()
            found = self._waiting.get(ticket)
            # as bytes: a cookie may hold any character, and words are compared in ASCII only
            known = found is not None and secrets.compare_digest(
                found.browser.encode(), browser.encode()
            )
            if not browser or not known:
                return None
            return self._waiting.pop(ticket)

    def _forget_old(self) -> None:
        now = self._clock()
        for ticket in [name for name, file in self._waiting.items() if file.until < now]:
            del self._waiting[ticket]


TICKETS = Tickets()


def offer(label: str, make: Callable[[], bytes | str], name: str, mime: str) -> None:
    """A button that makes the file, and then the link that saves it."""
    # one place on the page, with the link or without: else what is unfolded below would fold
    with st.container():
        if st.button(label, key=f"make:{label}:{name}"):
            _make(make, name, mime)


def _make(make: Callable[[], bytes | str], name: str, mime: str) -> None:
    try:
        made = make()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    content = made.encode("utf-8") if isinstance(made, str) else made
    browser = st.context.cookies.get(BROWSER_COOKIE) or ""
    ticket = TICKETS.put(content, name, mime, browser)
    st.link_button(say("Save {file}", file=name), f"{PATH}/{ticket}", type="primary")
    told = say_many(
        "The link works once, for 1 minute.",
        "The link works once, for {count} minutes.",
        SECONDS // 60,
    )
    note(told)


async def _file(request: Request) -> Response:
    browser = request.cookies.get(BROWSER_COOKIE) or ""
    found = TICKETS.take(request.path_params["ticket"], browser)
    if found is None:
        # the browser's own language, for here is nobody's session
        with speaking(request.headers.get("accept-language", "")[:2]):
            return PlainTextResponse(say(GONE), 404)
    return as_file(found.content, found.name, found.mime)


def as_file(content: bytes, name: str, mime: str) -> Response:
    """An answer that a browser saves and never shows or keeps."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=mime, headers={"Content-Disposition": disposition})


ROUTE = Route(f"{PATH}/{{ticket}}", _file, methods=["GET"])
