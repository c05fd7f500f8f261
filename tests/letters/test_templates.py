"""Letter folders hold together, in every language."""

import json
import re
import shutil
from typing import get_args

import pytest

from compound_coverage.dataset.schema import DeadlineRow
from compound_coverage.letters import markdown, templates
from compound_coverage.letters.casefile import CaseFile, RequestPart
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
NOTICE = "The date and address on your own notice control."


def test_languages_and_types():
    assert languages() == ["en", "es"]
    assert [letter.letter_type for letter in letter_types()] == ["letter_of_medical_necessity"]


def test_an_unknown_type_or_language_names_the_right_ones():
    with pytest.raises(UnknownLetterError, match="en, es"):
        letter_types("tlh")
    with pytest.raises(UnknownLetterError, match="letter_of_medical_necessity"):
        letter_type_named("love_letter", "en")


def test_every_type_says_signer_verdicts_and_the_clocks_of_every_stage():
    for letter in letter_types("en"):
        assert letter.signer == "The prescriber"
        assert Verdict.COVERED not in letter.verdicts
        asked = get_args(get_args(RequestPart.model_fields["stage"].annotation)[0])
        assert set(letter.stages) == set(asked)
        known = set(get_args(DeadlineRow.model_fields["stage"].annotation))
        assert {stage for stages in letter.stages.values() for stage in stages} <= known


@pytest.mark.parametrize("stage", ["initial", "exception", "appeal", "renewal", "unheard-of"])
def test_where_no_clock_is_known_the_plan_is_asked_and_the_notice_named(stage):
    (letter,) = letter_types("en")
    assert letter.deadline_for(stage, ()) == f"{letter.no_clock} {NOTICE}"


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.language)
def test_every_needed_field_exists_in_the_case_file(letter):
    full = made_case()
    for need in letter.needs:
        assert list(values_at(full, need.field)), need.field


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.language)
def test_a_reading_copy_asks_for_the_same_facts_as_the_letter(letter):
    english = letter_type_named(letter.letter_type, "en")

    def shape(one):
        return [(n.field, n.who, n.when, n.only_if, n.unless) for n in one.needs]

    assert shape(letter) == shape(english)
    assert letter.stages == english.stages
    assert letter.situations == english.situations


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


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.language)
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
        'title="Short note"\nsigner="The patient"\nmark="DRAFT"\nverdicts=["unknown"]\n'
        'notice="Look at your notice."\nno_clock="Ask."\nanswers_rule=false\n[stages]\n'
        '[[needed]]\nfield="patient.name"\nlabel="your name"\nwhy="To answer you."\nwho="patient"',
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
    assert "**[ MISSING: your name - patient can supply ]**" in empty.markdown
    assert empty.missing == (Missing("patient.name", "To answer you.", "patient"),)


def write_letter(folder, text):
    folder.mkdir(parents=True)
    (folder / "letter.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_broken_folder_is_the_authors_fault_and_says_where(tmp_path):
    with pytest.raises(TemplateFolderError, match=r"letter\.toml"):
        templates._read_letter(write_letter(tmp_path / "en" / "a", 'title = "x"'))
    whole = (
        'title="x"\nsigner="x"\nmark="x"\nverdicts=[]\nnotice="x"\nno_clock="x"\nanswers_rule=true\n[stages]\n'
        '[[needed]]\nfield="date"\nlabel="x"\nwhy="x"\nwho="aunt"'
    )
    with pytest.raises(TemplateFolderError, match="aunt"):
        templates._read_letter(write_letter(tmp_path / "en" / "b", whole))


def test_a_field_that_does_not_exist_is_the_authors_fault():
    with pytest.raises(TemplateFolderError, match=r"patient\.shoe_size"):
        list(values_at(made_case(), "patient.shoe_size"))


def test_a_section_is_unknown_when_nothing_in_it_is_known():
    case = made_case(why_no_marketed_product={"strength_not_sold": None})
    assert is_unknown(case.why_no_marketed_product)
    assert not is_unknown(case.patient)
