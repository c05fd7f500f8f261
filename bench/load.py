"""Many people at the patient page at once: how long each click takes, and what it costs.

``python -m bench.load --users 40 --seconds 30 --workers 2`` starts the pages as an operator does
(two workers: behind nginx with the example of deploy/) and opens them as a browser
does, over Streamlit's own websocket. Beside it stands the same page written the naive way.
``--one`` measures one rerun and one cold start. Linux only: memory and processor time of the
workers are read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import os
import platform
import random
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from bench.table import Line, table
from compound_coverage.casework.settings import PREFIX
from compound_coverage.dataset.load import Dataset, load
from compound_coverage.determination.engine import determine
from compound_coverage.determination.question import make_case
from compound_coverage.vocabulary import IngredientSource
from dashboard.cards import HEADINGS
from dashboard.guards import BROWSER_COOKIE
from tools.browser import ROOT, free_port

HEADING = "## Many people at once\n"
OURS, NAIVE = "app.py", "bench/naive_page.py"
QUESTIONS = ("plan", "medication", "source", "condition")
ASK = "show-answer"  # the key of the button that leads to the answer
# kinds of question a user can answer, by Streamlit's names for them
PICKS = ("selectbox", "radio", "button_group")
SEED = 7
RERUNS, WARM_UP, STARTS = 50, 8, 3
PATIENCE = 60.0  # seconds; who waits longer has gone away
SECONDS_TO_START = 60
WANTED_P95, WANTED_SCRIPT = 1.0, 0.040  # seconds
ANSWER = re.compile(r'class="cc-card[^>]*><h2>(.*?)</h2>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")


class PageError(Exception):
    """The page did not do what was asked of it. The message is a few words, to be counted by."""


# -- a page, as a browser holds it -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    element: Element
    fragment: str
    run: int


class Page:
    """What a browser holds of one page: elements by place, what was picked, messages to reuse."""

    def __init__(self) -> None:
        self.script_seconds: list[float] = []
        self._placed: dict[tuple[int, ...], _Placed] = {}
        self._picked: dict[str, WidgetState] = {}
        # hash to a message and the run that last used it
        self._kept: dict[str, tuple[ForwardMsg, int]] = {}
        self._keep_runs = 0
        self._page_hash = ""
        self._fragments: frozenset[str] = frozenset()
        self._run = 0

    @property
    def place(self) -> str:
        """Which page this is, as Streamlit calls it."""
        return self._page_hash

    def rerun(self, fragment: str = "", place: str = "", pressed: str = "") -> bytes:
        """The message that asks for a run, with all that was picked so far.

        ``place`` is another page to go to, ``pressed`` the id of a button.
        """
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash = place or self._page_hash
        state.fragment_id = fragment
        state.widget_states.widgets.extend(self._picked.values())
        if pressed:
            state.widget_states.widgets.append(WidgetState(id=pressed, trigger_value=True))
        state.cached_message_hashes.extend(self._kept)
        state.context_info.locale = "en-US"
        state.context_info.timezone = "UTC"
        data: bytes = message.SerializeToString()
        return data

    def take(self, data: bytes) -> bool:
        """Takes in one message of the server; is the run over with it?

        Raises PageError if the server could not run the page.
        """
        message = self._whole(ForwardMsg.FromString(data))
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begin(message)
        elif kind == "delta":
            self._place(message)
        elif kind == "page_profile":
            self.script_seconds.append(message.page_profile.exec_time / 1e6)
        elif kind == "script_finished":
            return self._finish(message.script_finished)
        return False

    def _whole(self, message: ForwardMsg) -> ForwardMsg:
        """The message itself where the server sent only the hash of one that was kept."""
        if message.HasField("ref_hash"):
            if message.ref_hash not in self._kept:
                raise PageError("a message was said to be kept, and was not")
            whole = ForwardMsg()
            whole.CopyFrom(self._kept[message.ref_hash][0])
            whole.metadata.CopyFrom(message.metadata)
            self._kept[message.ref_hash] = (whole, self._run)
            return whole
        if message.metadata.cacheable:
            self._kept[message.hash] = (message, self._run)
        return message

    def _begin(self, message: ForwardMsg) -> None:
        session = message.new_session
        self._run += 1
        self._page_hash = session.page_script_hash
        self._fragments = frozenset(message.metadata.run.fragment_ids)
        self._keep_runs = session.config.max_cached_message_age

    def _place(self, message: ForwardMsg) -> None:
        place = tuple(message.metadata.delta_path)
        delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            self._placed.pop(place, None)
            return
        self._placed[place] = _Placed(delta.new_element, delta.fragment_id, self._run)
        self._set_by_the_page(delta.new_element)

    def _set_by_the_page(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind in PICKS:
            widget = getattr(element, kind)
            if widget.set_value:
                values = widget.raw_values if kind == "button_group" else [widget.raw_value]
                self._keep_pick(kind, widget.id, list(values))

    def _finish(self, status: ForwardMsg.ScriptFinishedStatus.ValueType) -> bool:
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise PageError("the page could not be compiled")
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return False
        # what this run did not draw again is gone; a fragment's run speaks for the fragment only
        self._placed = {
            place: held
            for place, held in self._placed.items()
            if held.run == self._run or (self._fragments and held.fragment not in self._fragments)
        }
        self._kept = {
            name: (message, used)
            for name, (message, used) in self._kept.items()
            if self._run - used < self._keep_runs
        }
        return True

    def options(self, key: str) -> list[str]:
        """What can be picked in the question with this key. Raises PageError if there is none."""
        _, element = self._question(key)
        kind = element.WhichOneof("type")
        if kind == "button_group":
            return [option.content for option in element.button_group.options]
        return list(element.radio.options if kind == "radio" else element.selectbox.options)

    def pick(self, key: str, option: str) -> bytes:
        """Picks an option; the message to send for it."""
        held, element = self._question(key)
        kind = str(element.WhichOneof("type"))
        self._keep_pick(kind, getattr(element, kind).id, [option])
        return self.rerun(held.fragment)

    def press(self, key: str) -> bytes:
        """The message to send for a press of a button; empty if the page has no such button."""
        for held in self._placed.values():
            if held.element.WhichOneof("type") == "button":
                button = held.element.button
                if button.id.endswith(f"-{key}"):
                    return self.rerun(held.fragment, pressed=button.id)
        return b""

    def _keep_pick(self, kind: str, widget_id: str, values: list[str]) -> None:
        state = WidgetState(id=widget_id)
        if kind == "button_group":
            state.string_array_value.data.extend(values)
        elif values:
            state.string_value = values[0]
        self._picked[widget_id] = state

    def _question(self, key: str) -> tuple[_Placed, Element]:
        for held in self._placed.values():
            kind = held.element.WhichOneof("type")
            # Streamlit's ids are a hash and, at the end, the key that the page gave
            if kind in PICKS and getattr(held.element, kind).id.endswith(f"-{key}"):
                return held, held.element
        raise PageError(f"the page does not ask for the {key}")

    def answer(self) -> str:
        """The heading that tells the verdict, without its sign's markup; empty if there is none.

        Raises PageError if the page shows a program's error instead.
        """
        found = ""
        for held in self._placed.values():
            kind = held.element.WhichOneof("type")
            if kind == "exception":
                raise PageError("the page shows an error")
            if kind == "heading" and held.element.heading.anchor == "answer":
                found = held.element.heading.body
            elif kind == "html":
                said = ANSWER.search(held.element.html.body)
                found = html.unescape(TAG.sub("", said[1])) if said else found
        return found.strip()


# -- what the answer must be -------------------------------------------------------------------


class Answers:
    """What the engine says to what was picked, by the words the page uses."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        names = Counter(plan.name for plan in dataset.plans.values())
        plans = {plan.name: plan.plan_id for plan in dataset.plans.values()}
        self.plans = {name: key for name, key in plans.items() if names[name] == 1}
        self._medications = {m.name: m.medication_id for m in dataset.medications.values()}
        self._conditions = {c.patient_words: c for c in dataset.conditions.values()}

    def heading(self, picked: Mapping[str, str]) -> str:
        """How the heading of the right answer ends."""
        condition = self._conditions.get(picked.get("condition", ""))
        case = make_case(
            self._dataset,
            self.plans[picked["plan"]],
            self._medications[picked["medication"]],
            on=date.today(),
            source=_source(picked.get("source", "")),
            diagnosis=next(iter(condition.icd10_codes), "") if condition else "",
        )
        return HEADINGS[determine(case, self._dataset).verdict]


def _source(label: str) -> str:
    if "powder" in label.casefold():
        return IngredientSource.BULK_POWDER.value
    return IngredientSource.APPROVED_PRODUCT.value if "approved" in label else ""


# -- people ------------------------------------------------------------------------------------


class Click(StrEnum):
    """What one click is for. On the naive page a pick brings the answer; it has no other."""

    PICK = "a pick"
    ANSWER = "the press for the answer"
    BACK = "back to the questions"


@dataclass(slots=True)
class Meter:
    """What was seen by all users together. Times are in seconds."""

    opened: list[float] = field(default_factory=list)
    clicks: dict[Click, list[float]] = field(default_factory=lambda: {kind: [] for kind in Click})
    received: int = 0  # bytes
    script: list[float] = field(default_factory=list)
    answers: list[tuple[dict[str, str], str]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def all_clicks(self) -> list[float]:
        return [one for kind in self.clicks.values() for one in kind]

    def check(self, answers: Answers) -> None:
        """Counts as an error each answer that the engine would not have given.

        Not done while people click: it would take processor time from the servers.
        """
        right: dict[tuple[tuple[str, str], ...], str] = {}
        for picked, shown in self.answers:
            asked = tuple(picked.items())
            if asked not in right:
                right[asked] = answers.heading(picked)
            if not shown:
                self.errors["no answer on the page"] += 1
            elif not shown.endswith(right[asked]):
                self.errors["another answer than the engine's"] += 1


class Think(NamedTuple):
    """How long people read between two clicks: at least and at most, in seconds."""

    least: float
    most: float


class Visitor:
    """One person at one browser."""

    def __init__(self, address: str, seed: int, meter: Meter, plans: Sequence[str]) -> None:
        self._address, self._meter, self._plans = address, meter, plans
        self._rng = random.Random(seed)
        self._page = Page()
        self._picked: dict[str, str] = {}
        self._stack = AsyncExitStack()
        self._socket: ClientConnection | None = None

    async def open(self) -> bool:
        """Opens the page and asks for the first answer; did it work?"""
        try:
            started = time.perf_counter()
            self._socket = await self._stack.enter_async_context(await self._connected())
            await self._run(self._page.rerun())
            self._meter.opened.append(time.perf_counter() - started)
            for key in QUESTIONS[:2]:
                await self._run(self._choose(key))
        except (PageError, OSError, httpx.HTTPError, WebSocketException) as error:
            self._count(error)
            return False
        return True

    async def _connected(self) -> connect:
        context = _trusting() if self._address.startswith("https") else None
        async with httpx.AsyncClient(verify=context or False, timeout=PATIENCE) as client:
            answer = await client.get(f"{self._address}/")
            answer.raise_for_status()
            cookies = dict(client.cookies)
        # a page without our guards gives none, and nginx would send everybody to one worker
        cookies.setdefault(BROWSER_COOKIE, f"browser-{self._rng.getrandbits(64):x}")
        spoken = ["streamlit", *filter(None, [cookies.get("_streamlit_xsrf")])]
        return connect(
            f"{self._address.replace('http', 'ws', 1)}/_stcore/stream",
            origin=Origin(self._address),
            subprotocols=[Subprotocol(word) for word in spoken],
            additional_headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())},
            ssl=context,
            proxy=None,
            max_size=None,
            open_timeout=PATIENCE,
        )

    async def click(self, until: Callable[[int], bool], think: Think) -> None:
        """Asks for one answer after another; ``until`` is told how many there were.

        Between two clicks, whatever they are for, a person reads and thinks.
        """
        number = 0
        try:
            await self._read_for(Think(0, think.most))  # people do not begin at one moment
            while not until(number):
                await self._ask_once(QUESTIONS[(number + 2) % len(QUESTIONS)], think)
                number += 1
        except (PageError, OSError, WebSocketException) as error:
            self._count(error)

    async def _read_for(self, think: Think) -> None:
        await asyncio.sleep(self._rng.uniform(*think))

    async def _ask_once(self, key: str, think: Think) -> None:
        """Picks something, asks for the answer, reads it, and goes back to the questions."""
        questions = self._page.place
        await self._timed(Click.PICK, self._choose(key), think)
        asked = self._page.press(ASK)
        if asked:  # the naive page answers where it asks
            await self._timed(Click.ANSWER, asked, think)
        self._meter.answers.append((dict(self._picked), self._page.answer()))
        if asked:
            await self._timed(Click.BACK, self._page.rerun(place=questions), think)

    async def _timed(self, kind: Click, message: bytes, think: Think) -> None:
        told = len(self._page.script_seconds)
        started = time.perf_counter()
        size = await self._run(message)  # others add theirs while this one waits
        self._meter.received += size
        self._meter.clicks[kind].append(time.perf_counter() - started)
        self._meter.script.append(sum(self._page.script_seconds[told:]))
        await self._read_for(think)

    def _choose(self, key: str) -> bytes:
        options = self._page.options(key)
        if key == "plan":
            options = [option for option in options if option in self._plans] or options
        # what is picked already would not be a click
        others = [option for option in options if option != self._picked.get(key)]
        self._picked[key] = self._rng.choice(others)
        return self._page.pick(key, self._picked[key])

    async def _run(self, message: bytes) -> int:
        """Sends a message, waits until the run is over; returns the bytes that came."""
        assert self._socket is not None
        size = 0
        async with asyncio.timeout(PATIENCE):
            await self._socket.send(message)
            over = False
            while not over:
                data = await self._socket.recv(decode=False)
                size += len(data)
                over = self._page.take(data)
        return size

    def _count(self, error: Exception) -> None:
        said = str(error) if isinstance(error, PageError) else type(error).__name__
        self._meter.errors[said] += 1

    async def close(self) -> None:
        await self._stack.aclose()


def _trusting() -> ssl.SSLContext:
    # the certificate in front of the workers is one that nobody has signed but itself
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def visits(
    address: str,
    users: int,
    think: Think,
    *,
    seconds: float = float("inf"),
    answers: float = float("inf"),
    plans: Sequence[str] = (),
    at_end: Callable[[], None] = lambda: None,
    seed: int = SEED,
) -> Meter:
    """Lets ``users`` open the page at ``address``, then ask for some seconds, or some answers.

    ``plans`` are the names to pick among; empty means all. ``at_end`` is called after the last
    click, while all pages are still open.
    """
    meter = Meter()
    people = [Visitor(address, seed + number, meter, plans) for number in range(users)]
    try:
        opened = await asyncio.gather(*(one.open() for one in people))
        started = time.perf_counter()

        def over(number: int) -> bool:
            return number >= answers or time.perf_counter() - started >= seconds

        here = [one for one, worked in zip(people, opened, strict=True) if worked]
        await asyncio.gather(*(one.click(over, think) for one in here))
        meter.seconds = time.perf_counter() - started
        at_end()
    finally:
        await asyncio.gather(*(one.close() for one in people))
    return meter


# -- servers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Worker:
    """One server process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def megabytes(self) -> float:
        """Memory it holds now, without what is only mapped from files and may come and go."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("RssAnon:")[1].split()[0]) / 1024

    @property
    def processor_seconds(self) -> float:
        """Processor time it has used so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def wait(self) -> None:
        """Waits until it answers."""
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until:
            assert self.process.poll() is None, "the server did not start"
            try:
                if httpx.get(f"{self.address}/_stcore/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        raise TimeoutError("the server did not answer")


@contextmanager
def worker(script: str, home: Path, script_times: bool = False) -> Iterator[Worker]:
    """Starts one server of ``script`` with its data in ``home``; it may need a while to answer.

    With ``script_times`` it tells how long each run of the script took. Streamlit tells that only
    to a browser that is to pass it on, so the server counts a little more than it does delivered.
    """
    port = free_port()
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith((PREFIX, "STREAMLIT_")) and name != "DATABASE_URL"
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)],
        cwd=ROOT,
        env={
            **clean,
            f"{PREFIX}HOME": str(home),
            f"{PREFIX}TRUSTED_PROXIES": "127.0.0.1",
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": str(script_times).lower(),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Worker(port, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def served(
    script: str, count: int, script_times: bool = False
) -> Iterator[tuple[str, list[Worker]]]:
    """Starts ``count`` workers, with nginx before them if they are two.

    Yields the address to open and the workers.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [
            stack.enter_context(worker(script, folder / "home", script_times)) for _ in range(count)
        ]
        for one in workers:
            one.wait()
        address = workers[0].address
        if count > 1:
            ports = [one.port for one in workers]
            address = stack.enter_context(in_front(folder / "nginx", ports))
        yield address, workers


@contextmanager
def in_front(folder: Path, ports: Sequence[int]) -> Iterator[str]:
    """nginx with the example of deploy/ before the workers at ``ports``; yields its address."""
    # brings all that tests need, which a single worker does without
    from tests.server.practice import nginx, nginx_program

    if not nginx_program():  # type: ignore[no-untyped-call] # tests have no types
        raise SystemExit("There is no nginx here; use --workers 1.")
    port = free_port()
    with nginx(folder, port, free_port(), ports):
        yield f"https://localhost:{port}"


# -- many people -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """How many people, for how long, how hurried, and how many workers serve them."""

    users: int
    seconds: float
    think: Think
    workers: int
    script_times: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a load did to one page. Memory in megabytes, processor time in seconds.

    Both are of all workers together; ``own_processor_seconds`` are this program's.
    """

    load: Load
    meter: Meter
    before: float
    after: float
    processor_seconds: float
    own_processor_seconds: float

    @property
    def errors(self) -> int:
        return self.meter.errors.total()

    @property
    def a_second(self) -> float:
        """Clicks of all people together, in a second."""
        return len(self.meter.all_clicks) / self.meter.seconds

    @property
    def per_session(self) -> float:
        return (self.after - self.before) / self.load.users

    def for_one_answer(self, spent: float) -> float:
        """A part of what was spent in all: processor seconds or bytes for one answer."""
        return spent / max(len(self.meter.answers), 1)


def at(times: Sequence[float], share: float) -> float:
    """The latency, in seconds, that this share of clicks stays within."""
    ordered = sorted(times) or [float("inf")]
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def measure(script: str, load_: Load, answers: Answers) -> Outcome:
    """Serves ``script``, lets people click, and checks every answer they saw."""
    with served(script, load_.workers, load_.script_times) as (address, workers):
        for one in workers:
            warm_up(one)
        before = sum(one.megabytes for one in workers)
        spent = _Spent(workers)
        meter = asyncio.run(
            visits(
                address,
                load_.users,
                load_.think,
                seconds=load_.seconds,
                plans=list(answers.plans),
                at_end=spent.stop,
            )
        )
    meter.check(answers)
    return Outcome(load_, meter, before, spent.megabytes, spent.workers, spent.own)


class _Spent:
    """Processor time from now on, of the workers and of this program, and memory at the end."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._processes = workers
        self.workers = -sum(one.processor_seconds for one in workers)
        self.own = -time.process_time()
        self.megabytes = 0.0

    def stop(self) -> None:
        self.workers += sum(one.processor_seconds for one in self._processes)
        self.own += time.process_time()
        self.megabytes = sum(one.megabytes for one in self._processes)


def warm_up(one: Worker) -> None:
    """Lets a worker read the dataset and draw some answers; raises PageError if it can't."""
    # the second visit gives back memory that reading took: it would hide what a session takes
    for seed in (SEED - 2, SEED - 1):
        meter = asyncio.run(visits(one.address, 1, Think(0, 0), answers=WARM_UP, seed=seed))
        if meter.errors:
            raise PageError(next(iter(meter.errors)))


def load_lines(load_: Load) -> Iterator[Line]:
    answers = Answers(load())
    ours, naive = (measure(script, load_, answers) for script in (OURS, NAIVE))
    clicks, others = ours.meter.all_clicks, naive.meter.all_clicks
    yield Line(
        "one click of any kind, until the whole page is there",
        _latency(clicks),
        f"p95 under {WANTED_P95:g} s",
        at(clicks, 0.95) < WANTED_P95,
        _latency(others),
        _ratio(at(others, 0.5), at(clicks, 0.5)),
    )
    for kind, times in ours.meter.clicks.items():
        yield Line(
            f"of these, {kind}",
            _latency(times),
            f"p95 under {WANTED_P95:g} s",
            at(times, 0.95) < WANTED_P95,
            _latency(naive.meter.clicks[kind]),
        )
    yield Line(
        "clicks a second",
        _rate(ours),
        "as many as the naive page",
        ours.a_second >= naive.a_second,
        _rate(naive),
        _ratio(ours.a_second, naive.a_second),
    )
    yield Line(
        "errors, and answers that were not the engine's",
        _errors(ours),
        "none",
        not ours.errors,
        _errors(naive),
    )
    for what, told, unit in MEASURES:
        mine, other = told(ours), told(naive)
        yield Line(
            what,
            f"{mine:,.1f} {unit}",
            "no more than the naive page",
            mine <= other,
            f"{other:,.1f} {unit}",
            _ratio(other, mine),
        )
    if load_.script_times:
        yield script_line("one run of the script, meanwhile", ours.meter, naive.meter)


MEASURES: tuple[tuple[str, Callable[[Outcome], float], str], ...] = (
    ("opening the page, middle of all users", lambda o: _middle(o.meter.opened) * 1e3, "ms"),
    ("received for one answer", lambda o: o.for_one_answer(o.meter.received) / 1024, "KB"),
    (
        "processor time of the workers for one answer",
        lambda o: o.for_one_answer(o.processor_seconds) * 1e3,
        "ms",
    ),
    ("memory for one open page", lambda o: o.per_session, "MB"),
    ("memory of all workers at the end", lambda o: o.after, "MB"),
)


def script_line(what: str, ours: Meter, naive: Meter) -> Line:
    mine, other = _middle(ours.script), _middle(naive.script)
    return Line(
        what,
        f"p50 {mine * 1e3:.0f} ms",
        f"under {WANTED_SCRIPT * 1e3:.0f} ms",
        mine < WANTED_SCRIPT,
        f"p50 {other * 1e3:.0f} ms",
        _ratio(other, mine),
    )


def _middle(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def _latency(times: Sequence[float]) -> str:
    if not times:
        return "none"
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return ", ".join(f"{name} {at(times, share) * 1e3:,.0f} ms" for name, share in shares.items())


def _rate(outcome: Outcome) -> str:
    # the people run on the same cores: what they take, the workers do not have
    share = outcome.own_processor_seconds / outcome.meter.seconds
    return f"{outcome.a_second:.1f}, the people took {share:.2f} of a core"


def _errors(outcome: Outcome) -> str:
    said = "; ".join(f"{count} x {what}" for what, count in outcome.meter.errors.items())
    return f"{said or 'none'} in {len(outcome.meter.answers):,} answers"


def _ratio(more: float, less: float) -> str:
    return f"{more / less:.1f}x" if less > 0 else ""


# -- one person --------------------------------------------------------------------------------


def one_lines() -> Iterator[Line]:
    """One rerun of the script alone, and one cold start."""
    ours, naive = (one_rerun(script) for script in (OURS, NAIVE))
    yield script_line(f"one rerun, script alone, middle of {RERUNS}", ours, naive)
    mine, other = (cold_start(script) for script in (OURS, NAIVE))
    yield Line(
        f"from process start to the first page, middle of {STARTS}",
        f"{mine:.1f} s",
        "no longer than the naive page",
        mine <= other,
        f"{other:.1f} s",
        _ratio(other, mine),
    )


def one_rerun(script: str) -> Meter:
    """One person's clicks on a warm server, which tells how long the script alone took."""
    with served(script, 1, script_times=True) as (address, workers):
        warm_up(workers[0])
        return asyncio.run(visits(address, 1, Think(0, 0), answers=RERUNS))


def cold_start(script: str) -> float:
    """Seconds from the start of a server until somebody has its first page."""
    taken = []
    for _ in range(STARTS):
        started = time.perf_counter()
        with served(script, 1) as (address, _):
            meter = asyncio.run(_only_open(address))
            taken.append(time.perf_counter() - started)
        if meter.errors:
            raise PageError(next(iter(meter.errors)))
    return statistics.median(taken)


async def _only_open(address: str) -> Meter:
    meter = Meter()
    person = Visitor(address, SEED, meter, ())
    await person.open()
    await person.close()
    return meter


# -- the results -------------------------------------------------------------------------------


def section(load_: Load) -> str:
    """The part of the results that is about many people at once."""
    told = f"{load_.think.least:g} to {load_.think.most:g} s" if load_.think.most else "no time"
    return (
        f"{HEADING}\nBy `python -m bench.load` on {date.today().isoformat()}: {load_.users} people "
        f"for {load_.seconds:g} s, who read for {told} between two clicks, {load_.workers} "
        f"worker(s), {os.cpu_count()} cores that also carry the people, {platform.system()}, "
        f"Python {platform.python_version()}. The naive page asks the same and gives the same "
        "answer, with tables and a chart, at the pick itself; it reads the CSV files at each "
        "click. An answer of ours takes three clicks: a pick, the press, and the way back.\n\n"
        f"{table(list(load_lines(load_)))}"
    )


def one_section() -> str:
    return (
        f"## One person\n\nBy `python -m bench.load --one` on {date.today().isoformat()}, "
        f"{os.cpu_count()} cores.\n\n{table(list(one_lines()))}"
    )


def _think(text: str) -> Think:
    least, _, most = text.partition("-")
    return Think(float(least), float(most or least))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument(
        "--workers",
        type=int,
        choices=(1, 2),
        default=2,
        help="two stand behind nginx, whose example in deploy/ names two",
    )
    parser.add_argument(
        "--think",
        type=_think,
        default=Think(1, 3),
        help="seconds between two clicks, such as 1-3; 0 means all at once, again and again",
    )
    parser.add_argument("--script-times", action="store_true", help="let the server tell them")
    parser.add_argument("--one", action="store_true", help="one rerun and one cold start only")
    options = parser.parse_args()
    if options.one:
        print(one_section())
        return
    print(
        section(
            Load(
                options.users,
                options.seconds,
                options.think,
                options.workers,
                options.script_times,
            )
        )
    )


if __name__ == "__main__":
    main()
