"""Finds a passage in a document's text, and shows where on its page it stands.

A passage is found whatever the printer did to it: line ends, hyphens, ligatures, capitals and
blanks do not count.
"""

from __future__ import annotations

import base64
import io
import math
import unicodedata
from collections.abc import Iterable, Sequence

import pypdfium2 as pdfium  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from compound_coverage.letters.pages import PageError, Word, apart, opened, words

DPI = 110
MOST_PIXELS = 4_000_000
_MARK = (255, 214, 0, 96)
_MARGIN = 1.5  # points around a marked word
_HERE = __name__


def find_passage(pages: Sequence[str], passage: str) -> list[int]:
    """Numbers, from 1, of the pages on which ``passage`` begins; empty if on none.

    A passage may go on over the end of its page.
    """
    wanted = bare(passage)
    if not wanted:
        return []
    held = [bare(page) for page in pages]
    after = [*held, ""][1:]
    return [
        number
        for number, (page, following) in enumerate(zip(held, after, strict=True), start=1)
        if 0 <= (page + following[: len(wanted) - 1]).find(wanted) < len(page)
    ]


def bare(text: str) -> str:
    """Only the letters and digits of ``text``, small, ligatures taken apart."""
    apart_letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in apart_letters if char.isalnum())


# -- a picture of the page ---------------------------------------------------------------------


def page_picture(data: bytes, page: int, passage: str = "") -> bytes:
    """Page ``page`` (from 1) of a PDF as a PNG, with ``passage`` marked where it is printed.

    A PNG or JPEG is its own only page, without a mark. Raises PageError with one sentence if there
    is no such page, or nothing to draw.
    """
    if b"%PDF-" in data[:1024]:
        drawn = apart(f"{_HERE}:draw", data, page=page, passage=passage)
        return base64.b64decode(drawn)
    return _photo(data)


def _photo(data: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as opened_picture:
            picture = ImageOps.exif_transpose(opened_picture).convert("RGB")
    except UnidentifiedImageError:
        raise PageError("There is no picture of a page of text; read the text itself.") from None
    except Exception:  # whatever a broken picture does to its decoder, it is the picture's fault
        raise PageError("The picture is damaged; get another copy.") from None
    scale = math.sqrt(MOST_PIXELS / max(1, picture.width * picture.height))
    if scale < 1:
        picture.thumbnail((int(picture.width * scale), int(picture.height * scale)))
    return _as_png(picture)


def _as_png(picture: Image.Image) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


# -- in the child ------------------------------------------------------------------------------


def draw(data: bytes, page: int, passage: str) -> str:
    """The picture of ``page_picture`` as base64, drawn in the child process of ``letters.pages``.

    Raises PageError.
    """
    with opened(data) as document:
        if not 1 <= page <= len(document):
            raise PageError(f"The document has no page {page}; it has {len(document)}.")
        held = document[page - 1]
        width, height = held.get_size()
        scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1.0, width * height)))
        picture = held.render(scale=scale).to_pil().convert("RGB")
        marked = _marked(picture, printed(words(held), passage), scale, _upper_left(held))
        held.close()
        return base64.b64encode(_as_png(marked)).decode()


def _upper_left(page: pdfium.PdfPage) -> tuple[float, float]:
    """Left and top edge of what is drawn, in points: a page need not begin at nought."""
    left, _, _, top = page.get_cropbox()
    return left, top


def printed(page: Sequence[Word], passage: str) -> list[Word]:
    """The words of a page that ``passage`` covers; empty if it is not printed there."""
    wanted, held = bare(passage), [bare(word.text) for word in page]
    start = "".join(held).find(wanted) if wanted else -1
    if start < 0:
        return []
    found, at = [], 0
    for word, letters in zip(page, held, strict=True):
        if letters and at < start + len(wanted) and at + len(letters) > start:
            found.append(word)
        at += len(letters)
    return found


def _marked(
    picture: Image.Image, found: Iterable[Word], scale: float, corner: tuple[float, float]
) -> Image.Image:
    """The picture with a marker drawn over words, as with a felt pen."""
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    left, top = corner
    for word in found:
        pen.rectangle(
            (
                (word.left - left - _MARGIN) * scale,
                (top - word.top - _MARGIN) * scale,
                (word.right - left + _MARGIN) * scale,
                (top - word.bottom + _MARGIN) * scale,
            ),
            fill=_MARK,
        )
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")
