"""Word and PDF files: marked, tagged, harmless, and literal to the last character."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread, Timer
from typing import get_args

import docx
import pikepdf
import pypdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import BaseModel

from compound_coverage.letters import documents, workers
from compound_coverage.letters.casefile import CaseFile, CaseFileError, load_case
from compound_coverage.letters.documents import (
    DocumentError,
    Layout,
    to_both,
    to_docx,
    to_pdf,
    typeset,
    write,
)
from compound_coverage.letters.markdown import escape
from compound_coverage.letters.render import draft
from compound_coverage.letters.templates import letter_types
from compound_coverage.letters.text import clean, one_line
from tests.letters.conftest import LDN, STUDIES, empty_case, made_case, make_determination

LMN = "letter_of_medical_necessity"
MARK = "DRAFT - not reviewed by a prescriber"
MARKS = {"en": MARK, "es": "COPIA DE LECTURA, no se envía - BORRADOR"}


def letter(case, language="en", letter_type=LMN):
    return draft(case, make_determination(), LDN, STUDIES, letter_type, language)


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


def letters_of(data):
    """The letters of all pages without their blanks, told by a faster reader."""
    with pypdfium2.PdfDocument(data) as pdf:
        return squeezed("".join(page.get_textpage().get_text_range() for page in pdf))


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


def test_several_papers_make_one_pdf_and_our_own_code_sees_what_was_typed_as_values():
    made, warnings = typeset(
        [
            "# Cover\n\none 😀",
            Layout("#pagebreak()"),
            "### Letter\n\ntwo",
            Layout("#pagebreak()\n#sys.inputs.last"),
        ],
        "T",
        "es",
        MARK,
        {"last": "# <three>"},
    )
    pages = pdf_pages(made)
    assert all(
        words in page for words, page in zip(["one", "two", "# <three>"], pages, strict=True)
    )
    for number, page in enumerate(pages, 1):
        assert f"Página {number} de 3" in page
        assert squeezed(MARK) in squeezed(page)
    assert warnings
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert "/H3" not in tags_under(pdf.Root.StructTreeRoot)


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


def fields_in(made):
    """The numbers of the fields that this letter prints."""
    return [n for n in range(len(TEXT_FIELDS)) if f"F{n:02}s" in made.markdown]


def at_stage(case, stage):
    data = case.model_dump(mode="json")
    data["request"]["stage"] = stage
    return load_case(data)


def test_the_list_of_text_fields_is_not_empty_by_mistake():
    assert len(TEXT_FIELDS) > 50
    assert ("tried", 0, "reason") in TEXT_FIELDS
    assert ("attachments", 0) in TEXT_FIELDS


def test_every_text_field_is_printed_by_some_letter():
    case = hostile_case("any text")
    kinds = [kind.letter_type for kind in letter_types("en")]
    stages = ["initial", "appeal", "renewal"]
    made = [letter(at_stage(case, stage), "en", kind) for kind in kinds for stage in stages]
    shown = set().union(*map(fields_in, made))
    assert [path for n, path in enumerate(TEXT_FIELDS) if n not in shown] == []


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_stays_literal_in_word_and_pdf(value):
    made = letter(hostile_case(value))
    word_file, data, _ = to_both(made.markdown, made.title, made.language, made.mark)
    word, page = squeezed(docx_text(word_file)), letters_of(data)
    assert len(fields_in(made)) > 50
    for number in fields_in(made):
        assert literal(number, value) in word, TEXT_FIELDS[number]
        assert f"F{number:02}e" in page
    assert "root:x:0" not in page + word
    assert not links(data)


@pytest.mark.parametrize(
    ("letter_type", "stage"),
    [*((kind.letter_type, "initial") for kind in letter_types("en")), (LMN, "renewal")],
)
def test_hostile_text_stays_literal_in_every_letter(letter_type, stage):
    value = " ".join(HOSTILE[1:4])
    made = letter(at_stage(hostile_case(value), stage), "en", letter_type)
    word_file, pdf, _ = to_both(made.markdown, made.title, made.language, made.mark)
    word, page = squeezed(docx_text(word_file)), letters_of(pdf)
    for number in fields_in(made):
        assert literal(number, value) in word, TEXT_FIELDS[number]
        assert f"F{number:02}e" in page
    assert "root:x:0" not in page + word
    assert not links(pdf)


@pytest.mark.parametrize("value", [PRINTABLE, LONG], ids=["scripts", "long-word"])
def test_strange_and_endless_text_survives_in_every_field(value):
    short = value[:480]
    made = letter(hostile_case(short))
    word = squeezed(docx_text(docx_of(made)))
    assert all(literal(number, short) in word for number in fields_in(made))
    data, warnings = pdf_of(made)
    pages = pdf_pages(data)
    assert any("U+1F642" in w and "U+4E2D" in w for w in warnings) is (value == PRINTABLE)
    assert ("[U+1F642]" in "".join(pages)) is (value == PRINTABLE)
    assert_nothing_runs_off(pages)


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


PICTURE_OF = """![picture](PLACE)

[![in a link](PLACE)](PLACE) ![outer ![inner](PLACE)](PLACE) ![r][r] <img src="PLACE">

[r]: PLACE "title"

| ![in a cell](PLACE) |
|---|
| <object data="PLACE"></object> |

```{=openxml}
<w:altChunk r:id="PLACE"/>
```

```{=typst}
#image("PLACE") #include "PLACE"
```

`#read("PLACE")`{=typst} `<w:x>PLACE</w:x>`{=openxml}

::: {.include file="PLACE"}
:::

\\input{PLACE} \\includegraphics{PLACE}

.. include:: PLACE

--8<-- "PLACE"
"""


def outside_parts(word_file, pdf):
    """Pictures, links to other files, and whatever else came into a document from elsewhere."""
    with zipfile.ZipFile(io.BytesIO(word_file)) as parts:
        found = [name for name in parts.namelist() if "media" in name or "afchunk" in name.lower()]
        found += [n for n in parts.namelist() if b"TargetMode" in parts.read(n)]
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        found += [image.name for image in page.images]
    return [*found, *links(pdf)]


def test_no_file_is_read_because_the_text_names_it(tmp_path):
    picture, secret = tmp_path / "picture.png", tmp_path / "secret.txt"
    Image.new("RGB", (8, 8), "red").save(picture)
    secret.write_text("SECRET-WORDS")
    for place in (picture, f"file://{picture}", secret, f"file://{secret}", "/proc/self/environ"):
        text = PICTURE_OF.replace("PLACE", str(place))
        word_file, pdf, _ = to_both(text, "T", "en", MARK)
        assert "SECRET-WORDS" not in docx_text(word_file) + "".join(pdf_pages(pdf))
        assert not outside_parts(word_file, pdf)


def test_no_address_is_called_because_the_text_names_it():
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET  # noqa: N815

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/picture.png"
        word_file, pdf, _ = to_both(PICTURE_OF.replace("PLACE", place), "T", "en", MARK)
        server.shutdown()
    assert not outside_parts(word_file, pdf)
    assert asked == []


def test_even_a_reader_that_can_include_files_finds_none(tmp_path, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET-WORDS")
    for reader, text in (("rst", f".. include:: {secret}"), ("latex", rf"\input{{{secret}}}")):
        monkeypatch.setattr(documents, "READER", reader)
        assert "SECRET-WORDS" not in docx_text(to_docx(f"x\n\n{text}\n", "T", "en", MARK))


# -- pandoc kept running -----------------------------------------------------------------------


def running():
    return {worker._process.pid for worker in documents._WORKERS._running}


def is_alive(pid):
    """Does the process run? One that ended and waits to be noticed does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def the_only_worker():
    """Starts anew with one program, and says which."""
    documents._WORKERS.stop()
    to_docx("x", "T", "en", MARK)
    (pid,) = [pid for pid in running() if is_alive(pid)]
    return pid


def test_both_files_say_what_each_alone_says():
    made = letter(made_case(tried=[{"drug": "Drug 😀...", "outcome": "failed"}]))
    word_file, pdf, warnings = to_both(made.markdown, made.title, made.language, made.mark)
    alone, told = pdf_of(made)
    assert docx_text(word_file) == docx_text(docx_of(made))
    assert pdf_pages(pdf) == pdf_pages(alone)
    assert warnings == told
    assert "U+1F600" in warnings[0]


def test_letters_made_at_once_each_hold_their_own_text():
    def make(number):
        text = f"### Letter {number}\n\n" + f"Number{number}. " * (number + 1)
        word_file, pdf, _ = to_both(text, f"Title {number}", "en", f"MARK {number}")
        return number, word_file, pdf

    with ThreadPoolExecutor(3) as pool:
        letters = list(pool.map(make, range(80)))
    assert len(running()) <= (os.cpu_count() or 1)
    for number, word_file, pdf in letters:
        document = docx.Document(io.BytesIO(word_file))
        page = "".join(pdf_pages(pdf))
        assert document.core_properties.title == f"Title {number}"
        assert document.sections[0].header.paragraphs[0].text == f"MARK {number}"
        for text in (docx_text(word_file), page):
            assert set(re.findall(r"(?:Number|Letter )(\d+)", text)) == {str(number)}
            assert text.count(f"Number{number}.") == number + 1
        assert f"MARK {number}" in page


def test_a_heading_does_not_depend_on_the_letter_before():
    styles = []
    for _ in range(2):
        document = docx.Document(io.BytesIO(to_docx("### a\n\n### b", "T", "en", MARK)))
        styles.append([p.style.name for p in document.paragraphs if p.style])
    assert styles == [["Heading 1", "Heading 2"]] * 2


def test_one_program_serves_many_letters():
    pid = the_only_worker()
    for _ in range(3):
        to_both("x", "T", "en", MARK)
    assert running() == {pid}


def test_a_program_that_was_ended_between_two_letters_is_replaced():
    pid = the_only_worker()
    os.kill(pid, signal.SIGKILL)
    assert docx_text(to_docx("still here", "T", "en", MARK)) == "still here"
    assert pid not in running()


def test_a_program_that_is_ended_midway_is_replaced_and_the_letter_still_comes():
    pid = the_only_worker()
    os.kill(pid, signal.SIGSTOP)
    Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
    assert docx_text(to_docx("still comes", "T", "en", MARK)) == "still comes"
    assert pid not in running()


def test_a_program_that_hangs_is_given_up_in_time_and_replaced(monkeypatch):
    pid = the_only_worker()
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(documents, "SECONDS", 0.2)
    with pytest.raises(DocumentError, match=r"^The letter took too long to set; [^\n]*\.$"):
        to_docx("x" * 1_000_000, "T", "en", MARK)  # more than fits into the pipe
    monkeypatch.undo()
    assert docx_text(to_docx("next", "T", "en", MARK)) == "next"
    assert pid not in running()
    assert not is_alive(pid)


def test_a_program_that_always_dies_ends_in_one_sentence(monkeypatch):
    the_only_worker()
    documents._WORKERS.stop()
    monkeypatch.setattr(documents._WORKERS, "_command", lambda: ["false"])
    with pytest.raises(DocumentError, match=r"too large; shorten its text\.$"):
        to_docx("x", "T", "en", MARK)
    monkeypatch.undo()
    assert docx_text(to_docx("x", "T", "en", MARK)) == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process's memory")
def test_a_letter_that_needs_too_much_memory_ends_in_one_sentence(monkeypatch):
    documents._WORKERS.stop()
    monkeypatch.setattr(workers, "MOST_MEMORY", 100 * 1024 * 1024)
    with pytest.raises(DocumentError, match="too large"):
        to_docx("*a* " * 50_000, "T", "en", MARK)
    monkeypatch.undo()
    assert docx_text(to_docx("next", "T", "en", MARK)) == "next"


def test_a_letter_that_fails_does_no_harm_to_the_next(monkeypatch):
    pid = the_only_worker()
    monkeypatch.setattr(documents, "READER", "no-such-reader")
    with pytest.raises(DocumentError, match=r"^The letter can't be set: [^\n]*\.$"):
        to_docx("first", "T", "en", MARK)
    monkeypatch.undo()
    assert docx_text(to_docx("second", "T", "en", MARK)) == "second"
    assert running() == {pid}


def test_a_program_is_replaced_after_many_letters(monkeypatch):
    monkeypatch.setattr(workers, "MOST_ANSWERS", 2)
    first = the_only_worker()
    to_docx("x", "T", "en", MARK)
    assert running() == {first}
    to_docx("x", "T", "en", MARK)
    assert first not in running()
    assert not is_alive(first)


def test_bytes_of_any_kind_come_through_whole():
    text = "".join(map(chr, range(0x20, 0x500))) + " \\ \t \ue000 😀"
    (made,) = documents._pandoc(escape(text), "en", "typst")
    assert "😀" in made.decode("utf-8")
    assert zipfile.ZipFile(io.BytesIO(documents._pandoc(text, "en", "docx")[0])).testzip() is None


def test_a_letter_given_up_by_its_asker_leaves_nothing_for_the_next(monkeypatch):
    pid = the_only_worker()

    def stop_waiting(fd, size):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "read", stop_waiting)
    with pytest.raises(KeyboardInterrupt):
        to_docx("first", "T", "en", MARK)
    monkeypatch.undo()
    assert docx_text(to_docx("second", "T", "en", MARK)) == "second"
    assert pid not in running()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_makes_its_own_letters_and_leaves_the_parents_program_alone():
    pid = the_only_worker()
    child = os.fork()
    if child == 0:
        own = False
        try:
            made = to_docx("from the child", "T", "en", MARK)
            own = docx_text(made) == "from the child" and pid not in running()
            documents._WORKERS.stop()
        finally:
            os._exit(0 if own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert docx_text(to_docx("from the parent", "T", "en", MARK)) == "from the parent"
    assert running() == {pid}


def test_a_program_ends_by_itself_once_nobody_holds_its_pipes():
    own = workers.Workers(documents._WORKERS._command)
    own.ask({"text": "x", "reader": documents.READER, "formats": ["json"]}, 60)
    (worker,) = own._running
    own._forget()
    assert not own._running
    assert os.waitpid(worker._process.pid, 0)[1] == 0
    shutil.rmtree(worker._folder)


MAKE_AND_END = """
import os, sys
from compound_coverage.letters import documents
documents.to_docx("x", "T", "en", "")
(worker,) = documents._WORKERS._running
print(worker._process.pid, worker._folder, flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's list of processes")
@pytest.mark.parametrize("end", ["in peace", "killed"])
def test_no_program_outlives_the_one_that_started_it(end):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MAKE_AND_END, end],
        capture_output=True,
        text=True,
        check=False,
    )
    pid, folder = done.stdout.split()
    wait_until(lambda: not is_alive(int(pid)))
    if end == "in peace":
        assert done.returncode == 0, done.stderr
        assert not Path(folder).exists()
    assert not list(Path(folder).glob("*"))


def test_a_program_that_was_stopped_is_no_zombie_and_leaves_no_folder():
    pid = the_only_worker()
    (folder,) = [Path(w._folder) for w in documents._WORKERS._running if w._process.pid == pid]
    assert folder.is_dir()
    documents._WORKERS.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()


# -- when it can't be done ---------------------------------------------------------------------


@pytest.mark.parametrize("text", ["> " * 3000 + "x", "*a **b " * 1500 + "c" + "** d*" * 1500])
def test_what_lies_too_deep_for_a_word_file_is_one_sentence(text):
    with pytest.raises(DocumentError, match="make that part of the text simpler"):
        to_docx(text, "T", "en", MARK)


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
    monkeypatch.undo()
    assert docx_text(to_docx("next", "T", "en", MARK)) == "next"


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


def test_a_table_at_the_very_end_keeps_its_last_row():
    text = "| Prescriber | Detail |\n|---|---|\n| Phone | 000-555-0101 |\n| Fax | 000-555-0102 |"
    word = docx.Document(io.BytesIO(to_docx(text, "Title", "en", "")))
    [table] = word.tables
    assert [cell.text for cell in table.rows[-1].cells] == ["Fax", "000-555-0102"]
