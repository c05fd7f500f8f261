"""Casework over HTTP: the same deeds as on the pages, for programs of the practice, and documents.

A request is known by the same sign-in cookie as the pages; ``Desk.act`` decides as it does there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from compound_coverage.casework.access import Forbidden
from compound_coverage.casework.cases import CaseError
from compound_coverage.casework.commands import CommandError, do, values_of
from compound_coverage.casework.keyring import KeyRingError
from compound_coverage.casework.office import Office
from compound_coverage.casework.people import SignedOutError, sign_out
from compound_coverage.casework.states import NotNow
from compound_coverage.database import StoreError
from dashboard.downloads import as_file
from dashboard.identity import actor_of, claims_of

STATUS: tuple[tuple[type[ValueError], int], ...] = (
    (SignedOutError, 401),
    (Forbidden, 403),
    (NotNow, 409),
    (CaseError, 409),
    (StoreError, 503),
    (KeyRingError, 503),
)


def office_routes(office: Callable[[], Office]) -> list[BaseRoute]:
    """The routes below /office. ``office`` gives the services when the first request comes."""

    async def deed(request: Request) -> Response:
        # a form of another site can send a cookie, but not this kind of content
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind.strip().casefold() != "application/json":
            return _fault(CommandError("Send the values as application/json."), 415)
        return await run_in_threadpool(_done, office, request, await request.body())

    async def document(request: Request) -> Response:
        return await run_in_threadpool(_document, office, request)

    async def leave(request: Request) -> Response:
        return await run_in_threadpool(_left, office, request)

    return [
        Route("/office/{kind}/{name}", deed, methods=["POST"]),
        Route("/office/documents/{document_id}", document, methods=["GET"]),
        Route("/office/sign_out", leave, methods=["POST"]),
    ]


def _done(office: Callable[[], Office], request: Request, body: bytes) -> Response:
    name = f"{request.path_params['kind']}/{request.path_params['name']}"
    try:
        actor = actor_of(office(), claims_of(request))
        return JSONResponse(do(office(), actor, name, values_of(body or b"{}")))
    except ValueError as error:
        return _answer(error)


def _document(office: Callable[[], Office], request: Request) -> Response:
    try:
        actor = actor_of(office(), claims_of(request))
        paper, content = office().papers.read(actor, request.path_params["document_id"])
    except ValueError as error:
        return _answer(error)
    return as_file(content, paper.name, "application/pdf")


def _left(office: Callable[[], Office], request: Request) -> Response:
    claims = claims_of(request)
    try:
        if claims:
            sign_out(office().desk, claims)
    except ValueError as error:
        return _answer(error)
    return JSONResponse({"signed_out": True})


def _answer(error: ValueError) -> Response:
    known = (status for kind, status in STATUS if isinstance(error, kind))
    return _fault(error, next(known, 400))


def _fault(error: Exception, status: int) -> Response:
    told: dict[str, Any] = {"error": str(error)}
    return JSONResponse(told, status)
