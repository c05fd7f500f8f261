"""The Word files in another program than ours: LibreOffice shows every word of every document."""

import io
import re
import shutil
import subprocess

import docx
import pypdf
import pytest
from PIL import Image

from compound_coverage.letters.documents import to_docx
from compound_coverage.letters.pages import pictures
from compound_coverage.letters.templates import letter_types
from tests.conftest import need
from tests.letters.test_every_type import made

pytestmark = pytest.mark.xdist_group("libreoffice")  # one conversion serves all
TYPES = [letter.letter_type for letter in letter_types("en")]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Each document as made for Word, the PDF that LibreOffice makes of it, and its pages."""
    program = shutil.which("soffice")
    need(program, "LibreOffice")
    folder = tmp_path_factory.mktemp("word")
    files = {}
    for name in TYPES:
        letter = made(name, "en")
        files[name] = to_docx(letter.markdown, letter.title, "en", letter.mark)
        (folder / f"{name}.docx").write_bytes(files[name])
    profile = f"-env:UserInstallation=file://{folder}/profile"
    asked = [str(program), profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    files_there = sorted(map(str, folder.glob("*.docx")))
    subprocess.run([*asked, *files_there], check=True, capture_output=True, timeout=240)
    pdfs = {name: (folder / f"{name}.pdf").read_bytes() for name in TYPES}
    return {name: (files[name], pdf, pages_of(pdf)) for name, pdf in pdfs.items()}


def pages_of(pdf):
    """The letters of each page."""
    return [squeezed(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def squeezed(text):
    return re.sub(r"\s", "", text)


def words_of(data):
    document = docx.Document(io.BytesIO(data))
    yield from (paragraph.text for paragraph in document.paragraphs)
    for table in document.tables:
        for row in table.rows:
            yield from (cell.text for cell in row.cells)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", TYPES)
def test_no_word_of_the_letter_is_lost(shown, name):
    word, _, pages = shown[name]
    seen = "".join(pages)
    for text in words_of(word):
        for piece in text.split():
            assert piece in seen, piece


@pytest.mark.no_cover
@pytest.mark.usefixtures("without_a_child")
@pytest.mark.parametrize("name", TYPES)
def test_every_page_shows_something_and_carries_the_mark(shown, name):
    _, pdf, pages = shown[name]
    mark = squeezed(made(name, "en").mark)
    assert all(mark in page for page in pages)
    for picture in pictures(pdf, dpi=40):
        with Image.open(io.BytesIO(picture)) as image:
            darkest, lightest = image.convert("L").getextrema()
        assert isinstance(darkest, int)
        assert darkest < 128 < lightest
