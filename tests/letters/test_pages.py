"""Pictures of PDF pages, the print beside a box, and a child process that bears the brunt."""

import base64
import io
import json
import os
import time

import pikepdf
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
import typst
from PIL import Image

from compound_coverage.letters import pages
from compound_coverage.letters.pages import (
    DAMAGED,
    LOCKED,
    NOT_A_PDF,
    TOO_LARGE,
    TOO_SLOW,
    PageError,
    Word,
    apart,
    pictures,
    print_beside,
)
from tests.letters.forms import Box, Print, changed, make_form, saved


def paper(text, size='"us-letter"'):
    return typst.compile(f"#set page({size})\n{text}".encode(), format="pdf")


def opened(picture):
    return Image.open(io.BytesIO(picture))


def asked(work, data, **options):
    """What the child would answer, without a child."""
    answer = io.BytesIO()
    request = json.dumps({"work": work, "options": options}).encode()
    pages.serve(io.BytesIO(request + b"\n" + data), answer)
    return json.loads(answer.getvalue())


# -- work that the child is given in these tests --


def crashes(data):
    os.abort()


def never_ends(data):
    while True:
        pass


def fills_the_memory(data):
    return len(bytearray(2 * pages.MOST_MEMORY))


def stumbles(data):
    raise KeyError("in a hostile file")


# -- pictures --


def test_each_page_becomes_a_png_at_the_dots_asked_for():
    made = pictures(paper("One #pagebreak() Two"), dpi=72)
    assert [opened(picture).size for picture in made] == [(612, 792)] * 2
    assert all(picture.startswith(b"\x89PNG") for picture in made)
    assert [opened(picture).size for picture in pictures(paper("One"), dpi=144)] == [(1224, 1584)]


def test_only_as_many_pages_are_drawn_as_asked_for():
    many = paper("#for n in range(5) [#n #pagebreak(weak: true)]")
    assert len(pictures(many, dpi=20, most=3)) == 3
    assert len(pictures(many, dpi=20)) == 5


def test_a_page_as_large_as_a_house_still_fits_on_a_screen():
    [picture] = pictures(paper("Large", "width: 14000pt, height: 9000pt"))
    width, height = opened(picture).size
    assert 0.95 * pages.MOST_PIXELS < width * height < 1.05 * pages.MOST_PIXELS


def test_what_a_form_field_holds_is_in_the_picture():
    def with_value(pdf):
        field = pdf.Root.AcroForm.Fields[0]
        field.V = "Seen"
        font = pdf.Root.AcroForm.DR.Font.Helv
        field.AP = {
            "/N": pdf.make_stream(b"BT /Helv 12 Tf 2 4 Td (Seen) Tj ET", BBox=[0, 0, 200, 16])
        }
        field.AP.N.Resources = {"/Font": {"/Helv": font}}

    blank = make_form([Box("Field")])
    assert pictures(blank) != pictures(changed(blank, with_value))


def test_the_pdf_engine_has_no_script_engine():
    assert not {"V8", "XFA"} & set(pdfium.PDFIUM_INFO.flags)


def test_drawing_in_this_process_gives_what_the_child_gives():
    data = paper("The same")
    assert [base64.b64decode(text) for text in pages.draw(data, 72, 5)] == pictures(data, dpi=72)


# -- files that are no help --


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG", b"PK\x03\x04" * 400])
def test_a_file_that_is_no_pdf_is_refused_in_one_sentence(data):
    with pytest.raises(PageError, match=NOT_A_PDF):
        pictures(data)


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(PageError, match=TOO_LARGE):
        pictures(b"%PDF-1.7" + bytes(pages.LARGEST_FILE))


def test_a_locked_pdf_says_so():
    lock = pikepdf.Encryption(owner="owner", user="user")
    with pikepdf.open(io.BytesIO(paper("Secret"))) as pdf, pytest.raises(PageError, match="locked"):
        pictures(saved(pdf, encryption=lock))
    assert LOCKED.endswith("print it.")


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + bytes(range(256)) * 50])
def test_a_damaged_pdf_says_so(data):
    with pytest.raises(PageError) as raised:
        pictures(data)
    assert str(raised.value) == DAMAGED


# -- a process of its own --


def test_a_crash_of_the_child_is_the_files_fault():
    with pytest.raises(PageError) as raised:
        apart(f"{__name__}:crashes", b"%PDF-")
    assert str(raised.value) == DAMAGED


def test_a_child_that_never_ends_is_ended(monkeypatch):
    monkeypatch.setattr(pages, "SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(PageError) as raised:
        apart(f"{__name__}:never_ends", b"%PDF-")
    assert str(raised.value) == TOO_SLOW
    assert time.monotonic() - began < 5


def test_a_child_that_wants_all_the_memory_does_not_get_it():
    with pytest.raises(PageError) as raised:
        apart(f"{__name__}:fills_the_memory", b"%PDF-")
    assert str(raised.value) == DAMAGED


def test_the_child_sets_its_own_limits_and_then_serves(monkeypatch):
    import resource

    limits, served = [], []
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: limits.append((what, limit)))
    monkeypatch.setattr(pages, "serve", lambda *streams: served.append(len(streams)))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    pages.run()
    assert {what for what, _ in limits} == {resource.RLIMIT_AS, resource.RLIMIT_CPU}
    assert served == [2]


def test_where_the_system_knows_no_limits_the_time_alone_holds(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "resource", None)
    pages._limit()


def test_an_error_in_the_child_comes_back_as_a_sentence():
    assert asked(f"{__name__}:stumbles", b"%PDF-") == {"fault": DAMAGED}
    assert asked("compound_coverage.letters.pages:draw", b"%PDF-", dpi=72, most=1) == {
        "fault": DAMAGED
    }
    assert "result" in asked("compound_coverage.letters.pages:draw", paper("x"), dpi=20, most=1)


# -- print beside a box --


def words_of(prints):
    with pdfium.PdfDocument(make_form([], prints)) as pdf:
        return pages.words(pdf[0])


def test_words_are_read_with_their_places_and_lines_to_write_on_are_no_words():
    found = words_of([Print("Name:_________ City", (40, 700)), Print("Below", (40, 680))])
    assert [word.text for word in found] == ["Name:", "City", "Below"]
    assert found[0].left == pytest.approx(40, abs=1)
    assert found[0].bottom < 700 < found[0].top
    assert found[2].top < found[0].bottom + 5


LINE = (100.0, 696.0, 250.0, 712.0)
TICK = (100.0, 696.0, 112.0, 708.0)
BESIDE = [
    ("to the left of a line", LINE, [Print("Date of birth:", (40, 700))], "Date of birth"),
    ("above it, where the left is blank", LINE, [Print("Your name", (101, 715))], "Your name"),
    ("the left before what is above", LINE, [Print("A", (90, 700)), Print("B", (101, 715))], "A"),
    ("not from far away", LINE, [Print("A", (10, 700))], ""),
    ("not from another line", LINE, [Print("A", (90, 670))], ""),
    ("not across a gap", LINE, [Print("City", (30, 700)), Print("State", (75, 700))], "State"),
    (
        "not the label of the field before",
        LINE,
        [Print("City: Zip", (58, 700))],
        "Zip",
    ),
    ("to the right of a tick", TICK, [Print("Urgent review", (116, 699))], "Urgent review"),
    ("never to its left", TICK, [Print("Left", (75, 699))], ""),
    ("never above it", TICK, [Print("Above", (100, 711))], ""),
]


@pytest.mark.parametrize(
    ("box", "prints", "label"), [row[1:] for row in BESIDE], ids=[row[0] for row in BESIDE]
)
def test_the_print_that_belongs_to_a_box(box, prints, label):
    assert print_beside(box, words_of(prints), [box], right=box is TICK) == label


def test_print_beyond_another_box_belongs_to_that_one():
    words = [Word("Yes", 130, 696, 145, 706)]
    assert print_beside(TICK, words, [TICK], right=True) == "Yes"
    between = (115.0, 696.0, 127.0, 708.0)
    assert print_beside(TICK, words, [TICK, between], right=True) == ""


def test_of_two_lines_beside_a_tall_box_the_nearer_one_is_its_label():
    tall = (100.0, 640.0, 300.0, 712.0)
    words = words_of([Print("Reason", (66, 700)), Print("(attach notes)", (28, 688))])
    assert print_beside(tall, words, [tall], right=False) == "Reason"
