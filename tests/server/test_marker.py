"""The hunt: a made-up patient's name goes everywhere a name can go, and lies readable nowhere.

Hunted are the database with its log, every file of the program and its temporary folder, what it
logs, every address the browser asked for, and all that the browser keeps. Only what a person
saved may hold the name.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from PIL import Image, PngImagePlugin
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.middleware import Middleware

from compound_coverage.casework import backup, handoffs
from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.erasure import erase_patient
from compound_coverage.casework.keyring import make_key_file
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import Signature
from compound_coverage.casework.states import Outcome
from compound_coverage.letters.casefile import example_case
from dashboard.downloads import ROUTE, TICKETS
from dashboard.guards import BROWSER_COOKIE, Gate, Headers, Requests
from dashboard.routes import office_routes
from tests.casework.conftest import NPI, Practice
from tests.conftest import need
from tests.server.conftest import POLICY, TestClient
from tests.server.test_process import start, streamlit_run
from tools.browser import CHROMIUM, ROOT, downloaded, driver, fill, free_port, pick, settle, unfold

MARKER = "Zyxmarker Qwertson"
PDF = f"%PDF-1.7 {MARKER}".encode()
MOST_BYTES = 40_000_000


# -- hunting -----------------------------------------------------------------------------------


def base64_forms(word):
    """What the word alone decides of its base64, wherever it begins in what was encoded."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + word)
        yield text[math.ceil(8 * before / 6) : 8 * (before + len(word)) // 6].lower()


def forms_of(word):
    """The word as bytes in every way it is likely to be written, in small letters."""
    yield word.lower().encode()
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le"):
        yield word.lower().encode(encoding)
    for written in (word, word.lower(), word.upper()):
        plain = written.encode()
        yield plain.hex().encode()
        yield from base64_forms(plain)
        yield from base64_forms(written.encode("utf-16-le"))
        yield "".join(f"%{byte:02x}" for byte in plain).encode()
        yield "".join(f"\\u{ord(sign):04x}" for sign in written).encode()


# each word alone is found in any form of both
FORMS = tuple({form for word in MARKER.split() for form in forms_of(word)})
FLATE = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
PACKERS = (gzip.decompress, bz2.decompress, lzma.decompress, zlib.decompress)


def layers(data, depth=0):
    """The data, and whatever is packed in it."""
    yield data
    if depth > 2:
        return
    inside = []
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inside += [packed.read(name) for name in packed.namelist()]
    for unpack in PACKERS:
        try:
            inside.append(unpack(data))
        except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
            continue
    for stream in FLATE.findall(data):
        try:
            inside.append(zlib.decompressobj().decompress(stream))
        except zlib.error:
            continue
    if data.startswith(b"%PDF"):
        # its letters are numbers of the shapes in a font
        with suppress(PyPdfError):
            pages = PdfReader(io.BytesIO(data)).pages
            inside += [page.extract_text().encode() for page in pages]
    for one in inside:
        yield from layers(one, depth + 1)


def holds(data):
    """Is the name anywhere in these bytes?"""
    whole = (layer.lower() for layer in layers(data[:MOST_BYTES]))
    return any(form in layer for layer in whole for form in FORMS)


def hunt(*folders):
    """Every file below the folders that holds the name, in its words or in its own name."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if holds(str(path.relative_to(folder)).encode()):
                found.append(f"name of {path}")
            try:
                if path.is_file() and holds(path.read_bytes()):
                    found.append(str(path))
            except (FileNotFoundError, PermissionError):
                continue
    return found


# -- can the hunt find anything? ---------------------------------------------------------------


def planted_forms():
    text, wide = MARKER.encode(), MARKER.encode("utf-16-le")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.txt", MARKER)
    return {
        "as typed": text,
        "in capitals": MARKER.upper().encode(),
        "one word": b"Qwertson",
        "UTF-16": b"\xff\xfe" + wide,
        "UTF-16, the other way": MARKER.encode("utf-16-be"),
        "hex": text.hex().encode(),
        "hex in capitals": text.hex().upper().encode(),
        **{f"base64 after {n}": base64.b64encode(b"x" * n + text) for n in range(3)},
        **{f"base64 of UTF-16 after {n}": base64.b64encode(b"x" * n + wide) for n in range(3)},
        "in an address": quote(MARKER).encode(),
        "escaped in an address": "".join(f"%{byte:02X}" for byte in text).encode(),
        "in JSON": json.dumps({"name": MARKER}).encode(),
        "gzip": gzip.compress(text),
        "zlib": zlib.compress(text),
        "zip": zipped.getvalue(),
        "a stream of a PDF": b"<<>> stream\n" + zlib.compress(text) + b"\nendstream",
    }


@pytest.mark.parametrize("how", planted_forms())
def test_the_hunt_finds_what_was_planted(tmp_path, how):
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "cache.bin"
    path.write_bytes(os.urandom(500))
    assert hunt(tmp_path) == []
    path.write_bytes(os.urandom(500) * (how not in ("gzip", "zlib")) + planted_forms()[how])
    assert hunt(tmp_path) == [str(path)]


def test_the_hunt_finds_a_name_of_a_file(tmp_path):
    (tmp_path / f"{MARKER}.pdf").touch()
    assert len(hunt(tmp_path)) == 1


# -- the services and the routes ---------------------------------------------------------------


def facts():
    told = example_case()
    told["prescriber"]["npi"] = NPI
    told["patient"]["name"] = MARKER
    told["risk_if_untreated"] = f"{MARKER} can't sleep (made up)."
    return told


def whole_road(office, practice):
    """Takes the name through every service that takes words."""
    cases, papers, staff = office.cases, office.papers, practice.staff
    case_id = cases.create(staff, Content(facts=facts(), text=f"Dear plan, {MARKER}"), MARKER)
    cases.note_call(staff, case_id, MARKER, MARKER, MARKER)
    papers.keep(staff, case_id, "chart", f"{MARKER}.pdf", PDF)
    cases.submit(staff, case_id, MARKER)
    cases.ask_for_changes(practice.prescriber, case_id, MARKER)
    mine = cases.save(staff, case_id, 1, Content(facts=facts(), text=f"One, {MARKER}"))
    aside = cases.save(practice.prescriber, case_id, 1, Content(facts=facts(), text=f"2 {MARKER}"))
    assert aside.aside, "the text that lost is kept, too"
    cases.save(staff, case_id, aside.version, Content(facts=facts()))
    cases.submit(staff, case_id)
    view = cases.read(practice.prescriber, case_id)
    items = office.review(view.content).items
    digests = {item.place: item.digest for item in items}
    version = cases.confirm(practice.prescriber, case_id, view.version, digests).version
    typed = Signature("/s/ Example Prescriber")
    signed = office.signing.sign(practice.prescriber, case_id, version, typed)
    _, pdf = papers.read(staff, signed.document_id)
    assert holds(pdf), "the letter itself names the patient"
    assert office.signing.verify(practice.auditor, pdf).as_signed
    office.packets.put_together(staff, case_id, cover=True, evidence=True)
    cases.send(staff, case_id, "2026-11-24", MARKER)
    cases.decide(staff, case_id, Decision(Outcome.DENIED, "2026-12-01", MARKER, reason=MARKER))
    cases.appeal(staff, case_id, "internal_appeal", MARKER)
    handoffs.leave(office.desk, Content(facts=facts()))
    for wrong in (MARKER, f"{MARKER}\0", f"../{MARKER}"):
        with pytest.raises(ValueError, match="can't do this"):
            cases.read(staff, wrong)
    assert mine.version == 2
    return case_id


@pytest.fixture
def office(url, tmp_path, bundled, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    engine = open_casework(url)
    desk = Desk(engine, make_key_file(tmp_path / "home" / "keys.json"))
    yield Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())
    engine.dispose()


def dumped(url):
    """All of a PostgreSQL database as its own program writes it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    dump = shutil.which("pg_dump") or (found and found[-1])
    need(dump, "PostgreSQL's pg_dump")
    at = make_url(url)
    words = ("-h", at.host, "-p", str(at.port), "-U", at.username, "--inserts", at.database)
    done = subprocess.run([str(dump), *map(str, words)], capture_output=True, check=True)
    assert b"case_id" in done.stdout
    return done.stdout


def test_the_services_keep_the_name_sealed(office, url, tmp_path, caplog):
    caplog.set_level("DEBUG")
    practice = Practice(office.desk, "north", NPI)
    case_id = whole_road(office, practice)
    backup.back_up(office.desk, tmp_path / "casework.backup")
    assert hunt(tmp_path) == []
    if url.startswith("postgresql"):
        assert not holds(dumped(url))
    assert not holds(caplog.text.encode())
    proof = erase_patient(office.desk, practice.manager, case_id, "The patient asked for it.")
    assert proof.rows_after == 0
    assert not holds(proof.as_json().encode())
    office.desk.engine.dispose()
    assert hunt(tmp_path) == []


@pytest.fixture
def sqlite_office(sqlite_url, tmp_path, bundled, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    engine = open_casework(sqlite_url)
    desk = Desk(engine, make_key_file(tmp_path / "home" / "keys.json"))
    yield Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())
    engine.dispose()


def test_the_routes_keep_the_name_out_of_logs_and_caches(sqlite_office, tmp_path, log):
    office = sqlite_office
    client = TestClient(
        Starlette(
            routes=[ROUTE, *office_routes(lambda: office)],
            middleware=[
                Middleware(Headers, settings=Settings(), policy=POLICY),
                Middleware(Requests, settings=Settings()),
                Middleware(Gate, settings=Settings(), media_closed=True),
            ],
        ),
        base_url="http://127.0.0.1:8501",
        client=("127.0.0.1", 50000),
    )
    answers = []

    def post(name, /, **values):
        answers.append(client.post(f"/office/{name}", json=values))
        return answers[-1].json()

    case_id = post("cases/create", content={"facts": facts()}, why=MARKER)
    given = {"case_id": case_id, "name": f"{MARKER}.pdf"}
    paper = post("documents/keep", kind="chart", content=base64.b64encode(PDF).decode(), **given)
    post("cases/call", case_id=case_id, with_whom=MARKER, said=MARKER)
    post("cases/list")
    post("cases/read", case_id=case_id)
    post("cases/read", case_id=MARKER)
    post("cases/save", case_id=case_id, base=MARKER, content=MARKER)
    post("members/add", name=MARKER, email=MARKER, roles=[])
    post("patients/export", case_id=case_id)
    post("audit/entries")
    answers.append(client.post(f"/office/cases/read?q={quote(MARKER)}", content=MARKER))
    answers.append(client.get(f"/office/documents/{paper}"))
    ticket = TICKETS.put(PDF, f"{MARKER}.pdf", "application/pdf", "mine")
    answers.append(client.get(f"/files/{ticket}", headers={"cookie": f"{BROWSER_COOKIE}=mine"}))
    with_name = [one for one in answers if holds(one.content) or holds(str(one.headers).encode())]
    assert len(with_name) >= 4
    assert {one.headers["cache-control"] for one in answers} == {"no-store"}
    assert log.entries
    assert not holds(log.text.encode())
    assert not holds(answers[9].content), "the trail holds ids"
    office.desk.engine.dispose()
    assert hunt(tmp_path) == []


# -- a real server and a real browser ----------------------------------------------------------


# What a browser itself keeps of what somebody types, for after a crash. No page can forbid that for
# the text of a letter.
BROWSERS_OWN = re.compile(r"/Default/Sessions/Session_\d+$")


class Trial:
    """A laptop's server and a browser with a profile on disk, both in folders of their own."""

    def __init__(self, folder):
        names = ("home", "server-tmp", "logs", "profile", "browser-tmp", "saved")
        self.home, self.server_tmp, self.logs, self.profile, self.browser_tmp, self.saved = (
            folder / name for name in names
        )
        for name in names:
            (folder / name).mkdir()
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.answers, self.asked = [], []

    @contextmanager
    def serving(self):
        environ = {
            "COMPOUND_COVERAGE_HOME": str(self.home),
            "TMPDIR": str(self.server_tmp),
            "COMPOUND_COVERAGE_LOG_LEVEL": "DEBUG",
        }
        out, err = (self.logs / name for name in ("stdout", "stderr"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = start(streamlit_run(self.port), stderr, environ, ROOT, stdout)
            try:
                self._wait(process)
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=20)

    def _wait(self, process):
        for _ in range(600):
            assert process.poll() is None, (self.logs / "stderr").read_text(encoding="utf-8")
            try:
                if httpx.get(f"{self.address}/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                os.sched_yield()
        pytest.fail("the server did not answer")

    @contextmanager
    def browsing(self):
        context = driver().chromium.launch_persistent_context(
            str(self.profile),
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"],
            env={**os.environ, "TMPDIR": str(self.browser_tmp)},
            downloads_path=str(self.saved),
            viewport={"width": 1280, "height": 1000},
        )
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("response", lambda answer: self.answers.append(answer))
        yield context
        context.close()

    def open_files(self, process):
        """What the server holds open, also where the name of the file is gone already."""
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if link.is_file():
                    yield link.readlink(), link.read_bytes()
            except OSError:
                continue


def scan():
    """A photo with the name inside it, large enough to be too large for a buffer in memory."""
    told = PngImagePlugin.PngInfo()
    told.add_text("Title", MARKER)
    held = io.BytesIO()
    Image.frombytes("RGB", (800, 800), os.urandom(800 * 800 * 3)).save(held, "PNG", pnginfo=told)
    assert len(held.getvalue()) > 1_500_000
    return {"name": f"{MARKER}.png", "mimeType": "image/png", "buffer": held.getvalue()}


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def a_letter(page, address):
    """Types the name, makes the draft, and saves it in every way the page has."""
    page.goto(f"{address}/letter")
    page.get_by_role("heading", level=1).wait_for()
    pick(page, "Which plan do you have?", "Medicare")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    unfold(page, "Patient and insurance card")
    fill(page, "Patient's name", MARKER)
    press(page, "Make the draft")
    draft = page.get_by_role("textbox", name="The draft.")
    draft.fill(draft.input_value() + f"\n\nA sentence about {MARKER}.\n")
    draft.press("Control+Enter")
    settle(page)
    saved = [
        downloaded(page, "Download to print or fax (PDF)"),
        downloaded(page, "Save the case on your device"),
    ]
    page.locator(".st-key-packet-files input[type=file]").set_input_files([scan()])
    settle(page)
    press(page, "Make the packet")
    page.get_by_text("The packet is ready:").wait_for()
    saved.append(downloaded(page, "Download the packet"))
    unfold(page, "Send what you filled in to the office")
    fill(page, "Pass phrase", "seven mild otters knitting")
    return saved, downloaded(page, "Make the locked file")


def a_case(page):
    """Makes a case of what was typed, with a call and a paper."""
    page.get_by_role("link", name="Cases", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Cases").wait_for()
    settle(page)
    unfold(page, "New case")
    page.get_by_text("From what is filled in on the letter page now").click()
    settle(page)
    press(page, "Make a case of it")
    page.get_by_role("heading", level=1, name=re.compile(MARKER)).wait_for()
    settle(page)
    unfold(page, "Note a call")
    fill(page, "Who was on the phone?", MARKER)
    fill(page, "What was said?", f"{MARKER} waits (made up).")
    press(page, "Keep the call")
    page.get_by_text("The call is noted.").wait_for()
    unfold(page, "Add a paper")
    page.get_by_test_id("stFileUploader").locator("input[type=file]").last.set_input_files([scan()])
    settle(page)
    press(page, "Keep the paper")
    page.get_by_text(f"{MARKER}.png").first.wait_for()
    assert holds(downloaded(page, "Save paper 1"))


@pytest.fixture
def short_path():
    """A folder of its own; Chromium's socket can't have a long path."""
    with tempfile.TemporaryDirectory(prefix="hunt-") as folder:
        yield Path(folder)


def test_a_browser_and_a_server_keep_the_name_nowhere_but_where_it_was_saved(short_path):
    need(CHROMIUM, "Chromium")
    trial = Trial(short_path)
    with trial.serving() as process:
        with trial.browsing() as context:
            page = context.pages[0]
            saved, sealed = a_letter(page, trial.address)
            assert all(map(holds, saved)), "what was saved has the name: the hunt can fail"
            assert not holds(sealed)
            a_case(page)
            kept = page.evaluate(
                "() => [JSON.stringify(localStorage), JSON.stringify(sessionStorage),"
                " document.cookie, location.href, document.title, history.length]"
            )
            assert not holds(json.dumps(kept).encode())
            assert not holds(json.dumps(context.cookies()).encode())
            kept_or_not = {
                one.headers.get("cache-control")
                for one in trial.answers
                if "/files/" in one.url or holds(body_of(one))
            }
            assert kept_or_not == {"no-store"}
            assert not [file for file, data in trial.open_files(process) if holds(data)]
            assert hunt(trial.home, trial.server_tmp, trial.logs) == [], "while it runs"
        for url in trial.asked:
            assert not holds(url.encode())
        assert not [url for url in trial.asked if urlsplit(url).path.startswith("/media")]
        for path in ("/media/", "/media/a.pdf", "/media/a.png"):
            assert httpx.get(trial.address + path).status_code == 404
        uploads = {url for url in trial.asked if "upload_file" in url}
        assert uploads
        for url in uploads:
            answer = httpx.get(url)
            # only the empty front page, which answers for every address nobody knows
            assert answer.headers["content-type"].startswith("text/html")
            assert not holds(answer.content)
    assert (trial.home / "compound_coverage.sqlite").exists(), "the case was kept"
    assert (trial.logs / "stderr").read_bytes().count(b"\n") > 5, "and much was logged"
    assert hunt(trial.home, trial.server_tmp, trial.logs, trial.browser_tmp) == []
    assert [file for file in hunt(trial.profile) if not BROWSERS_OWN.search(file)] == []
    assert list(trial.server_tmp.rglob("*")) == [], "no temporary file stays"


def body_of(response):
    try:
        return response.body()
    except Exception:  # of a redirect, a download, or a page left since there is none
        return b""
