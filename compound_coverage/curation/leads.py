"""What people report: that a statement is wrong, or what their plan answered.

A report comes from anybody, without a sign-in, and holds nothing of who sent it: no address, no
session, and the time only to the hour. What was written is sealed, read by advocates alone, and
emptied when the lead is closed. What people were told is counted apart from published policy, from
the reports that an advocate has read; no determination ever looks here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.desk import Desk, Work, new_id
from compound_coverage.casework.tables import LEAD, LEAD_SEALED, PROPOSAL
from compound_coverage.curation.personal import personal
from compound_coverage.language import number, say, to_say
from compound_coverage.letters.text import clean, one_line
from compound_coverage.vocabulary import Verdict

MOST_WAITING = 2_000
MOST_IN_AN_HOUR = 100
LEAST_TOLD = 3
LONGEST_WORDS = 2_000
LONGEST_LINE = 300
LONGEST_REFERENCE = 40
_OLDEST = timedelta(days=5 * 366)

_ID = re.compile(r"\w[\w.:/-]{0,119}", re.ASCII)
_REFERENCE = re.compile(r"[\w ./#-]*\d[\w ./#-]*", re.ASCII)


class Kind(StrEnum):
    """What a report is about."""

    WRONG = "wrong"
    ANSWERED = "answered"


class How(StrEnum):
    """By which way a plan answered."""

    PHONE = "phone"
    LETTER = "letter"
    PORTAL = "portal"


class LeadState(StrEnum):
    """Where a lead stands."""

    NEW = "new"
    TAKEN = "taken"
    CLOSED = "closed"


class Why(StrEnum):
    """Why a lead was closed. The last two keep it out of the counts."""

    PROPOSED = "proposed"
    RIGHT = "right"
    NOTED = "noted"
    TWICE = "twice"
    UNUSABLE = "unusable"


NOT_COUNTED = frozenset({Why.TWICE, Why.UNUSABLE})


_ALREADY = {
    LeadState.TAKEN: to_say("This report is taken already; look at the list again."),
    LeadState.CLOSED: to_say("This report is closed already; look at the list again."),
}


class LeadError(ValueError):
    """A report that can't be kept, or not with this lead. One sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody tells us; ids are those of the dataset, empty strings mean not told.

    ``wrong``: ``words`` say what is wrong, ``title`` and ``address`` where it can be read.
    ``answered``: ``told`` is what the plan said, by our words for it, ``words`` what more it said,
    ``day`` when, ``how`` by which way, ``reference`` the number of the call; ``title`` and
    ``address`` name a public document that the plan pointed at.
    """

    kind: Kind
    plan_id: str
    medication_id: str
    rule_id: str = ""
    words: str = ""
    title: str = ""
    address: str = ""
    told: Verdict | None = None
    day: date | None = None
    how: How | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A lead in a list, without what was written. ``at`` is the hour it came, ISO 8601, UTC."""

    lead_id: str
    kind: Kind
    state: LeadState
    at: str
    plan_id: str
    medication_id: str
    rule_id: str
    told: Verdict | None
    proposal_id: str
    closed_at: str
    why: Why | None


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead with what was written; once it is closed only the day is left of that."""

    line: Line
    report: Report


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people were told the same of one plan and one medication."""

    plan_id: str
    medication_id: str
    told: Verdict
    count: int


class Leads:
    """The reports of people, and the advocates' queue of them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    # -- by anybody ----------------------------------------------------------------------------

    def report(self, report: Report) -> str:
        """Keeps what somebody tells; returns the lead's id.

        Raises LeadError for what does not fit, for what looks like a person's data, and while too
        many wait; StoreError if the database does not answer.
        """
        report = checked(report, self.desk.now().date())
        lead_id, hour = new_id(), _hour(self.desk.stamp())
        sealed = self.desk.ring.seal_json(_packed(report), LEAD_SEALED.place(lead_id))
        with self.desk.operating() as connection:
            _refuse_a_flood(connection, hour)
            connection.execute(
                insert(LEAD).values(
                    lead_id=lead_id,
                    kind=report.kind,
                    state=LeadState.NEW,
                    at=hour,
                    plan_id=report.plan_id,
                    medication_id=report.medication_id,
                    rule_id=report.rule_id,
                    verdict_told=report.told,
                    proposal_id=None,
                    closed_at=None,
                    closed_why=None,
                    sealed=sealed,
                )
            )
        return lead_id

    def told(self, plan_id: str, medication_id: str) -> dict[Verdict, int]:
        """What people say this plan told them, the most frequent first. Not published policy.

        Counts what an advocate has read and not set aside. Empty below three reports, so that
        nobody's own report is shown. Raises StoreError if the database does not answer.
        """
        query = _counted().where(LEAD.c.plan_id == plan_id, LEAD.c.medication_id == medication_id)
        with self.desk.reading() as connection:
            tallies = _tallies(connection.execute(query).mappings())
        if sum(tally.count for tally in tallies) < LEAST_TOLD:
            return {}
        return {tally.told: tally.count for tally in tallies}

    # -- by advocates --------------------------------------------------------------------------

    def lines(
        self, actor: Actor, states: frozenset[LeadState] = frozenset(LeadState)
    ) -> list[Line]:
        """Leads in these states, the longest waiting first. Raises Forbidden."""
        with self.desk.act(actor, Action.DATASET_LEADS) as work:
            rows = work.connection.execute(
                select(LEAD).where(LEAD.c.state.in_(states)).order_by(LEAD.c.at, LEAD.c.lead_id)
            ).mappings()
            return [_line(row) for row in rows]

    def read(self, actor: Actor, lead_id: str) -> Lead:
        """One lead with what was written. Raises Forbidden, LeadError if there is none."""
        with self.desk.act(actor, Action.DATASET_LEADS) as work:
            row = _held(work, lead_id)
            work.note(lead=row["lead_id"])
            return Lead(_line(row), _unpacked(row, work.open(LEAD_SEALED, row)))

    def take(self, actor: Actor, lead_id: str) -> None:
        """Marks a new lead as being looked into. Raises Forbidden, LeadError."""
        with self.desk.act(actor, Action.DATASET_LEADS) as work:
            row = _held(work, lead_id)
            if row["state"] != LeadState.NEW:
                raise LeadError(say(_ALREADY[LeadState(row["state"])]))
            _set(work, lead_id, state=LeadState.TAKEN)
            work.note(lead=lead_id, state=LeadState.TAKEN.value)

    def close(self, actor: Actor, lead_id: str, why: Why, proposal_id: str = "") -> None:
        """Ends a lead, perhaps with the proposal it led to, and empties what was written.

        Raises Forbidden, LeadError.
        """
        with self.desk.act(actor, Action.DATASET_LEADS) as work:
            row = _held(work, lead_id)
            if row["state"] == LeadState.CLOSED:
                raise LeadError(say("This report is closed already; look at the list again."))
            if proposal_id and not _is_there(work, proposal_id):
                raise LeadError(say("There is no such proposal; choose one from the list."))
            day = work.open(LEAD_SEALED, row).get("day")
            _set(
                work,
                lead_id,
                state=LeadState.CLOSED,
                closed_at=work.at,
                closed_why=why,
                proposal_id=proposal_id or None,
                sealed=work.seal(LEAD_SEALED, {"day": day} if day else {}, lead_id),
            )
            work.note(lead=lead_id, why=why.value)

    def counts(self, actor: Actor) -> list[Tally]:
        """What people were told, by plan, medication and verdict, small counts too.

        Counts as ``told`` does. Raises Forbidden.
        """
        with self.desk.act(actor, Action.DATASET_LEADS) as work:
            return _tallies(work.connection.execute(_counted()).mappings())


# -- what may be reported ------------------------------------------------------------------------


def checked(report: Report, today: date) -> Report:
    """The report as it is kept. Raises LeadError for what does not fit, naming the mend."""
    for name in ("plan_id", "medication_id"):
        if not _ID.fullmatch(getattr(report, name)):
            raise LeadError(say("The report names no plan and medicine; send it from an answer."))
    if report.rule_id and not _ID.fullmatch(report.rule_id):
        raise LeadError(say("The report names no statement of ours; send it from beside one."))
    report = replace(
        report,
        words=_fit(_WORDS_TOO_LONG, clean(report.words).strip(), LONGEST_WORDS),
        title=_fit(_TITLE_TOO_LONG, one_line(clean(report.title)), LONGEST_LINE),
        address=_public_address(one_line(clean(report.address))),
        reference=_reference(one_line(clean(report.reference))),
    )
    if report.kind is Kind.WRONG:
        return _checked_wrong(report)
    return _checked_answer(report, today)


def _checked_wrong(report: Report) -> Report:
    if not report.words:
        raise LeadError(say("Write in a sentence what is wrong or out of date."))
    return replace(report, told=None, day=None, how=None, reference="")


def _checked_answer(report: Report, today: date) -> Report:
    if report.told is None or report.how is None:
        raise LeadError(say("Pick what the plan said, and how it told you."))
    if report.day is None:
        raise LeadError(say("Write the day the plan said it, as YYYY-MM-DD."))
    # a day ahead: it may be tomorrow already where the person is
    if report.day > today + timedelta(days=1):
        told = say("The day {day} is still to come; write the day it was said.", day=report.day)
        raise LeadError(told)
    if report.day < today - _OLDEST:
        told = say("The day {day} is too long ago; we keep what is of use today.", day=report.day)
        raise LeadError(told)
    return report


_WORDS_TOO_LONG = to_say("What you write is longer than {longest} characters; shorten it.")
_TITLE_TOO_LONG = to_say("The title is longer than {longest} characters; shorten it.")
_ADDRESS_TOO_LONG = to_say("The address is longer than {longest} characters; shorten it.")


def _fit(too_long: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise LeadError(say(too_long, longest=number(longest)))
    if told := personal(text):
        raise LeadError(told)
    return text


def _public_address(text: str) -> str:
    address = _fit(_ADDRESS_TOO_LONG, text, LONGEST_LINE)
    try:
        parts = urlsplit(address)
        fits = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
    except ValueError:
        fits = False
    if address and (not fits or " " in address):
        raise LeadError(say("The address is none of a public page; copy it whole, with https://."))
    return address


def _reference(text: str) -> str:
    """The number of a call; it is long by nature, but has a digit and no words around it."""
    if not text:
        return ""
    words = re.findall(r"[^\W\d]{3,}", text)
    if not _REFERENCE.fullmatch(text) or len(text) > LONGEST_REFERENCE or len(words) > 1:
        raise LeadError(
            say(
                "The reference number is letters and digits, at most {most}; write only the number "
                "of the call.",
                most=LONGEST_REFERENCE,
            )
        )
    if told := personal(text, numbers=True):
        raise LeadError(told)
    return text


# -- the rows ------------------------------------------------------------------------------------


def _hour(at: str) -> str:
    """The hour of a time: a finer one could be held against a log of who visited when."""
    whole = datetime.fromisoformat(at).replace(minute=0, second=0, microsecond=0)
    return whole.isoformat(timespec="microseconds")


def _refuse_a_flood(connection: Connection, hour: str) -> None:
    # nobody signs in to report, and we do not look at who they are: the flood as a whole is held
    query = select(
        func.count().filter(LEAD.c.state == LeadState.NEW).label("waiting"),
        func.count().filter(LEAD.c.at == hour).label("lately"),
    )
    row = connection.execute(query).mappings().one()
    if row["waiting"] >= MOST_WAITING:
        raise LeadError(
            say("Too many reports wait to be read now; please come back in a few days.")
        )
    if row["lately"] >= MOST_IN_AN_HOUR:
        raise LeadError(say("Many reports came in this hour; please send yours again in an hour."))


def _packed(report: Report) -> dict[str, str]:
    """What goes under the seal; the rest of a report are ids."""
    held = {
        "words": report.words,
        "title": report.title,
        "address": report.address,
        "day": report.day.isoformat() if report.day else "",
        "how": report.how or "",
        "reference": report.reference,
    }
    return {name: str(value) for name, value in held.items() if value}


def _unpacked(row: RowMapping, held: dict[str, str]) -> Report:
    day, how = held.get("day"), held.get("how")
    return Report(
        kind=Kind(row["kind"]),
        plan_id=row["plan_id"],
        medication_id=row["medication_id"],
        rule_id=row["rule_id"],
        words=held.get("words", ""),
        title=held.get("title", ""),
        address=held.get("address", ""),
        told=Verdict(row["verdict_told"]) if row["verdict_told"] else None,
        day=date.fromisoformat(day) if day else None,
        how=How(how) if how else None,
        reference=held.get("reference", ""),
    )


def _line(row: RowMapping) -> Line:
    return Line(
        lead_id=row["lead_id"],
        kind=Kind(row["kind"]),
        state=LeadState(row["state"]),
        at=row["at"],
        plan_id=row["plan_id"],
        medication_id=row["medication_id"],
        rule_id=row["rule_id"],
        told=Verdict(row["verdict_told"]) if row["verdict_told"] else None,
        proposal_id=row["proposal_id"] or "",
        closed_at=row["closed_at"] or "",
        why=Why(row["closed_why"]) if row["closed_why"] else None,
    )


def _held(work: Work, lead_id: str) -> RowMapping:
    """The lead, held until the transaction ends."""
    query = select(LEAD).where(LEAD.c.lead_id == lead_id).with_for_update()
    row = work.connection.execute(query).mappings().first()
    if row is None:
        raise LeadError(say("There is no such report; open it from the list."))
    return row


def _set(work: Work, lead_id: str, **values: Any) -> None:
    work.connection.execute(update(LEAD).where(LEAD.c.lead_id == lead_id).values(**values))


def _is_there(work: Work, proposal_id: str) -> bool:
    query = select(PROPOSAL.c.proposal_id).where(PROPOSAL.c.proposal_id == proposal_id)
    return work.connection.execute(query).first() is not None


def _counted() -> Any:
    """A query of the answers that count: read by an advocate, and not set aside."""
    read = or_(
        LEAD.c.state == LeadState.TAKEN,
        and_(LEAD.c.state == LeadState.CLOSED, LEAD.c.closed_why.not_in(NOT_COUNTED)),
    )
    return select(LEAD.c.plan_id, LEAD.c.medication_id, LEAD.c.verdict_told).where(
        LEAD.c.kind == Kind.ANSWERED, read
    )


def _tallies(rows: Iterable[RowMapping]) -> list[Tally]:
    found = Counter((row["plan_id"], row["medication_id"], row["verdict_told"]) for row in rows)
    order = list(Verdict)
    tallies = [
        Tally(plan, medicine, Verdict(told), n) for (plan, medicine, told), n in found.items()
    ]
    return sorted(
        tallies, key=lambda one: (one.plan_id, one.medication_id, -one.count, order.index(one.told))
    )
