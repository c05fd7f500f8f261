"""A letter has a language of its own: the page where it is made may speak another."""

from datetime import date

import pytest

from compound_coverage import language
from compound_coverage.dataset.load import load
from compound_coverage.language import speaking, spoken
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.casefile import example_case, load_case
from compound_coverage.letters.render import letter_types

ON = date(2026, 3, 12)
TYPES = [letter.letter_type for letter in letter_types()]
MARK = "[en español]"


class _EverythingTranslated(dict[str, str]):
    """A catalogue in which each message has a translation that can't be missed."""

    def get(self, message, _=None):
        return f"{MARK} {message}"

    def __contains__(self, _):
        return True


@pytest.fixture(scope="module")
def dataset():
    return load()


@pytest.fixture(scope="module")
def case():
    told = example_case()
    # what a case may hold from a page in Spanish: a denial, days that start clocks, the powder
    told["request"] |= {"stage": "appeal", "denied_on": "2026-03-02", "received_on": "2026-03-05"}
    told["ingredients"][0]["source"] = "bulk_powder"
    return load_case(told)


@pytest.fixture
def translated(monkeypatch):
    monkeypatch.setattr(language, "_messages", lambda _: _EverythingTranslated())


@pytest.mark.parametrize("letter_type", TYPES)
@pytest.mark.parametrize("own", ["en", "es"])
def test_the_same_letter_whatever_the_page_speaks(translated, dataset, case, letter_type, own):
    made = []
    for page in ("en", "es"):
        with speaking(page):
            made.append(draft_for(case, dataset, letter_type, own, ON))
            assert spoken() == page
    first, second = made
    assert first.markdown.encode() == second.markdown.encode()
    assert (first.title, first.mark, first.deadline) == (second.title, second.mark, second.deadline)
    assert first.dues == second.dues
    assert first.missing == second.missing
    assert first.warnings == second.warnings


def test_an_english_letter_made_on_a_spanish_page_has_no_spanish_in_it(translated, dataset, case):
    with speaking("es"):
        drafts = [draft_for(case, dataset, name, "en", ON) for name in TYPES]
    texts = [
        (made.markdown, made.deadline, *made.warnings, *(gap.why for gap in made.missing))
        for made in drafts
    ]
    assert not any(MARK in text for told in texts for text in told)


def test_what_a_person_must_know_of_a_letter_comes_in_the_language_of_the_page(
    translated, dataset, case
):
    # the page asks for the same draft in its own language to tell its warnings
    told = draft_for(case, dataset, TYPES[0], "es", ON)
    assert told.warnings
    assert all(MARK in warning for warning in told.warnings)
