"""Published papers: kept once by their bytes, read page by page, the passage found and shown."""

import hashlib
import io
from contextlib import suppress
from functools import cache

import pypdfium2  # type: ignore[import-untyped]
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select, update

from compound_coverage.casework.access import Action, Forbidden
from compound_coverage.casework.tables import SOURCE_DOCUMENT
from compound_coverage.curation import documents as module
from compound_coverage.curation.documents import (
    DocumentError,
    Documents,
    find_passage,
    media_type_of,
    page_picture,
    pages_of,
)
from compound_coverage.curation.passages import draw, printed
from compound_coverage.letters.denial import pdf
from compound_coverage.letters.denial.document import DocumentReadError
from compound_coverage.letters.pages import PageError, Word
from tests.letters.denial.making import pdf_of, scan_of

TEXT = "Compounds made from bulk powder are excluded, an efficient office files early."
HTML = b"""<!DOCTYPE html><html><head><title>Policy</title><style>p {color: red}</style>
<script>var words = "never read";</script></head><body><h1>Compounds</h1>
<p>Compounds made from <b>bulk</b> powder&nbsp;are <br>excluded.</p></body></html>"""


@cache
def two_pages():
    """A page that says nothing, and one that says ``TEXT`` in narrow lines."""
    source = f"The first page says nothing of it. #pagebreak() #block(width: 5cm)[{TEXT}]"
    return typst.compile(source.encode(), format="pdf", ignore_system_fonts=True)


def picture(kind="PNG", size=(40, 20)):
    held = io.BytesIO()
    Image.new("RGB", size, "white").save(held, kind)
    return held.getvalue()


@pytest.fixture
def papers(desk):
    return Documents(desk)


# -- keeping and reading -----------------------------------------------------------------------


def test_the_same_bytes_are_kept_once_and_come_back_as_they_were(papers, author, reviewer, desk):
    data = pdf_of(TEXT)
    kept = papers.keep(author, "policies/2026/Policy No 5.PDF", data)
    again = papers.keep(reviewer, "another name.pdf", data)
    assert kept.sha256 == again.sha256 == hashlib.sha256(data).hexdigest()
    assert (kept.name, kept.media_type) == ("Policy No 5.pdf", "application/pdf")
    assert (kept.bytes, kept.pages) == (len(data), 1)
    assert papers.read(reviewer, kept.sha256) == (kept, data)
    with desk.act(author, Action.DATASET_READ) as work:
        count = work.connection.execute(select(func.count()).select_from(SOURCE_DOCUMENT))
        assert count.scalar() == 1


def test_two_who_keep_the_same_bytes_at_once_lose_nothing(papers, author, monkeypatch):
    data = pdf_of(TEXT)
    kept = papers.keep(author, "policy.pdf", data)
    # as if the other's row came in just after we looked
    with monkeypatch.context() as blind:
        blind.setattr(module, "_row", lambda *_: None)
        assert papers.keep(author, "policy.pdf", data) == kept
    assert papers.read(author, kept.sha256) == (kept, data)


def test_only_advocates_keep_and_read(papers, practice, author):
    kept = papers.keep(author, "policy.txt", TEXT.encode())
    for role in ("staff", "prescriber", "manager", "auditor"):
        actor = practice.actor(role)
        with pytest.raises(Forbidden):
            papers.keep(actor, "policy.txt", TEXT.encode())
        with pytest.raises(Forbidden):
            papers.read(actor, kept.sha256)


def test_what_was_never_kept_or_was_changed_is_not_handed_out(papers, author, desk):
    with pytest.raises(DocumentError, match="No such document"):
        papers.read(author, "0" * 64)
    kept = papers.keep(author, "policy.txt", TEXT.encode())
    with desk.act(author, Action.DATASET_PROPOSE) as work:
        work.connection.execute(update(SOURCE_DOCUMENT).values(content=b"other words"))
    with pytest.raises(DocumentError, match="was changed"):
        papers.read(author, kept.sha256)


NAMES = {
    "policy.exe": "policy.txt",
    "..\\..\\windows\\policy": "policy.txt",
    "../../etc/<b>policy</b>": "b.txt",
    "  .  ": "document.txt",
    "": "document.txt",
    "Política de fármacos (2026).docx": "Política de fármacos (2026).txt",
    "a" * 500 + ".txt": "a" * 120 + ".txt",
    "line\nbreak\u202egpj.txt": "line breakgpj.txt",
}


def test_a_file_name_is_made_harmless(papers, author):
    for name, kept_as in NAMES.items():
        assert papers.keep(author, name, f"{TEXT} {name}".encode()).name == kept_as


# -- what it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7 whatever", "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (HTML, "text/html"),
        (b"\xef\xbb\xbf\n<HTML lang=en>", "text/html"),
        ("<html>".encode("utf-16"), "text/html"),
        (TEXT.encode(), "text/plain"),
        ("Größe".encode("cp1252"), "text/plain"),
    ],
)
def test_the_kind_is_told_from_the_bytes(data, media_type):
    assert media_type_of(data) == media_type


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"x" * 20_000_001, "20 MB"),
        (b"PK\x03\x04\x00\x00", "save the document as a PDF"),
        (b"\x01\x02 \xff\xff no text", "save the document as a PDF"),
        (b"GIF89a\x00\x00", "save the document as a PDF"),
        (picture("PNG")[:40], "damaged"),
        (b"\xff\xd8\xff no picture", "damaged"),
    ],
)
def test_what_is_no_paper_is_refused_in_one_sentence(data, sentence):
    with pytest.raises(DocumentError, match=sentence):
        media_type_of(data)


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 500)
    with pytest.raises(DocumentError, match="dots"):
        media_type_of(picture())


def test_a_broken_pdf_is_refused_when_it_is_kept(papers, author):
    with pytest.raises(DocumentError, match=r"damaged.*another copy"):
        papers.keep(author, "policy.pdf", b"%PDF-1.7 nothing more")


def test_a_pdf_without_pages_is_refused(papers, author, monkeypatch):
    monkeypatch.setattr(pdf, "pages_of", lambda *_: (0, []))
    with pytest.raises(DocumentError, match="no pages"):
        papers.keep(author, "policy.pdf", b"%PDF-1.7")


@given(st.binary(max_size=400))
def test_whatever_is_attached_is_a_known_kind_or_refused(data):
    with suppress(DocumentError):
        assert media_type_of(data) in module.SUFFIXES


# -- its text ----------------------------------------------------------------------------------


def test_a_pdf_is_read_page_by_page():
    pages = pages_of(two_pages())
    assert len(pages) == 2
    assert "says nothing" in pages[0]
    assert "made from bulk\npowder" in pages[1]
    assert find_passage(pages, "Compounds made from bulk") == [2]


def test_a_scan_is_read_off_its_picture():
    pages = pages_of(scan_of(pdf_of(f"{TEXT}\n{TEXT}")))
    assert find_passage(pages, "bulk powder are excluded") == [1]


def test_a_page_that_can_not_be_read_is_empty(monkeypatch):
    def fails(*_, **__):
        raise DocumentReadError("No words; take a sharper photo.")

    monkeypatch.setattr(module, "read_picture", fails)
    assert pages_of(scan_of(pdf_of(TEXT))) == [""]
    assert pages_of(picture("PNG")) == [""]


def test_a_picture_is_read_too():
    with pypdfium2.PdfDocument(pdf_of(TEXT)) as document:
        held = io.BytesIO()
        document[0].render(scale=3).to_pil().save(held, "PNG")
    assert find_passage(pages_of(held.getvalue()), "bulk powder") == [1]


def test_of_a_web_page_only_what_a_reader_sees():
    [text] = pages_of(HTML)
    assert "never read" not in text
    assert "color" not in text
    assert find_passage([text], "powder are excluded") == [1]
    assert pages_of(b"<html></style></script>Seen.</html>") == ["Seen."]


def test_a_text_is_one_page():
    assert pages_of(TEXT.encode()) == [TEXT]


# -- the passage -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pages", "passage", "found"),
    [
        (["Bulk powder is excluded.", "See also: bulk powder."], "Bulk powder", [1, 2]),
        (["Bulk\n   powder is ex-\ncluded"], "bulk powder is excluded", [1]),
        (["An of\ufb01ce \ufb02ies, a co\u00adpay"], "an office flies, a copay", [1]),
        (["An office"], "an of\ufb01ce", [1]),
        (["“Bulk” powder—none"], '"bulk" powder - none', [1]),
        (["It ends with bulk", "powder at the top"], "bulk powder", [1]),
        (["It ends with bulk", "and more"], "bulk powder", []),
        (["Nothing of it"], "bulk powder", []),
        (["Bulk powder"], "  - ", []),
        ([], "bulk", []),
    ],
)
def test_a_passage_is_found_whatever_the_printer_did_to_it(pages, passage, found):
    assert find_passage(pages, passage) == found


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.data())
def test_what_stands_on_a_page_is_found_there(pages, data):
    at = data.draw(st.integers(0, len(pages) - 1))
    start = data.draw(st.integers(0, len(pages[at])))
    passage = pages[at][start : start + 20]
    if any(char.isalnum() for char in passage):
        assert at + 1 in find_passage(pages, passage)


# -- its picture -------------------------------------------------------------------------------


def yellow(png):
    """How many dots the marker coloured."""
    with Image.open(io.BytesIO(png)) as page:
        dots = page.convert("RGB").tobytes()
    triples = zip(dots[::3], dots[1::3], dots[2::3], strict=True)
    return sum(red > 200 and green > 180 and blue < 190 for red, green, blue in triples)


def test_the_passage_is_marked_on_the_picture_of_its_page():
    data = two_pages()
    plain, marked = page_picture(data, 2), page_picture(data, 2, "bulk powder are")
    assert yellow(plain) == 0
    assert 500 < yellow(marked) < 50_000
    assert yellow(page_picture(data, 1, "bulk powder are")) == 0
    # what the child does, in this process
    assert draw(data, 2, "") != draw(data, 2, "bulk")


@pytest.mark.parametrize("page", [0, 3])
def test_a_page_that_is_not_there(page):
    with pytest.raises(PageError, match="no page"):
        page_picture(two_pages(), page)
    with pytest.raises(PageError, match="no page"):
        draw(two_pages(), page, "")


def test_a_picture_is_its_own_page_made_smaller_if_it_is_huge():
    with Image.open(io.BytesIO(page_picture(picture("JPEG"), 1))) as shown:
        assert shown.size == (40, 20)
    with Image.open(io.BytesIO(page_picture(picture(size=(4000, 2000)), 1))) as shown:
        assert shown.width * shown.height <= 4_000_000


@pytest.mark.parametrize(
    ("data", "sentence"), [(TEXT.encode(), "read the text"), (picture("PNG")[:60], "damaged")]
)
def test_a_text_or_a_broken_picture_has_no_picture(data, sentence):
    with pytest.raises(PageError, match=sentence):
        page_picture(data, 1)


@pytest.mark.parametrize(
    ("passage", "words"),
    [
        ("bulk powder", ["bulk", "pow-", "der"]),
        ("powder are", ["pow-", "der", "are"]),
        ("from bulk", ["from", "bulk"]),
        ("nothing", []),
        ("", []),
    ],
)
def test_the_words_a_passage_covers(passage, words):
    page = [Word(text, 0, 0, 1, 1) for text in ("made", "from", "-", "bulk", "pow-", "der", "are")]
    assert [word.text for word in printed(page, passage)] == words
