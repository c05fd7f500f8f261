"""What we know: how much of it, how fresh it is, what is missing, and the data to take away."""

from __future__ import annotations

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
from compound_coverage.dataset.tables import Tables, table_bytes
from compound_coverage.dataset.validate import rows_of
from dashboard.downloads import offer
from dashboard.html_parts import Link, Tile, table, tiles
from dashboard.parts import GRADES, dataset_folder, dataset_or_stop, note, plain

KINDS = {
    "insurer": "Insurer",
    "pbm": "Drug benefit manager",
    "government_program": "Public program",
    "employer_plan": "Job plan",
}
AMOUNTS = {
    "decides": "a rule that decides",
    "some": "some rules, none that decides for all",
    "none": "no rule",
}
MARKS = {"decides": "●", "some": "◐", "none": "○"}
AGE_NAMES = {
    "under_6": "Under 6 months",
    "under_12": "6 to 11 months",
    "under_24": "12 to 23 months",
    "older": "2 years or more",
    "unknown": "Not known",
}
NUMBERS = ("Rules", "Rules that decide", "Best grade", "Last read", "Read again by", "Last known")
NOT_PUBLISHED = "not published"
FIRST_WANTED, FIRST_DUE, NEWEST_RELEASES = 12, 10, 3
# Streamlit's own grey is too pale to read; where the theme is not known, a grey for both
INK = {"light": "#1f2328", "dark": "#f5f5f5"}
MIDDLE_INK = "#808080"
# each state's place on a map of squares, row by row; a dot is water
MAP = (
    "AK .. .. .. .. .. .. .. .. .. ME",
    ".. .. .. .. .. .. .. .. .. VT NH",
    "WA ID MT ND MN IL WI MI NY RI MA",
    "OR NV WY SD IA IN OH PA NJ CT ..",
    "CA UT CO NE MO KY WV VA MD DE ..",
    ".. AZ NM KS AR TN NC SC DC .. ..",
    ".. .. .. OK LA MS AL GA .. .. ..",
    "HI .. .. TX .. .. .. .. FL .. ..",
)


class _Known(NamedTuple):
    """All that the page shows, worked out once for each dataset and day."""

    tables: Tables
    coverage: Coverage
    due: list[Due]


@st.cache_resource(max_entries=2, show_spinner="Counting what we know ...")
def _known(directory: Path, stamp: Stamp, today: date) -> _Known:  # noqa: ARG001
    tables = load_tables(directory, today=today)
    return _Known(tables, coverage(tables, today), due(tables, today))


def page() -> None:
    dataset_or_stop()
    directory = dataset_folder()
    known = _known(directory, stamp(directory), date.today())
    st.title("What we know")
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
        "We read what health plans say in public about compounded medicine. Each rule names its "
        "source and the day we last read it."
    )
    with st.container(horizontal=True, gap="medium"):
        st.metric("Rules in force", whole.rules, width=150)
        st.metric("Payers with a rule", f"{found.payers_known} of {len(found.payers)}", width=150)
        st.metric("States, Medicaid", f"{found.states_known} of {len(found.states)}", width=150)
        st.metric("To read again now", len(known.due), width=150)
    st.markdown(
        f"**{whole.deciding} rules** can decide an answer. **{whole.stale} rules** are the last "
        "ones known: their paper or our last look is more than 2 years old. "
        f"**{whole.unconfirmed}** are not confirmed and do not count. We last read something on "
        f"{whole.newest_check or 'no day yet'}."
    )
    st.markdown(
        "**You can help.** Is a rule wrong or old? Say so next to the reason on "
        "[Check coverage](./). Did you find a plan's own page? Ask us to become an advocate. "
        "You need no code for it."
    )


# -- Medicaid ----------------------------------------------------------------------------------


def _show_medicaid(found: Coverage) -> None:
    st.header("Medicaid in each state", divider="gray")
    sums = {name: sum(one.amount == name for one in found.states) for name in AMOUNTS}
    st.markdown(
        f"In {sums['decides']} states we know a rule that can decide. In {sums['some']} more we "
        f"know some rules. In {sums['none']} we know none."
    )
    places = {
        code: (row, column)
        for row, line in enumerate(MAP, start=1)
        for column, code in enumerate(line.split(), start=1)
    }
    tiles(
        "Medicaid rules we know, state by state",
        [_tile(one, *places[one.state]) for one in found.states],
    )
    legend = ", ".join(f"{MARKS[name]} {meaning}" for name, meaning in AMOUNTS.items())
    grades = ", ".join(f"{grade.value} {meaning}" for grade, meaning in GRADES.items())
    note(f'{legend}. The letter is the best source: {grades}. "Old" is a last known rule.')
    with st.expander("The same as a table"):
        table(
            "Medicaid rules that name the state",
            ("State", "What we know", *NUMBERS),
            [(one.name, _words(one), *_numbers(one.holding)) for one in found.states],
        )


def _tile(one: OfState, row: int, column: int) -> Tile:
    grade = one.holding.best_grade
    old = one.amount == "decides" and not one.program.firm
    return Tile(
        code=one.state,
        mark=MARKS[one.amount] + (grade.value if grade else ""),
        more=" old" if old else "",
        said=f"{one.name}: {_words(one)}",
        look=one.amount,
        row=row,
        column=column,
    )


def _words(one: OfState) -> str:
    told = [AMOUNTS[one.amount]]
    if one.amount == "some" and not one.program.rules:
        told = ["rules of single payers only"]
    if one.amount == "decides" and not one.program.firm:
        told.append("last known, over 2 years old")
    if one.holding.best_grade:
        told.append(f"best source {one.holding.best_grade.value}")
    if one.holding.newest_check:
        told.append(f"last read {one.holding.newest_check}")
    return ", ".join(told)


def _numbers(holding: Holding) -> tuple[str, ...]:
    """The cells under ``NUMBERS``."""
    if not holding.rules:
        return ("0", "0", "none", "never", "", "0")
    return (
        str(holding.rules),
        str(holding.deciding),
        holding.best_grade.value if holding.best_grade else "none",
        holding.newest_check or "never",
        holding.next_due.isoformat() if holding.next_due else "now",
        f"{holding.stale} ({holding.share_stale:.0%})",
    )


# -- kinds of insurance, payers, what is wanted ------------------------------------------------


def _show_lines(found: Coverage) -> None:
    st.header("Kinds of insurance", divider="gray")
    table(
        "Rules that reach each kind, and how many people have it",
        ("Kind", "People", *NUMBERS),
        [(one.name, _people(one.lives), *_numbers(one.holding)) for one in found.lines],
    )


def _show_payers(found: Coverage) -> None:
    st.header("Payers", divider="gray")
    without = len(found.payers) - found.payers_known
    st.markdown(
        f"We know a rule of {found.payers_known} payers. Of {without} more we know the name, and "
        "found no rule yet. A rule of law can still reach them."
    )
    with st.expander(f"All {len(found.payers)} payers"):
        table(
            "Each payer's own rules",
            ("Payer", "Kind", *NUMBERS),
            [(one.name, KINDS[one.kind], *_numbers(one.holding)) for one in found.payers],
        )


def _show_wanted(wanted: Sequence[Wanted]) -> None:
    st.header("Wanted most", divider="gray")
    st.markdown(
        "Here we know too little, and many people are concerned. The largest come first. Where "
        "nobody has published a number, we show none."
    )
    _wanted_table("Wanted most", wanted[:FIRST_WANTED])
    if wanted[FIRST_WANTED:]:
        with st.expander(f"{len(wanted) - FIRST_WANTED} more"):
            _wanted_table("Wanted too", wanted[FIRST_WANTED:])


def _wanted_table(caption: str, wanted: Sequence[Wanted]) -> None:
    table(
        caption,
        ("Who", "People", "Why", "Source of the number"),
        [(one.name, _people(one.lives, one.as_of), one.why, _source(one)) for one in wanted],
    )


def _people(lives: int | None, as_of: str = "") -> str:
    if lives is None:
        return NOT_PUBLISHED
    return f"{lives:,} ({as_of})" if as_of else f"{lives:,}"


def _source(one: Wanted) -> str | Link:
    if one.source is None:
        return ""
    return Link(f"{one.source.publisher}, grade {one.source.grade.value}", one.source.url)


# -- how fresh ---------------------------------------------------------------------------------


def _show_freshness(found: Coverage) -> None:
    st.header("How fresh it is", divider="gray")
    recent = found.by_check["under_6"] + found.by_check["under_12"]
    aged = found.by_document["older"]
    st.markdown(
        f"We read the source of {recent} of {found.whole.rules} rules within the last year. "
        f"{aged} rules rest on a paper that is 2 years old or more."
    )
    _bars("When we last read the source", AGE_NAMES | {"unknown": "Never"}, found.by_check)
    _bars("How old the paper is", AGE_NAMES, found.by_document)


def _bars(title: str, names: Mapping[str, str], counts: Mapping[str, int]) -> None:
    st.subheader(title)
    rows = [{"age": names[name], "rules": count} for name, count in counts.items()]
    told = "; ".join(f"{row['age']}: {row['rules']}" for row in rows)
    ink = INK.get(st.context.theme.type or "", MIDDLE_INK)
    chart = alt.Chart(alt.InlineData(values=rows), description=f"{title}, number of rules. {told}.")
    ages = alt.Axis(labelLimit=200, labelFontSize=14, labelColor=ink)
    down = alt.Y("age:N", title=None, sort=list(names.values()), axis=ages)
    bars = chart.encode(x=alt.X("rules:Q", axis=None), y=down)
    # the number stands at the end of each bar: it is not read off a scale
    numbers = bars.mark_text(align="left", dx=4, fontSize=14, color=ink).encode(text="rules:Q")
    st.altair_chart((bars.mark_bar() + numbers).properties(height=170), width="stretch")
    with st.expander(f"{title}, as a table"):
        table(title, ("Age", "Rules"), [(str(row["age"]), str(row["rules"])) for row in rows])


def _show_due(queue: Sequence[Due]) -> None:
    st.header("To read next", divider="gray")
    if not queue:
        st.markdown("Nothing is due. Each source was read in time.")
        return
    st.markdown("What matters most comes first: rules that decide, then people concerned.")
    _due_table("First to read", queue[:FIRST_DUE])
    if queue[FIRST_DUE:]:
        with st.expander(f"{len(queue) - FIRST_DUE} more to read"):
            _due_table("Then to read", queue[FIRST_DUE:])


def _due_table(caption: str, queue: Sequence[Due]) -> None:
    table(
        caption,
        ("Source", "Why now", "Rules", "Rules that decide", "People, at most"),
        [
            (Link(one.title, one.url), one.why, str(len(one.rules)), str(one.deciding),
             _people(one.lives))
            for one in queue
        ],
    )  # fmt: skip


def _show_lost(tables: Tables) -> None:
    st.header("Sources that moved or are gone", divider="gray")
    lost = [row for row in rows_of(tables, schema.SourceRow) if row.status]
    if not lost:
        st.markdown("None that we know of.")
        return
    table(
        "Where we no longer found a source",
        ("Source", "What we found", "Note"),
        [(Link(row.title, row.url), row.status, row.status_note) for row in lost],
    )


# -- the data ----------------------------------------------------------------------------------


def _show_data(tables: Tables) -> None:
    st.header("Take the data", divider="gray")
    release = newest_release(tables)
    name = release or "unreleased"
    st.markdown(
        f"Release **{plain(name)}**. You may use it for any end if you name Compound Coverage "
        "and the release: the license is [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)."
    )
    offer(
        "All tables in one zip",
        lambda: release_zip(tables),
        f"compound-coverage-{name}.zip",
        "application/zip",
    )
    offer(
        "Only the rules, as CSV",
        lambda: table_bytes(schema.RuleRow, tables[schema.RuleRow.FILE]),
        f"compound-coverage-rules-{name}.csv",
        "text/csv",
    )
    st.subheader("What the newest releases changed")
    changes = sorted(rows_of(tables, schema.ChangeRow), key=attrgetter("number"))
    changes.sort(key=attrgetter("release"), reverse=True)
    for place, (day, lines) in enumerate(groupby(changes, key=attrgetter("release"))):
        if place < NEWEST_RELEASES:
            told = "\n".join(f"- {plain(row.change)}" for row in lines)
            st.markdown(f"**{day}**\n\n{told}")
    if not changes:
        st.markdown("No release has been made yet.")


page()
