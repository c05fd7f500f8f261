"""The commands about letters: ``letter``, ``case``, ``deadlines``, ``packet`` and ``batch``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from compound_coverage.cli_common import (
    DONE,
    WANTING,
    dataset_of,
    day_flag,
    day_of,
    imported,
    json_flag,
    say,
)
from compound_coverage.determination.engine import determine
from compound_coverage.letters.assemble import case_of, draft_for, letter_table
from compound_coverage.letters.batch import Outcome, run_batch, template_sheet
from compound_coverage.letters.calendar import to_ics
from compound_coverage.letters.casefile import CaseFile, case_schema, example_case, load_case
from compound_coverage.letters.choose import proposals
from compound_coverage.letters.deadlines import Due, deadline_line
from compound_coverage.letters.packet import COVER, LIMITS, Attachment, make_packet
from compound_coverage.letters.render import Draft, to_docx, to_pdf, write
from compound_coverage.letters.sheet import read_sheet
from compound_coverage.letters.templates import languages

LETTER_ENDINGS = (".md", ".docx", ".pdf")
SHEET_ENDINGS = (".csv", ".xlsx")


def add_commands(commands: Any) -> None:
    """Adds the commands about letters to the command line."""
    _add_letter(commands)
    _add_case(commands)
    _add_deadlines(commands)
    _add_packet(commands)
    _add_batch(commands)


def _language_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", choices=languages(), default="en")


def _needed(options: argparse.Namespace, *names: str) -> None:
    for name in names:
        if getattr(options, name) is None:
            raise ValueError(
                f"--{name} is missing; see 'compound_coverage {options.command} --help'."
            )


def _ending(path: Path, endings: Sequence[str]) -> str:
    ending = path.suffix.lower()
    if ending not in endings:
        raise ValueError(f"'{path.name}' must end in {', '.join(endings)}, not '{ending}'.")
    return ending


def _draft(options: argparse.Namespace, case: CaseFile, letter_type: str) -> Draft:
    return _drafts(options, case, [letter_type])[letter_type]


def _drafts(
    options: argparse.Namespace, case: CaseFile, letter_types: Sequence[str]
) -> dict[str, Draft]:
    """The drafts of these types, from one reading of the dataset and the imported lists."""
    dataset, on = dataset_of(options), day_of(options)
    with imported() as formularies:
        return {
            name: draft_for(case, dataset, name, options.language, on, formularies)
            for name in letter_types
        }


# -- letter ------------------------------------------------------------------------------------


def _add_letter(commands: Any) -> None:
    parser = commands.add_parser("letter", help="write a draft letter from a case file")
    parser.add_argument("--types", action="store_true", help="list the letter types")
    parser.add_argument(
        "--suggest", action="store_true", help="which letters this case calls for, best first"
    )
    parser.add_argument("--check", type=Path, metavar="FILE.md", help="check an edited draft")
    parser.add_argument("--case", type=Path, metavar="FILE")
    parser.add_argument("--type", metavar="TYPE")
    _language_flag(parser)
    day_flag(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.(md|docx|pdf)")
    json_flag(parser)
    parser.set_defaults(run=_letter)


def _letter(options: argparse.Namespace) -> int:
    if options.types:
        return _letter_types(options)
    if options.suggest:
        return _suggest(options)
    if options.check:
        return _check(options)
    _needed(options, "case", "type", "out")
    ending = _ending(options.out, LETTER_ENDINGS)
    draft = _draft(options, load_case(options.case), options.type)
    data, warnings = _letter_bytes(draft, ending)
    write(options.out, data)
    claims = draft.claims(draft.markdown)
    document: dict[str, Any] = {
        "complete": draft.complete,
        "missing": [asdict(gap) for gap in draft.missing],
        "warnings": [*draft.warnings, *(claim.told for claim in claims), *warnings],
        "deadline": draft.deadline,
        "dates": [_due_json(due) for due in draft.dues],
        "files": [str(options.out)],
    }
    lines = [f"{options.out} written; {'complete' if draft.complete else 'not complete yet'}."]
    lines += [f"  missing {m['field']} ({m['who']}): {m['why']}" for m in document["missing"]]
    lines += [f"  warning: {warning}" for warning in document["warnings"]]
    say(options, document, [*lines, draft.deadline])
    return DONE if draft.complete else WANTING


def _letter_bytes(draft: Draft, ending: str) -> tuple[bytes, list[str]]:
    if ending == ".md":
        return draft.markdown.encode("utf-8"), []
    if ending == ".docx":
        return to_docx(draft.markdown, draft.title, draft.language, draft.mark), []
    return to_pdf(draft.markdown, draft.title, draft.language, draft.mark)


def _letter_types(options: argparse.Namespace) -> int:
    table = letter_table(dataset_of(options), options.language)
    lines = [f"{kind['type']}  {kind['title']}  ({kind['law']})" for kind in table]
    say(options, table, lines)
    return DONE


def _suggest(options: argparse.Namespace) -> int:
    _needed(options, "case")
    case, dataset = load_case(options.case), dataset_of(options)
    with imported() as formularies:
        answer = determine(case_of(case, dataset, day_of(options), formularies), dataset)
    found = [
        {
            "type": proposal.letter.letter_type,
            "title": proposal.letter.title,
            "use": proposal.letter.use,
            "signer": proposal.letter.signer,
            "deadline": deadline_line(
                answer.clocks,
                proposal.letter.clock_stages(case.request.stage or "initial"),
                options.language,
            ),
        }
        for proposal in proposals(case, answer, language=options.language)
    ]
    say(options, found, [f"{row['type']}  {row['title']}: {row['use']}" for row in found])
    return DONE


def _check(options: argparse.Namespace) -> int:
    """An edited draft against what a letter of this case may say."""
    _needed(options, "case", "type")
    draft = _draft(options, load_case(options.case), options.type)
    claims = draft.claims(_text_of(options.check))
    say(
        options,
        [asdict(claim) for claim in claims],
        [f"line {claim.line}: {claim.told}" for claim in claims] or ["Nothing to mend was found."],
    )
    return WANTING if claims else DONE


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"'{path.name}' is not UTF-8 text; save it again as UTF-8.") from None


# -- case --------------------------------------------------------------------------------------


def _add_case(commands: Any) -> None:
    parser = commands.add_parser("case", help="a made-up case file to start from, or its schema")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--example", action="store_true")
    which.add_argument("--schema", action="store_true")
    parser.set_defaults(run=_case)


def _case(options: argparse.Namespace) -> int:
    document = case_schema() if options.schema else example_case()
    print(json.dumps(document, ensure_ascii=False, indent=2))
    return DONE


# -- deadlines ---------------------------------------------------------------------------------


def _add_deadlines(commands: Any) -> None:
    parser = commands.add_parser("deadlines", help="the dates a case's letter has to keep")
    parser.add_argument("--case", type=Path, required=True, metavar="FILE")
    parser.add_argument("--type", required=True, metavar="TYPE")
    parser.add_argument("--ics", type=Path, metavar="FILE.ics", help="write a calendar file")
    _language_flag(parser)
    day_flag(parser)
    json_flag(parser)
    parser.set_defaults(run=_deadlines)


def _deadlines(options: argparse.Namespace) -> int:
    draft = _draft(options, load_case(options.case), options.type)
    if options.ics:
        _ending(options.ics, (".ics",))
        write(options.ics, to_ics(draft.dues, datetime.now(UTC)))
    document = {
        "deadline": draft.deadline,
        "dates": [_due_json(due) for due in draft.dues],
        "files": [str(options.ics)] if options.ics else [],
    }
    lines = [
        " ".join([f"{due.day}  {due.title}.", due.how, *due.notes, due.notice])
        for due in draft.dues
    ]
    say(options, document, lines or [draft.deadline])
    return DONE


def _due_json(due: Due) -> dict[str, Any]:
    return {
        "title": due.title,
        "who": due.actor,
        "last_day": due.last_day.isoformat(),
        "safe_day": due.safe_day.isoformat(),
        "how": due.how,
        "notes": list(due.notes),
        "law": due.law.section or due.law.title,
        "url": due.law.url,
        "unconfirmed": due.unconfirmed,
        "passed": due.passed,
        "notice": due.notice,
    }


# -- packet ------------------------------------------------------------------------------------


def _add_packet(commands: Any) -> None:
    parser = commands.add_parser(
        "packet", help="cover sheet, letter, forms and attachments as one PDF", description=LIMITS
    )
    parser.add_argument("--case", type=Path, required=True, metavar="FILE")
    parser.add_argument("--type", required=True, metavar="TYPE")
    parser.add_argument("--text", type=Path, metavar="FILE.md", help="the letter as edited")
    parser.add_argument(
        "--add", action="append", default=[], metavar="TYPE", help="another document to put in"
    )
    parser.add_argument("--attach", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument("--no-cover", action="store_true", help="leave the cover sheet out")
    parser.add_argument("--docx", type=Path, metavar="FILE.docx", help="the letter for Word too")
    _language_flag(parser)
    day_flag(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.pdf")
    json_flag(parser)
    parser.set_defaults(run=_packet)


def _packet(options: argparse.Namespace) -> int:
    _ending(options.out, (".pdf",))
    if options.docx:
        _ending(options.docx, (".docx",))
    case = load_case(options.case)
    cover = [] if options.no_cover else [COVER]
    drafts = _drafts(options, case, [options.type, *cover, *options.add])
    letter = drafts[options.type]
    text = _text_of(options.text) if options.text else letter.markdown
    packet = make_packet(
        letter,
        text,
        None if options.no_cover else drafts[COVER],
        [drafts[name] for name in options.add],
        [Attachment(path.name, path.read_bytes()) for path in options.attach],
    )
    write(options.out, packet.pdf)
    if options.docx:
        write(options.docx, packet.docx)
    files = [str(path) for path in (options.out, options.docx) if path]
    document = {
        "complete": letter.complete,
        "pages": packet.pages,
        "bytes": len(packet.pdf),
        "warnings": [*packet.warnings, *(claim.told for claim in letter.claims(text))],
        "files": files,
    }
    say(options, document, [f"{options.out} written: {packet.pages} pages."])
    return DONE if letter.complete else WANTING


# -- batch -------------------------------------------------------------------------------------


def _add_batch(commands: Any) -> None:
    parser = commands.add_parser("batch", help="a sheet of cases in, a folder of letters out")
    parser.add_argument("sheet", nargs="?", type=Path, metavar="SHEET.(csv|xlsx)")
    parser.add_argument("--template", type=Path, metavar="FILE", help="write a sheet to start from")
    parser.add_argument("--type", default="", metavar="TYPE", help="for every row")
    _language_flag(parser)
    day_flag(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="an empty or new folder")
    json_flag(parser)
    parser.set_defaults(run=_batch)


def _batch(options: argparse.Namespace) -> int:
    if options.template:
        write(options.template, template_sheet(_ending(options.template, SHEET_ENDINGS)))
        say(options, {"files": [str(options.template)]}, [f"{options.template} written."])
        return DONE
    _needed(options, "sheet", "out")
    _ending(options.sheet, SHEET_ENDINGS)
    rows = read_sheet(options.sheet.read_bytes(), options.sheet.name)
    folder: Path = options.out
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"'{folder}' is not an empty folder; choose a new one.")
    folder.mkdir(parents=True, exist_ok=True)
    dataset, on = dataset_of(options), day_of(options)
    with imported() as formularies:
        outcomes = run_batch(
            rows,
            lambda case: draft_for(
                case,
                dataset,
                options.type or case.request.letter_type,
                options.language,
                on,
                formularies,
            ),
            lambda name, data: write(folder / name, data),
            _progress,
        )
    say(options, [asdict(outcome) for outcome in outcomes], _batch_lines(outcomes))
    return DONE if all(outcome.complete for outcome in outcomes) else WANTING


def _progress(done: int, of: int) -> None:
    end = "\n" if done == of else "\r"
    print(f"{done} of {of} letters", end=end, file=sys.stderr, flush=True)


def _batch_lines(outcomes: Sequence[Outcome]) -> list[str]:
    lines = []
    for outcome in outcomes:
        state = "complete" if outcome.complete else f"{len(outcome.missing)} facts missing"
        lines.append(f"{outcome.number}  {outcome.label}: {outcome.problem or state}")
    return lines
