"""Letter types on disk: a folder holds ``letter.toml`` and ``template.md.j2``.

Adding a letter is adding a folder under ``letter_templates/<language>/``. ``facts.toml`` beside
the languages says which facts exist for letters and who supplies them; each language's own
``facts.toml`` and ``words.toml`` say them in words. The English folder is the master: another
language's ``letter.toml`` only names the letter and its signer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from compound_coverage.determination.clocks import sections_of
from compound_coverage.vocabulary import LineOfBusiness, Rule, Verdict

TEMPLATES = Path(__file__).resolve().parents[2] / "letter_templates"
LAYOUT = TEMPLATES / "layout"
MASTER = "en"
FIRST = "letter_of_medical_necessity"
WHO = frozenset({"patient", "prescriber", "pharmacy", "plan"})


class TemplateFolderError(Exception):
    """A mistake in a letter's folder: for its author to mend, not for the person typing."""


class UnknownLetterError(ValueError):
    """No letter of this type or language. The message is one sentence with the right names."""


@dataclass(frozen=True, slots=True)
class Need:
    """A fact a letter needs: where it stands in the case file, why, and who can supply it.

    ``when`` names situations, one of which must hold; ``only_if`` and ``unless`` look at the
    fields beside this one.
    """

    field: str
    label: str
    who: str
    why: str
    when: tuple[str, ...] = ()
    only_if: tuple[tuple[str, str], ...] = ()
    unless: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """A named circumstance, seen from the medication's ingredients or the diagnosis code."""

    name: str
    ingredients: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """Which cases call for a letter. Empty means any.

    ``stages`` are those of ``request.stage``; ``reasons`` are kinds of denial reasons that this
    letter answers; a lower ``rank`` is proposed earlier.
    """

    stages: tuple[str, ...] = ()
    lines: tuple[LineOfBusiness, ...] = ()
    states: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    reasons: tuple[str, ...] = ()
    rank: int = 50


@dataclass(frozen=True, slots=True)
class LetterType:
    """One kind of letter in one language.

    ``kind`` is letter, form, note or sheet; ``use`` says in a sentence when to use it; ``mark``
    stands on every page. ``stage`` and ``urgency`` are the letter's own, empty where the case
    decides. ``clocks`` maps a stage of the request ("any" for all) to stages of the road in
    deadlines.csv. ``answers_rule`` says that the letter answers the plan's rule point by point,
    so that an unanswered point is a missing fact.
    """

    letter_type: str
    language: str
    kind: str
    title: str
    signer: str
    use: str
    mark: str
    stage: str
    urgency: str
    calls: Calls
    answers_rule: bool
    clocks: dict[str, tuple[str, ...]]
    needs: tuple[Need, ...]
    folder: Path

    def clock_stages(self, stage: str) -> tuple[str, ...]:
        """The stages of the road whose clocks run for a request at ``stage``."""
        stage = self.stage or stage
        return self.clocks.get(stage, self.clocks.get("any", ()))


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says coded answers, dates, gaps and marks."""

    language: str
    gap: str
    who: dict[str, str]
    months: tuple[str, ...]
    day: str
    month: str
    marks: dict[str, str]
    notice: str
    no_clock: str
    no_law: str
    said: dict[str, dict[str, str]]
    answers: dict[str, str]
    label_uses: dict[str, str]


def languages() -> list[str]:
    """The languages letters exist in."""
    return sorted(file.parent.name for file in TEMPLATES.glob("*/words.toml"))


def letter_types(language: str = "en") -> list[LetterType]:
    """Every letter type of a language, the letter of medical necessity first.

    Raises UnknownLetterError for another language.
    """
    if language not in languages():
        raise UnknownLetterError(
            f"There are no letters in '{language[:20]}'; choose one of {', '.join(languages())}."
        )
    folders = (file.parent for file in (TEMPLATES / language).glob("*/letter.toml"))
    return [_read_letter(one) for one in sorted(folders, key=lambda one: (one.name != FIRST, one))]


def letter_type_named(name: str, language: str) -> LetterType:
    """The letter type of that name. Raises UnknownLetterError naming the right ones."""
    types = letter_types(language)
    for letter_type in types:
        if letter_type.letter_type == name:
            return letter_type
    names = ", ".join(letter_type.letter_type for letter_type in types)
    raise UnknownLetterError(f"There is no letter type '{name[:60]}'; choose one of {names}.")


def law_behind(rules: Sequence[Rule], stages: Collection[str]) -> str:
    """The sections of law that set a clock at these stages of the road; empty if none does."""
    return sections_of(
        rule for rule in rules if any(clock.stage in stages for clock in rule.deadlines)
    )


@lru_cache(maxsize=16)
def words_of(language: str) -> Words:
    """How ``language`` says coded answers, dates, gaps and marks."""
    table = _read_toml(TEMPLATES / language / "words.toml")
    return Words(
        language=language,
        gap=table["gap"],
        who=table["who"],
        months=tuple(table["months"]),
        day=table["day"],
        month=table["month"],
        marks=table["marks"],
        notice=table["notice"],
        no_clock=table["no_clock"],
        no_law=table["no_law"],
        said=table["said"],
        answers=table["answers"],
        label_uses=table["label_uses"],
    )


@lru_cache(maxsize=1)
def situations() -> tuple[Situation, ...]:
    """The circumstances that all letters know by name."""
    return tuple(_situation(row) for row in _read_facts()["situation"])


@lru_cache(maxsize=128)
def _read_letter(folder: Path) -> LetterType:
    """Reads a letter's folder. Raises TemplateFolderError if letter.toml does not hold together."""
    own = _read_toml(folder / "letter.toml")
    language = folder.parent.name
    table = {**_read_toml(TEMPLATES / MASTER / folder.name / "letter.toml"), **own}
    try:
        return LetterType(
            letter_type=folder.name,
            language=language,
            kind=table["kind"],
            title=own["title"],
            signer=own["signer"],
            use=own["use"],
            mark=words_of(language).marks[table["mark"]],
            stage=table.get("stage", ""),
            urgency=table.get("urgency", ""),
            calls=_calls(table.get("calls", {})),
            answers_rule=table.get("answers_rule", False),
            clocks={stage: tuple(names) for stage, names in table.get("clocks", {}).items()},
            needs=tuple(_needs(table["needs"], language)),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateFolderError(f"{folder / 'letter.toml'}: {error!r}") from error


def _read_toml(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return tomllib.load(stream)


def _calls(table: dict[str, Any]) -> Calls:
    return Calls(
        stages=tuple(table.get("stages", ())),
        lines=tuple(LineOfBusiness(line) for line in table.get("lines", ())),
        states=tuple(table.get("states", ())),
        verdicts=tuple(Verdict(verdict) for verdict in table.get("verdicts", ())),
        reasons=tuple(table.get("reasons", ())),
        rank=table.get("rank", 50),
    )


def _needs(names: Sequence[str], language: str) -> Iterator[Need]:
    """The facts of these names; a name may stand for a group of facts."""
    groups = _read_facts()["groups"]
    known = _facts_of(language)
    for name in names:
        for field in groups.get(name, (name,)):
            yield known[field]


@lru_cache(maxsize=16)
def _facts_of(language: str) -> dict[str, Need]:
    """Every fact of facts.toml in a language's words, by its place in the case file."""
    words = _read_toml(TEMPLATES / language / "facts.toml")
    return {
        field: Need(
            field=field,
            label=words[field]["label"],
            who=_known_person(row["who"]),
            why=words[field]["why"],
            when=tuple(row.get("when", ())),
            only_if=tuple(row.get("only_if", {}).items()),
            unless=tuple(row.get("unless", {}).items()),
        )
        for field, row in _read_facts()["fields"].items()
    }


@lru_cache(maxsize=1)
def _read_facts() -> dict[str, Any]:
    return _read_toml(TEMPLATES / "facts.toml")


def _known_person(who: str) -> str:
    if who not in WHO:
        raise ValueError(f"nobody is called '{who}'")
    return who


def _situation(row: dict[str, Any]) -> Situation:
    return Situation(
        name=row["name"],
        ingredients=tuple(row.get("ingredients", ())),
        diagnoses=tuple(row.get("diagnoses", ())),
        conditions=tuple(row.get("conditions", ())),
    )
