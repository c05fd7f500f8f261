"""Every page in changing dress: no barrier, no layout break, its language, nothing from outside."""

import itertools
import re
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect

from tools.browser import ROOT, barriers, fits, lost_to_the_keyboard, ours, pick, settle
from tools.gallery import SCREENS, broken, picture_name, take
from tools.walk import DESK, NARROW, PATIENT, PHONE, STAFF, ask_first, dress, opened

GALLERY = ROOT / "docs" / "gallery"

# each page once, the dress going round: over all pages every dress is worn
DRESSES = itertools.cycle(
    [(NARROW, "light", "es"), (DESK, "dark", "en"), (NARROW, "dark", "es"), (DESK, "light", "es")]
)
LOOKS = [(stop, *next(DRESSES)) for stop in (*PATIENT, *STAFF)]


@pytest.mark.parametrize(
    ("stop", "width", "colors", "language"), LOOKS, ids=[look[0].name for look in LOOKS]
)
def test_a_page_has_no_barrier_and_does_not_break(chromium, server, stop, width, colors, language):
    with opened(chromium, server, stop, width, colors, language) as page:
        assert ours(barriers(page)) == []
        assert fits(page)
        assert lost_to_the_keyboard(page) == []
        assert page.evaluate("document.documentElement.lang") == language
        assert page.get_by_role("heading", level=1).count() == 1
        other = "Read this in English" if language == "es" else "Leer esto en español"
        assert page.get_by_role("button", name=other).is_visible()
        screen = "desk" if width == DESK else "phone"
        dress(page, SCREENS[screen], colors)
        settle(page)
        with Image.open(GALLERY / picture_name(stop, language, colors, screen)) as before:
            assert broken(take(page), before) == "", "run `make gallery` if that was meant"


def test_a_moved_or_shrunken_page_is_found_out():
    with Image.open(GALLERY / "answer-en-light-phone.webp") as page:
        assert broken(page, page) == ""
        assert "looks otherwise" in broken(ImageChops.offset(page, 60), page)
        assert "high" in broken(page.crop((0, 0, page.width, page.height // 2)), page)
        assert "wide" in broken(page.resize((300, page.height)), page)


@pytest.fixture
def phone(chromium, server):
    """A phone on the questions, in English."""
    context = chromium.new_context(viewport={"width": PHONE, "height": 844}, locale="en-US")
    page = context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(server)
    page.get_by_role("heading", level=1).wait_for()
    settle(page)
    yield page
    context.close()


def test_the_language_changes_and_nothing_picked_is_lost(phone):
    pick(phone, "Which plan do you have?", "Humana")
    pick(phone, "What is it for?", "Fibromyalgia")
    phone.get_by_role("button", name="Leer esto en español").click()
    settle(phone)
    expect(phone.get_by_role("heading", level=1)).to_contain_text("¿Pagará mi plan")
    expect(phone.get_by_role("combobox", name="¿Qué plan tiene usted?")).to_have_value(
        re.compile("Humana")
    )
    expect(phone.get_by_role("combobox", name="¿Para qué es?")).to_have_value(
        re.compile("ibromialgia")
    )
    phone.get_by_role("button", name="Read this in English").click()
    settle(phone)
    expect(phone.get_by_role("combobox", name="Which plan do you have?")).to_have_value(
        re.compile("Humana")
    )


def test_a_link_can_name_the_language(chromium, server):
    context = chromium.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{server}/?lang=es")
    expect(page.get_by_role("heading", level=1)).to_contain_text("¿Pagará mi plan")
    context.close()


def test_the_answer_asks_nothing_of_another_server(phone):
    ask_first(phone)
    assert {urlsplit(address).hostname for address in phone.asked if "://" in address} <= {
        "127.0.0.1",
        None,
    }
    loaded = "[...document.fonts].filter(font => font.status == 'loaded').map(font => font.family)"
    assert "Inter" in phone.evaluate(loaded)


def test_the_answer_stands_on_the_first_screen(phone):
    ask_first(phone)
    card = phone.locator(".cc-card").first
    box = card.bounding_box()
    assert box["y"] + box["height"] < 844
    expect(card).to_contain_text("Why:")
    expect(card).to_contain_text("Do this next:")


def test_the_answer_prints_as_one_sheet(phone):
    ask_first(phone)
    phone.emulate_media(media="print")
    sheet = phone.locator(".cc-paper")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("What to do next")
    expect(sheet).to_contain_text("Source:")
    for name in ("Change my answers", "Print this answer"):
        expect(phone.get_by_text(name)).to_be_hidden()


def test_a_cut_line_is_told_and_what_was_read_stays(phone):
    ask_first(phone)
    notice = phone.locator("#cc-line")
    expect(notice).to_be_empty()
    phone.context.set_offline(True)
    expect(notice).to_contain_text("The connection is lost.")
    expect(phone.locator(".cc-card").first).to_be_visible()
    phone.context.set_offline(False)
    expect(notice).to_be_empty()


def test_a_bare_letter_does_not_run_the_page_again(phone):
    app = phone.get_by_test_id("stApp")
    phone.evaluate(
        "() => { window.ran = 0; new MutationObserver(() => window.ran++).observe("
        "document.querySelector('[data-testid=stApp]'), {attributes: true}) }"
    )
    phone.keyboard.press("r")
    phone.keyboard.press("c")
    phone.wait_for_timeout(700)
    assert phone.evaluate("window.ran") == 0
    expect(app).to_be_visible()


def test_a_visit_that_is_gone_leads_back_to_the_questions(phone, server):
    ask_first(phone)
    phone.reload()  # a reload is a new visit: what was picked was kept nowhere
    expect(phone.get_by_role("heading", level=1)).to_contain_text("There is no answer yet")
    phone.get_by_role("link", name="Go to the three questions").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Will my plan pay")
