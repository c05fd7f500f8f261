"""A letter as pandoc read it, to a Word file.

pandoc's own Word writer reads its styles anew for each letter, which takes longer than all else
of pandoc. So it writes one file without text, the shell, and here each letter's words are put
into a copy of it. Paragraphs, lists and tables come out as pandoc would write them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape as xml_escape

from compound_coverage.letters.text import clean

# what the shell is made of: one list of each kind, so that Word knows how to number them
SHELL = "- a\n\n1. b\n\n1) c\n"
MARK_IN_REFERENCE = "MARK-OF-THE-LETTER"

_BULLETS, _DOT, _PARENTHESIS = "991", "99411", "99421"  # pandoc's names for kinds of lists
_NO_MARKER = 1000  # pandoc's number for what stands in a list without bullet or number
_DEEPEST = 8  # Word knows nine levels
_WIDTH = 7920  # of all columns together; Word stretches them to the page
_INDENT = 720
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SIDES = {"AlignLeft": "left", "AlignCenter": "center", "AlignRight": "right"}
_VERBATIM = '<w:rStyle w:val="VerbatimChar"/>'
_LOOKS = {"Code": _VERBATIM, "Strong": "<w:b/><w:bCs/>", "Emph": "<w:i/><w:iCs/>"}
_BREAK = "<w:r><w:br/></w:r>"
_RULE = (
    '<w:p><w:r><w:pict><v:rect style="width:0;height:1.5pt" o:hralign="center" o:hrstd="t" '
    'o:hr="t"/></w:pict></w:r></w:p>'
)
_HEAD = '<w:trPr><w:tblHeader w:val="on"/></w:trPr>'
_LOOK = (
    '<w:tblLook w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" '
    'w:noVBand="0" w:val="0020"/>'
)

Node = dict[str, Any]
Nodes = Sequence[Node]


def parts_of(word_file: bytes) -> dict[str, bytes]:
    """The shell's parts, by name."""
    with zipfile.ZipFile(io.BytesIO(word_file)) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


def word_file(
    shell: Mapping[str, bytes], blocks: Nodes, title: str, mark: str, nonce: str
) -> bytes:
    """The shell filled with a letter: its blocks, its title, and the mark in its header.

    ``nonce`` goes with the file's properties and makes it unlike every other.
    """
    body = _Body()
    body.write(blocks)
    parts = dict(shell)
    parts["word/document.xml"] = _with_body(shell["word/document.xml"], body)
    parts["word/numbering.xml"] = _with_lists(shell["word/numbering.xml"], body)
    parts["docProps/core.xml"] = _with_properties(shell["docProps/core.xml"], title, nonce)
    for name in shell:
        if re.fullmatch(r"word/header[0-9]*\.xml", name):
            parts[name] = shell[name].replace(MARK_IN_REFERENCE.encode(), _xml(clean(mark)))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return made.getvalue()


def _with_body(document: bytes, body: _Body) -> bytes:
    before, _, rest = document.partition(b"<w:body>")
    section = rest[rest.index(b"<w:sectPr") :]
    return before + b"<w:body>" + "".join(body.xml).encode("utf-8") + section


def _with_lists(numbering: bytes, body: _Body) -> bytes:
    kinds, _, _ = numbering.partition(b"<w:num ")
    lists = _list(_NO_MARKER, "990", None) + "".join(body.lists)
    return kinds + lists.encode() + b"</w:numbering>"


def _with_properties(core: bytes, title: str, nonce: str) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    core = re.sub(rb"[0-9-]{10}T[0-9:]{8}Z", now, core)
    core = re.sub(rb"<dc:title.*?</dc:title>|<dc:title\s*/>", b"", core, flags=re.DOTALL)
    core = re.sub(rb"<cp:keywords.*?</cp:keywords>|<cp:keywords\s*/>", b"", core, flags=re.DOTALL)
    ours = b"<dc:title>%b</dc:title><cp:keywords>%b</cp:keywords>" % (
        _xml(clean(title)),
        _xml(nonce),
    )
    return core.replace(b"</cp:coreProperties>", ours + b"</cp:coreProperties>")


def _xml(text: str) -> bytes:
    return _escaped(text).encode("utf-8")


def _escaped(text: str) -> str:
    return _NO_XML.sub("", xml_escape(text))


# -- blocks ------------------------------------------------------------------------------------


class _Body:
    """Writes blocks as Word's paragraphs and tables; knows what list or quote it is in."""

    def __init__(self) -> None:
        self.xml: list[str] = []
        self.lists: list[str] = []
        self._first = True  # is the next paragraph the first after something else?
        self._quoted = False
        self._depth = -1
        self._number = _NO_MARKER
        self._marked = False  # does the list's item have its bullet or number?

    def write(self, blocks: Nodes) -> None:
        before = ""
        for block in blocks:
            kind = block["t"]
            if kind in ("Para", "Plain") and not block["c"]:
                continue
            if before == kind == "Table":
                self.xml.append("<w:p/>")  # or Word would make one table of the two
            _BLOCKS[kind](self, block.get("c"))
            self._first = kind not in ("Para", "Plain", "Table")
            before = kind

    def _paragraph(self, style: str, runs: str) -> None:
        look = f'<w:pStyle w:val="{style}"/>' if style else ""
        if self._depth >= 0:
            level = min(self._depth, _DEEPEST)
            number = _NO_MARKER if self._marked else self._number
            look += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
            self._marked = True
        self.xml.append(f"<w:p><w:pPr>{look}</w:pPr>{runs}</w:p>")

    def _para(self, inlines: Nodes) -> None:
        style = "FirstParagraph" if self._first else "BodyText"
        if self._quoted:
            style = "BlockText"
        elif self._depth >= 0:
            style = ""
        self._paragraph(style, _runs(inlines))

    def _plain(self, inlines: Nodes) -> None:
        self._paragraph("Compact", _runs(inlines))

    def _header(self, content: tuple[int, Any, Nodes]) -> None:
        level, _, inlines = content
        self._paragraph(f"Heading{level}", _runs(inlines))

    def _code(self, content: tuple[Any, str]) -> None:
        lines = content[1].split("\n")
        self._paragraph("SourceCode", _BREAK.join(_run(_VERBATIM, line) for line in lines))

    def _rule(self, _: None) -> None:
        self.xml.append(_RULE)

    def _quote(self, blocks: Nodes) -> None:
        outside, self._quoted = self._quoted, True
        self.write(blocks)
        self._quoted = outside

    # -- lists

    def _bullets(self, items: Sequence[Nodes]) -> None:
        self._list(items, _BULLETS, None)

    def _numbered(self, content: tuple[tuple[int, Any, Node], Sequence[Nodes]]) -> None:
        (start, _, mark), items = content
        self._list(items, _PARENTHESIS if mark["t"] == "OneParen" else _DOT, start)

    def _list(self, items: Sequence[Nodes], kind: str, start: int | None) -> None:
        number = _NO_MARKER + 1 + len(self.lists)
        self.lists.append(_list(number, kind, start))
        outside, self._number = self._number, number
        self._depth += 1
        for item in items:
            self._marked = False
            if item and item[0]["t"] in ("BulletList", "OrderedList"):
                self._plain([])  # the outer item's own mark
            self.write(item)
        self._depth -= 1
        self._number = outside

    # -- tables

    def _table(self, content: Sequence[Any]) -> None:
        _, _, columns, (_, head), bodies, _ = content
        places = "".join(f'<w:gridCol w:w="{int(_WIDTH * width["c"])}"/>' for _, width in columns)
        sides = [_SIDES.get(side["t"], "") for side, _ in columns]
        indent = ""
        if self._depth >= 0:
            indent = (
                f'<w:jc w:val="left"/><w:tblInd w:w="{_INDENT * (self._depth + 1)}" w:type="dxa"/>'
            )
        self._marked = True
        rows = [_row(row, sides, _HEAD) for row in head]
        rows += [_row(row, sides, "") for body in bodies for row in body[3]]
        self.xml.append(
            f'<w:tbl><w:tblPr><w:tblStyle w:val="Table"/><w:tblW w:type="pct" w:w="5000"/>{indent}'
            f'<w:tblLayout w:type="fixed"/>{_LOOK}</w:tblPr><w:tblGrid>{places}</w:tblGrid>'
            f"{''.join(rows)}</w:tbl>"
        )


_BLOCKS: Mapping[str, Callable[[_Body, Any], None]] = {
    "Para": _Body._para,
    "Plain": _Body._plain,
    "Header": _Body._header,
    "CodeBlock": _Body._code,
    "HorizontalRule": _Body._rule,
    "BlockQuote": _Body._quote,
    "BulletList": _Body._bullets,
    "OrderedList": _Body._numbered,
    "Table": _Body._table,
}


def _list(number: int, kind: str, start: int | None) -> str:
    """One list: what kind it is of, and that it counts anew."""
    counts = "".join(
        f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{start}"/></w:lvlOverride>'
        for level in range(_DEEPEST + 1)
        if start is not None
    )
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{kind}"/>{counts}</w:num>'


def _row(row: Sequence[Any], sides: Sequence[str], look: str) -> str:
    cells = zip(row[1], sides, strict=True)
    return f"<w:tr>{look}{''.join(_cell(cell[4], side) for cell, side in cells)}</w:tr>"


def _cell(blocks: Nodes, side: str) -> str:
    inlines = blocks[0]["c"] if blocks else []
    look = '<w:pStyle w:val="Compact"/>'
    if side and blocks:
        look += f'<w:jc w:val="{side}"/>'
    return f"<w:tc><w:tcPr/><w:p><w:pPr>{look}</w:pPr>{_runs(inlines)}</w:p></w:tc>"


# -- words -------------------------------------------------------------------------------------


def _runs(inlines: Nodes) -> str:
    """The words, each stretch of one look as one run."""
    pieces = groupby(_pieces(inlines, frozenset()), key=lambda piece: piece[0])
    return "".join(
        "".join(_BREAK for _ in stretch)
        if look is None
        else _run(look, "".join(text for _, text in stretch))
        for look, stretch in pieces
    )


def _pieces(inlines: Nodes, marks: frozenset[str]) -> Iterator[tuple[str | None, str]]:
    """Text with its look; no look at all for the end of a line."""
    for inline in inlines:
        kind = inline["t"]
        if kind in ("Emph", "Strong"):
            yield from _pieces(inline["c"], marks | {kind})
        elif kind == "LineBreak":
            yield None, ""
        elif kind == "Code":
            yield _look(marks | {kind}), inline["c"][1]
        else:  # Str, or a space or a soft line end, which hold nothing
            yield _look(marks), inline.get("c", " ")


@cache
def _look(marks: frozenset[str]) -> str:
    return "".join(xml for mark, xml in _LOOKS.items() if mark in marks)


def _run(look: str, text: str) -> str:
    words = _escaped(text)
    if not words:
        return ""
    look = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{words}</w:t></w:r>'
