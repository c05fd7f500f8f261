"""Tables and tiles as plain HTML: read by screen readers, and narrow enough for a small phone.

On a narrow screen each row of a table becomes a block, with the column's name before each cell; the
roles are spelled out because a browser forgets them when a row is shown as a block.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import streamlit as st

from dashboard.languages import in_english

_SHORT = 12
# each state's place on a map of squares, row by row; a dot is water
_MAP = (
    "AK .. .. .. .. .. .. .. .. .. ME",
    ".. .. .. .. .. .. .. .. .. VT NH",
    "WA ID MT ND MN IL WI MI NY RI MA",
    "OR NV WY SD IA IN OH PA NJ CT ..",
    "CA UT CO NE MO KY WV VA MD DE ..",
    ".. AZ NM KS AR TN NC SC DC .. ..",
    ".. .. .. OK LA MS AL GA .. .. ..",
    "HI .. .. TX .. .. .. .. FL .. PR",
)
PLACES: dict[str, tuple[int, int]] = {
    code: (row, column)
    for row, line in enumerate(_MAP, start=1)
    for column, code in enumerate(line.split(), start=1)
    if code != ".."
}


class Link(NamedTuple):
    """A cell that leads somewhere."""

    text: str
    url: str


class FromData(NamedTuple):
    """A cell of words from the dataset: shown translated, or marked as only in English."""

    text: str


Cell = str | Link | FromData


class Tile(NamedTuple):
    """One square of a map: what is seen on it, what is said of it, and how its border looks.

    ``more`` is seen only where there is room. ``row`` and ``column`` count from 1. ``dashed``
    says that less stands behind it than behind the others.
    """

    code: str
    mark: str
    more: str
    said: str
    look: str
    row: int
    column: int
    dashed: bool = False


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table; the first cell of each row names the row."""
    names = "".join(f'<th scope="col" role="columnheader">{html.escape(n)}</th>' for n in head)
    body = "".join(_row(head, row) for row in rows)
    st.html(
        f'<table class="cc-table" role="table"><caption>{html.escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{names}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _row(head: Sequence[str], cells: Sequence[Cell]) -> str:
    first, rest = cells[0], zip(head[1:], cells[1:], strict=True)
    shown = "".join(
        f'<td role="cell"{_short(cell)} data-label="{html.escape(name)}">{_cell(cell)}</td>'
        for name, cell in rest
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{_cell(first)}</th>{shown}</tr>'


def _short(cell: Cell) -> str:
    """Numbers and days are not broken over two lines."""
    digits = isinstance(cell, str) and len(cell) <= _SHORT and cell[:1].isdigit()
    return ' class="cc-short"' if digits else ""


def _cell(cell: Cell) -> str:
    if isinstance(cell, FromData):
        return in_english(cell.text)
    if isinstance(cell, str):
        return html.escape(cell)
    text = html.escape(cell.text)
    # an address from the dataset; the schema lets only http and https in
    return (
        f'<a href="{html.escape(cell.url)}" target="_blank" rel="noopener noreferrer">{text}</a>'
        if cell.url
        else text
    )


def tiles(label: str, shown: Iterable[Tile]) -> None:
    """A map of squares; a screen reader hears it as a list."""
    items = "".join(map(_tile, shown))
    st.html(f'<ul class="cc-tiles" role="list" aria-label="{html.escape(label)}">{items}</ul>')


def _tile(tile: Tile) -> str:
    look = f"cc-tile cc-{tile.look}{' cc-dashed' if tile.dashed else ''}"
    return (
        f'<li class="{look}" title="{html.escape(tile.said)}" '
        f'style="grid-row:{tile.row};grid-column:{tile.column}">'
        f'<b aria-hidden="true">{html.escape(tile.code)}</b>'
        f'<span aria-hidden="true">{html.escape(tile.mark)}'
        f'<span class="cc-more">{html.escape(tile.more)}</span></span>'
        f'<span class="cc-said">{html.escape(tile.said)}</span></li>'
    )
