"""Every page and state of the dashboard, to be looked at or measured one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from tools.browser import settle

PHONE, NARROW, DESK = 390, 320, 1280
LOCALES = {"en": "en-US", "es": "es-US"}


class Stop(NamedTuple):
    """One page in one state: its name, its address, and what is done there first."""

    name: str
    path: str
    act: Callable[[Page], None] = settle


def ask_first(page: Page) -> None:
    """Answers the questions by keyboard, whatever the language, and goes to the answer."""
    for place, text in enumerate(("Humana", "LDN", "ibromialgia")):
        box = page.locator("input[role=combobox]").nth(place)
        for words in (text, text.replace("ibromialgia", "ibromyalgia")):
            box.click()
            page.keyboard.type(words)
            page.wait_for_timeout(300)
            if page.get_by_role("option").count():
                break
            page.keyboard.press("Escape")
            box.fill("")
        page.keyboard.press("Enter")
        settle(page)
    page.locator(".st-key-show-answer button").click()
    page.wait_for_url("**/result")
    settle(page)


def press_too_early(page: Page) -> None:
    """Asks for the answer before anything is picked."""
    page.locator(".st-key-show-answer button").click()
    page.locator(".cc-gap").wait_for()
    settle(page)


def from_the_answer(name: str) -> Callable[[Page], None]:
    """Goes on from the answer by a link to the page ``name``."""

    def go(page: Page) -> None:
        ask_first(page)
        page.locator(f".st-key-what-now a[href$='{name}']").click()
        page.wait_for_url(f"**/{name}")
        settle(page)

    return go


PATIENT = (
    Stop("questions", "/"),
    Stop("questions-not-picked", "/", press_too_early),
    Stop("answer", "/", ask_first),
    Stop("call", "/", from_the_answer("call")),
    Stop("compare", "/", from_the_answer("compare")),
    Stop("cash", "/", from_the_answer("cash")),
    Stop("no-answer-yet", "/result"),
    Stop("letter", "/letter"),
    Stop("denial", "/denial"),
    Stop("lists", "/lists"),
    Stop("known", "/known"),
    Stop("pictures", "/pictures"),
    Stop("help", "/help"),
    Stop("help-grades", "/help?topic=grades"),
    Stop("help-crisis", "/help?topic=crisis"),
)
STAFF = (
    Stop("cases", "/cases"),
    Stop("batch", "/batch"),
    Stop("verify", "/verify"),
    Stop("practice", "/practice"),
    Stop("proposals", "/proposals"),
    Stop("rule", "/rule"),
    Stop("tables", "/tables"),
    Stop("leads", "/leads"),
)


@contextmanager
def opened(
    browser: Browser, address: str, stop: Stop, width: int, colors: str, language: str
) -> Iterator[Page]:
    """The page in its state, as somebody with this screen, theme and language sees it."""
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < DESK else 900},
        color_scheme="dark" if colors == "dark" else "light",
        locale=LOCALES[language],
    )
    try:
        page = context.new_page()
        page.goto(address + stop.path)
        page.get_by_role("heading", level=1).first.wait_for()
        settle(page)
        stop.act(page)
        yield page
    finally:
        context.close()
