"""The gallery and the report on barriers, made from the running dashboard.

    python -m tools.gallery pictures docs/gallery    pictures, and docs/gallery.md around them
    python -m tools.gallery barriers docs/axe.md     what axe finds, of any level, on every page

Pictures: each page in English and Spanish, light and dark, on a phone and at a desk. Barriers: the
same at 320 and 1280 px.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tools.browser import OF_THE_FRAMEWORK, barriers, chromium, ours, serving, settle, whole_page
from tools.walk import (
    DESK,
    LOCALES,
    NARROW,
    PATIENT,
    PHONE,
    STAFF,
    Stop,
    dress,
    opened,
    with_a_case,
)

COLORS = ("light", "dark")
SCREENS = {"phone": PHONE, "desk": DESK}
SMALLEST = {f"{width} px": width for width in (NARROW, DESK)}
TALLEST = 1_600  # pixels; the foot of a long page adds nothing to a gallery
QUALITY = 35
# a page is taken for broken when it is so much taller or shorter, or so much of it looks otherwise
TALLER, CHANGED = 0.10, 0.10
BLOCK = 24  # pixels, about a line of text
SHADE = 24  # of 255


def main(what: str, target: Path) -> None:
    """Makes the pictures or the report."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(COMPOUND_COVERAGE_HOME=home) as address,
        chromium() as browser,
    ):
        with_a_case(Path(home))
        if what == "pictures":
            pictures(browser, address, target)
        else:
            target.write_text(report(browser, address), encoding="utf-8")


def pictures(browser: Browser, address: str, folder: Path) -> None:
    """All pictures into ``folder``, and a page of Markdown beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for stop, language in itertools.product((*PATIENT, *STAFF), LOCALES):
        for page, colors, screen in worn(browser, address, stop, language, SCREENS):
            name = picture_name(stop, language, colors, screen)
            take(page).save(folder / name, quality=QUALITY, method=6)
    folder.with_suffix(".md").write_text(_markdown(folder.name), encoding="utf-8")


def worn(
    browser: Browser, address: str, stop: Stop, language: str, screens: Mapping[str, int]
) -> Iterator[tuple[Page, str, str]]:
    """The page in both themes on each of the screens; it is opened once and changes its dress."""
    first = next(iter(screens.values()))
    with opened(browser, address, stop, first, COLORS[0], language) as page:
        for colors, (screen, width) in itertools.product(COLORS, screens.items()):
            dress(page, width, colors)
            settle(page)
            yield page, colors, screen


def take(page: Page) -> Image.Image:
    """A picture of the page from its top, at most ``TALLEST`` pixels of it."""
    whole_page(page)
    size = page.viewport_size or {"width": PHONE, "height": TALLEST}
    page.set_viewport_size({"width": size["width"], "height": min(size["height"], TALLEST)})
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def broken(now: Image.Image, before: Image.Image) -> str:
    """How the layout of a page differs from its picture in the gallery; empty if it does not.

    Words may change, since answers and days do: both pictures are made so coarse that a line of
    text is a grey bar. What has moved, grown or gone still shows.
    """
    if now.width != before.width:
        return f"{now.width} pixels wide, not {before.width}"
    if abs(now.height - before.height) > TALLER * before.height:
        return f"{now.height} pixels high, not {before.height}"
    size = (now.width // BLOCK, min(now.height, before.height) // BLOCK)
    height = size[1] * BLOCK
    one, other = (
        shot.crop((0, 0, shot.width, height)).convert("L").resize(size, Image.Resampling.BOX)
        for shot in (now, before)
    )
    moved = [abs(a - b) > SHADE for a, b in zip(one.tobytes(), other.tobytes(), strict=True)]
    share = sum(moved) / len(moved)
    return f"{share:.0%} of it looks otherwise" if share > CHANGED else ""


def picture_name(stop: Stop, language: str, colors: str, screen: str) -> str:
    """The file of one picture."""
    return f"{stop.name}-{language}-{colors}-{screen}.webp"


def _markdown(folder: str) -> str:
    lines = [
        "# Gallery",
        "",
        "Made by `make gallery` from the running app: each page in English and Spanish, light and",
        "dark, on a phone (390 px) and at a desk (1280 px). Long pages are cut at the foot.",
    ]
    for stop in (*PATIENT, *STAFF):
        lines += ["", f"## {stop.name.replace('-', ' ').capitalize()}", ""]
        for language, colors in itertools.product(LOCALES, COLORS):
            shown = "".join(
                f'<img src="{folder}/{picture_name(stop, language, colors, screen)}" '
                f'alt="{stop.name}, {language}, {colors}, {screen}" height="420"> '
                for screen in SCREENS
            )
            lines.append(f"{shown}<br>")
    return "\n".join(lines) + "\n"


def report(browser: Browser, address: str) -> str:
    """The table of findings over all pages, languages, themes and widths."""
    lines = [
        "# What axe finds",
        "",
        "Made by `make axe`: axe-core, all rules of all levels, on each page at 320 and 1280 px,",
        "light and dark, English and Spanish. Findings in what Streamlit itself draws:",
        "",
        *(f"- `{rule}`: {why}" for rule, why in OF_THE_FRAMEWORK.items()),
        "",
        "| page | looks | our findings | Streamlit's |",
        "|---|--:|--:|--:|",
    ]
    told = []
    for stop in (*PATIENT, *STAFF):
        found: list[str] = []
        looks = 0
        for language in LOCALES:
            for page, colors, screen in worn(browser, address, stop, language, SMALLEST):
                here = barriers(page)
                looks += 1
                found += here
                told += [f"- {stop.name}, {language}, {colors}, {screen}: {x}" for x in ours(here)]
        own = len(ours(found))
        lines.append(f"| {stop.name} | {looks} | {own} | {len(found) - own} |")
    return "\n".join([*lines, *([""] if told else []), *told]) + "\n"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
