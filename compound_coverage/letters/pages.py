"""PDF pages as pictures and as printed words, read in a process of its own.

An uploaded PDF is nobody's friend: it may be made to hang a reader or to fill the memory, and
PDFium must not be used by two threads at once. So every look into a PDF happens in a small child
process with a time and a memory limit. Nothing is written to disk, and PDFium is built without a
script engine, so no script in a PDF can run.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

LARGEST_FILE = 25_000_000
SECONDS = 30
MOST_MEMORY = 2_000_000_000
# a page may claim to be as large as a house; its picture still fits on a screen
MOST_PIXELS = 4_000_000
MOST_CHARACTERS = 20_000

NOT_A_PDF = "This is not a PDF file; choose the PDF itself."
TOO_LARGE = "The PDF is larger than 25 MB; is it the right file?"
LOCKED = (
    "The PDF is locked with a password or with restrictions; ask for an unlocked copy, or print it."
)
DAMAGED = "The PDF is damaged and can't be read; download it again, or print it."
TOO_SLOW = "The PDF takes too long to read; print it, or ask for a simpler copy."


# how far from a box its own print may begin, and how wide a gap between its words, in points
NEAR, NEAR_A_TICK, ABOVE, BETWEEN_WORDS = 72.0, 20.0, 12.0, 9.0
SLACK = 2.0

Rectangle = tuple[float, float, float, float]  # left, bottom, right, top, in points


class PageError(ValueError):
    """A PDF that can't be read or shown. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """A printed word and where it stands, in points from the lower left corner of the page."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def pictures(data: bytes, dpi: int = 110, most: int = 40) -> list[bytes]:
    """The first ``most`` pages of a PDF as PNG pictures, with what its form fields hold.

    A page too large for a screen is drawn at fewer dots to the inch. Raises PageError.
    """
    made = apart("compound_coverage.letters.pages:draw", data, dpi=dpi, most=most)
    return [base64.b64decode(picture) for picture in made]


# -- a process of its own ----------------------------------------------------------------------


def apart(work: str, data: bytes, **options: Any) -> Any:
    """What ``module:function`` makes of ``data`` and ``options`` in a child process, as JSON.

    Raises PageError if ``data`` is no PDF or too large, if the function says so, or if the child
    takes too long or falls over the file.
    """
    if b"%PDF-" not in data[:1024]:
        raise PageError(NOT_A_PDF)
    if len(data) > LARGEST_FILE:
        raise PageError(TOO_LARGE)
    request = json.dumps({"work": work, "options": options}).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", f"import {__name__} as pages; pages.run()"],
            input=request + b"\n" + data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
    except subprocess.TimeoutExpired:
        raise PageError(TOO_SLOW) from None
    if done.returncode:
        raise PageError(DAMAGED)
    answer = json.loads(done.stdout)
    if "fault" in answer:
        raise PageError(answer["fault"])
    return answer["result"]


def run() -> None:
    """The child's whole life: limits on itself, one request read, one answer written."""
    _limit()
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(source: BinaryIO, answers: BinaryIO) -> None:
    """Reads a request of ``apart`` and writes its result, or the sentence that says why not."""
    request = json.loads(source.readline())
    module, _, function = request["work"].partition(":")
    work = getattr(importlib.import_module(module), function)
    answer: dict[str, Any]
    try:
        answer = {"result": work(source.read(), **request["options"])}
    except PageError as error:
        answer = {"fault": str(error)}
    except Exception:  # whatever a hostile file does to a parser, it is the file's fault
        answer = {"fault": DAMAGED}
    answers.write(json.dumps(answer).encode())


def _limit() -> None:
    try:
        import resource  # not on Windows, where the time limit alone holds
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


# -- in the child ------------------------------------------------------------------------------


def draw(data: bytes, dpi: int, most: int) -> list[str]:
    """The pictures of ``pictures``, each as base64 text. Raises PageError for a locked file."""
    with opened(data) as pdf:
        pdf.init_forms()
        return [picture(pdf[place], dpi) for place in range(min(len(pdf), most))]


def opened(data: bytes) -> pdfium.PdfDocument:
    """The PDF, to be closed by the caller. Raises PageError if it is locked or damaged."""
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY)
        raise PageError(LOCKED if locked else DAMAGED) from None


def picture(
    page: pdfium.PdfPage, dpi: int, most_pixels: int = MOST_PIXELS, *, for_reading: bool = False
) -> str:
    """A page, which it closes, as a PNG in base64; ``for_reading`` in grey and packed quickly."""
    width, height = page.get_size()
    scale = min(dpi / 72, math.sqrt(most_pixels / max(1.0, width * height)))
    packing = {"compress_level": 1} if for_reading else {}
    held = io.BytesIO()
    page.render(scale=scale, grayscale=for_reading).to_pil().save(held, "PNG", **packing)
    page.close()
    return base64.b64encode(held.getvalue()).decode()


def words(page: pdfium.PdfPage) -> list[Word]:
    """The printed words of a page in reading order; lines to write on are no words."""
    text = page.get_textpage()
    found: list[Word] = []
    for char, box in _characters(text):
        last = found[-1] if found else None
        if char.isspace() or char == "_":
            found.append(Word("", 0, 0, 0, 0))
        elif last is None or not _goes_on(last, box):
            found.append(Word(char, *box))
        else:
            found[-1] = _joined(last, char, box)
    text.close()
    return [word for word in found if word.text]


def _characters(text: pdfium.PdfTextPage) -> Iterator[tuple[str, Rectangle]]:
    for place in range(min(text.count_chars(), MOST_CHARACTERS)):
        code = pdfium_c.FPDFText_GetUnicode(text, place)
        yield chr(code), text.get_charbox(place, loose=True)


def _goes_on(word: Word, box: Rectangle) -> bool:
    left, bottom, _, top = box
    height = top - bottom
    middle = (bottom + top) / 2
    near = -height < left - word.right < height / 3
    return bool(word.text) and near and word.bottom < middle < word.top


def _joined(word: Word, char: str, box: Rectangle) -> Word:
    left, bottom, right, top = box
    return Word(
        word.text + char,
        min(word.left, left),
        min(word.bottom, bottom),
        max(word.right, right),
        max(word.top, top),
    )


# -- the print beside a box --------------------------------------------------------------------


def print_beside(
    box: Rectangle, words: Sequence[Word], boxes: Sequence[Rectangle], *, right: bool
) -> str:
    """The print to the right of a box to tick, or to the left of a line to fill, or above it.

    ``boxes`` are all boxes of the page: the print beyond another box belongs to that one.
    """
    found = _run_from(box, words, boxes, right) or ([] if right else _above(box, words))
    return " ".join(word.text for word in sorted(found, key=lambda word: word.left)).strip(" :.")


def _run_from(
    box: Rectangle, words: Sequence[Word], boxes: Sequence[Rectangle], right: bool
) -> list[Word]:
    """The words that run away from the box without a gap, to the right or to the left."""
    away = 1 if right else -1
    edge, near = (box[2], NEAR_A_TICK) if right else (-box[0], NEAR)
    ahead = [(word.left if right else -word.right, word) for word in words if _is_level(word, box)]
    others = [away * _middle(other) for other in _level_boxes(box, boxes)]
    found: list[Word] = []
    for begins, word in sorted(ahead, key=lambda at: at[0]):
        if begins < edge - SLACK or (found and not _same_line(word, found[0])):
            continue
        parted = any(edge < middle < begins for middle in others)
        ends_another = bool(found) and not right and word.text.endswith(":")
        if begins - edge > near or parted or ends_another:
            break
        found.append(word)
        edge, near = (word.right if right else -word.left), BETWEEN_WORDS
    return found


def _above(box: Rectangle, words: Sequence[Word]) -> list[Word]:
    left, _, right, top = box
    over = [
        word
        for word in words
        if -SLACK <= word.bottom - top <= ABOVE and word.left < right and word.right > left
    ]
    lowest = min(over, key=lambda word: word.bottom, default=None)
    return [word for word in over if lowest and _same_line(word, lowest)]


def _is_level(word: Word, box: Rectangle) -> bool:
    shared = min(word.top, box[3]) - max(word.bottom, box[1])
    return shared >= (word.top - word.bottom) / 2


def _same_line(word: Word, other: Word) -> bool:
    return abs((word.bottom + word.top) - (other.bottom + other.top)) <= 2 * SLACK


def _level_boxes(box: Rectangle, boxes: Sequence[Rectangle]) -> list[Rectangle]:
    height = (box[1] + box[3]) / 2
    return [other for other in boxes if other != box and other[1] < height < other[3]]


def _middle(box: Rectangle) -> float:
    return (box[0] + box[2]) / 2
