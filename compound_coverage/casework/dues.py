"""The days to act on a case, from the clocks of the dataset and the days the case holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date, timedelta

from compound_coverage.casework.appeals import next_requests
from compound_coverage.casework.cases import DueDay, Summary
from compound_coverage.casework.content import Content
from compound_coverage.casework.states import Outcome, State
from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.engine import determine
from compound_coverage.formulary.lookup import Formularies
from compound_coverage.language import to_say
from compound_coverage.letters.assemble import case_of
from compound_coverage.letters.casefile import CaseFile, load_case
from compound_coverage.letters.completeness import stage_of
from compound_coverage.letters.deadlines import Due, dues
from compound_coverage.letters.templates import letter_type_named, letter_types

OPEN = frozenset({State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED, State.SIGNED})
RENEWAL_DAYS = 30

# What starts a clock of the plan on the day something was sent to it.
_SENT = ("request_received", "appeal_received", "claim_received", "review_requested")
_APPEALS = ("appeal", "second_appeal")
# What starts a clock of the member when the plan decides an appeal. Nobody gets a notice before
# its date: a count from the date is never too late.
_DECIDED = ("plan_decision_dated", "final_notice_received")

Lists = Callable[[], AbstractContextManager[Formularies | None]]


class DueDays:
    """Tells the due days of a draft; for ``Cases``."""

    def __init__(self, dataset: Callable[[], Dataset], lists: Lists) -> None:
        """``lists`` opens the imported drug lists, or None where there are none."""
        self._dataset = dataset
        self._lists = lists

    def __call__(self, content: Content, summary: Summary, state: State) -> tuple[DueDay, ...]:
        """The days, soonest first; none where the facts do not say enough to count."""
        try:
            found = list(self._found(content, summary, state))
        except ValueError:
            # facts in the middle of being typed: the draft is kept, its days come with the rest
            found = []
        return tuple(sorted(found, key=lambda due: due.day))

    def _found(self, content: Content, summary: Summary, state: State) -> Iterable[DueDay]:
        if state == State.DECIDED:
            yield from self._after_decision(content, summary)
        elif state == State.SENT:
            sent = date.fromisoformat(summary.sent_on)
            case = load_case(content.facts)
            days = dict.fromkeys(_SENT, sent)
            for due in self._dues(case, _stages_of(content, case), sent, days):
                if due.actor != "member":
                    yield DueDay(due.day.isoformat(), due.title, due.actor)
        elif state in OPEN:
            yield from self._before_sending(content)

    def _before_sending(self, content: Content) -> Iterable[DueDay]:
        case = load_case(content.facts)
        for due in self._dues(case, _stages_of(content, case), _today(case), {}):
            if due.actor == "member":
                yield DueDay(due.day.isoformat(), due.title, due.actor)
        ends = case.continuity.supply_ends
        if ends:
            yield DueDay(ends.isoformat(), to_say("The medicine in hand runs out"), "office")

    def _after_decision(self, content: Content, summary: Summary) -> Iterable[DueDay]:
        decision = summary.decision
        if decision is None:
            return
        if decision.outcome != Outcome.DENIED and decision.approved_until:
            until = date.fromisoformat(decision.approved_until)
            yield DueDay(
                (until - timedelta(days=RENEWAL_DAYS)).isoformat(),
                to_say("Ask for renewal: the approval ends soon"),
                "office",
            )
        if decision.outcome == Outcome.APPROVED:
            return
        request = content.request | {"denied_on": decision.decided_on, "received_on": None}
        case = load_case({**content.facts, "request": request})
        stage = stage_of(letter_type_named(content.letter_type, "en"), case)
        decided = date.fromisoformat(decision.decided_on)
        days = dict.fromkeys(_DECIDED, decided) if stage in _APPEALS else {}
        stages = _stages_after(stage).difference(_stages_of(content, case))
        for due in self._dues(case, stages, decided, days):
            if due.actor == "member":
                yield DueDay(due.day.isoformat(), due.title, due.actor)

    def _dues(
        self, case: CaseFile, stages: Iterable[str], on: date, days: Mapping[str, date]
    ) -> list[Due]:
        dataset = self._dataset()
        with self._lists() as lists:
            answer = determine(case_of(case, dataset, on, lists), dataset)
        return dues(case, answer.clocks, frozenset(stages), on, "en", days)


def _stages_of(content: Content, case: CaseFile) -> tuple[str, ...]:
    letter = letter_type_named(content.letter_type, "en")
    return letter.clock_stages(stage_of(letter, case))


def _stages_after(stage: str) -> set[str]:
    """The stages whose clocks run once the plan has decided a request at ``stage``."""
    return {
        clock
        for step in next_requests(stage)
        for letter in letter_types("en")
        if letter.stage in ("", step)
        for clock in letter.clock_stages(step)
    }


def _today(case: CaseFile) -> date:
    return case.date or date.today()
