"""What is said on the phone: asked in order, kept apart, marked, and never past a binding rule."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.determination.call_questions import (
    DID_NOT_SAY,
    Answer,
    check_reference,
    questions_for,
    still_to_ask,
)
from compound_coverage.determination.engine import STRICTNESS, determine
from compound_coverage.determination.told import (
    is_told,
    mark_of,
    side_by_side,
    told_case,
    told_rules,
    with_told,
)
from compound_coverage.language import speaking
from compound_coverage.vocabulary import (
    Comparison,
    Effect,
    Fact,
    Grade,
    Level,
    LineOfBusiness,
    Quantifier,
    Step,
    Unknown,
    Verdict,
)
from tests.builders import (
    APPROVED,
    BULK,
    FROM_APPROVED,
    FROM_POWDER,
    NALTREXONE,
    PLAN,
    TODAY,
    TWO_ACTIVES,
    Book,
    case,
    listed,
    looks_at,
    rule,
)
from tests.determination.test_engine_properties import cases, decisive, rule_sets

PAYS_POWDER = rule("powder", Effect.COVERS, FROM_POWDER)
NO = rule("no", Effect.EXCLUDES)
LAW = rule("law", Effect.EXCLUDES, level=Level.LAW, binding=True)
BOTH = case(BULK, medication=TWO_ACTIVES)


def told(question_id, code, **more):
    return Answer(question_id, code, **{"day": TODAY} | more)


def asked(made=(), now=None, book=None):
    return questions_for(determine(now or case(), book or Book(list(made))))


def ids(questions):
    return [question.question_id for question in questions]


# -- the questions -----------------------------------------------------------------------------


def test_what_is_open_is_asked_first_and_each_thing_once():
    on_list = looks_at(Fact.ON_FORMULARY, "yes", who=Quantifier.ALL)
    cheap = looks_at(Fact.MONTHLY_COST, "200", how=Comparison.AT_MOST)
    found = asked([rule("cheap", Effect.COVERS, on_list, cheap)])
    assert ids(found)[:2] == ["on_formulary", "pays"]
    assert ids(found).count("on_formulary") == 1
    assert "naltrexone 50 mg tablet" in found[0].text
    pharmacy = [question for question in found if question.whom == "pharmacy"]
    assert ids(pharmacy)[:2] == ["ingredient_source", "monthly_cost"]
    assert all(question.why for question in found)
    assert all(question.options[-1][0] == DID_NOT_SAY for question in found)


@pytest.mark.parametrize(
    ("fact", "value", "question_id"),
    [
        (Fact.PHARMACY_NETWORK, "in_network", "plan_network"),
        (Fact.PHARMACY_KIND, "503B", "pharmacy_kind"),
        (Fact.PHARMACY_CREDENTIALED, "yes", "pharmacy_credentialed"),
        (Fact.INDICATION, "compendium", "indication"),
    ],
)
def test_an_open_fact_has_its_question(fact, value, question_id):
    found = asked([rule("fm", Effect.COVERS, looks_at(fact, value))])
    assert ids(found).count(question_id) == 1


def test_the_state_is_asked_among_those_of_the_plan():
    two = replace(PLAN, states=("TX", "OK"))
    found = asked([rule("texas", Effect.EXCLUDES, states=frozenset({"TX"}))], case(plan=two))
    [state] = [question for question in found if question.question_id == "state"]
    assert dict(state.options) == {"TX": "Texas", "OK": "Oklahoma", DID_NOT_SAY: "It did not say"}


def test_an_old_rule_is_asked_about():
    old = replace(NO.citation, last_checked="2020-01-01", document_date="2019")
    assert "still_rule" in ids(asked([replace(NO, citation=old)]))


def test_only_an_employer_plan_is_asked_who_pays_the_claims():
    medicaid = replace(PLAN, line_of_business=LineOfBusiness.MEDICAID)
    assert "funding" in ids(asked())
    assert "funding" not in ids(asked(now=case(plan=medicaid)))


def test_a_question_nobody_foresaw_is_asked_with_yes_and_no():
    answer = replace(determine(case(), Book()), unknowns=(Unknown("Made-up question?", "plan"),))
    first = questions_for(answer)[0]
    assert first.text == "Made-up question?"
    assert [code for code, _ in first.options] == ["yes", "no", DID_NOT_SAY]


@pytest.mark.parametrize(
    ("answers", "gone"),
    [
        ([], []),
        ([told("pays", "no")], ["prior_authorization", "off_label", "plan_network"]),
        ([told("pays", "yes")], ["exception"]),
        ([told("plan_network", "in_network")], ["pharmacy_network"]),
        ([told("plan_network", "named_some")], []),
        # what was answered stays in the list of the call
        ([told("exception", "yes"), told("pays", "yes")], []),
    ],
)
def test_pointless_questions_are_skipped(answers, gone):
    every = asked()
    left = still_to_ask(every, answers)
    assert [one for one in ids(every) if one not in ids(left)] == gone


def test_questions_are_in_the_language_of_the_visit():
    with speaking("es"):
        assert ids(asked()) == ids(questions_for(determine(case(), Book())))


@pytest.mark.parametrize("text", ["", "A12-345", " 00 123  456 ", "#7/2026"])
def test_numbers_of_calls_pass(text):
    assert check_reference(text) == " ".join(text.split())


@pytest.mark.parametrize("text", ["Maria", "12 Maria", "M@ria1", "1" * 41])
def test_a_name_is_no_number_of_a_call(text):
    with pytest.raises(ValueError, match="No names"):
        check_reference(text)


# -- facts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "field", "value"),
    [
        (told("ingredient_source", "approved_product"), "sources", (("naltrexone", APPROVED),)),
        (told("ingredient_source", "powder_but_could"), "sources", (("naltrexone", BULK),)),
        (told("ingredient_source", "some_of_each"), "sources", ()),
        (told("monthly_cost", "amount", amount=45.0), "monthly_cost", 45.0),
        (told("monthly_cost", "amount"), "monthly_cost", None),
        (told("monthly_cost", "amount", amount=-1.0), "monthly_cost", None),
        (told("pharmacy_network", "in_network"), "pharmacy_network", "in_network"),
        (told("plan_network", "out_of_network"), "pharmacy_network", "out_of_network"),
        (told("plan_network", "named_some"), "pharmacy_network", ""),
        (told("state", "TX"), "state", "TX"),
        (told("state", "NY"), "state", ""),  # the plan is in Texas
        (told("indication", "yes"), "compendium", True),
        (told("pharmacy_kind", "503B"), "pharmacy_kind", "503B"),
        (told("pharmacy_kind", DID_NOT_SAY), "pharmacy_kind", ""),
        (told("pharmacy_credentialed", "no"), "pharmacy_credentialed", False),
        (told("has_rebate", "no"), "has_rebate", (("naltrexone", False),)),
    ],
)
def test_an_answer_settles_a_fact(answer, field, value):
    assert getattr(told_case(case(), [answer]), field) == value


def test_what_is_published_of_an_ingredient_stays():
    unknown = replace(NALTREXONE, withdrawn_for_safety=None, approved=None)
    now = case(medication=replace(case().medication, ingredients=(unknown,)))
    answers = [
        told("withdrawn_for_safety", "yes"),
        told("approved_ingredient", "no"),
        told("prescription_ingredient", "no"),
        told("marketed_in_strength_or_form", "yes"),
    ]
    [found] = told_case(now, answers).medication.ingredients
    assert (found.withdrawn_for_safety, found.approved) == (True, False)
    assert found.prescription_only is True  # published
    assert told_case(now, answers).medication.marketed_in_strength_or_form is False  # published
    new = replace(now.medication, marketed_in_strength_or_form=None)
    filled = told_case(replace(now, medication=new), answers)
    assert filled.medication.marketed_in_strength_or_form is True


def test_of_two_ingredients_only_what_surely_holds_for_both_is_filled_in():
    assert told_case(BOTH, [told("has_rebate", "no")]).has_rebate == ()
    assert len(told_case(BOTH, [told("has_rebate", "yes")]).has_rebate) == 2
    assert told_case(BOTH, [told("on_formulary", "not_listed")]).formulary == ()


# -- rules -------------------------------------------------------------------------------------

YES_FIRST = (told("pays", "yes"), told("prior_authorization", "above_amount", amount=100.0))


@pytest.mark.parametrize(
    ("answers", "now", "verdict"),
    [
        ([], case(), "unknown"),
        ([told("pays", DID_NOT_SAY)], case(), "unknown"),
        ([told("pays", "yes")], case(), "covered"),
        ([told("pays", "some")], case(), "conditional"),
        ([told("pays", "only_with_prior_authorization")], case(), "conditional"),
        ([told("pays", "only_by_exception")], case(), "exception_only"),
        ([told("pays", "no")], case(), "not_covered"),
        ([told("pays", "no"), told("exception", "yes")], case(), "exception_only"),
        ([told("by_source", "both_paid")], case(), "covered"),
        ([told("by_source", "neither"), told("pays", "yes")], case(), "not_covered"),
        ([told("by_source", "only_approved_product")], case(BULK), "not_covered"),
        ([told("by_source", "only_approved_product")], case(APPROVED), "covered"),
        ([told("by_source", "only_approved_product")], case(), "conditional"),
        ([told("pays", "yes"), told("prior_authorization", "always")], case(), "conditional"),
        (YES_FIRST, case(monthly_cost=100.0), "covered"),
        (YES_FIRST, case(monthly_cost=101.0), "conditional"),
        (YES_FIRST, case(), "conditional"),
        ([told("prior_authorization", "above_amount")], case(), "conditional"),
        ([told("pays", "yes"), told("prior_authorization", "no")], case(), "covered"),
        ([told("pays", "yes"), told("off_label", "no")], case(diagnosis="M79.7"), "not_covered"),
        ([told("pays", "yes"), told("off_label", "no")], case(diagnosis="F10.20"), "covered"),
        ([told("pays", "yes"), told("off_label", "only_with_proof")], case(), "conditional"),
        ([told("pays", "yes"), told("off_label", "yes")], case(), "covered"),
        # a call that has not been yet says nothing
        ([told("pays", "yes", day=date(2026, 11, 25))], case(), "unknown"),
    ],
)
def test_what_was_told_where_nothing_is_published(answers, now, verdict):
    answer = with_told(now, answers, Book())
    assert answer.verdict == verdict
    for reason in answer.reasons:
        assert is_told(reason.rule)
        assert mark_of(TODAY) in reason.rule.summary
    if answer.reasons:
        assert "Your plan told you" in answer.summary


def test_a_told_rule_says_where_it_is_from():
    [made] = told_rules(case(), [told("pays", "no", reference="A1-23")], TODAY)
    cited = made.citation
    assert cited.title == "What your plan told you by phone"
    assert cited.section == "Call number A1-23"
    assert (cited.url, cited.grade, cited.last_checked) == ("", Grade.C, "2026-11-24")
    assert (made.level, made.binding) == (Level.PLAN, False)


def test_the_drug_list_is_told_in_the_words_of_the_phone():
    on_list = looks_at(Fact.ON_FORMULARY, "yes", who=Quantifier.ALL)
    book = Book([rule("listed", Effect.COVERS, on_list)])
    answers = [told("on_formulary", "listed_with_prior_authorization")]
    answer = with_told(case(APPROVED), answers, book)
    said = [reason.rule for reason in answer.reasons if is_told(reason.rule)]
    assert answer.verdict == "conditional"
    assert "is on its drug list." in said[0].summary
    assert "must say yes first" in " ".join(made.summary for made in said)
    assert all(mark_of(TODAY) in made.summary for made in said)
    assert [reason.rule.rule_id for reason in answer.reasons if reason.decisive] == ["listed"]


def test_a_list_somebody_looked_up_is_not_told_anew():
    now = case(APPROVED, formulary=(listed(),))
    answer = with_told(now, [told("on_formulary", "not_listed")], Book())
    assert not any(is_told(reason.rule) for reason in answer.reasons)
    assert told_case(now, [told("on_formulary", "not_listed")]) == now


IN_LIST = looks_at(Fact.ON_LIST, "made-up-list", who=Quantifier.ANY)
BANNED = rule("banned", Effect.EXCLUDES, IN_LIST)


@pytest.mark.parametrize(
    ("code", "now", "rules", "held", "verdict"),
    [
        ("yes", case(BULK), [PAYS_POWDER, BANNED], {}, "not_covered"),
        ("no", case(BULK), [PAYS_POWDER, BANNED], {}, "covered"),
        # published: the list was read, and the voice does not change what it holds
        (
            "no",
            case(BULK),
            [PAYS_POWDER, BANNED],
            {("made-up-list", "naltrexone", "any"): True},
            "not_covered",
        ),
        # of the list of a law a voice of the plan settles nothing
        (
            "no",
            case(BULK),
            [PAYS_POWDER, replace(BANNED, level=Level.LAW, binding=True, payer_id="")],
            {},
            "conditional",
        ),
        # one of two lists: which, nobody said
        (
            "no",
            case(BULK),
            [
                PAYS_POWDER,
                BANNED,
                rule("more", Effect.EXCLUDES, replace(IN_LIST, values=("another-list",))),
            ],
            {},
            "conditional",
        ),
        ("yes", BOTH, [PAYS_POWDER, BANNED], {}, "conditional"),
    ],
)
def test_what_the_plan_says_of_its_own_ingredient_list(code, now, rules, held, verdict):
    book = Book(rules, listed=held)
    assert with_told(now, [told("on_list", code)], book).verdict == verdict


# -- side by side ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "code", "verdicts", "clash", "ask"),
    [
        ([NO], "yes", ("not_covered", "covered"), "Both can't be right", "page of the rule"),
        ([LAW], "yes", ("not_covered", "not_covered"), "can't change that rule", "in spite of"),
        ([LAW], "only_by_exception", ("not_covered", "not_covered"), "can't change", "in spite"),
        ([PAYS_POWDER], "no", ("covered", "not_covered"), "Your plan said no", "can appeal"),
        ([NO], "no", ("not_covered", "not_covered"), "", ""),
        ([PAYS_POWDER], "yes", ("covered", "covered"), "", ""),
        ([], "yes", ("unknown", "covered"), "", ""),
        ([NO], DID_NOT_SAY, ("not_covered", "not_covered"), "", ""),
    ],
)
def test_both_answers_and_where_they_contradict(rules, code, verdicts, clash, ask):
    both = side_by_side(case(BULK), [told("pays", code)], Book(rules))
    assert (both.published.verdict, both.told.verdict) == verdicts
    assert clash in " ".join(both.clash)
    assert ask in " ".join(both.asks)
    assert bool(both.clash) == bool(clash)
    assert not any(is_told(reason.rule) for reason in both.published.reasons)


@pytest.mark.parametrize(
    ("answer", "now", "note"),
    [
        (told("funding", "self_funded"), case(), "another kind"),
        (told("funding", "insured"), case(), ""),
        (told("ingredient_source", "bulk_powder"), case(APPROVED), "something else"),
        (told("ingredient_source", "bulk_powder"), case(), ""),
        (told("still_rule", "no"), case(), "newer rule"),
        (told("in_writing", "will_not_send"), case(), "in a letter"),
    ],
)
def test_what_else_to_know(answer, now, note):
    both = side_by_side(now, [answer], Book([FROM_LAW]))
    assert note in " ".join(both.notes)
    assert bool(both.notes) == bool(note)


FROM_LAW = rule("tablet", Effect.COVERS, FROM_APPROVED, level=Level.LAW)


def test_the_next_steps_are_the_published_ones():
    step = Step("appeal", 1, frozenset(), frozenset(), "", "Appeal in time.", "law")
    answer = with_told(case(), [told("pays", "yes")], Book([LAW], steps=(step,)))
    assert [(one.action, one.citation) for one in answer.next_steps] == [
        ("Appeal in time.", LAW.citation)
    ]


# -- what must hold whatever is published and whatever is said ---------------------------------

CODES = {
    "pays": ["yes", "some", "only_with_prior_authorization", "only_by_exception", "no"],
    "by_source": ["both_paid", "only_approved_product", "neither"],
    "on_formulary": ["listed", "listed_with_prior_authorization", "not_listed"],
    "prior_authorization": ["always", "above_amount", "no"],
    "off_label": ["yes", "only_with_proof", "no"],
    "exception": ["yes", "no"],
    "on_list": ["yes", "no"],
    "has_rebate": ["yes", "no"],
    "indication": ["yes", "no"],
    "ingredient_source": ["approved_product", "bulk_powder", "some_of_each"],
    "monthly_cost": ["amount"],
    "state": ["TX", "NY"],
}


@st.composite
def call(draw):
    chosen = draw(st.lists(st.sampled_from(sorted(CODES)), unique=True, max_size=5))
    return [
        told(
            question_id,
            draw(st.sampled_from([*CODES[question_id], DID_NOT_SAY])),
            amount=draw(st.sampled_from([None, 150.0, 250.0])),
        )
        for question_id in chosen
    ]


@given(rule_sets, cases)
def test_no_answers_no_change(made, now):
    assert with_told(now, [], Book(made)) == determine(now, Book(made))


@given(rule_sets, cases, call())
def test_the_published_answer_is_never_touched_and_the_told_one_marked(made, now, answers):
    book = Book(made)
    before = determine(now, book)
    both = side_by_side(now, answers, book)
    assert both.published == before == determine(now, book)
    assert not any(is_told(reason.rule) for reason in both.published.reasons)
    for reason in (*both.told.reasons, *both.told.context):
        assert is_told(reason.rule) == (mark_of(TODAY) in reason.rule.summary)


@given(rule_sets, cases, call(), st.sampled_from([Level.LAW, Level.PROGRAM]))
def test_nothing_said_gets_past_a_binding_exclusion(made, now, answers, level):
    ban = replace(LAW, rule_id="ban", level=level)
    below = [one for one in made if one.level not in (Level.LAW, Level.PROGRAM)]
    answer = with_told(now, answers, Book([*below, ban]))
    assert answer.verdict == Verdict.NOT_COVERED
    assert decisive(answer) == [ban]


@given(rule_sets, cases, call())
def test_where_a_binding_rule_decides_what_was_told_makes_nothing_better(made, now, answers):
    facts_alone = determine(told_case(now, answers), Book(made))
    if any(one.binding and one.effect in {Effect.EXCLUDES} for one in decisive(facts_alone)):
        answer = with_told(now, answers, Book(made))
        assert STRICTNESS[answer.verdict] >= STRICTNESS[facts_alone.verdict]
