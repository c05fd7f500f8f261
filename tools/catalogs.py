"""The catalogues of translations, kept in step with the code and the dataset.

    python -m tools.catalogs update            writes every message into translations/<language>/
    python -m tools.catalogs check             says what is missing, left over or broken
    python -m tools.catalogs fill es FILE      takes in translations from JSON

A catalogue is a room of the house: ``patient``, ``office``, ``advocate`` are pages, ``library`` is
what the engine says, ``dataset`` is what the tables say. In the code a message stands in
``say``, ``say_many`` or ``to_say``; of the tables, ``COLUMNS`` are read to a patient.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from compound_coverage.dataset.tables import write_atomically
from compound_coverage.language import ENGLISH, FOLDER, LANGUAGES, read_catalog
from compound_coverage.letters.denial.patterns import FILE as DENIALS
from compound_coverage.letters.denial.patterns import reader_words

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {"say": 1, "to_say": 1, "say_many": 2}  # how many of its arguments are messages
OFFICE = (
    "batch",
    "case",
    "cases",
    "identity",
    "office_parts",
    "open_case",
    "practice",
    "review",
    "verify",
)
ADVOCATE = ("curation", "leads", "proposals", "rule", "rule_fields", "tables")
# columns of the dataset that a patient reads; names of payers and titles of papers stay as they are
COLUMNS = {
    "conditions.csv": ("name", "patient_words"),
    "deadlines.csv": ("counted_from",),
    "ingredients.csv": ("name",),
    "medications.csv": ("name", "why_compounded", "marketed_alternative"),
    "plans.csv": ("note",),
    "reject_codes.csv": ("meaning", "what_to_do"),
    "rules.csv": ("summary", "condition"),
    "steps.csv": ("action",),
}
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
_PLACE = re.compile(r"{(\w*)}")


class Found(NamedTuple):
    """One message: its English (one and many where it counts), and the file it stands in."""

    english: tuple[str, ...]
    file: str


class Fault(NamedTuple):
    """What is wrong with one message of one catalogue, in a sentence."""

    catalogue: str
    message: str
    sentence: str


def domains() -> dict[str, list[Found]]:
    """All messages of the product, by catalogue."""
    found: dict[str, list[Found]] = {"dataset": list(_of_the_dataset())}
    for path in (ROOT / "app.py", *sorted((ROOT / "dashboard").glob("*.py"))):
        found.setdefault(_room(path), []).extend(_of_code(path))
    for path in sorted((ROOT / "compound_coverage").rglob("*.py")):
        found.setdefault("library", []).extend(_of_code(path))
    denials = DENIALS.relative_to(ROOT).as_posix()
    found["library"] += [Found((text,), denials) for text in reader_words()]
    found["office"] += _titles()
    return {domain: messages for domain, messages in sorted(found.items()) if messages}


def _room(path: Path) -> str:
    if path.stem in OFFICE:
        return "office"
    return "advocate" if path.stem in ADVOCATE else "patient"


def _of_code(path: Path) -> Iterator[Found]:
    """Messages in the order of the code; Babel's own reader does not look inside f-strings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        told = KEYWORDS.get(getattr(call.func, "id", ""), 0)
        texts = [arg.value for arg in call.args[:told] if isinstance(arg, ast.Constant)]
        if told and len(texts) == told:
            yield Found(tuple(map(str, texts)), path.relative_to(ROOT).as_posix())


def _of_the_dataset() -> Iterator[Found]:
    for file, columns in COLUMNS.items():
        with (ROOT / "coverage_data" / file).open(encoding="utf-8", newline="") as table:
            for row in csv.DictReader(table):
                for column in columns:
                    if row[column].strip():
                        yield Found((row[column],), f"coverage_data/{file}")


def _titles() -> Iterator[Found]:
    """What the office lists by name: the kinds of letter, and the days that are due."""
    for path in sorted((ROOT / "letter_templates" / "en").glob("*/*.toml")):
        title = tomllib.loads(path.read_text(encoding="utf-8")).get("title", "")
        if title:
            yield Found((title,), path.relative_to(ROOT).as_posix())
    clocks = ROOT / "letter_templates" / "en" / "clocks.toml"
    words = tomllib.loads(clocks.read_text(encoding="utf-8"))
    for what in (*words["member"].values(), *words["others"].values()):
        for track in words["track"].values():
            yield Found((what + track,), clocks.relative_to(ROOT).as_posix())


# -- writing -----------------------------------------------------------------------------------


def update(language: str) -> None:
    """Every message into its catalogue; translations that are there stay, what is gone goes."""
    known = translations(language)
    for domain, messages in domains().items():
        write(language, domain, messages, known)


def write(
    language: str, domain: str, messages: Iterable[Found], known: dict[str, tuple[str, ...]]
) -> None:
    """One catalogue, the messages in the order of the code; written whole or not at all."""
    catalog = Catalog()  # with a locale, Babel wants a third form of Spanish, for millions
    for english, file in messages:
        before = catalog.get(english[0])
        places = dict.fromkeys([*(before.locations if before else ()), (file, None)])
        translated = known.get(english[0], ())
        text = translated if len(english) > 1 else "".join(translated[:1])
        key = english if len(english) > 1 else english[0]
        if before:
            catalog.delete(english[0])
        catalog.add(key, text or None, locations=list(places))
    written = io.BytesIO()
    write_po(written, catalog, omit_header=True, include_lineno=False, width=100)
    text = HEADER.format(language=language) + written.getvalue().decode()
    write_atomically(FOLDER / language / f"{domain}.po", text.rstrip("\n").encode() + b"\n")


def translations(language: str) -> dict[str, tuple[str, ...]]:
    """What is translated, by its English, over all catalogues of a language."""
    found = {}
    for message in _messages(language):
        forms = _forms(message)
        if message.id and all(forms) and not message.fuzzy:
            found[_key(message)] = forms
    return found


def fill(language: str, given: dict[str, str | list[str]]) -> int:
    """Takes in translations by their English; returns how many belong to a message.

    Raises ValueError, naming the message, where a translation lacks a placeholder.
    """
    known = translations(language)
    messages = {found.english[0]: found.english for all_ in domains().values() for found in all_}
    taken = 0
    for english, text in given.items():
        forms = (text,) if isinstance(text, str) else tuple(text)
        if english not in messages or not all(form.strip() for form in forms):
            continue
        wrong = _wrong(messages[english], forms)
        if wrong:
            raise ValueError(f"{english!r}: {wrong}")
        known[english] = forms
        taken += 1
    for domain, found in domains().items():
        write(language, domain, found, known)
    return taken


# -- checking ----------------------------------------------------------------------------------


def faults(language: str) -> list[Fault]:
    """Messages without a translation, translations nobody uses, and broken ones."""
    found = []
    for domain, messages in domains().items():
        path = FOLDER / language / f"{domain}.po"
        there = {_key(m): m for m in read_catalog(path) if m.id} if path.exists() else {}
        wanted = {message.english[0]: message.english for message in messages}
        for key, english in wanted.items():
            forms = _forms(there[key]) if key in there else ()
            if not forms or not all(forms):
                found.append(Fault(domain, key, "has no translation"))
            elif wrong := _wrong(english, forms):
                found.append(Fault(domain, key, wrong))
        found += [Fault(domain, key, "is said nowhere") for key in there if key not in wanted]
    return found


def _wrong(english: tuple[str, ...], forms: tuple[str, ...]) -> str:
    """What is broken in a translation, or nothing."""
    if len(english) != len(forms):
        return f"has {len(forms)} forms, not {len(english)}"
    wanted = set(_PLACE.findall(" ".join(english)))
    for form in forms:
        # the form for one may say "one" in words
        missing = wanted - set(_PLACE.findall(form)) - ({"count"} if len(forms) > 1 else set())
        extra = set(_PLACE.findall(form)) - wanted
        if missing or extra:
            return f"has other placeholders: {', '.join(sorted(missing | extra))}"
    return ""


def _messages(language: str) -> Iterator[Message]:
    for path in sorted((FOLDER / language).glob("*.po")):
        yield from read_catalog(path)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _forms(message: Message) -> tuple[str, ...]:
    text = message.string
    return (text or "",) if isinstance(text, str) or text is None else tuple(text)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 1 where ``check`` found something."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["update", "check", "fill"])
    parser.add_argument(
        "language", nargs="?", default="es", choices=sorted({*LANGUAGES} - {ENGLISH})
    )
    parser.add_argument("file", nargs="?", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.what == "update":
        update(chosen.language)
        return 0
    if chosen.what == "fill":
        if chosen.file is None:
            parser.error("say which JSON file to take translations from")
        taken = fill(chosen.language, json.loads(chosen.file.read_text(encoding="utf-8")))
        print(f"{taken} translations taken in")
        return 0
    found = faults(chosen.language)
    for fault in found:
        print(f"{fault.catalogue}: {fault.message[:70]!r} {fault.sentence}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
