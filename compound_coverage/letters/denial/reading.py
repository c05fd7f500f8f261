"""A denial letter as a person has it - a PDF, a scan, a photo, pasted text - to its text.

Everything happens in this process and in the Tesseract program on this machine. Nothing is
stored, and nothing is sent anywhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageOps, UnidentifiedImageError

from compound_coverage.letters.denial.document import (
    MOST_CHARACTERS,
    Document,
    DocumentReadError,
    Page,
    tidied,
)
from compound_coverage.letters.denial.pdf import PdfPage, pages_of, picture_of
from compound_coverage.letters.denial.pictures import DPI, read_picture
from compound_coverage.letters.pages import LARGEST_FILE
from compound_coverage.letters.text import clean, one_line

MOST_PAGES = 40
MOST_PIXELS = 60_000_000

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_KNOWN_BUT_REFUSED = (
    (b"PK\x03\x04", "is a Word file or an archive; save it as a PDF, or paste its text"),
    (b"\xd0\xcf\x11\xe0", "is an old Word file; save it as a PDF, or paste its text"),
    (b"{\\rtf", "is a rich text file; save it as a PDF, or paste its text"),
    (b"GIF8", "is a GIF picture; save it as PNG or JPEG"),
)


def read_document(data: bytes, name: str) -> Document:
    """The letter in a file: a PDF, a picture (PNG, JPEG, TIFF, WebP) or a plain text file.

    What it is, is told from its bytes; ``name`` is used to speak of it. A page that can't be
    read is named in ``unread``. Raises DocumentReadError with one sentence if nothing can be.
    """
    name = one_line(clean(name))[:80] or "The file"
    if not data:
        raise DocumentReadError(f"'{name}' is empty; choose the letter again.")
    if len(data) > LARGEST_FILE:
        raise DocumentReadError(
            f"'{name}' is larger than {LARGEST_FILE // 1_000_000} MB; send fewer pages, or "
            "paste the text."
        )
    if b"%PDF-" in data[:1024]:
        return _read_pdf(data, name)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise DocumentReadError(
            f"'{name}' is a HEIC photo, which can't be read here; save it as JPEG or PDF."
        )
    for start, what in _KNOWN_BUT_REFUSED:
        if data.startswith(start):
            raise DocumentReadError(f"'{name}' {what}.")
    text = _as_text(data)
    return _read_photo(data, name) if text is None else _from_text(text, name)


def read_pasted(text: str) -> Document:
    """Pasted text as a letter of one page. Raises DocumentReadError if it is empty or huge."""
    return _from_text(text, "pasted text")


def _from_text(text: str, name: str) -> Document:
    if len(text) > MOST_CHARACTERS:
        raise DocumentReadError(
            f"The text is longer than {MOST_CHARACTERS:,} characters; paste the letter alone."
        )
    told = tidied(text)
    if not told.strip():
        raise DocumentReadError("There is no text here; paste the words of the letter.")
    return Document(name, (Page(1, told),))


def _as_text(data: bytes) -> str | None:
    """The text of a text file, or None if the bytes are something else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        printable = sum(byte >= 32 or byte in b"\t\n\r\f" for byte in data)
        high = sum(byte >= 128 for byte in data)
        is_text = printable == len(data) and high * 10 < len(data)
        return data.decode("cp1252", "replace") if is_text else None


# -- PDF ---------------------------------------------------------------------------------------


def _read_pdf(data: bytes, name: str) -> Document:
    count, found = pages_of(data, MOST_PAGES)
    if not count:
        raise DocumentReadError(f"'{name}' has no pages; get a new copy.")
    _refuse_too_many(count, name)
    pages: list[Page] = []
    unread: list[str] = []
    for index, page in enumerate(found):
        try:
            pages.append(_pdf_page(data, index, page))
        except DocumentReadError as error:
            unread.append(f"Page {index + 1} was not read: {error}")
    return _whole(name, pages, unread)


def _pdf_page(data: bytes, index: int, page: PdfPage) -> Page:
    if page.damaged:
        raise DocumentReadError("This page is damaged; get another copy, or paste its text.")
    if page.is_picture:
        return _page(index + 1, picture_of(data, index, DPI, MOST_PIXELS))
    return Page(index + 1, tidied(page.text[:MOST_CHARACTERS]))


def _page(number: int, picture: Image.Image) -> Page:
    reading = read_picture(picture)
    return Page(number, reading.text, "ocr", reading.confidence, reading.doubtful)


def _refuse_too_many(count: int, name: str) -> None:
    if count > MOST_PAGES:
        raise DocumentReadError(
            f"'{name}' has {count} pages, more than {MOST_PAGES}; send the letter alone."
        )


def _whole(name: str, pages: list[Page], unread: list[str]) -> Document:
    if any(page.text.strip() for page in pages):
        return Document(name, tuple(pages), tuple(unread))
    if unread:
        raise DocumentReadError(unread[0].partition(": ")[2])
    raise DocumentReadError(
        f"No words could be read in '{name}'; take a sharper photo, or paste the text."
    )


# -- photos and scans --------------------------------------------------------------------------


def _read_photo(data: bytes, name: str) -> Document:
    pages: list[Page] = []
    unread: list[str] = []
    for number, picture in enumerate(_pictures(data, name), start=1):
        try:
            pages.append(_page(number, picture))
        except DocumentReadError as error:
            unread.append(f"Page {number} was not read: {error}")
    return _whole(name, pages, unread)


def _pictures(data: bytes, name: str) -> Iterator[Image.Image]:
    """Each picture in the file, upright as the camera held it. A TIFF may hold several."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as probe:
            probe.verify()
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            frames = getattr(opened, "n_frames", 1) if opened.format == "TIFF" else 1
            _refuse_too_many(frames, name)
            for index in range(frames):
                opened.seek(index)
                if opened.width * opened.height > MOST_PIXELS:
                    raise _too_large(name)
                yield _flat(_square(ImageOps.exif_transpose(opened)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(name) from None
    except UnidentifiedImageError:
        raise DocumentReadError(
            f"'{name}' is no letter that can be read here; send a PDF, PNG, JPEG, TIFF or text "
            "file."
        ) from None
    except DocumentReadError:
        raise
    except Exception:  # whatever a broken picture does to its decoder, it is the picture's fault
        raise DocumentReadError(
            f"'{name}' is a damaged picture; take it again, or paste the text."
        ) from None


def _too_large(name: str) -> DocumentReadError:
    return DocumentReadError(
        f"'{name}' has more than {MOST_PIXELS // 1_000_000} million dots; save it smaller."
    )


def _flat(picture: Image.Image) -> Image.Image:
    """In grey, on white where it was see-through."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        ground = Image.new("RGBA", coloured.size, "white")
        picture = Image.alpha_composite(ground, coloured)
    return picture.convert("L")


def _square(picture: Image.Image) -> Image.Image:
    """A fax in standard resolution has dots twice as high as wide; this makes them square."""
    across, down = map(float, picture.info.get("dpi", (1, 1)))
    if not across or not down or not 1.5 < across / down < 2.5:
        return picture
    return picture.resize((picture.width, round(picture.height * across / down)))
