"""Typed text made safe to carry: which characters are taken out, and how lines are kept."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SOFT_HYPHEN = "\u00ad"
_KEPT_CONTROLS = frozenset("\n\t")


def clean(text: str) -> str:
    """``text`` without the characters that hide, reorder or break what is printed.

    Line ends become ``\\n``. Control characters, marks that turn the writing direction, hidden
    hyphens, broken halves of characters and code points that are no characters go; nothing else
    changes.
    """
    text = _LINE_ENDS.sub("\n", text)
    return "".join(char for char in text if not _is_refused(char))


def removed_from(text: str) -> list[str]:
    """The code points that ``clean`` takes out of ``text``, such as ``U+202E``, each once."""
    text = _LINE_ENDS.sub("\n", text)
    return list(dict.fromkeys(code_point(char) for char in text if _is_refused(char)))


def code_point(char: str) -> str:
    """The name of a character that can't be shown: ``U+1F600``."""
    return f"U+{ord(char):04X}"


def one_line(text: str) -> str:
    """``text`` with every run of white space, line ends too, as one space."""
    return " ".join(text.split())


def _is_refused(char: str) -> bool:
    if char in _KEPT_CONTROLS:
        return False
    # Cc: controls such as NUL; Cs: half of a surrogate pair; the last two of each plane are
    # no characters, and a Word file holding one can't be opened
    return (
        unicodedata.category(char) in ("Cc", "Cs")
        or char in _BIDI
        or char == _SOFT_HYPHEN
        or ord(char) & 0xFFFE == 0xFFFE
        or 0xFDD0 <= ord(char) <= 0xFDEF
    )
