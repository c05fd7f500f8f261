"""Cases: drafts that several people work on, and the road from draft to decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, Table, func, insert, select, update

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.appeals import Decision, facts_of_appeal
from compound_coverage.casework.content import (
    Content,
    ContentError,
    Tick,
    check_size,
    content_of,
    stated,
)
from compound_coverage.casework.desk import Desk, Work, new_id
from compound_coverage.casework.merge import Conflict, merge
from compound_coverage.casework.people import require_member
from compound_coverage.casework.states import Outcome, State, after
from compound_coverage.casework.tables import (
    CALL,
    CALL_SEALED,
    CASE,
    CASE_NPI,
    CASE_SUMMARY,
    DOCUMENT,
    DOCUMENT_CONTENT,
    DOCUMENT_NAME,
    SIGNATURE,
    SIGNATURE_SEALED,
    STEP,
    STEP_SEALED,
    VERSION,
    VERSION_SEALED,
    SealedColumn,
)

LONGEST_WHY = 2_000


class CaseError(ValueError):
    """A step that lacks something. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day to act by, and what for; ``whose`` is member, plan, reviewer or office."""

    day: str
    title: str
    whose: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a worklist shows of a case without opening it."""

    patient: str = ""
    plan: str = ""
    medication: str = ""
    letter_type: str = ""
    dues: tuple[DueDay, ...] = ()
    sent_on: str = ""
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the road: who, when, why."""

    at: str
    member_id: str
    action: str
    from_state: State
    to_state: State
    version: int
    why: str


@dataclass(frozen=True, slots=True)
class VersionNote:
    """That a version was kept. An aside is a text that lost a conflict; it is never deleted."""

    number: int
    base: int
    kind: str
    member_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call with the plan, the pharmacy or the patient."""

    at: str
    member_id: str
    with_whom: str
    said: str
    reference: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of a case; its content is read by ``document``."""

    document_id: str
    kind: str
    name: str
    digest: str
    at: str
    member_id: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature on one version: intent, identity, time and hash."""

    signature_id: str
    version: int
    document_id: str
    member_id: str
    at: str
    content_digest: str
    document_digest: str
    name: str
    npi: str
    intent: str
    certificate: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as somebody who may read it sees it."""

    case_id: str
    state: State
    outcome: Outcome | None
    version: int
    content: Content
    summary: Summary
    assigned_id: str
    follows: str
    made_at: str
    changed_at: str
    steps: tuple[Step, ...]
    versions: tuple[VersionNote, ...]
    calls: tuple[Call, ...]
    papers: tuple[Paper, ...]
    signatures: tuple[Signed, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the worklist."""

    case_id: str
    state: State
    outcome: Outcome | None
    version: int
    summary: Summary
    assigned_id: str
    follows: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save: the version now current and its content.

    ``merged``: somebody else had saved meanwhile and both are in it. ``conflicts`` are the places
    where both wrote; there the text saved before stands, and the whole of this save is kept as
    version ``aside``.
    """

    version: int
    content: Content
    merged: bool = False
    conflicts: tuple[Conflict, ...] = ()
    aside: int = 0


# How the due days of a draft are told: from its content and what is known of the road so far.
Dues = Callable[[Content, Summary, State], tuple[DueDay, ...]]


class Cases:
    """The cases of an organisation. Every method says who asks; ``Desk.act`` decides."""

    def __init__(self, desk: Desk, dues: Dues) -> None:
        self._desk = desk
        self._dues = dues

    # -- making, reading, saving ---------------------------------------------------------------

    def create(self, actor: Actor, content: Content, why: str = "") -> str:
        """A new case in state draft, nothing in it vouched for; returns its id.

        Raises Forbidden, ContentError, CaseError.
        """
        content = content.model_copy(update={"chart": {}, "confirmed": {}})
        summary = self._summary(content, Summary(), State.DRAFT)
        with self._desk.act(actor, Action.CASE_CREATE) as work:
            work.resource_id = self._insert(work, content, summary, why)
            return work.resource_id

    def _insert(
        self, work: Work, content: Content, summary: Summary, why: str, follows: str | None = None
    ) -> str:
        case_id = new_id()
        work.connection.execute(
            insert(CASE).values(
                case_id=case_id,
                organisation_id=work.actor.organisation_id,
                state=State.DRAFT,
                outcome=None,
                version=1,
                last_number=1,
                assigned_id=work.actor.member_id,
                follows=follows,
                made_at=work.at,
                changed_at=work.at,
                **self._sealed_values(work, case_id, content, summary),
            )
        )
        _keep_version(work, case_id, 1, 0, "saved", content)
        keep_step(work, case_id, "case.create", State.DRAFT, State.DRAFT, 1, _why(why))
        return case_id

    def worklist(self, actor: Actor) -> list[Row]:
        """Every case of the actor's organisation, the one with the nearest day first."""
        with self._desk.act(actor, Action.CASE_LIST) as work:
            rows = work.connection.execute(
                select(CASE).where(CASE.c.organisation_id == actor.organisation_id)
            ).mappings()
            found = [row_of(work, row) for row in rows]
            work.note(cases=len(found))
        return sorted(found, key=lambda row: (next_day(row) or "9999", row.changed_at))

    def read(self, actor: Actor, case_id: str) -> CaseView:
        """The whole case. Raises Forbidden if it is not there or not for this actor."""
        with self._desk.act(actor, Action.CASE_READ, case_id) as work:
            return _view(work)

    def version_at(self, actor: Actor, case_id: str, number: int) -> Content:
        """The content of one version, asides included. Raises Forbidden, CaseError."""
        with self._desk.act(actor, Action.CASE_READ, case_id) as work:
            work.note(version=number)
            return _content(work, number)

    def save(self, actor: Actor, case_id: str, base: int, content: Content) -> Saved:
        """Keeps ``content``, which was made from version ``base``; never writes over another's.

        If somebody saved since, both are merged (see ``Saved``). Who vouches for what is not
        changed by a save, whatever ``content`` says: that is for ``mark_chart`` and ``confirm``.
        Raises Forbidden, ContentError, and NotNow where the case can't be changed.
        """
        with self._desk.act(actor, Action.CASE_EDIT, case_id) as work:
            row = work.case_row
            to = after(row["state"], Action.CASE_EDIT)
            current = _content(work, row["version"])
            older = current if base == row["version"] else _content(work, base)
            mine = content.model_copy(update={"chart": older.chart, "confirmed": older.confirmed})
            if mine == current:
                return Saved(row["version"], current)
            if base == row["version"]:
                return self._keep(work, mine, base, "saved", to)
            return self._merge(work, base, older, current, mine, to)

    def _merge(
        self, work: Work, base: int, older: Content, current: Content, content: Content, to: State
    ) -> Saved:
        row = work.case_row
        merged = merge(_plain(older), _plain(content), _plain(current))
        try:
            both, whole = content_of(merged.value), not merged.conflicts
        except ContentError:
            # two texts that only together are too long: the first stands, this one beside it
            both, whole = current, False
        aside = 0 if whole else row["last_number"] + 1
        if aside:
            _keep_version(work, row["case_id"], aside, base, "aside", content)
        number = row["last_number"] + bool(aside)
        if both == current:
            self._set_last(work, number)
            return Saved(row["version"], current, True, merged.conflicts, aside)
        saved = self._keep(work, both, row["version"], "merged", to, number)
        return replace(saved, merged=True, conflicts=merged.conflicts, aside=aside)

    def _keep(
        self, work: Work, content: Content, base: int, kind: str, to: State, last: int = 0
    ) -> Saved:
        row = work.case_row
        number = (last or row["last_number"]) + 1
        summary = self._summary(content, _summary_of(work, row), to)
        _keep_version(work, row["case_id"], number, base, kind, content)
        work.connection.execute(
            update(CASE)
            .where(CASE.c.case_id == row["case_id"])
            .values(
                state=to,
                version=number,
                last_number=number,
                changed_at=work.at,
                **self._sealed_values(work, row["case_id"], content, summary),
            )
        )
        if to != row["state"]:
            why = {"why": "Changed after it was signed; it must be signed again."}
            keep_step(work, row["case_id"], Action.CASE_EDIT, row["state"], to, number, why)
        work.note(version=number, kind=kind)
        return Saved(number, content)

    def _set_last(self, work: Work, number: int) -> None:
        work.connection.execute(
            update(CASE)
            .where(CASE.c.case_id == work.case_row["case_id"])
            .values(last_number=number, changed_at=work.at)
        )

    # -- vouching ------------------------------------------------------------------------------

    def mark_chart(
        self, actor: Actor, case_id: str, base: int, digests: Mapping[str, str], found: bool = True
    ) -> Saved:
        """Says which facts (place to digest, see ``stated``) were found in the chart, or not.

        A fact that has changed since it was looked at is left as it is.
        """
        with self._desk.act(actor, Action.CASE_EDIT, case_id) as work:
            to = after(work.case_row["state"], Action.CASE_EDIT)
            current = _content(work, work.case_row["version"])
            _same_version(work, base)
            chart = dict(current.chart)
            for fact in stated(current):
                if digests.get(fact.place) == fact.digest:
                    chart.pop(fact.place, None)
                    if found:
                        chart[fact.place] = Tick(by=actor.member_id, at=work.at, of=fact.digest)
            if chart == current.chart:
                return Saved(base, current)
            return self._keep(work, current.model_copy(update={"chart": chart}), base, "saved", to)

    def confirm(self, actor: Actor, case_id: str, base: int, digests: Mapping[str, str]) -> Saved:
        """The prescriber of record vouches for what stands at these places, by their digests.

        A fact confirmed is a fact of the chart, too. Raises Forbidden for anybody else.
        """
        with self._desk.act(actor, Action.CASE_CONFIRM, case_id) as work:
            to = after(work.case_row["state"], Action.CASE_CONFIRM)
            _same_version(work, base)
            current = _content(work, work.case_row["version"])
            facts = {fact.place: fact.digest for fact in stated(current)}
            ticks = {
                place: Tick(by=actor.member_id, at=work.at, of=digest)
                for place, digest in digests.items()
                if facts.get(place, digest) == digest
            }
            if not ticks:
                return Saved(base, current)
            in_chart = {place: tick for place, tick in ticks.items() if place in facts}
            confirmed = current.model_copy(
                update={
                    "confirmed": {**current.confirmed, **ticks},
                    "chart": {**current.chart, **in_chart},
                }
            )
            return self._keep(work, confirmed, base, "saved", to)

    # -- the road ------------------------------------------------------------------------------

    def assign(self, actor: Actor, case_id: str, member_id: str) -> None:
        """Gives the case to a member of the organisation. Raises Forbidden, PeopleError."""
        with self._desk.act(actor, Action.CASE_ASSIGN, case_id) as work:
            require_member(work, member_id)
            work.connection.execute(
                update(CASE)
                .where(CASE.c.case_id == case_id)
                .values(assigned_id=member_id, changed_at=work.at)
            )
            work.note(member=member_id)

    def submit(self, actor: Actor, case_id: str, why: str = "") -> None:
        """Draft, or draft with changes made, to review."""
        self._step(actor, Action.CASE_SUBMIT, case_id, why)

    def ask_for_changes(self, actor: Actor, case_id: str, why: str) -> None:
        """Back to the office with what should change. Raises CaseError without words."""
        if not why.strip():
            raise CaseError("Say what should change, so that the office knows what to do.")
        self._step(actor, Action.CASE_RETURN, case_id, why)

    def send(self, actor: Actor, case_id: str, sent_on: str, how: str) -> None:
        """Notes that the signed letter went out; the plan's time to answer runs from here."""
        day = _day(sent_on, "the day it was sent")

        def sent(summary: Summary) -> Summary:
            return replace(summary, sent_on=day)

        self._step(actor, Action.CASE_SEND, case_id, how, sent)

    def decide(self, actor: Actor, case_id: str, decision: Decision) -> None:
        """Notes the plan's answer. Raises CaseError for days that can't be."""
        decision = _checked_decision(decision)

        def decided(summary: Summary) -> Summary:
            return replace(summary, decision=decision)

        why = decision.reason.strip()[:LONGEST_WHY]  # the whole of it is in the summary
        self._step(actor, Action.CASE_DECIDE, case_id, why, decided, decision.outcome)

    def appeal(self, actor: Actor, case_id: str, letter_type: str, why: str = "") -> str:
        """Closes a case the plan denied, and opens its appeal as a new draft; returns its id.

        The facts go along, with the denial in its place; what was vouched for is asked again.
        """
        with self._desk.act(actor, Action.CASE_APPEAL, case_id) as work:
            row = work.case_row
            to = after(row["state"], Action.CASE_APPEAL)
            if row["outcome"] == Outcome.APPROVED:
                raise CaseError("The plan approved this; there is nothing to appeal.")
            content, summary = current_content(work), _summary_of(work, row)
            appeal = Content(
                letter_type=letter_type,
                language=content.language,
                facts=facts_of_appeal(content, summary.decision, letter_type),
                chart=content.chart,
            )
            take_step(work, Action.CASE_APPEAL, to, why, replace(summary, dues=()))
            fresh = self._summary(appeal, Summary(), State.DRAFT)
            appeal_id = self._insert(work, appeal, fresh, why, follows=case_id)
            work.note(appeal=appeal_id)
            return appeal_id

    def note_call(
        self, actor: Actor, case_id: str, with_whom: str, said: str, reference: str = ""
    ) -> None:
        """Adds a call to the log. Raises CaseError if nothing was said."""
        if not with_whom.strip() or not said.strip():
            raise CaseError("Say who was on the phone and what was said.")
        told = {
            "with_whom": _short(with_whom, "who was on the phone", 200),
            "said": _short(said, "what was said"),
            "reference": _short(reference, "the reference", 200),
        }
        with self._desk.act(actor, Action.CASE_CALL, case_id) as work:
            call_id = new_id()
            work.connection.execute(
                insert(CALL).values(
                    call_id=call_id,
                    case_id=case_id,
                    at=work.at,
                    member_id=actor.member_id,
                    sealed=work.seal(CALL_SEALED, told, call_id),
                )
            )
            work.note(call=call_id)

    def _step(
        self,
        actor: Actor,
        action: Action,
        case_id: str,
        why: str,
        change: Callable[[Summary], Summary] = lambda summary: summary,
        outcome: Outcome | None = None,
    ) -> None:
        with self._desk.act(actor, action, case_id) as work:
            row = work.case_row
            to = after(row["state"], action)
            summary = change(_summary_of(work, row))
            content = _content(work, row["version"])
            take_step(work, action, to, why, self._summary(content, summary, to), outcome)

    # -- inside --------------------------------------------------------------------------------

    def _summary(self, content: Content, before: Summary, state: State) -> Summary:
        summary = replace(
            before,
            patient=str(content.at("patient.name") or ""),
            plan=str(content.at("plan.plan_name") or content.at("plan.plan_id") or ""),
            medication=str(content.at("medication.medication_id") or ""),
            letter_type=content.letter_type,
        )
        return replace(summary, dues=self._dues(content, summary, state))

    def _sealed_values(
        self, work: Work, case_id: str, content: Content, summary: Summary
    ) -> dict[str, Any]:
        return {
            "patient_index": patient_index(self._desk, content),
            "npi_of_record": work.seal(CASE_NPI, content.npi_of_record, case_id),
            "summary": work.seal(CASE_SUMMARY, asdict(summary), case_id),
        }


def patient_index(desk: Desk, content: Content) -> str | None:
    """The same for each case of one patient: by name and date of birth, however they are typed."""
    name = " ".join(str(content.at("patient.name") or "").split()).casefold()
    born = str(content.at("patient.date_of_birth") or "")
    return desk.ring.index(f"patient|{name}|{born}") if name else None


def next_day(row: Row) -> str:
    """The nearest day to act on a case, or nothing."""
    return min((due.day for due in row.summary.dues), default="")


# -- rows to things ----------------------------------------------------------------------------


def take_step(
    work: Work,
    action: Action,
    to: State,
    why: str,
    summary: Summary | None = None,
    outcome: Outcome | None = None,
) -> None:
    """Moves the case of ``work`` along its road and notes who, when and why."""
    row = work.case_row
    values: dict[str, Any] = {"state": to, "changed_at": work.at}
    if summary is not None:
        values["summary"] = work.seal(CASE_SUMMARY, asdict(summary), row["case_id"])
    if outcome is not None:
        values["outcome"] = outcome
    work.connection.execute(update(CASE).where(CASE.c.case_id == row["case_id"]).values(**values))
    keep_step(work, row["case_id"], action, row["state"], to, row["version"], _why(why))
    work.note(from_state=row["state"], to_state=to, version=row["version"])


def move(work: Work, action: Action, to: State, why: str, dues: Dues) -> None:
    """``take_step`` for a step that leaves the summary as it is, but for its due days."""
    summary = _summary_of(work, work.case_row)
    told = dues(current_content(work), summary, to)
    take_step(work, action, to, why, replace(summary, dues=told))


def current_content(work: Work) -> Content:
    """The version of the case that everybody sees."""
    return _content(work, work.case_row["version"])


def _plain(content: Content) -> Any:
    return content.model_dump(mode="json")


def _keep_version(
    work: Work, case_id: str, number: int, base: int, kind: str, content: Content
) -> None:
    check_size(content)
    work.connection.execute(
        insert(VERSION).values(
            case_id=case_id,
            number=number,
            base=base,
            kind=kind,
            member_id=work.actor.member_id,
            at=work.at,
            sealed=work.seal(VERSION_SEALED, _plain(content), case_id, number),
        )
    )


def keep_step(
    work: Work, case_id: str, action: str, from_state: str, to: State, version: int, told: Any
) -> None:
    """Notes a step of a case: who, when, and, sealed, why."""
    steps = select(func.count()).select_from(STEP).where(STEP.c.case_id == case_id)
    number = work.connection.execute(steps).scalar_one() + 1
    work.connection.execute(
        insert(STEP).values(
            case_id=case_id,
            number=number,
            at=work.at,
            member_id=work.actor.member_id,
            action=action,
            from_state=from_state,
            to_state=to,
            version=version,
            sealed=work.seal(STEP_SEALED, told, case_id, number),
        )
    )


def _content(work: Work, number: int) -> Content:
    if not 0 < number <= work.case_row["last_number"]:
        raise CaseError(f"This case has no version {number}; open it again.")
    mine = VERSION.c.case_id == work.case_row["case_id"]
    query = select(VERSION).where(mine, VERSION.c.number == number)
    row = work.connection.execute(query).mappings().one()
    return content_of(work.open(VERSION_SEALED, row))


def _same_version(work: Work, base: int) -> None:
    if base != work.case_row["version"]:
        raise CaseError("Somebody changed this draft just now; look at it again first.")


def _of_case(
    work: Work, table: Table, case_id: str, without: SealedColumn | None = None
) -> list[RowMapping]:
    """The rows of a case; ``without`` is what is large and read only when it is asked for."""
    columns = [column for column in table.c if not without or column.name != without.column]
    query = select(*columns).where(table.c.case_id == case_id)
    if "number" in table.c:
        query = query.order_by(table.c.number)
    return list(work.connection.execute(query.order_by(table.c.at)).mappings())


def _summary_of(work: Work, row: RowMapping) -> Summary:
    data = work.open(CASE_SUMMARY, row)
    decision = data.pop("decision")
    dues = tuple(DueDay(**due) for due in data.pop("dues"))
    told = Decision(**{**decision, "outcome": Outcome(decision["outcome"])}) if decision else None
    return Summary(**data, dues=dues, decision=told)


def row_of(work: Work, row: RowMapping) -> Row:
    """The line of the worklist for a row of the table of cases."""
    return Row(
        case_id=row["case_id"],
        state=State(row["state"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        version=row["version"],
        summary=_summary_of(work, row),
        assigned_id=row["assigned_id"] or "",
        follows=row["follows"] or "",
        changed_at=row["changed_at"],
    )


def _view(work: Work) -> CaseView:
    row = work.case_row
    case_id = row["case_id"]
    line = row_of(work, row)
    return CaseView(
        case_id=case_id,
        state=line.state,
        outcome=line.outcome,
        version=line.version,
        content=current_content(work),
        summary=line.summary,
        assigned_id=line.assigned_id,
        follows=line.follows,
        made_at=row["made_at"],
        changed_at=line.changed_at,
        steps=tuple(_step_of(work, one) for one in _of_case(work, STEP, case_id)),
        versions=tuple(
            VersionNote(one["number"], one["base"], one["kind"], one["member_id"], one["at"])
            for one in _of_case(work, VERSION, case_id, VERSION_SEALED)
        ),
        calls=tuple(
            Call(at=one["at"], member_id=one["member_id"], **work.open(CALL_SEALED, one))
            for one in _of_case(work, CALL, case_id)
        ),
        papers=tuple(
            paper_of(work, one) for one in _of_case(work, DOCUMENT, case_id, DOCUMENT_CONTENT)
        ),
        signatures=tuple(signed_of(work, one) for one in _of_case(work, SIGNATURE, case_id)),
    )


def _step_of(work: Work, row: RowMapping) -> Step:
    return Step(
        at=row["at"],
        member_id=row["member_id"],
        action=row["action"],
        from_state=State(row["from_state"]),
        to_state=State(row["to_state"]),
        version=row["version"],
        why=work.open(STEP_SEALED, row)["why"],
    )


def paper_of(work: Work, row: RowMapping) -> Paper:
    """A document's own line, without its content."""
    name = work.open(DOCUMENT_NAME, row)
    return Paper(row["document_id"], row["kind"], name, row["digest"], row["at"], row["member_id"])


def signed_of(work: Work, row: RowMapping) -> Signed:
    """A signature as it was made."""
    told = work.open(SIGNATURE_SEALED, row)
    del told["letter"]  # the words that were signed stand in the document
    return Signed(
        signature_id=row["signature_id"],
        version=row["version"],
        document_id=row["document_id"],
        member_id=row["member_id"],
        at=row["at"],
        content_digest=row["content_digest"],
        document_digest=row["document_digest"],
        **told,
    )


# -- documents ---------------------------------------------------------------------------------


def keep_document(work: Work, kind: str, name: str, content: bytes, digest: str) -> str:
    """Puts a document into the case of ``work``; returns its id."""
    document_id = new_id()
    work.connection.execute(
        insert(DOCUMENT).values(
            document_id=document_id,
            case_id=work.case_row["case_id"],
            kind=kind,
            digest=digest,
            at=work.at,
            member_id=work.actor.member_id,
            name=work.seal(DOCUMENT_NAME, name, document_id),
            content=work.ring.seal(content, DOCUMENT_CONTENT.place(document_id)),
        )
    )
    return document_id


# -- checks ------------------------------------------------------------------------------------


def _day(text: str, what: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise CaseError(
            f"{what.capitalize()} must be a day such as 2026-03-09, not '{text[:20]}'."
        ) from None


def _short(text: str, what: str, most: int = LONGEST_WHY) -> str:
    if len(text.strip()) > most:
        raise CaseError(f"{what.capitalize()} may have {most} characters; make it shorter.")
    return text.strip()


def _why(why: str) -> dict[str, str]:
    return {"why": _short(why, "the reason")}


def _checked_decision(decision: Decision) -> Decision:
    decided = _day(decision.decided_on, "the day of the decision")
    first = decision.approved_from and _day(decision.approved_from, "the first day approved")
    last = decision.approved_until and _day(decision.approved_until, "the last day approved")
    if first and last and last < first:
        raise CaseError("The approval ends before it begins; check both days.")
    return replace(decision, decided_on=decided, approved_from=first, approved_until=last)
