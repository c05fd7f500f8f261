"""Tables and tiles as plain HTML: read by screen readers, and narrow enough for a small phone.

On a narrow screen each row of a table becomes a block, with the column's name before each cell; the
roles are spelled out because a browser forgets them when a row is shown as a block.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import streamlit as st

_SHORT = 12


class Link(NamedTuple):
    """A cell that leads somewhere."""

    text: str
    url: str


class Tile(NamedTuple):
    """One square of a map: what is seen on it, what is said of it, and how its border looks.

    ``more`` is seen only where there is room. ``row`` and ``column`` count from 1.
    """

    code: str
    mark: str
    more: str
    said: str
    look: str
    row: int
    column: int


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str | Link]]) -> None:
    """A table; the first cell of each row names the row."""
    names = "".join(f'<th scope="col" role="columnheader">{html.escape(n)}</th>' for n in head)
    body = "".join(_row(head, row) for row in rows)
    st.html(
        f'<table class="cc-table" role="table"><caption>{html.escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{names}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _row(head: Sequence[str], cells: Sequence[str | Link]) -> str:
    first, rest = cells[0], zip(head[1:], cells[1:], strict=True)
    shown = "".join(
        f'<td role="cell"{_short(cell)} data-label="{html.escape(name)}">{_cell(cell)}</td>'
        for name, cell in rest
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{_cell(first)}</th>{shown}</tr>'


def _short(cell: str | Link) -> str:
    """Numbers and days are not broken over two lines."""
    digits = isinstance(cell, str) and len(cell) <= _SHORT and cell[:1].isdigit()
    return ' class="cc-short"' if digits else ""


def _cell(cell: str | Link) -> str:
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
    items = "".join(
        f'<li class="cc-tile cc-{tile.look}" title="{html.escape(tile.said)}" '
        f'style="grid-row:{tile.row};grid-column:{tile.column}">'
        f'<b aria-hidden="true">{html.escape(tile.code)}</b>'
        f'<span aria-hidden="true">{html.escape(tile.mark)}'
        f'<span class="cc-more">{html.escape(tile.more)}</span></span>'
        f'<span class="cc-said">{html.escape(tile.said)}</span></li>'
        for tile in shown
    )
    st.html(f'<ul class="cc-tiles" role="list" aria-label="{html.escape(label)}">{items}</ul>')
