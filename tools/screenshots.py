"""Takes the pictures in the docs from the running dashboard: `make screenshots`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page

from tools.browser import chromium, pick, serving, settle, unfold, whole_page

PHONE, DESK = (390, 844), (1280, 900)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with serving() as address, chromium() as browser:
        for name, size in (("phone", PHONE), ("desk", DESK)):
            page = _open(browser, address, size)
            _answer(page)
            page.get_by_test_id("stMain").evaluate("node => node.scrollTo(0, 0)")
            whole_page(page)
            page.screenshot(path=folder / f"check-{name}.png")
            page = _open(browser, f"{address}/letter", size)
            _letter(page)
            whole_page(page)
            page.screenshot(path=folder / f"letter-{name}.png")


def _open(browser: Browser, address: str, size: tuple[int, int]) -> Page:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    return page


def _answer(page: Page) -> None:
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    page.get_by_text("Bulk powder", exact=True).first.click()
    pick(page, "What is it for?", "Fibromyalgia")
    settle(page)


def _letter(page: Page) -> None:
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    unfold(page, "Patient and insurance card")
    page.get_by_role("button", name="Make the draft").click()
    settle(page)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
