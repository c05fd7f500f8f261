"""The API itself: read-only, one version, to be mounted at ``/api/v1``.

Every answer is worked out anew and its ETag is the fingerprint of its bytes, so that a cache can
never keep what an edition, an import, a new day or a new program has changed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compound_coverage.api import models
from compound_coverage.api.pace import Pace
from compound_coverage.api.stock import Edition, Stock
from compound_coverage.database import StoreError
from compound_coverage.dataset.export import LICENCE, LICENCE_URL, attribution, name_of
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.schema import TABLES, ChangeRow, SourceRow
from compound_coverage.dataset.search import (
    NotFound,
    find_medications,
    medication_by_id,
    not_found,
)
from compound_coverage.dataset.tables import DatasetError
from compound_coverage.determination.engine import determine, is_stale
from compound_coverage.determination.published import PlanIndex, find_plan
from compound_coverage.determination.question import make_case, parse_day
from compound_coverage.determination.report import (
    citation_json,
    determination_json,
    medication_json,
    plan_json,
)
from compound_coverage.formulary.lookup import Formularies
from compound_coverage.vocabulary import Case, Plan, Rule

MOUNTED_AT = "/api/v1"
PUBLIC = "public, max-age=300"
# the address may hold a diagnosis: no cache that is shared may keep it
PRIVATE = "private, max-age=300"
FIRST_YEAR, LAST_YEAR = 1900, 2199
DESCRIPTION = """\
How US health plans treat compounded medications: plans, medications, published rules, and the
reasoned answer for one plan and one medication. Every answer names the release of the data and its
licence (CC BY 4.0: name Compound Coverage and the release); every statement has its citation.
`unknown` is an answer: no published rule says. It is not medical or legal advice.
"""

PathId = Annotated[str, InPath(min_length=1, max_length=100, pattern=models.ID_TEXT)]


def api(
    dataset: Callable[[], Dataset],
    folder: Callable[[], Path],
    lists: Callable[[], AbstractContextManager[Formularies | None]],
    plans: Callable[[Dataset], PlanIndex],
    *,
    per_minute: int = 120,
) -> FastAPI:
    """The application.

    ``dataset`` gives the dataset in ``folder``, the same object until the folder changes;
    ``lists`` opens what has been imported; ``plans`` gives the kept index of all plans. One
    address may ask ``per_minute`` times within a minute.
    """
    service = FastAPI(
        title="Compound Coverage",
        summary="Published coverage rules for compounded medications, each dated and cited",
        description=DESCRIPTION,
        version="1",
        license_info={"name": "Data: CC BY 4.0", "identifier": LICENCE},
        servers=[{"url": MOUNTED_AT}],
        root_path_in_servers=False,
        redirect_slashes=False,
        docs_url=None,  # the pages FastAPI makes load their scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    service.include_router(_routes(Stock(dataset, folder, lists, plans)))
    service.add_middleware(Door, pace=Pace(per_minute))
    service.add_exception_handler(HTTPException, _http_fault)
    service.add_exception_handler(RequestValidationError, _misfit)
    service.add_exception_handler(NotFound, _missing)
    for broken in (DatasetError, StoreError):
        service.add_exception_handler(broken, _out_of_order)
    return service


# -- the door ------------------------------------------------------------------------------------


class Door:
    """Before every request: is this caller within the pace? After it: open to every web page."""

    def __init__(self, app: ASGIApp, pace: Pace) -> None:
        self.app, self.pace = app, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers that it came too soon."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        # HEAD is GET without the body
        only_head = scope["method"] == "HEAD"
        scope = {**scope, "method": "GET"} if only_head else scope

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = "ETag, Retry-After"
                headers.setdefault("Cache-Control", "no-store")
                message = {**message, "headers": headers.raw}
            elif only_head:
                message = {**message, "body": b""}
            await send(message)

        wait = self.pace.wait(scope["client"][0] if scope.get("client") else "")
        answer = self.app if not wait else _too_soon(wait, self.pace.per_minute)
        await answer(scope, receive, opened)


def _too_soon(wait: float, per_minute: int) -> Response:
    seconds = max(1, math.ceil(wait))
    told = f"That is more than {per_minute} requests in a minute; ask again in {seconds} seconds."
    return _fault(429, told, {"Retry-After": str(seconds)})


# -- faults --------------------------------------------------------------------------------------


def _fault(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status, dict(headers or {}))


async def _http_fault(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, HTTPException)
    told = {
        404: "There is nothing here; /openapi.json names what there is.",
        405: "This only reads: ask with GET.",
    }
    return _fault(error.status_code, told.get(error.status_code, error.detail), error.headers)


async def _missing(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return _fault(404, _sentence(error))


async def _out_of_order(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return _fault(503, f"The data can't be used right now. {_sentence(error)}")


async def _misfit(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    return _fault(422, _misfit_words(error.errors()[0]))


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())


_EXAMPLES = models.examples()


def _misfit_words(detail: Mapping[str, Any]) -> str:
    name = str(next((part for part in detail["loc"][1:] if isinstance(part, str)), ""))
    message = str(detail["msg"]).removeprefix("Value error, ")
    match detail["type"]:
        case "extra_forbidden":
            return f"There is no parameter '{name[:40]}'; /openapi.json names those there are."
        case "missing":
            return f"The parameter '{name}' is missing, such as {name}={_EXAMPLES[name]}."
        case "string_pattern_mismatch":
            example = f", such as {_EXAMPLES[name]}" if name in _EXAMPLES else ""
            return f"'{name}' holds a character that it can't have{example}."
        case _:
            return f"'{name}' does not fit: {message[:1].lower()}{message[1:]}."


def _each_once(request: Request) -> None:
    """Refuses a parameter given twice, which would silently be read as its last."""
    names = [name for name, _ in request.query_params.multi_items() if name != "ndc"]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RequestValidationError(
            [{"loc": ("query", twice), "type": "twice", "msg": "it stands there more than once"}]
        )


# -- answers -------------------------------------------------------------------------------------


def _sent(request: Request, content: bytes, kind: str, cache: str, name: str = "") -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:40]}"'
    headers = {"ETag": tag, "Cache-Control": cache}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(content, media_type=kind, headers=headers)


def _has(wanted: str, tag: str) -> bool:
    known = {one.strip().removeprefix("W/") for one in wanted.split(",")}
    return "*" in known or tag in known


def _told(
    request: Request, edition: Edition, answer: Mapping[str, Any], cache: str = PUBLIC
) -> Response:
    document = {"release": edition.dataset.release, "licence": LICENCE, **answer}
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return _sent(request, content, "application/json", cache)


def _part(page: models.Page, name: str, found: Sequence[Any]) -> dict[str, Any]:
    return {
        "total": len(found),
        "limit": page.limit,
        "offset": page.offset,
        name: found[page.offset : page.offset + page.limit],
    }


def _plan_entry(plan: Plan) -> dict[str, Any]:
    return plan_json(plan) | {"payer_id": plan.payer_id, "pbm_id": plan.pbm_id}


def _rule_json(rule: Rule, edition: Edition) -> dict[str, Any]:
    row = edition.rule_rows[rule.rule_id]
    return {
        "rule_id": rule.rule_id,
        "level": rule.level.value,
        "payer_id": rule.payer_id,
        "plan_id": rule.plan_id,
        "lines_of_business": sorted(line.value for line in rule.lines_of_business),
        "states": sorted(rule.states),
        "effective_from": rule.effective_from,
        "effective_to": rule.effective_to,
        "effect": rule.effect.value,
        "binding": rule.binding,
        "basis": rule.basis.value,
        "statement": rule.summary,
        "condition": rule.condition,
        "citation": citation_json(rule.citation),
        "source_id": row.source_id,
        "page": row.page,
        "passage": row.passage,
        "stale": is_stale(rule, date.today()),
        "tests": [asdict(test) for test in rule.tests],
        "deadlines": [asdict(deadline) for deadline in rule.deadlines],
        "limits": [asdict(limit) for limit in rule.limits],
    }


def _source_json(row: SourceRow, edition: Edition) -> dict[str, Any]:
    return row.model_dump(mode="json") | {"rules": edition.rules_of_source.get(row.source_id, [])}


def _change_json(row: ChangeRow) -> dict[str, Any]:
    return row.model_dump() | {"rows": [one for one in row.rows.split("; ") if one]}


def _wanted(rule: Rule, asked: models.RuleQuestion) -> bool:
    line = asked.line_of_business
    return (
        asked.payer_id in ("", rule.payer_id)
        and (line is None or line in rule.lines_of_business)
        and (not asked.state or not rule.states or asked.state in rule.states)
        and asked.effect in (None, rule.effect)
    )


def _day(text: str | None) -> date:
    day = date.today() if text is None else parse_day(text)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"'on' must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return day


class Answers:
    """One method for each address. Those with a question take it as a model."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    def plans(self, request: Request, asked: Annotated[models.PlanQuestion, Query()]) -> Response:
        """Find plans by name, id and state. A plan not listed has a stand-in:
        `unlisted-medicaid-TX`."""
        edition = self._stock.edition()
        found = self._stock.plans(edition.dataset).find(asked.q, state=asked.state)
        part = _part(asked, "plans", found)
        part["plans"] = [_plan_entry(plan) for plan in part["plans"]]
        return _told(request, edition, part)

    def plan(self, request: Request, plan_id: PathId) -> Response:
        """One plan."""
        edition = self._stock.edition()
        with self._stock.lists() as formularies:
            plan = find_plan(edition.dataset, formularies, plan_id)
        return _told(request, edition, {"plan": _plan_entry(plan)})

    def medications(
        self, request: Request, asked: Annotated[models.MedicationQuestion, Query()]
    ) -> Response:
        """Find compounded medications by name or ingredient."""
        edition = self._stock.edition()
        found = [medication_json(one) for one in find_medications(edition.dataset, asked.q)]
        return _told(request, edition, _part(asked, "medications", found))

    def medication(self, request: Request, medication_id: PathId) -> Response:
        """One compounded medication."""
        edition = self._stock.edition()
        found = medication_by_id(edition.dataset, medication_id)
        return _told(request, edition, {"medication": medication_json(found)})

    def rules(self, request: Request, asked: Annotated[models.RuleQuestion, Query()]) -> Response:
        """Published rules by id, those that have ended too."""
        edition = self._stock.edition()
        known = edition.dataset.payers
        if asked.payer_id and asked.payer_id not in known:
            raise NotFound(not_found("payer", asked.payer_id, known))
        found = [rule for rule in edition.dataset.rules if _wanted(rule, asked)]
        part = _part(asked, "rules", found)
        part["rules"] = [_rule_json(rule, edition) for rule in part["rules"]]
        return _told(request, edition, part)

    def rule(self, request: Request, rule_id: PathId) -> Response:
        """One published rule."""
        edition = self._stock.edition()
        known = edition.dataset.rules_by_id
        if rule_id not in known:
            raise NotFound(not_found("rule", rule_id, known))
        return _told(request, edition, {"rule": _rule_json(known[rule_id], edition)})

    def determination(
        self, request: Request, asked: Annotated[models.Question, Query()]
    ) -> Response:
        """Does this plan pay for this medication, and why? Nothing asked is kept or logged."""
        edition = self._stock.edition()
        case = self._case(edition, asked)
        answer = determination_json(determine(case, edition.dataset))
        return _told(request, edition, {"determination": answer}, PRIVATE)

    def _case(self, edition: Edition, asked: models.Question) -> Case:
        with self._stock.lists() as formularies:
            try:
                return make_case(
                    edition.dataset,
                    asked.plan,
                    asked.medication,
                    on=_day(asked.on),
                    source=asked.source or "",
                    ndcs=asked.ndc,
                    diagnosis=asked.diagnosis,
                    compendium=asked.compendium or "",
                    literature=asked.literature or "",
                    monthly_cost=asked.monthly_cost,
                    age=asked.age,
                    state=asked.state,
                    formularies=formularies,
                )
            except (NotFound, StoreError):
                raise
            except ValueError as error:
                raise HTTPException(400, _sentence(error)) from None

    def source(self, request: Request, source_id: PathId) -> Response:
        """One document that rules, medications or studies cite."""
        edition = self._stock.edition()
        if source_id not in edition.sources:
            raise NotFound(not_found("source", source_id, edition.sources))
        found = _source_json(edition.sources[source_id], edition)
        return _told(request, edition, {"source": found})

    def changes(self, request: Request, asked: Annotated[models.Page, Query()]) -> Response:
        """What each release changed, in plain words, the newest first."""
        edition = self._stock.edition()
        found = [_change_json(row) for row in edition.changes]
        return _told(request, edition, _part(asked, "changes", found))

    def release(self, request: Request) -> Response:
        """The release this server answers from, its licence, and how much is in it."""
        edition = self._stock.edition()
        name = edition.dataset.release
        with self._stock.lists() as formularies:
            loaded = [release.label for release in formularies.releases()] if formularies else []
        answer = {
            "name": name,
            "date": name[:10],
            "licence_url": LICENCE_URL,
            "attribution": attribution(name),
            "counts": {name_of(model): len(edition.tables[model.FILE]) for model in TABLES},
            "drug_lists": sorted(loaded),
        }
        return _told(request, edition, answer)

    def zip(self, request: Request) -> Response:
        """The whole release as a Data Package: CSV tables, descriptor with checksums, licence."""
        edition = self._stock.edition()
        name = f"compound-coverage-{edition.dataset.release or 'draft'}.zip"
        return _sent(request, edition.zip, "application/zip", PUBLIC, name)


# -- addresses -----------------------------------------------------------------------------------

_SAYS: dict[int, str] = {
    304: "What you have is still right",
    400: "A value that does not fit the others, or is no code, day or NDC",
    404: "There is no such id; the nearest ones are named",
    422: "A parameter is missing, not known, or has the wrong form",
    429: "Too many requests in a minute; Retry-After says how many seconds to wait",
    503: "The data on this server is broken just now",
}


def _documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"description": _SAYS[status]} | ({} if status == 304 else {"model": models.Fault})
        for status in (304, *statuses, 429, 503)
    }


_ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


def _routes(stock: Stock) -> APIRouter:
    answers = Answers(stock)
    router = APIRouter(dependencies=[Depends(_each_once)])
    table: tuple[tuple[str, Callable[..., Response], type[models.Envelope], tuple[int, ...]], ...]
    table = (
        ("/plans", answers.plans, models.Plans, (422,)),
        ("/plans/{plan_id}", answers.plan, models.OnePlan, (404, 422)),
        ("/medications", answers.medications, models.Medications, (422,)),
        ("/medications/{medication_id}", answers.medication, models.OneMedication, (404, 422)),
        ("/rules", answers.rules, models.Rules, (404, 422)),
        ("/rules/{rule_id}", answers.rule, models.OneRule, (404, 422)),
        ("/determinations", answers.determination, models.OneDetermination, (400, 404, 422)),
        ("/sources/{source_id}", answers.source, models.OneSource, (404, 422)),
        ("/changes", answers.changes, models.Changes, (422,)),
        ("/release", answers.release, models.Release, (422,)),
    )
    for path, answer, model, statuses in table:
        router.add_api_route(path, answer, response_model=model, responses=_documented(*statuses))
    router.add_api_route(
        "/dataset.zip",
        answers.zip,
        response_class=Response,
        responses={200: _ZIP | {"description": "The zip"}, **_documented(422)},
    )
    return router
