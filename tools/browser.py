"""A real server and a real Chromium, for tests and for the pictures in the docs."""

from __future__ import annotations

import atexit
import itertools
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
# Whether the page is at rest: nothing runs, nothing is pale or in motion, the server has answered
# what was said to it last, and all that for a while. A slow server has not begun to run when the
# page is first asked; a few things said to it have no answer, and are not waited for longer.
_AT_REST = """([look, still, longest]) => {
  const now = performance.now();
  const listen = () => {
    const rest = {look, since: now, frames: 0, asked: 0, uploads: 0};
    const heard = new WeakSet();
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
      if (!heard.has(this)) this.addEventListener('message', () => { rest.asked = 0; });
      heard.add(this);
      rest.asked = performance.now();
      return send.call(this, data);
    };
    const upload = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...words) {
      rest.uploads += 1;
      this.addEventListener('loadend', () => { rest.uploads -= 1; });
      return upload.apply(this, words);
    };
    return rest;
  };
  const rest = window.rest ??= listen();
  const app = document.querySelector('[data-testid=stApp]');
  const moves = (one) =>
    one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity;
  if (
    rest.look !== look
    || app?.dataset.testScriptState !== 'notRunning'
    || (rest.asked && now - rest.asked < longest)
    || rest.uploads
    || document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
    || document.getAnimations().some(moves)
  ) Object.assign(rest, {look, since: now, frames: 0});
  rest.frames += 1;  // a starved browser draws few
  return rest.frames > 5 && now - rest.since >= still;
}"""
STILL, UNANSWERED, PATIENCE = 150, 5_000, 60_000  # milliseconds
_LOOKS = itertools.count()
# counts what changes on the page, so that a look at a page in motion can be told from one at rest
_COUNT_CHANGES = """() => {
  if (window.changes !== undefined) return;
  window.changes = 0;
  new MutationObserver(() => window.changes++).observe(document.body, {
    subtree: true, attributes: true, attributeFilter: ['data-stale', 'data-test-script-state'],
  });
}"""

# what a keyboard must reach: of radio buttons with one name, one; of hidden things, none
_REACHABLE = """() => {
  const names = new Set();
  window.reached = new Map();
  // how a thing and what lies about it look; it has to look otherwise while it has the focus
  window.dress = node => {
    const about = [node, node.nextElementSibling, ...node.children];
    for (let up = node.parentElement, left = 4; up && left; up = up.parentElement, left--)
      about.push(up);
    return about.filter(Boolean).map(one => {
      const style = getComputedStyle(one);
      return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor,
              style.opacity, style.textDecoration].join();
    }).join(';');
  };
  window.reachable = [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex]')].filter(node => {
      const box = node.getBoundingClientRect();
      if (node.tabIndex < 0 || node.disabled || node.closest('[inert], [aria-hidden=true]')
          || !box.width || !box.height || !node.checkVisibility({visibilityProperty: true}))
        return false;
      if (node.type !== 'radio') return true;
      return !names.has(node.name) && names.add(node.name);
  });
  const sheet = new CSSStyleSheet();  // a look that fades in has not changed yet
  sheet.replaceSync('* { transition: none !important }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  document.activeElement.blur();
  window.plain = new Map(window.reachable.map(node => [node, window.dress(node)]));
  return window.reachable.length;
}"""
_REACHED = """() => {
  const node = document.activeElement;
  if (window.reached.has(node)) return false;
  if (node !== document.body)  // past the last, before the first
    window.reached.set(node, window.dress(node) !== window.plain.get(node));
  return true;
}"""
_UNMARKED = """() => [...window.reached].filter(([, marked]) => !marked)
  .map(([node]) => node.outerHTML.slice(0, 120))"""
_UNREACHED = """() => window.reachable
  .filter(node => !window.reached.has(node))
  .filter(node => node.type !== 'radio'
    || ![...window.reached.keys()].some(other => other.name === node.name))
  .map(node => node.outerHTML.slice(0, 120))"""


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
    page.wait_for_function(_AT_REST, arg=[next(_LOOKS), STILL, UNANSWERED], timeout=PATIENCE)


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


def lost_to_the_keyboard(page: Page) -> list[str]:
    """What can be pressed or filled in, but is not reached by Tab, or does not show its focus.

    Walks once round the page with the Tab key. Raises AssertionError if a thing holds the focus.
    """
    steps = page.evaluate(_REACHABLE) + 10
    for _ in range(steps):
        page.keyboard.press("Tab")
        if not page.evaluate(_REACHED):
            break
    else:
        raise AssertionError("the Tab key does not come round")
    missed: list[str] = page.evaluate(_UNREACHED) + page.evaluate(_UNMARKED)
    return missed


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
