"""National Drug Codes: the ten-digit forms on a label, and the eleven digits payers use."""

from __future__ import annotations

import re

_HYPHENATED = re.compile(r"(\d{4,5})-(\d{3,4})(?:-(\d{1,2}))?", re.ASCII)
_SHAPES = frozenset({(4, 4, 2), (5, 3, 2), (5, 4, 1), (5, 4, 2)})
_PRODUCT_SHAPES = frozenset({(4, 4), (5, 3), (5, 4)})


def to_ndc11(text: str) -> str:
    """The eleven digits of an NDC; nine where only labeler and product are given.

    Takes the hyphenated forms 4-4-2, 5-3-2, 5-4-1 and 5-4-2 (or 4-4, 5-3, 5-4 for a product) and
    eleven bare digits. Raises ValueError for anything else: ten bare digits can mean three
    different products.
    """
    text = text.strip()
    if re.fullmatch(r"\d{11}", text, re.ASCII):
        return text
    match = _HYPHENATED.fullmatch(text)
    if match:
        labeler, product, package = match.groups()
        if package is None and (len(labeler), len(product)) in _PRODUCT_SHAPES:
            return labeler.zfill(5) + product.zfill(4)
        if package and (len(labeler), len(product), len(package)) in _SHAPES:
            return labeler.zfill(5) + product.zfill(4) + package.zfill(2)
    raise ValueError(
        f"'{text[:40]}' is not an NDC; write it as on the label with hyphens (such as "
        "12345-678-90) or as 11 digits."
    )
