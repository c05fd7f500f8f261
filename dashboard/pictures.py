"""In pictures: where a medicine stands over all plans, the road of an appeal, how fresh it all is.

Drawn as HTML, not with Altair: we looked at both. At 320 px a chart of Altair gives up to 200 of
288 pixels to the words of a verdict, or cuts them, and a screen reader gets the whole of it as one
picture with one line of words. A list of bars is read bar by bar, breaks its lines where the page
does, takes its colours for light and dark from ``page.css``, and loads no library of charts. The
map and the road are no charts at all. Each picture has its sum in words and a table that says the
same.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from compound_coverage.dataset.coverage import AGES, age_group
from compound_coverage.dataset.folder import Stamp, stamp
from compound_coverage.dataset.freshness import of_rule
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import LINE_NAMES, STATES, unlisted_plan
from compound_coverage.determination.engine import determine
from compound_coverage.determination.survey import Place, Split, Survey, survey
from compound_coverage.language import day, loose_day, number, say, say_many, to_say
from compound_coverage.vocabulary import (
    Case,
    Grade,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Verdict,
)
from dashboard import cards
from dashboard.choices import SOURCES, by_label, pick_state
from dashboard.html_parts import PLACES, Tile, table, tiles
from dashboard.parts import (
    GRADES,
    VERDICTS,
    ask_line,
    dataset_folder,
    dataset_or_stop,
)
from dashboard.road import Leg, act_by, gap_words, legs, notice_day, road

FIRST_MEDICATION = "ldn-capsule"
# powder first: it is what most pharmacies start from
BOTH = (IngredientSource.BULK_POWDER, IngredientSource.APPROVED_PRODUCT)
AGE_NAMES = {
    "under_6": to_say("Under 6 months"),
    "under_12": to_say("6 to 11 months"),
    "under_24": to_say("12 to 23 months"),
    "older": to_say("2 years or more"),
    "unknown": to_say("Never read"),
}
MAYBE = (Verdict.COVERED, Verdict.CONDITIONAL)
AS_TABLE = to_say("The same as a table")
ALL = ""


class Bar(NamedTuple):
    """One bar: its word as HTML, its number, what the number is in words, and its look."""

    word: str
    amount: int
    said: str
    look: str = ""


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("In pictures"))
    st.markdown(
        say("Four pictures of what published rules say. Below each one is the same as a table.")
    )
    medication = _pick_medication(dataset)
    folder, today = dataset_folder(), date.today()
    found = _survey(folder, stamp(folder), medication.medication_id, today, dataset)
    _show_map(found)
    _show_split(found)
    _show_road(dataset, medication, today)
    _show_freshness(_ages(folder, stamp(folder), today, dataset))


@st.cache_resource(max_entries=32, show_spinner=False)
def _survey(
    folder: Path,  # noqa: ARG001 (keys of the cache)
    stamp: Stamp,  # noqa: ARG001
    medication_id: str,
    today: date,
    _dataset: Dataset,
) -> Survey:
    return survey(_dataset, _dataset.medications[medication_id], today)


def _pick_medication(dataset: Dataset) -> Medication:
    names = by_label({m.medication_id: say(m.name) for m in dataset.medications.values()})
    ids = list(names)
    first = ids.index(FIRST_MEDICATION) if FIRST_MEDICATION in names else 0
    picked = st.selectbox(
        say("Which medicine?"),
        ids,
        index=first,
        format_func=names.__getitem__,
        key="pictures-medication",
        persist_state="session",
    )
    return dataset.medications[picked]


def _pick_line(label: str, key: str, first: str, *, with_all: bool = False) -> str:
    names = {ALL: say("All kinds together")} if with_all else {}
    names |= {line.value: say(name) for line, name in LINE_NAMES.items()}
    codes = list(names)
    return st.selectbox(
        label,
        codes,
        index=codes.index(first),
        format_func=names.__getitem__,
        key=key,
        persist_state="session",
    )


# -- 1. by state and kind of insurance ---------------------------------------------------------


def _show_map(found: Survey) -> None:
    st.header(say("Where it stands, state by state"), divider="gray")
    line = LineOfBusiness(
        _pick_line(say("Which kind of insurance?"), "pictures-line", LineOfBusiness.MEDICAID.value)
    )
    source = IngredientSource(
        st.radio(
            say("What does the pharmacy start from?"),
            [source.value for source in BOTH],
            format_func=lambda code: say(SOURCES[code]),
            key="pictures-source",
            persist_state="session",
        )
    )
    places, national = found.states(line, source), found.national(line, source)
    answered = sum(set(place.counts) != {Verdict.UNKNOWN} for place in places)
    st.markdown(
        say(
            "In {answered} of {places} states and territories, a published rule gives an answer. "
            "In {open} we do not know.",
            answered=answered,
            places=len(places),
            open=len(places) - answered,
        )
    )
    words = {"kind": say(LINE_NAMES[line]), "source": say(SOURCES[source])}
    tiles(say("Answers by state. {kind}. {source}.", **words), map(_tile, places))
    cards.show(_legend(places), _nationwide(national))
    with st.expander(say(AS_TABLE), key="pictures-map-table"):
        table(
            say("Answers by state. {kind}. {source}.", **words),
            (
                say("State"),
                say("Answer"),
                say("Plans listed"),
                say("Best source"),
                say("Last read"),
            ),
            [_row(place) for place in (national, *places) if place.standings],
        )


def _tile(place: Place) -> Tile:
    row, column = PLACES[place.state]
    verdicts = list(place.counts)
    return Tile(
        code=place.state,
        mark="".join(cards.SIGNS[verdict] for verdict in verdicts),
        more="",
        said=say("{state}: {answer}", state=STATES[place.state], answer=_answer(place)),
        look=verdicts[0].value if len(verdicts) == 1 else "mixed",
        row=row,
        column=column,
        dashed=not place.listed,
    )


def _answer(place: Place) -> str:
    """The answers of a place in words; how many plans have each, where they differ."""
    if len(place.counts) == 1:
        return say(VERDICTS[next(iter(place.counts))])
    return "; ".join(
        say("{answer}: {plans}", answer=say(VERDICTS[verdict]), plans=_plans(count))
        for verdict, count in place.counts.items()
    )


def _plans(count: int) -> str:
    return say_many("1 plan", "{count} plans", count)


def _legend(places: Iterable[Place]) -> str:
    """What the signs mean, and on how many tiles each stands alone."""
    alone = Counter(next(iter(p.counts)) for p in places if len(p.counts) == 1)
    lines = [
        f"<li>{cards.word_of(verdict)}: {html.escape(_states(alone[verdict]))}</li>"
        for verdict in Verdict
    ]
    mixed = sum(len(place.counts) > 1 for place in places)
    if mixed:
        told = say("More than one sign: the plans of that state differ")
        lines.append(f"<li>{html.escape(told)}: {html.escape(_states(mixed))}</li>")
    if not all(place.listed for place in places):
        told = say(
            "Dashed edge: we list no plan of that state. It shows what the rules for this kind "
            "of insurance say there."
        )
        lines.append(f"<li>{html.escape(told)}</li>")
    return f'<ul class="cc-legend" role="list">{"".join(lines)}</ul>'


def _states(count: int) -> str:
    return say_many("1 state or territory", "{count} states and territories", count)


def _nationwide(national: Place) -> str:
    title = cards.heading(say("Plans for the whole country"), 3)
    if not national.standings:
        return title + cards.empty(say("We list no plan of this kind for the whole country."))
    items = "".join(
        f"<li>{cards.word_of(verdict)}: {html.escape(_plans(count))}</li>"
        for verdict, count in national.counts.items()
    )
    return f'{title}<ul class="cc-legend" role="list">{items}</ul>'


def _row(place: Place) -> tuple[str, ...]:
    return (
        STATES[place.state] if place.state else say("The whole country"),
        _answer(place),
        number(len(place.standings)) if place.listed else "0",
        place.best_grade.value if place.best_grade else say("no rule"),
        _read(place),
    )


def _read(place: Place) -> str:
    if not place.oldest_check:
        return ""
    when = loose_day(place.oldest_check)
    return say("{day}, last known policy", day=when) if place.last_known else when


# -- 2. powder or approved product -------------------------------------------------------------


def _show_split(found: Survey) -> None:
    st.header(say("Powder or approved product"), divider="gray")
    line = _pick_line(
        say("For which kind of insurance?"), "pictures-split-line", ALL, with_all=True
    )
    split = found.split(LineOfBusiness(line) if line else None)
    st.markdown(
        say(
            "We list {plans}. With bulk powder, {powder} of them pay or may pay. With an approved "
            "product, {approved} do. For {changed} the source changes the answer.",
            plans=_plans(split.plans),
            powder=_may_pay(split, IngredientSource.BULK_POWDER),
            approved=_may_pay(split, IngredientSource.APPROVED_PRODUCT),
            changed=split.changed,
        )
    )
    cards.show(*(_split_bars(split, source) for source in BOTH))
    with st.expander(say(AS_TABLE), key="pictures-split-table"):
        for source in BOTH:
            _split_table(found, source)


def _may_pay(split: Split, source: IngredientSource) -> int:
    return sum(split.counts[source].get(verdict, 0) for verdict in MAYBE)


def _split_bars(split: Split, source: IngredientSource) -> str:
    counts = split.counts[source]
    shown = [
        Bar(cards.word_of(verdict), count, _plans(count), f"cc-{verdict.value}")
        for verdict in Verdict
        if (count := counts.get(verdict, 0)) or verdict == Verdict.UNKNOWN
    ]
    return cards.heading(say(SOURCES[source]), 3) + _bars(shown, split.plans)


def _split_table(found: Survey, source: IngredientSource) -> None:
    splits = {say(name): found.split(line) for line, name in LINE_NAMES.items()}
    splits[say("All kinds together")] = found.split()
    table(
        say(SOURCES[source]),
        (say("Kind of insurance"), *(say(VERDICTS[verdict]) for verdict in Verdict)),
        [
            (name, *(number(split.counts[source].get(verdict, 0)) for verdict in Verdict))
            for name, split in splits.items()
        ],
    )


def _bars(shown: Iterable[Bar], whole: int) -> str:
    """Bars whose length is their share of ``whole``; each has its word and its number."""
    items = "".join(
        f'<li class="{bar.look}">{bar.word}: <strong>{html.escape(bar.said)}</strong>'
        f'<span class="cc-track" aria-hidden="true">{_length(bar.amount, whole)}</span></li>'
        for bar in shown
    )
    return f'<ul class="cc-bars" role="list">{items}</ul>'


def _length(amount: int, whole: int) -> str:
    # a bar has a least width, so that a small number is seen; nothing is no small number
    return f'<span class="cc-bar" style="width:{amount / whole:.1%}"></span>' if amount else ""


# -- 3. the road -------------------------------------------------------------------------------


def _show_road(dataset: Dataset, medication: Medication, today: date) -> None:
    st.header(say("From a denial to the outside review"), divider="gray")
    kind = _pick_line(
        say("Your kind of insurance"),
        "pictures-road-line",
        LineOfBusiness.EMPLOYER_INSURED.value,
    )
    state = pick_state(say("Your state, if you like"), "pictures-road-state")
    notice = _ask_notice(today)
    plan = unlisted_plan(LineOfBusiness(kind), state)
    answer = determine(Case(plan=plan, medication=medication, on=today), dataset)
    shown = legs(answer, notice)
    st.markdown(_road_in_words(shown))
    cards.show(road(shown, notice))
    st.markdown(f"**{say('The date and address on your own notice control.')}**")
    with st.expander(say(AS_TABLE), key="pictures-road-table"):
        table(
            say("The steps after a denial"),
            (say("Step"), say("Who acts"), say("How long"), say("Last day"), say("Law or rule")),
            [_leg_row(leg) for leg in shown],
        )


def _ask_notice(today: date) -> date | None:
    """The day on the notice; None where none was typed, or what was typed is none."""
    text = ask_line(
        say("The date on your notice, if you have one (YYYY-MM-DD)"),
        key="pictures-notice",
        placeholder=today.isoformat(),
        max_chars=10,
        help=say("We use it for this picture only. We do not store it."),
    )
    notice = notice_day(text, today)
    if text.strip() and notice is None:
        st.error(
            say(
                "This is not a day that a notice can have. Write a day up to today as "
                "YYYY-MM-DD, such as {example}.",
                example=today.isoformat(),
            )
        )
    return notice


def _road_in_words(shown: Sequence[Leg]) -> str:
    mine = sum(leg.actor == "member" for leg in shown)
    days = [due.day for leg in shown for due in leg.dues if not due.passed]
    told = [
        say("The road has {steps} steps. You act in {mine} of them.", steps=len(shown), mine=mine)
    ]
    gaps = sum(not leg.rules for leg in shown)
    if gaps:
        told.append(
            say_many(
                "For 1 step we know no time limit.",
                "For {count} steps we know no time limit.",
                gaps,
            )
        )
    if days:
        told.append(say("Your first time limit ends on {day}.", day=day(min(days))))
    return " ".join(told)


def _leg_row(leg: Leg) -> tuple[str, ...]:
    return (
        leg.title,
        leg.who,
        " ".join(leg.lengths) or gap_words(),
        " ".join(map(act_by, leg.dues)) or say("no day yet"),
        "; ".join(dict.fromkeys(r.citation.section or r.citation.title for r in leg.rules)),
    )


# -- 4. how fresh ------------------------------------------------------------------------------

Ages = Mapping[tuple[str, Grade], int]


@st.cache_resource(max_entries=2, show_spinner=False)
def _ages(
    folder: Path,  # noqa: ARG001 (keys of the cache)
    stamp: Stamp,  # noqa: ARG001
    today: date,
    _dataset: Dataset,
) -> Ages:
    """How many rules in force are of each age, by the grade of their document."""
    fresh = (of_rule(rule, _dataset.documents[rule.rule_id], today) for rule in _dataset.rules)
    return Counter(
        (age_group(one.months_since_checked), one.grade) for one in fresh if not one.ended
    )


def _show_freshness(ages: Ages) -> None:
    st.header(say("How fresh the rules are"), divider="gray")
    whole = sum(ages.values())
    by_age = {age: sum(ages.get((age, grade), 0) for grade in Grade) for age in AGES}
    by_grade = {grade: sum(ages.get((age, grade), 0) for age in AGES) for grade in Grade}
    st.markdown(
        say(
            "We read the source of {recent} of {rules} rules within the last 12 months. "
            "{own} rules rest on the issuer's own page.",
            recent=number(by_age["under_6"] + by_age["under_12"]),
            rules=number(whole),
            own=number(by_grade[Grade.A]),
        )
    )
    cards.show(
        cards.heading(say("When we last read the source"), 3),
        _bars([_rules_bar(say(AGE_NAMES[age]), count) for age, count in by_age.items()], whole),
        cards.heading(say("What kind of source it is"), 3),
        _bars([_rules_bar(_grade(grade), count) for grade, count in by_grade.items()], whole),
    )
    with st.expander(say(AS_TABLE), key="pictures-fresh-table"):
        table(
            say("Rules by the age of our last look and by the kind of source"),
            (say("Age"), say("Rules"), *map(_grade, Grade)),
            [
                (
                    say(AGE_NAMES[age]),
                    number(by_age[age]),
                    *(number(ages.get((age, grade), 0)) for grade in Grade),
                )
                for age in AGES
            ],
        )


def _rules_bar(name: str, count: int) -> Bar:
    return Bar(html.escape(name), count, say_many("1 rule", "{count} rules", count))


def _grade(grade: Grade) -> str:
    return say("{grade}, {meaning}", grade=grade.value, meaning=say(GRADES[grade]))


page()
