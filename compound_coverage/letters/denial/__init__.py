"""Reads a denial letter and shows what it says, with the words that say it.

``read_document`` and ``read_pasted`` turn a file or pasted text into pages; ``read_denial`` finds
what they say; the person confirms it; ``to_case_fields`` makes it part of a case file.
"""

from compound_coverage.letters.denial.confirmed import ConfirmedError, to_case_fields
from compound_coverage.letters.denial.document import Document, DocumentReadError, Page
from compound_coverage.letters.denial.finding import Denial, read_denial
from compound_coverage.letters.denial.found import Finding
from compound_coverage.letters.denial.patterns import (
    ReasonKind,
    field_labels,
    reason_kinds,
    words_for,
)
from compound_coverage.letters.denial.reading import read_document, read_pasted

__all__ = [
    "ConfirmedError",
    "Denial",
    "Document",
    "DocumentReadError",
    "Finding",
    "Page",
    "ReasonKind",
    "field_labels",
    "read_denial",
    "read_document",
    "read_pasted",
    "reason_kinds",
    "to_case_fields",
    "words_for",
]
