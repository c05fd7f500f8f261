"""The numbers a plan checks first: NPI, NCPDP, NDC. Checked here, never chosen."""

from __future__ import annotations

import re

from compound_coverage.formulary.ndc import to_ndc11


def check_npi(text: str) -> str:
    """The ten digits of a National Provider Identifier whose check digit is right.

    Raises ValueError with one sentence otherwise.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[12][0-9]{9}", digits):
        raise ValueError(f"'{text[:40]}' is not an NPI; an NPI is 10 digits and starts with 1 or 2")
    # An NPI's check digit is counted with the card-issuer prefix 80840 in front.
    if _luhn_sum("80840" + digits) % 10:
        raise ValueError(f"the check digit of NPI {digits} is wrong; look for a mistyped digit")
    return digits


def _luhn_sum(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total


def check_ncpdp(text: str) -> str:
    """The seven digits of a pharmacy's NCPDP number. Raises ValueError otherwise."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{7}", digits):
        raise ValueError(f"'{text[:40]}' is not an NCPDP number; it has 7 digits")
    return digits


def check_ndc(text: str) -> str:
    """The eleven digits of a package's NDC.

    Raises ValueError with one sentence for ten bare digits (they can mean three products) and
    for a code without its package part.
    """
    ndc = to_ndc11(text)
    if len(ndc) != 11:
        raise ValueError(
            f"'{text[:40]}' names a product but no package; add the last part of the NDC"
        )
    return ndc
