"""Makes the files a person would upload out of the made-up letters in ``golden/``.

Each letter is plain text with one long line for each paragraph. It is set by Typst in one of the
layouts below; pictures are taken of its pages, and spoilt the way a scanner or a phone would.
"""

from __future__ import annotations

import io
import json
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import typst
from PIL import Image, ImageDraw, ImageFilter

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(file.stem for file in GOLDEN.glob("*.txt"))

_SETTING = r"""
#let lines = json(bytes(sys.inputs.lines))
#let layout = sys.inputs.layout
#let shown(line) = if line == "" { parbreak() } else { text(line) + linebreak() }
#set par(justify: layout == "prose" or layout == "columns", leading: 0.6em)
#set text(size: 10.5pt, hyphenate: layout == "columns")
#set page(paper: "us-letter", margin: 2cm)
#if layout == "columns" {
  columns(2, lines.map(shown).join())
} else if layout == "table" {
  for line in lines {
    let cut = line.position(": ")
    if cut != none and cut < 25 and not line.contains(". ") {
      table(columns: (5cm, 1fr), line.slice(0, cut), line.slice(cut + 2))
    } else { shown(line) }
  }
} else if layout == "fax" {
  set text(font: "DejaVu Sans Mono", size: 9.5pt)
  lines.map(shown).join()
} else if layout == "receipt" {
  set text(font: "DejaVu Sans Mono", size: 8pt)
  block(width: 8.5cm, lines.map(shown).join())
} else {
  lines.map(shown).join()
}
"""


def text_of(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def expected_of(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return expected


def wrapped(text: str, width: int = 78) -> str:
    """The text as it comes out of a mail program: lines of at most ``width`` characters."""
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )


@lru_cache(maxsize=64)
def pdf_of(text: str, layout: str = "prose") -> bytes:
    """The letter as a PDF whose text can be read."""
    made: bytes = typst.compile(
        _SETTING.encode(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"lines": json.dumps(text.splitlines()), "layout": layout},
    )
    return made


def pictures_of(pdf: bytes, dpi: int = 300) -> list[Image.Image]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]


def scan_of(pdf: bytes) -> bytes:
    """The same letter as a scanner gives it: a PDF that holds nothing but pictures."""
    pages = [
        page.rotate(0.6, resample=Image.Resampling.BICUBIC, fillcolor=255)
        for page in pictures_of(pdf, 200)
    ]
    made = io.BytesIO()
    pages[0].save(made, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return made.getvalue()


def photo_of(pdf: bytes, turned: int = 0, seed: int = 7) -> bytes:
    """Its first page as a phone would take it: askew, a little soft, in uneven light, JPEG."""
    page = pictures_of(pdf, 220)[0]
    page = page.rotate(-1.2, resample=Image.Resampling.BICUBIC, fillcolor=255)
    page = page.filter(ImageFilter.GaussianBlur(0.7))
    light = np.linspace(0.6, 1.0, page.height)[:, None]
    noise = np.random.default_rng(seed).normal(0, 6, (page.height, page.width))
    spoilt = np.clip(np.asarray(page) * light + noise, 0, 255).astype(np.uint8)
    made = io.BytesIO()
    Image.fromarray(spoilt).rotate(turned, expand=True).save(made, "JPEG", quality=70)
    return made.getvalue()


def fax_of(pdf: bytes) -> bytes:
    """Its first page as a fax machine sends it in fine resolution: black and white, TIFF."""
    page = pictures_of(pdf, 204)[0].rotate(0.4, fillcolor=255)
    made = io.BytesIO()
    black = page.point(lambda value: 255 if value > 150 else 0).convert("1")
    black.save(made, "TIFF", compression="group4", dpi=(204, 196))
    return made.getvalue()


def blank_picture(width: int = 800, height: int = 600) -> Image.Image:
    picture = Image.new("L", (width, height), 255)
    ImageDraw.Draw(picture).line((10, 10, width - 10, 10), fill=0)
    return picture
