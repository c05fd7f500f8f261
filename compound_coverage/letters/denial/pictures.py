"""Reads the words off a picture with the Tesseract program. Nothing leaves this machine.

The picture goes in through standard input and the words come out through standard output; no
file is written.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from compound_coverage.letters.denial.document import DocumentReadError
from compound_coverage.letters.denial.rows import Reading, reading_of

SECONDS = 60
DPI = 300

_SHORT_SIDE = 1800
_LONG_SIDE = 4600
_MOST_ENLARGED = 3.0
# Sauvola's way of telling ink from paper: the one that stands the uneven light of a photo.
_READ = ("-l", "eng", "--psm", "3", "-c", "thresholding_method=2", "-c", "tessedit_create_tsv=1")
_UPRIGHT = ("--psm", "0")


def tesseract_program() -> str | None:
    """Where the program is, or None if it is not installed."""
    return shutil.which("tesseract")


def read_picture(picture: Image.Image) -> Reading:
    """The words of a picture of a page, turned upright if need be.

    Raises DocumentReadError with one sentence if Tesseract is not installed, fails or takes
    too long.
    """
    prepared = _unruled(_sized(picture.convert("L")))
    best = _read(prepared)
    if best.good:
        return best
    for turn in _turns(prepared):
        other = _read(prepared.rotate(turn, expand=True, fillcolor=255))
        best = max(best, other, key=lambda reading: reading.confidence * reading.words)
        if best.good:
            break
    return best


# -- the picture -------------------------------------------------------------------------------


def _sized(picture: Image.Image) -> Image.Image:
    """Enlarged if it is small, reduced if it is larger than any reading needs."""
    short, long = sorted(picture.size)
    factor = min(max(1.0, _SHORT_SIDE / short), _MOST_ENLARGED, max(1.0, _LONG_SIDE / long))
    factor *= min(1.0, _LONG_SIDE / (long * factor))
    if factor == 1.0:
        return picture
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _unruled(picture: Image.Image) -> Image.Image:
    """Without long level lines: the rules of a table keep Tesseract from seeing its rows."""
    step = 8
    width = picture.width // step * step
    if not width:
        return picture
    paper = np.asarray(picture.filter(ImageFilter.BoxBlur(DPI // 8)), dtype=np.int16)
    pixels = np.array(picture, dtype=np.uint8)
    dark = pixels[:, :width] < paper[:, :width] * 0.85
    blocks = np.all(dark.reshape(picture.height, width // step, step), axis=2)
    line = _long_runs(blocks, DPI // 4 // step)
    for _ in range(2):
        line[1:] |= line[:-1].copy()
        line[:-1] |= line[1:].copy()
    line[:, 1:] |= line[:, :-1].copy()
    line[:, :-1] |= line[:, 1:].copy()
    mask = np.repeat(line, step, axis=1)
    # ink that is no rule would be cut where a rule touches it, so only the rule's rows go
    pixels[:, :width][mask] = np.minimum(255, paper[:, :width][mask] * 1.1).astype(np.uint8)
    return Image.fromarray(pixels)


def _long_runs(cells: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """The cells that stand in a level run of at least ``length`` true ones."""
    runs = cells.copy()
    for shift in range(1, length):
        runs[:, :-shift] &= cells[:, shift:]
        runs[:, -shift:] = False
    spread = runs.copy()
    for shift in range(1, length):
        spread[:, shift:] |= runs[:, :-shift]
    return spread


def _turns(picture: Image.Image) -> list[int]:
    """How far to turn it against the clock, the likeliest first."""
    try:
        told = _run(picture, _UPRIGHT)
    except DocumentReadError:  # too few letters to tell, or no data for telling
        told = ""
    found = re.search(r"Rotate: (90|180|270)", told)
    likely = [(360 - int(found[1])) % 360] if found else []
    return [*likely, *(turn for turn in (90, 270, 180) if turn not in likely)]


# -- the program -------------------------------------------------------------------------------


def _read(picture: Image.Image) -> Reading:
    return reading_of(_run(picture, _READ))


def _run(picture: Image.Image, options: Sequence[str]) -> str:
    program = tesseract_program()
    if program is None:
        raise DocumentReadError(
            "This page is a picture; reading it needs the program Tesseract, which is not "
            "installed here. Paste the text instead."
        )
    held = io.BytesIO()
    picture.save(held, "PNG", compress_level=1)
    try:
        done = subprocess.run(
            [program, "stdin", "stdout", "--dpi", str(DPI), *options],
            input=held.getvalue(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise DocumentReadError(
            f"Reading this picture took more than {SECONDS} seconds; paste the text instead."
        ) from None
    except OSError:
        raise DocumentReadError(
            "The program Tesseract can't be started here; paste the text instead."
        ) from None
    if done.returncode:
        raise DocumentReadError(
            "The program Tesseract can't read this picture; take it again, or paste the text."
        )
    return done.stdout.decode("utf-8", "replace")
