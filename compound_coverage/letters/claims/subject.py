"""What one letter is about: the words of its case for the compound, its ingredient and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.claims.reading import any_of, one_line
from compound_coverage.vocabulary import Medication

_STRENGTH = re.compile(r"[0-9][0-9.,]* ?m(?:c?g|L)\b(?:/m[Ll])?")


@dataclass(frozen=True, slots=True)
class Subject:
    """The words of one case, as patterns by the name of the word list they add to.

    ``texts`` are the medication's own, whose numbers a letter may repeat.
    """

    patterns: Mapping[str, re.Pattern[str]]
    texts: tuple[str, ...]


def subject_of(medication: Medication, case: CaseFile) -> Subject:
    """The words for a medication, its marketed ingredients and the case's other drugs."""
    ingredients = [ingredient.name for ingredient in medication.ingredients]
    marketed = " ".join(ingredient.approved_product for ingredient in medication.ingredients)
    sold = _STRENGTH.findall(marketed)
    others = [re.split(r"[0-9,(]", drug)[0] for drug in _other_drugs(case)]
    words = {
        "compound": [word for word in _compound(medication, case, marketed) if word not in sold],
        "ingredient": ingredients,
        "others": [
            drug for drug in others if not any(one_line(i) in one_line(drug) for i in ingredients)
        ],
        "elsewhere": sold,
    }
    return Subject(
        patterns={name: re.compile(any_of(listed)) for name, listed in words.items()},
        texts=(
            *medication.strengths,
            medication.name,
            medication.form,
            medication.why_compounded,
            medication.marketed_alternative,
            marketed,
        ),
    )


def _compound(medication: Medication, case: CaseFile, marketed: str) -> list[str]:
    """Its name, short name, strengths, and its form unless it is sold in that form."""
    name, _, rest = medication.name.partition("(")
    short, _, form = rest.partition(")")
    strengths = " ".join([*medication.strengths, case.medication.strength or ""])
    own_form = [] if medication.form.lower() in marketed.lower() else [medication.form]
    return [
        f"{name} {form}",
        short,
        *own_form,
        *(f"{form}s" for form in own_form),
        *_STRENGTH.findall(strengths),
    ]


def _other_drugs(case: CaseFile) -> list[str]:
    drugs = [*(row.drug for row in case.tried), *(row.drug for row in case.alternatives)]
    return [*(drug for drug in drugs if drug), *case.current_medicines]


def plans_words(case: CaseFile) -> list[str]:
    """What the plan wrote, as the case holds it; a letter may repeat it to answer it."""
    return [
        case.request.denial_reason or "",
        case.request.denial_policy or "",
        *(point.said for point in case.denial_points),
        *(decision.reason or "" for decision in case.decisions),
    ]


def prescribers_words(case: CaseFile) -> list[str]:
    """What the prescriber wrote of the risk of waiting or of not treating."""
    return [case.risk_if_untreated or "", case.request.urgent_reason or ""]


def texts_in(part: object) -> Iterator[str]:
    """Every text of a case file."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from texts_in(getattr(part, name))
    elif isinstance(part, tuple):
        for item in part:
            yield from texts_in(item)
