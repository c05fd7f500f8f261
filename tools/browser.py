"""A real server and a real Chromium, for tests and for the pictures in the docs."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS_TO_START = 60
# what Streamlit draws and we cannot change, by axe's name, with the thread where it is known
OF_THE_FRAMEWORK = {
    "presentation-role-conflict": "the drop zone of the file uploader; streamlit #8399",
}
# counts what changes on the page, so that a look at a page in motion can be told from one at rest
_COUNT_CHANGES = """() => {
  if (window.changes !== undefined) return;
  window.changes = 0;
  new MutationObserver(() => window.changes++).observe(document.body, {
    subtree: true, attributes: true, attributeFilter: ['data-stale', 'data-test-script-state'],
  });
}"""


@contextmanager
def serving(**environment: str) -> Iterator[str]:
    """Runs the dashboard as `make run` does; yields its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/_stcore/health", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(SECONDS_TO_START * 10):
        if process.poll() is not None:
            raise RuntimeError("the dashboard did not start")
        try:
            with urllib.request.urlopen(url):  # noqa: S310 (our own server, just started)
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not answer within {SECONDS_TO_START} seconds")


@cache
def driver() -> Playwright:
    """Playwright, started once: a process may have only one, whatever browsers it opens."""
    started = sync_playwright().start()
    atexit.register(started.stop)
    return started


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; it asks nothing of the net by itself."""
    browser = driver().chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    )
    yield browser
    browser.close()


def settle(page: Page) -> None:
    """Waits until the server has drawn everything the last action asked for."""
    page.wait_for_timeout(200)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')"
        ".getAttribute('data-test-script-state') === 'notRunning'"
        " && !document.querySelector('[data-stale=true]')"
    )
    page.wait_for_timeout(300)  # what was stale fades back in


def barriers(page: Page) -> list[str]:
    """What axe finds on a page at rest, of any level, as ``rule (level): element``.

    A run of the page that begins while axe looks pales what it will draw anew, and pale words have
    no contrast: such a look does not count.
    """
    page.evaluate(_COUNT_CHANGES)
    for _ in range(10):
        settle(page)
        before = page.evaluate("window.changes")
        found = Axe().run(page).response["violations"]
        if page.evaluate("window.changes") == before:
            return [
                f"{fault['id']} ({fault['impact']}): {node['html'][:90]}"
                for fault in found
                for node in fault["nodes"]
            ]
    raise AssertionError("the page does not come to rest")


def ours(found: Sequence[str]) -> list[str]:
    """The findings that our own choices can avoid."""
    return [one for one in found if one.partition(" ")[0] not in OF_THE_FRAMEWORK]


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    main = page.get_by_test_id("stMain")
    return bool(main.evaluate("node => node.scrollWidth <= node.clientWidth"))


def pick(page: Page, label: str, text: str) -> None:
    """Types into a drop-down and takes the first match.

    A list drawn anew just when it opens falls shut again.
    """
    box = page.get_by_role("combobox", name=label)
    for left in reversed(range(4)):
        settle(page)
        box.click()
        box.fill(text)
        try:
            page.get_by_role("option").first.wait_for(timeout=5_000)
            break
        except BrowserError:
            if not left:
                raise
            box.press("Escape")
    box.press("Enter")
    settle(page)


def fill(page: Page, label: str, text: str) -> None:
    """Fills a text box and lets the page take it in."""
    box = page.get_by_role("textbox", name=label, exact=True)
    box.fill(text)
    box.press("Tab")
    settle(page)


def downloaded(page: Page, button: str) -> bytes:
    """Presses the button that makes a file, then the link that saves it; returns the file."""
    page.get_by_role("button", name=button, exact=True).click()
    link = page.get_by_role("link", name=re.compile("^Save "))
    link.wait_for()
    settle(page)
    with page.expect_download() as waiting:
        link.click()
    return Path(waiting.value.path()).read_bytes()


def unfold(page: Page, title: str) -> None:
    """Opens a folded section, and sees that it stays open.

    A section drawn anew just when it is pressed falls shut again.
    """
    fold = page.locator("details").filter(has=page.locator("summary", has_text=title))
    for _ in range(5):
        settle(page)
        if fold.get_attribute("open") is not None:
            return
        fold.locator("summary").first.click()
    raise AssertionError(f"the section {title!r} does not stay open")


def whole_page(page: Page) -> None:
    """Makes the window as tall as the page, so that a picture shows all of it."""
    height = page.get_by_test_id("stMain").evaluate("node => node.scrollHeight")
    width = (page.viewport_size or {"width": 390})["width"]
    page.set_viewport_size({"width": width, "height": int(height) + 80})
    page.wait_for_timeout(500)
