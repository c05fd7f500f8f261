"""Reject codes a pharmacy names, only where they are written as such: *Reject 75*, *Rej 70/76*."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compound_coverage.letters.denial.found import Finding, finding
from compound_coverage.letters.denial.sheet import Sheet

# Ø is how pharmacies write the figure nought; words of two letters are no codes.
_CODE = (
    r"(?!(?:OF|IS|AT|TO|ON|IN|BY|NO|AS|OR|WE|IT|IF)\b)(?:[0-9Ø][0-9A-ZØ]{1,2}|[A-Z][0-9A-Z])"
    r"(?![A-Za-z0-9%])(?!\s*(?i:percent|days?|claims?)\b)"
)
_LEAD = (
    r"(?:(?i:rej(?:ect(?:ion|ed)?)?\.?\s*(?:codes?|cd)(?:\s*\(s\))?|rejects?\b|rej\b\.?)|511-?FB)"
)
_REJECT = re.compile(
    rf"(?<![A-Za-z0-9]){_LEAD}\s*(?i:no\.|number|is|was)?\s*[:#=-]*\s*"
    rf"(?P<codes>{_CODE}(?:\s*(?:,|/|&|;|(?i:and)|\+)\s*{_CODE})*)"
)
_ONE = re.compile(_CODE)
_VERB_BEFORE = re.compile(
    r"\b(?:we|may|to|will|can|not|could|should|must|would|they)\s+$", re.IGNORECASE
)


def reject_codes(sheet: Sheet) -> Iterator[Finding]:
    """Each code with the words that name it. A code nobody knows the meaning of is found too."""
    for found in _REJECT.finditer(sheet.text):
        if _VERB_BEFORE.search(sheet.text, max(0, found.start() - 12), found.start()):
            continue
        for code in re.split(r"\s*(?:,|/|&|;|\band\b|\+)\s*", found["codes"], flags=re.IGNORECASE):
            if _ONE.fullmatch(code):
                value = code.replace("Ø", "0")
                yield finding(sheet, "reject_code", value, found.span())
