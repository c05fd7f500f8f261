"""Every page and state of the dashboard, to be looked at or measured one after the other."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from playwright.sync_api import Browser, Page

from compound_coverage.casework import people
from compound_coverage.casework.access import Actor
from compound_coverage.casework.commands import do
from compound_coverage.casework.office import Office, open_office
from compound_coverage.casework.settings import PREFIX, settings
from compound_coverage.dataset.load import load
from compound_coverage.letters.casefile import example_case
from tools.browser import settle

PHONE, NARROW, DESK = 390, 320, 1280
LOCALES = {"en": "en-US", "es": "es-US"}
PATIENT_OF_THE_CASE = "Example Patient"  # in the made-up case that `with_a_case` makes
DENIAL = """NOTICE OF DENIAL OF MEDICARE PART D PRESCRIPTION DRUG COVERAGE
Date: March 9, 2026
Enrollee's name: Example Patient
We denied this request: bulk powders used in compounding are not Part D drugs.
You must ask for a redetermination within 65 calendar days of the date of this notice.
"""


class Stop(NamedTuple):
    """One page in one state: its name, its address, and what is done there first."""

    name: str
    path: str
    act: Callable[[Page], None] = settle


def _choose(page: Page, place: int, *either: str) -> None:
    """Takes the first match in the drop-down at ``place`` for whichever word finds one."""
    box = page.locator("input[role=combobox]").nth(place)
    for words in either:
        box.click()
        page.keyboard.type(words)
        page.wait_for_timeout(300)
        if page.get_by_role("option").count():
            break
        page.keyboard.press("Escape")
        box.fill("")
    page.keyboard.press("Enter")
    settle(page)


def ask_first(page: Page) -> None:
    """Answers the questions by keyboard, whatever the language, and goes to the answer."""
    for place, either in enumerate((["Humana"], ["LDN"], ["ibromialgia", "ibromyalgia"])):
        _choose(page, place, *either)
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


def unfold_all(page: Page) -> None:
    """Opens every folded section that stands on the page."""
    shut = page.get_by_test_id("stMain").locator("details:not([open]) > summary:visible")
    for _ in range(shut.count()):
        shut.first.click()
        settle(page)


def unfolded(act: Callable[[Page], None] = settle) -> Callable[[Page], None]:
    """First ``act``, then every section opened."""

    def go(page: Page) -> None:
        act(page)
        unfold_all(page)

    return go


def draft_first(page: Page) -> None:
    """Picks a plan and a medicine on the page of the letter and makes the draft."""
    for place, text in enumerate(("Humana", "LDN")):
        _choose(page, place, text)
    page.locator(".st-key-make-draft button").click()
    page.locator(".st-key-markdown textarea").wait_for()
    settle(page)


def read_a_denial(page: Page) -> None:
    """Pastes a made-up denial and has it read."""
    page.locator(".st-key-denial-text textarea").fill(DENIAL)
    page.locator(".st-key-read-denial button").click()
    page.locator(".st-key-use-denial").wait_for()
    settle(page)


def open_the_case(page: Page) -> None:
    """Opens the first case on the list."""
    page.get_by_role("button", name=re.compile(PATIENT_OF_THE_CASE)).first.click()
    page.wait_for_url("**/case")
    settle(page)


def review_the_case(page: Page) -> None:
    """Opens the first case, and then its letter beside its facts."""
    open_the_case(page)
    page.locator("[class*='st-key-look-'] button").first.click()
    page.wait_for_url("**/review")
    settle(page)


PATIENT = (
    Stop("questions", "/"),
    Stop("questions-not-picked", "/", press_too_early),
    Stop("questions-unfolded", "/", unfolded()),
    Stop("answer", "/", ask_first),
    Stop("answer-unfolded", "/", unfolded(ask_first)),
    Stop("call", "/", from_the_answer("call")),
    Stop("compare", "/", from_the_answer("compare")),
    Stop("cash", "/", from_the_answer("cash")),
    Stop("no-answer-yet", "/result"),
    Stop("letter", "/letter"),
    Stop("letter-drafted", "/letter", unfolded(draft_first)),
    Stop("denial", "/denial"),
    Stop("denial-read", "/denial", read_a_denial),
    Stop("lists", "/lists"),
    Stop("known", "/known", unfolded()),
    Stop("pictures", "/pictures"),
    Stop("help", "/help"),
    Stop("help-grades", "/help?topic=grades"),
    Stop("help-crisis", "/help?topic=crisis"),
)
STAFF = (
    Stop("cases", "/cases"),
    Stop("case", "/cases", open_the_case),
    Stop("review", "/cases", review_the_case),
    Stop("batch", "/batch"),
    Stop("verify", "/verify"),
    Stop("practice", "/practice"),
    Stop("proposals", "/proposals"),
    Stop("rule", "/rule"),
    Stop("tables", "/tables"),
    Stop("leads", "/leads"),
)


@contextmanager
def office_at(home: Path) -> Iterator[tuple[Office, Actor]]:
    """The office of a laptop whose data are in ``home``, and its owner in every role."""
    # a server's own settings are not for this one
    clean = {name: "" for name in os.environ if name.startswith(PREFIX)}
    here = clean | {f"{PREFIX}HOME": str(home), "DATABASE_URL": ""}
    with patch.dict(os.environ, here):
        office = open_office(load, lambda: nullcontext(None), settings())
        owner = {"member_id": "laptop", "name": "You", "npi": "1000000004"}
        roles = ["staff", "prescriber", "advocate", "manager", "auditor"]
        do(office, people.laptop_owner(office.desk), "members/change", owner | {"roles": roles})
        try:
            yield office, people.laptop_owner(office.desk)
        finally:
            office.desk.engine.dispose()


def with_a_case(home: Path) -> None:
    """Makes an office in ``home`` with one made-up case in review."""
    with office_at(home) as (office, owner):
        do(office, owner, "cases/create", {"content": {"facts": example_case()}})
        [row] = office.cases.worklist(owner)
        do(office, owner, "cases/submit", {"case_id": row.case_id})


@contextmanager
def opened(
    browser: Browser, address: str, stop: Stop, width: int, colors: str, language: str
) -> Iterator[Page]:
    """The page in its state, as somebody with this screen, theme and language sees it."""
    context = browser.new_context(locale=LOCALES[language])
    try:
        page = context.new_page()
        dress(page, width, colors)
        page.goto(address + stop.path)
        page.get_by_role("heading", level=1).first.wait_for()
        settle(page)
        stop.act(page)
        yield page
    finally:
        context.close()


def dress(page: Page, width: int, colors: str) -> None:
    """Gives the page this screen and theme; an open page changes to them."""
    page.emulate_media(color_scheme="dark" if colors == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844 if width < DESK else 900})
