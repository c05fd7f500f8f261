"""What would change this answer: the source, a reference book, the price, and other plans."""

from __future__ import annotations

import html

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.engine import determine
from compound_coverage.determination.what_if import (
    MOST_PLANS,
    OtherPlan,
    OtherPlans,
    Outcome,
    Shift,
    WhatIf,
    counties_of,
    other_plans,
    plans_in_county,
    plans_in_reach,
    state_of,
    what_if,
)
from compound_coverage.language import loose_day, say, say_many, spoken, to_say
from compound_coverage.vocabulary import Case, Determination, LineOfBusiness, Plan, Rule, Verdict
from dashboard import cards
from dashboard.answer import case_of_visit, lead_to_the_questions
from dashboard.choices import pick_one, pick_state
from dashboard.html_parts import Link, table
from dashboard.languages import in_english
from dashboard.parts import VERDICTS, dataset_or_stop, drug_lists, note, plan_index

OTHERS = "other-plans"
ABOUT = {
    "source": to_say("Powder or approved product"),
    "compendium": to_say("With or without a drug reference book"),
    "price": to_say("The price of one month"),
}
SHIFTS = {
    Shift.BETTER: to_say("better than now"),
    Shift.SAME: to_say("the same as now"),
    Shift.WORSE: to_say("worse than now"),
    Shift.NOT_KNOWN: to_say("we can't tell"),
}
TIED = {
    LineOfBusiness.EMPLOYER_INSURED: to_say("You can pick one only if your employer offers it."),
    LineOfBusiness.EMPLOYER_SELF_FUNDED: to_say(
        "You can pick one only if your own employer offers it."
    ),
    LineOfBusiness.MEDICAID: to_say("Ask your state Medicaid office if you can change plans."),
}


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("What would change this answer?"))
    case = case_of_visit(dataset)
    if case is None:
        lead_to_the_questions(
            say("First check your plan. Then we can compare."), say("Check your plan")
        )
        return
    answer = determine(case, dataset)
    st.markdown(say("We ask the same rules again, with one thing changed each time."))
    _show_now(answer)
    found = what_if(answer, dataset)
    st.markdown(f"**{_summary(found)}**")
    for one in found:
        _show(one)
    _show_others(answer, dataset)


def _show_now(answer: Determination) -> None:
    case = answer.case
    cards.show(
        f'<p class="cc-quiet">{in_english(case.medication.name)} · '
        f"{html.escape(case.plan.name)}</p>",
        f"<p>{html.escape(say('The answer now:'))} {cards.word_of(answer.verdict)}</p>",
    )


def _summary(found: tuple[WhatIf, ...]) -> str:
    """One sentence about all comparisons: what would make the answer better, if anything."""
    better = [o.words for one in found for o in one.outcomes if o.shift == Shift.BETTER]
    if better:
        return say("The answer would be better if: {what}.", what="; ".join(better))
    if any(one.matters for one in found):
        return say("Nothing here makes the answer better, as far as we know.")
    return say("Nothing here changes the answer, as far as we know.")


def _show(one: WhatIf) -> None:
    st.header(say(ABOUT[one.about]))
    if not one.outcomes:
        cards.show(cards.empty(say("No published rule that we know of looks at this.")))
        return
    table(
        say("What the rules say then"),
        [say("If"), say("The answer"), say("Change"), say("The rule that decides")],
        [
            [_if(outcome), say(VERDICTS[outcome.verdict]), _change(outcome), _source(outcome.rule)]
            for outcome in one.outcomes
        ],
    )


def _if(outcome: Outcome) -> str:
    return say("{what} (as now)", what=outcome.words) if outcome.now else outcome.words


def _change(outcome: Outcome) -> str:
    return say(SHIFTS[outcome.shift])


def _source(rule: Rule | None) -> str | Link:
    """The paper behind a rule, and when it was read."""
    if rule is None:
        return say("none that we know of")
    title = " ".join(filter(None, [rule.citation.title, rule.citation.section]))
    if rule.citation.last_checked:
        read = loose_day(rule.citation.last_checked)
        title = say("{paper}, read on {day}", paper=title, day=read)
    return Link(title, rule.citation.url)


# -- other plans, only when asked for ----------------------------------------------------------


def _show_others(answer: Determination, dataset: Dataset) -> None:
    case = answer.case
    st.header(say("Other plans"))
    st.markdown(
        say(
            "These are plans of the same kind that reach your state. Most can be picked only at "
            "some times of the year. Ask when."
        )
    )
    if case.plan.line_of_business in TIED:
        note(say(TIED[case.plan.line_of_business]))
    state = state_of(case) or pick_state(say("State you live in"), "compare-state")
    if not state:
        return
    county = _ask_county(case, state)
    pressed = st.button(
        say("Compare other plans"), key="compare-plans", icon=":material/compare_arrows:"
    )
    asked = (case, state, county, spoken())
    if pressed:
        with st.spinner(say("Asking the same question of each plan")):
            st.session_state[OTHERS] = (asked, _others(case, dataset, state, county))
    kept = st.session_state.get(OTHERS)
    if kept and kept[0] == asked:
        _show_groups(kept[1], answer.verdict)


def _ask_county(case: Case, state: str) -> str:
    """The county, where an imported drug list knows the counties of its plans."""
    if case.plan.line_of_business != LineOfBusiness.MEDICARE_PART_D:
        return ""
    with drug_lists() as lists:
        counties = counties_of(lists, state) if lists else []
    if not counties:
        return ""
    names = {county: county for county in counties}
    return pick_one(say("County you live in"), names, "compare-county", say("Any county")) or ""


def _others(case: Case, dataset: Dataset, state: str, county: str) -> OtherPlans:
    index = plan_index(dataset)
    with drug_lists() as lists:
        here = plans_in_reach(case, index.plans.values(), state)
        if lists and county:
            there = plans_in_county(lists, state, county)
            here = [plan for plan in here if _reaches(plan, there, dataset)]
        return other_plans(case, dataset, here, state, lists)


def _reaches(plan: Plan, there: set[str], dataset: Dataset) -> bool:
    """Plans of our own tables name no counties; the imported ones do."""
    return plan.plan_id in there or plan.plan_id in dataset.plans


def _show_groups(others: OtherPlans, now: Verdict) -> None:
    if not others.groups:
        cards.show(cards.empty(say("We know of no other plan of this kind in your state.")))
        return
    for verdict, plans in others.groups:
        st.subheader(
            say(
                "{verdict}: {plans}",
                verdict=say(cards.HEADINGS[verdict]),
                plans=say_many("1 plan", "{count} plans", len(plans)),
            )
        )
        if Verdict.UNKNOWN in (verdict, now) and verdict != now:
            note(say("Not known is neither better nor worse."))
        table(
            say("Plans, and the rule that decides for each"),
            [say("Plan"), say("The rule that decides")],
            [_row(plan) for plan in plans],
        )
    if others.left_out:
        note(
            say(
                "We looked at the first {most} plans by name and left out {count} more. A county "
                "makes the list shorter.",
                most=MOST_PLANS,
                count=others.left_out,
            )
        )


def _row(one: OtherPlan) -> list[str | Link]:
    return [one.plan.name, _source(one.rule)]


page()
