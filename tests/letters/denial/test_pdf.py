"""The text of a PDF as it is laid out: rows of tables, paragraphs, columns, pictures."""

import base64
import io

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from compound_coverage.letters.denial import pdf as reader
from compound_coverage.letters.denial import read_document, reading
from compound_coverage.letters.denial.document import DocumentReadError
from compound_coverage.letters.denial.pdf import PdfPage
from compound_coverage.letters.pages import PageError
from tests.letters.denial import making


def text_of(data):
    (page,) = reader.read(data, most=1)["pages"]
    assert not page["is_picture"]
    return page["text"]


def test_cells_of_a_row_stand_apart_and_a_long_cell_stays_one():
    long = "Compounded medications are a benefit exclusion of this plan " * 3
    lines = f"Reason for denial: {long.strip()}\nMember ID: EX1"
    assert text_of(making.pdf_of(lines, "table")).split("\n\n") == [
        f"Reason for denial   {long.strip()}",
        "Member ID   EX1",
    ]


def test_paragraphs_stand_apart_and_lines_of_one_do_not():
    first = "We looked at the request that your prescriber sent in on your behalf. " * 4
    text = text_of(making.pdf_of(f"{first.strip()}\n\nSecond paragraph."))
    assert text.count("\n\n") == 1
    assert text.split("\n\n")[1] == "Second paragraph."
    assert "\n" in text.split("\n\n")[0]


def test_columns_are_read_one_after_the_other():
    left = "\n\n".join(f"Left paragraph number {number} of this letter." for number in range(30))
    text = text_of(making.pdf_of(f"{left}\n\nThe last one.", "columns"))
    assert text.index("number 29") < text.index("The last one")


def test_a_word_broken_at_the_end_of_a_line_is_marked():
    text = text_of(making.pdf_of("The extraordinarily " * 40, "columns"))
    assert "-\n" in text
    assert "\ufffe" not in text


def test_a_page_without_text_is_a_picture_and_one_without_anything_is_not():
    scan = making.scan_of(making.pdf_of("We denied your request."))
    with pikepdf.new() as blank:
        blank.add_blank_page()
        made = io.BytesIO()
        blank.save(made)
    assert reader.read(scan, most=9) == {"count": 1, "pages": [{"text": "", "is_picture": True}]}
    assert reader.read(made.getvalue(), most=9)["pages"] == [{"text": "", "is_picture": False}]


def test_a_picture_of_a_page_is_drawn_within_its_limit():
    drawn = reader.draw(making.pdf_of("We denied it."), index=0, dpi=300, most_pixels=1_000_000)
    with Image.open(io.BytesIO(base64.b64decode(drawn))) as picture:
        assert picture.mode == "L"
        assert 900_000 < picture.width * picture.height < 1_010_000


def test_a_locked_file_is_refused_in_the_child():
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(making.pdf_of("We denied it."))) as document:
        document.save(made, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    with pytest.raises(PageError, match="locked"):
        reader.read(made.getvalue(), most=1)


def test_a_damaged_page_is_named_and_the_others_are_read(monkeypatch):
    pages = [PdfPage("We denied your request."), PdfPage("", damaged=True)]
    monkeypatch.setattr(reading, "pages_of", lambda data, most: (2, pages))
    document = read_document(b"%PDF-", "x")
    assert [page.number for page in document.pages] == [1]
    assert document.unread == (
        "Page 2 was not read: This page is damaged; get another copy, or paste its text.",
    )


def test_a_pdf_without_pages_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "pages_of", lambda data, most: (0, []))
    with pytest.raises(DocumentReadError, match="has no pages"):
        read_document(b"%PDF-", "x")


def test_a_page_that_pdfium_can_not_open_is_damaged(monkeypatch):
    def fall_over(page):
        raise pypdfium2.PdfiumError("no")

    monkeypatch.setattr(reader, "_text_of", fall_over)
    assert reader.read(making.pdf_of("We denied it."), most=1)["pages"] == [
        {"text": "", "damaged": True}
    ]


def test_text_whose_places_are_not_known_is_still_read(monkeypatch):
    monkeypatch.setattr(pypdfium2.PdfTextPage, "count_chars", lambda held: 1)
    monkeypatch.setattr(
        pypdfium2.PdfTextPage, "get_text_range", lambda held: "pre\ufffescriber said no" * 3
    )
    assert text_of(making.pdf_of("We denied it.")).startswith("pre-\nscriber said no")


def test_a_head_over_a_picture_is_not_the_text_of_the_page():
    scan = making.scan_of(making.pdf_of("We denied your request."))
    with pikepdf.open(io.BytesIO(scan)) as document:
        page = document.pages[0]
        page.Resources.Font = pikepdf.Dictionary(
            F1=pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type1,
                BaseFont=pikepdf.Name.Helvetica,
            )
        )
        head = b"\nBT /F1 9 Tf 20 770 Td (03/10/2026 14:22 EXAMPLE FAX MACHINE, PAGE 1 OF 1) Tj ET"
        page.Contents = document.make_stream(page.Contents.read_bytes() + head)
        made = io.BytesIO()
        document.save(made)
    (found,) = reader.read(made.getvalue(), most=1)["pages"]
    assert found["is_picture"]
    assert "EXAMPLE FAX MACHINE" in found["text"]
