"""When a document is due to be read again, why, and in which order: tables to read."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.dataset.dates import is_last_known, months_after, whole_months
from compound_coverage.dataset.freshness import (
    DECIDING,
    Reach,
    due,
    has_ended,
    interval_of,
    of_rule,
    of_rule_id,
    of_rules,
    of_source,
    why_due,
)
from compound_coverage.dataset.load import load
from compound_coverage.dataset.schema import TABLES, CoveredLivesRow, PlanRow, RuleRow, SourceRow
from compound_coverage.determination.engine import VERDICT_OF, is_stale
from compound_coverage.vocabulary import Effect
from tests.small_dataset import ROWS

TODAY = date(2026, 11, 28)


def source(source_id="paper", **cells):
    row = {
        "source_id": source_id,
        "title": f"Made-up {source_id}",
        "publisher": "Made-up Health",
        "url": "https://example.org/paper",
        "grade": "A",
        "document_date": "",
        "last_checked": "",
    }
    return SourceRow.model_validate(row | cells)


def rule(rule_id="made-up", **cells):
    return RuleRow.model_validate(ROWS["rules.csv"][0] | {"rule_id": rule_id} | cells)


def lives(line, state, payer, number):
    return CoveredLivesRow(
        line_of_business=line,
        state=state,
        payer_id=payer,
        lives=str(number),
        as_of="2026",
        source_id="paper",
        section="",
    )


def tables(**rows):
    """Tables with these rows: ``sources``, ``rules`` and so on."""
    return {model.FILE: rows.get(model.FILE.removesuffix(".csv"), []) for model in TABLES}


# -- one document ------------------------------------------------------------------------------

# grade, months the row says, last read, status -> next due, due today?
NEXT = [
    ("A", "", "2025-11-28", "", "2026-11-28", True),
    ("A", "", "2025-11-29", "", "2026-11-29", False),
    ("B", "", "2026-05-28", "", "2026-11-28", True),
    ("B", "", "2026-05-29", "", "2026-11-29", False),
    ("C", "", "2026-05-28", "", "2026-11-28", True),
    ("C", "", "2026-05-29", "", "2026-11-29", False),
    ("A", "1", "2026-10-28", "", "2026-11-28", True),
    ("A", "1", "2026-10-29", "", "2026-11-29", False),
    ("C", "36", "2023-11-28", "", "2026-11-28", True),
    ("C", "36", "2023-11-29", "", "2026-11-29", False),
    ("B", "", "2026-08-31", "", "2027-02-28", False),  # a short month
    ("A", "", "", "", None, True),  # never read
    ("A", "", "2026-11-27", "gone", None, True),
    ("A", "", "2026-11-27", "moved", None, True),
]


@pytest.mark.parametrize(("grade", "months", "read", "status", "next_due", "is_due"), NEXT)
def test_when_a_document_is_due(grade, months, read, status, next_due, is_due):
    note = "Not there on 2026-11-27" if status else ""
    found = of_source(
        source(
            grade=grade,
            check_every_months=months,
            last_checked=read,
            status=status,
            status_note=note,
        ),
        TODAY,
    )
    assert found.due == is_due
    assert (found.next_due and found.next_due.isoformat()) == next_due
    assert found.words == (next_due or "now")


# dated, read -> last known? (24 months: the very day still counts as fresh)
OLD = [
    ("2024-11-28", "2026-11-24", False),
    ("2024-11-27", "2026-11-24", True),
    ("2024-11", "2026-11-24", False),
    ("2024-10", "2026-11-24", True),
    ("2024", "2026-11-24", False),
    ("2023", "2026-11-24", True),
    ("", "2024-11-28", False),
    ("", "2024-11-27", True),
    ("", "", False),
]


@pytest.mark.parametrize(("dated", "read", "old"), OLD)
def test_what_is_last_known_is_the_same_rule_for_the_engine(dated, read, old, bundled):
    found = of_source(source(document_date=dated, last_checked=read), TODAY)
    assert found.last_known == old == is_last_known(TODAY, dated, read)
    one = bundled.rules[0]
    cited = replace(one.citation, last_checked=read, document_date=dated)
    assert is_stale(replace(one, citation=cited), TODAY) == old


# from, to -> whole months
MONTHS = [
    ("2026-10-28", "2026-11-28", 1),
    ("2026-10-29", "2026-11-28", 0),
    ("2026-01-31", "2026-02-28", 1),
    ("2026-01-31", "2026-02-27", 0),
    ("2024-02-29", "2025-02-28", 12),
    ("2024-11-28", "2026-11-28", 24),
    ("2026-12-01", "2026-11-28", 0),
]


@pytest.mark.parametrize(("start", "end", "months"), MONTHS)
def test_whole_months(start, end, months):
    assert whole_months(date.fromisoformat(start), date.fromisoformat(end)) == months


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 600))
def test_months_after_and_whole_months_agree(day, months):
    later = months_after(day, months)
    assert whole_months(day, later) == months


def test_ages_are_counted_from_the_last_day_a_loose_date_can_mean():
    found = of_source(source(document_date="2025", last_checked="2026-10-01"), TODAY)
    assert (found.months_since_dated, found.months_since_checked) == (10, 1)
    assert of_source(source(), TODAY).months_since_checked is None


# cells of the source -> why it is due
WHY = [
    ({}, "Nobody has read it yet."),
    (
        {"last_checked": "2025-01-31"},
        "It was last read on 2025-01-31 and is read every 12 months: "
        "it has been due since 2026-01-31.",
    ),
    (
        {"last_checked": "2026-01-31", "check_every_months": "1"},
        "It was last read on 2026-01-31 and is read every month: it has been due since 2026-02-28.",
    ),
    (
        {"last_checked": "2026-11-01", "status": "gone", "status_note": "404 on 2026-11-01"},
        "It is gone from its address. 404 on 2026-11-01.",
    ),
    (
        {"last_checked": "2026-11-01", "status": "moved", "status_note": "Now at example.org!"},
        "It has moved. Now at example.org!",
    ),
    ({"last_checked": "2026-11-01"}, ""),
]


@pytest.mark.parametrize(("cells", "words"), WHY)
def test_why_it_is_due_in_plain_words(cells, words):
    paper = source(**cells)
    assert why_due(of_source(paper, TODAY), paper) == words


# -- one rule ----------------------------------------------------------------------------------

# last day -> ended today?
ENDS = [
    ("", False),
    ("2026-11-28", False),
    ("2026-11-27", True),
    ("2026-11", False),
    ("2026-10", True),
    ("2026", False),
    ("2025", True),
]


@pytest.mark.parametrize(("last", "ended"), ENDS)
def test_a_rule_that_has_ended_is_never_due(last, ended):
    one = rule(effective_from="2020", effective_to=last)
    found = of_rule(one, source(), TODAY)
    assert has_ended(one, TODAY) == ended == found.ended
    assert found.due != ended
    assert found.words == ("ended" if ended else "now")


def test_a_page_finds_the_freshness_of_a_rule_by_its_id(small):
    found = load(small, today=TODAY)
    fresh = of_rule_id(found, "powder-not-paid", TODAY)
    assert fresh
    assert fresh.next_due == date(2027, 11, 1)
    assert fresh.as_json()["next_due"] == "2027-11-01"
    never_read = of_rule_id(found, "hearsay", TODAY)
    assert never_read
    assert never_read.words == "now"
    assert of_rule_id(found, "no-such-rule", TODAY) is None


def test_each_rule_of_the_dataset_has_its_freshness(bundled):
    on = TODAY
    assert all(of_rule_id(bundled, rule.rule_id, on) is not None for rule in bundled.rules)


def test_what_decides_is_what_the_engine_decides_by():
    assert {*VERDICT_OF, Effect.REQUIRES_PRIOR_AUTHORIZATION} == DECIDING


# -- the queue ---------------------------------------------------------------------------------


def test_the_queue_has_what_matters_most_first():
    old, note = {"last_checked": "2024-01-01"}, "404"
    papers = [
        source("overdue-many", **old),
        source("overdue-decides", **old),
        source("overdue-earlier", last_checked="2023-01-01"),
        source("never-informs"),
        source("never-decides"),
        source("gone", last_checked="2026-11-27", status="gone", status_note=note),
        source("fresh", last_checked="2026-11-01"),
    ]
    rules = [
        rule("a", source_id="overdue-many", effect="informs"),
        rule("b", source_id="overdue-many", effect="informs"),
        rule("c", source_id="overdue-decides"),
        rule("d", source_id="overdue-earlier", effect="informs"),
        rule("e", source_id="never-informs", effect="informs"),
        rule("f", source_id="never-decides"),
        rule("g", source_id="fresh"),
    ]
    queue = due(tables(sources=papers, rules=rules), TODAY)
    assert [one.source_id for one in queue] == [
        "never-decides",
        "never-informs",
        "gone",
        "overdue-decides",
        "overdue-many",
        "overdue-earlier",
    ]
    assert (queue[4].rules, queue[4].deciding, queue[4].lives) == (("a", "b"), 0, None)
    assert queue[0].as_json()["next_due"] is None


def test_among_equals_the_one_that_more_people_have_comes_first_then_the_longest_overdue():
    payer = {"payer_id": "made-up-health"}
    papers = [source(name, last_checked="2024-01-01") for name in ("few", "many")]
    papers += [
        source("later", last_checked="2024-02-01"),
        source("earlier", last_checked="2023-01-01"),
    ]
    rules = [
        rule("few", source_id="few", lines_of_business="fehb", **payer),
        rule("many", source_id="many", lines_of_business="va", **payer),
        rule("earlier", source_id="earlier", lines_of_business="tricare", **payer),
        rule("later", source_id="later", lines_of_business="tricare", **payer),
    ]
    numbers = [lives("fehb", "", "made-up-health", 10), lives("va", "", "made-up-health", 20)]
    queue = due(tables(sources=papers, rules=rules, covered_lives=numbers), TODAY)
    assert [one.source_id for one in queue] == ["many", "few", "earlier", "later"]
    assert [one.lives for one in queue] == [20, 10, None, None]


def test_a_document_on_which_nothing_in_force_rests_is_not_read_again_unless_it_is_lost():
    papers = [source("ended"), source("nothing"), source("lives")]
    papers.append(source("lost", status="gone", status_note="404"))
    rules = [
        rule("x", source_id="ended", effective_from="2020", effective_to="2021"),
        rule("y", source_id="lost", effective_from="2020", effective_to="2021"),
    ]
    numbers = [lives("va", "", "", 5).model_copy(update={"source_id": "lives"})]
    queue = due(tables(sources=papers, rules=rules, covered_lives=numbers), TODAY)
    assert [(one.source_id, len(one.rules), one.others) for one in queue] == [
        ("lives", 0, 1),
        ("lost", 0, 0),
    ]


# line, states, payer, plan -> people
REACH = [
    ("medicaid", "", "", "", 100),
    ("medicaid", "OH", "", "", 7),
    ("medicaid", "OH TX", "", "", 12),
    ("medicaid", "OH AK", "", "", 7),
    ("medicaid", "AK", "", "", None),
    ("medicaid va", "", "", "", 100),
    ("fehb", "", "made-up-health", "", 40),
    ("fehb", "", "", "made-up-plan", 40),
    ("va", "", "", "", None),
]


@pytest.mark.parametrize(("line", "states", "payer", "plan", "people"), REACH)
def test_how_many_people_a_rule_reaches(line, states, payer, plan, people):
    numbers = [
        lives("medicaid", "", "", 100),
        lives("medicaid", "OH", "", 7),
        lives("medicaid", "TX", "", 5),
        lives("", "", "made-up-health", 40),
    ]
    row = ROWS["plans.csv"][0] | {"plan_id": "made-up-plan"}
    found = Reach(tables(covered_lives=numbers, plans=[PlanRow.model_validate(row)]))
    level = "payer" if payer else "plan" if plan else "program"
    one = rule(level=level, lines_of_business=line, states=states, payer_id=payer, plan_id=plan)
    assert found.lives_of(one) == people


PAPERS = st.lists(
    st.builds(
        lambda number, grade, read, status, months: source(
            f"paper-{number}",
            grade=grade,
            last_checked=read,
            status=status,
            status_note="404" if status else "",
            check_every_months=months,
        ),
        st.integers(0, 30),
        st.sampled_from("ABC"),
        st.sampled_from(["", "2023-01-31", "2025-11-28", "2026-05-28", "2026-11-01"]),
        st.sampled_from(["", "gone", "moved"]),
        st.sampled_from(["", "1", "120"]),
    ),
    unique_by=lambda row: row.source_id,
    max_size=6,
)
EFFECTS = st.sampled_from(["excludes", "covers", "informs"])


@given(PAPERS, st.data())
def test_the_order_is_total_and_stable_and_a_lost_document_is_always_in_it(papers, data):
    rules = [
        rule(f"rule-{place}", source_id=paper.source_id, effect=data.draw(EFFECTS))
        for place, paper in enumerate(papers)
        for _ in range(data.draw(st.integers(0, 1)))
    ]
    queue = due(tables(sources=papers, rules=rules), TODAY)
    shuffled = data.draw(st.permutations(papers)), data.draw(st.permutations(rules))
    again = due(tables(sources=list(shuffled[0]), rules=list(shuffled[1])), TODAY)
    assert again == queue
    ids = [one.source_id for one in queue]
    assert len(set(ids)) == len(ids)
    assert {paper.source_id for paper in papers if paper.status} <= set(ids)
    assert all(one.freshness.due and one.why for one in queue)
    at_once = [one.freshness.next_due is None for one in queue]
    assert at_once == sorted(at_once, reverse=True)


@given(st.dates(date(2026, 11, 28), date(2040, 1, 1)))
def test_what_is_due_stays_due_until_it_is_read(later):
    paper = source(last_checked="2025-11-28")
    found = tables(sources=[paper], rules=[rule(source_id="paper")])
    assert [one.source_id for one in due(found, later)] == ["paper"]
    read = source(last_checked=later.isoformat())
    assert due(tables(sources=[read], rules=[rule(source_id="paper")]), later) == []


def test_the_usual_interval_hangs_on_the_grade():
    assert [interval_of(source(grade=grade)) for grade in "ABC"] == [12, 6, 6]


def test_of_rules_covers_each_rule():
    found = tables(sources=[source(last_checked="2026-11-01")], rules=[rule(source_id="paper")])
    assert of_rules(found, TODAY)["made-up"].due is False
