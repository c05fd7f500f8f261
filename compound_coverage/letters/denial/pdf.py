"""The text of a PDF's pages, and pictures of those that hold none.

The PDF is opened in the child process of ``letters.pages``, with its limits of time and memory:
an uploaded file is nobody's friend.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from PIL import Image

from compound_coverage.letters.denial.document import DocumentReadError
from compound_coverage.letters.pages import PageError, apart, opened, picture

FEWEST_LETTERS = 30
_PARAGRAPH_GAP = 0.45
_CELL_GAP = 1.2
_SAME_EDGE = 2.0
_HYPHEN_AT_LINE_END = "\ufffe"
_HERE = __name__


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page: its text, and whether it is a picture with no text to speak of.

    ``damaged`` pages have neither.
    """

    text: str
    is_picture: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of characters and its edges; y grows upward.

    ``cell`` is where the last cell of a row starts, or None where there are no cells.
    """

    text: str
    top: float
    bottom: float
    left: float
    cell: float | None

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 1.0)


def pages_of(data: bytes, most: int) -> tuple[int, list[PdfPage]]:
    """How many pages a PDF has, and the first ``most`` of them. Raises DocumentReadError."""
    answer = _apart("read", data, most=most)
    return answer["count"], [PdfPage(**page) for page in answer["pages"]]


def picture_of(data: bytes, index: int, dpi: int, most_pixels: int) -> Image.Image:
    """A picture of page ``index``, counted from 0. Raises DocumentReadError."""
    drawn = _apart("draw", data, index=index, dpi=dpi, most_pixels=most_pixels)
    return Image.open(io.BytesIO(base64.b64decode(drawn)), formats=["PNG"])


def _apart(work: str, data: bytes, **options: int) -> Any:
    try:
        return apart(f"{_HERE}:{work}", data, **options)
    except PageError as error:
        what = str(error).partition(";")[0]
        raise DocumentReadError(f"{what}; get another copy, or paste the text.") from None


# -- in the child ------------------------------------------------------------------------------


def read(data: bytes, most: int) -> dict[str, Any]:
    """The answer of ``pages_of``, ready for JSON."""
    with opened(data) as document:
        count = len(document)
        return {"count": count, "pages": [_read(document, at) for at in range(min(count, most))]}


def draw(data: bytes, index: int, dpi: int, most_pixels: int) -> str:
    """The picture of ``picture_of`` as PNG in base64, with what its form fields hold."""
    with opened(data) as document:
        document.init_forms()
        return picture(document[index], dpi, most_pixels, for_reading=True)


def _read(document: pypdfium2.PdfDocument, index: int) -> dict[str, Any]:
    try:
        page = document[index]
        text = _text_of(page)
        return {"text": text, "is_picture": _is_picture(page, text)}
    except pypdfium2.PdfiumError:
        return {"text": "", "damaged": True}


def _is_picture(page: pypdfium2.PdfPage, text: str) -> bool:
    """Has it too little text, and something drawn that may hold more?

    The head that a fax machine prints over a scanned page is too little.
    """
    letters = sum(char.isalnum() and char.isascii() for char in text)
    signs = sum(not char.isspace() for char in text)
    if letters >= FEWEST_LETTERS and letters * 2 > signs:
        return letters < 200 and _covered_by_picture(page)
    return any(item.type != pdfium.FPDF_PAGEOBJ_TEXT for item in page.get_objects())


def _covered_by_picture(page: pypdfium2.PdfPage) -> bool:
    width, height = page.get_size()
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > 0.5 * width * height:
            return True
    return False


# -- the text ----------------------------------------------------------------------------------


def _text_of(page: pypdfium2.PdfPage) -> str:
    """The text, with an empty line between paragraphs and wide blanks between a row's cells."""
    held = page.get_textpage()
    text: str = held.get_text_range()
    if len(text) != held.count_chars():  # what each character's box is can't be told
        return text.replace(_HYPHEN_AT_LINE_END, "-\n")
    return _set_apart(list(_lines(held, text)))


def _set_apart(lines: Sequence[_Line]) -> str:
    usual = _usual_gap(lines)
    pieces = [lines[0].text] if lines else []
    cell = lines[0].cell if lines else None
    for above, below in pairwise(lines):
        gap = above.bottom - below.top
        apart = gap < -above.height or gap > usual + _PARAGRAPH_GAP * above.height
        goes_on = cell is not None and abs(below.left - cell) < _SAME_EDGE and below.cell is None
        if goes_on and -above.height < gap < above.height:
            pieces.append(f" {below.text}")
            continue
        pieces.append(f"\n\n{below.text}" if apart else f"\n{below.text}")
        cell = below.cell
    return "".join(pieces)


def _lines(held: pypdfium2.PdfTextPage, text: str) -> Iterator[_Line]:
    start = 0
    for raw in text.split("\n"):
        boxes = [held.get_charbox(start + place, loose=True) for place in range(len(raw))]
        solid = [box for char, box in zip(raw, boxes, strict=True) if not char.isspace()]
        if solid:
            shown, cell = _with_cells(raw.rstrip("\r"), boxes)
            yield _Line(
                text=shown,
                top=max(box[3] for box in solid),
                bottom=min(box[1] for box in solid),
                left=solid[0][0],
                cell=cell,
            )
        start += len(raw) + 1


def _with_cells(
    raw: str, boxes: Sequence[tuple[float, float, float, float]]
) -> tuple[str, float | None]:
    """The line's text with wide blanks where a cell starts, and where the last one starts."""
    shown = ""
    cell: float | None = None
    right: float | None = None
    for char, (left, bottom, to, top) in zip(raw, boxes, strict=False):
        if char == _HYPHEN_AT_LINE_END:
            shown += "-\n"
        elif char.isspace():
            shown += " "
        else:
            if right is not None and left - right > _CELL_GAP * (top - bottom):
                shown = shown.rstrip() + "   "
                cell = left
            shown += char
            right = to
    return shown.strip(), cell


def _usual_gap(lines: Sequence[_Line]) -> float:
    """The gap between two lines of one paragraph: among the smaller ones on the page."""
    gaps = sorted(
        gap
        for above, below in pairwise(lines)
        if (gap := above.bottom - below.top) > -0.5 * above.height
    )
    return gaps[len(gaps) // 4] if gaps else 0.0
