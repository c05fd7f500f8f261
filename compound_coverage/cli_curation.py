"""The commands about proposals to the dataset: what the dashboard's page does, from a terminal."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from compound_coverage.casework import people
from compound_coverage.casework.access import Actor
from compound_coverage.casework.office import open_office
from compound_coverage.casework.settings import settings
from compound_coverage.cli_common import DONE, WANTING, imported, json_flag, say
from compound_coverage.curation.effects import effects_of
from compound_coverage.curation.proposals import Decision, Proposal, Proposals, State
from compound_coverage.curation.publishing import Publisher
from compound_coverage.dataset.changes import Change, change_of
from compound_coverage.dataset.load import load
from compound_coverage.dataset.sheets import changes_in

DATA = "the coverage data"


def add_commands(commands: Any) -> None:
    """Adds ``proposals`` to the command line."""
    parser = commands.add_parser("proposals", help=f"propose, review and publish {DATA}")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_looking(actions)
    _add_proposing(actions)
    _add_deciding(actions)
    publish = actions.add_parser("publish", help="puts what was accepted into the dataset")
    json_flag(publish)
    publish.set_defaults(run=_publish)


def _who(options: argparse.Namespace) -> tuple[Proposals, Publisher, Actor]:
    office = open_office(lambda: load(options.data), imported, settings())
    if office.settings.office:
        # a command line can't tell who types, and every proposal has its person
        raise ValueError("On an office server use the page, so that each proposal has its author.")

    def folder() -> Path:
        return Path(options.data)

    owner = people.laptop_owner(office.desk)
    return Proposals(office.desk, folder), Publisher(office.desk, folder), owner


# -- looking -----------------------------------------------------------------------------------


def _add_looking(actions: Any) -> None:
    every = actions.add_parser("list", help="the proposals, the longest waiting first")
    every.add_argument("--state", choices=[state.value for state in State])
    json_flag(every)
    every.set_defaults(run=_list)
    one = actions.add_parser("show", help="one proposal, and which answers it changes")
    one.add_argument("proposal", metavar="ID")
    json_flag(one)
    one.set_defaults(run=_show)


def _list(options: argparse.Namespace) -> int:
    proposals, _, owner = _who(options)
    states = frozenset({State(options.state)}) if options.state else frozenset(State)
    lines = proposals.lines(owner, states)
    say(
        options,
        [asdict(line) for line in lines],
        [f"{line.proposal_id}  {line.state}  {line.title}" for line in lines]
        or ["There is no proposal."],
    )
    return DONE


def _show(options: argparse.Namespace) -> int:
    proposals, _, owner = _who(options)
    found = proposals.read(owner, options.proposal)
    effects = effects_of(proposals.tables(), found.newest.changes, date.today())
    moved = [asdict(one) for one in effects.differences.moved]
    document = {
        **asdict(found.line),
        "decided_by": found.decided_by,
        "why": found.newest.why,
        "revision": found.newest.number,
        "changes": [change.as_json() for change in found.newest.changes],
        "remarks": [asdict(remark) for remark in found.remarks],
        "determinations": moved,
        "reworded": len(effects.differences.reworded),
    }
    say(options, document, _show_lines(found, moved))
    return DONE


def _show_lines(found: Proposal, moved: list[dict[str, Any]]) -> list[str]:
    lines = [f"{found.line.title} ({found.line.state})", f"Why: {found.newest.why}"]
    for change in found.newest.changes:
        lines.append(change.name)
        before, after = change.before or {}, change.after or {}
        lines += [
            f"  {name}: {before.get(name, '')!r} -> {after.get(name, '')!r}"
            for name in change.columns
        ]
    lines += [
        f"{one['plan_id']} {one['medication_id']} {one['source']}: "
        f"{one['verdict_before'] or '-'} -> {one['verdict_after'] or '-'}"
        for one in moved
    ]
    return lines + [f"{remark.who} {remark.kind}: {remark.words}" for remark in found.remarks]


# -- proposing ---------------------------------------------------------------------------------


def _add_proposing(actions: Any) -> None:
    make = actions.add_parser("make", help="a proposal from an edited sheet or from changes")
    make.add_argument("--title", required=True)
    make.add_argument("--why", required=True)
    made_of = make.add_mutually_exclusive_group(required=True)
    made_of.add_argument("--sheet", type=Path, metavar="FILE", help="XLSX or CSV, edited")
    made_of.add_argument("--changes", type=Path, metavar="FILE", help="JSON, as 'show' prints it")
    make.add_argument("--revise", metavar="ID", help="a new revision of this one instead")
    json_flag(make)
    make.set_defaults(run=_make)
    back = actions.add_parser("withdraw", help="takes one's own proposal back")
    back.add_argument("proposal", metavar="ID")
    back.add_argument("--why", required=True)
    back.set_defaults(run=_withdraw)


def _make(options: argparse.Namespace) -> int:
    proposals, _, owner = _who(options)
    changes = _changes(options, proposals)
    if options.revise:
        seen = proposals.read(owner, options.revise).newest.number
        proposals.revise(owner, options.revise, seen, options.why, changes)
        made = options.revise
    else:
        made = proposals.propose(owner, options.title, options.why, changes)
    say(options, {"proposal_id": made}, [f"The proposal {made} waits for another advocate."])
    return DONE


def _changes(options: argparse.Namespace, proposals: Proposals) -> list[Change]:
    if options.sheet:
        tables = proposals.tables()
        return changes_in(options.sheet.read_bytes(), options.sheet.name, tables, date.today())
    try:
        told = json.loads(options.changes.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{options.changes} is not JSON: {error}.") from None
    rows = told.get("changes") if isinstance(told, dict) else told
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise ValueError(
            f"{options.changes} holds no list of changes; see 'proposals show --json'."
        )
    return [change_of(one) for one in rows]


def _withdraw(options: argparse.Namespace) -> int:
    proposals, _, owner = _who(options)
    proposals.withdraw(owner, options.proposal, options.why)
    return DONE


# -- deciding, publishing ----------------------------------------------------------------------


def _add_deciding(actions: Any) -> None:
    decide = actions.add_parser("decide", help="accept, ask about or decline somebody else's")
    decide.add_argument("proposal", metavar="ID")
    decide.add_argument("decision", choices=[decision.value for decision in Decision])
    decide.add_argument("--revision", type=int, required=True, help="the one you looked at")
    decide.add_argument("--words", default="", help="why; needed to ask or decline")
    decide.set_defaults(run=_decide)
    talk = actions.add_parser("say", help="adds to the discussion")
    talk.add_argument("proposal", metavar="ID")
    talk.add_argument("words")
    talk.set_defaults(run=_say)


def _decide(options: argparse.Namespace) -> int:
    proposals, _, owner = _who(options)
    decision = Decision(options.decision)
    proposals.decide(owner, options.proposal, options.revision, decision, options.words)
    return DONE


def _say(options: argparse.Namespace) -> int:
    proposals, _, owner = _who(options)
    proposals.say(owner, options.proposal, options.words)
    return DONE


def _publish(options: argparse.Namespace) -> int:
    _, publisher, owner = _who(options)
    done = publisher.publish(owner)
    lines = [f"Published in {done.release}: {title}" for title in done.titles]
    lines += [f"Set back: {title}: {why}" for title, why in done.set_back]
    say(options, asdict(done), [*lines, *done.notes] or ["Nothing was accepted."])
    return WANTING if done.set_back else DONE
