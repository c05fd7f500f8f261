"""Letter folders hold together, in every language."""

import json
import re
import shutil
from typing import get_args

import pytest

from compound_coverage.dataset.schema import DeadlineRow
from compound_coverage.letters import markdown, templates
from compound_coverage.letters.casefile import CaseFile, RequestPart
from compound_coverage.letters.deadlines import deadline_line
from compound_coverage.letters.denial import reason_kinds
from compound_coverage.letters.gaps import is_unknown, values_at
from compound_coverage.letters.render import Missing, draft
from compound_coverage.letters.templates import (
    TemplateFolderError,
    UnknownLetterError,
    languages,
    letter_type_named,
    letter_types,
    words_of,
)
from compound_coverage.vocabulary import Verdict
from tests.letters.conftest import LDN, STUDIES, empty_case, made_case, make_determination

LETTERS = [letter for language in languages() for letter in letter_types(language)]
STAGE = RequestPart.model_fields["stage"]
NOTICE = "The date and address on your own notice control."


def name_of(letter):
    return f"{letter.letter_type}-{letter.language}"


def test_every_document_exists_in_every_language():
    assert languages() == ["en", "es"]
    english = [letter.letter_type for letter in letter_types()]
    assert [letter.letter_type for letter in letter_types("es")] == english
    assert "letter_of_medical_necessity" in english


def test_an_unknown_type_or_language_names_the_right_ones():
    with pytest.raises(UnknownLetterError, match="en, es"):
        letter_types("tlh")
    with pytest.raises(UnknownLetterError, match="letter_of_medical_necessity"):
        letter_type_named("love_letter", "en")


def test_every_type_calls_and_clocks_only_by_stages_that_exist():
    asked = set(get_args(next(filter(get_args, get_args(STAGE.annotation)))))
    known = set(get_args(DeadlineRow.model_fields["stage"].annotation))
    reasons = set(reason_kinds())
    for letter in letter_types("en"):
        assert set(letter.calls.stages) <= asked
        assert letter.stage in {"", *asked}
        assert set(letter.clocks) <= {"any", *asked}
        assert {stage for stages in letter.clocks.values() for stage in stages} <= known
        assert set(letter.calls.reasons) <= reasons


def test_a_letter_to_a_plan_is_not_proposed_where_the_plan_pays():
    lmn = letter_type_named("letter_of_medical_necessity", "en")
    assert Verdict.COVERED not in lmn.calls.verdicts


@pytest.mark.parametrize("stage", ["initial", "exception", "appeal", "renewal", "unheard-of"])
def test_where_no_clock_is_known_the_plan_is_asked_and_the_notice_named(stage):
    lmn = letter_type_named("letter_of_medical_necessity", "en")
    told = deadline_line((), lmn.clock_stages(stage))
    assert told == f"{words_of('en').no_clock} {NOTICE}"


@pytest.mark.parametrize("letter", LETTERS, ids=name_of)
def test_every_needed_field_exists_in_the_case_file(letter):
    full = made_case()
    for need in letter.needs:
        assert list(values_at(full, need.field)), need.field


@pytest.mark.parametrize("letter", LETTERS, ids=name_of)
def test_a_reading_copy_asks_for_the_same_facts_as_the_letter(letter):
    english = letter_type_named(letter.letter_type, "en")

    def shape(one):
        return [(n.field, n.who, n.when, n.only_if, n.unless) for n in one.needs]

    assert shape(letter) == shape(english)
    assert (letter.clocks, letter.calls) == (english.clocks, english.calls)
    assert (letter.kind, letter.stage, letter.urgency) == (
        english.kind,
        english.stage,
        english.urgency,
    )


def test_every_language_has_words_for_every_answer():
    english = words_of("en")
    for language in languages():
        words = words_of(language)
        assert {kind: set(of) for kind, of in words.said.items()} == {
            kind: set(of) for kind, of in english.said.items()
        }
        assert set(words.answers) == set(english.answers)
        assert set(words.label_uses) == set(english.label_uses)
        assert len(words.months) == 12


def test_every_coded_answer_of_the_case_file_has_words():
    codes = set()

    def collect(node):
        if isinstance(node, dict):
            codes.update(node.get("enum", ()))
            for value in node.values():
                collect(value)
        elif isinstance(node, list):
            for value in node:
                collect(value)

    collect(json.loads(json.dumps(CaseFile.model_json_schema())))
    unprinted = {"unknown", "not_looked_up"}
    spoken = {code for kind in words_of("en").said.values() for code in kind}
    assert codes - unprinted <= spoken


@pytest.mark.parametrize("letter", LETTERS, ids=name_of)
def test_no_value_of_a_template_can_become_a_numbered_list(letter):
    # a typed "1" followed by the template's own full stop would start a list
    text = (letter.folder / "template.md.j2").read_text(encoding="utf-8")
    assert not re.search(r"^(- )?\{\{[^}]*\}\}[.)]", text, re.MULTILINE)


def test_a_new_folder_is_a_new_letter_type(tmp_path, monkeypatch):
    home = tmp_path / "letter_templates"
    shutil.copytree(templates.TEMPLATES, home)
    folder = home / "en" / "short_note"
    folder.mkdir()
    (folder / "letter.toml").write_text(
        'title="Short note"\nsigner="The patient"\nuse="To say hello."\nkind="note"\n'
        'mark="note"\nneeds=["patient.name"]\n',
        encoding="utf-8",
    )
    template = "# {{ letter.title }}\n\nFrom {{ case.patient.name }}\n"
    (folder / "template.md.j2").write_text(template, encoding="utf-8")
    monkeypatch.setattr(templates, "TEMPLATES", home)
    monkeypatch.setattr(markdown, "TEMPLATES", home)
    markdown._environment.cache_clear()
    made = draft(made_case(), make_determination(), LDN, STUDIES, "short_note")
    empty = draft(empty_case(), make_determination(), LDN, STUDIES, "short_note")
    markdown._environment.cache_clear()
    assert made.markdown == "# Short note\n\nFrom Example Patient\n"
    assert made.complete
    assert "**[ MISSING: patient's name - patient can supply ]**" in empty.markdown
    why = "The plan must know whose request it is."
    assert empty.missing == (Missing("patient.name", why, "patient"),)


def write_letter(monkeypatch, home, text):
    shutil.copytree(templates.TEMPLATES, home)
    folder = home / "en" / "odd_letter"
    folder.mkdir()
    (folder / "letter.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(templates, "TEMPLATES", home)
    return folder


WHOLE = 'title="x"\nsigner="x"\nuse="x"\nkind="letter"\nmark="patient"\nneeds=["date"]\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('title = "x"', "kind"),
        (WHOLE.replace('"date"', '"patient.shoe_size"'), "shoe_size"),
        (WHOLE.replace('mark="patient"', 'mark="sparkly"'), "sparkly"),
        (WHOLE + '[calls]\nlines=["moon"]', "moon"),
    ],
)
def test_a_broken_folder_is_the_authors_fault_and_says_where(tmp_path, monkeypatch, text, told):
    folder = write_letter(monkeypatch, tmp_path / "home", text)
    with pytest.raises(TemplateFolderError, match=rf"letter\.toml.*{told}"):
        templates._read_letter(folder)


def test_a_fact_is_supplied_by_somebody_known():
    with pytest.raises(ValueError, match="aunt"):
        templates._known_person("aunt")


def test_a_field_that_does_not_exist_is_the_authors_fault():
    with pytest.raises(TemplateFolderError, match=r"patient\.shoe_size"):
        list(values_at(made_case(), "patient.shoe_size"))


def test_a_section_is_unknown_when_nothing_in_it_is_known():
    case = made_case(why_no_marketed_product={"strength_not_sold": None})
    assert is_unknown(case.why_no_marketed_product)
    assert not is_unknown(case.patient)
