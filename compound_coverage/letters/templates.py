"""Letter types on disk: a folder holds ``letter.toml`` and ``template.md.j2``.

Adding a letter is adding a folder under ``letter_templates/<language>/``; ``words.toml`` beside
the folders holds what all letters of a language say of coded answers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from compound_coverage.determination.clocks import deadline_by_stage
from compound_coverage.vocabulary import Rule, Verdict

TEMPLATES = Path(__file__).resolve().parents[2] / "letter_templates"
LAYOUT = TEMPLATES / "layout"
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
class LetterType:
    """One kind of letter in one language.

    ``mark`` stands on every page; ``answers_rule`` says that the letter answers the plan's rule
    point by point, so that an unanswered point is a missing fact.
    """

    letter_type: str
    language: str
    title: str
    signer: str
    mark: str
    verdicts: tuple[Verdict, ...]
    notice: str
    answers_rule: bool
    no_clock: str
    stages: dict[str, tuple[str, ...]]
    needs: tuple[Need, ...]
    situations: tuple[Situation, ...]
    folder: Path

    def deadline_for(self, stage: str, clocks: Sequence[Rule]) -> str:
        """The clocks of a request at ``stage`` with their law, and that the notice controls."""
        told = deadline_by_stage(clocks, self.stages.get(stage, ()))
        return f"{told or self.no_clock} {self.notice}"


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says coded answers, dates and gaps."""

    language: str
    gap: str
    who: dict[str, str]
    months: tuple[str, ...]
    day: str
    month: str
    said: dict[str, dict[str, str]]
    answers: dict[str, str]
    label_uses: dict[str, str]
    overclaims: tuple[str, ...]


def languages() -> list[str]:
    """The languages letters exist in."""
    return sorted(file.parent.name for file in TEMPLATES.glob("*/words.toml"))


def letter_types(language: str = "en") -> list[LetterType]:
    """Every letter type of a language, by name. Raises UnknownLetterError for another language."""
    if language not in languages():
        raise UnknownLetterError(
            f"There are no letters in '{language[:20]}'; choose one of {', '.join(languages())}."
        )
    return [
        _read_letter(file.parent) for file in sorted((TEMPLATES / language).glob("*/letter.toml"))
    ]


def letter_type_named(name: str, language: str) -> LetterType:
    """The letter type of that name. Raises UnknownLetterError naming the right ones."""
    types = letter_types(language)
    for letter_type in types:
        if letter_type.letter_type == name:
            return letter_type
    names = ", ".join(letter_type.letter_type for letter_type in types)
    raise UnknownLetterError(f"There is no letter type '{name[:60]}'; choose one of {names}.")


@lru_cache(maxsize=16)
def words_of(language: str) -> Words:
    """How ``language`` says coded answers, dates and gaps."""
    table = _read_toml(TEMPLATES / language / "words.toml")
    return Words(
        language=language,
        gap=table["gap"],
        who=table["who"],
        months=tuple(table["months"]),
        day=table["day"],
        month=table["month"],
        said=table["said"],
        answers=table["answers"],
        label_uses=table["label_uses"],
        overclaims=tuple(table["overclaims"]),
    )


@lru_cache(maxsize=64)
def _read_letter(folder: Path) -> LetterType:
    """Reads a letter's folder. Raises TemplateFolderError if letter.toml does not hold together."""
    table = _read_toml(folder / "letter.toml")
    try:
        letter = LetterType(
            letter_type=folder.name,
            language=folder.parent.name,
            title=table["title"],
            signer=table["signer"],
            mark=table["mark"],
            verdicts=tuple(Verdict(verdict) for verdict in table["verdicts"]),
            notice=table["notice"],
            answers_rule=table["answers_rule"],
            no_clock=table["no_clock"],
            stages={stage: tuple(names) for stage, names in table["stages"].items()},
            needs=tuple(_need(row) for row in table["needed"]),
            situations=tuple(_situation(row) for row in table.get("situation", ())),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateFolderError(f"{folder / 'letter.toml'}: {error!r}") from error
    strangers = {need.who for need in letter.needs} - WHO
    if strangers:
        raise TemplateFolderError(f"{folder / 'letter.toml'}: nobody is called {sorted(strangers)}")
    return letter


def _read_toml(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return tomllib.load(stream)


def _need(row: dict[str, Any]) -> Need:
    return Need(
        field=row["field"],
        label=row["label"],
        who=row["who"],
        why=row["why"],
        when=tuple(row.get("when", ())),
        only_if=tuple(row.get("only_if", {}).items()),
        unless=tuple(row.get("unless", {}).items()),
    )


def _situation(row: dict[str, Any]) -> Situation:
    return Situation(
        name=row["name"],
        ingredients=tuple(row.get("ingredients", ())),
        diagnoses=tuple(row.get("diagnoses", ())),
        conditions=tuple(row.get("conditions", ())),
    )
