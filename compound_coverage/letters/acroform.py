"""A plan's own fillable PDF form: which of its fields this case can fill, and filling them.

A field is filled only where its name or its tooltip says exactly which fact belongs there; what
forms call each fact stands in ``form_names.toml``. The print beside a field is a hint that a
person must confirm. Signatures, the dates beside them and what a signer attests to are left to
the signer's own hand. An uploaded PDF is read in a process of its own (see ``pages.py``); its
scripts are never run.
"""

from __future__ import annotations

import base64
import io
import itertools
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from pikepdf import FormFieldFlag as Flag
from pydantic import TypeAdapter

from compound_coverage.language import say, to_say
from compound_coverage.letters import pages
from compound_coverage.letters.pages import PageError, Rectangle, print_beside
from compound_coverage.letters.text import clean, one_line

if TYPE_CHECKING:  # the child process knows nothing of cases, and starts faster without them
    from compound_coverage.letters.casefile import CaseFile
    from compound_coverage.vocabulary import Medication, Plan

MOST_PAGES = 100
MOST_FIELDS = 2_000
MOST_WIDGETS = 10_000
DEEPEST = 32

NO_FIELDS = "The PDF has no fields to fill in; print it, or ask the plan for its fillable form."
XFA_ONLY = (
    "This form uses Adobe's XFA format, which only Adobe's own programs can fill; print it or ask "
    "the plan for a plain one."
)
SIGNED = "The form is already signed, and filling it in would break that; use an unsigned copy."
TOO_MANY_PAGES = f"The PDF has more than {MOST_PAGES} pages; is it the right file?"
TOO_MANY_FIELDS = f"The PDF has more than {MOST_FIELDS:,} fields; is it the right file?"

DROPS_XFA = to_say(
    "The form holds a second copy of itself in Adobe's XFA format; the filled form leaves that "
    "copy out, because Adobe's programs would show it empty."
)
DROPS_RIGHTS = to_say(
    "The form holds a seal of Adobe's that breaks when it is filled; the filled form leaves it out."
)

BY_HAND = to_say("This is for the signer's own hand.")
SPLIT = to_say("The case holds the whole name only; type this yourself.")
READ_ONLY = to_say("The form keeps this field locked.")
HIDDEN = to_say("The field can't be seen on the page.")
FILLED = to_say("The form already holds something here.")
BUTTON = to_say("This is a button, not a place to write.")
UNKNOWN = to_say("Nothing says surely what belongs here; type it yourself if it is needed.")
NOT_HELD = to_say("The case does not hold this yet.")
TWO_FACTS = to_say("Its name and its tooltip ask for different things.")
LIKELY = to_say("This is likely meant; look at the form and say yes.")
BESIDE = to_say("Only the print beside the field says so; look at the form and say yes.")
DIFFERS = to_say("Other words at this field say something more; look at the form and say yes.")
TOO_LONG = to_say("It is longer than the box: see the attached letter.")
CANT_SHOW = to_say("The form's print can't show these characters: {}.")
NO_OPTION = to_say("The form does not offer '{}' here.")
ANOTHER = to_say("Left empty: the case says '{}'.")
FEW_ROWS = to_say("The form has room for {} of {}: see the attached letter for the rest.")
NO_FIELD = "The form has no field named '{}'; read the form again."
CANT_TAKE = "The field '{}' can't take this: {}"
WRONG_KIND = "it is a {}, which takes another kind of value."
LOST = "The field '{}' did not keep what was written; type it into the form yourself."

FORM_NAMES = Path(__file__).with_name("form_names.toml")
MOST_ROWS = 10
LONGEST_NAME = 2_000
LONGEST_VARIANT = 4
# where a word ends inside PatientDOB2 and NPINumber
_INSIDE_A_WORD = re.compile(
    "(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])"
)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
# how many numbers stand before an operator of a default appearance
COLOURS = {"g": 1, "rg": 3, "k": 4, "Tf": 1}
UNSEEN = 2 | 32  # an annotation's flags: hidden, not to be viewed
_COUNTED = re.compile("[a-h]|[ivx]+")

Kind = Literal["text", "checkbox", "radio", "choice", "signature", "button"]
How = Literal["name", "tooltip", "label", "none"]
Value = str | bool
Words = tuple[str, ...]


class FormError(PageError):
    """A form that can't be read or filled. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands: page from 1, rectangle in points (left, bottom, right, top).

    ``turned`` is how far its text is turned, in degrees; ``state`` what ticking this box stores;
    ``label`` the print beside it.
    """

    page: int
    rectangle: Rectangle
    turned: int = 0
    state: str = ""
    label: str = ""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as the text runs."""
        left, bottom, right, top = self.rectangle
        if self.turned % 180:
            return top - bottom, right - left
        return right - left, top - bottom


@dataclass(frozen=True, slots=True)
class Option:
    """One answer a field offers: what the file stores, and what a person reads."""

    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. ``options`` are the states of a box or the lines of a list.

    ``font_size`` 0 lets the text choose; ``places`` are all the boxes of the field.
    """

    name: str
    tooltip: str
    kind: Kind
    places: tuple[Place, ...]
    options: tuple[Option, ...] = ()
    max_length: int | None = None
    read_only: bool = False
    required: bool = False
    hidden: bool = False
    multiline: bool = False
    comb: bool = False
    font_size: float = 0.0
    value: str = ""

    @property
    def page(self) -> int:
        return self.places[0].page

    @property
    def rectangle(self) -> Rectangle:
        return self.places[0].rectangle

    @property
    def label(self) -> str:
        """What a person would call the field: its tooltip, the print beside it, or its name."""
        print_beside_it = self.places[0].label if len(self.places) == 1 else ""
        return self.tooltip or print_beside_it or self.name


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form in reading order, and what filling it will change besides."""

    fields: tuple[Field, ...]
    page_count: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """What may be written into a field, and why, or why nothing is.

    ``fact`` is the path in the case (``patient.date_of_birth``), ``value`` the text as it would be
    written, ``True`` for a box to tick, or the name of the button to choose; both may be absent.
    Only a match that is ``sure`` is filled without a person's yes. ``why`` is a sentence, empty
    where nothing needs saying.
    """

    field_name: str
    label_shown: str
    fact: str | None
    value: Value | None
    how: How
    sure: bool
    why: str


# -- what a person asks for --------------------------------------------------------------------


def read_form(data: bytes) -> Form:
    """The fields of a fillable PDF.

    Raises FormError with one sentence if it is no PDF, locked, damaged, signed, an XFA form or
    without fields, or has over 25 MB, 100 pages or 2,000 fields.
    """
    found: Form = TypeAdapter(Form).validate_python(_apart("read", data))
    return found


def match(form: Form, case: CaseFile, medication: Medication, plan: Plan) -> list[Match]:
    """For each field of ``form``, in its order, the fact of the case that belongs there.

    Nothing is guessed: see the module's words, and ``form_names.toml`` for what forms call a fact.
    """
    names, codes = _names(), _codes(case, medication)
    asked = {
        fact
        for field in form.fields
        if not _left_alone(field, names)
        for fact in _reading(field, names, names.fact).meanings
    }
    facts = _facts(case, medication, plan, asked)
    matches = [_match(field, facts, codes, names) for field in form.fields]
    return _with_rows_told(
        matches, {"tried": len(case.tried), "ingredients": len(case.ingredients)}
    )


def sure_values(matches: Iterable[Match]) -> dict[str, Value]:
    """What ``fill`` may write without asking anybody."""
    return {
        found.field_name: found.value for found in matches if found.sure and found.value is not None
    }


def fill(
    data: bytes, values: Mapping[str, Value], accepted: Mapping[str, Value] | None = None
) -> bytes:
    """The form with ``values`` and what a person ``accepted`` or typed written into its fields.

    The form stays fillable; all else in it stays as it is, but for what ``Form.notes`` says. Each
    value is read back from the finished file. Raises FormError that names the field which can't
    take its value, and as ``read_form`` does.
    """
    written = {**values, **(accepted or {})}
    return base64.b64decode(_apart("write", data, values=written))


def preview(data: bytes, most: int = 40) -> list[bytes]:
    """The first ``most`` pages of a form, filled or not, as PNG pictures. Raises FormError."""
    try:
        return pages.pictures(data, most=most)
    except PageError as error:
        raise FormError(str(error)) from None


def _apart(work: str, data: bytes, **options: Any) -> Any:
    try:
        return pages.apart(f"{__name__}:{work}", data, **options)
    except PageError as error:
        raise FormError(str(error)) from None


# -- the words of forms ------------------------------------------------------------------------


class _Phrases:
    """Phrases of ``form_names.toml`` and what each stands for."""

    def __init__(self, split: Callable[[str], Words], owners: Mapping[str, Sequence[str]]) -> None:
        self._split = split
        self._owners = owners
        self._in_order: dict[Words, set[Any]] = {}
        self._in_any_order: dict[frozenset[str], set[Any]] = {}

    def add(self, phrase: str, meaning: Any) -> None:
        whose = re.findall(r"\{(\w+)\}", phrase)
        for owners in itertools.product(*(self._owners[name] for name in whose)):
            words = self._split(re.sub(r"\{\w+\}", "{}", phrase).format(*owners))
            if whose:
                self._in_any_order.setdefault(frozenset(words), set()).add(meaning)
            else:
                self._in_order.setdefault(words, set()).add(meaning)

    def find(self, words: Words) -> set[Any]:
        """What the words stand for; nothing unless a phrase is all of them."""
        return self._in_order.get(words) or self._in_any_order.get(frozenset(words)) or set()

    def words(self) -> set[str]:
        return {word for known in (*self._in_order, *self._in_any_order) for word in known}


@dataclass(frozen=True, slots=True)
class _Said:
    """What a name, a tooltip or a label asks for. ``meanings`` is empty where it says nothing."""

    meanings: frozenset[Any] = frozenset()
    sure: bool = True
    words: frozenset[str] = frozenset()


class _FormNames:
    """``form_names.toml``, ready to be asked."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._noise = frozenset(spec["noise"])
        self._containers = frozenset(spec["containers"])
        self._owner_words = {
            word for owners in spec["owners"].values() for owner in owners for word in owner.split()
        }
        same = {
            tuple(variant.split()): tuple(word.split())
            for word, variants in spec["same"].items()
            for variant in variants
        }
        self._same_word = {variant[0]: word for variant, word in same.items() if len(variant) == 1}
        self._same_words = {
            self._each(variant): word for variant, word in same.items() if len(variant) > 1
        }
        self._hand = frozenset(spec["hand"]["words"])
        self._repeats = frozenset(spec["repeats"]["facts"])
        self.sure, self.ask, self._split_names, self.boxes, self._questions = (
            _Phrases(self.split, spec["owners"]) for _ in range(5)
        )
        for phrase in spec["by_hand"]["phrases"]:
            self._split_names.add(phrase, SPLIT)
        self._add_facts(self.sure, spec["facts"])
        self._add_facts(self.ask, spec["ask"])
        self._answers: dict[tuple[str, str], frozenset[Words]] = {}
        self._no: dict[tuple[str, str], str] = {}
        for choice in spec["choices"]:
            self._add_choice(choice)
        known = (self.sure, self.ask, self._split_names, self.boxes)
        every = set().union(*(phrases.words() for phrases in known))
        self._vocabulary = {word for word in every if not word.isdigit()}

    def _add_facts(self, phrases: _Phrases, facts: Mapping[str, Sequence[str]]) -> None:
        for path, names in facts.items():
            for row in range(MOST_ROWS if "[]" in path else 1):
                for name in names:
                    phrases.add(name.replace("{n}", str(row + 1)), path.replace("[]", f"[{row}]"))

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        fact = choice["fact"]
        for question in choice["questions"]:
            self._questions.add(question, fact)
        for value, called in choice["values"].items():
            for box in called["boxes"]:
                self.boxes.add(box, (fact, value))
            self._answers[fact, value] = frozenset(map(self.split, called["answers"]))
            if "no" in called:
                self._no[fact, value] = called["no"]

    # -- words --

    def split(self, text: str) -> Words:
        """The words of weight in ``text``, variants as one word."""
        words = self._each(word for word in _words(text) if word not in self._noise)
        made: list[str] = []
        while words:
            length = next(
                (n for n in range(LONGEST_VARIANT, 1, -1) if words[:n] in self._same_words), 1
            )
            made += self._same_words.get(words[:length], words[:length])
            words = words[length:]
        return _once(made)

    def _each(self, words: Iterable[str]) -> Words:
        """Each word as it is called in phrases, owners in the singular."""
        made: list[str] = []
        for word in words:
            one = word[:-1] if word[:-1] in self._owner_words and word.endswith("s") else word
            made += self._same_word.get(one, (one,))
        return _once(made)

    def of_name(self, name: str) -> Words:
        """The words of a field's full name, without the parts that only say where it lies."""
        *above, last = name.split(".")
        kept = [part for part in above if not self._is_container(part)]
        return self.split(" ".join((*kept, last)))

    def _is_container(self, part: str) -> bool:
        words = _words(part.lstrip("#"))
        while words and (words[-1].isdigit() or (words[1:] and _COUNTED.fullmatch(words[-1]))):
            words.pop()
        return not words or " ".join(words) in self._containers

    # -- meanings --

    def fact(self, words: Words) -> _Said:
        """The fact that the words ask for."""
        said = self._fact(words)
        if said.meanings:
            return said
        numbers = [word for word in (words[:1] + words[-1:]) if word.isdigit()]
        said = self._fact(tuple(word for word in words if word not in numbers))
        return said if said.meanings <= self._repeats else _Said()

    def _fact(self, words: Words) -> _Said:
        sure = self.sure.find(words)
        return _Said(frozenset(sure or self.ask.find(words)), bool(sure), frozenset(words))

    def box(self, words: Words) -> _Said:
        """The (fact, value) that a box on its own, or a yes-or-no group, asks for."""
        return _Said(frozenset(self.boxes.find(words)), True, frozenset(words))

    def question(self, words: Words) -> _Said:
        """The facts that a group of buttons or a list may ask for."""
        return _Said(frozenset(self._questions.find(words)), True, frozenset(words))

    def answers(self, fact: str, value: str) -> frozenset[Words]:
        """What the button or line that means ``value`` is called."""
        return self._answers.get((fact, value), frozenset())

    def no_means(self, fact: str, value: str) -> str | None:
        """The value that "no" to a question after ``value`` stands for."""
        return self._no.get((fact, value))

    def splits_a_name(self, field: Field) -> bool:
        """Does the field want a first or a last name by itself?"""
        texts = (self.of_name(field.name), self.split(field.tooltip))
        return any(self._split_names.find(words) for words in texts)

    def is_for_the_hand(self, field: Field) -> bool:
        """Is the field about a signature, its date or what a signer attests to?"""
        texts = (field.name, field.tooltip, *(place.label for place in field.places))
        return any(self._hand.intersection(_words(text)) for text in texts)

    def unknown_words(self, words: Words, known: frozenset[str]) -> bool:
        return any(word not in known and not word.isdigit() for word in words)

    def other_words(self, words: Words, known: frozenset[str]) -> bool:
        return any(word not in known and word in self._vocabulary for word in words)


def _once(words: Iterable[str]) -> Words:
    """``words`` without a word said twice in a row: "Rx group number number"."""
    return tuple(word for word, _ in itertools.groupby(words))


def _words(text: str) -> list[str]:
    text = "".join(
        char
        for char in unicodedata.normalize("NFKD", text[:LONGEST_NAME])
        if not unicodedata.combining(char)
    )
    text = re.sub(r"(?i)\bmm\W?dd\W?yyyy\b", " ", text)
    text = re.sub(r"['\u2019`]s?\b", "", text)
    text = re.sub(
        r"\[([0-9]{1,4})\]", lambda at: f" {int(at[1]) + 1} " if int(at[1]) else " ", text
    )
    text = text.replace("#", " number ").replace("/", " and ").replace("&", " and ")
    return re.findall(r"[a-z0-9]+", _INSIDE_A_WORD.sub(" ", text).lower())


@lru_cache(maxsize=1)
def _names() -> _FormNames:
    return _FormNames(tomllib.loads(FORM_NAMES.read_text(encoding="utf-8")))


# -- from words to facts -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a field asks for, by which of its texts, and whether that is sure."""

    meanings: frozenset[Any] = frozenset()
    how: How = "none"
    sure: bool = False
    why: str = UNKNOWN

    def of(self, field: Field, fact: str) -> Match:
        return Match(field.name, field.label, fact, None, self.how, self.sure, self.why)


def _reading(field: Field, names: _FormNames, ask: Callable[[Words], _Said]) -> _Reading:
    """What the field asks for: ``ask`` looks words up as a fact, a box or a question."""
    name, tooltip = names.of_name(field.name), names.split(field.tooltip)
    by_name, by_tooltip = ask(name), ask(tooltip)
    by_label = ask(names.split(field.places[0].label))
    if by_name.meanings and by_tooltip.meanings and by_name.meanings != by_tooltip.meanings:
        return _Reading(why=TWO_FACTS)
    said = by_tooltip if by_tooltip.meanings else by_name
    if not said.meanings:
        return (
            _Reading(by_label.meanings, "label", False, BESIDE) if by_label.meanings else _Reading()
        )
    if by_tooltip.meanings:
        says_more = not by_name.meanings and names.other_words(name, said.words)
    else:
        says_more = names.unknown_words(tooltip, said.words)
    if by_label.meanings and by_label.meanings != said.meanings:
        says_more = True
    sure = any(found.meanings and found.sure for found in (by_name, by_tooltip))
    why = LIKELY if not sure else DIFFERS if says_more else ""
    return _Reading(said.meanings, "tooltip" if by_tooltip.meanings else "name", not why, why)


def _match(
    field: Field, facts: Mapping[str, str], codes: Mapping[str, str], names: _FormNames
) -> Match:
    left = _left_alone(field, names)
    if left:
        return _nothing(field, left)
    if field.kind == "text":
        return _match_text(field, facts, names)
    found = _match_group(field, codes, names) or _match_box(field, codes, names)
    return _match_text(field, facts, names) if field.kind == "choice" and not found.fact else found


def _nothing(field: Field, why: str) -> Match:
    return Match(field.name, field.label, None, None, "none", False, why)


def _left_alone(field: Field, names: _FormNames) -> str:
    """Why the field is left alone before anybody asks what belongs there."""
    if field.kind == "signature" or names.is_for_the_hand(field):
        return BY_HAND
    if names.splits_a_name(field):
        return SPLIT
    reasons = (
        (field.kind == "button", BUTTON),
        (field.read_only, READ_ONLY),
        (field.hidden, HIDDEN),
        (bool(field.value), FILLED),
    )
    return next((why for holds, why in reasons if holds), "")


def _match_text(field: Field, facts: Mapping[str, str], names: _FormNames) -> Match:
    reading = _reading(field, names, names.fact)
    if not reading.meanings:
        return _nothing(field, reading.why)
    [fact] = reading.meanings
    if not facts.get(fact):
        return replace(reading.of(field, fact), why=NOT_HELD)
    value, why = _fitting(field, facts[fact], *_without_marks(fact, facts[fact]))
    return replace(reading.of(field, fact), value=value, why=why or reading.why)


def _match_group(field: Field, codes: Mapping[str, str], names: _FormNames) -> Match | None:
    """The button or line to choose, where the group asks a question that is known."""
    reading = _reading(field, names, names.question)
    if not reading.meanings:
        return None
    held = {fact: codes[fact] for fact in sorted(reading.meanings) if fact in codes}
    if not held:
        return replace(reading.of(field, min(reading.meanings)), why=NOT_HELD)
    called = {words: fact for fact, value in held.items() for words in names.answers(fact, value)}
    options = [(called.get(names.split(option.shown)), option.value) for option in field.options]
    beside = [(called.get(names.split(place.label)), place.state) for place in field.places]
    for offered, why in ((options, reading.why), (beside, BESIDE)):
        right = [(fact, value) for fact, value in offered if fact]
        if len(right) == 1:
            [(fact, value)] = right
            return replace(reading.of(field, fact), value=value, sure=not why, why=why)
    fact, value = next(iter(held.items()))
    return replace(reading.of(field, fact), why=say(NO_OPTION).format(_in_words(value)))


def _match_box(field: Field, codes: Mapping[str, str], names: _FormNames) -> Match:
    """The tick of a box on its own, or the yes or no of a pair of buttons."""
    reading = _reading(field, names, names.box)
    yes, no = _yes_and_no(field)
    if not reading.meanings or yes is None:
        return _nothing(field, reading.why)
    [(fact, value)] = reading.meanings
    held = codes.get(fact)
    if held is None:
        return replace(reading.of(field, fact), why=NOT_HELD)
    if held == value:
        return replace(reading.of(field, fact), value=yes)
    if no is not None and held == names.no_means(fact, value):
        return replace(reading.of(field, fact), value=no)
    return replace(reading.of(field, fact), why=say(ANOTHER).format(_in_words(held)))


def _yes_and_no(field: Field) -> tuple[Value | None, Value | None]:
    """What ticks the field for yes and for no; nothing where it offers other answers."""
    if len(field.options) == 1 and field.kind != "choice":
        return True, None
    shown = {option.shown.strip().casefold(): option.value for option in field.options}
    return (shown["yes"], shown["no"]) if set(shown) == {"yes", "no"} else (None, None)


def _in_words(code: str) -> str:
    return code.replace("_", " ")


def _with_rows_told(matches: list[Match], held: Mapping[str, int]) -> list[Match]:
    """Says where a table of the form is too short for the rows of the case."""
    rows = Counter[str]()
    for found in matches:
        table, row = _row(found)
        rows[table] = max(rows[table], row)
    short = {table for table, row in rows.items() if table and row < held[table]}
    return [
        replace(found, why=say(FEW_ROWS).format(rows[table], held[table]))
        if table in short and row == rows[table] and found.value
        else found
        for found in matches
        for table, row in [_row(found)]
    ]


def _row(found: Match) -> tuple[str, int]:
    at = re.match(r"(\w+)\[([0-9]+)\]", found.fact or "")
    return (at[1], int(at[2]) + 1) if at else ("", 0)


# -- the facts of a case, as a form writes them ------------------------------------------------

PARTS_OF_AN_ADDRESS = ("patient", "prescriber", "representative")
OUTCOMES = {
    "failed": "Failed",
    "not_tolerated": "Not tolerated",
    "contraindicated": "Contraindicated",
}


def _facts(
    case: CaseFile, medication: Medication, plan: Plan, asked: Collection[str]
) -> dict[str, str]:
    """Every fact of the case that a form may ask for, by its path; unknown ones are left out.

    ``asked`` are the facts this form asks for: an address is written whole where the form has
    no place of its own for the city.
    """
    facts = dict(_plain_facts(case.model_dump()))
    facts |= _composed(case, medication, plan, facts)
    for who in PARTS_OF_AN_ADDRESS:
        facts |= _address_of(who, facts, asked)
    for place, tried in enumerate(case.tried):
        facts[f"tried[{place}].dates"] = _span(tried.start or "", tried.stop or "")
        outcome = OUTCOMES.get(tried.outcome or "", "")
        facts[f"tried[{place}].result"] = _joined(": ", outcome, tried.reason)
    return {path: text for path, text in facts.items() if text}


def _plain_facts(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _plain_facts(value, f"{path}{name}.")
        elif isinstance(value, (list, tuple)):
            for place, row in enumerate(value):
                if isinstance(row, Mapping):
                    yield from _plain_facts(row, f"{path}{name}[{place}].")
        elif value is not None:
            yield f"{path}{name}", _written(value)


def _written(value: object) -> str:
    if isinstance(value, date):
        return value.strftime("%m/%d/%Y")
    return str(value)


def _composed(
    case: CaseFile, medication: Medication, plan: Plan, facts: Mapping[str, str]
) -> dict[str, str]:
    drug, get = case.medication, facts.get
    form = drug.form or medication.form
    months = case.request.months
    return {
        "plan.insurer": plan.payer or get("plan.plan_name", ""),
        "patient.sex": get("patient.sex", "").capitalize(),
        "patient.height_and_weight": _both(" / ", get("patient.height"), get("patient.weight")),
        "prescriber.name_and_credentials": _both(
            ", ", get("prescriber.name"), get("prescriber.credentials")
        ),
        "medication.name": medication.name,
        "medication.form": form,
        "medication.route": medication.route,
        "medication.strength_and_route": _both(", ", drug.strength, medication.route),
        "medication.strength_and_form": _both(", ", drug.strength, form),
        "medication.name_and_strength": _both(", ", medication.name, drug.strength),
        "medication.quantity_in_30_days": (drug.quantity or "") if drug.days_supply == 30 else "",
        "request.months": f"{months} month{'s'[: months > 1]}" if months else "",
        "diagnosis.words_and_icd10": _both(", ", get("diagnosis.words"), get("diagnosis.icd10")),
        "diagnosis.diagnosed_on": _day(get("diagnosis.diagnosed_on", "")),
        "continuity.taking_since": _day(get("continuity.taking_since", "")),
    }


def _address_of(who: str, facts: Mapping[str, str], asked: Collection[str]) -> dict[str, str]:
    street, city, state, code = (
        facts.get(f"{who}.{part}", "") for part in ("address", "city", "state", "zip")
    )
    below = _joined(", ", city, _joined(" ", state, code))
    whole = _joined(", ", ", ".join(street.splitlines()), below)
    has_city = {f"{who}.city", f"{who}.city_state_zip"} & set(asked)
    return {
        f"{who}.address": street if has_city else whole,
        f"{who}.street": street if city else "",
        f"{who}.whole_address": whole if street else "",
        f"{who}.city_state_zip": below if city and state and code else "",
    }


def _both(between: str, *parts: str | None) -> str:
    return between.join(part or "" for part in parts) if all(parts) else ""


def _joined(between: str, *parts: str | None) -> str:
    return between.join(part for part in parts if part)


def _day(partial: str) -> str:
    """A year, a month or a day (2024-03) as American forms write it (03/2024)."""
    year, *rest = partial.split("-")
    return "/".join((*rest, year))


def _span(start: str, stop: str) -> str:
    if stop == "ongoing":
        return _joined(", ", _day(start), stop)
    return _joined(" to ", _day(start) or "?", _day(stop) or "?") if start or stop else ""


def _codes(case: CaseFile, medication: Medication) -> dict[str, str]:
    """The facts that boxes are ticked by, as the case file codes them; unknown ones left out."""
    request = case.request
    kind = {"initial": "prior_authorization", "renewal": "renewal"}.get(request.stage or "")
    codes = {
        "request.urgency": request.urgency,
        "request.kind": request.letter_type if "exception" in request.letter_type else kind,
        "patient.sex": case.patient.sex,
        "medication.route": medication.route,
        "medication.compounded": "yes",
        "pharmacy.in_network": case.pharmacy.in_network,
    }
    return {fact: code for fact, code in codes.items() if code}


# -- does it fit? ------------------------------------------------------------------------------

# Values are drawn in Helvetica, which every viewer has: widths of the characters from space to ~
# in thousandths of the font size, from the font's own metrics.
# fmt: off
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)
# fmt: on
WIDEST = 1.015
NARROWEST_ACCENTED = 0.278
MARGIN = 2.0
LEADING = 1.15
ASCENT, DESCENT = 0.718, 0.207
LARGEST, LARGEST_IN_LINES, SMALLEST = 12.0, 10.0, 7.0


def _fitting(field: Field, text: str, *shorter: str) -> tuple[str | None, str]:
    """``text`` as the field can take it whole, or why it can't. Nothing is ever cut.

    ``shorter`` are other ways to write all of it, for a box that is too short.
    """
    if field.kind == "choice":
        return _option(field, text)
    text = text if field.multiline else one_line(text)
    strange = "".join(dict.fromkeys(char for char in text if not _can_show(char)))
    if strange:
        return None, say(CANT_SHOW).format(strange[:20])
    for form in (text, *shorter):
        if not form or all(_layout(field, place, form) for place in field.places):
            return form, ""
    return None, TOO_LONG


def _without_marks(fact: str, text: str) -> list[str]:
    """A date or a phone number as boxes of one digit each take it: 01012026."""
    is_date = re.fullmatch("[0-9]{2}/[0-9]{2}/[0-9]{4}", text)
    is_phone = fact.endswith((".phone", ".fax")) and re.fullmatch(
        r"\(?[0-9]{3}\)?[ .-]*[0-9]{3}[ .-]*[0-9]{4}", text
    )
    return [re.sub("[^0-9]", "", text)] if is_date or is_phone else []


def _option(field: Field, text: str) -> tuple[str | None, str]:
    wanted = text.strip().casefold()
    for option in field.options:
        if wanted in (option.value.strip().casefold(), option.shown.strip().casefold()):
            return option.value, ""
    return None, say(NO_OPTION).format(one_line(text)[:60])


def _can_show(char: str) -> bool:
    try:
        return char == "\n" or (char >= " " and bool(char.encode("cp1252")))
    except UnicodeEncodeError:
        return False


def _width(text: str, size: float) -> float:
    """How wide the text runs; for a rare character, no less than it really is."""
    return sum(map(_width_of, text)) * size


def _width_of(char: str) -> float:
    place = ord(unicodedata.normalize("NFD", char)[0]) - 32
    if not 0 <= place < len(_WIDTHS):
        return WIDEST
    width = _WIDTHS[place] / 1000
    return width if char.isascii() else max(width, NARROWEST_ACCENTED)


@dataclass(frozen=True, slots=True)
class _Layout:
    size: float
    lines: tuple[str, ...]


def _layout(field: Field, place: Place, text: str) -> _Layout | None:
    """How the text stands in the box at the largest size it fits; ``None`` where it doesn't."""
    if field.max_length is not None and len(text) > field.max_length:
        return None
    width, height = place.size
    for size in _sizes(field, height):
        lines = tuple(_lines(field, text, width - 2 * MARGIN, size))
        tall = field.multiline and len(lines) * LEADING * size + MARGIN > height
        if not tall and all(_is_narrow(field, line, width, size) for line in lines):
            return _Layout(size, lines)
    return None


def _sizes(field: Field, height: float) -> Iterator[float]:
    """The form's own size, or one that suits the box, and then smaller ones that can be read."""
    size = field.font_size or (LARGEST_IN_LINES if field.multiline else LARGEST)
    if not field.multiline:
        size = min(size, height / (ASCENT + DESCENT + 0.1))
    smallest = min(size, SMALLEST)
    while size > smallest:
        yield size
        size -= 0.5
    yield smallest


def _is_narrow(field: Field, line: str, width: float, size: float) -> bool:
    if field.comb and field.max_length:
        return _width("M", size) <= width / field.max_length
    return _width(line, size) <= width - 2 * MARGIN


def _lines(field: Field, text: str, width: float, size: float) -> Iterator[str]:
    if not field.multiline:
        yield text
        return
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if line and _width(longer, size) > width:
                yield line
                longer = word
            line = longer
        yield line


# -- in the child: reading ---------------------------------------------------------------------


@dataclass(slots=True)
class _Held:
    """A field with its dictionaries in the file, and how its text looks."""

    field: Field
    nodes: list[Dictionary]
    widgets: list[Dictionary]
    colour: str
    quadding: int


T = TypeVar("T")


def read(data: bytes) -> dict[str, Any]:
    """The work of ``read_form`` in the child: a Form as plain data."""
    with _opened(data) as pdf:
        return asdict(_form(pdf, data, _held(pdf)))


def _opened(data: bytes) -> Pdf:
    try:
        pdf = pikepdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        raise FormError(pages.LOCKED) from None
    except pikepdf.PdfError:
        raise FormError(pages.DAMAGED) from None
    if pdf.is_encrypted:
        raise FormError(pages.LOCKED)
    if len(pdf.pages) > MOST_PAGES:
        raise FormError(TOO_MANY_PAGES)
    return pdf


def _form(pdf: Pdf, data: bytes, held: Mapping[str, _Held]) -> Form:
    """The form with the print beside its fields. Raises FormError where nothing can be filled."""
    acroform = _get(pdf.Root, "/AcroForm", Dictionary) or Dictionary()
    has_xfa = "/XFA" in acroform
    if has_xfa and (not held or bool(pdf.Root.get("/NeedsRendering"))):
        raise FormError(XFA_ONLY)
    if not held:
        raise FormError(NO_FIELDS)
    rights = _get(pdf.Root, "/Perms", Dictionary) or Dictionary()
    if "/DocMDP" in rights or any(_is_signed(one) for one in held.values()):
        raise FormError(SIGNED)
    notes = ((has_xfa, DROPS_XFA), ("/UR3" in rights or "/UR" in rights, DROPS_RIGHTS))
    return Form(
        tuple(sorted(_labelled(data, [one.field for one in held.values()]), key=_place_on_paper)),
        len(pdf.pages),
        tuple(note for holds, note in notes if holds),
    )


def _is_signed(held: _Held) -> bool:
    return held.field.kind == "signature" and any("/V" in node for node in held.nodes)


def _place_on_paper(field: Field) -> tuple[int, float, float]:
    left, _, _, top = field.rectangle
    return field.page, -round(top), left


def _held(pdf: Pdf) -> dict[str, _Held]:
    """Every field that has a box on a page, by its full name."""
    acroform = _get(pdf.Root, "/AcroForm", Dictionary)
    found: dict[str, _Held] = {}
    if acroform is None:
        return found
    for page, widget in _widgets(pdf):
        chain = _chain(widget)
        name = ".".join(_texts(node.get("/T") for node in reversed(chain)))
        kind = _kind(chain)
        if not name or kind is None:
            continue
        own = chain[: 1 + next(place for place, node in enumerate(chain) if "/T" in node)]
        if name not in found:
            found[name] = _new(name, kind, own, [*chain, acroform])
        if found[name].field.kind == kind:
            _add(found[name], page, own)
        if len(found) > MOST_FIELDS:
            raise FormError(TOO_MANY_FIELDS)
    return found


def _widgets(pdf: Pdf) -> Iterator[tuple[int, Dictionary]]:
    count = 0
    for number, page in enumerate(pdf.pages, 1):
        for annotation in _get(page.obj, "/Annots", Array) or ():
            if isinstance(annotation, Dictionary) and annotation.get("/Subtype") == Name.Widget:
                count += 1
                if count > MOST_WIDGETS:
                    raise FormError(TOO_MANY_FIELDS)
                yield number, annotation


def _chain(widget: Dictionary) -> list[Dictionary]:
    """The widget, its parent, and so on; cut off where a broken file goes round in circles."""
    chain = [widget]
    while len(chain) < DEEPEST and (parent := _get(chain[-1], "/Parent", Dictionary)) is not None:
        chain.append(parent)
    return chain


def _kind(chain: Sequence[Dictionary]) -> Kind | None:
    kind = _inherited(chain, "/FT", Name)
    flags = _inherited(chain, "/Ff", int) or 0
    if kind == Name.Tx:
        return "button" if flags & (Flag.tx_password | Flag.tx_file_select) else "text"
    if kind == Name.Btn and flags & Flag.btn_pushbutton:
        return "button"
    if kind == Name.Btn:
        return "radio" if flags & Flag.btn_radio else "checkbox"
    return "choice" if kind == Name.Ch else "signature" if kind == Name.Sig else None


def _new(name: str, kind: Kind, own: Sequence[Dictionary], chain: Sequence[Dictionary]) -> _Held:
    """A field without boxes. ``own`` runs from the box to the field, ``chain`` on to the form."""
    flags = _inherited(chain, "/Ff", int) or 0
    longest = _inherited(chain, "/MaxLen", int)
    size, colour = _look("".join(_texts([_inherited(chain, "/DA", String)])))
    field = Field(
        name,
        tooltip=one_line("".join(_texts([_inherited(own, "/TU", String)]))),
        kind=kind,
        places=(),
        options=tuple(_listed(own)) if kind == "choice" else (),
        max_length=longest if longest is not None and longest >= 0 else None,
        read_only=bool(flags & Flag.read_only),
        required=bool(flags & Flag.required),
        hidden=True,
        multiline=kind == "text" and bool(flags & Flag.tx_multiline),
        comb=kind == "text" and bool(flags & Flag.tx_comb) and longest is not None,
        font_size=size,
        value=_value(chain),
    )
    return _Held(field, [], [], colour, _inherited(chain, "/Q", int) or 0)


def _add(held: _Held, page: int, own: Sequence[Dictionary]) -> None:
    widget, node = own[0], own[-1]
    if all(node.objgen != known.objgen for known in held.nodes) or node.objgen == (0, 0):
        held.nodes.append(node)
    held.widgets.append(widget)
    field = held.field
    states = _states(widget) if field.kind in ("checkbox", "radio") else []
    place = Place(page, _rectangle(widget), _turned(widget), (states or [""])[0])
    known = {option.value for option in field.options}
    named = _inherited(own, "/Opt", Array)
    held.field = replace(
        field,
        places=(*field.places, place),
        options=field.options
        + tuple(Option(state, _shown(state, named)) for state in states if state not in known),
        hidden=field.hidden and not _is_seen(widget, place),
    )


def _is_seen(widget: Dictionary, place: Place) -> bool:
    return min(place.size) > 1 and not (_get(widget, "/F", int) or 0) & UNSEEN


def _get(node: Object, key: str, kind: type[T]) -> T | None:
    value = node.get(key)
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _inherited(chain: Sequence[Dictionary], key: str, kind: type[T]) -> T | None:
    found = (_get(node, key, kind) for node in chain)
    return next((value for value in found if value is not None), None)


def _texts(values: Iterable[object]) -> list[str]:
    return [_text(value) for value in values if isinstance(value, String)]


def _text(value: object) -> str:
    try:
        return str(value)
    except UnicodeDecodeError:  # a broken string says nothing
        return ""


def _numbers(values: Iterable[object]) -> list[float]:
    return [
        float(value)
        for value in values
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    ]


def _value(chain: Sequence[Dictionary]) -> str:
    value = next((node["/V"] for node in chain if "/V" in node), None)
    if isinstance(value, Name):
        return _text(value).removeprefix("/") if value != Name.Off else ""
    return ", ".join(_texts(value if isinstance(value, Array) else [value]))


def _rectangle(widget: Dictionary) -> Rectangle:
    corners = _numbers(_get(widget, "/Rect", Array) or ())
    if len(corners) != 4:
        return 0.0, 0.0, 0.0, 0.0
    x1, y1, x2, y2 = corners
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _turned(widget: Dictionary) -> int:
    looks = _get(widget, "/MK", Dictionary) or Dictionary()
    turned = (_get(looks, "/R", int) or 0) % 360
    return turned if turned in (90, 180, 270) else 0


def _states(widget: Dictionary) -> list[str]:
    """What the box may store when it is ticked."""
    drawn = _get(widget, "/AP", Dictionary) or Dictionary()
    states = _get(drawn, "/N", Dictionary) or Dictionary()
    return [state.removeprefix("/") for state, _ in states.items() if state != "/Off"]


def _shown(state: str, named: Array | None) -> str:
    """What a button means: some forms number the states and name them in a list."""
    if named is not None and re.fullmatch("[0-9]{1,4}", state) and int(state) < len(named):
        return "".join(_texts([named[int(state)]])) or state
    return state


def _listed(chain: Sequence[Dictionary]) -> Iterator[Option]:
    for line in _inherited(chain, "/Opt", Array) or ():
        texts = _texts(line if isinstance(line, Array) else [line])
        if texts:
            yield Option(texts[0], texts[-1])


def _look(appearance: str) -> tuple[float, str]:
    """The size (0: the text chooses) and the colour of a default appearance string."""
    words = appearance[:LONGEST_NAME].split()
    size, colour = 0.0, "0 g"
    for place, word in enumerate(words):
        before = words[max(0, place - COLOURS.get(word, 0)) : place]
        if not all(_NUMBER.fullmatch(number) for number in before):
            continue
        if word == "Tf" and before:
            size = min(abs(float(before[-1])), 100.0)
        elif word in COLOURS and len(before) == COLOURS[word]:
            colour = " ".join((*before, word))
    return size, colour


def _labelled(data: bytes, fields: Sequence[Field]) -> list[Field]:
    """The fields with the print beside each of their boxes."""
    numbers = {place.page for field in fields for place in field.places}
    boxes: dict[int, list[Rectangle]] = {number: [] for number in numbers}
    for field in fields:
        for place in field.places:
            boxes[place.page].append(place.rectangle)
    with pages.opened(data) as pdf:
        words = {number: pages.words(pdf[number - 1]) for number in sorted(numbers)}

    def labelled(place: Place, is_tick: bool) -> Place:
        label = print_beside(place.rectangle, words[place.page], boxes[place.page], right=is_tick)
        return replace(place, label=label)

    return [
        replace(
            field,
            places=tuple(
                labelled(place, field.kind in ("checkbox", "radio")) for place in field.places
            ),
        )
        for field in fields
    ]


# -- in the child: writing ---------------------------------------------------------------------


def write(data: bytes, values: Mapping[str, Value]) -> str:
    """The work of ``fill`` in the child: the filled form as base64 text."""
    with _opened(data) as pdf:
        held = _held(pdf)
        fields = {field.name: field for field in _form(pdf, data, held).fields}
        stored = {name: _stored(fields.get(name), name, value) for name, value in values.items()}
        font = pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type1,
                BaseFont=Name.Helvetica,
                Encoding=Name.WinAnsiEncoding,
            )
        )
        for name, text in stored.items():
            _put(pdf, held[name], text, font)
        _reattach(pdf, [widget for name in stored for widget in held[name].widgets])
        _leave_out(pdf)
        finished = io.BytesIO()
        pdf.save(finished)
    _check(finished.getvalue(), stored)
    return base64.b64encode(finished.getvalue()).decode()


def _stored(field: Field | None, name: str, value: Value) -> str:
    """What the file will hold for ``value``. Raises FormError if the field can't take it."""
    if field is None:
        raise FormError(NO_FIELD.format(one_line(name)[:80]))
    stored, why = _acceptable(field, value)
    if stored is None:
        raise FormError(CANT_TAKE.format(one_line(field.label)[:80], why[0].lower() + why[1:]))
    return stored


def _acceptable(field: Field, value: Value) -> tuple[str | None, str]:
    names = _names()
    if field.kind == "signature" or names.is_for_the_hand(field):
        return None, BY_HAND
    if field.read_only or field.hidden or field.kind == "button":
        return None, READ_ONLY
    if isinstance(value, str):
        if field.kind == "text":
            return _fitting(field, clean(value))
        return _option(field, value) if value else ("", "")
    if field.kind not in ("checkbox", "radio") or len(field.options) != 1:
        return None, WRONG_KIND.format(field.kind)
    return (field.options[0].value if value else ""), ""


def _put(pdf: Pdf, held: _Held, text: str, font: Dictionary) -> None:
    if held.field.kind in ("checkbox", "radio"):
        state = Name(f"/{text or 'Off'}")
        for node in held.nodes:
            node["/V"] = state
        for widget in held.widgets:
            widget["/AS"] = state if text in _states(widget) else Name.Off
        return
    for node in held.nodes:
        node["/V"] = String(text)
        for other in ("/RV", "/I"):  # the same value in other words, now out of date
            if other in node:
                del node[other]
    shown = next((o.shown for o in held.field.options if o.value == text), text)
    for place, widget in zip(held.field.places, held.widgets, strict=True):
        widget["/AP"] = Dictionary(N=_drawn(pdf, held, place, widget, shown, font))


def _reattach(pdf: Pdf, widgets: Iterable[Dictionary]) -> None:
    """Lists a filled field that a broken form has lost; Adobe's programs show listed ones only."""
    fields = _get(pdf.Root.AcroForm, "/Fields", Array) or Array()
    listed = {field.objgen for field in fields if isinstance(field, Dictionary)}
    for root in (_chain(widget)[-1] for widget in widgets):
        if root.is_indirect and root.objgen not in listed:
            listed.add(root.objgen)
            fields.append(root)
    pdf.Root.AcroForm["/Fields"] = fields


def _leave_out(pdf: Pdf) -> None:
    """What would show the form empty, or broken, once it is filled. ``Form.notes`` says so."""
    if "/XFA" in pdf.Root.AcroForm:
        del pdf.Root.AcroForm["/XFA"]
    if "/Perms" in pdf.Root:
        del pdf.Root["/Perms"]


def _check(data: bytes, stored: Mapping[str, str]) -> None:
    with _opened(data) as pdf:
        held = _held(pdf)
        for name, text in stored.items():
            if name not in held or held[name].field.value != text:
                raise FormError(LOST.format(one_line(name)[:80]))


# -- in the child: drawing ---------------------------------------------------------------------


def _drawn(
    pdf: Pdf, held: _Held, place: Place, widget: Dictionary, text: str, font: Dictionary
) -> pikepdf.Stream:
    """The picture of a filled text field, so that every viewer and printer shows it."""
    width, height = place.size
    content = [*_box(held.field, widget, width, height), "/Tx BMC q"]
    content.append(f"0 0 {width:.2f} {height:.2f} re W n BT {held.colour}")
    layout = _layout(held.field, place, text)
    if layout is not None:
        content.append(f"/Helv {layout.size:.2f} Tf")
        content += _shown_text(held, layout, width, height)
    content.append("ET Q EMC")
    return pdf.make_stream(
        "\n".join(content).encode("ascii"),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=[0, 0, round(width, 2), round(height, 2)],
        Matrix=_turn(place.turned, width, height),
        Resources=Dictionary(Font=Dictionary(Helv=font)),
    )


def _turn(turned: int, width: float, height: float) -> list[float]:
    return {
        90: [0, 1, -1, 0, height, 0],
        180: [-1, 0, 0, -1, width, height],
        270: [0, -1, 1, 0, 0, width],
    }.get(turned, [1, 0, 0, 1, 0, 0])


def _box(field: Field, widget: Dictionary, width: float, height: float) -> Iterator[str]:
    """The background, the border and the teeth of a comb, as the form asks for them."""
    looks = _get(widget, "/MK", Dictionary) or Dictionary()
    background, border = (_colour(_get(looks, key, Array)) for key in ("/BG", "/BC"))
    if background:
        yield f"q {background} 0 0 {width:.2f} {height:.2f} re f Q"
    style = _get(widget, "/BS", Dictionary) or Dictionary()
    thick = min((_numbers([style.get("/W")]) or [1.0])[0], MARGIN)
    if border and thick > 0:
        inset = thick / 2
        yield f"q {border.upper()} {thick:.2f} w {inset:.2f} {inset:.2f}"
        yield f"{width - thick:.2f} {height - thick:.2f} re"
        for tooth in range(1, field.max_length or 0 if field.comb else 0):
            at = width * tooth / (field.max_length or 1)
            yield f"{at:.2f} 0 m {at:.2f} {height:.2f} l"
        yield "S Q"


def _colour(numbers: Array | None) -> str:
    parts = _numbers(numbers or ())
    operator = {1: "g", 3: "rg", 4: "k"}.get(len(parts))
    return f"{' '.join(f'{part:.3f}' for part in parts)} {operator}" if operator else ""


def _shown_text(held: _Held, layout: _Layout, width: float, height: float) -> Iterator[str]:
    size, field = layout.size, held.field
    base = height - MARGIN - ASCENT * size
    if not field.multiline:
        base = max((height - ASCENT * size) / 2, DESCENT * size)
    for line in layout.lines:
        for char, left in _set(held, line, width, size):
            yield f"1 0 0 1 {left:.2f} {base:.2f} Tm <{char.encode('cp1252').hex()}> Tj"
        base -= LEADING * size


def _set(held: _Held, line: str, width: float, size: float) -> Iterator[tuple[str, float]]:
    """What is drawn of a line, and how far from the left: letter by letter in a comb."""
    field = held.field
    if field.comb and field.max_length:
        tooth = width / field.max_length
        for place, char in enumerate(line):
            yield char, tooth * place + (tooth - _width(char, size)) / 2
        return
    spare = width - 2 * MARGIN - _width(line, size)
    yield line, MARGIN + spare * {1: 0.5, 2: 1.0}.get(held.quadding, 0.0)
