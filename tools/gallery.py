"""The gallery and the report on barriers, made from the running dashboard.

    python -m tools.gallery pictures docs/gallery    pictures, and docs/gallery.md around them
    python -m tools.gallery barriers docs/axe.md     what axe finds, of any level, on every page

Pictures: each page in English and Spanish, light and dark, on a phone and at a desk. Barriers: the
same at 320 and 1280 px.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tools.browser import OF_THE_FRAMEWORK, barriers, chromium, ours, serving, whole_page
from tools.walk import DESK, LOCALES, NARROW, PATIENT, PHONE, STAFF, Stop, opened, with_a_case

COLORS = ("light", "dark")
SCREENS = {"phone": PHONE, "desk": DESK}
TALLEST = 2_400  # pixels; the foot of a long page adds nothing to a gallery
QUALITY = 60


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
    for stop, language, colors, (screen, width) in itertools.product(
        (*PATIENT, *STAFF), LOCALES, COLORS, SCREENS.items()
    ):
        with opened(browser, address, stop, width, colors, language) as page:
            take(page, folder / _name(stop, language, colors, screen))
    folder.with_suffix(".md").write_text(_markdown(folder.name), encoding="utf-8")


def take(page: Page, path: Path) -> None:
    """A picture of the page from its top, at most ``TALLEST`` pixels of it."""
    whole_page(page)
    size = page.viewport_size or {"width": PHONE, "height": TALLEST}
    page.set_viewport_size({"width": size["width"], "height": min(size["height"], TALLEST)})
    page.screenshot(path=path, type="jpeg", quality=QUALITY)


def _name(stop: Stop, language: str, colors: str, screen: str) -> str:
    return f"{stop.name}-{language}-{colors}-{screen}.jpg"


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
                f'<img src="{folder}/{_name(stop, language, colors, screen)}" '
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
        looks = list(itertools.product(LOCALES, COLORS, (NARROW, DESK)))
        for language, colors, width in looks:
            with opened(browser, address, stop, width, colors, language) as page:
                here = barriers(page)
                found += here
                told += [f"- {stop.name}, {language}, {colors}, {width}: {x}" for x in ours(here)]
        own = len(ours(found))
        lines.append(f"| {stop.name} | {len(looks)} | {own} | {len(found) - own} |")
    return "\n".join([*lines, *([""] if told else []), *told]) + "\n"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
