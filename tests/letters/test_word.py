"""Our Word files say what pandoc's own would say, and hold what Word needs."""

import io
import zipfile

import docx
import pytest
from docx.oxml.ns import qn
from docx.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from compound_coverage.letters import documents
from compound_coverage.letters.documents import to_docx

BLOCKS = [
    'plain words, "quotes" & <tags> -- e\u0301 \u2011',
    "some *em* **strong *both* again** ***all*** `co  de` **`strong code`**",
    "line\\\nend and\nsoft end",
    "# Heading *one*",
    "###### Heading six",
    "- tight\n- list",
    "- loose\n\n- list\n\n  second paragraph",
    "1. one\n2. two",
    "7) seven\n\n8) eight",
    "0. zero",
    "- - twice\n- 1. marked",
    "- ```\n  code in a list\n  ```",
    "> quoted\n>\n> twice",
    "```\ncode <b>\n\n  of\ttwo lines\n```",
    "| a | *b* | `c` |\n|:--|:-:|--:|\n| 1 | | long words in here |\n| **2** | x | y |",
    "| only a head |\n|---|",
    "![a picture](/p) [a link](/l) &amp; &#1;x",
    "![](<>)",
]


def inside(mark, blocks):
    """Blocks in a quotation or as one item of a list."""
    following = mark if mark == "> " else " " * len(mark)
    return mark + "\n\n".join(blocks).replace("\n", f"\n{following}")


TEXTS = st.recursive(
    st.sampled_from(BLOCKS),
    lambda inner: st.builds(
        inside,
        st.sampled_from(["> ", "- ", "1. ", "4) "]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def told(data):
    """What a Word file shows, its paragraphs and tables in order."""
    document = docx.Document(io.BytesIO(data))
    lists = {
        found.get(qn("w:numId")): (
            kind_of(document, found.find(qn("w:abstractNumId")).get(qn("w:val"))),
            [start.get(qn("w:val")) for start in found.iter(qn("w:startOverride"))],
        )
        for found in document.part.numbering_part.element.findall(qn("w:num"))
    }
    return [
        table_of(block) if isinstance(block, Table) else paragraph_of(block, lists)
        for block in document.iter_inner_content()
    ]


def kind_of(document, number):
    [kind] = [
        kind
        for kind in document.part.numbering_part.element.findall(qn("w:abstractNum"))
        if kind.get(qn("w:abstractNumId")) == number
    ]
    return [level.get(qn("w:val")) for level in kind.iter(qn("w:lvlText"))]


def paragraph_of(paragraph, lists):
    number = paragraph._p.pPr.numPr if paragraph._p.pPr is not None else None
    place = number is not None and (number.ilvl.val, number.numId.val, lists[str(number.numId.val)])
    looks: list[tuple[object, str]] = []
    for run in paragraph.runs:
        look = (run.bold, run.italic, run.style.name)
        if looks and looks[-1][0] == look:
            looks[-1] = (look, looks[-1][1] + run.text)
        elif run.text == "\n":  # where a line ends, its look does not show
            looks.append(("", run.text))
        elif run.text:
            looks.append((look, run.text))
    return paragraph.style.name, paragraph.alignment, place, looks


def table_of(table):
    widths = [column.get(qn("w:w")) for column in table._tbl.tblGrid]
    heads = [row._tr.trPr is not None for row in table.rows]
    cells = [[[paragraph_of(p, {}) for p in c.paragraphs] for c in r.cells] for r in table.rows]
    properties = [(part.tag, sorted(part.items())) for part in table._tbl.tblPr]
    return properties, widths, heads, cells


@settings(max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=4).map("\n\n".join))
def test_a_word_file_shows_what_pandocs_own_shows(text):
    (pandocs,) = documents._pandoc(text, "en", "docx")
    assert told(to_docx(text, "T", "en", "")) == told(pandocs)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_kind_of_block_shows_as_pandocs_own(block):
    text = f"first\n\n{block}\n\nafter\n\nlast"
    (pandocs,) = documents._pandoc(text, "en", "docx")
    assert told(to_docx(text, "T", "en", "")) == told(pandocs)


def test_a_line_and_two_tables_in_a_row_stay_apart():
    text = "a\n\n---\n\nb\n\n| t |\n|---|\n\n| u |\n|---|"
    (pandocs,) = documents._pandoc(text, "en", "docx")
    ours = to_docx(text, "T", "en", "")
    assert told(ours) == told(pandocs)
    assert body_of(ours).count("<v:rect") == body_of(pandocs).count("<v:rect") == 1


def body_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return parts.read("word/document.xml").decode()


def list_places(text, part):
    found = [line for line in body_of(to_docx(text, "T", "en", "")).split("<") if part in line]
    return [int(line.split('"')[1]) for line in found]


def test_every_numbered_list_counts_anew():
    first, second, other, last = list_places(
        "1. a\n2. b\n\nwords\n\n1. c\n\nwords\n\n5. d", "w:numId "
    )
    assert first == second
    assert len({first, other, last}) == 3


def test_no_list_is_deeper_than_word_knows():
    text = "\n".join("  " * depth + f"- {depth}" for depth in range(14))
    assert list_places(text, "w:ilvl ") == [*range(9), *[8] * 5]


def test_the_same_program_makes_letters_of_both_languages():
    for language in ("en", "es", "en"):
        data = to_docx("x", "T", language, "")
        assert docx.Document(io.BytesIO(data)).core_properties.language == language
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            assert f'w:val="{language}"' in parts.read("word/styles.xml").decode()
