"""What may be said of the marketed product: its label's uses, and strength arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.templates import Words
from compound_coverage.vocabulary import Ingredient, Medication

_MG = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?mg\b", re.IGNORECASE)
_ONLY_MG = re.compile(rf"\s*{_MG.pattern}\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LabelFact:
    """An approved ingredient, its product and the uses on the label. ``off_label`` may be open."""

    ingredient: str
    product: str
    uses: tuple[str, ...]
    off_label: bool | None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """One unit of the marketed product against one dose, in milligrams as printed."""

    product: str
    unit: str
    dose: str
    times: str
    half: str
    quarter: str


def label_facts(medication: Medication, case: CaseFile, words: Words) -> list[LabelFact]:
    """What is publicly known of each active ingredient's label; nothing where it is not."""
    return [
        LabelFact(
            ingredient=ingredient.name,
            product=ingredient.approved_product,
            uses=tuple(words.label_uses.get(code, code) for code in ingredient.label_uses),
            off_label=_off_label(ingredient, case.diagnosis.icd10),
        )
        for ingredient in medication.active_ingredients
        if ingredient.approved and ingredient.approved_product and ingredient.label_uses
    ]


def _off_label(ingredient: Ingredient, code: str | None) -> bool | None:
    return None if code is None else not code.startswith(ingredient.label_uses)


def arithmetic(medication: Medication, case: CaseFile) -> Arithmetic | None:
    """Why the marketed tablet can't be cut to the dose; ``None`` unless numbers show it.

    Only for one active ingredient sold as a tablet whose quarter is still more than the dose.
    """
    if len(medication.active_ingredients) != 1 or case.medication.strength is None:
        return None
    product = medication.active_ingredients[0].approved_product
    dose_found = _ONLY_MG.fullmatch(case.medication.strength)
    units = _MG.findall(product)
    if dose_found is None or len(units) != 1 or "tablet" not in product.lower():
        return None
    dose, unit = float(dose_found.group(1)), float(units[0])
    if not 0 < dose < unit / 4:
        return None
    return Arithmetic(
        product=product,
        unit=f"{unit:g} mg",
        dose=f"{dose:g} mg",
        times=f"{unit / dose:.0f}",
        half=f"{unit / 2:g} mg",
        quarter=f"{unit / 4:g} mg",
    )
