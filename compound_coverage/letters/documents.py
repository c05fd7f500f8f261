"""Markdown, perhaps edited by hand, to a Word or PDF file. The text is trusted with nothing.

pandoc runs with ``--sandbox`` and a filter that leaves only words and tables; Typst runs in an
empty folder with its own fonts. Both programs come inside Python wheels.
"""

from __future__ import annotations

import io
import re
import secrets
import subprocess
import tempfile
import zipfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape as xml_escape

import pypandoc  # type: ignore[import-untyped]
import typst

from compound_coverage.dataset.tables import write_atomically
from compound_coverage.letters.templates import LAYOUT
from compound_coverage.letters.text import clean, code_point

# No extension that runs markup of another program: no raw HTML, no raw blocks, no formulas.
READER = "commonmark+pipe_tables"
SECONDS = 60
MARK_IN_REFERENCE = "MARK-OF-THE-LETTER"

_CANT_SHOW = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")
_ROUNDS = 20


class DocumentError(ValueError):
    """A letter that could not be turned into a file. The message is one sentence."""


def to_docx(markdown: str, title: str, language: str, mark: str) -> bytes:
    """The letter as a Word file with ``mark`` at the head of every page (none if empty).

    Raises DocumentError if pandoc refuses the text.
    """
    made = _pandoc(
        markdown,
        "--to=docx",
        f"--reference-doc={LAYOUT / 'reference.docx'}",
        f"--metadata=lang:{language}",
        f"--metadata=nonce:{_nonce()}",
    )
    return _finish_docx(made, title, mark)


def to_pdf(markdown: str, title: str, language: str, mark: str) -> tuple[bytes, list[str]]:
    """The letter as a tagged PDF (PDF/UA-1), and a warning for characters no font can show.

    Such a character prints as its code, ``[U+1F600]``. Raises DocumentError if the text can't
    be set.
    """
    body = _pandoc(markdown, "--to=typst").decode("utf-8")
    layout = (LAYOUT / "letter.typ").read_text(encoding="utf-8")
    inputs = {
        "title": clean(title),
        "language": language,
        "mark": clean(mark),
        "nonce": _nonce(),
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


def write(path: Path | str, data: bytes | str) -> None:
    """Writes a file whole or not at all; text goes out as UTF-8. Raises OSError."""
    raw = data.encode("utf-8") if isinstance(data, str) else data
    write_atomically(Path(path), raw, mode=0o600)  # a letter is its owner's alone to read


# -- pandoc ------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _pandoc_program() -> str:
    return str(pypandoc.get_pandoc_path())


def _pandoc(markdown: str, *options: str) -> bytes:
    command = [
        _pandoc_program(),
        "--sandbox",
        f"--from={READER}",
        f"--lua-filter={LAYOUT / 'plain.lua'}",
        "--output=-",
        *options,
    ]
    try:
        done = subprocess.run(
            command,
            input=clean(markdown).encode("utf-8"),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DocumentError("The letter took too long to set; shorten its text.") from None
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise DocumentError(f"The letter can't be set: {reason[0]}.")
    return done.stdout


def _nonce() -> str:
    """Makes each file unlike every other, so that its address can't be told from its text."""
    return secrets.token_urlsafe(24)


# -- Word --------------------------------------------------------------------------------------


def _finish_docx(made: bytes, title: str, mark: str) -> bytes:
    """Puts the mark into the page header, and title and time into the file's properties.

    pandoc can set no title without printing it a second time, and in its sandbox has no clock.
    """
    finished = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(finished, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if re.fullmatch(r"word/header[0-9]*\.xml", item.filename):
                data = data.replace(MARK_IN_REFERENCE.encode(), _xml_text(mark))
            elif item.filename == "docProps/core.xml":
                data = _with_properties(data, title)
            new.writestr(item, data, zipfile.ZIP_DEFLATED)
    return finished.getvalue()


def _with_properties(core: bytes, title: str) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    core = core.replace(b"1970-01-01T00:00:00Z", now.encode())
    core = re.sub(rb"<dc:title\s*/>|<dc:title>.*?</dc:title>", b"", core, flags=re.DOTALL)
    element = b"<dc:title>" + _xml_text(title) + b"</dc:title>"
    return core.replace(b"</cp:coreProperties>", element + b"</cp:coreProperties>")


def _xml_text(text: str) -> bytes:
    return xml_escape(clean(text)).encode("utf-8")


# -- PDF ---------------------------------------------------------------------------------------


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
            ignore_system_fonts=True,  # the same page on every machine
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
    more = f" and {len(replaced) - 10} more" if len(replaced) > 10 else ""
    return [f"The PDF's fonts can't show some characters; it prints their codes: {shown}{more}."]
