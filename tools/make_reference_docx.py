"""Makes letter_templates/layout/reference.docx, the styles of every Word letter.

Starts from pandoc's own reference document, so that every style pandoc uses exists. Run again
after changing a style here, and commit the result:

    python tools/make_reference_docx.py
"""

from __future__ import annotations

import io
import subprocess

import pypandoc  # type: ignore[import-untyped]
from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Inches, Pt, RGBColor
from docx.text.paragraph import Paragraph

from compound_coverage.letters.templates import LAYOUT
from compound_coverage.letters.word import MARK_IN_REFERENCE

FONT = "Cambria"
HEADING_SIZES = {"Heading 1": 16, "Heading 2": 12, "Heading 3": 11}
TEXT_STYLES = ("Normal", "Body Text", "First Paragraph", "Compact")


def main() -> None:
    """Writes the reference document beside the Typst layout."""
    document = Document(io.BytesIO(_pandoc_default()))
    _set_page(document)
    _set_styles(document)
    _set_tables(document)
    _set_header_and_footer(document)
    document.save(str(LAYOUT / "reference.docx"))


def _pandoc_default() -> bytes:
    command = [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _set_page(document: DocxDocument) -> None:
    for section in document.sections:
        section.page_width, section.page_height = Inches(8.5), Inches(11)
        section.left_margin = section.right_margin = Inches(1)
        section.top_margin, section.bottom_margin = Inches(1), Inches(0.9)


def _set_styles(document: DocxDocument) -> None:
    for name in (*TEXT_STYLES, *HEADING_SIZES):
        style = document.styles[name]
        style.font.name = FONT
        style.font.size = Pt(HEADING_SIZES.get(name, 11))
        style.font.color.rgb = RGBColor(0, 0, 0)
        # a theme font in the default document would win over the name
        fonts = style.element.rPr.rFonts
        for side in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.attrib.pop(qn(f"w:{side}Theme"), None)
            fonts.set(qn(f"w:{side}"), FONT)
    for name in HEADING_SIZES:
        document.styles[name].font.bold = True
        document.styles[name].paragraph_format.keep_with_next = True


def _set_tables(document: DocxDocument) -> None:
    """Thin lines round every cell."""
    style = document.styles["Table"].element
    properties = style.find(qn("w:tblPr"))
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        borders.append(_element(f"w:{side}", val="single", sz="4", space="0", color="969696"))
    properties.append(borders)


def _set_header_and_footer(document: DocxDocument) -> None:
    section = document.sections[0]
    header = section.header.paragraphs[0]
    header.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = header.add_run(MARK_IN_REFERENCE)
    run.bold = True
    run.font.size = Pt(9.5)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _add_field(footer, "PAGE")
    footer.add_run(" / ")
    _add_field(footer, "NUMPAGES")


def _add_field(paragraph: Paragraph, instruction: str) -> None:
    field = _element("w:fldSimple", instr=instruction)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _element(name: str, **attributes: str) -> BaseOxmlElement:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element


if __name__ == "__main__":
    main()
