"""The phrases hold together, name no payer, and speak plainly; codes mean what was read."""

import re
import tomllib
from typing import Any

import pytest

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.denial import (
    field_labels,
    read_pasted,
    reason_kinds,
    words_for,
)
from compound_coverage.letters.denial.patterns import FILE, ROUTES, hint_of, patterns
from compound_coverage.letters.denial.sheet import Sheet
from tests.letters.denial import making

TABLE = tomllib.loads(FILE.read_text(encoding="utf-8"))


def fields_of(model):
    """The models behind a field of the case file, lists of rows included."""
    return getattr(model, "model_fields", {})


def leads_somewhere(path):
    model: Any = CaseFile
    for step in path.split("."):
        if step not in fields_of(model):
            return False
        annotation = model.model_fields[step].annotation
        kinds = [annotation, *getattr(annotation, "__args__", ())]
        model = next((kind for kind in kinds if hasattr(kind, "model_fields")), None)
    return True


@pytest.mark.parametrize("kind", reason_kinds().values(), ids=lambda kind: kind.name)
def test_what_answers_a_reason_is_a_field_of_the_case_file(kind):
    assert kind.answer_with
    assert [path for path in kind.answer_with if not leads_somewhere(path)] == []


def test_every_kind_of_reason_stands_in_a_letter_of_the_golden_set_or_has_its_own_words():
    assert set(reason_kinds()) >= {
        kind
        for name in making.NAMES
        for kind in making.expected_of(name)["fields"].get("reason_kind", [])
    }
    assert set(TABLE["reject_codes"].values()) <= set(reason_kinds())


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("compound_excluded", "Your plan excludes compounded medicines."),
        ("bulk_powder", "It contains a bulk chemical powder."),
        ("not_on_formulary", "This is a non-formulary drug."),
        ("prior_authorization_needed", "Prior authorization is required."),
        ("step_therapy", "You must first try two other drugs."),
        ("quantity_limit", "It exceeds the plan's quantity limit."),
        ("off_label_or_experimental", "The use is investigational."),
        ("not_medically_necessary", "It is not considered medically necessary."),
        ("benefit_excluded", "It is excluded from your benefit."),
        ("missing_information", "We did not receive chart notes."),
        ("pharmacy_network", "It was filled at an out-of-network pharmacy."),
        ("cost_over_limit", "The cost exceeds the maximum."),
        ("refill_too_soon", "The refill is too soon."),
        ("not_part_d_drug", "It is not a Part D drug."),
        ("copy_of_marketed_drug", "It is essentially a copy."),
        ("no_compendium_support", "It is not supported by the compendia."),
        ("safety", "There is a drug interaction."),
        ("not_eligible", "You were not eligible on that date."),
        ("filed_too_late", "It did not meet timely filing."),
    ],
)
def test_each_kind_is_known_by_plain_words(kind, sentence):
    coded = {one.value: one.phrases for one in patterns().reasons}
    assert any(phrase.pattern.search(sentence.lower()) for phrase in coded[kind])


def test_no_sentence_of_praise_is_a_reason():
    kind = "compounded medications are covered under your plan and this drug is on the formulary."
    assert not [
        one.value
        for one in patterns().reasons
        if any(phrase.pattern.search(kind) for phrase in one.phrases)
    ]


GROUPS = ("routes", "decisions", "kinds", "plan_types", "levels", "reasons", "counted_from")


def texts_of(group):
    for row in TABLE[group].values():
        yield from (*row.get("phrases", ()), *row.get("labelled", ()))


def test_a_bar_stands_only_in_brackets():
    for text in [text for group in GROUPS for text in texts_of(group)]:
        before, bare = "", re.sub(r"\\[()]", "", text)
        while before != bare:
            before, bare = bare, re.sub(r"\([^()]*\)", "", bare)
        assert "|" not in bare, text


@pytest.mark.parametrize("name", making.NAMES)
def test_looking_only_where_the_hint_stands_misses_nothing(name):
    sheet = Sheet(read_pasted(making.text_of(name)).pages[0])
    for phrase in (
        p for group in GROUPS for one in getattr(patterns(), group) for p in one.phrases
    ):
        everywhere = {
            found.span()
            for unit in sheet.units
            for found in phrase.pattern.finditer(sheet.flat, unit.start, unit.end)
        }
        assert {found.span() for found in sheet.places_of(phrase)} >= everywhere, phrase


def test_every_code_has_plain_words():
    values = {
        "kind_of_notice": {
            f"{kind.value}_denial" for kind in patterns().kinds if kind.value != "pharmacy_reject"
        }
        | {"pharmacy_reject", "approval", "dismissal", "information_request"},
        "plan_type": {one.value for one in patterns().plan_types},
        "appeal_level": {one.value for one in patterns().levels},
        "appeal_counted_from": {one.value for one in patterns().counted_from},
        "decision": {one.value for one in patterns().decisions},
        "reason_kind": set(reason_kinds()),
    }
    for field, codes in values.items():
        assert {code for code in codes if words_for(field, code) == code} == set(), field
    assert words_for("member_id", "EX1") == "EX1"
    assert words_for("decision", "unclear") == "unclear"


def test_every_road_has_its_labels():
    assert set(ROUTES) == set(TABLE["routes"]) - {"fields", "help", "office"}
    assert field_labels()["appeal_deadline"] == "Appeal: last day"


def test_no_phrase_names_a_payer(bundled):
    names = {
        name
        for payer in bundled.payers.values()
        if payer.kind != "government_program"
        for name in (payer.name, *payer.other_names)
        if len(name) > 3
    }
    text = FILE.read_text(encoding="utf-8")
    assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)] == []


@pytest.mark.parametrize(
    ("phrase", "hint"),
    [
        ("bulk (\\w+ )?(powders?|chemicals?)", "bulk"),
        ("drugs?", "drug"),
        ("(a|b) (c )?", ""),
        ("not on the formulary", "formulary"),
    ],
)
def test_a_hint_is_a_word_that_can_not_be_missing(phrase, hint):
    assert hint_of(phrase) == hint


# -- the reject codes of the dataset -----------------------------------------------------------


def test_only_codes_read_in_a_public_source_have_a_meaning(bundled):
    assert " ".join(sorted(bundled.reject_codes)) == "21 34 3W 3Y 50 70 75 76 77 78 79 88 PF"
    for code in bundled.reject_codes.values():
        assert code.citation.last_checked
        assert code.citation.url
        assert code.citation.grade in ("B", "C")


def test_a_code_that_stands_for_a_reason_has_a_meaning(bundled):
    assert set(TABLE["reject_codes"]) <= set(bundled.reject_codes)
