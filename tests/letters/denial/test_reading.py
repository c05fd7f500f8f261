"""From a file, a photo or pasted text to pages of text - or to one sentence that says why not."""

import io
import subprocess
import zlib

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compound_coverage.letters.denial import (
    DocumentReadError,
    pictures,
    read_document,
    read_pasted,
    reading,
)
from compound_coverage.letters.denial.pictures import tesseract_program
from compound_coverage.letters.denial.rows import Reading, reading_of
from tests.conftest import need
from tests.letters.denial import making

LETTER = "We denied your request.\nDate: March 9, 2026\nMember ID: EX000123456, Group 1"
PDF = making.pdf_of(LETTER)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def saved(picture, form, **options):
    made = io.BytesIO()
    picture.save(made, form, **options)
    return made.getvalue()


def locked(pdf):
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(made, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    return made.getvalue()


def joined(*files):
    made = io.BytesIO()
    with pikepdf.new() as whole:
        for file in files:
            with pikepdf.open(io.BytesIO(file)) as part:
                whole.pages.extend(part.pages)
        whole.save(made)
    return made.getvalue()


def huge_png():
    """A PNG that claims more dots than any memory holds."""
    small = bytearray(saved(Image.new("L", (1, 1)), "PNG"))
    small[16:24] = (60_000).to_bytes(4, "big") * 2
    small[29:33] = zlib.crc32(small[12:29]).to_bytes(4, "big")
    return bytes(small)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "'x' is empty; choose the letter again."),
        (HEIC, "'x' is a HEIC photo, which can't be read here; save it as JPEG or PDF."),
        (
            b"PK\x03\x04word",
            "'x' is a Word file or an archive; save it as a PDF, or paste its text.",
        ),
        (
            b"\xd0\xcf\x11\xe0old",
            "'x' is an old Word file; save it as a PDF, or paste its text.",
        ),
        (b"{\\rtf1 hi}", "'x' is a rich text file; save it as a PDF, or paste its text."),
        (b"GIF89a", "'x' is a GIF picture; save it as PNG or JPEG."),
        (
            b"\0\1\2\3" * 9,
            "'x' is no letter that can be read here; send a PDF, PNG, JPEG, TIFF or text file.",
        ),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF\0 cut off",
            "'x' is a damaged picture; take it again, or paste the text.",
        ),
        (
            saved(Image.new("L", (90, 90)), "PNG")[:-30],
            "'x' is a damaged picture; take it again, or paste the text.",
        ),
        (huge_png(), "'x' has more than 60 million dots; save it smaller."),
        (
            b"%PDF-1.7 and then nothing",
            "The PDF is damaged and can't be read; get another copy, or paste the text.",
        ),
        (
            locked(PDF),
            "The PDF is locked with a password or with restrictions; get another copy, or "
            "paste the text.",
        ),
        (b"  \n\t ", "There is no text here; paste the words of the letter."),
    ],
)
def test_what_can_not_be_read_is_refused_in_one_sentence(data, sentence):
    with pytest.raises(DocumentReadError) as refusal:
        read_document(data, "x")
    assert str(refusal.value) == sentence


def test_a_file_beyond_the_limits_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    with pytest.raises(DocumentReadError, match="larger than 0 MB"):
        read_document(b"a" * 11, "x")


def test_a_pdf_and_a_fax_with_too_many_pages_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_PAGES", 1)
    page = Image.new("1", (200, 200), 1)
    fax = saved(page, "TIFF", save_all=True, append_images=[page])
    for data in (joined(PDF, PDF), fax):
        with pytest.raises(DocumentReadError, match="has 2 pages, more than 1"):
            read_document(data, "x")


def test_a_picture_with_too_many_dots_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_PIXELS", 100)
    with pytest.raises(DocumentReadError, match="million dots; save it smaller"):
        read_document(saved(Image.new("L", (11, 11)), "PNG"), "x")


def test_pasted_text_beyond_the_limit_is_refused():
    with pytest.raises(DocumentReadError, match="paste the letter alone"):
        read_pasted("a" * 1_000_001)


@pytest.mark.parametrize(
    "data",
    [
        "a caf\u00e9 \u201cdenied\u201d".encode(),
        "a caf\u00e9 \u201cdenied\u201d".encode("utf-8-sig"),
        "a caf\u00e9 \u201cdenied\u201d".encode("utf-16"),
        ("a caf\u00e9 \u201cdenied\u201d" + " plain words" * 9).encode("cp1252"),
    ],
)
def test_a_text_file_is_read_in_the_usual_encodings(data):
    (page,) = read_document(data, "letter.txt").pages
    assert page.text.startswith("a caf\u00e9 \u201cdenied\u201d")
    assert page.how == "text"


def test_words_broken_at_a_line_end_are_made_whole():
    text = "your pre-\nscriber sent a non-\nformulary drug, case EX-\n1204, a one-\nTime thing"
    (page,) = read_pasted(text).pages
    assert page.text == (
        "your prescriber sent a non-formulary drug, case EX-1204, a one-\nTime thing"
    )


def test_hidden_characters_and_odd_blanks_are_taken_out():
    (page,) = read_pasted("a\u202eb\0c\u00a0d\ufb01e\tf          g\n\n\n\nh\r\n").pages
    assert page.text == "abc dfie   f   g\n\nh"


def test_the_pages_of_a_pdf_keep_their_numbers():
    document = read_document(
        joined(PDF, making.pdf_of("The second page of this letter, in words.")), "x"
    )
    assert [page.number for page in document.pages] == [1, 2]
    assert "second page" in document.pages[1].text
    assert document.unread == ()


# -- pictures ----------------------------------------------------------------------------------


def scanned(*texts):
    return joined(*(making.scan_of(making.pdf_of(text)) for text in texts))


@pytest.mark.usefixtures("without_a_child")
def test_without_tesseract_a_scan_is_refused_and_a_mixed_pdf_read_in_part(monkeypatch):
    monkeypatch.setattr(pictures, "tesseract_program", lambda: None)
    scan = scanned(LETTER)
    with pytest.raises(DocumentReadError) as refusal:
        read_document(scan, "x")
    assert str(refusal.value) == (
        "This page is a picture; reading it needs the program Tesseract, which is not "
        "installed here. Paste the text instead."
    )
    mixed = read_document(joined(PDF, scan), "x")
    assert [page.number for page in mixed.pages] == [1]
    assert mixed.unread == (f"Page 2 was not read: {refusal.value}",)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (subprocess.TimeoutExpired("tesseract", 60), "more than 60 seconds"),
        (OSError("no"), "can't be started here"),
        (subprocess.CompletedProcess([], 1, b"", b""), "can't read this picture"),
    ],
)
def test_whatever_happens_to_tesseract_is_one_sentence(monkeypatch, fault, sentence):
    def run(*args, **options):
        if isinstance(fault, Exception):
            raise fault
        return fault

    monkeypatch.setattr(pictures, "tesseract_program", lambda: "/nowhere/tesseract")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DocumentReadError, match=sentence):
        read_document(saved(making.blank_picture(), "PNG"), "x")


def test_tesseract_gets_the_picture_through_its_input_and_no_file_is_written(monkeypatch):
    calls = []

    def run(command, **options):
        calls.append((command, options))
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(pictures, "tesseract_program", lambda: "/bin/tesseract")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DocumentReadError, match="No words could be read in 'x'"):
        read_document(saved(making.blank_picture(), "PNG"), "x")
    for command, options in calls:
        assert command[1:3] == ["stdin", "stdout"]
        assert options["input"].startswith(b"\x89PNG")
        assert options["timeout"] == pictures.SECONDS
        assert options["env"]["OMP_THREAD_LIMIT"] == "1"
        assert not options.get("shell")


def test_a_page_on_its_side_is_turned_the_way_that_reads_best(monkeypatch):
    upside = Reading("words the right way up", 90.0, 9, ())
    seen = []

    def read(picture):
        seen.append(picture.size)
        return upside if len(seen) == 3 else Reading("gibberish", 20.0, 9, ())

    monkeypatch.setattr(pictures, "_read", read)
    monkeypatch.setattr(pictures, "_run", lambda picture, options: "Rotate: 90\n")
    assert pictures.read_picture(Image.new("L", (3000, 2000), 255)) == upside
    assert seen == [(3000, 2000), (2000, 3000), (2000, 3000)]


def without_reading(monkeypatch):
    """Pictures are opened and prepared, and not read: returns what would have been read."""
    seen = []

    def read(picture):
        seen.append(picture)
        return Reading("some words", 90.0, 9, ())

    monkeypatch.setattr(reading, "read_picture", read)
    return seen


def test_every_page_of_a_fax_is_read_and_its_dots_made_square(monkeypatch):
    seen = without_reading(monkeypatch)
    page = Image.new("1", (204, 98), 1)
    fax = saved(page, "TIFF", save_all=True, append_images=[page], dpi=(204, 98))
    assert len(read_document(fax, "fax.tif").pages) == 2
    assert [picture.size for picture in seen] == [(204, 204), (204, 204)]


def test_a_photo_is_held_as_the_camera_was_held(monkeypatch):
    seen = without_reading(monkeypatch)
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was turned by a quarter
    read_document(saved(Image.new("RGB", (40, 20)), "JPEG", exif=turned), "x.jpg")
    assert seen[0].size == (20, 40)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_what_is_see_through_becomes_paper(monkeypatch, form):
    seen = without_reading(monkeypatch)
    read_document(saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), form, lossless=True), "x")
    assert seen[0].mode == "L"
    assert seen[0].getpixel((4, 4)) == 255


def test_a_small_picture_is_enlarged_and_a_large_one_reduced():
    assert pictures._sized(Image.new("L", (600, 800))).size == (1800, 2400)
    assert pictures._sized(Image.new("L", (2000, 3000))).size == (2000, 3000)
    assert max(pictures._sized(Image.new("L", (6000, 9200))).size) == 4600


def test_the_rules_of_a_table_are_taken_out_and_its_words_stay():
    picture = Image.new("L", (800, 200), 250)
    for x in range(100, 700):
        for y in (98, 99):
            picture.putpixel((x, y), 10)
    for x in range(300, 330):
        picture.putpixel((x, 50), 10)
    cleared = pictures._unruled(picture)
    assert min(cleared.crop((0, 90, 800, 110)).getdata()) > 200
    assert min(cleared.crop((0, 40, 800, 60)).getdata()) == 10
    assert pictures._unruled(Image.new("L", (5, 5))).size == (5, 5)


def test_a_scan_under_the_head_of_a_fax_machine_is_read_as_a_picture():
    need(tesseract_program(), "tesseract")
    with pikepdf.open(io.BytesIO(making.scan_of(making.pdf_of(LETTER)))) as document:
        scan = document.pages[0]
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        scan.Resources.Font = pikepdf.Dictionary(F1=font)
        head = b"\nBT /F1 9 Tf 20 770 Td (03/10/2026 14:22 EXAMPLE FAX MACHINE PAGE 1 OF 1) Tj ET"
        scan.Contents = document.make_stream(scan.Contents.read_bytes() + head)
        made = io.BytesIO()
        document.save(made)
    (page,) = read_document(made.getvalue(), "x").pages
    assert page.how == "ocr"
    assert "March 9, 2026" in page.text
    assert page.confidence is not None
    assert page.confidence > 80


def test_a_short_page_of_text_needs_no_picture():
    (page,) = read_document(making.pdf_of("Yours, us"), "x").pages
    assert (page.how, page.text) == ("text", "Yours, us")


# -- what Tesseract saw, put together again ----------------------------------------------------

HEADER = "level page_num block_num par_num line_num word_num left top width height conf text"


def seen(*words):
    """Tesseract's table of words given as (block, line, left, top, text)."""
    rows = [HEADER.replace(" ", "\t")]
    for block, line, left, top, text in words:
        width = 12 * len(text)
        rows.append(f"5\t1\t{block}\t1\t{line}\t1\t{left}\t{top}\t{width}\t20\t95.0\t{text}")
    return "\n".join(rows) + "\n"


def test_labels_and_values_read_as_two_columns_become_rows_again():
    table = seen(
        (1, 1, 0, 0, "Decision"),
        (1, 2, 0, 40, "Reason"),
        (2, 1, 400, 3, "DENIED"),
        (2, 2, 400, 43, "Compounds"),
        (2, 3, 400, 75, "excluded"),
    )
    assert reading_of(table).text == "Decision   DENIED\nReason   Compounds excluded"


def test_a_line_torn_in_two_is_mended():
    table = seen(
        (1, 1, 0, 0, "within"), (1, 1, 90, 0, "180"), (1, 1, 140, 0, "da"), (2, 1, 164, 0, "ys")
    )
    assert reading_of(table).text == "within 180 days"


def test_columns_of_a_page_stay_columns():
    left = [(1, line, 70 * word, 40 * line, "left") for line in range(3) for word in range(7)]
    right = [
        (2, line, 900 + 80 * word, 40 * line, "right") for line in range(3) for word in range(7)
    ]
    text = reading_of(seen(*left, *right)).text
    assert text.index("right") > text.rindex("left")


def test_doubtful_words_are_marked_where_they_stand():
    table = seen((1, 1, 0, 0, "Member"), (1, 1, 84, 0, "ID"), (1, 1, 120, 0, "W0O11")).replace(
        "95.0\tW0O11", "41.0\tW0O11"
    )
    read = reading_of(table)
    assert [read.text[slice(*place)] for place in read.doubtful] == ["W0O11"]
    assert reading_of(HEADER.replace(" ", "\t")).text == ""


def test_the_walls_of_cells_are_no_words():
    table = seen(
        (1, 1, 0, 0, "Quantity"), (1, 1, 110, 0, "|"), (1, 1, 130, 0, "60"), (2, 1, 0, 60, "|")
    )
    assert reading_of(table).text == "Quantity   60"


# -- anything at all ---------------------------------------------------------------------------

STARTS = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"RIFF\0\0\0\0WEBP", b"\xff\xfe"]


def read_or_refuse(data):
    refusal = None
    try:
        assert read_document(data, "x").pages
    except DocumentReadError as error:
        refusal = str(error)
    assert refusal is None or (refusal.endswith(".") and "\n" not in refusal)


@settings(max_examples=150)
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_one_sentence(start, rest):
    read_or_refuse(start + rest)


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_picture_is_read_or_refused_in_one_sentence(data):
    good = bytearray(
        saved(
            Image.new("L", (30, 30), 200),
            data.draw(st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP"])),
        )
    )
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with pytest.MonkeyPatch.context() as patch:
        without_reading(patch)
        read_or_refuse(bytes(good))


@settings(max_examples=8)
@given(st.binary(max_size=300))
def test_a_damaged_pdf_is_read_or_refused_in_one_sentence(rest):
    cut = len(PDF) // 2
    read_or_refuse(PDF[:cut] + rest + PDF[cut:])
