"""A change to the dataset is a proposal: one advocate makes it, another decides on it.

What is proposed is checked against the dataset as it stands, so nothing that could not be published
waits for anybody. Each revision is kept, and a decision is about the revision that was looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.desk import Desk, Work, new_id
from compound_coverage.casework.people import name_of
from compound_coverage.casework.tables import PROPOSAL, REMARK, REVISION
from compound_coverage.dataset.changes import Change, ChangeError, apply, change_of
from compound_coverage.dataset.releases import newest_release
from compound_coverage.dataset.schema import ChangeRow
from compound_coverage.dataset.tables import DatasetError, Fault, Tables, read_tables
from compound_coverage.dataset.validate import check_tables
from compound_coverage.language import number, say, to_say

LONGEST_WORDS = 4_000
LONGEST_TITLE = 200


class State(StrEnum):
    """Where a proposal stands."""

    WAITING = "waiting"
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    PUBLISHED = "published"


class Decision(StrEnum):
    """What another advocate says of a proposal."""

    ACCEPT = "accept"
    ASK = "ask"
    DECLINE = "decline"


OPEN = frozenset({State.WAITING, State.ASKED})
_BECOMES = {
    Decision.ACCEPT: State.ACCEPTED,
    Decision.ASK: State.ASKED,
    Decision.DECLINE: State.DECLINED,
}


_ALREADY = {
    State.WAITING: to_say("This proposal is waiting already; make a new one instead."),
    State.ASKED: to_say("This proposal is asked already; make a new one instead."),
    State.ACCEPTED: to_say("This proposal is accepted already; make a new one instead."),
    State.DECLINED: to_say("This proposal is declined already; make a new one instead."),
    State.WITHDRAWN: to_say("This proposal is withdrawn already; make a new one instead."),
    State.PUBLISHED: to_say("This proposal is published already; make a new one instead."),
}


class ProposalError(ValueError):
    """Not with this proposal, or not now. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Line:
    """A proposal in a list. ``mine``: the reader made it."""

    proposal_id: str
    state: State
    title: str
    author: str
    mine: bool
    made_at: str
    changed_at: str
    release: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a proposal: the changes, why, and the release they were made from."""

    number: int
    at: str
    why: str
    base: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said about a proposal; ``kind`` is ``said`` or what was done with it."""

    number: int
    at: str
    who: str
    kind: str
    revision: int
    words: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal with all that belongs to it, revisions and remarks oldest first."""

    line: Line
    revisions: tuple[Revision, ...]
    remarks: tuple[Remark, ...]
    decided_by: str

    @property
    def newest(self) -> Revision:
        return self.revisions[-1]


class Proposals:
    """The proposals to one dataset."""

    def __init__(self, desk: Desk, folder: Callable[[], Path]) -> None:
        """``folder`` names the dataset's folder each time it is asked."""
        self.desk = desk
        self.folder = folder

    # -- by the one who proposes ---------------------------------------------------------------

    def propose(self, actor: Actor, title: str, why: str, changes: Sequence[Change]) -> str:
        """A new proposal; returns its id.

        Raises Forbidden, ProposalError without a title or a reason, ChangeError naming each fault
        that the dataset would have with these changes.
        """
        title, why = _words(TITLE, title, LONGEST_TITLE), _words(REASON, why)
        with self.desk.act(actor, Action.DATASET_PROPOSE) as work:
            tables = self.tables()
            self._check(tables, changes)
            proposal_id = new_id()
            work.connection.execute(
                insert(PROPOSAL).values(
                    proposal_id=proposal_id,
                    state=State.WAITING,
                    title=title,
                    author_id=actor.member_id,
                    revision=0,
                    last_remark=0,
                    made_at=work.at,
                    changed_at=work.at,
                    decided_by=None,
                    release=None,
                )
            )
            self._add_revision(work, proposal_id, 1, why, tables, changes)
            work.note(proposal=proposal_id, changes=len(changes))
        return proposal_id

    def revise(
        self, actor: Actor, proposal_id: str, seen: int, why: str, changes: Sequence[Change]
    ) -> int:
        """A new revision of one's own proposal, made after revision ``seen``; returns its number.

        It waits for a decision again. Raises Forbidden, ProposalError, ChangeError.
        """
        why = _words(REASON, why)
        with self.desk.act(actor, Action.DATASET_PROPOSE) as work:
            row = _held(work, proposal_id, OPEN | {State.ACCEPTED})
            if row["author_id"] != actor.member_id:
                raise ProposalError(
                    say("Only who made a proposal changes it; say what you would mend.")
                )
            _unchanged_since(row, seen)
            tables = self.tables()
            self._check(tables, changes)
            self._add_revision(work, proposal_id, seen + 1, why, tables, changes)
            set_proposal(work, proposal_id, state=State.WAITING, decided_by=None)
            add_remark(work, row, "revised", seen + 1, why)
            work.note(proposal=proposal_id, revision=seen + 1)
        return seen + 1

    def withdraw(self, actor: Actor, proposal_id: str, words: str) -> None:
        """Takes one's own proposal back. Raises Forbidden, ProposalError."""
        with self.desk.act(actor, Action.DATASET_PROPOSE) as work:
            row = _held(work, proposal_id, OPEN | {State.ACCEPTED})
            if row["author_id"] != actor.member_id:
                raise ProposalError(
                    say("Only who made a proposal takes it back; you may decline it.")
                )
            set_proposal(work, proposal_id, state=State.WITHDRAWN)
            add_remark(work, row, "withdrawn", row["revision"], _words(REASON, words))
            work.note(proposal=proposal_id)

    # -- by the others -------------------------------------------------------------------------

    def say(self, actor: Actor, proposal_id: str, words: str) -> None:
        """Adds to the discussion. Raises Forbidden, ProposalError."""
        with self.desk.act(actor, Action.DATASET_DISCUSS) as work:
            row = _held(work, proposal_id, frozenset(State))
            add_remark(work, row, "said", row["revision"], _words(REMARK_WORDS, words))
            work.note(proposal=proposal_id)

    def decide(
        self, actor: Actor, proposal_id: str, seen: int, decision: Decision, words: str = ""
    ) -> None:
        """Accepts, asks about or declines revision ``seen`` of somebody else's proposal.

        An acceptance may go without words. Raises Forbidden, ProposalError; ChangeError if the
        dataset has changed so that it can't be accepted any more.
        """
        words = words.strip() if decision is Decision.ACCEPT else _words(REASON, words)
        with self.desk.act(actor, Action.DATASET_DECIDE) as work:
            row = _held(work, proposal_id, OPEN)
            if row["author_id"] == actor.member_id:
                raise ProposalError(
                    say("Nobody decides on their own proposal; ask another advocate.")
                )
            _unchanged_since(row, seen)
            if decision is Decision.ACCEPT:
                self._check(self.tables(), newest_revision(work, row).changes)
            set_proposal(work, proposal_id, state=_BECOMES[decision], decided_by=actor.member_id)
            add_remark(work, row, _BECOMES[decision], seen, words[:LONGEST_WORDS])
            work.note(proposal=proposal_id, decision=decision.value, revision=seen)

    # -- looking -------------------------------------------------------------------------------

    def lines(self, actor: Actor, states: frozenset[State] = frozenset(State)) -> list[Line]:
        """Proposals in these states, the longest waiting first. Raises Forbidden."""
        with self.desk.act(actor, Action.DATASET_READ) as work:
            rows = work.connection.execute(
                select(PROPOSAL)
                .where(PROPOSAL.c.state.in_(states))
                .order_by(PROPOSAL.c.changed_at, PROPOSAL.c.proposal_id)
            ).mappings()
            return [_line(work, row) for row in rows]

    def read(self, actor: Actor, proposal_id: str) -> Proposal:
        """One proposal. Raises Forbidden, ProposalError if there is none."""
        with self.desk.act(actor, Action.DATASET_READ) as work:
            row = _held(work, proposal_id, frozenset(State))
            remarks = work.connection.execute(
                select(REMARK).where(REMARK.c.proposal_id == proposal_id).order_by(REMARK.c.number)
            ).mappings()
            return Proposal(
                line=_line(work, row),
                revisions=tuple(_revisions(work, row)),
                remarks=tuple(
                    Remark(
                        one["number"],
                        one["at"],
                        name_of(work, one["member_id"]),
                        one["kind"],
                        one["revision"],
                        one["words"],
                    )
                    for one in remarks
                ),
                decided_by=name_of(work, row["decided_by"]) if row["decided_by"] else "",
            )

    def tables(self) -> Tables:
        """The dataset's rows as they stand. Raises DatasetError if it is broken."""
        tables, faults = read_tables(self.folder())
        if faults:
            raise DatasetError(faults)
        return tables

    def _check(self, tables: Tables, changes: Sequence[Change]) -> None:
        with_changes(tables, changes, self.desk.now().date())

    def _add_revision(
        self,
        work: Work,
        proposal_id: str,
        number: int,
        why: str,
        tables: Tables,
        changes: Sequence[Change],
    ) -> None:
        work.connection.execute(
            insert(REVISION).values(
                proposal_id=proposal_id,
                number=number,
                at=work.at,
                why=why,
                base=newest_release(tables),
                changes=json.dumps([change.as_json() for change in changes]),
            )
        )
        set_proposal(work, proposal_id, revision=number)


def with_changes(tables: Tables, changes: Sequence[Change], today: date) -> Tables:
    """The tables with these changes, checked as a whole. Raises ChangeError naming each fault."""
    if not changes:
        told = say("it changes nothing; change a row")
        raise ChangeError([Fault(say("The proposal"), None, "", told)])
    for change in changes:
        if change.file == ChangeRow.FILE:
            told = say("only a release writes this table")
            raise ChangeError([Fault(change.file, None, "", told)])
    changed = laid_upon(tables, changes)
    faults = check_tables(changed, today)
    if faults:
        raise ChangeError(faults)
    return changed


def laid_upon(tables: Tables, changes: Sequence[Change]) -> Tables:
    """As ``changes.apply``, which goes through all it is given: here only the tables touched."""
    touched = {change.file: tables[change.file] for change in changes}
    return {**tables, **apply(touched, changes)}


# what is said where such words are missing, or too long
Refusal = tuple[str, str]
TITLE: Refusal = (
    to_say("The title is empty; write a sentence."),
    to_say("The title is longer than {longest} characters; shorten it."),
)
REASON: Refusal = (
    to_say("The reason is empty; write a sentence."),
    to_say("The reason is longer than {longest} characters; shorten it."),
)
REMARK_WORDS: Refusal = (
    to_say("The remark is empty; write a sentence."),
    to_say("The remark is longer than {longest} characters; shorten it."),
)


def _words(refusal: Refusal, text: str, longest: int = LONGEST_WORDS) -> str:
    empty, too_long = refusal
    words = text.strip()
    if not words:
        raise ProposalError(say(empty))
    if len(words) > longest:
        raise ProposalError(say(too_long, longest=number(longest)))
    return words


def _held(work: Work, proposal_id: str, states: frozenset[State]) -> RowMapping:
    """The proposal, held until the transaction ends."""
    query = select(PROPOSAL).where(PROPOSAL.c.proposal_id == proposal_id).with_for_update()
    row = work.connection.execute(query).mappings().first()
    if row is None:
        raise ProposalError(say("There is no such proposal; open it from the list."))
    if row["state"] not in states:
        raise ProposalError(say(_ALREADY[State(row["state"])]))
    return row


def _unchanged_since(row: RowMapping, seen: int) -> None:
    if row["revision"] != seen:
        raise ProposalError(
            say("The proposal was changed while you looked at it; look at it again.")
        )


def set_proposal(work: Work, proposal_id: str, **values: Any) -> None:
    """Changes a proposal that is held."""
    mine = PROPOSAL.c.proposal_id == proposal_id
    work.connection.execute(update(PROPOSAL).where(mine).values(changed_at=work.at, **values))


def add_remark(work: Work, row: RowMapping, kind: str, revision: int, words: str) -> None:
    """Adds to the discussion of a proposal that is held, in the name of who acts."""
    number = row["last_remark"] + 1
    work.connection.execute(
        insert(REMARK).values(
            proposal_id=row["proposal_id"],
            number=number,
            at=work.at,
            member_id=work.actor.member_id,
            kind=kind,
            revision=revision,
            words=words,
        )
    )
    set_proposal(work, row["proposal_id"], last_remark=number)


def _line(work: Work, row: RowMapping) -> Line:
    return Line(
        proposal_id=row["proposal_id"],
        state=State(row["state"]),
        title=row["title"],
        author=name_of(work, row["author_id"]),
        mine=row["author_id"] == work.actor.member_id,
        made_at=row["made_at"],
        changed_at=row["changed_at"],
        release=row["release"] or "",
    )


def _revisions(work: Work, row: RowMapping) -> list[Revision]:
    rows = work.connection.execute(
        select(REVISION)
        .where(REVISION.c.proposal_id == row["proposal_id"])
        .order_by(REVISION.c.number)
    ).mappings()
    return [
        Revision(
            one["number"],
            one["at"],
            one["why"],
            one["base"],
            tuple(change_of(data) for data in json.loads(one["changes"])),
        )
        for one in rows
    ]


def newest_revision(work: Work, row: RowMapping) -> Revision:
    """The newest revision."""
    return _revisions(work, row)[-1]
