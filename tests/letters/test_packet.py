"""The packet: one PDF in order, every page numbered, attachments as harmless pictures."""

import io

import pikepdf
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compound_coverage.letters import packet as packets
from compound_coverage.letters.documents import to_pdf
from compound_coverage.letters.packet import (
    LIMITS,
    MOST_FILES,
    MOST_PAGES,
    Attachment,
    PacketError,
    make_packet,
)
from compound_coverage.letters.pages import pictures
from compound_coverage.letters.render import draft
from tests.letters.conftest import LDN, STUDIES, made_case, make_determination

LMN = "letter_of_medical_necessity"


def drafted(name, language="en"):
    return draft(made_case(), make_determination(), LDN, STUDIES, name, language)


def picture(size=(300, 200), colour="red", kind="PNG", mode="RGB", **options):
    held = io.BytesIO()
    Image.new(mode, size, colour).save(held, kind, **options)
    return held.getvalue()


def paper(pages=1, words="Chart note (made up)"):
    text = "\n\n".join(f"{words} {n}" for n in range(45 * pages - 20))
    return to_pdf(text, "Chart", "en", "")[0]


def whole(attachments=(), others=("evidence_list",), cover="fax_cover_sheet"):
    letter = drafted(LMN)
    return make_packet(
        letter,
        letter.markdown,
        drafted(cover) if cover else None,
        [drafted(name) for name in others],
        attachments,
    )


def texts(data):
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


def test_cover_letter_other_papers_and_attachments_stand_in_that_order():
    made = whole([Attachment("chart.pdf", paper()), Attachment("photo.png", picture())])
    pages = texts(made.pdf)
    assert made.pages == len(pages)
    assert all(name in pages[0] for name in ("Fax Cover Sheet", "In this packet", "Attachment 2"))
    first_lines = [
        next(line for line in text.splitlines() if "DRAFT" not in line) for text in pages
    ]
    order = [
        "Fax Cover Sheet",
        "Letter of Medical Necessity",
        "List of the Evidence",
        "Attachment 1",
        "Attachment 2",
    ]
    assert [line for line in first_lines if line in order] == order


def test_every_page_is_numbered_out_of_all_and_carries_the_mark():
    made = whole([Attachment("chart.pdf", paper(2))])
    for number, text in enumerate(texts(made.pdf), start=1):
        assert f"Page {number} of {made.pages}" in text
        assert "DRAFT - not reviewed by a prescriber" in text


def test_the_cover_sheet_names_no_patient_and_no_illness():
    cover = texts(whole().pdf)[0]
    for private in ("Example Patient", "F33", "depress", "1980", "naltrexone", "EXAMPLE-000000"):
        assert private.lower() not in cover.lower()


def test_no_name_of_an_attached_file_is_printed():
    made = whole([Attachment("Example Patient chart.png", picture())])
    assert "Example Patient chart" not in "".join(texts(made.pdf))


def test_the_packet_stays_tagged_and_describes_each_picture():
    made = whole([Attachment("chart.pdf", paper(2)), Attachment("photo.png", picture())])
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
        told = [str(node.Alt) for node in pdf.objects if _is_figure(node)]
    assert sorted(told) == [
        "Picture of page 1 of 1, Attachment 2",
        "Picture of page 1 of 2, Attachment 1",
        "Picture of page 2 of 2, Attachment 1",
    ]


def _is_figure(node):
    return isinstance(node, pikepdf.Dictionary) and node.get("/S") == "/Figure" and "/Alt" in node


def test_the_pictures_are_those_that_were_attached_each_in_its_own_place():
    made = whole(
        [
            Attachment("a.png", picture(colour="red")),
            Attachment("b.jpg", picture(colour="blue", kind="JPEG")),
            Attachment("c.webp", picture(colour="lime", kind="WEBP")),
        ]
    )
    shown = [Image.open(io.BytesIO(page)).convert("RGB") for page in pictures(made.pdf)]
    middles = [page.getpixel((page.width // 2, page.height // 4)) for page in shown[-3:]]
    for pixel, wanted in zip(middles, [(255, 0, 0), (0, 0, 255), (0, 255, 0)], strict=True):
        assert isinstance(pixel, tuple)
        assert all(abs(got - want) < 60 for got, want in zip(pixel, wanted, strict=True))


def test_a_photo_taken_sideways_stands_upright_and_a_clear_background_is_white():
    sideways = Image.Exif()
    sideways[0x0112] = 6
    (turned,) = packets._pages_of(
        Attachment("p.jpg", picture((400, 100), kind="JPEG", exif=sideways))
    )
    assert turned.pixels[0] < turned.pixels[1]
    (clear,) = packets._pages_of(Attachment("p.png", picture((9, 9), (0, 0, 0, 0), mode="RGBA")))
    assert Image.open(io.BytesIO(clear.jpeg)).getpixel((4, 4)) == (255, 255, 255)


def test_each_page_of_a_fax_tiff_is_a_page():
    held = io.BytesIO()
    frames = [Image.new("1", (200, 300), n % 2) for n in range(3)]
    frames[0].save(held, "TIFF", save_all=True, append_images=frames[1:])
    assert len(packets._pages_of(Attachment("fax.tif", held.getvalue()))) == 3


def test_a_script_or_a_hidden_file_in_an_attachment_stays_behind():
    with pikepdf.open(io.BytesIO(paper())) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(
            S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('hello')")
        )
        pdf.attachments["secret.txt"] = b"hidden words"
        held = io.BytesIO()
        pdf.save(held)
    made = whole([Attachment("chart.pdf", held.getvalue())])
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        assert "/OpenAction" not in pdf.Root
        assert len(pdf.attachments) == 0
    assert b"hidden words" not in made.pdf


REFUSED = [
    (b"hello", "neither a PDF nor a picture"),
    (b"", "neither a PDF nor a picture"),
    (b"%PDF-1.7 broken", "damaged"),
    (picture()[:60], "neither a PDF nor a picture"),
    (b"x" * 25_000_001, "larger than 25 MB"),
]


@pytest.mark.parametrize(("data", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_an_attachment_that_cannot_be_used_is_named_in_one_sentence(data, told):
    with pytest.raises(PacketError, match=told) as caught:
        whole([Attachment("my paper.pdf", data)])
    assert "'my paper.pdf'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(packets, "MOST_PIXELS", 1000)
    with pytest.raises(PacketError, match="far too large"):
        whole([Attachment("big.png", picture())])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # Pillow's own limit, for larger ones
    with pytest.raises(PacketError, match="far too large"):
        whole([Attachment("big.png", picture())])


def test_the_limits_are_kept_and_told(monkeypatch):
    with pytest.raises(PacketError, match=f"more than {MOST_FILES} attachments"):
        whole([Attachment("a.png", picture())] * (MOST_FILES + 1))
    monkeypatch.setattr(packets, "MOST_PAGES", 1)
    with pytest.raises(PacketError, match="more than 1 pages"):
        whole([Attachment("a.png", picture())] * 2)
    monkeypatch.setattr(packets, "MOST_PAGES", MOST_PAGES)
    monkeypatch.setattr(packets, "LARGEST_PACKET", 1000)
    with pytest.raises(PacketError, match="send it in two parts"):
        whole()
    assert str(MOST_PAGES) in LIMITS


def test_the_word_file_is_the_letter_as_it_was_edited():
    letter = drafted(LMN)
    made = make_packet(letter, letter.markdown + "\n\nAn added line.\n")
    assert made.docx.startswith(b"PK")
    assert "An added line." in "".join(texts(made.pdf))
    assert "In this packet" not in "".join(texts(made.pdf))


def test_a_spanish_packet_speaks_spanish():
    letter = drafted(LMN, "es")
    cover = drafted("fax_cover_sheet", "es")
    made = make_packet(letter, letter.markdown, cover, (), [Attachment("a.png", picture())])
    text = "".join(texts(made.pdf))
    assert "En este envío" in text
    assert "Anexo 1" in text


@settings(max_examples=25)
@given(st.data())
def test_a_damaged_picture_is_attached_or_refused_never_a_traceback(data):
    whole_picture = bytearray(
        picture((40, 40), kind=data.draw(st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP"])))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(whole_picture) - 1))
        whole_picture[place] = data.draw(st.integers(0, 255))
    try:
        packets._pages_of(Attachment("a", bytes(whole_picture)))
    except PacketError as error:
        told = str(error)
    else:
        told = ""
    assert "\n" not in told
