"""The commands about papers somebody else made: ``denial`` and ``form``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compound_coverage.cli_common import DONE, WANTING, dataset_of, day_of, imported, json_flag, say
from compound_coverage.dataset.search import medication_by_id
from compound_coverage.letters.acroform import fill, match, preview, read_form, sure_values
from compound_coverage.letters.assemble import case_of
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.denial import (
    Denial,
    Document,
    field_labels,
    read_denial,
    read_document,
    read_pasted,
    reason_kinds,
    words_for,
)
from compound_coverage.letters.documents import write


def add_commands(commands: Any) -> None:
    """Adds ``denial`` and ``form`` to the command line."""
    denial = commands.add_parser(
        "denial", help="what a denial letter says, with the words that say it"
    )
    denial.add_argument(
        "file", type=Path, metavar="FILE", help="PDF, picture or text; - reads pasted text"
    )
    json_flag(denial)
    denial.set_defaults(run=_denial)
    form = commands.add_parser("form", help="fill a plan's own fillable PDF from a case")
    form.add_argument("file", type=Path, metavar="FORM.pdf")
    form.add_argument("--case", type=Path, required=True, metavar="FILE")
    form.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="FIELD",
        help="fill this field too, which was only offered",
    )
    form.add_argument("--preview", type=Path, metavar="DIR", help="a picture of each page")
    form.add_argument("--out", type=Path, required=True, metavar="FILLED.pdf")
    json_flag(form)
    form.set_defaults(run=_form, on="")


# -- denial ------------------------------------------------------------------------------------


def _denial(options: argparse.Namespace) -> int:
    document = _document(options.file)
    denial = read_denial(document, dataset_of(options).reject_codes)
    say(options, _denial_json(denial), _denial_lines(denial))
    return DONE if denial.findings else WANTING


def _document(path: Path) -> Document:
    if str(path) == "-":
        return read_pasted(sys.stdin.read())
    return read_document(path.read_bytes(), path.name)


def _denial_json(denial: Denial) -> dict[str, Any]:
    kinds = reason_kinds()
    return {
        "decision": denial.decision,
        "findings": [asdict(finding) for finding in denial.findings],
        "reasons": [asdict(kinds[kind]) for kind in dict.fromkeys(denial.values("reason_kind"))],
        "reject_codes": [
            {"code": code.code, "meaning": code.meaning, "what_to_do": code.what_to_do}
            for code in denial.codes
        ],
        "notes": list(denial.notes),
    }


def _denial_lines(denial: Denial) -> list[str]:
    labels = field_labels()
    lines = []
    for finding in denial.findings:
        mark = "" if finding.sure else " (please check)"
        words = words_for(finding.field, finding.value)
        lines.append(f"{labels[finding.field]}: {words}{mark}")
        lines.append(f"    page {finding.page}: “{' '.join(finding.quote.split())}”")
    lines += [f"{code.code}: {code.meaning} {code.what_to_do}" for code in denial.codes]
    return [*lines, *denial.notes] or ["Nothing that a denial letter says was found."]


# -- form --------------------------------------------------------------------------------------


def _form(options: argparse.Namespace) -> int:
    data = options.file.read_bytes()
    case, dataset = load_case(options.case), dataset_of(options)
    with imported() as formularies:
        plan = case_of(case, dataset, day_of(options), formularies).plan
    form = read_form(data)
    matches = match(form, case, medication_by_id(dataset, case.medication.medication_id), plan)
    offered = {one.field_name: one.value for one in matches if one.value and not one.sure}
    for name in options.accept:
        if name not in offered:
            raise ValueError(f"The field '{name[:80]}' is not among those offered; see --json.")
    filled = fill(data, sure_values(matches), {name: offered[name] for name in options.accept})
    write(options.out, filled)
    files = [str(options.out)]
    if options.preview:
        options.preview.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(preview(filled), start=1):
            page = options.preview / f"page-{number:02d}.png"
            write(page, picture)
            files.append(str(page))
    document = {
        "fields": [asdict(one) for one in matches],
        "accepted": options.accept,
        "notes": list(form.notes),
        "files": files,
    }
    lines = [
        f"{'filled' if one.sure else 'not filled'}  {one.label_shown}: {one.value or one.why}"
        for one in matches
    ]
    say(options, document, [*lines, *form.notes])
    return DONE
