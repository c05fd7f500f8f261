"""ICD-10-CM codes: real, billable ones only. A code is checked here, never chosen."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from rapidfuzz import fuzz, process


def check_diagnosis(code: str) -> str:
    """The code in its usual form (``F33.1``).

    Raises ValueError with one sentence if the code is unknown, or is a heading that a claim
    can't carry (``G35`` and ``F33`` are), naming the codes below it.
    """
    codes = _codes()
    wanted = code.strip().upper()
    if not (codes.is_valid_item(wanted) and codes.is_category_or_subcategory(wanted)):
        real = [c for c in codes.get_all_codes() if codes.is_category_or_subcategory(c)]
        near = [name for name, _, _ in process.extract(wanted, real, scorer=fuzz.ratio, limit=3)]
        raise ValueError(f"'{code[:20]}' is not an ICD-10-CM code. Nearest: {', '.join(near)}.")
    item = str(codes.add_dot(wanted)) if "." not in wanted else wanted
    if not codes.is_leaf(item):
        below = [c for c in codes.get_descendants(item) if codes.is_leaf(c)]
        shown = ", ".join(below[:6]) + (", ..." if len(below) > 6 else "")
        raise ValueError(
            f"'{item}' is a heading, not a billable ICD-10-CM code. Use one below it: {shown}."
        )
    return item


def describe(code: str) -> str:
    """The official short description of a code that ``check_diagnosis`` accepted."""
    return str(_codes().get_description(code))


def _codes() -> ModuleType:
    # parsing the code set takes over a second, so nobody pays for it who enters no code
    return import_module("simple_icd_10_cm")
