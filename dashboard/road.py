"""The road from a denial to the outside review: who acts at each step, how long, and by what law.

The lengths are those of the dataset's clocks, the days those that ``letters.deadlines`` counts for
a letter: nothing is counted here. A day is shown only where the day its clock starts is known; a
step whose clock nobody has found is a gap in the road, and stays on it.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from compound_coverage.determination.clocks import Clock, clocks_by_step, deadline_text
from compound_coverage.determination.question import parse_day
from compound_coverage.language import day, say, spoken, to_say
from compound_coverage.letters.casefile import CaseFile, MedicationPart, PlanPart, RequestPart
from compound_coverage.letters.deadlines import Due, clock_words, dues
from compound_coverage.vocabulary import Determination, LineOfBusiness, Rule
from dashboard import cards

ACTORS = {
    "member": to_say("You"),
    "plan": to_say("Your plan"),
    "reviewer": to_say("Somebody outside the plan"),
}
# the steps in the order of the road, by stage and actor as deadlines.csv names them
TITLES = {
    ("keep_benefits", "member"): to_say("Ask to keep the medicine while the appeal runs"),
    ("internal_appeal", "member"): to_say("Appeal to the plan"),
    ("internal_appeal", "plan"): to_say("The plan answers your appeal"),
    ("second_internal_appeal", "member"): to_say("Appeal to the plan a second time"),
    ("second_internal_appeal", "plan"): to_say(
        "If your plan has a second appeal, it answers that one"
    ),
    ("redetermination", "member"): to_say("Ask the plan to decide again"),
    ("redetermination", "plan"): to_say("The plan decides again"),
    ("external_exception_review", "member"): to_say("Ask for a review of a refused exception"),
    ("external_exception_review", "reviewer"): to_say(
        "If the plan refused an exception: the outside reviewer answers"
    ),
    ("reconsideration", "member"): to_say("Ask for the outside review"),
    ("reconsideration", "reviewer"): to_say("The outside reviewer answers"),
    ("external_review", "member"): to_say("Ask for the outside review"),
    ("external_review", "reviewer"): to_say("The outside reviewer answers"),
    ("fair_hearing", "member"): to_say("Ask the state for a fair hearing"),
    ("fair_hearing", "reviewer"): to_say("The state decides"),
    ("hearing", "member"): to_say("Ask for a hearing with a judge"),
    ("hearing", "reviewer"): to_say("The judge decides"),
    ("council_review", "member"): to_say("Ask the Appeals Council"),
    ("court_review", "member"): to_say("Go to a federal court"),
}
STAGES = frozenset(stage for stage, _ in TITLES)
# what the road must show even where no clock is known: an appeal, a look from outside, two answers
FIRST = {LineOfBusiness.MEDICARE_PART_D: "redetermination"}
OUTSIDE = {
    LineOfBusiness.MEDICARE_PART_D: "reconsideration",
    LineOfBusiness.MEDICAID: "fair_hearing",
}
# money back for a fill already paid is another road
TRACKS = ("standard", "expedited")
# a year typed wrong would give a day that means nothing
EARLIEST = date(2000, 1, 1)


class Leg(NamedTuple):
    """One step. ``rules`` hold only its clocks, ``dues`` those told as days; none: a gap."""

    stage: str
    actor: str
    rules: tuple[Rule, ...]
    dues: tuple[Due, ...]

    @property
    def title(self) -> str:
        """What is done, in the language of the visit."""
        return say(TITLES[self.stage, self.actor])

    @property
    def who(self) -> str:
        """Who acts, in the language of the visit."""
        return say(ACTORS[self.actor])

    @property
    def lengths(self) -> list[str]:
        """Each rule's clocks in words; the day a clock starts is named, not counted."""
        return [deadline_text(rule, clock_words(spoken())) for rule in self.rules]


def legs(answer: Determination, notice: date | None) -> list[Leg]:
    """The steps for a case after a denial whose notice is dated ``notice``, if that is known."""
    case = answer.case
    steps = clocks_by_step(answer.clocks, STAGES)
    counted = _dues(answer, notice) if notice else []
    line = case.plan.line_of_business
    first, outside = FIRST.get(line, "internal_appeal"), OUTSIDE.get(line, "external_review")
    needed = {(first, "member"), (first, "plan"), (outside, "member"), (outside, "reviewer")}
    found = []
    for stage, actor in TITLES:
        pairs = [pair for track in TRACKS for pair in steps.get((stage, actor, track), ())]
        if pairs or (stage, actor) in needed:
            told = (due for due in counted if (due.stage, due.actor) == (stage, actor))
            found.append(Leg(stage, actor, tuple(_by_rule(pairs)), tuple(told)))
    return found


def _dues(answer: Determination, notice: date) -> list[Due]:
    case = answer.case
    case_file = CaseFile(
        plan=PlanPart(plan_id=case.plan.plan_id),
        medication=MedicationPart(medication_id=case.medication.medication_id),
        request=RequestPart(denied_on=notice),
    )
    return dues(case_file, answer.clocks, STAGES, case.on, spoken())


def _by_rule(pairs: Iterable[Clock]) -> Iterator[Rule]:
    """Each rule once, with the clocks of one step only."""
    found: dict[str, Rule] = {}
    for rule, clock in pairs:
        known = found.get(rule.rule_id, replace(rule, deadlines=()))
        found[rule.rule_id] = replace(known, deadlines=(*known.deadlines, clock))
    yield from found.values()


def notice_day(text: str, today: date) -> date | None:
    """The day on a notice as typed, YYYY-MM-DD; None if a notice can't have it."""
    try:
        typed = parse_day(text.strip())
    except ValueError:
        return None
    return typed if EARLIEST <= typed <= today else None


# -- drawing -----------------------------------------------------------------------------------


def road(shown: Sequence[Leg], notice: date | None) -> str:
    """The road as a list from top to bottom."""
    start = (
        say("The date on the notice: {day}.", day=day(notice))
        if notice
        else say("The clock of the first step starts with your notice.")
    )
    first = _stop(say("The plan says no"), [cards.paragraph(start)], "cc-here")
    items = "".join(
        _stop(leg.title, _told(leg, notice), "" if leg.rules else "cc-lost") for leg in shown
    )
    return f'<ol class="cc-road">{first}{items}</ol>'


def _stop(title: str, body: Iterable[str], look: str) -> str:
    return f'<li class="{look}">{cards.heading(title, 3)}{"".join(body)}</li>'


def _told(leg: Leg, notice: date | None) -> Iterator[str]:
    yield cards.paragraph(say("Who acts: {who}", who=leg.who), "cc-quiet")
    if not leg.rules:
        yield cards.paragraph(gap_words(), "cc-void")
    yield from map(_day_of, leg.dues)
    if notice and leg.rules and not leg.dues:
        yield cards.paragraph(_why_no_day(leg), "cc-quiet")
    for rule, length in zip(leg.rules, leg.lengths, strict=True):
        yield cards.paragraph(length)
        yield cards.source_line(rule.citation)


def _why_no_day(leg: Leg) -> str:
    if any(clock.anchor == "other" for rule in leg.rules for clock in rule.deadlines):
        return say("No day here: it hangs on more than one event.")
    return say("No day yet. It is counted from a later event.")


def gap_words() -> str:
    """What is said where no clock is known, in the language of the visit."""
    return say("We found no rule for this step. Your notice says if you have it, and how long.")


def _day_of(due: Due) -> str:
    when = html.escape(act_by(due))
    return f'<p><strong class="cc-deadline">{when}</strong>{html.escape(_count(due))}</p>'


def _count(due: Due) -> str:
    return " ".join((due.how, *due.notes))


def act_by(due: Due) -> str:
    """The day to act at the latest, in the language of the visit."""
    if due.urgency == "expedited":
        return say("If it is urgent, act by {day}.", day=day(due.day))
    return say("Act by {day}.", day=day(due.day))
