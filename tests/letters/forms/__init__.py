"""Fillable PDF forms, made on the spot: a printed page and the boxes on it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, Pdf, String

WIDTH, HEIGHT = 612.0, 792.0
RADIO, MULTILINE, COMB, COMBO = 1 << 15, 1 << 12, 1 << 24, 1 << 17
READ_ONLY, REQUIRED, PUSH = 1, 2, 1 << 16


@dataclass(frozen=True)
class Print:
    """Words printed on the page; ``at`` is their lower left corner in points."""

    words: str
    at: tuple[float, float]
    page: int = 1
    size: float = 10.0


@dataclass(frozen=True)
class Box:
    """A box of the form: ``at`` is left, bottom, width and height in points."""

    name: str
    at: tuple[float, float, float, float] = (100, 700, 200, 16)
    tooltip: str = ""
    kind: str = "Tx"
    flags: int = 0
    page: int = 1
    state: str = ""
    more: tuple[tuple[str, Any], ...] = ()


def make_form(boxes: Sequence[Box], prints: Sequence[Print] = (), **acroform: Any) -> bytes:
    """A PDF of as many pages as its boxes and prints need. Names with dots make parents."""
    count = max([1, *(box.page for box in boxes), *(words.page for words in prints)])
    pdf = Pdf.open(io.BytesIO(_printed(prints, count)))
    pdf.Root.AcroForm = pdf.make_indirect(
        Dictionary(
            Fields=Array(),
            DA=String("/Helv 0 Tf 0 g"),
            DR=Dictionary(Font=Dictionary(Helv=_font(pdf))),
            **acroform,
        )
    )
    nodes: dict[str, Dictionary] = {}
    names = [box.name for box in boxes]
    for box in boxes:
        _add(pdf, box, nodes, has_kids=names.count(box.name) > 1 or bool(box.flags & RADIO))
    return saved(pdf)


def saved(pdf: Pdf, **options: Any) -> bytes:
    held = io.BytesIO()
    pdf.save(held, **options)
    return held.getvalue()


def changed(data: bytes, change: Any) -> bytes:
    """The PDF after ``change`` had its way with it."""
    with Pdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        return saved(pdf)


def labelled(
    name: str, words: str, at: tuple[float, float], width: float = 150, **more: Any
) -> tuple[Box, Print]:
    """A line to fill with its print to the left."""
    x, y = at
    return Box(name, (x + 10 + 5 * len(words), y - 4, width, 16), **more), Print(words, (x, y))


def ticked(
    name: str, words: str, at: tuple[float, float], state: str = "Yes", **more: Any
) -> tuple[Box, Print]:
    """A box to tick with its print to the right."""
    x, y = at
    box = Box(name, (x, y - 2, 12, 12), kind="Btn", state=state, **more)
    return box, Print(words, (x + 16, y))


def made_of(*pairs: tuple[Box, Print], extra: Sequence[Print] = ()) -> bytes:
    return make_form([box for box, _ in pairs], [*(words for _, words in pairs), *extra])


def radio(box: Box) -> Box:
    return replace(box, flags=box.flags | RADIO)


def _printed(prints: Sequence[Print], count: int) -> bytes:
    source = '#set page("us-letter", margin: 0pt)\n#set text(font: "Libertinus Serif")\n'
    for page in range(1, count + 1):
        source += "#pagebreak(weak: true)\n" if page > 1 else ""
        source += "#place(top + left)[~]\n"
        for part in prints:
            if part.page == page:
                x, y = part.at
                source += (
                    f"#place(top + left, dx: {x}pt, dy: {HEIGHT - y}pt, "
                    f'text(size: {part.size}pt, bottom-edge: "baseline", top-edge: "baseline", '
                    f'"{part.words}"))\n'
                )
    made: bytes = typst.compile(source.encode(), format="pdf", ignore_system_fonts=True)
    return made


def _font(pdf: Pdf) -> pikepdf.Object:
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type1,
            BaseFont=Name.Helvetica,
            Encoding=Name.WinAnsiEncoding,
        )
    )


def _add(pdf: Pdf, box: Box, nodes: dict[str, Dictionary], *, has_kids: bool) -> None:
    *above, last = box.name.split(".")
    siblings = pdf.Root.AcroForm.Fields
    parent = None
    for depth, part in enumerate(above):
        path = ".".join(above[: depth + 1])
        if path not in nodes:
            nodes[path] = pdf.make_indirect(Dictionary(T=String(part), Kids=Array()))
            if parent is not None:
                nodes[path].Parent = parent
            siblings.append(nodes[path])
        parent = nodes[path]
        siblings = parent.Kids
    widget = pdf.make_indirect(_widget(pdf, box))
    field = nodes.get(box.name)
    if field is None:
        field = widget
        if has_kids:
            field = pdf.make_indirect(Dictionary(Kids=Array()))
        field.update(_field(box, last))
        nodes[box.name] = field
        siblings.append(field)
        if parent is not None:
            field.Parent = parent
    if field is not widget:
        widget.Parent = field
        field.Kids.append(widget)
    page = pdf.pages[box.page - 1].obj
    if "/Annots" not in page:
        page.Annots = Array()
    page.Annots.append(widget)


def _field(box: Box, last: str) -> Dictionary:
    field = Dictionary(T=String(last), FT=Name(f"/{box.kind}"), Ff=box.flags)
    if box.tooltip:
        field.TU = String(box.tooltip)
    for key, value in box.more:
        field[key] = value
    return field


def _widget(pdf: Pdf, box: Box) -> Dictionary:
    x, y, width, height = box.at
    looks = Dictionary(BC=[0.4, 0.4, 0.4], BG=[0.93, 0.95, 1.0])
    widget = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        Rect=[x, y, x + width, y + height],
        F=4,
        MK=looks,
        BS=Dictionary(W=0.5, S=Name.S),
    )
    if box.state:
        edge = f"0.5 w 0.25 0.25 {width - 0.5} {height - 0.5} re S"
        cross = f"{edge} 2 2 m {width - 2} {height - 2} l 2 {height - 2} m {width - 2} 2 l S"
        size = [0, 0, width, height]
        states = Dictionary(Off=pdf.make_stream(edge.encode(), BBox=size, Subtype=Name.Form))
        states[f"/{box.state}"] = pdf.make_stream(cross.encode(), BBox=size, Subtype=Name.Form)
        widget.AP = Dictionary(N=states)
        widget.AS = Name.Off
    return widget
