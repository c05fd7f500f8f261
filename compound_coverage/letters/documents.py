"""Markdown, perhaps edited by hand, to a Word or PDF file. The text is trusted with nothing.

pandoc reads it in its sandbox, and leaves only words and tables before it writes; Typst runs in
an empty folder with its own fonts. Both programs come inside Python wheels. pandoc is kept
running (see ``workers``), and Typst lets other threads run, so letters can be made in as many
threads as there are processors.
"""

from __future__ import annotations

import json
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pypandoc  # type: ignore[import-untyped]
import typst

from compound_coverage.dataset.tables import write_atomically
from compound_coverage.language import say
from compound_coverage.letters.templates import LAYOUT
from compound_coverage.letters.text import clean, code_point
from compound_coverage.letters.word import SHELL, parts_of, word_file
from compound_coverage.letters.workers import Died, Refused, TookTooLong, Workers

# No extension that runs markup of another program: no raw HTML, no raw blocks, no formulas.
READER = "commonmark+pipe_tables"
SECONDS = 60

_CANT_SHOW = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")
_ROUNDS = 20


class DocumentError(ValueError):
    """A letter that could not be turned into a file. The message is one sentence."""


def to_docx(markdown: str, title: str, language: str, mark: str) -> bytes:
    """The letter as a Word file with ``mark`` at the head of every page (none if empty).

    Raises DocumentError if pandoc refuses the text.
    """
    (read,) = _pandoc(markdown, language, "json")
    return _word_file(read, title, language, mark)


def to_pdf(markdown: str, title: str, language: str, mark: str) -> tuple[bytes, list[str]]:
    """The letter as a tagged PDF (PDF/UA-1), and a warning for characters no font can show.

    Such a character prints as its code, ``[U+1F600]``. Raises DocumentError if the text can't be
    set.
    """
    return _set_pages(_typst_of(markdown, language), title, language, mark, {})


def to_both(markdown: str, title: str, language: str, mark: str) -> tuple[bytes, bytes, list[str]]:
    """The Word file and the PDF of one letter, read once, and the PDF's warnings.

    Raises DocumentError if either can't be made.
    """
    read, body = _pandoc(markdown, language, "json", "typst")
    pdf, warnings = _set_pages(body.decode("utf-8"), title, language, mark, {})
    return _word_file(read, title, language, mark), pdf, warnings


class Layout(str):
    """Our own Typst code, which no typed text has touched."""

    __slots__ = ()


def typeset(
    parts: Sequence[str], title: str, language: str, mark: str, inputs: Mapping[str, str]
) -> tuple[bytes, list[str]]:
    """Several texts as one tagged PDF, its pages counted through, and the warnings of ``to_pdf``.

    A part that is ``Layout`` is set as it stands and sees ``inputs`` as values. Raises
    DocumentError if a text can't be set.
    """
    bodies = [part if isinstance(part, Layout) else _typst_of(part, language) for part in parts]
    return _set_pages("\n\n".join(bodies), title, language, mark, inputs)


def write(path: Path | str, data: bytes | str) -> None:
    """Writes a file whole or not at all; text goes out as UTF-8. Raises OSError."""
    raw = data.encode("utf-8") if isinstance(data, str) else data
    write_atomically(Path(path), raw, mode=0o600)  # a letter is its owner's alone to read


# -- pandoc ------------------------------------------------------------------------------------


@cache
def _pandoc_program() -> str:
    return str(pypandoc.get_pandoc_path())


_WORKERS = Workers(lambda: [_pandoc_program(), "lua", str(LAYOUT / "worker.lua"), str(LAYOUT)])


def _pandoc(markdown: str, language: str, *formats: str) -> list[bytes]:
    request = {
        # without its last line end, pandoc leaves the last row of a table outside the table
        "text": clean(markdown) + "\n",
        "reader": READER,
        "formats": formats,
        "language": language,
    }
    try:
        return _WORKERS.ask(request, SECONDS)
    except TookTooLong:
        raise DocumentError("The letter took too long to set; shorten its text.") from None
    except Died:
        raise DocumentError("The letter can't be set: it is too large; shorten its text.") from None
    except Refused as error:
        reason = str(error).strip().splitlines() or ["no reason given"]
        raise DocumentError(f"The letter can't be set: {reason[0]}.") from None


def _nonce() -> str:
    """Makes each file unlike every other, so that its address can't be told from its text."""
    return secrets.token_urlsafe(24)


# -- Word --------------------------------------------------------------------------------------


@cache
def _shell(language: str) -> dict[str, bytes]:
    (made,) = _pandoc(SHELL, language, "docx")
    return parts_of(made)


def _word_file(read: bytes, title: str, language: str, mark: str) -> bytes:
    try:
        return word_file(_shell(language), json.loads(read)["blocks"], title, mark, _nonce())
    except RecursionError:
        raise DocumentError(
            "The Word file can't be made: lists or quotations lie too deep in each other; make "
            "that part of the text simpler."
        ) from None


# -- PDF ---------------------------------------------------------------------------------------


def _typst_of(markdown: str, language: str) -> str:
    (body,) = _pandoc(markdown, language, "typst")
    return body.decode("utf-8")


def _set_pages(
    body: str, title: str, language: str, mark: str, values: Mapping[str, str]
) -> tuple[bytes, list[str]]:
    layout = (LAYOUT / "letter.typ").read_text(encoding="utf-8")
    inputs = {
        "title": clean(title),
        "language": language,
        "mark": clean(mark),
        "nonce": _nonce(),
        **values,
    }
    replaced: list[str] = []
    for _ in range(_ROUNDS):
        try:
            return _compile(f"{layout}\n{body}", inputs), _warnings(replaced)
        except typst.TypstError as error:
            hidden = _unshown(error)
            if not hidden:
                raise DocumentError(
                    f"The PDF can't be made: {error.message}; make that part of the text simpler."
                ) from None
        replaced += hidden
        body = body.translate({ord(char): rf"\[{code_point(char)}\]" for char in hidden})
        marks = {ord(char): f"[{code_point(char)}]" for char in hidden}
        inputs = {name: value.translate(marks) for name, value in inputs.items()}
    raise DocumentError("The PDF can't be made: no font can show its characters.")


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)  # the same page on every machine


def _compile(source: str, inputs: dict[str, str]) -> bytes:
    # an empty folder is all there is to read, should a text ever reach Typst as code
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # typst's stub wants text and root of one type; its code takes bytes with a path
        made: bytes = typst.compile(  # type: ignore[call-overload]
            source.encode("utf-8"),
            root=folder,
            package_path=folder,
            package_cache_path=folder,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=["ua-1"],
        )
        return made


def _unshown(error: typst.TypstError) -> list[str]:
    """The characters that the error says no font can show, each once."""
    told = "".join(_CANT_SHOW.findall(error.diagnostic))
    text = _RUST_ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), told)
    return [char for char in dict.fromkeys(text) if not char.isascii()]


def _warnings(replaced: list[str]) -> list[str]:
    if not replaced:
        return []
    shown = ", ".join(code_point(char) for char in replaced[:10])
    if len(replaced) <= 10:
        return [
            say(
                "The PDF's fonts can't show some characters; it prints their codes: {codes}.",
                codes=shown,
            )
        ]
    return [
        say(
            "The PDF's fonts can't show some characters; it prints their codes: {codes} and "
            "{more} more.",
            codes=shown,
            more=len(replaced) - 10,
        )
    ]
