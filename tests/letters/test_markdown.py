"""A typed value stays exactly its characters, whatever they would mean to another program."""

import datetime
import json
import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from compound_coverage.letters import markdown
from compound_coverage.letters.documents import READER, _pandoc_program
from compound_coverage.letters.gaps import Facts, Gap, Unprintable
from compound_coverage.letters.markdown import Paragraphs, day_in_words, escape
from compound_coverage.letters.templates import TemplateFolderError, words_of
from compound_coverage.letters.text import clean
from tests.letters.conftest import empty_case

SPECIAL = "\\`*_{}[]()#+-.!|<>&~$^=:;@\"'/%0123456789abc \n\t\r\u00a0\u2028é😀\0\u202e"
HOSTILE = st.text(st.sampled_from(SPECIAL), min_size=1, max_size=60) | st.text(
    min_size=1, max_size=60
)


def blocks_of(text):
    done = subprocess.run(
        [_pandoc_program(), f"--from={READER}", "--to=json"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)["blocks"]


def said(inlines):
    """The text of inlines, which may be nothing but words and spaces."""
    assert {inline["t"] for inline in inlines} <= {"Str", "Space"}, inlines
    return "".join(inline.get("c", " ") for inline in inlines)


def words(text):
    # pandoc writes a letter and its accent as one sign where Unicode has one
    return unicodedata.normalize("NFC", " ".join(clean(text).split()))


@settings(max_examples=20)
@given(st.lists(HOSTILE, min_size=40, max_size=40))
def test_a_value_reads_back_as_nothing_but_its_characters(values):
    values = [value for value in values if words(value)]
    blocks = blocks_of("\n\n".join(map(escape, values)))
    assert [block["t"] for block in blocks] == ["Para"] * len(values)
    assert [said(block["c"]) for block in blocks] == [words(value) for value in values]


@settings(max_examples=20)
@given(st.lists(HOSTILE, min_size=40, max_size=40))
def test_a_value_never_leaves_its_table_cell(values):
    values = [value for value in values if words(value)]
    rows = "\n".join(f"| {escape(value)} | kept |" for value in values)
    (table,) = blocks_of(f"| a | b |\n|---|---|\n{rows}\n")
    body = table["c"][4][0][3]
    cells = [[cell[4] for cell in row[1]] for row in body]
    assert [said(row[0][0]["c"]) for row in cells] == [words(value) for value in values]
    assert all(said(row[1][0]["c"]) == "kept" for row in cells)


@settings(max_examples=20)
@given(st.lists(HOSTILE, min_size=20, max_size=20))
def test_a_value_in_a_list_starts_nothing_new(values):
    values = [value for value in values if words(value)]
    blocks = blocks_of("\n".join(f"- {escape(value)}" for value in values))
    if values:
        (bullets,) = blocks
        assert [said(item[0]["c"]) for item in bullets["c"]] == [words(value) for value in values]


@pytest.mark.parametrize(
    "value",
    ["# h", "> q", "- a", "+ a", "1. a", "1)", "===", "---", "~~~", "```", "| a |", "a: b", ": d",
     "<script>", "&lt;", "&#60;", "![x](/etc/passwd)", "[x](javascript:1)", "<http://x.y>",
     "{{ 7 * 7 }}", "{% raw %}", "#let x = 1", "$x^2$", "\\input{x}", "\\"],
)  # fmt: skip
def test_markup_stays_words(value):
    (block,) = blocks_of(escape(value))
    assert block["t"] == "Para"
    assert said(block["c"]) == value


def rendered(template, **facts):
    return markdown._environment("en").from_string(template).render(facts)


def test_ordinary_text_is_left_readable():
    text = "Take 1 capsule (4.5 mg) at bedtime; cost $45.00, <5 points, Smith & Sons."
    assert escape(text) == text


def test_lines_become_paragraphs_only_where_asked():
    assert rendered("{{ x }}", x="a\n\nb") == "a b"
    assert rendered("{{ x | paragraphs }}", x="# a\n\n- b") == "\\# a\n\n\\- b"
    assert rendered("{{ x }}", x=Paragraphs("a\nb")) == "a\n\nb"


def test_a_gap_prints_as_a_gap_through_every_filter():
    gap = Gap("member ID", "patient")
    wanted = "**[ MISSING: member ID - patient can supply ]**"
    for use in ("x", "x | when", "x | ndc", "x | money", "x | paragraphs", "x | said('role')"):
        assert rendered("{{ " + use + " }}", x=gap) == wanted
    assert rendered("{% if x %}yes{% else %}no{% endif %}", x=gap) == "no"


@pytest.mark.parametrize(
    "template", ["{{ typo }}", "{{ typo | when }}", "{% if typo %}{% endif %}"]
)
def test_a_typing_slip_in_a_template_is_caught(template):
    with pytest.raises(UndefinedError):
        rendered(template)


def test_a_field_that_is_none_of_the_case_is_caught():
    with pytest.raises(UndefinedError):
        rendered("{{ case.patient.shoe_size }}", case=Facts(empty_case(), {}))


@pytest.mark.parametrize("value", [None, True, Unprintable("plan.fax")])
def test_a_template_may_not_print_what_is_no_fact(value):
    with pytest.raises(TemplateFolderError):
        rendered("{{ x }}", x=value)
    assert rendered("{% if x is none %}{% endif %}", x=value) == ""


def test_a_template_can_not_reach_into_python():
    with pytest.raises(SecurityError):
        rendered("{{ x.__class__.__mro__ }}", x="a")


def test_dates_and_amounts_in_words():
    assert rendered("{{ x }}", x=datetime.date(2026, 3, 9)) == "March 9, 2026"
    assert rendered("{{ '2026-03' | when }} {{ '2026' | when }}") == "March 2026 2026"
    assert rendered("{{ 'ongoing' | when }}") == "ongoing"
    assert rendered("{{ 1234.5 | money }}") == "$1,234.50"
    assert rendered("{{ '12345678901' | ndc }}") == "12345-6789-01"
    assert day_in_words("2026-03-09", words_of("es")) == "9 de marzo de 2026"
    assert day_in_words("not a date", words_of("es")) == "not a date"
