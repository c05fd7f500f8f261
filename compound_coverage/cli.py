"""Every capability from a terminal. The contract of names, keys and exit codes is kept here.

Exit codes: 0 done; 1 checked and found wanting; 2 bad input, with one sentence on standard
error. Never a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from compound_coverage import (
    cli_casework,
    cli_curation,
    cli_data,
    cli_formulary,
    cli_letters,
    cli_papers,
)
from compound_coverage.cli_common import (
    BAD_INPUT,
    DONE,
    dataset_of,
    day_flag,
    day_of,
    imported,
    json_flag,
    say,
)
from compound_coverage.dataset.load import BUNDLED
from compound_coverage.dataset.search import check_state, find_medications
from compound_coverage.determination.engine import determine
from compound_coverage.determination.published import PlanIndex
from compound_coverage.determination.question import SUPPORT, make_case
from compound_coverage.determination.report import (
    determination_json,
    medication_json,
    plan_json,
)
from compound_coverage.vocabulary import IngredientSource


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage block."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message[:1].upper()}{message[1:]}; see '{self.prog} --help'.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Takes the words after the program name; returns the exit code."""
    try:
        options = _parser().parse_args(arguments)
        code: int = options.run(options)
    except (ValueError, OSError) as error:
        print(_one_sentence(error), file=sys.stderr)
        return BAD_INPUT
    return code


def _one_sentence(error: ValueError | OSError) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} can't be used: {error.strerror or error}."
    return " ".join(str(error).split())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="compound_coverage", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("COVERAGE_DATA") or BUNDLED),
        help="folder of the coverage dataset (default: COVERAGE_DATA, or the bundled one)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_plans(commands)
    _add_medications(commands)
    _add_check(commands)
    cli_data.add_commands(commands)
    cli_curation.add_commands(commands)
    cli_letters.add_commands(commands)
    cli_papers.add_commands(commands)
    cli_formulary.add_commands(commands)
    cli_casework.add_commands(commands)
    return parser


# -- plans, medications ------------------------------------------------------------------------


def _add_plans(commands: Any) -> None:
    parser = commands.add_parser("plans", help="find a plan; typos are forgiven")
    parser.add_argument("text", nargs="?", default="", metavar="TEXT")
    parser.add_argument("--state", default="", help="two letters")
    parser.add_argument("--limit", type=int, default=None)
    json_flag(parser)
    parser.set_defaults(run=_plans)


def _plans(options: argparse.Namespace) -> int:
    state = check_state(options.state)
    if options.limit is not None and options.limit < 1:
        raise ValueError("--limit must be 1 or more.")
    with imported() as formularies:
        index = PlanIndex(dataset_of(options), formularies)
    plans = index.find(options.text, state=state, limit=options.limit)
    say(
        options,
        [plan_json(plan) for plan in plans],
        [f"{plan.plan_id}  {plan.name}" for plan in plans] or ["No plan found."],
    )
    return DONE


def _add_medications(commands: Any) -> None:
    parser = commands.add_parser("medications", help="find a compounded medication")
    parser.add_argument("text", nargs="?", default="", metavar="TEXT")
    json_flag(parser)
    parser.set_defaults(run=_medications)


def _medications(options: argparse.Namespace) -> int:
    found = find_medications(dataset_of(options), options.text)
    say(
        options,
        [medication_json(medication) for medication in found],
        [f"{m.medication_id}  {m.name}" for m in found] or ["No medication found."],
    )
    return DONE


# -- check -------------------------------------------------------------------------------------


def _add_check(commands: Any) -> None:
    parser = commands.add_parser("check", help="does this plan pay for this medication, and why?")
    parser.add_argument("--plan", required=True, metavar="ID")
    parser.add_argument("--medication", required=True, metavar="ID")
    parser.add_argument(
        "--source", choices=[source.value for source in IngredientSource], default=""
    )
    parser.add_argument("--ndc", action="append", default=[], metavar="NDC")
    parser.add_argument("--diagnosis", default="", metavar="ICD10")
    support = [answer for answer in SUPPORT if answer]
    parser.add_argument("--compendium", choices=support, default="")
    parser.add_argument("--literature", choices=support, default="")
    parser.add_argument("--monthly-cost", type=float, metavar="USD")
    parser.add_argument("--age", type=float, metavar="YEARS")
    parser.add_argument("--state", default="", metavar="XX")
    day_flag(parser)
    json_flag(parser)
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    dataset = dataset_of(options)
    with imported() as formularies:
        case = make_case(
            dataset,
            options.plan,
            options.medication,
            on=day_of(options),
            source=options.source,
            ndcs=options.ndc,
            diagnosis=options.diagnosis,
            compendium=options.compendium,
            literature=options.literature,
            monthly_cost=options.monthly_cost,
            age=options.age,
            state=options.state,
            formularies=formularies,
        )
    answer = determination_json(determine(case, dataset))
    say(options, answer, _check_lines(answer))
    return DONE


def _check_lines(answer: dict[str, Any]) -> list[str]:
    lines = [f"{answer['verdict']}: {answer['summary']}"]
    for reason in answer["reasons"]:
        mark = "decides" if reason["decisive"] else reason["applies"]
        cited = reason["citation"]
        lines.append(f"  [{mark}] {reason['statement']}")
        lines.append(f"      {cited['title']} {cited['section']} ({cited['grade']}) {cited['url']}")
    lines += [f"  if: {met['what']}" for met in answer["conditions"]]
    lines += [f"  ask the {u['ask']}: {u['question']}" for u in answer["unknowns"]]
    lines += [f"  next: {s['action']} {s['deadline']}".rstrip() for s in answer["next_steps"]]
    return lines
