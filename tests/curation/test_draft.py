"""From a form in words of the trade to rows of the tables, and back without loss."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.curation import rule_words as words
from compound_coverage.curation.draft import (
    DeadlineDraft,
    LimitDraft,
    PayerDraft,
    RuleDraft,
    SourceDraft,
    TestDraft,
    changes_of,
    draft_from,
    draft_of,
    end_of,
    new_rule_id,
    slug,
    trial,
    trial_dataset,
)
from compound_coverage.curation.problems import Problem, end_problems, problems
from compound_coverage.curation.proposals import with_changes
from compound_coverage.dataset.changes import ChangeError, apply
from compound_coverage.dataset.load import BUNDLED, from_tables
from compound_coverage.dataset.schema import ID_PATTERN, TABLES, RuleRow, RuleTestRow
from compound_coverage.dataset.tables import Tables, read_tables
from compound_coverage.dataset.validate import check_tables, rows_of
from compound_coverage.vocabulary import (
    INGREDIENT_FACTS,
    Basis,
    Comparison,
    Effect,
    Fact,
    Grade,
    Level,
    Quantifier,
)
from tests.builders import TODAY
from tests.curation.drafts import NEW_PAYER, NEW_PLAN, NEW_SOURCE, POWDER, WHOLE

SUMMARY = "The plan does not pay for a mix that is made from powder."


@pytest.fixture
def tables(small):
    found, faults = read_tables(small)
    assert not faults
    return found


@pytest.fixture(scope="module")
def published():
    found, faults = read_tables(BUNDLED)
    assert not faults
    return found


def keys(changes):
    return [change.name for change in changes]


# -- without loss ------------------------------------------------------------------------------


def test_every_published_rule_becomes_a_draft_and_comes_back_without_a_change(published):
    rules = rows_of(published, RuleRow)
    assert len(rules) > 300
    lossy = {
        rule.rule_id: keys(changes)
        for rule in rules
        if (changes := changes_of(draft_of(rule.rule_id, published), published, TODAY))
    }
    assert lossy == {}


def test_values_put_in_another_order_are_the_same(tables):
    draft = draft_of("powder-not-paid", tables)
    turned = replace(draft, lines=tuple(reversed(draft.lines)), summary=f"  {draft.summary} ")
    assert changes_of(turned, tables, TODAY) == []


def test_an_unknown_rule_is_no_draft(tables):
    with pytest.raises(KeyError):
        draft_of("not-there", tables)
    with pytest.raises(KeyError):
        end_of("not-there", "2026-11-01", tables)


# -- what a draft comes to ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "rows"),
    [
        (
            WHOLE,
            [
                "sources.csv invented-mutual-policy-compounds-2026",
                "rules.csv made-up-health-bulk-powder-not-paid",
                "rule_tests.csv made-up-health-bulk-powder-not-paid any ingredient_source is "
                "bulk_powder",
                "rule_tests.csv made-up-health-bulk-powder-not-paid case route is oral",
            ],
        ),
        (
            replace(WHOLE, source=SourceDraft("made-up-policy"), tests=()),
            ["rules.csv made-up-health-compound-not-paid"],
        ),
        (
            replace(NEW_PAYER, tests=()),
            [
                "sources.csv invented-mutual-policy-compounds-2026",
                "payers.csv invented-mutual",
                "plans.csv invented-mutual-marketplace",
                "plans.csv invented-mutual-medicaid-ok",
                "rules.csv invented-mutual-compound-not-paid",
            ],
        ),
        (
            replace(NEW_PLAN, tests=(), effect="requires", condition="The doctor must say why."),
            [
                "sources.csv invented-mutual-policy-compounds-2026",
                "payers.csv invented-works",
                "plans.csv invented-works-employer-self-funded",
                "rules.csv invented-works-employer-self-funded-compound-required",
            ],
        ),
        (
            replace(
                WHOLE,
                level="program",
                payer=PayerDraft(),
                lines=("medicaid",),
                states=("IA",),
                tests=(TestDraft("all", "has_rebate", "is", ("yes",)),),
                effect="covers",
                binding=True,
            ),
            [
                "sources.csv invented-mutual-policy-compounds-2026",
                "rules.csv iowa-medicaid-has-rebate-paid",
                "rule_tests.csv iowa-medicaid-has-rebate-paid all has_rebate is yes",
            ],
        ),
        (
            replace(
                WHOLE,
                level="law",
                payer=PayerDraft(),
                states=(),
                tests=(),
                effect="sets_deadline",
                deadlines=(DeadlineDraft("hearing", "member", "standard", "30"),),
                limits=(LimitDraft("tier", "the highest tier"),),
            ),
            [
                "sources.csv invented-mutual-policy-compounds-2026",
                "rules.csv federal-compound-clock",
                "deadlines.csv federal-compound-clock hearing member standard",
                "limits.csv federal-compound-clock tier",
            ],
        ),
    ],
    ids=["rule", "known document", "new payer", "new plan", "program", "clock"],
)
def test_the_rows_a_draft_comes_to(tables, draft, rows):
    assert keys(changes_of(draft, tables, TODAY)) == rows


def test_a_clean_draft_is_one_that_can_be_published(tables):
    for draft in (WHOLE, NEW_PAYER, NEW_PLAN):
        assert problems(draft, tables, TODAY) == []
        changed = with_changes(tables, changes_of(draft, tables, TODAY), TODAY)
        assert check_tables(changed, TODAY) == []
        rule = from_tables(changed).rules_by_id[new_rule_id(draft, tables)]
        assert rule.summary == draft.summary
        assert rule.citation.last_checked == TODAY.isoformat()
        assert rule.citation.title == NEW_SOURCE.title


def test_a_changed_rule_changes_only_what_was_changed(tables):
    draft = draft_of("powder-not-paid", tables)
    changed = replace(draft, summary=SUMMARY, page="3", tests=(*draft.tests[1:], *WHOLE.tests[1:]))
    rule, *tests = changes_of(changed, tables, TODAY)
    assert rule.columns == ["summary", "page"]
    assert {(one.name, one.after is None) for one in tests} == {
        ("rule_tests.csv powder-not-paid any ingredient_source is bulk_powder", True),
        ("rule_tests.csv powder-not-paid case route is oral", False),
    }


def test_a_known_document_only_gets_its_day_and_its_fingerprint(tables):
    draft = draft_of("powder-not-paid", tables)
    source = replace(draft.source, last_checked="2026-11-28", sha256="a" * 64, title="Ignored")
    [change] = changes_of(replace(draft, source=source), tables, TODAY)
    assert change.name == "sources.csv made-up-policy"
    assert change.columns == ["last_checked", "sha256"]


def test_an_unconfirmed_rule_needs_nobody_to_have_read_its_document(tables):
    lead = replace(WHOLE, basis="unverified")
    assert changes_of(lead, tables, TODAY)[0].after["last_checked"] == ""
    assert changes_of(WHOLE, tables, TODAY)[0].after["last_checked"] == TODAY.isoformat()
    read = replace(WHOLE, source=replace(NEW_SOURCE, last_checked="2026-11-02"))
    assert changes_of(read, tables, TODAY)[0].after["last_checked"] == "2026-11-02"


def test_ids_that_are_taken_get_a_number(tables):
    once = apply(tables, changes_of(NEW_PAYER, tables, TODAY))
    twice = changes_of(NEW_PAYER, once, TODAY)
    assert keys(twice)[:5] == [
        "sources.csv invented-mutual-policy-compounds-2026-2",
        "payers.csv invented-mutual-2",
        "plans.csv invented-mutual-2-marketplace",
        "plans.csv invented-mutual-2-medicaid-ok",
        "rules.csv invented-mutual-2-bulk-powder-not-paid",
    ]


def test_a_rule_ends_by_its_last_day_and_stays(tables):
    [change] = end_of("powder-not-paid", " 2026-10-31 ", tables)
    assert change.columns == ["effective_to"]
    assert change.after["effective_to"] == "2026-10-31"


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ("", "Write the last day"),
        ("31.10.2026", "not a date"),
        ("2026-02-30", "not a date"),
        ("2025-12-31", "can't end before"),
        ("2026-10-31", None),
        ("2026", None),
    ],
)
def test_the_last_day_is_a_day_after_the_first(tables, last, sentence):
    [rule] = [row for row in rows_of(tables, RuleRow) if row.rule_id == "powder-not-paid"]
    found = end_problems(last, rule)
    assert bool(found) == bool(sentence)
    assert not sentence or sentence in found[0].sentence


@pytest.mark.parametrize("draft", [WHOLE, NEW_PAYER, NEW_PLAN])
def test_a_proposal_opened_again_comes_to_the_same_rows(tables, draft):
    changes = changes_of(draft, tables, TODAY)
    again = draft_from(changes, tables)
    assert again.rule_id == ""
    assert changes_of(again, tables, TODAY) == changes


def test_a_proposed_change_of_a_rule_opened_again(tables):
    draft = draft_of("powder-not-paid", tables)
    source = replace(draft.source, last_checked="2026-11-28")
    changes = changes_of(replace(draft, summary=SUMMARY, source=source), tables, TODAY)
    again = draft_from(changes, tables)
    assert again.rule_id == "powder-not-paid"
    assert again.source.last_checked == "2026-11-28"
    assert changes_of(again, tables, TODAY) == changes


def test_a_proposal_about_two_rules_is_none_for_the_form(tables):
    both = end_of("powder-not-paid", "2026", tables) + end_of("approved-paid", "2026", tables)
    with pytest.raises(ChangeError, match="exactly one rule"):
        draft_from(both, tables)


# -- ids ---------------------------------------------------------------------------------------


@given(st.text(max_size=90))
def test_every_name_makes_a_good_id(name):
    made = slug(name)
    assert made == "" or re.fullmatch(ID_PATTERN, made)
    assert len(made) <= 60


@given(title=st.text(max_size=60), name=st.text(min_size=1, max_size=80), value=st.text(max_size=9))
def test_whatever_is_typed_new_ids_have_the_right_form(title, name, value):
    draft = replace(
        NEW_PAYER,
        source=replace(NEW_SOURCE, title=title, document_date=""),
        payer=PayerDraft(name=name, kind="insurer"),
        tests=(TestDraft("case", "route", "is", (value,)),),
    )
    nothing: Tables = {model.FILE: [] for model in TABLES}
    for change in changes_of(draft, nothing, TODAY):
        assert change.key[0] == "" or re.fullmatch(ID_PATTERN, change.key[0]), change.key


# -- trying it out -----------------------------------------------------------------------------


def test_a_half_typed_draft_can_be_tried(tables):
    typed = RuleDraft(
        level="payer",
        payer=PayerDraft(payer_id="made-up-health"),
        lines=("marketplace",),
        effect="requires",
        tests=(TestDraft(values=()), POWDER),
        limits=(LimitDraft("tier", ""),),
        deadlines=(DeadlineDraft("hearing"),),
    )
    rule_id, changed = trial(typed, tables, TODAY)
    rule = from_tables(changed).rules_by_id[rule_id]
    assert rule.summary == "The sentence for patients is not written yet."
    assert len(rule.tests) == 1
    assert (rule.limits, rule.deadlines) == ((), ())


@pytest.mark.parametrize(
    "missing",
    [
        {"level": ""},
        {"lines": ()},
        {"effect": ""},
        {"payer": PayerDraft()},
        {"payer": PayerDraft(payer_id="gone")},
        {"source": SourceDraft("gone")},
        {"tests": (TestDraft("case", "age", "below", ("old",)),)},
    ],
)
def test_nothing_is_tried_while_it_is_not_known_who_says_what_to_whom(tables, missing):
    assert trial(replace(WHOLE, **missing), tables, TODAY) is None


def test_what_is_tried_is_what_is_proposed(tables):
    for draft in (WHOLE, NEW_PAYER, NEW_PLAN, draft_of("powder-not-paid", tables)):
        rule_id, changed = trial(draft, tables, TODAY)
        assert rule_id == new_rule_id(draft, tables)
        assert changed == apply(tables, changes_of(draft, tables, TODAY))


@pytest.mark.parametrize(
    ("draft", "cells"),
    [
        (WHOLE, {}),
        (NEW_PAYER, {}),
        (NEW_PLAN, {}),
        ("powder-not-paid", {"effective_to": "2026-12"}),
        ("appeal", {"summary": SUMMARY}),
        # other rules rest on the same document
        ("powder-not-paid", {"source": SourceDraft("made-up-policy", last_checked="2026-11-20")}),
    ],
    ids=["a rule", "a payer", "a plan", "one that ends", "one with a clock", "a document"],
)
def test_what_is_tried_is_linked_as_the_whole_dataset_would_be(tables, draft, cells):
    draft = replace(draft if isinstance(draft, RuleDraft) else draft_of(draft, tables), **cells)
    rule_id, changed = trial(draft, tables, TODAY)
    quick = trial_dataset(draft, from_tables(tables), tables, TODAY)
    assert quick == (rule_id, from_tables(changed))


def test_nothing_is_linked_while_it_can_not_be_tried(tables):
    assert trial_dataset(RuleDraft(), from_tables(tables), tables, TODAY) is None


# -- what is missing or wrong ------------------------------------------------------------------


def source(**cells):
    return {"source": replace(NEW_SOURCE, **cells)}


def looks_at(*cells, values=("yes",)):
    return {"tests": (TestDraft(*cells, values=values),)}


LIMIT, CLOCK = (
    LimitDraft("approval", "6", "months"),
    DeadlineDraft("hearing", "member", "standard", "30", counted_from="the notice"),
)

PROBLEMS = [
    # no citation, no rule
    (source(title=" "), "source.title", "title of the document"),
    (source(publisher=""), "source.publisher", "who published"),
    (source(grade=""), "source.grade", "what kind of copy"),
    (source(url=""), "source.url", "address"),
    (source(url="example.org"), "source.url", "https://"),
    (source(url="https://example.org/policy"), "source.url", "Made-up compound policy"),
    (source(document_date=""), "source.document_date", "tick that it gives none"),
    (source(document_date="March 2026"), "source.document_date", "not a date"),
    (source(document_date="2027-01"), "source.document_date", "future"),
    (source(no_date=True), "source.document_date", "keep one of them"),
    (source(last_checked="yesterday"), "source.last_checked", "not a date"),
    (source(last_checked="2027-01-01"), "source.last_checked", "future"),
    ({"section": "", "page": ""}, "section", "a section, a page or both"),
    ({"page": "iv"}, "page", "whole number"),
    ({"passage": "word " * 30}, "passage", "first words"),
    ({"source": SourceDraft("gone")}, "source", "not in the dataset any more"),
    ({"source": SourceDraft("made-up-hearsay")}, "basis", "unverified"),
    # who says it and whom it reaches
    ({"level": ""}, "level", "who speaks"),
    ({"payer": PayerDraft()}, "payer", "whose rule"),
    ({"payer": PayerDraft("gone")}, "payer", "pick it again"),
    ({"payer": PayerDraft("made-up-pbm")}, "level", "benefit manager"),
    ({"level": "pbm"}, "level", "benefit manager"),
    ({"payer": PayerDraft(name="New", kind="insurer")}, "plans", "plan that people can pick"),
    ({"payer": PayerDraft(name="New")}, "payer.kind", "kind of payer"),
    ({"payer": PayerDraft(name="invented  insurance", kind="insurer")}, "payer.name", "already"),
    ({"level": "plan", "payer": PayerDraft()}, "plan", "exactly one new plan"),
    ({"level": "plan", "plans": NEW_PLAN.plans, "payer": PayerDraft()}, "payer", "whose plan"),
    ({"level": "plan", "plans": NEW_PLAN.plans, "payer": PayerDraft(name="N")}, "payer.kind", ""),
    ({"plans": (replace(NEW_PLAN.plans[0], name=""),)}, "plans.1", "name a person would pick"),
    ({"plans": (replace(NEW_PLAN.plans[0], line=""),)}, "plans.1", "kind of insurance"),
    ({"plans": (replace(NEW_PLAN.plans[0], line="va"),)}, "plans.1", "does not reach"),
    ({"plans": NEW_PLAN.plans * 2}, "plans.2", "already"),
    ({"lines": ()}, "lines", "kind of insurance"),
    ({"effective_from": "soon"}, "effective_from", "not a date"),
    ({"effective_from": "2026-05", "effective_to": "2026-04"}, "effective_to", "before it begins"),
    # what it does
    ({"effect": ""}, "effect", "what the rule does"),
    ({"basis": ""}, "basis", "how firm"),
    ({"effect": "limits"}, "limits", "amount"),
    ({"effect": "sets_deadline"}, "deadlines", "deadline"),
    ({"limits": (LIMIT, LIMIT)}, "limits", "one kind"),
    ({"limits": (replace(LIMIT, kind=""),)}, "limits.1", "what is limited"),
    ({"limits": (replace(LIMIT, amount=""),)}, "limits.1", "write the amount"),
    ({"limits": (replace(LIMIT, amount="six"),)}, "limits.1", "not a number"),
    ({"deadlines": (CLOCK, CLOCK)}, "deadlines", "one step"),
    ({"deadlines": (replace(CLOCK, stage=""),)}, "deadlines.1", "which step"),
    ({"deadlines": (replace(CLOCK, amount="0"),)}, "deadlines.1", "whole number"),
    ({"deadlines": (replace(CLOCK, counted_from=""),)}, "deadlines.1", "event"),
    ({"deadlines": (replace(CLOCK, receipt_presumed_days="x"),)}, "deadlines.1", "whole number"),
    ({"deadlines": (replace(CLOCK, receipt_presumed_days="5"),)}, "deadlines.1", "received"),
    ({"deadlines": (replace(CLOCK, unit="weeks"),)}, "deadlines", "weeks"),
    # what it looks at
    (looks_at("case", ""), "tests.1", "what the rule looks at"),
    (looks_at(values=()), "tests.1", "compared with"),
    (looks_at("case", "on_formulary"), "tests.1", "which ingredients"),
    (looks_at("any", "on_formulary", values=("maybe",)), "tests.1", "maybe"),
    (looks_at("case", "age", "below", values=("old",)), "tests.1", "one number"),
    (looks_at("case", "medication", values=("nothing-of-the-kind",)), "tests", "medication"),
    ({"tests": (POWDER, POWDER)}, "tests", "very same thing"),
    # in a patient's words
    ({"summary": ""}, "summary", "your own plain words"),
    ({"effect": "requires_prior_authorization"}, "condition", "must be true or done"),
]


@pytest.mark.parametrize(("cells", "field", "words"), PROBLEMS)
def test_each_gap_is_named_in_one_sentence_at_its_field(tables, cells, field, words):
    found = problems(replace(WHOLE, **cells), tables, TODAY)
    mine = [one for one in found if one.field == field]
    assert mine, found
    assert any(words in one.sentence for one in mine), mine
    assert all(one.sentence.endswith(".") for one in found)


def test_a_binding_rule_that_is_not_confirmed(tables):
    draft = replace(WHOLE, level="law", payer=PayerDraft(), binding=True, basis="unverified")
    found = problems(draft, tables, TODAY)
    assert found == [Problem("binding", "What is not confirmed can't bind the plans below it.")]


def test_another_copy_of_a_kept_document_is_a_new_document(tables):
    first = replace(SourceDraft("made-up-policy"), sha256="a" * 64)
    once = apply(tables, changes_of(replace(WHOLE, source=first), tables, TODAY))
    other = replace(WHOLE, source=replace(first, sha256="b" * 64))
    assert [one.field for one in problems(other, once, TODAY)] == ["source.document"]
    assert problems(replace(WHOLE, source=first, summary=SUMMARY), once, TODAY) == []


def test_a_rule_that_is_opened_and_left_alone_changes_nothing(tables):
    draft = draft_of("powder-not-paid", tables)
    assert problems(draft, tables, TODAY) == [Problem("rule", "Nothing is changed yet.")]


def test_no_published_rule_is_called_wrong_by_the_form(published):
    """But for two things that older rules may lack: where in the document, and a change."""
    lacking = {"section", "rule"}
    wrong = {
        rule.rule_id: found
        for rule in rows_of(published, RuleRow)[::12]
        if (
            found := [
                one
                for one in problems(draft_of(rule.rule_id, published), published, TODAY)
                if one.field not in lacking
            ]
        )
    }
    assert wrong == {}


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "fact", "comparison", "values", "sentence"),
    [
        ("any", "ingredient_source", "is", "bulk_powder",
         "At least one active ingredient comes from bulk powder"),
        ("all", "ingredient_source", "is_not", "approved_product",
         "Every active ingredient does not come from an FDA-approved product"),
        ("none", "on_formulary", "is", "yes",
         "No active ingredient is on the plan's drug list"),
        ("any", "on_formulary", "is_not", "yes",
         "At least one active ingredient is not on the plan's drug list"),
        ("any", "ingredient", "is", "naltrexone cellulose",
         "At least one active ingredient is naltrexone or cellulose"),
        ("case", "monthly_cost", "above", "200", "The price of one month is above $200"),
        ("case", "age", "below", "", "The age is below ..."),
        ("case", "medication", "is", "ldn-capsule",
         "The medicine is Low dose naltrexone capsule"),
        ("case", "dosage_form", "is_not", "oral-liquid", "The dosage form is not oral liquid"),
        ("case", "indication", "is", "label compendium",
         "The use is on the label or in a drug reference book (compendium)"),
        ("case", "diagnosis", "is", "M79 G35", "The diagnosis code starts with M79 or G35"),
        ("case", "pharmacy_credentialed", "is", "",
         "The pharmacy ..."),
        ("none", "on_list", "is", "made-up-list",
         "No active ingredient is on the list made up list"),
    ],
)  # fmt: skip
def test_a_test_as_a_sentence(tables, who, fact, comparison, values, sentence):
    told = words.sentence_of(Quantifier(who), Fact(fact), Comparison(comparison), values, tables)
    assert told == sentence


def test_every_word_of_the_schema_has_words_of_the_trade():
    assert set(words.EFFECTS) == set(Effect)
    assert set(words.LEVELS) == set(Level) - {Level.FORMULARY}
    assert set(words.BASES) == set(Basis)
    assert set(words.GRADES) == set(Grade)
    assert set(words.FACTS) == set(Fact)
    assert set(words.WHO) == set(Quantifier) - {Quantifier.CASE}
    assert set(words.NUMBER_WORDS) | set(words.TEXT_WORDS) == set(Comparison)


def test_every_published_test_has_a_sentence_without_a_code(published):
    for row in rows_of(published, RuleTestRow):
        told = words.sentence_of(row.who, row.fact, row.comparison, row.values, published)
        assert "_" not in told
        assert "..." not in told
        if row.fact in INGREDIENT_FACTS:
            assert "ingredient" in told


def test_a_year_and_a_month_are_dates_too(tables):
    draft = replace(WHOLE, effective_from="2026", effective_to="2026-12")
    assert problems(draft, tables, date(2026, 11, 28)) == []


def test_a_line_may_be_taken_out_of_a_rule(tables):
    draft = replace(draft_of("powder-not-paid", tables), tests=())
    assert problems(draft, tables, TODAY) == []
    [change] = changes_of(draft, tables, TODAY)
    assert change.after is None
