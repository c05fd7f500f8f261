"""The letter itself: complete or with visible gaps, honest, and never more than the case holds."""

import re
from dataclasses import replace

import pytest

from compound_coverage.letters.render import UnknownLetterError, draft
from compound_coverage.letters.templates import words_of
from compound_coverage.vocabulary import (
    Basis,
    Deadline,
    Effect,
    Fact,
    IngredientSource,
    Verdict,
)
from tests.letters.conftest import (
    CITATION,
    LDN,
    NALTREXONE,
    REVIEW_RULE,
    SOURCE_RULE,
    STUDIES,
    empty_case,
    made_case,
    make_determination,
    make_rule,
    make_study,
)

LMN = "letter_of_medical_necessity"
GAP = {"en": "[ MISSING:", "es": "[ FALTA:"}
APPROVAL = "is FDA-approved in another product (naltrexone 50 mg tablet)"


def letter(case=None, answer=None, medication=LDN, studies=STUDIES, language="en"):
    return draft(
        case or made_case(), answer or make_determination(), medication, studies, LMN, language
    )


def has(warnings, words):
    return any(words in warning for warning in warnings)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_complete_case_has_no_gap(language):
    made = letter(language=language)
    assert made.complete
    assert made.missing == ()
    assert GAP[language] not in made.markdown
    assert made.language == language


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_empty_case_shows_a_gap_for_every_missing_fact(language):
    made = letter(empty_case(), language=language)
    assert not made.complete
    # each missing fact is visible, and each gap is a missing fact
    gaps = set(re.findall(r"\*\*\[ .*? \]\*\*", made.markdown))
    assert len(gaps) == len(made.missing)
    assert {fact.who for fact in made.missing} == {"patient", "prescriber", "pharmacy", "plan"}
    assert all(fact.why for fact in made.missing)


def test_a_gap_names_the_fact_and_who_can_supply_it():
    made = letter(empty_case())
    assert "**[ MISSING: member ID - patient can supply ]**" in made.markdown
    assert "plan.member_id" in {fact.field for fact in made.missing}


def test_a_gap_in_a_row_is_named_by_its_place():
    made = letter(made_case(tried=[{"drug": "A", "outcome": "failed"}]))
    fields = {fact.field for fact in made.missing}
    assert {"tried[0].dose", "tried[0].start", "tried[0].stop", "tried[0].reason"} <= fields


def test_a_contraindicated_drug_needs_no_dates():
    row = {"drug": "A", "outcome": "contraindicated", "reason": "Allergy", "in_chart": "yes"}
    made = letter(made_case(tried=[row]))
    assert made.complete
    assert "| A | not taken | not taken | not taken | contraindicated |" in made.markdown


def test_every_optional_text_of_the_case_is_printed():
    made = letter(
        made_case(
            request={"stage": "appeal", "urgency": "expedited", "urgent_reason": "Urgent-text",
                     "denied_on": "2026-10-01", "denial_reference": "Ref-text",
                     "denial_reason": "Denial-text"},
            patient={"phone": "Phone-text", "address": "Address-text"},
            medication={"start": "2026-12-01"},
            diagnosis={"history": "History one\nHistory two"},
            why_no_marketed_product={"form_needed": "Form-text", "excipient_reaction": "Rash-text",
                                     "shortage": "Shortage-text", "other": "Other-text",
                                     "shortage_checked_on": "2026-11-20"},
        )
    )  # fmt: skip
    assert made.complete
    for text in ("Urgent-text", "October 1, 2026", "Ref-text", "Denial-text", "Phone-text",
                 "Address-text", "December 1, 2026", "History one\n\nHistory two", "Form-text",
                 "Rash-text", "Shortage-text Checked on: November 20, 2026",
                 "Other-text"):  # fmt: skip
        assert text in made.markdown


def test_a_renewal_shows_the_measured_response():
    unknown = dict.fromkeys(("measure", "before", "after", "measured_on"))
    made = letter(made_case(request={"stage": "renewal"}, prior_response=unknown))
    assert {"prior_response.before", "prior_response.after"} <= {f.field for f in made.missing}
    measured = {"measure": "PHQ-9", "before": "16", "after": "8", "measured_on": "2026-11-01"}
    made = letter(made_case(request={"stage": "renewal"}, prior_response=measured))
    assert made.complete
    assert "PHQ-9: before 16, now 8, measured on November 1, 2026" in made.markdown


# -- what the letter may claim -----------------------------------------------------------------


def test_the_letter_never_claims_more_than_it_may():
    text = letter().markdown.lower()
    for claim in ("proven", "effective for", "guideline", "no side effects", "most plans",
                  "guaranteed", "fda-approved ldn", "fda-approved low dose"):  # fmt: skip
        assert claim not in text
    assert "compounded medicines are not fda-approved" in text


def test_the_notice_line_is_for_the_user_and_not_in_the_letter():
    made = letter()
    line = "The date and address on your own notice control."
    assert made.deadline.endswith(line)
    assert line not in made.markdown


def test_the_signature_block_is_blank_and_names_the_prescribers_duty():
    text = letter().markdown
    assert re.search(r"Signature: (\\_)+\n", text)
    assert re.search(r"Date signed: (\\_)+\n", text)
    assert "a licensed prescriber must check every fact against the chart" in text


def test_label_facts_are_printed_only_where_the_ingredient_supports_them():
    text = letter().markdown
    assert APPROVAL in text
    assert "alcohol use disorder and opioid use disorder" in text
    assert "it is off-label" in text
    unknown = replace(LDN, ingredients=(replace(NALTREXONE, label_uses=()),))
    text = letter(medication=unknown).markdown
    assert APPROVAL not in text
    assert "If the use asked for here is not on the label" in text


def test_off_label_is_said_only_when_the_code_shows_it():
    text = letter(made_case(diagnosis={"icd10": "F10.20"})).markdown
    assert "it is off-label" not in text
    text = letter(made_case(diagnosis={"icd10": None})).markdown
    assert "depends on the diagnosis code" in text


@pytest.mark.parametrize(
    ("strength", "product", "shown"),
    [
        ("4.5 mg", "naltrexone 50 mg tablet", True),
        ("4.5 mg/mL", "naltrexone 50 mg tablet", False),
        ("25 mg", "naltrexone 50 mg tablet", False),
        ("4.5 mg", "naltrexone 50 mg vial", False),
        ("4.5 mg", "naltrexone tablet", False),
        (None, "naltrexone 50 mg tablet", False),
    ],
)
def test_arithmetic_is_shown_only_where_the_numbers_bear_it(strength, product, shown):
    medication = replace(LDN, ingredients=(replace(NALTREXONE, approved_product=product),))
    text = letter(made_case(medication={"strength": strength}), medication=medication).markdown
    assert ("about 11 times the dose of 4.5 mg" in text) is shown


def test_arithmetic_needs_one_active_ingredient():
    other = replace(NALTREXONE, ingredient_id="other", name="other")
    medication = replace(LDN, ingredients=(NALTREXONE, other))
    made = letter(medication=medication)
    assert "times the dose" not in made.markdown
    assert has(made.warnings, "other is in the medication, but not among the ingredients typed")


def test_bulk_powder_is_explained_or_shown_as_a_gap():
    row = {"name": "Naltrexone", "source": "bulk_powder", "ndc": "00000-0000-01",
           "quantity_per_unit": "4.5 mg"}  # fmt: skip
    made = letter(made_case(ingredients=[row]))
    assert "ingredients[0].reason_for_bulk" in {fact.field for fact in made.missing}
    assert has(made.warnings, "bulk powder and no reason is given")
    assert has(made.warnings, "exclude bulk powder")
    made = letter(made_case(ingredients=[{**row, "reason_for_bulk": "No tablet in supply"}]))
    assert made.complete
    assert "Why bulk powder is used for Naltrexone: No tablet in supply" in made.markdown


# -- evidence ----------------------------------------------------------------------------------


def test_a_negative_trial_can_not_be_left_out():
    made = letter(made_case(evidence={"studies": ["pilot"]}))
    assert "Fair sentence of pilot" in made.markdown
    assert "Fair sentence of null-trial" in made.markdown
    assert has(made.warnings, "null-trial) found no benefit")


def test_a_negative_trial_comes_in_by_the_condition_of_a_selected_study():
    case = made_case(
        diagnosis={"icd10": "M79.7", "condition_id": None}, evidence={"studies": ["pain-support"]}
    )
    studies = (*STUDIES, make_study("pain-support", "supports", condition_id="fibromyalgia"))
    made = letter(case, studies=studies)
    assert "Fair sentence of pain-trial" in made.markdown
    assert "null-trial" not in made.markdown


def test_where_nothing_is_selected_every_finished_study_of_the_condition_is_cited():
    studies = (*STUDIES, make_study("running", "pending"))
    made = letter(made_case(evidence={"studies": []}), studies=studies)
    assert "Fair sentence of pilot" in made.markdown
    assert "Fair sentence of null-trial" in made.markdown
    assert "running" not in made.markdown
    assert not has(made.warnings, "found no benefit")


def test_the_depression_code_alone_brings_in_the_depression_trials():
    case = made_case(diagnosis={"condition_id": None}, evidence={"studies": []})
    assert "Fair sentence of null-trial" in letter(case).markdown


def test_a_standard_dose_study_is_never_shown_as_low_dose_evidence():
    made = letter(made_case(evidence={"studies": ["big-dose"]}))
    low, standard = made.markdown.split("Studies at the standard dose, which are not evidence")
    assert "big-dose" not in low
    assert "Fair sentence of big-dose" in standard
    assert has(made.warnings, "standard dose")


def test_studies_that_do_not_fit_are_left_out_or_pointed_at():
    made = letter(made_case(evidence={"studies": ["nope", "other-drug", "pain-trial"]}))
    assert "other-drug" not in made.markdown
    assert has(made.warnings, "no study 'nope'")
    assert has(made.warnings, "another ingredient")
    assert has(made.warnings, "is about fibromyalgia, not about recurrent depression")


def test_a_year_is_not_printed_twice():
    studies = (make_study("a", "mixed", year="2017", journal="Journal 2017;1:2", pmid="123"),)
    text = letter(made_case(evidence={"studies": ["a"]}), studies=studies).markdown
    assert "(Author-a A, Other B, Journal 2017;1:2, PMID 123, doi 10.0/made-up)" in text


def test_no_study_is_said_to_be_no_study():
    assert "No study of this medication for this condition is cited." in letter(studies=()).markdown


def test_the_compendium_result_is_told_as_it_was_found():
    made = letter(made_case(evidence={"compendium": "supported"}))
    assert "Example compendium supports this use. Looked up by Example Prescriber" in made.markdown
    made = letter(made_case(evidence={"compendium": "not_looked_up"}))
    assert "whether a drug compendium supports this use" in made.markdown
    assert not made.complete


# -- the plan's rule ---------------------------------------------------------------------------


def test_the_deciding_rule_is_quoted_with_citation_and_answered_point_by_point():
    text = letter().markdown
    assert "Summary of source-rule. (Made-up policy, page 1, dated January 1, 2026" in text
    assert "checked November 1, 2026, https://example.org/policy" in text
    assert re.search(r"\| Condition of source-rule\..*FDA-approved product\.", text)
    assert re.search(r"\| Condition of review-rule\..*This letter is part of that request", text)


ASKED = {
    Fact.DIAGNOSIS: "F33.1",
    Fact.INDICATION: "does not support this use",
    Fact.AGE: "46 years old",
    Fact.MONTHLY_COST: "$45.00",
    Fact.MARKETED_IN_STRENGTH_OR_FORM: "not sold in this strength",
    Fact.PHARMACY_NETWORK: "in network? yes",
    Fact.PHARMACY_KIND: "503A",
    Fact.DOSAGE_FORM: "capsule",
    Fact.ROUTE: "oral",
    Fact.MEDICATION: "Low dose naltrexone capsule",
    Fact.DAILY_AMOUNT: "at bedtime",
    Fact.WITHDRAWN_FOR_SAFETY: "for safety? naltrexone: no",
    Fact.APPROVED_INGREDIENT: "FDA-approved product? naltrexone: yes",
    Fact.PRESCRIPTION_INGREDIENT: "prescription drug? naltrexone: yes",
    Fact.INGREDIENT_SOURCE: "FDA-approved product",
}


OF_THE_MEDICATION = {
    Fact.ROUTE,
    Fact.MEDICATION,
    Fact.WITHDRAWN_FOR_SAFETY,
    Fact.APPROVED_INGREDIENT,
    Fact.PRESCRIPTION_INGREDIENT,
}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("fact", ASKED)
def test_a_point_is_answered_from_the_case_or_is_a_gap(fact, language):
    answer = make_determination(make_rule("asks", Effect.REQUIRES, fact))
    full = letter(answer=answer, language=language)
    assert full.complete
    if language == "en":
        assert re.search(rf"\| Condition of asks\..*{re.escape(ASKED[fact])}", full.markdown)
    empty = letter(empty_case(), answer, language=language)
    always_known = fact in OF_THE_MEDICATION
    assert ("answers" in {f.field for f in empty.missing}) is not always_known


def test_a_public_fact_that_nobody_looked_up_is_a_gap():
    answer = make_determination(make_rule("asks", Effect.REQUIRES, Fact.WITHDRAWN_FOR_SAFETY))
    unknown = replace(LDN, ingredients=(replace(NALTREXONE, withdrawn_for_safety=None),))
    made = letter(answer=answer, medication=unknown)
    assert not made.complete
    assert "withdrawn from the market" not in made.markdown
    assert "naltrexone was not withdrawn from the market" in letter().markdown


def test_what_only_the_plan_knows_is_a_gap_until_the_prescriber_answers():
    answer = make_determination(make_rule("lists", Effect.REQUIRES, Fact.ON_LIST))
    assert not letter(answer=answer).complete
    typed = [{"rule_id": "lists", "answer": "Listed | on *page* 4"}]
    made = letter(made_case(answers=typed), answer)
    assert made.complete
    assert r"Listed \| on \*page\* 4" in made.markdown


def test_advice_to_the_patient_is_no_point_of_the_plans_rule():
    advice = replace(make_determination().conditions[0], what="Ask the plan to confirm it.")
    made = letter(answer=make_determination(conditions=(advice,)))
    assert "Ask the plan to confirm it." not in made.markdown


def test_no_rule_is_said_to_be_no_rule():
    answer = make_determination(verdict=Verdict.UNKNOWN, reasons=(), conditions=())
    assert "No published rule was found" in letter(answer=answer).markdown


def test_an_old_or_inferred_rule_says_so():
    rule = replace(SOURCE_RULE, basis=Basis.INFERRED)
    answer = make_determination(rule, REVIEW_RULE)
    stale = replace(answer, reasons=(replace(answer.reasons[0], stale=True),))
    made = letter(answer=stale)
    assert "to be confirmed as still in force, as we read it" in made.markdown
    assert has(made.warnings, "deciding rule is old")


def test_an_exclusion_is_told_plainly():
    made = letter(answer=make_determination(verdict=Verdict.NOT_COVERED))
    assert "That rule does not allow payment, and no exception to it was found." in made.markdown
    assert "I ask for an exception" not in made.markdown
    assert has(made.warnings, "leaves no exception route")
    assert has(
        letter(answer=make_determination(verdict=Verdict.COVERED)).warnings, "may not be needed"
    )


def test_an_exception_is_asked_for_where_there_is_one():
    made = letter(answer=make_determination(verdict=Verdict.EXCEPTION_ONLY))
    assert "I ask for an exception to it." in made.markdown


def test_the_clock_of_the_stage_is_shown_with_its_law():
    clock = make_rule(
        "clock",
        Effect.SETS_DEADLINE,
        citation=replace(CITATION, section="45 CFR 1.2"),
        deadlines=(
            Deadline("internal_appeal", "member", "standard", 180, "calendar_days", "the notice"),
        ),
    )
    answer = make_determination(clocks=(clock,))
    made = letter(made_case(request={"stage": "appeal"}), answer=answer)
    assert made.deadline.startswith("You have 180 calendar days from the notice. (45 CFR 1.2) ")
    assert "180" not in letter(answer=answer).deadline


# -- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"safety": {"opioids": "taking"}}, "STOP: the patient takes an opioid"),
        ({"safety": {"liver_disease": "present"}}, "Liver disease"),
        ({"safety": {"pregnancy": "pregnant"}}, "pregnant"),
        ({"diagnosis": {"icd10": "F33.41"}}, "in remission"),
        ({"why_no_marketed_product": {"shortage": "Short"}}, "without the day"),
        ({"tried": [{"start": "2021-05", "stop": "2020"}]}, "stops before it starts"),
        ({"tried": [{"in_chart": "no"}]}, "the chart does not show this"),
        ({"patient": {"name": "A\u202eB"}}, "U+202E"),
        ({}, "988"),
    ],
)
def test_what_a_person_should_know_is_said(changes, words):
    assert has(letter(made_case(**changes)).warnings, words)


@pytest.mark.parametrize(
    "changes",
    [
        {"risk_if_untreated": "It is proven to work."},
        {"tried": [{"reason": "LDN is the standard of care."}]},
        {"attachments": ["Proven results"]},
    ],
)
def test_typed_words_that_claim_too_much_are_pointed_out(changes):
    made = letter(made_case(**changes))
    found = [claim for claim in made.claims(made.markdown) if claim.kind == "proven"]
    assert found
    lines = made.markdown.splitlines()
    assert all(claim.quote[:6] in lines[claim.line - 1] for claim in found)


def test_no_warning_without_cause():
    case = made_case(
        diagnosis={"icd10": "F33.42", "active_relapse": "no"},
        tried=[{"start": "2021", "stop": "ongoing"}, {"start": "2021-03", "stop": "2021"}],
    )
    warnings = letter(case).warnings
    for words in ("in remission", "stops before", "STOP", "bulk powder", "proven"):
        assert not has(warnings, words)


def test_a_marketed_strength_contradicts_the_case():
    medication = replace(LDN, marketed_in_strength_or_form=True)
    assert has(letter(medication=medication).warnings, "our data lists a marketed one")


def test_bulk_is_no_matter_where_the_plan_takes_it():
    row = {"name": "Naltrexone", "source": "bulk_powder", "reason_for_bulk": "x"}
    answer = make_determination(by_source=((IngredientSource.BULK_POWDER, Verdict.COVERED),))
    assert not has(letter(made_case(ingredients=[row]), answer).warnings, "exclude bulk")


# -- the wrong papers --------------------------------------------------------------------------


def test_papers_of_another_case_are_refused():
    with pytest.raises(ValueError, match="another-plan"):
        letter(made_case(plan={"plan_id": "another-plan"}))
    with pytest.raises(ValueError, match="other-medication"):
        letter(medication=replace(LDN, medication_id="other-medication"))
    with pytest.raises(UnknownLetterError):
        draft(made_case(), make_determination(), LDN, STUDIES, "poem")


def test_words_do_not_change_while_a_letter_is_made():
    before = words_of("en")
    letter()
    assert words_of("en") is before
