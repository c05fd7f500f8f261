"""One PDF to fax or upload: cover sheet, letter, forms, evidence, and the papers that prove it.

Our own pages are tagged text. An attachment becomes a picture of each of its pages: what was
hidden, scripted or fillable in it stays behind, and every page has one size and a page number.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pikepdf
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from compound_coverage.letters.documents import DocumentError, Layout, to_docx, typeset
from compound_coverage.letters.pages import LARGEST_FILE, pictures
from compound_coverage.letters.render import Draft
from compound_coverage.letters.templates import LAYOUT

COVER = "fax_cover_sheet"  # the letter type that goes first
MOST_FILES = 20
MOST_PAGES = 60
LARGEST_PACKET = 25_000_000
LIMITS = (
    f"Up to {MOST_FILES} attachments with {MOST_PAGES} pages in all, each file up to "
    f"{LARGEST_FILE // 1_000_000} MB, the whole packet up to {LARGEST_PACKET // 1_000_000} MB."
)
DPI = 150  # close to what a fax machine sends
WIDTH, HEIGHT = 6.5, 8.6  # inches of a page that an attachment's picture may fill
MOST_PIXELS = 60_000_000
JPEG_QUALITY = 75


class PacketError(ValueError):
    """A packet that can't be put together. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A paper that goes with the letter: a PDF or a picture, as it was given."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """The packet as one PDF, the letter alone for Word, and what to know of them."""

    pdf: bytes
    docx: bytes
    pages: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of an attachment: a JPEG picture and the size it is shown at, in inches."""

    jpeg: bytes
    pixels: tuple[int, int]
    shown: tuple[float, float]


def make_packet(
    letter: Draft,
    text: str,
    cover: Draft | None = None,
    others: Sequence[Draft] = (),
    attachments: Sequence[Attachment] = (),
) -> Packet:
    """The cover sheet, the letter with its ``text`` as edited, the other papers, the attachments.

    All pages carry the letter's mark and run on in their numbers; the cover sheet lists what
    follows. Raises PacketError for an attachment that can't be read or that breaks a limit, and
    DocumentError if the text can't be set.
    """
    pdf, pages, told = packet_pdf(letter, [text], letter.mark, cover, others, attachments)
    docx = to_docx(text, letter.title, letter.language, letter.mark)
    return Packet(pdf, docx, pages, told)


def packet_pdf(
    letter: Draft,
    parts: Sequence[str],
    mark: str,
    cover: Draft | None = None,
    others: Sequence[Draft] = (),
    attachments: Sequence[Attachment] = (),
    inputs: Mapping[str, str] = MappingProxyType({}),
) -> tuple[bytes, int, tuple[str, ...]]:
    """``make_packet`` for a letter in ``parts`` (see ``typeset``): the PDF, its pages, warnings."""
    papers = [_pages_of(attachment) for attachment in _checked(attachments)]
    if sum(map(len, papers)) > MOST_PAGES:
        raise PacketError(
            f"The attachments have more than {MOST_PAGES} pages; leave out what is not needed."
        )
    whole = [cover.markdown, Layout("#contents()")] if cover else []
    for place, texts in enumerate([parts, *([other.markdown] for other in others)]):
        whole += [Layout("#pagebreak()")] if cover or place else []
        whole += texts
    sizes = [[page.shown for page in paper] for paper in papers]
    pdf, told = typeset(
        [Layout((LAYOUT / "packet.typ").read_text(encoding="utf-8")), *whole, Layout("#places()")],
        letter.title,
        letter.language,
        mark,
        {**inputs, "attachments": json.dumps(sizes)},
    )
    made, count = _with_pictures(pdf, [page for paper in papers for page in paper])
    if len(made) > LARGEST_PACKET:
        raise PacketError(
            f"The packet is larger than {LARGEST_PACKET // 1_000_000} MB; leave out pages, or "
            "send it in two parts."
        )
    return made, count, tuple(told)


# -- attachments -------------------------------------------------------------------------------


def _checked(attachments: Sequence[Attachment]) -> Sequence[Attachment]:
    if len(attachments) > MOST_FILES:
        raise PacketError(f"There are more than {MOST_FILES} attachments; put some together.")
    for attachment in attachments:
        if len(attachment.data) > LARGEST_FILE:
            raise PacketError(
                f"'{attachment.name[:80]}' is larger than {LARGEST_FILE // 1_000_000} MB; "
                "make it smaller."
            )
    return attachments


def _pages_of(attachment: Attachment) -> list[_Page]:
    name = attachment.name[:80]
    try:
        if b"%PDF-" in attachment.data[:1024]:
            held = pictures(attachment.data, dpi=DPI, most=MOST_PAGES + 1)
            found = [page for one in held for page in _picture_pages(one)]
        else:
            found = list(_picture_pages(attachment.data))
    except ValueError as error:
        raise PacketError(f"'{name}' can't be attached: {error}") from None
    if not found:
        raise PacketError(f"'{name}' can't be attached: it has no page.")
    return found


def _picture_pages(data: bytes) -> Iterator[_Page]:
    """Each frame of a picture as a page. Raises ValueError with one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a crooked picture is shown as far as it goes
            with Image.open(io.BytesIO(data)) as picture:
                for number, frame in enumerate(ImageSequence.Iterator(picture)):
                    if number > MOST_PAGES:
                        return
                    yield _page(frame)
    except Image.DecompressionBombError:
        raise ValueError("the picture is far too large; make it smaller.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, TypeError):
        raise ValueError(
            "it is neither a PDF nor a picture (PNG, JPEG, TIFF, WebP) that can be read."
        ) from None


def _page(frame: Image.Image) -> _Page:
    if frame.width * frame.height > MOST_PIXELS:
        raise ValueError("the picture is far too large; make it smaller.")
    upright = ImageOps.exif_transpose(frame).convert("RGBA")
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))  # a clear background prints white
    paper.thumbnail((int(WIDTH * DPI), int(HEIGHT * DPI)))
    held = io.BytesIO()
    paper.save(held, "JPEG", quality=JPEG_QUALITY)
    scale = min(WIDTH / paper.width, HEIGHT / paper.height)
    return _Page(held.getvalue(), paper.size, (paper.width * scale, paper.height * scale))


def _with_pictures(pdf: bytes, pages: Sequence[_Page]) -> tuple[bytes, int]:
    """Puts the pictures where the layout left a place for each, on the last pages in order.

    The layout sets a stand-in picture of the right size with its description, so that the tags
    are right; only the picture's own bytes are exchanged here.
    """
    with pikepdf.open(io.BytesIO(pdf)) as document:
        count = len(document.pages)
        places = document.pages[count - len(pages) :] if pages else []
        for place, page in zip(places, pages, strict=True):
            names = list(place.images)
            if len(names) != 1:
                raise DocumentError("The packet can't be put together; please report this.")
            place.Resources.XObject[names[0]] = _image_stream(document, page)
        held = io.BytesIO()
        document.save(held, deterministic_id=False)
    return held.getvalue(), count


def _image_stream(document: pikepdf.Pdf, page: _Page) -> pikepdf.Stream:
    stream = document.make_stream(page.jpeg)
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height = page.pixels
    stream.ColorSpace, stream.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
    stream.Filter = pikepdf.Name.DCTDecode
    return stream
