"""Our own font, style and script, and the way they come into Streamlit's page."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.guards import ASSETS

FOLDER = Path(__file__).parent / "assets"
KINDS = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2"}
# the style and the script carry the hash of what is in them; the font's address never changes
KEEP = "public, max-age=86400"


def asset_routes() -> list[BaseRoute]:
    """The route of the files in ``assets``; they hold nothing secret and may be kept for a day."""
    files = {path.name: path for path in FOLDER.iterdir() if path.suffix in KINDS}

    async def asset(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        if path is None:
            return PlainTextResponse("Not found.", 404)
        return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": KEEP})

    return [Route(f"{ASSETS}{{name}}", asset, methods=["GET"])]


def head() -> bytes:
    """What is put into the head of the page."""
    style, script = _versioned("page.css"), _versioned("page.js")
    font = f"{ASSETS}inter.woff2"
    return (
        f'<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>'
        f'<link rel="stylesheet" href="{style}"><script src="{script}" defer></script>'
    ).encode()


def _versioned(name: str) -> str:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
    return f"{ASSETS}{name}?v={digest[:12]}"


class Dressed:
    """Puts our style and script into the head of each page that is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.head = head()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; a page is held back until it is whole, then sent with our head."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        page = bytearray()

        async def dressing(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                page.extend(message.get("body", b""))
                if not message.get("more_body"):
                    dressed = bytes(page).replace(b"</head>", self.head + b"</head>", 1)
                    await send(_measured(start, dressed))
                    await send({"type": "http.response.body", "body": dressed})

        await self.app(_unpacked(scope), receive, dressing)


def _measured(start: Message, page: bytes) -> Message:
    """The start of the answer with the new length; a validator of the old page must go."""
    gone = {b"content-length", b"etag", b"last-modified"}
    kept = [(name, value) for name, value in start["headers"] if name.lower() not in gone]
    return {**start, "headers": [*kept, (b"content-length", str(len(page)).encode())]}


def _is_page(message: Message) -> bool:
    headers = {name.lower(): value for name, value in message["headers"]}
    kind: bytes = headers.get(b"content-type", b"")
    return message["status"] == 200 and kind.startswith(b"text/html")


def _unpacked(scope: Scope) -> Scope:
    """The request for a page, so that it is answered whole and as plain text.

    A page has no ending in its address; all else may come packed.
    """
    if "." in scope["path"].rpartition("/")[2]:
        return scope
    dropped = {b"accept-encoding", b"if-none-match", b"if-modified-since"}
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    return {**scope, "headers": headers}
