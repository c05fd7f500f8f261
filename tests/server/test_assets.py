"""Our font, style and script reach the page, and nothing else is touched."""

import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from dashboard.assets import FOLDER, Dressed, asset_routes
from tests.server.conftest import TestClient

PAGE = "<!DOCTYPE html><html lang='en'><head><title>x</title></head><body></body></html>"


async def page(request):
    return HTMLResponse(PAGE, headers={"ETag": '"old"', "Last-Modified": "yesterday"})


async def in_pieces(request):
    pieces = [PAGE[i : i + 7].encode() for i in range(0, len(PAGE), 7)]
    return StreamingResponse(iter(pieces), media_type="text/html")


async def broken(request):
    return HTMLResponse(PAGE, 500)


async def text(request):
    return PlainTextResponse("</head>" * 200)


@pytest.fixture(scope="module")
def visitor():
    routes = [
        Route("/check", page),
        Route("/pieces", in_pieces),
        Route("/broken", broken),
        Route("/text.txt", text),
        *asset_routes(),
    ]
    packing = Middleware(GZipMiddleware, minimum_size=10)
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Dressed), packing]))


@pytest.mark.parametrize("path", ["/check", "/pieces"])
def test_a_page_gets_our_head_and_the_right_length(visitor, path):
    answer = visitor.get(path, headers={"If-None-Match": '"old"'})
    assert answer.status_code == 200
    assert answer.text.count('<link rel="stylesheet" href="/assets/page.css?v=') == 1
    assert answer.text.index("/assets/page.js") < answer.text.index("</head>")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert "ETag" not in answer.headers, "it is the mark of another page now"
    assert "Last-Modified" not in answer.headers
    assert "Content-Encoding" not in answer.headers


def test_what_the_head_names_is_there(visitor):
    head = visitor.get("/check").text
    named = re.findall(r'(?:href|src)="(/assets/[^"]+)"', head)
    assert len(named) == 3
    for address in named:
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=86400"


@pytest.mark.parametrize("path", ["/assets/page.py", "/assets/..%2Fassets.py", "/assets/"])
def test_no_other_file_is_handed_out(visitor, path):
    assert visitor.get(path).status_code == 404


def test_what_is_no_page_stays_as_it_is(visitor):
    assert visitor.get("/text.txt").text == "</head>" * 200
    assert visitor.get("/text.txt").headers["Content-Encoding"] == "gzip"
    assert visitor.get("/broken").text == PAGE
    assert "stylesheet" not in visitor.head("/check").text


def test_the_style_asks_nothing_of_another_server():
    for path in FOLDER.iterdir():
        if path.suffix in {".css", ".js"}:
            assert "http" not in path.read_text(encoding="utf-8")
            assert "url(" not in path.read_text(encoding="utf-8")
