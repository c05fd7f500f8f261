"""From a case file and the published dataset to a draft."""

from datetime import date

import pytest

from compound_coverage.letters.assemble import case_of, draft_for, letter_table
from compound_coverage.letters.casefile import example_case, load_case
from compound_coverage.vocabulary import IngredientSource

ON = date(2026, 11, 24)
LETTER = "letter_of_medical_necessity"


def example(**sections):
    data = example_case()
    for name, changes in sections.items():
        data[name] = changes if isinstance(changes, list) else {**data[name], **changes}
    return load_case(data)


def ingredient(source, **more):
    return {"name": "naltrexone", "role": "active", "source": source, **more}


def test_the_case_file_puts_its_facts_to_the_engine(bundled):
    case = case_of(example(), bundled, ON)
    assert dict(case.sources) == {"naltrexone": IngredientSource.APPROVED_PRODUCT}
    assert case.diagnosis == "F33.1"
    assert case.compendium is False
    assert case.monthly_cost == 45.0
    assert case.pharmacy_network == "in_network"


@pytest.mark.parametrize(
    ("born", "age"),
    [("1980-11-24", 46), ("1980-11-25", 45), ("2026-11-25", None), (None, None)],
)
def test_the_age_is_counted_on_the_day_of_the_letter(bundled, born, age):
    patient = {"date_of_birth": born} if born else {"date_of_birth": ""}
    assert case_of(example(patient=patient), bundled, ON).age == age


@pytest.mark.parametrize(
    ("ingredients", "source"),
    [
        ([ingredient("bulk_powder")], {"naltrexone": IngredientSource.BULK_POWDER}),
        ([ingredient(None)], {}),
        ([ingredient("bulk_powder"), ingredient("approved_product")], {}),
        ([ingredient(None, ndc="51927-5086-01")], {"naltrexone": IngredientSource.BULK_POWDER}),
        ([], {}),
    ],
)
def test_the_source_is_known_only_when_the_file_says_one(bundled, ingredients, source):
    case = case_of(example(ingredients=ingredients), bundled, ON)
    assert dict(case.sources) == source


def test_a_code_that_contradicts_the_source_is_one_sentence(bundled):
    wrong = example(ingredients=[ingredient("approved_product", ndc="51927-5086-01")])
    with pytest.raises(ValueError, match="is listed as bulk powder"):
        draft_for(wrong, bundled, LETTER, "en", ON)


def test_the_diagnosis_code_alone_brings_in_the_negative_trial(bundled):
    """For depression both trials stand in the letter, though nobody picked the null one."""
    case = example(diagnosis={"condition_id": ""}, evidence={"studies": ["e-dep-1"]})
    draft = draft_for(case, bundled, LETTER, "en", ON)
    assert "Mischoulon" in draft.markdown
    assert "Moloney" in draft.markdown
    assert "did not differ from placebo" in draft.markdown
    assert any("must not leave out a negative trial" in warning for warning in draft.warnings)


@pytest.mark.parametrize(
    ("code", "trials"), [("M79.7", ["Due Bruun", "Rodr"]), ("K50.90", ["Smith"])]
)
def test_other_conditions_bring_their_own_trials(bundled, code, trials):
    case = example(
        diagnosis={"condition_id": "", "icd10": code, "words": "made up"},
        evidence={"studies": []},
    )
    markdown = draft_for(case, bundled, LETTER, "en", ON).markdown
    assert all(trial in markdown for trial in trials)
    assert "Mischoulon" not in markdown


@pytest.mark.parametrize(
    ("plan", "stage", "says"),
    [
        ("humana-medicare-part-d", "appeal", "You have 65 calendar days from the date on"),
        ("humana-medicare-part-d", "exception", "the prescriber's statement"),
        ("cigna-employer-insured", "appeal", "You have 180 calendar days"),
        ("cigna-employer-insured", "initial", "The plan has 15 calendar days"),
        ("cigna-marketplace", "exception", "The plan has 24 hours"),
        ("ohio-medicaid", "initial", "The plan has 24 hours"),
        ("tricare", "appeal", "You have 90 calendar days"),
        ("va", "appeal", "This kind of insurance has rules of its own"),
    ],
)
def test_the_deadline_is_the_datasets_own(bundled, plan, stage, says):
    case = example(plan={"plan_id": plan}, request={"stage": stage})
    deadline = draft_for(case, bundled, LETTER, "en", ON).deadline
    assert says in deadline
    assert deadline.endswith("The date and address on your own notice control.")


def test_every_letter_type_names_its_law_and_deadline(bundled):
    for language in ("en", "es"):
        for kind in letter_table(bundled, language):
            assert kind["law"]
            assert kind["deadline"]
            assert kind["signer"]
    first = letter_table(bundled, "en")[0]
    assert "42 CFR 423" in first["law"]
    assert "Medicaid: " in first["deadline"]
    notes = [kind for kind in letter_table(bundled, "en") if kind["type"] == "note_to_pharmacy"]
    assert notes[0]["deadline"] == notes[0]["law"] == "No law sets a time for it."


def test_every_letter_in_every_language_is_drafted_for_every_kind_of_plan(bundled):
    lines = {plan.line_of_business: plan.plan_id for plan in bundled.plans.values()}
    for plan_id in lines.values():
        for language in ("en", "es"):
            draft = draft_for(example(plan={"plan_id": plan_id}), bundled, LETTER, language, ON)
            assert draft.markdown.startswith("# ")
            assert "notice" in draft.deadline or "aviso" in draft.deadline
