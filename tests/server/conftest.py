"""A tiny application behind the same guards as the pages."""

import ipaddress
import json
import logging
import warnings

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from compound_coverage.casework.settings import Settings
from dashboard.guards import Gate, Headers, Requests
from dashboard.logs import JsonLines
from tests.conftest import need
from tests.server.practice import open_practice
from tools import browser

with warnings.catch_warnings():
    # it asks for a younger httpx than Streamlit's sign-in may use
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PROXY, STRANGER = "10.0.0.2", "203.0.113.9"
OFFICE = Settings(
    mode="office",
    public_url="https://coverage.example",
    allowed_hosts=("coverage.example",),
    trusted_proxies=(ipaddress.ip_network(f"{PROXY}/32"),),
)
LAPTOP = Settings()
POLICY = "default-src 'self'"


async def seen(request):
    return JSONResponse({"scheme": request.url.scheme, "client": request.client.host})


async def cookies(request):
    response = PlainTextResponse("set")
    response.set_cookie("_streamlit_user", "x", max_age=30 * 24 * 3600, httponly=True)
    response.set_cookie("_streamlit_user_tokens_1", "x", max_age=60)
    response.set_cookie("_streamlit_xsrf", "x", secure=True)
    response.delete_cookie("gone")
    return response


async def page(request):
    return HTMLResponse("<h1>Page</h1>")


async def kept(request):
    status = int(request.query_params.get("status", 200))
    headers = {"Cache-Control": request.query_params.get("cache", "public, immutable")}
    return PlainTextResponse("file", status, headers)


async def failing(request):
    raise ValueError(f"typed: {request.headers.get('x-typed')}")


async def failing_late(request):
    async def body():
        yield b"begun"
        raise ValueError("late")

    return StreamingResponse(body())


async def taken(request):
    return PlainTextResponse(str(len(await request.body())))


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text(websocket.client.host)
    await websocket.close()


def app(settings, media_closed=False):
    return Starlette(
        routes=[
            Route("/seen", seen),
            Route("/healthz", seen),
            Route("/cookies", cookies),
            Route("/page", page),
            Route("/static/{path:path}", kept),
            Route("/media/{path:path}", kept),
            Route("/check/{path:path}", kept),
            Route("/api/{path:path}", kept),
            Route("/failing", failing),
            Route("/failing-late", failing_late),
            Route("/_stcore/metrics", seen),
            Route("/_stcore/agent/mcp", seen),
            Route("/taken", taken, methods=["POST"]),
            WebSocketRoute("/socket", socket),
        ],
        middleware=[
            Middleware(Headers, settings=settings, policy=POLICY),
            Middleware(Requests, settings=settings),
            Middleware(Gate, settings=settings, media_closed=media_closed),
        ],
    )


def visitor(settings=LAPTOP, client="127.0.0.1", address=None, media_closed=False, **headers):
    """Somebody at ``client`` who opened ``address``; header names are written with _."""
    default = "http://coverage.example" if settings.office else "http://127.0.0.1:8501"
    return TestClient(
        app(settings, media_closed),
        base_url=address or default,
        client=(client, 50000),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        follow_redirects=False,
        raise_server_exceptions=False,
    )


def through_proxy(**headers):
    """Somebody in the office who came in by https."""
    return visitor(OFFICE, PROXY, x_forwarded_proto="https", x_forwarded_for=STRANGER, **headers)


def socket_url(client):
    """Where the websocket of ``client``'s server is."""
    return f"ws://{client.base_url.netloc.decode()}/socket"


class Lines(logging.Handler):
    """Keeps what would stand in the log."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLines())
        self.text = ""

    def emit(self, record):
        self.text += self.format(record) + "\n"

    @property
    def entries(self):
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log():
    """What our loggers write while the test runs."""
    handler, logger = Lines(), logging.getLogger("dashboard")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture(scope="session")
def practice(tmp_path_factory):
    """A practice with one server on SQLite, behind nginx; the files of tests share it."""
    folder = tmp_path_factory.mktemp("one-server")
    (folder / "database").mkdir()
    with open_practice(folder, f"sqlite:///{folder / 'database' / 'office.sqlite'}", 1) as made:
        yield made


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium; a page may be slow while other tests run."""
    need(browser.CHROMIUM, "Chromium")
    expect.set_options(timeout=20_000)
    with browser.chromium() as running:
        yield running
    expect.set_options(timeout=None)
