"""The letter page in Spanish: the person reads Spanish, the plan gets an English letter."""

import pytest
from streamlit.testing.v1 import AppTest

from compound_coverage.language import ask_with, speaking
from dashboard import languages
from tests.dashboard.conftest import ran, words
from tools.browser import ROOT

PLAN, MEDICINE = "humana-medicare-part-d", "ldn-capsule"
NOTICE = {
    "en": "The date and address on your own notice control.",
    "es": "Mandan la fecha y la dirección de su propio aviso.",
}


@pytest.fixture
def drafted():
    """The page in one language, with a draft in another made on it."""

    def drafts(page_language, letter_language):
        # the page is alone, without the front door, which asks for the language of the visit
        ask_with(languages._of_the_visit)
        page = AppTest.from_file(str(ROOT / "dashboard" / "letter.py"), default_timeout=60)
        page.session_state["language"] = page_language
        page.session_state["plan"] = PLAN
        page.session_state["medication"] = MEDICINE
        page.session_state["letter-language"] = letter_language
        with speaking(page_language):
            ran(page)
            page.button(key="make-draft").click()
            return ran(page)

    return drafts


def test_the_letter_keeps_its_language_and_the_page_its_own(drafted):
    english = drafted("en", "en")
    spanish = drafted("es", "en")
    letter = spanish.text_area(key="markdown").value
    assert letter == english.text_area(key="markdown").value
    assert NOTICE["en"] in words(english)
    assert NOTICE["es"] in words(spanish)
    assert NOTICE["en"] not in words(spanish)


def test_a_copy_to_read_is_told_about_in_the_language_of_the_page(drafted):
    page = drafted("en", "es")
    assert "COPIA DE LECTURA" in page.session_state["draft"].mark
    assert NOTICE["en"] in words(page)
    assert NOTICE["es"] not in words(page)
