"""The case file: what it takes, what it refuses, and in how many words it says so."""

import json
import re

import pytest

from compound_coverage.letters.casefile import (
    CaseFile,
    CaseFileError,
    case_schema,
    example_case,
    load_case,
)
from compound_coverage.letters.codes import check_ncpdp, check_npi
from tests.letters.conftest import empty_case, made_case

LEAST = {"plan": {"plan_id": "p"}, "medication": {"medication_id": "m"}}


def changed(**sections):
    return {**LEAST, **sections}


FAULTS = {
    "an empty object": ({}, "plan"),
    "a mistyped key": (changed(patient={"nmae": "x"}), "patient.nmae"),
    "a key in a list": (changed(tried=[{"drugg": "x"}]), "tried[0].drugg"),
    "a section that is text": (changed(patient="x"), "patient"),
    "a list that is an object": (changed(tried={}), "tried"),
    "a number for a name": (changed(patient={"name": 5}), "patient.name"),
    "too long a line": (changed(patient={"name": "x" * 501}), "patient.name"),
    "too long a text": (changed(risk_if_untreated="x" * 20_001), "risk_if_untreated"),
    "too many rows": (changed(tried=[{"drug": "x"}] * 101), "tried"),
    "a header code": (changed(diagnosis={"icd10": "F33"}), "F33.0, F33.1"),
    "the old MS code": (changed(diagnosis={"icd10": "G35"}), "G35.A, G35.B0"),
    "no code at all": (changed(diagnosis={"icd10": "sadness"}), "diagnosis.icd10"),
    "a near code": (changed(diagnosis={"icd10": "F33.17"}), "Nearest: F33.1"),
    "a wrong NPI": (changed(prescriber={"npi": "1000000005"}), "check digit"),
    "a short NPI": (changed(pharmacy={"npi": "12"}), "pharmacy.npi"),
    "a wrong NCPDP": (changed(pharmacy={"ncpdp": "12"}), "pharmacy.ncpdp"),
    "ten bare digits": (changed(ingredients=[{"ndc": "1234567890"}]), "ingredients[0].ndc"),
    "an NDC without package": (changed(ingredients=[{"ndc": "12345-678"}]), "no package"),
    "a day that is none": (changed(date="2026-02-30"), "not a day on the calendar"),
    "a date in words": (changed(date="May 5"), "YYYY-MM-DD"),
    "a date of another age": (changed(date="0001-01-01"), "between 1900 and 2100"),
    "a month that is none": (changed(tried=[{"start": "2020-13"}]), "tried[0].start"),
    "a start in words": (changed(tried=[{"start": "spring"}]), "2024-03"),
    "an outcome nobody knows": (changed(tried=[{"outcome": "meh"}]), "'failed'"),
    "a negative price": (changed(pharmacy={"price_per_month": -1}), "price_per_month"),
    "a supply that is no number": (changed(medication={**LEAST["medication"], "refills": "x"}), ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_sentence_that_names_the_field(name):
    data, words = FAULTS[name]
    with pytest.raises(CaseFileError) as caught:
        load_case(json.dumps(data))
    message = str(caught.value)
    assert message.startswith("Case file, ")
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "one JSON object"),
        ("{", "line 1, column 2"),
        ('{"plan": NaN}', "NaN"),
        ('{"plan": {}, "plan": {}}', "'plan' twice"),
        ("[" * 100_000, "nested too deeply"),
        ("no-such-file.json", "can't be read"),
        ("a\0b", "can't be read"),
    ],
)
def test_a_text_that_is_no_case_file_is_refused_in_one_sentence(text, words):
    with pytest.raises(CaseFileError, match=re.escape(words)) as caught:
        load_case(text)
    assert "\n" not in str(caught.value)


def test_a_file_must_be_utf8_and_of_sane_size(tmp_path):
    latin, huge, good = (tmp_path / name for name in ("latin.json", "huge.json", "good.json"))
    latin.write_bytes('{"é": 1}'.encode("latin-1"))
    huge.write_bytes(b" " * 5_000_001)
    good.write_text(json.dumps(LEAST), encoding="utf-8-sig")
    with pytest.raises(CaseFileError, match="UTF-8"):
        load_case(latin)
    with pytest.raises(CaseFileError, match="5 MB"):
        load_case(huge)
    assert load_case(str(good)).plan.plan_id == "p"


def test_blank_null_and_unknown_all_mean_unknown():
    case = load_case(
        changed(
            patient={"name": "  ", "phone": None},
            safety={"opioids": "unknown", "pregnancy": ""},
            evidence={"compendium": "not_looked_up"},
            attachments=["", "x"],
        )
    )
    assert case.patient == empty_case().patient
    assert case.safety == empty_case().safety
    assert case.evidence.compendium is None
    assert case.attachments == ("x",)


def test_hidden_characters_are_taken_out_and_named():
    case = load_case(
        changed(patient={"name": "Ev\u202ean\0s\ud800"}, tried=[{"reason": "a\r\nb\ufffe"}])
    )
    assert case.patient.name == "Evans"
    assert case.tried[0].reason == "a\nb"
    assert case.removed == (
        "patient.name: characters that hide or turn text were taken out (U+202E, U+0000, U+D800).",
        "tried[0].reason: characters that hide or turn text were taken out (U+FFFE).",
    )


def test_numbers_are_kept_in_their_usual_form():
    case = load_case(
        changed(
            prescriber={"npi": "1000-000 004"},
            pharmacy={"ncpdp": "12 34567"},
            diagnosis={"icd10": "f331"},
            ingredients=[{"ndc": "1234-5678-90"}, {"ndc": "00000000001"}],
            tried=[{"start": "2020", "stop": "ongoing"}],
            patient={"name": "two\nlines"},
        )
    )
    assert case.prescriber.npi == "1000000004"
    assert case.pharmacy.ncpdp == "1234567"
    assert case.diagnosis.icd10 == "F33.1"
    assert [part.ndc for part in case.ingredients] == ["01234567890", "00000000001"]
    assert case.patient.name == "two lines"
    assert case.tried[0].stop == "ongoing"


def test_the_example_is_a_case_file_of_made_up_people():
    text = json.dumps(example_case("some-plan", "some-medication"))
    case = load_case(text)
    assert case.plan.plan_id == "some-plan"
    assert case.medication.medication_id == "some-medication"
    assert case.patient.name == "Example Patient"
    assert check_npi(str(case.prescriber.npi))
    assert check_ncpdp(str(case.pharmacy.ncpdp))
    assert case.removed == ()


def test_a_case_survives_a_round_trip_through_json():
    case = made_case()
    assert load_case(case.model_dump_json()) == case
    assert load_case(case.model_dump()) == case


def test_the_schema_names_every_section_and_refuses_strangers():
    schema = case_schema()
    assert set(schema["properties"]) == set(CaseFile.model_fields)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["plan", "medication"]
