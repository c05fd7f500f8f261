"""Tables and tiles as plain HTML: read by screen readers, and narrow enough for a small phone.

On a narrow screen each row of a table becomes a block, with the column's name before each cell; the
roles are spelled out because a browser forgets them when a row is shown as a block.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import streamlit as st

_STYLE = (
    ".cc-table{border-collapse:collapse;width:100%}",
    ".cc-table caption{text-align:left;padding:.25rem 0}",
    ".cc-table th,.cc-table td{text-align:left;vertical-align:top}",
    ".cc-table th,.cc-table td{padding:.3rem .5rem}",
    ".cc-table tr{border-bottom:1px solid rgba(128,128,128,.4)}",
    ".cc-table th[scope=row]{font-weight:600}",
    ".cc-table{font-size:.95rem}",
    ".cc-table td.cc-short{white-space:nowrap}",
    ".cc-table td a{overflow-wrap:anywhere}",
    ".cc-tiles{display:grid;gap:3px}",
    ".cc-tiles,.cc-tiles li{margin:0!important}",
    ".cc-tiles{padding:0!important}",
    ".cc-table a{color:inherit}",
    ".cc-tiles{grid-template-columns:repeat(11,minmax(0,1fr))}",
    ".cc-tile{list-style:none;padding:3px 0!important}",
    ".cc-tile{text-align:center;line-height:1.25;border-radius:4px}",
    ".cc-tile{border:1px solid rgba(128,128,128,.6)}",
    ".cc-tile b{display:block;font-size:clamp(.62rem,2.4vw,.95rem)}",
    ".cc-tile span{display:block;font-size:clamp(.6rem,2vw,.8rem)}",
    ".cc-tile .cc-said{position:absolute;width:1px;height:1px}",
    ".cc-tile .cc-said{overflow:hidden;clip-path:inset(50%)}",
    ".cc-some{border:2px dashed currentColor}",
    ".cc-decides{border:2px solid currentColor}",
    ".cc-decides{background:rgba(26,95,180,.16)}",
    "@media(max-width:767px){.cc-table thead{display:none}",
    ".cc-table,.cc-table tbody,.cc-table tr{display:block}",
    ".cc-table caption,.cc-table th{display:block}",
    ".cc-table tr{padding:.4rem 0}",
    ".cc-table th,.cc-table td{padding:.1rem 0}",
    ".cc-table td{display:inline-block;margin-right:1rem}",
    ".cc-table td{overflow-wrap:anywhere;max-width:100%}",
    ".cc-table td::before{content:attr(data-label) ': '}",
    ".cc-table td:empty{display:none}",
    ".cc-tile .cc-more{display:none}}",
)

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


def style() -> None:
    """How tables and tiles look; once on a page."""
    st.html(f"<style>{''.join(_STYLE)}</style>")


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
