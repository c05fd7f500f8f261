"""Which language is spoken, what it says, and how days, money and numbers are written."""

import threading
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage import language
from compound_coverage.language import (
    Said,
    ask_with,
    day,
    is_translated,
    loose_day,
    money,
    number,
    say,
    say_many,
    speak,
    speaking,
    spoken,
    to_say,
)

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Covered"
msgstr "Sí lo cubre"

msgid "Ask {whom}."
msgstr "Pregunte a {whom}."

msgid "1 plan of {payer}"
msgid_plural "{count} plans of {payer}"
msgstr[0] "1 plan de {payer}"
msgstr[1] "{count} planes de {payer}"

#, fuzzy
msgid "Not sure"
msgstr "No revisado"

msgid "Not yet"
msgstr ""
"""


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    (tmp_path / "es").mkdir()
    (tmp_path / "es" / "test.po").write_text(PO, encoding="utf-8")
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    language._messages.cache_clear()
    yield
    language._messages.cache_clear()


SAID = [
    # spoken, what is said, what is heard
    ("en", lambda: say("Covered"), "Covered"),
    ("es", lambda: say("Covered"), "Sí lo cubre"),
    ("es", lambda: say(to_say("Covered")), "Sí lo cubre"),
    ("en", lambda: say("Ask {whom}.", whom="Ann {x}"), "Ask Ann {x}."),
    ("es", lambda: say("Ask {whom}.", whom="Ann {x}"), "Pregunte a Ann {x}."),
    ("es", lambda: say("Not yet"), "Not yet"),
    ("es", lambda: say("Not sure"), "Not sure"),  # nobody has looked it over
    ("es", lambda: say("Nobody knows this {one}"), "Nobody knows this {one}"),
    ("es", lambda: say("1 plan of {payer}"), "1 plan de {payer}"),
    ("en", lambda: plans(1), "1 plan of Made-up Health"),
    ("en", lambda: plans(1200), "1,200 plans of Made-up Health"),
    ("es", lambda: plans(1), "1 plan de Made-up Health"),
    ("es", lambda: plans(0), "0 planes de Made-up Health"),
    ("es", lambda: say_many("1 dog", "{count} dogs", 2), "2 dogs"),
    ("en", lambda: day(date(2026, 11, 28)), "November 28, 2026"),
    ("es", lambda: day(date(2026, 11, 28)), "28 de noviembre de 2026"),
    ("en", lambda: loose_day("2016"), "2016"),
    ("en", lambda: loose_day("2016-02"), "February 2016"),
    ("es", lambda: loose_day("2016-02"), "febrero de 2016"),
    ("es", lambda: loose_day("2016-02-29"), "29 de febrero de 2016"),
    ("en", lambda: loose_day("spring"), "spring"),
    ("en", lambda: loose_day(""), ""),
    ("en", lambda: money(50), "$50"),
    ("en", lambda: money(1250.5), "$1,250.50"),
    ("es", lambda: money(1250.5), "$1,250.50"),
    ("en", lambda: number(1234567), "1,234,567"),
]


def plans(count):
    return say_many("1 plan of {payer}", "{count} plans of {payer}", count, payer="Made-up Health")


@pytest.mark.parametrize(("code", "said", "heard"), SAID)
def test_what_is_heard(catalogue, code, said, heard):
    with speaking(code):
        assert said() == heard


def test_what_has_no_translation_is_known(catalogue):
    with speaking("es"):
        assert is_translated("Covered")
        assert not is_translated("Not yet")
        assert not is_translated("Not sure")
        assert is_translated("")
        assert is_translated(Said("Puesto en español"))
    with speaking("en"):
        assert is_translated("Not yet")


def test_english_is_spoken_where_nobody_chose_or_somebody_chose_another():
    assert spoken() == "en"
    with speaking("tlh"):
        assert spoken() == "en"


def test_whoever_knows_is_asked_only_where_nobody_spoke(monkeypatch):
    monkeypatch.setattr(language, "_asked", [])
    ask_with(lambda: "es")
    assert spoken() == "es"
    with speaking("en"):
        assert spoken() == "en"


def test_a_thread_speaks_for_itself():
    heard = []

    def talk():
        speak("es")
        heard.append(spoken())

    thread = threading.Thread(target=talk)
    thread.start()
    thread.join()
    assert heard == ["es"]
    assert spoken() == "en"


@given(st.text())
def test_whatever_is_said_in_english_is_heard_as_it_is(text):
    assert say(text) == text


@given(st.text(max_size=12))
def test_whatever_is_no_date_is_told_as_it_is(text):
    told = loose_day(text)
    assert told == text or any(character.isdigit() for character in text)
