"""Word and PDF files: marked, tagged, harmless, and literal to the last character."""

import io
import re
import unicodedata
import zipfile
from itertools import pairwise
from typing import get_args

import docx
import pikepdf
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from compound_coverage.letters import documents
from compound_coverage.letters.casefile import CaseFile, CaseFileError, load_case
from compound_coverage.letters.documents import DocumentError, to_docx, to_pdf, write
from compound_coverage.letters.markdown import escape
from compound_coverage.letters.render import draft
from compound_coverage.letters.text import clean, one_line
from tests.letters.conftest import LDN, STUDIES, empty_case, made_case, make_determination

LMN = "letter_of_medical_necessity"
MARK = "DRAFT - not reviewed by a prescriber"
MARKS = {"en": MARK, "es": "COPIA DE LECTURA, no se envía - BORRADOR"}


def letter(case, language="en"):
    return draft(case, make_determination(), LDN, STUDIES, LMN, language)


def pdf_of(made):
    data, warnings = to_pdf(made.markdown, made.title, made.language, made.mark)
    return data, warnings


def docx_of(made):
    return to_docx(made.markdown, made.title, made.language, made.mark)


def docx_text(data):
    document = docx.Document(io.BytesIO(data))
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def pdf_pages(data):
    # a font may file its zero-width space under another sign; it is not part of the text
    return [
        page.extract_text().replace("\u200b", "")
        for page in pypdf.PdfReader(io.BytesIO(data)).pages
    ]


def squeezed(text):
    return re.sub(r"\s", "", text)


# -- what every file carries -------------------------------------------------------------------


@pytest.mark.parametrize("case", [made_case, empty_case])
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_carries_the_mark_and_its_number(case, language):
    made = letter(case(), language)
    pages = pdf_pages(pdf_of(made)[0])
    assert len(pages) > 1
    for number, text in enumerate(pages, 1):
        assert squeezed(MARKS[language]) in squeezed(text)
        of = "de" if language == "es" else "of"
        assert f"{number} {of} {len(pages)}" in text
    sections = docx.Document(io.BytesIO(docx_of(made))).sections
    assert all(s.header.paragraphs[0].text == made.mark for s in sections)
    assert all(not s.different_first_page_header_footer for s in sections)


def test_without_a_mark_no_mark_is_printed():
    made = letter(made_case())
    data, _ = to_pdf(made.markdown, made.title, "en", "")
    assert not any("DRAFT" in text for text in pdf_pages(data))
    word = docx.Document(io.BytesIO(to_docx(made.markdown, made.title, "en", "")))
    assert word.sections[0].header.paragraphs[0].text == ""


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_pdf_is_tagged_for_screen_readers(language):
    made = letter(made_case(), language)
    with pikepdf.open(io.BytesIO(pdf_of(made)[0])) as pdf:
        root = pdf.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == language
        assert root.ViewerPreferences.DisplayDocTitle
        assert str(pdf.docinfo.Title) == made.title
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
        tags = tags_under(root.StructTreeRoot)
    assert {"/H1", "/H2", "/P", "/L", "/LI", "/Table", "/TR", "/TH", "/TD"} <= tags
    assert "/Figure" not in tags


def tags_under(node):
    found = {str(node.S)} if "/S" in node else set()
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            found |= tags_under(kid)
    return found


def test_the_word_file_has_title_language_and_header_rows():
    made = letter(made_case())
    data = docx_of(made)
    properties = docx.Document(io.BytesIO(data)).core_properties
    assert properties.title == made.title
    assert properties.created is not None
    assert properties.created.year > 2000
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        body = parts.read("word/document.xml").decode()
        assert body.count("<w:tblHeader") == body.count("<w:tbl>")
        assert 'w:val="en"' in parts.read("word/styles.xml").decode()
        assert body.count(made.title) == 1


def test_each_file_differs_from_every_other():
    made = letter(made_case())
    assert docx_of(made) != docx_of(made)
    readers = [pypdf.PdfReader(io.BytesIO(pdf_of(made)[0])) for _ in range(2)]
    nonces = {str(reader.metadata.get("/Keywords")) for reader in readers if reader.metadata}
    assert len(nonces) == 2
    assert all(len(nonce) >= 32 for nonce in nonces)


# -- hostile text in every field ---------------------------------------------------------------

HOSTILE = [
    "{{ 7 * 7 }} {% for x in y %} {# c #}",
    "# Heading ## *bold* _em_ `code` ~~~ --- ![i](/etc/passwd) [l](javascript:alert(1))",
    "<script>alert(1)</script> <b>x</b> &lt; &#60; <!-- c --> <?php ?>",
    '#read("/etc/passwd") #let x = 1 $ x^2 $ @cite <label> // c /* c */ ... -- --- ~ \\u{1F600}',
    "\\input{/etc/passwd} \\write18{ls} $$x$$ %c \\\\ ^^M",
    '=1+1 @SUM(A1) +cmd|"/c calc"!A0 -2+3',
    "a | b || c \\| d\n| x | y |\n|---|---|\ne\r\n\r\nf",
    "left \u202eright\u202c \u2066x\u2069 \u200f end \0 \x07 \x1b[31m \ufffe \ud800",
    "1. one\n2) two\n- three\n> four\n=== five\n\n    six",
]
PRINTABLE = "🙂 中文 עברית ไทย é"
LONG = "W" * 400


def fields(model, path=()):
    """Every free text field of the case file, as the path to it."""
    for name, info in model.model_fields.items():
        kinds = [info.annotation, *get_args(info.annotation)]
        kinds += [inner for kind in kinds for inner in get_args(kind)]
        parts = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        listed = "tuple" in str(info.annotation)
        step = (name, 0) if listed else (name,)
        if parts:
            yield from fields(parts[0], path + step)
        elif str in kinds:
            yield path + step


FREE = list(fields(CaseFile))
NEVER_PRINTED = {
    ("plan", "plan_id"), ("medication", "medication_id"), ("request", "letter_type"),
    ("diagnosis", "condition_id"), ("evidence", "studies", 0), ("answers", 0, "rule_id"),
}  # fmt: skip


def put(data, path, value):
    for here, following in pairwise(path):
        empty: list[object] | dict[str, object] = [] if isinstance(following, int) else {}
        if isinstance(here, int):
            while len(data) <= here:
                data.append({})
            data = data[here]
        else:
            data = data.setdefault(here, empty)
    if isinstance(path[-1], int):
        data[:] = [value]
    else:
        data[path[-1]] = value


def takes(path, value):
    """Does the field take any text, or only codes and dates?"""
    data = {"plan": {"plan_id": "p"}, "medication": {"medication_id": "m"}}
    put(data, path, value)
    try:
        load_case(data)
    except CaseFileError:
        return False
    return True


TEXT_FIELDS = [path for path in FREE if path not in NEVER_PRINTED and takes(path, "any text")]


def hostile_case(value):
    """A case whose every text field holds ``value`` behind its own number."""
    data = made_case(
        request={"stage": "appeal", "urgency": "expedited", "denied_on": "2026-10-01"},
        ingredients=[{"source": "bulk_powder"}],
        tried=[{"outcome": "failed"}],
        why_no_marketed_product={"shortage_checked_on": "2026-10-01"},
        prior_response={"measured_on": "2026-10-01"},
        answers=[{"rule_id": "source-rule", "answer": "x"}],
    ).model_dump(mode="json")
    for number, path in enumerate(TEXT_FIELDS):
        put(data, path, f"F{number:02}s {value} F{number:02}e")
    return load_case(data)


def literal(number, value):
    lines = [one_line(line) for line in clean(value).split("\n") if line.strip()]
    return squeezed(f"F{number:02}s" + "".join(lines) + f"F{number:02}e")


def printed(stage):
    renewal = [n for n, path in enumerate(TEXT_FIELDS) if path[0] == "prior_response"]
    return [n for n in range(len(TEXT_FIELDS)) if (n in renewal) == (stage == "renewal")]


def test_the_list_of_text_fields_is_not_empty_by_mistake():
    assert len(TEXT_FIELDS) > 50
    assert ("tried", 0, "reason") in TEXT_FIELDS
    assert ("attachments", 0) in TEXT_FIELDS


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_literal_in_word_and_pdf(value):
    made = letter(hostile_case(value))
    word = squeezed(docx_text(docx_of(made)))
    data, _ = pdf_of(made)
    page = squeezed("".join(pdf_pages(data)))
    for number in printed("appeal"):
        assert literal(number, value) in word, TEXT_FIELDS[number]
        assert f"F{number:02}e" in page
    assert "root:x:0" not in page + word
    assert not links(data)


@pytest.mark.parametrize("value", [PRINTABLE, LONG], ids=["scripts", "long-word"])
def test_strange_and_endless_text_survives_in_every_field(value):
    short = value[:480]
    made = letter(hostile_case(short))
    word = squeezed(docx_text(docx_of(made)))
    assert all(literal(number, short) in word for number in printed("appeal"))
    data, warnings = pdf_of(made)
    pages = pdf_pages(data)
    assert any("U+1F642" in w and "U+4E2D" in w for w in warnings) is (value == PRINTABLE)
    assert ("[U+1F642]" in "".join(pages)) is (value == PRINTABLE)
    assert_nothing_runs_off(pages)


def test_hostile_text_in_a_renewal_stays_literal_too():
    data = hostile_case(HOSTILE[1]).model_dump(mode="json")
    data["request"]["stage"] = "renewal"
    word = squeezed(docx_text(docx_of(letter(load_case(data)))))
    assert all(literal(number, HOSTILE[1]) in word for number in printed("renewal"))


def links(data):
    reader = pypdf.PdfReader(io.BytesIO(data))
    return [a for page in reader.pages for a in page.get("/Annots", [])]


def assert_nothing_runs_off(pages):
    """No line holds more of the widest letter than the paper is wide."""
    lines = [line for text in pages for line in text.split("\n")]
    assert max(line.count("W") for line in lines) < 60


# -- a value keeps its characters (property) ---------------------------------------------------

ANY_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
    | st.sampled_from("\\`*_[]<>|&#-=.1 "),
    min_size=1,
    max_size=40,
)


def composed(text):
    """Pandoc writes a letter and its accent as one sign where Unicode has one."""
    return unicodedata.normalize("NFC", text)


@settings(max_examples=20)
@given(st.lists(ANY_TEXT, min_size=30, max_size=30))
def test_a_typed_value_appears_literally_in_the_word_file(values):
    # Word has a sign of its own for the hyphen that may not break; python-docx reads it as "-"
    values = [composed(one_line(clean(value))).replace("\u2011", "-") for value in values]
    values = [value for value in values if value]
    text = "".join(f"x {escape(value)} y\n\n{escape(value)}\n\n" for value in values)
    document = docx.Document(io.BytesIO(to_docx(text, "T", "en", MARK)))
    wanted = [line for value in values for line in (f"x {value} y", value)]
    assert [paragraph.text for paragraph in document.paragraphs] == wanted


@settings(max_examples=20)
@given(st.lists(ANY_TEXT, min_size=30, max_size=30))
def test_any_text_can_be_set_as_a_pdf(values):
    text = "\n\n".join(filter(None, map(escape, values)))
    data, _ = to_pdf(f"# T\n\n{text}\n\n| a |\n|---|\n| {escape(values[0])} |\n", "T", "en", MARK)
    assert data.startswith(b"%PDF-")


# -- Markdown that a person edited -------------------------------------------------------------

EDITED = """### A letter that starts too deep

![](/etc/passwd) ![a picture](https://example.org/x.png) <script>alert(1)</script>

<script src="https://example.org/x.js">
alert(2)
</script>

```{=typst}
#read("/etc/passwd")
```

`#sys.inputs`{=typst} [click me](javascript:alert) [r][ref] <https://example.org/auto> $x^2$

[ref]: https://example.org/hidden

###### Six

#

---

> quoted ... with dots

1. one
2. two

| a | b |
|---|---|
| <b>x</b> | ![](file:///etc/passwd) |

&#x202e;turned &#xfffe; "quotes" -- and --- dashes
"""


def test_edited_markdown_stays_harmless():
    word = docx_text(to_docx(EDITED, "T", "en", MARK))
    data, _ = to_pdf(EDITED, "T", "en", MARK)
    page = "\n".join(pdf_pages(data))
    for text in (word, page):
        assert "root:x:0" not in text
        assert "/etc/passwd" in text
        assert "a picture" in text
        assert "<script>alert(1)</script>" in text
        assert '#read("/etc/passwd")' in text
        assert "click me (javascript:alert)" in text
        assert "r (https://example.org/hidden)" in text
        assert "quoted ... with dots" in text
        assert "\u202e" not in text
    assert '"quotes" -- and --- dashes' in page
    assert not links(data)


def test_edited_markdown_leaves_no_link_or_outside_part_in_the_word_file():
    with zipfile.ZipFile(io.BytesIO(to_docx(EDITED, "T", "en", MARK))) as parts:
        assert not [name for name in parts.namelist() if "media" in name]
        assert b"hyperlink" not in parts.read("word/document.xml")
        relations = [parts.read(name) for name in parts.namelist() if name.endswith(".rels")]
    assert not any(b"TargetMode" in relation for relation in relations)


def test_mark_and_title_are_text_and_not_code():
    nasty = 'A & B <w:t> "]#read("x") 😀'
    document = docx.Document(io.BytesIO(to_docx("x", nasty, "en", nasty)))
    assert document.core_properties.title == nasty
    assert document.sections[0].header.paragraphs[0].text == nasty
    data, warnings = to_pdf("x", nasty, "en", nasty)
    assert "[U+1F600]" in pdf_pages(data)[0]
    assert warnings


# -- when it can't be done ---------------------------------------------------------------------


def test_what_typst_refuses_is_one_sentence():
    with pytest.raises(DocumentError, match="make that part of the text simpler"):
        to_pdf("> " * 3000 + "x", "T", "en", MARK)


def test_what_pandoc_refuses_is_one_sentence(monkeypatch):
    monkeypatch.setattr(documents, "READER", "no-such-reader")
    with pytest.raises(DocumentError, match="can't be set"):
        to_docx("x", "T", "en", MARK)


def test_a_letter_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(documents, "SECONDS", 0.0001)
    with pytest.raises(DocumentError, match="too long"):
        to_docx("x" * 100_000, "T", "en", MARK)


def test_characters_that_never_show_end_in_a_sentence(monkeypatch):
    monkeypatch.setattr(documents, "_ROUNDS", 1)
    with pytest.raises(DocumentError, match="no font"):
        to_pdf("😀", "T", "en", MARK)


def test_a_long_list_of_hidden_characters_is_cut_short():
    _, warnings = to_pdf("".join(chr(0x4E00 + n) for n in range(20)), "T", "en", MARK)
    assert "and 10 more" in warnings[0]


# -- writing -----------------------------------------------------------------------------------


def test_a_file_is_written_whole(tmp_path):
    target = tmp_path / "letter.md"
    write(target, "é")
    write(str(target), b"new")
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["letter.md"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
