"""What stands between the network and the pages: who is asking, from where, and for how much."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import logging
import re
import secrets
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from compound_coverage.casework.settings import Network, Settings, host_name
from dashboard.logs import request_id

LOG = logging.getLogger(__name__)
LARGEST_BODY = 26 * 1024 * 1024
LONGEST_PATH = 200
# Tells browsers apart, signed in or not, so that a file made for one is not given to another.
BROWSER_COOKIE = "compound_coverage_browser"
PROBES = ("/healthz", "/readyz")
# Streamlit's figures about sessions, and its door for programs, are nobody's business.
CLOSED = ("/_stcore/metrics", "/_stcore/agent")
HASHED_NAME = re.compile(r"^/static/.+[.-][A-Za-z0-9_-]{8}\.[a-z0-9]+$")
# What programs ask for is public, and says itself how long it may be kept.
API = "/api/v1/"
# Our font, style and script.
ASSETS = "/assets/"
# Streamlit leads a member who signed in to the front page, which is for patients.
AFTER_SIGN_IN = "/cases"
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
COOKIE_AGE = re.compile(r";\s*max-age=(\d+)", re.IGNORECASE)
FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "magnetometer",
            "microphone",
            "payment",
            "usb",
        )
    ),
}

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def content_policy(index: Path, settings: Settings) -> str:
    """The Content-Security-Policy for Streamlit's page, which has one small script inside it.

    ``index`` is Streamlit's index.html; a new version with another script gets another hash.
    """
    scripts = re.findall(r"<script>(.*?)</script>", index.read_text(encoding="utf-8"), re.DOTALL)
    hashes = "".join(f" 'sha256-{_hash(script)}'" for script in scripts)
    # in older Safari 'self' does not mean the websocket
    socket = settings.public_url.replace("https://", " wss://") if settings.office else ""
    return "; ".join(
        (
            "default-src 'self'",
            # WebAssembly does the arithmetic of Streamlit's messages; text is never run as a script
            f"script-src 'self' 'wasm-unsafe-eval'{hashes}",
            # tried without: the style elements Streamlit makes empty could be allowed by the hash
            # of nothing, but one of its libraries fills its own, differently in each version
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{socket}",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Headers:
    """Puts the security headers on every answer, and tightens its cookies."""

    def __init__(self, app: ASGIApp, settings: Settings, policy: str) -> None:
        self.app, self.settings = app, settings
        self.fixed = {**FIXED_HEADERS, "Content-Security-Policy": policy}
        if settings.office:
            self.fixed["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and adds to the answer."""

        async def tightened(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                headers = MutableHeaders(raw=list(message["headers"]))
                headers.update(self.fixed)
                if _has_signed_in(scope["path"], headers):
                    headers["Location"] = AFTER_SIGN_IN
                if not _may_be_kept(scope["path"], message["status"], headers):
                    headers["Cache-Control"] = "no-store"
                if _is_page(headers) and not _browser(scope):
                    value = secrets.token_urlsafe(32)
                    headers.append(
                        "Set-Cookie", f"{BROWSER_COOKIE}={value}; HttpOnly; Path=/; SameSite=lax"
                    )
                message["headers"] = self._cookies_tightened(headers.raw)
            await send(message)

        await self.app(scope, receive, tightened if scope["type"] != "lifespan" else send)

    def _cookies_tightened(self, raw: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        if not self.settings.office:
            return raw
        longest = self.settings.session_hours * 3600
        return [
            (name, tightened_cookie(value.decode("latin-1"), longest).encode("latin-1"))
            if name == b"set-cookie"
            else (name, value)
            for name, value in raw
        ]


def _has_signed_in(path: str, headers: MutableHeaders) -> bool:
    # with nothing in it, the cookie is taken away
    made = re.compile(rf'{USER_COOKIE_NAME}=[^";]')
    return path == "/oauth2callback" and any(map(made.match, headers.getlist("set-cookie")))


def _is_page(headers: MutableHeaders) -> bool:
    # only with a page, which comes before all that it asks for, so that no two answers race
    return headers.get("content-type", "").startswith("text/html")


def _browser(scope: Scope) -> str:
    cookies = cookie_parser(RequestHeaders(scope=scope).get("cookie", ""))
    return cookies.get(BROWSER_COOKIE, "")


def _may_be_kept(path: str, status: int, headers: MutableHeaders) -> bool:
    if path.startswith((API, ASSETS)):
        return status in {200, 304} and bool(headers.get("Cache-Control"))
    return (
        status in {200, 206, 304}
        and HASHED_NAME.match(path) is not None
        and "immutable" in headers.get("Cache-Control", "")
    )


def tightened_cookie(cookie: str, longest: int) -> str:
    """A ``Set-Cookie`` that only travels by https and lives no longer than ``longest`` seconds."""
    cookie = COOKIE_AGE.sub(lambda age: f"; Max-Age={min(int(age[1]), longest)}", cookie)
    parts = [part.strip().casefold() for part in cookie.split(";")]
    return cookie if "secure" in parts else f"{cookie}; Secure"


class Requests:
    """Gives each request its id, believes the proxy (only it), and writes one line in the log."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; an error inside becomes a bare 500."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope, number = self._read(scope)
        request_id.set(number)
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            kind = message["type"]
            if kind in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", number.encode())]
            elif kind == "websocket.accept":
                status = 101
            elif kind == "websocket.close" and not status:
                status = 403  # what a server answers when a handshake is turned away
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            LOG.exception("The request failed")
            if status or scope["type"] == "websocket":
                raise
            failed = PlainTextResponse("Something went wrong on our side.", 500)
            await failed(scope, receive, watched)
        finally:
            _write_down(scope, status, started)

    def _read(self, scope: Scope) -> tuple[Scope, str]:
        headers = RequestHeaders(scope=scope)
        number = uuid.uuid4().hex
        trusted = self.settings.trusted_proxies
        if not _is_in(_client(scope), trusted):
            return scope, number
        scope = dict(scope)
        given = headers.get("x-request-id", "")
        if REQUEST_ID.fullmatch(given):
            number = given
        scheme = headers.get("x-forwarded-proto", "")
        if scheme in {"http", "https"}:
            is_socket = scope["type"] == "websocket"
            scope["scheme"] = scheme.replace("http", "ws") if is_socket else scheme
        behind = _first_untrusted(headers.getlist("x-forwarded-for"), trusted)
        if behind:
            scope["client"] = (behind, 0)
        return scope, number


def _write_down(scope: Scope, status: int, started: float) -> None:
    fields = {
        "method": scope.get("method", "WEBSOCKET"),
        "path": scope["path"][:LONGEST_PATH],
        "status": status,
        "milliseconds": round((time.perf_counter() - started) * 1000, 1),
    }
    LOG.info("request", extra={"fields": fields})


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # a socket open for both families shows IPv4 callers in IPv6's clothes
    return getattr(address, "ipv4_mapped", None) or address


def _client(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _is_in(text: str, networks: Iterable[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _is_loopback(text: str) -> bool:
    address = _address(text)
    return address is not None and address.is_loopback


def _first_untrusted(values: list[str], trusted: Iterable[Network]) -> str:
    # each proxy adds its caller at the end, so what a stranger made up stands before it
    for text in reversed(",".join(values).split(",")):
        if not _is_in(text.strip(), trusted):
            return text.strip() if _address(text.strip()) else ""
    return ""


class Gate:
    """Turns away what must not reach the pages."""

    def __init__(self, app: ASGIApp, settings: Settings, media_closed: bool) -> None:
        self.app, self.settings, self.media_closed = app, settings, media_closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers with a plain sentence why not."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = RequestHeaders(scope=scope)
        probe = scope["path"] in PROBES and _is_loopback(_client(scope))
        return (
            self._from_elsewhere(scope)
            or (None if probe else self._insecure(scope))
            or (None if probe else self._wrong_host(headers))
            or _foreign_page(scope, headers)
            or self._closed(scope)
            or _too_large(headers)
        )

    def _from_elsewhere(self, scope: Scope) -> Response | None:
        if self.settings.office:
            return None
        own = scope["server"][0] if scope.get("server") else ""
        if _is_loopback(_client(scope)) and _is_loopback(own):
            return None
        return PlainTextResponse("This program answers only on the computer it runs on.", 403)

    def _insecure(self, scope: Scope) -> Response | None:
        if not self.settings.office or scope["scheme"] in {"https", "wss"}:
            return None
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            query = scope["query_string"].decode("latin-1")
            # exactly one slash, so that a path can't become another server's name
            path = "/" + scope["path"].lstrip("/") + (f"?{query}" if query else "")
            return RedirectResponse(self.settings.public_url + path, 308)
        return PlainTextResponse("This server answers only by https.", 403)

    def _wrong_host(self, headers: RequestHeaders) -> Response | None:
        if host_name(headers.get("host", "")) in self.settings.allowed_hosts:
            return None
        return PlainTextResponse("This server does not go by that name.", 400)

    def _closed(self, scope: Scope) -> Response | None:
        # the folder of downloads asks nobody who they are
        closed = (*CLOSED, "/media") if self.media_closed else CLOSED
        path = scope["path"]
        if any(path == folder or path.startswith(f"{folder}/") for folder in closed):
            return PlainTextResponse("Not found.", 404)
        return None


def _foreign_page(scope: Scope, headers: RequestHeaders) -> Response | None:
    scheme = scope["scheme"].replace("ws", "http")
    own, origin = f"{scheme}://{headers.get('host', '')}", headers.get("origin")
    if scope["type"] == "websocket":
        # every browser sends it, so a socket without it is no browser's
        foreign = origin != own
    elif scope["method"] in {"GET", "HEAD"}:
        foreign = False
    else:
        # a form of ours says "null", because our pages send no referrer
        foreign = origin not in {None, "null", own} or headers.get("sec-fetch-site") in {
            "cross-site",
            "same-site",
        }
    return PlainTextResponse("This came from another web page.", 403) if foreign else None


def _too_large(headers: RequestHeaders) -> Response | None:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        return PlainTextResponse("Say how long the file is.", 411)
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        return PlainTextResponse("That is more than we take in.", 413)
    return None
