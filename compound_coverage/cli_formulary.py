"""The commands ``formulary`` and ``ndc``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from compound_coverage.cli_common import DONE, dataset_of, imported, json_flag, say
from compound_coverage.dataset.search import NotFound
from compound_coverage.dataset.tables import write_atomically
from compound_coverage.determination.formulary_diff import compare_releases, release_pairs
from compound_coverage.determination.published import PlanIndex
from compound_coverage.determination.question import find_ndc
from compound_coverage.formulary.importer import Options, Report, import_paths
from compound_coverage.formulary.lookup import DrugFacts, Formularies
from compound_coverage.formulary.ndc import to_ndc11
from compound_coverage.formulary.ndc_lookup import UNKNOWN, NdcAnswer, look_up_ndc
from compound_coverage.formulary.set_aside import set_aside_csv
from compound_coverage.formulary.sources import NAMES, sources
from compound_coverage.formulary.store import open_store
from compound_coverage.vocabulary import KnownNdc


def add_commands(commands: Any) -> None:
    """Adds ``formulary`` and ``ndc`` to the command line."""
    ndc = commands.add_parser("ndc", help="approved product, bulk powder, or neither?")
    ndc.add_argument("ndc", metavar="NDC")
    json_flag(ndc)
    ndc.set_defaults(run=_ndc)
    formulary = commands.add_parser("formulary", help="published drug lists")
    actions = formulary.add_subparsers(dest="action", required=True, metavar="ACTION")
    bring = actions.add_parser("import", help="import published files, compressed or not")
    bring.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    bring.add_argument("--source", choices=NAMES, default="")
    bring.add_argument("--ndc", action="append", default=[], metavar="NDC")
    bring.add_argument("--state", action="append", default=[], metavar="XX")
    bring.add_argument("--set-aside", type=Path, metavar="FILE.csv")
    json_flag(bring)
    bring.set_defaults(run=_import)
    status = actions.add_parser("status", help="which releases are in use")
    json_flag(status)
    status.set_defaults(run=_status)
    lookup = actions.add_parser("lookup", help="what a plan's list says of one RxCUI")
    lookup.add_argument("--plan", required=True, metavar="ID")
    lookup.add_argument("--rxcui", required=True, metavar="N")
    json_flag(lookup)
    lookup.set_defaults(run=_lookup)
    diff = actions.add_parser("diff", help="what the newest releases changed")
    json_flag(diff)
    diff.set_defaults(run=_diff)


def _ndc(options: argparse.Namespace) -> int:
    ndc11 = to_ndc11(options.ndc)
    answer = NdcAnswer(ndc11)
    with imported() as formularies:
        if formularies:
            answer = look_up_ndc(formularies.connection.engine, options.ndc)
    if answer.kind == UNKNOWN and not answer.name:
        known = find_ndc(dataset_of(options), ndc11)
        answer = _curated(ndc11, known) if known else answer
    document = answer.as_dict()
    say(options, document, [f"{key}: {value}" for key, value in document.items()])
    return DONE


def _curated(ndc11: str, known: KnownNdc) -> NdcAnswer:
    """What the curated dataset knows of a code that no imported directory lists."""
    return NdcAnswer(
        ndc11,
        known.name,
        known.kind,
        known.marketing_category,
        known.product_type,
        f"{known.citation.title}, checked {known.citation.last_checked}",
    )


def _import(options: argparse.Namespace) -> int:
    engine = open_store()
    try:
        reports = import_paths(
            engine,
            options.paths,
            sources(options.source),
            Options(
                ndcs=frozenset(map(to_ndc11, options.ndc)),
                states=frozenset(state.upper() for state in options.state),
            ),
            _progress(),
        )
        if options.set_aside:
            write_atomically(options.set_aside, set_aside_csv(engine).encode("utf-8"))
    finally:
        engine.dispose()
    say(options, [_report_json(report) for report in reports], _report_lines(reports))
    return DONE


def _progress() -> Callable[[str, int], None]:
    written = 0

    def progress(table: str, rows: int) -> None:
        nonlocal written
        written += rows
        if sys.stderr.isatty():
            print(f"\r{written:,} rows written ({table})", end="", file=sys.stderr)

    return progress


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "source": report.source,
        "release": report.release,
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "rows_set_aside": report.rows_set_aside,
        "reasons": report.reasons,
        "files": {name: asdict(count) for name, count in report.files.items()},
        "not_recognised": list(report.unclaimed),
        "seconds": round(report.seconds, 2),
    }


def _report_lines(reports: Sequence[Report]) -> list[str]:
    lines = []
    for report in reports:
        lines.append(
            f"{report.source} {report.release}: {report.rows_read:,} rows read, "
            f"{report.rows_kept:,} kept, {report.rows_set_aside:,} set aside."
        )
        lines += [f"  {count:,} x {reason}" for reason, count in sorted(report.reasons.items())]
    lines += [f"  not recognised: {name}" for name in (reports[0].unclaimed if reports else ())]
    return lines


def _status(options: argparse.Namespace) -> int:
    with imported() as formularies:
        releases = formularies.releases() if formularies else []
    lines = [
        f"{r.source} {r.label}: {r.rows_kept:,} rows, imported {r.imported_at}" for r in releases
    ]
    document = [{"release": r.label, "rows": r.rows_kept} | asdict(r) for r in releases]
    say(options, document, lines or ["Nothing is imported yet."])
    return DONE


def _lookup(options: argparse.Namespace) -> int:
    if not options.rxcui.isdigit():
        raise ValueError(f"'{options.rxcui[:20]}' is not an RxCUI; it is a number such as 1483744.")
    with imported() as formularies:
        found = formularies.drug(options.plan, options.rxcui) if formularies else None
        if found is None:
            raise _no_plan(options, formularies)
    document = found.as_dict()
    say(options, document, _lookup_lines(found))
    return DONE


def _no_plan(options: argparse.Namespace, formularies: Formularies | None) -> NotFound:
    if formularies is None or not formularies.releases():
        return NotFound("No drug list is imported yet; run 'formulary import PATH' first.")
    return PlanIndex(dataset_of(options), formularies).wrong_id(options.plan)


def _lookup_lines(found: DrugFacts) -> list[str]:
    if found.on_list is None:
        return [f"The drug list of {found.plan.name} is not in the release."]
    if not found.on_list:
        return [f"RxCUI {found.rxcui} is not on the list of {found.plan.name}."]
    document = found.as_dict()
    hidden = ("plan", "cost_sharing", "on_list")
    lines = [f"{key}: {json.dumps(value)}" for key, value in document.items() if key not in hidden]
    return [found.plan.name, *lines]


def _diff(options: argparse.Namespace) -> int:
    dataset = dataset_of(options)
    document = []
    with imported() as formularies:
        if formularies:
            connection = formularies.connection
            document = [
                compare_releases(connection, older, newer, dataset, date.today())
                for older, newer in release_pairs(connection)
            ]
    lines = []
    for series in document:
        lines.append(f"{series['series']}: {series['from']} -> {series['to']}")
        lines += [f"  {c['kind']} {c['plan_id']} {c['rxcui']}" for c in series["changes"]]
        lines += [
            f"  {d['plan_id']} {d['medication_id']}: {d['verdict_before']} -> {d['verdict_after']}"
            for d in series["determinations"]
        ]
    say(options, document, lines or ["No drug list has two releases yet."])
    return DONE
