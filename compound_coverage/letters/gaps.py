"""What a template sees of a case: each fact, or the gap that stands where a fact is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from compound_coverage.letters.templates import Need, TemplateFolderError


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing fact. It is false in a test, and prints as a visible mark, never as a guess."""

    label: str
    who: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Unprintable:
    """A missing fact the letter does not ask for: a template may test it, but not print it."""

    field: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise TemplateFolderError(
            f"The template prints '{self.field}', which may be missing; add it under [[needed]] "
            "in letter.toml or test it first."
        )


class Facts:
    """A read-only view of one section of a case for a template.

    Attributes give the typed value, another view, a list of views, or a gap. An unknown name
    raises AttributeError, so a typing slip in a template is caught.
    """

    def __init__(self, part: BaseModel, needs: dict[str, Need], path: str = "") -> None:
        self._part = part
        self._needs = needs
        self._path = path

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name not in type(self._part).model_fields:
            raise AttributeError(name)
        path = f"{self._path}.{name}" if self._path else name
        value = getattr(self._part, name)
        if isinstance(value, tuple):
            return [self._entry(item, f"{path}[]") for item in value]
        if isinstance(value, BaseModel):
            return Facts(value, self._needs, path)
        return gap_at(path, self._needs) if value is None else value

    def _entry(self, item: object, path: str) -> object:
        return Facts(item, self._needs, path) if isinstance(item, BaseModel) else item


def gap_at(path: str, needs: dict[str, Need]) -> Gap | Unprintable:
    """The gap for a field path such as ``tried[].start``."""
    need = needs.get(path)
    return Gap(need.label, need.who) if need else Unprintable(path)


def is_unknown(value: object) -> bool:
    """Does the case say nothing here? A section is unknown when all its fields are."""
    if isinstance(value, BaseModel):
        return all(is_unknown(getattr(value, name)) for name in type(value).model_fields)
    return value is None or value == ()


def values_at(case: BaseModel, path: str) -> Iterator[tuple[str, object, BaseModel]]:
    """Every place ``path`` names: its exact path, its value and the section that holds it."""
    places: Iterable[tuple[str, object, BaseModel]] = [("", case, case)]
    for step in path.split("."):
        places = [found for place in places for found in _step_into(place, step)]
    yield from places


def _step_into(
    place: tuple[str, object, BaseModel], step: str
) -> Iterator[tuple[str, object, BaseModel]]:
    path, holder, _ = place
    name = step.removesuffix("[]")
    if not isinstance(holder, BaseModel) or name not in type(holder).model_fields:
        raise TemplateFolderError(f"letter.toml asks for '{path}.{name}', which does not exist.")
    value = getattr(holder, name)
    path = f"{path}.{name}" if path else name
    if not step.endswith("[]"):
        yield path, value, holder
        return
    for number, item in enumerate(value):
        yield f"{path}[{number}]", item, holder
