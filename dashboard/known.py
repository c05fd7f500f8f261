"""What we know: how much of it, how fresh it is, what is missing, and the data to take away."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import altair as alt
import streamlit as st

from compound_coverage.dataset import schema
from compound_coverage.dataset.coverage import Coverage, Holding, OfState, Wanted, coverage
from compound_coverage.dataset.folder import Stamp, stamp
from compound_coverage.dataset.freshness import Due, due
from compound_coverage.dataset.load import load_tables
from compound_coverage.dataset.releases import newest_release, release_zip
from compound_coverage.dataset.search import LINE_NAMES
from compound_coverage.dataset.tables import Tables, table_bytes
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import loose_day, number, say, say_many, spoken, to_say
from dashboard.cards import show
from dashboard.downloads import offer
from dashboard.html_parts import PLACES, FromData, Link, Tile, table, tiles
from dashboard.languages import in_english
from dashboard.parts import GRADES, dataset_folder, dataset_or_stop, help_link, note, plain

KINDS = {
    "insurer": to_say("Insurer"),
    "pbm": to_say("Drug benefit manager"),
    "government_program": to_say("Public program"),
    "employer_plan": to_say("Job plan"),
}
AMOUNTS = {
    "decides": to_say("a rule that decides"),
    "some": to_say("some rules, none that decides for all"),
    "none": to_say("no rule"),
}
MARKS = {"decides": "●", "some": "◐", "none": "○"}
AGE_NAMES = {
    "under_6": to_say("Under 6 months"),
    "under_12": to_say("6 to 11 months"),
    "under_24": to_say("12 to 23 months"),
    "older": to_say("2 years or more"),
    "unknown": to_say("Not known"),
}
NUMBERS = (
    to_say("Rules"),
    to_say("Rules that decide"),
    to_say("Best grade"),
    to_say("Last read"),
    to_say("Read again by"),
    to_say("Last known"),
)
NOT_PUBLISHED = to_say("not published")
LOST = {"moved": to_say("It has moved."), "gone": to_say("It is gone from its address.")}
FIRST_WANTED, FIRST_DUE, NEWEST_RELEASES = 12, 10, 3
# Streamlit's own grey is too pale to read; where the theme is not known, a grey for both
INK = {"light": "#1f2328", "dark": "#f5f5f5"}
MIDDLE_INK = "#808080"


class _Known(NamedTuple):
    """All that the page shows, worked out once for each dataset, day and language."""

    tables: Tables
    coverage: Coverage
    due: list[Due]


@st.cache_resource(max_entries=2, show_spinner=False)
def _tables(directory: Path, stamp: Stamp, today: date) -> Tables:  # noqa: ARG001
    return load_tables(directory, today=today)


@st.cache_resource(max_entries=4, show_spinner=False)
def _known(directory: Path, stamp: Stamp, today: date, language: str) -> _Known:  # noqa: ARG001
    tables = _tables(directory, stamp, today)
    return _Known(tables, coverage(tables, today), due(tables, today))


def page() -> None:
    dataset_or_stop()
    directory = dataset_folder()
    st.title(say("What we know"))
    with st.spinner(say("Counting what we know ...")):
        known = _known(directory, stamp(directory), date.today(), spoken())
    _show_summary(known)
    _show_medicaid(known.coverage)
    _show_lines(known.coverage)
    _show_payers(known.coverage)
    _show_wanted(known.coverage.wanted)
    _show_freshness(known.coverage)
    _show_due(known.due)
    _show_lost(known.tables)
    _show_data(known.tables)


# -- in ten seconds ----------------------------------------------------------------------------


def _show_summary(known: _Known) -> None:
    found = known.coverage
    whole = found.whole
    st.markdown(
        say(
            "We read what health plans say in public about compounded medicine. Each rule names "
            "its source and the day we last read it."
        )
    )
    with st.container(horizontal=True, gap="medium"):
        st.metric(say("Rules in force"), number(whole.rules), width="content")
        st.metric(say("Payers with a rule"), _of(found.payers_known, found.payers), width="content")
        st.metric(say("States, Medicaid"), _of(found.states_known, found.states), width="content")
        st.metric(say("To read again now"), number(len(known.due)), width="content")
    told = [
        say_many(
            "**1 rule** can decide an answer.",
            "**{count} rules** can decide an answer.",
            whole.deciding,
        ),
        say_many(
            "**1 rule** is the last one known: its paper or our last look is more than 2 years "
            "old.",
            "**{count} rules** are the last ones known: their paper or our last look is more than "
            "2 years old.",
            whole.stale,
        ),
        say_many(
            "**1** is not confirmed and does not count.",
            "**{count}** are not confirmed and do not count.",
            whole.unconfirmed,
        ),
    ]
    if whole.newest_check:
        told.append(say("We last read something on {day}.", day=loose_day(whole.newest_check)))
    st.markdown(" ".join(told))
    st.markdown(
        say(
            "**You can help.** Is a rule wrong or old? Say so next to the reason on "
            "[Check coverage](./). Did you find a plan's own page? Ask us to become an advocate. "
            "You need no code for it."
        )
    )
    help_link("data", say("Where the data comes from"))


def _of(some: int, all_: Sequence[object]) -> str:
    return say("{some} of {all}", some=number(some), all=number(len(all_)))


# -- Medicaid ----------------------------------------------------------------------------------


def _show_medicaid(found: Coverage) -> None:
    st.header(say("Medicaid in each state"), divider="gray")
    sums = {name: sum(one.amount == name for one in found.states) for name in AMOUNTS}
    st.markdown(
        say(
            "In {deciding} states we know a rule that can decide. In {some} more we know some "
            "rules. In {none} we know none.",
            deciding=sums["decides"],
            some=sums["some"],
            none=sums["none"],
        )
    )
    tiles(
        say("Medicaid rules we know, state by state"),
        [_tile(one, *PLACES[one.state]) for one in found.states],
    )
    legend = ", ".join(f"{MARKS[name]} {say(meaning)}" for name, meaning in AMOUNTS.items())
    grades = ", ".join(f"{grade.value} {say(meaning)}" for grade, meaning in GRADES.items())
    letter = say("The letter is the best source: {grades}.", grades=grades)
    note(f"{legend}. {letter} {say('“Old” is a last known rule.')}")
    with st.expander(say("The same as a table"), key="medicaid-table"):
        table(
            say("Medicaid rules that name the state"),
            (say("State"), say("What we know"), *map(say, NUMBERS)),
            [(one.name, _words(one), *_numbers(one.holding)) for one in found.states],
        )


def _tile(one: OfState, row: int, column: int) -> Tile:
    grade = one.holding.best_grade
    old = one.amount == "decides" and not one.program.firm
    return Tile(
        code=one.state,
        mark=MARKS[one.amount] + (grade.value if grade else ""),
        more=f" {say('old')}" if old else "",
        said=f"{one.name}: {_words(one)}",
        look=one.amount,
        row=row,
        column=column,
    )


def _words(one: OfState) -> str:
    told = [say(AMOUNTS[one.amount])]
    if one.amount == "some" and not one.program.rules:
        told = [say("rules of single payers only")]
    if one.amount == "decides" and not one.program.firm:
        told.append(say("last known, over 2 years old"))
    if one.holding.best_grade:
        told.append(say("best source {grade}", grade=one.holding.best_grade.value))
    if one.holding.newest_check:
        told.append(say("last read {day}", day=one.holding.newest_check))
    return ", ".join(told)


def _numbers(holding: Holding) -> tuple[str, ...]:
    """The cells under ``NUMBERS``."""
    if not holding.rules:
        return ("0", "0", say("none"), say("never"), "", "0")
    return (
        number(holding.rules),
        number(holding.deciding),
        holding.best_grade.value if holding.best_grade else say("none"),
        holding.newest_check or say("never"),
        holding.next_due.isoformat() if holding.next_due else say("now"),
        f"{holding.stale} ({holding.share_stale:.0%})",
    )


# -- kinds of insurance, payers, what is wanted ------------------------------------------------


def _show_lines(found: Coverage) -> None:
    st.header(say("Kinds of insurance"), divider="gray")
    table(
        say("Rules that reach each kind, and how many people have it"),
        (say("Kind"), say("People"), *map(say, NUMBERS)),
        [
            (say(LINE_NAMES[one.line]), _people(one.lives), *_numbers(one.holding))
            for one in found.lines
        ],
    )


def _show_payers(found: Coverage) -> None:
    st.header(say("Payers"), divider="gray")
    without = len(found.payers) - found.payers_known
    st.markdown(
        say(
            "We know a rule of {known} payers. Of {without} more we know the name, and found no "
            "rule yet. A rule of law can still reach them.",
            known=number(found.payers_known),
            without=number(without),
        )
    )
    title = say("All {count} payers", count=number(len(found.payers)))
    with st.expander(title, key="payers-table"):
        table(
            say("Each payer's own rules"),
            (say("Payer"), say("Kind"), *map(say, NUMBERS)),
            [(one.name, say(KINDS[one.kind]), *_numbers(one.holding)) for one in found.payers],
        )


def _show_wanted(wanted: Sequence[Wanted]) -> None:
    st.header(say("Wanted most"), divider="gray")
    st.markdown(
        say(
            "Here we know too little, and many people are concerned. The largest come first. "
            "Where nobody has published a number, we show none."
        )
    )
    _wanted_table(say("Wanted most"), wanted[:FIRST_WANTED])
    if wanted[FIRST_WANTED:]:
        title = say("{count} more", count=number(len(wanted) - FIRST_WANTED))
        with st.expander(title, key="wanted-more"):
            _wanted_table(say("Wanted too"), wanted[FIRST_WANTED:])


def _wanted_table(caption: str, wanted: Sequence[Wanted]) -> None:
    table(
        caption,
        (say("Who"), say("People"), say("Why"), say("Source of the number")),
        [(one.name, _people(one.lives, one.as_of), one.why, _source(one)) for one in wanted],
    )


def _people(lives: int | None, as_of: str = "") -> str:
    if lives is None:
        return say(NOT_PUBLISHED)
    return f"{number(lives)} ({as_of})" if as_of else number(lives)


def _source(one: Wanted) -> str | Link:
    if one.source is None:
        return ""
    grade = say("grade {grade}", grade=one.source.grade.value)
    return Link(f"{one.source.publisher}, {grade}", one.source.url)


# -- how fresh ---------------------------------------------------------------------------------


def _show_freshness(found: Coverage) -> None:
    st.header(say("How fresh it is"), divider="gray")
    help_link("grades", say("What do the grades mean?"))
    recent = found.by_check["under_6"] + found.by_check["under_12"]
    aged = found.by_document["older"]
    st.markdown(
        say(
            "We read the source of {recent} of {all} rules within the last year. {aged} rules "
            "rest on a paper that is 2 years old or more.",
            recent=number(recent),
            all=number(found.whole.rules),
            aged=number(aged),
        )
    )
    names = {name: say(text) for name, text in AGE_NAMES.items()}
    read = say("When we last read the source")
    _bars("last-read", read, names | {"unknown": say("Never")}, found.by_check)
    _bars("paper-age", say("How old the paper is"), names, found.by_document)


def _bars(key: str, title: str, names: Mapping[str, str], counts: Mapping[str, int]) -> None:
    st.subheader(title)
    rows = [{"age": names[name], "rules": count} for name, count in counts.items()]
    told = "; ".join(f"{row['age']}: {row['rules']}" for row in rows)
    said = say("{title}, number of rules. {told}.", title=title, told=told)
    ink = INK.get(st.context.theme.type or "", MIDDLE_INK)
    chart = alt.Chart(alt.InlineData(values=rows), description=said)
    ages = alt.Axis(labelLimit=200, labelFontSize=14, labelColor=ink)
    down = alt.Y("age:N", title=None, sort=list(names.values()), axis=ages)
    bars = chart.encode(x=alt.X("rules:Q", axis=None), y=down)
    # the number stands at the end of each bar: it is not read off a scale
    numbers = bars.mark_text(align="left", dx=4, fontSize=14, color=ink).encode(text="rules:Q")
    st.altair_chart((bars.mark_bar() + numbers).properties(height=170), width="stretch", key=key)
    with st.expander(say("{title}, as a table", title=title), key=f"{key}-table"):
        table(
            title,
            (say("Age"), say("Rules")),
            [(str(row["age"]), str(row["rules"])) for row in rows],
        )


def _show_due(queue: Sequence[Due]) -> None:
    st.header(say("To read next"), divider="gray")
    if not queue:
        st.markdown(say("Nothing is due. Each source was read in time."))
        return
    st.markdown(say("What matters most comes first: rules that decide, then people concerned."))
    _due_table(say("First to read"), queue[:FIRST_DUE])
    if queue[FIRST_DUE:]:
        title = say("{count} more to read", count=number(len(queue) - FIRST_DUE))
        with st.expander(title, key="due-more"):
            _due_table(say("Then to read"), queue[FIRST_DUE:])


def _due_table(caption: str, queue: Sequence[Due]) -> None:
    table(
        caption,
        (
            say("Source"),
            say("Why now"),
            say("Rules"),
            say("Rules that decide"),
            say("People, at most"),
        ),
        [
            (
                Link(one.title, one.url),
                one.why,
                number(len(one.rules)),
                number(one.deciding),
                _people(one.lives),
            )
            for one in queue
        ],
    )


def _show_lost(tables: Tables) -> None:
    st.header(say("Sources that moved or are gone"), divider="gray")
    lost = [row for row in rows_of(tables, schema.SourceRow) if row.status]
    if not lost:
        st.markdown(say("None that we know of."))
        return
    table(
        say("Where we no longer found a source"),
        (say("Source"), say("What we found"), say("Note")),
        [
            (Link(row.title, row.url), say(LOST[row.status]), FromData(row.status_note))
            for row in lost
        ],
    )


# -- the data ----------------------------------------------------------------------------------


def _show_data(tables: Tables) -> None:
    st.header(say("Take the data"), divider="gray")
    release = newest_release(tables)
    name = release or "unreleased"
    st.markdown(
        say(
            "Release **{release}**. You may use it for any end if you name Compound Coverage and "
            "the release: the license is "
            "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).",
            release=plain(name),
        )
    )
    offer(
        say("All tables in one zip"),
        lambda: release_zip(tables),
        f"compound-coverage-{name}.zip",
        "application/zip",
    )
    offer(
        say("Only the rules, as CSV"),
        lambda: table_bytes(schema.RuleRow, tables[schema.RuleRow.FILE]),
        f"compound-coverage-rules-{name}.csv",
        "text/csv",
    )
    st.subheader(say("What the newest releases changed"))
    changes = sorted(rows_of(tables, schema.ChangeRow), key=attrgetter("number"))
    changes.sort(key=attrgetter("release"), reverse=True)
    for place, (day, lines) in enumerate(groupby(changes, key=attrgetter("release"))):
        if place < NEWEST_RELEASES:
            told = "".join(f"<li>{in_english(row.change)}</li>" for row in lines)
            show(f"<p><strong>{html.escape(loose_day(day))}</strong></p><ul>{told}</ul>")
    if not changes:
        st.markdown(say("No release has been made yet."))


page()
