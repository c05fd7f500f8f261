"""How much the dataset knows of each payer, state and kind of insurance, and what is wanted."""

from datetime import date

import pytest

from compound_coverage.dataset.coverage import (
    AGES,
    MEDICAID_STATES,
    Holding,
    age_group,
    coverage,
    wanted,
)
from compound_coverage.dataset.load import load_tables
from compound_coverage.dataset.schema import (
    TABLES,
    CoveredLivesRow,
    PayerRow,
    PlanRow,
    RuleRow,
    SourceRow,
)
from compound_coverage.dataset.validate import rows_of
from compound_coverage.vocabulary import Grade, LineOfBusiness
from tests.dataset.test_freshness import lives, rule, source, tables
from tests.small_dataset import ROWS

TODAY = date(2026, 11, 28)
FRESH, STALE, HEARSAY = "fresh", "stale", "hearsay"
PAPERS = [
    source(FRESH, grade="B", last_checked="2026-11-01", document_date="2026-10"),
    source(STALE, grade="A", last_checked="2026-10-01", document_date="2019"),
    source(HEARSAY, grade="C"),
    source("paper", last_checked="2026-11-28"),
]


def payer(payer_id, kind="insurer"):
    return PayerRow(payer_id=payer_id, name=payer_id.title(), kind=kind, other_names="")


def plan(payer_id, line, states=""):
    cells = {"plan_id": f"{payer_id}-plan", "payer_id": payer_id, "pbm_id": "", "states": states}
    return PlanRow.model_validate(ROWS["plans.csv"][1] | cells | {"line_of_business": line})


def medicaid(rule_id, states="OH", paper=FRESH, **cells):
    scope = {"level": "program", "payer_id": "", "lines_of_business": "medicaid"}
    return rule(rule_id, source_id=paper, states=states, **(scope | cells))


def known(rules, payers=(), plans=(), numbers=()):
    rows = {"sources": PAPERS, "rules": list(rules), "covered_lives": list(numbers)}
    return tables(**rows, payers=list(payers), plans=list(plans))


def state(found, code):
    return next(one for one in found.states if one.state == code)


# -- one payer ---------------------------------------------------------------------------------


def test_the_numbers_of_a_payer():
    rules = [
        rule("decides", payer_id="acme", source_id=FRESH),
        rule("decides-once", payer_id="acme", source_id=STALE),
        rule("informs", payer_id="acme", source_id=FRESH, effect="informs"),
        rule("lead", payer_id="acme", source_id=HEARSAY, basis="unverified"),
        rule("over", payer_id="acme", source_id=FRESH, effective_to="2026-11-27"),
        rule("other", payer_id="other", source_id=FRESH),
        rule("of-plan", level="plan", plan_id="acme-plan", payer_id="", source_id=FRESH),
    ]
    payers, plans = [payer("acme"), payer("other")], [plan("acme", "marketplace")]
    found = coverage(known(rules, payers, plans), TODAY)
    assert found.ended == 1
    assert found.payers[0].holding == Holding(
        rules=5,
        deciding=3,
        firm=2,
        stale=1,
        unconfirmed=1,
        due=1,
        best_grade=Grade.A,
        newest_check="2026-11-01",
        oldest_check="2026-10-01",
        next_due=date(2027, 5, 1),
    )
    assert found.payers[0].holding.share_stale == pytest.approx(0.2)
    assert Holding().share_stale == 0
    assert found.payers_known == 2


# kind, its plan's states, the rule's level and states -> is it one of the payer's own?
PROGRAMS = [
    ("government_program", "OH", "program", "OH", True),
    ("government_program", "OH", "program", "OH TX", True),
    ("government_program", "OH", "program", "TX", False),
    ("government_program", "OH", "program", "", False),
    ("government_program", "", "program", "", True),
    ("government_program", "", "program", "OH", False),
    ("government_program", "OH", "law", "OH", False),
    ("insurer", "OH", "program", "OH", False),
]


@pytest.mark.parametrize(("kind", "plan_states", "level", "states", "own"), PROGRAMS)
def test_a_public_program_owns_the_rules_for_its_kind_and_states(
    kind, plan_states, level, states, own
):
    rules = [medicaid("one", states, level=level), medicaid("two", "OH", lines_of_business="va")]
    found = coverage(
        known(rules, [payer("ohio", kind)], [plan("ohio", "medicaid", plan_states)]), TODAY
    )
    assert found.payers[0].holding.rules == int(own)


# -- the states --------------------------------------------------------------------------------

# rules of Ohio -> what we know there
STATES = [
    ([], "none"),
    ([medicaid("a", "TX")], "none"),
    ([medicaid("a", "")], "none"),  # a rule for all states says nothing of Ohio in particular
    ([medicaid("a", effect="informs")], "some"),
    ([medicaid("a", paper=HEARSAY, basis="unverified")], "some"),
    ([medicaid("a", level="payer", payer_id="acme")], "some"),
    ([medicaid("a", effective_to="2026-11-27")], "none"),
    ([medicaid("a")], "decides"),
    ([medicaid("a", paper=STALE)], "decides"),
    ([medicaid("a", effect="informs"), medicaid("b", effect="covers")], "decides"),
]


@pytest.mark.parametrize(("rules", "amount"), STATES)
def test_what_is_known_of_a_states_medicaid(rules, amount):
    found = coverage(known(rules, [payer("acme")]), TODAY)
    assert state(found, "OH").amount == amount
    assert ("OH" in found.states_without) == (amount == "none")
    assert found.states_known == sum(bool(one.holding.rules) for one in found.states)


def test_there_are_fifty_states_and_the_capital():
    assert len(MEDICAID_STATES) == 51
    assert {"DC", "AK", "WY"} <= set(MEDICAID_STATES)


# -- ages --------------------------------------------------------------------------------------

GROUPS = [
    (None, "unknown"), (0, "under_6"), (5, "under_6"), (6, "under_12"), (11, "under_12"),
    (12, "under_24"), (23, "under_24"), (24, "older"), (400, "older"),
]  # fmt: skip


@pytest.mark.parametrize(("months", "group"), GROUPS)
def test_the_group_of_an_age(months, group):
    assert age_group(months) == group


def test_each_rule_in_force_has_one_age_of_each_kind(bundled):
    found = coverage(load_tables(today=TODAY), TODAY)
    assert list(found.by_check) == list(found.by_document) == list(AGES)
    assert sum(found.by_check.values()) == sum(found.by_document.values()) == found.whole.rules
    assert found.whole.rules + found.ended == len(bundled.rules)


# -- what is wanted ----------------------------------------------------------------------------

# rules, why Ohio's Medicaid is wanted (empty: it is not)
WANTED = [
    ([], "We know no rule."),
    ([medicaid("a", "")], "We know no rule."),
    ([medicaid("a", level="payer", payer_id="acme")], "We know only rules of single payers there."),
    ([medicaid("a", effect="informs")], "We know 1 rule, but none that decides."),
    (
        [medicaid("a", effect="informs"), medicaid("b", paper=HEARSAY, basis="unverified")],
        "We know 2 rules, but none that decides.",
    ),
    (
        [medicaid("a", paper=STALE)],
        "Each rule that decides is a last known one, more than two years old.",
    ),
    ([medicaid("a", paper=STALE), medicaid("b")], ""),
    ([medicaid("a")], ""),
]


@pytest.mark.parametrize(("rules", "why"), WANTED)
def test_why_a_state_is_wanted(rules, why):
    numbers = [lives("medicaid", "OH", "", 2_456_737)]
    found = wanted(known(rules, [payer("acme")], numbers=numbers), TODAY)
    ohio = [one for one in found if (one.line, one.state) == ("medicaid", "OH")]
    assert [(one.why, one.lives, one.name) for one in ohio] == (
        [(why, 2_456_737, "Medicaid, Ohio")] if why else []
    )


def test_most_people_first_and_no_number_where_none_is_published():
    payers = [payer("acme"), payer("big"), payer("zeta"), payer("program", "government_program")]
    numbers = [
        lives("", "", "big", 900),
        lives("medicaid", "TX", "", 1000),
        lives("fehb", "", "acme", 50),
        lives("medicaid", "", "", 5000),
    ]
    rules = [medicaid("a"), rule("b", payer_id="acme", source_id=FRESH)]
    found = wanted(known(rules, payers, numbers=numbers), TODAY)
    first = [(one.name, one.lives) for one in found[:4]]
    assert first == [
        ("Medicaid, Texas", 1000),
        ("Big", 900),
        ("Acme, Federal employee plan (FEHB)", 50),
        ("Federal employee plan (FEHB)", None),
    ]
    rest = found[3:]
    assert all(one.lives is None and one.source is None for one in rest)
    assert [one.name for one in rest] == sorted(one.name for one in rest)
    names = {one.name for one in rest}
    assert "Zeta" in names  # nothing known, and no number published
    assert names.isdisjoint({"Program", "Acme", "Medicaid, Ohio", "Medicaid"})
    assert found[0].source is PAPERS[3]


def test_a_payers_number_in_one_state_asks_for_its_rules_there():
    numbers = [lives("medicaid", "OH", "acme", 10), lives("medicaid", "TX", "acme", 20)]
    rules = [medicaid("a", level="payer", payer_id="acme")]
    found = wanted(known(rules, [payer("acme")], numbers=numbers), TODAY)
    assert [one.name for one in found if one.lives] == ["Acme, Medicaid, Texas"]


def test_a_number_for_one_state_in_all_kinds_together_asks_for_any_rule_there():
    numbers = [lives("", "OH", "", 10), lives("", "TX", "", 20)]
    found = wanted(known([medicaid("a")], numbers=numbers), TODAY)
    assert [(one.name, one.lives) for one in found if one.lives] == [("Texas", 20)]


def test_as_json_says_the_same():
    found = coverage(known([medicaid("a")], [payer("acme")]), TODAY)
    told = found.as_json()
    assert told["whole"]["rules"] == 1
    assert told["payers"] == [
        {"payer_id": "acme", "name": "Acme", "kind": "insurer"} | Holding().as_json()
    ]
    assert told["medicaid_unknown"] == list(found.states_without)
    assert [one["line_of_business"] for one in told["lines_of_business"]] == list(LineOfBusiness)
    assert len(told["wanted"]) == len(found.wanted)


# -- the real numbers --------------------------------------------------------------------------


def test_each_published_number_has_a_source_that_was_read():
    found = load_tables(today=TODAY)
    papers = {row.source_id: row for row in rows_of(found, SourceRow)}
    numbers = rows_of(found, CoveredLivesRow)
    for row in numbers:
        assert papers[row.source_id].last_checked
        assert row.section
    states = {row.state for row in numbers if row.line_of_business == "medicaid"}
    assert states == {"", *MEDICAID_STATES}


def test_a_dataset_without_any_row_is_known_not_at_all():
    found = coverage({model.FILE: [] for model in TABLES}, TODAY)
    assert found.whole == Holding()
    assert len(found.states_without) == 51
    assert {one.why for one in found.wanted} == {"We know no rule."}


def test_only_the_rules_themselves_are_counted(small):
    found = coverage(load_tables(small, today=TODAY), TODAY)
    assert found.whole.rules == len(ROWS[RuleRow.FILE])
