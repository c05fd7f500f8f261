"""Typed text made safe to carry: which characters are taken out, and how lines are kept."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but the tab and the line end
_HALVES = r"\ud800-\udfff"  # of a pair of surrogates
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SOFT_HYPHEN = "\u00ad"
# no characters; a Word file that holds one of the last two of a plane can't be opened
_NONE = r"\ufdd0-\ufdef" + "".join(rf"\U{plane:04x}fffe-\U{plane:04x}ffff" for plane in range(0x11))
_REFUSED = re.compile(f"[{_CONTROLS}{_HALVES}{_BIDI}{_SOFT_HYPHEN}{_NONE}]")


def clean(text: str) -> str:
    """``text`` without the characters that hide, reorder or break what is printed.

    Line ends become ``\\n``. Control characters, marks that turn the writing direction, hidden
    hyphens, broken halves of characters and code points that are no characters go; nothing else
    changes.
    """
    return _REFUSED.sub("", _LINE_ENDS.sub("\n", text))


def removed_from(text: str) -> list[str]:
    """The code points that ``clean`` takes out of ``text``, such as ``U+202E``, each once."""
    text = _LINE_ENDS.sub("\n", text)
    return list(dict.fromkeys(map(code_point, _REFUSED.findall(text))))


def code_point(char: str) -> str:
    """The name of a character that can't be shown: ``U+1F600``."""
    return f"U+{ord(char):04X}"


def one_line(text: str) -> str:
    """``text`` with every run of white space, line ends too, as one space."""
    return " ".join(text.split())
