"""The published papers that rules rest on: kept once each, by the fingerprint of their bytes.

A paper that names a patient has no place here. What was kept is only ever handed out to be saved.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from html.parser import HTMLParser

from PIL import Image
from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from compound_coverage.casework.access import Action, Actor, Resource, may
from compound_coverage.casework.desk import Desk, Work
from compound_coverage.casework.tables import SOURCE_DOCUMENT
from compound_coverage.curation.passages import find_passage, page_picture
from compound_coverage.language import say
from compound_coverage.letters.denial import pdf
from compound_coverage.letters.denial.document import DocumentReadError, tidied
from compound_coverage.letters.denial.pictures import DPI, read_picture
from compound_coverage.letters.denial.reading import MOST_PIXELS, read_document
from compound_coverage.letters.text import clean, one_line

__all__ = [
    "DocumentError",
    "Documents",
    "KeptDocument",
    "find_passage",
    "media_type_of",
    "page_picture",
    "pages_of",
]

LARGEST = 20_000_000
MOST_PAGES = 600
MOST_SCANNED = 20  # pages read off their pictures, which takes a second or two each
LONGEST_NAME = 120
SUFFIXES: dict[str, str] = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/html": ".html",
    "text/plain": ".txt",
}


class DocumentError(ValueError):
    """A paper that can't be kept or read. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A paper that is kept. ``sha256``: its fingerprint; ``bytes``: its size; ``pages``: 1 or more.

    Its kind was told from its content, not from its name.
    """

    sha256: str
    name: str
    media_type: str
    bytes: int
    pages: int


class Documents:
    """Keeps and reads the papers behind the dataset."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def keep(self, actor: Actor, name: str, data: bytes) -> KeptDocument:
        """Keeps a published PDF, web page, text, PNG or JPEG; the same bytes only once.

        Raises Forbidden; DocumentError if it is empty, larger than 20 MB, of another kind, locked
        or damaged.
        """
        # a paper is looked into before the transaction, which would make others wait meanwhile
        kept = _described(name, data) if _may_keep(actor) else None
        with self.desk.act(actor, Action.DATASET_PROPOSE) as work:
            assert kept is not None, "whoever may not keep a paper was refused"
            if _row(work, kept.sha256) is None:
                _put(work, kept, data)
            work.note(sha256=kept.sha256, bytes=kept.bytes)
        return kept

    def read(self, actor: Actor, sha256: str) -> tuple[KeptDocument, bytes]:
        """A paper and its bytes, which are checked to be what was kept.

        Raises Forbidden, DocumentError if none is kept, or it was changed in the database.
        """
        with self.desk.act(actor, Action.DATASET_READ) as work:
            row = _row(work, sha256)
            if row is None:
                raise DocumentError(say("No such document is kept here; attach it anew."))
        data = bytes(row["content"])
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DocumentError(say("The kept document was changed; attach it anew."))
        pages = _page_count(data, row["media_type"])
        return KeptDocument(sha256, row["name"], row["media_type"], len(data), pages), data


def _may_keep(actor: Actor) -> bool:
    return may(actor, Action.DATASET_PROPOSE, Resource(actor.organisation_id))


def _described(name: str, data: bytes) -> KeptDocument:
    media_type = media_type_of(data)
    return KeptDocument(
        sha256=hashlib.sha256(data).hexdigest(),
        name=_file_name(name, media_type),
        media_type=media_type,
        bytes=len(data),
        pages=_page_count(data, media_type),
    )


def _row(work: Work, sha256: str) -> RowMapping | None:
    query = select(SOURCE_DOCUMENT).where(SOURCE_DOCUMENT.c.sha256 == sha256)
    return work.connection.execute(query).mappings().first()


def _put(work: Work, kept: KeptDocument, data: bytes) -> None:
    try:
        with work.connection.begin_nested():
            work.connection.execute(
                insert(SOURCE_DOCUMENT).values(
                    sha256=kept.sha256,
                    name=kept.name,
                    media_type=kept.media_type,
                    bytes=kept.bytes,
                    kept_at=work.at,
                    member_id=work.actor.member_id,
                    content=data,
                )
            )
    except IntegrityError:
        pass  # somebody else kept the same bytes at the same moment


# -- what it is --------------------------------------------------------------------------------


def media_type_of(data: bytes) -> str:
    """What a paper is, told from its bytes. Raises DocumentError if it is nothing we keep."""
    if not data:
        raise DocumentError(say("The file is empty; pick another."))
    if len(data) > LARGEST:
        raise DocumentError(say("The file is larger than 20 MB; keep only the pages that matter."))
    if b"%PDF-" in data[:1024]:
        return "application/pdf"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _sound_picture(data, "PNG")
    if data.startswith(b"\xff\xd8\xff"):
        return _sound_picture(data, "JPEG")
    text = _as_text(data)
    if text is None:
        raise DocumentError(
            say("This is no PDF, web page, text, PNG or JPEG; save the document as a PDF.")
        )
    start = text[:2000].casefold()
    is_page = any(tag in start for tag in ("<!doctype html", "<html", "<head", "<body"))
    return "text/html" if is_page else "text/plain"


def _sound_picture(data: bytes, kind: str) -> str:
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            picture.verify()
            dots = picture.width * picture.height
    except Exception:  # whatever a broken picture does to its decoder, it is the picture's fault
        raise DocumentError(say("The picture is damaged; save it again.")) from None
    if dots > MOST_PIXELS:
        raise DocumentError(
            say(
                "The picture has more than {millions} million dots; save it smaller.",
                millions=MOST_PIXELS // 1_000_000,
            )
        )
    return f"image/{kind.lower()}"


def _as_text(data: bytes) -> str | None:
    """The text of a text file or web page, or None if the bytes are something else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        odd = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in data)
        return None if odd else data.decode("cp1252", "replace")


def _file_name(name: str, media_type: str) -> str:
    """A name to save it by: no folders, no signs a system refuses, the ending of what it is."""
    last = one_line(clean(name)).replace("\\", "/").rpartition("/")[2]
    suffix = SUFFIXES[media_type]
    stem = last.rpartition(".")[0] if "." in last else last
    kept = "".join(char for char in stem if char.isalnum() or char in " ._-()")
    return (kept.strip(" .")[:LONGEST_NAME] or "document") + suffix


def _page_count(data: bytes, media_type: str) -> int:
    if media_type != "application/pdf":
        return 1
    count, _ = _pdf_pages(data, 1)
    if not count:
        raise DocumentError(say("The PDF has no pages; get another copy."))
    return count


def _pdf_pages(data: bytes, most: int) -> tuple[int, list[pdf.PdfPage]]:
    try:
        return pdf.pages_of(data, most)
    except DocumentReadError as error:
        what = str(error).partition(";")[0]
        raise DocumentError(say("{what}; get another copy.", what=what)) from None


# -- its text ----------------------------------------------------------------------------------


def pages_of(data: bytes) -> list[str]:
    """The text of each page of a kept paper; a web page, a text and a picture have one.

    A scanned page is read off its picture, the first twenty of them; a page that can't be read is
    empty. Raises DocumentError if it is nothing we keep, or can't be opened.
    """
    media_type = media_type_of(data)
    if media_type == "application/pdf":
        return _pdf_text(data)
    if media_type.startswith("image/"):
        return [_picture_text(data)]
    text = _as_text(data) or ""
    return [tidied(_words_of_page(text) if media_type == "text/html" else text)]


def _pdf_text(data: bytes) -> list[str]:
    _, pages = _pdf_pages(data, MOST_PAGES)
    scanned = [index for index, page in enumerate(pages) if page.is_picture][:MOST_SCANNED]
    return [
        _scanned_text(data, index) if index in scanned else tidied(page.text)
        for index, page in enumerate(pages)
    ]


def _scanned_text(data: bytes, index: int) -> str:
    try:
        return read_picture(pdf.picture_of(data, index, DPI, MOST_PIXELS)).text
    except DocumentReadError:
        return ""


def _picture_text(data: bytes) -> str:
    try:
        return "\n".join(page.text for page in read_document(data, "The picture").pages)
    except DocumentReadError:
        return ""


class _Words(HTMLParser):
    """Gathers what a reader of a web page sees."""

    _UNSEEN = frozenset({"script", "style", "template", "noscript"})
    _BREAKS = frozenset({"p", "br", "div", "li", "tr", "td", "h1", "h2", "h3", "h4", "h5", "h6"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._UNSEEN:
            self._unseen += 1
        elif tag in self._BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._UNSEEN:
            self._unseen = max(0, self._unseen - 1)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)


def _words_of_page(text: str) -> str:
    reader = _Words()
    reader.feed(text)
    reader.close()
    return "".join(reader.pieces)
