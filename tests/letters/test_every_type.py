"""Every letter, form and note: for a complete case and for one that says next to nothing."""

import io
import re
from dataclasses import replace

import docx
import pikepdf
import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from compound_coverage.letters.documents import to_both
from compound_coverage.letters.render import draft
from compound_coverage.letters.templates import languages, letter_type_named, letter_types
from compound_coverage.vocabulary import Case, LineOfBusiness
from tests.builders import TODAY
from tests.letters.conftest import LDN, PLAN, STUDIES, empty_case, made_case, make_determination

# sentences as long as real ones, so that the check of edited text can tell them apart
TRIALS = tuple(
    replace(
        study,
        doi=f"10.0/{study.study_id}",
        fair_sentence=f"In the made-up trial {study.study_id} twelve people took a low dose for "
        "twelve weeks and the scale fell about as much as with placebo (p=0.5).",
    )
    for study in STUDIES
)
TYPES = [letter.letter_type for letter in letter_types("en")]
LINES = tuple(LineOfBusiness)


class Markdown(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "md"


@pytest.fixture
def kept(snapshot):
    """The text as it was when somebody last read it; `pytest --snapshot-update` keeps a new one."""
    return snapshot.use_extension(Markdown)


def line_of(letter):
    return letter.calls.lines[0] if letter.calls.lines else LineOfBusiness.EMPLOYER_INSURED


def answer_for(line):
    plan = replace(PLAN, line_of_business=line)
    return make_determination(case=Case(plan=plan, medication=LDN, on=TODAY))


def full_case(letter):
    """The made-up example, with what only this letter needs."""
    if letter.urgency == "expedited":
        reason = "Waiting could do harm; see the chart (made-up example)"
        return made_case(request={"urgency": "expedited", "urgent_reason": reason})
    return made_case()


def made(name, language, case=None, line=None):
    letter = letter_type_named(name, language)
    case = full_case(letter) if case is None else case
    return draft(case, answer_for(line or line_of(letter)), LDN, TRIALS, name, language)


EVERY = [(name, language) for name in TYPES for language in languages()]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_text_of_a_complete_case_is_the_one_last_read(name, language, kept):
    assert made(name, language).markdown == kept


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_text_of_an_empty_case_is_the_one_last_read(name, language, kept):
    assert made(name, language, empty_case()).markdown == kept


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_complete_case_leaves_no_gap(name, language):
    letter = made(name, language)
    assert letter.missing == ()
    assert "MISSING:" not in letter.markdown
    assert "FALTA:" not in letter.markdown


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_an_empty_case_shows_its_gaps_and_names_nobody(name, language):
    letter = made(name, language, empty_case())
    gap = {"en": "MISSING:", "es": "FALTA:"}[language]
    assert (gap in letter.markdown) == (letter.missing != ())
    assert "Example" not in letter.markdown.replace("Example plan", "")


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("name", "language"), EVERY)
def test_no_insurance_breaks_a_letter(name, language, line):
    for case in (None, empty_case()):
        letter = made(name, language, case, line)
        assert letter.markdown.startswith("# ")
        assert letter.deadline


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_reading_copy_has_the_sections_of_the_letter(name, language):
    def sections(text):
        return [line.split(" ")[0] for line in text.splitlines() if line.startswith("#")]

    for case in (None, empty_case()):
        assert sections(made(name, language, case).markdown) == sections(
            made(name, "en", case).markdown
        )


@pytest.mark.parametrize("name", TYPES)
def test_all_but_a_patients_own_note_says_in_spanish_that_it_is_a_copy_to_read(name):
    letter = letter_type_named(name, "es")
    told = "copia de lectura" in made(name, "es").markdown.lower()
    assert told == (letter.kind != "note")


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_letter_says_nothing_a_letter_may_not_say(name, language):
    for case in (full_case(letter_type_named(name, language)), empty_case()):
        letter = made(name, language, case)
        assert letter.claims(letter.markdown) == []


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_word_and_pdf_hold_the_text_and_the_pdf_is_tagged(name, language):
    letter = made(name, language)
    word, pdf, warnings = to_both(letter.markdown, letter.title, language, letter.mark)
    assert warnings == []
    assert letter.title in "\n".join(p.text for p in docx.Document(io.BytesIO(word)).paragraphs)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang) == language
        kinds = set(_kinds(opened.Root.StructTreeRoot))
        assert {"/Document", "/H1", "/P"} <= kinds
        if "|---" in letter.markdown:
            assert {"/Table", "/TR", "/TH", "/TD"} <= kinds
        assert _part_of_the_standard(opened) == "1"


def _kinds(node):
    if "/S" in node:
        yield str(node.S)
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            yield from _kinds(kid)


def _part_of_the_standard(opened):
    with opened.open_metadata() as metadata:
        return metadata.get("pdfuaid:part")


def test_every_type_says_who_signs_when_to_use_it_and_which_clocks_run():
    for letter in letter_types("en"):
        assert letter.kind in ("letter", "form", "note", "sheet")
        assert letter.signer
        assert re.search(r"[.]$", letter.use), letter.letter_type
        if letter.kind == "letter":
            assert letter.clocks or letter.letter_type == "step_therapy_exception"


def test_every_negative_trial_is_named_wherever_a_trial_is():
    for name in TYPES:
        text = made(name, "en").markdown
        if "made-up trial pilot" in text:
            assert "made-up trial null-trial" in text, name
