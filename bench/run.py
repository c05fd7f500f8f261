"""Measures what is promised of published formularies and letters, beside the plain ways.

``python -m bench.run --scale 1 --json-bytes 1000000000 --out bench/RESULTS.md`` makes files of
national size, imports them, and prints one table, then others of letters and of many people at
once. Everything is made up from a seed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import create_engine

from bench.generate_marketplace import generate as generate_marketplace
from bench.generate_part_d import generate as generate_part_d
from bench.letters import section as letter_section
from bench.load import Load, Think, one_section
from bench.load import section as load_section
from bench.table import Line, table
from compound_coverage.dataset.load import load
from compound_coverage.determination.published import PlanIndex, sweep
from compound_coverage.formulary.importer import import_paths
from compound_coverage.formulary.lookup import Formularies, reading
from compound_coverage.formulary.sources import sources
from compound_coverage.formulary.store import open_store
from compound_coverage.vocabulary import IngredientSource

NALTREXONE = "1483744"
SEED = 7


def in_a_process(work: str, *words: str) -> dict[str, float]:
    """Runs one function of this file in a process of its own; its seconds and peak megabytes."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", "--work", work, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def timed(work: Callable[[], None]) -> dict[str, float]:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "megabytes": _peak_kilobytes() / 1024,
    }


def _peak_kilobytes() -> int:
    # not getrusage: its figure survives exec, so a child would start with its parent's peak
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


# -- work done in a process of its own ---------------------------------------------------------


def ours(database: str, folder: str) -> None:
    import_paths(open_store(f"sqlite:///{database}"), [Path(folder)], sources())


def plain_part_d(database: str, folder: str) -> None:
    """What a person would write first: pandas reads each file and writes it to a table."""
    engine = create_engine(f"sqlite:///{database}")
    for number, path in enumerate(sorted(Path(folder).glob("*.txt"))):
        frame = pd.read_csv(path, sep="|", dtype=str, encoding="cp1252")
        frame.to_sql(f"table_{number}", engine, index=False)


def plain_json(_: str, path: str) -> None:
    with Path(path).open("rb") as stream:
        json.loads(stream.read())


WORK = {"ours": ours, "plain_part_d": plain_part_d, "plain_json": plain_json}


# -- the table ---------------------------------------------------------------------------------


def part_d_lines(folder: Path, scale: float) -> Iterator[Line]:
    files = folder / "part-d"
    generate_part_d(files, scale, SEED, zipped=False)
    database = folder / "ours.sqlite"
    mine = in_a_process("ours", str(database), str(files))
    other = in_a_process("plain_part_d", str(folder / "plain.sqlite"), str(files))
    yield Line(
        f"import of a Part D release at scale {scale:g}",
        f"{mine['seconds']:.1f} s, {mine['megabytes']:.0f} MB",
        "under 20 s and 600 MB, 3x faster",
        mine["seconds"] < 20 and mine["megabytes"] < 600 and other["seconds"] > 3 * mine["seconds"],
        f"pandas read_csv + to_sql {other['seconds']:.1f} s, {other['megabytes']:.0f} MB",
        f"{other['seconds'] / mine['seconds']:.1f}x",
    )
    with reading(open_store(f"sqlite:///{database}")) as lists:
        yield lookup_line(lists, files)
        yield search_line(lists)
        yield sweep_line(lists)


def lookup_line(lists: Formularies, files: Path) -> Line:
    rng = random.Random(SEED)
    keys = [plan.plan_key for plan in lists.plans()]
    asked = [rng.choice(keys) for _ in range(20_000)]
    for key in set(asked):
        lists.drug_row(key, NALTREXONE)
    mine = percentiles(lambda key: lists.drug_row(key, NALTREXONE), asked)
    drugs = pd.read_csv(next(files.glob("basic drugs*")), sep="|", dtype=str)
    plan_file = next(files.glob("plan information*"))
    plans = pd.read_csv(plan_file, sep="|", dtype=str, encoding="cp1252")
    plan_keys = plans.CONTRACT_ID + "-" + plans.PLAN_ID + "-" + plans.SEGMENT_ID
    formulary_of = dict(zip(plan_keys, plans.FORMULARY_ID, strict=True))

    def plain(key: str) -> object:
        wanted = (formulary_of[key] == drugs.FORMULARY_ID) & (drugs.RXCUI == NALTREXONE)
        return drugs[wanted]

    other = percentiles(plain, asked[:50])
    return Line(
        f"one drug on one plan, {len(keys):,} plans, {len(drugs):,} rows",
        f"p50 {mine[0] * 1e6:.0f} us, p99 {mine[1] * 1e6:.0f} us",
        "p50 under 50 us, p99 under 1 ms, 100x faster",
        mine[0] < 50e-6 and mine[1] < 1e-3 and other[0] > 100 * mine[0],
        f"pandas filter p50 {other[0] * 1e3:.1f} ms",
        f"{other[0] / mine[0]:,.0f}x",
    )


def search_line(lists: Formularies) -> Line:
    index = PlanIndex(load(), lists)
    rng = random.Random(SEED)
    names = [plan.name for plan in index.plans.values()]
    asked = [two_typos(rng.choice(names), rng) for _ in range(1_000)]
    mine = percentiles(lambda text: index.find(text, limit=10), asked)
    return Line(
        f"plan search with two typos, {len(names):,} plans",
        f"p50 {mine[0] * 1e3:.1f} ms, p99 {mine[1] * 1e3:.1f} ms",
        "p99 under 20 ms",
        mine[1] < 0.020,
    )


def two_typos(name: str, rng: random.Random) -> str:
    letters = list(name)
    for _ in range(2):
        place = rng.randrange(len(letters))
        letters[place] = rng.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def sweep_line(lists: Formularies) -> Line:
    dataset = load()
    medication = dataset.medications["ldn-capsule"]
    source = IngredientSource.APPROVED_PRODUCT
    started = time.perf_counter()
    count = sum(1 for _ in sweep(dataset, lists, medication, source, date.today()))
    seconds = time.perf_counter() - started
    per_ten_thousand = seconds / count * 10_000
    return Line(
        f"national sweep, one full determination for each of {count:,} plans",
        f"{seconds:.1f} s ({per_ten_thousand:.1f} s for 10,000)",
        "under 2 s for 10,000",
        per_ten_thousand < 2,
    )


def marketplace_lines(folder: Path, size: int) -> Iterator[Line]:
    files = folder / "marketplace"
    generate_marketplace(files, size, SEED)
    drugs = max(files.glob("*.json"), key=lambda path: path.stat().st_size)
    megabytes = drugs.stat().st_size / 1e6
    mine = in_a_process("ours", str(folder / "market.sqlite"), str(files))
    small = folder / "small"
    generate_marketplace(small, min(size, 100_000_000), SEED)
    fits = max(small.glob("*.json"), key=lambda path: path.stat().st_size)
    other = in_a_process("plain_json", "-", str(fits))
    speed = megabytes / mine["seconds"]
    plain_speed = fits.stat().st_size / 1e6 / other["seconds"]
    yield Line(
        f"import of {megabytes:,.0f} MB of marketplace JSON",
        f"{mine['seconds']:.1f} s, {speed:.0f} MB/s, {mine['megabytes']:.0f} MB of memory",
        "under 500 MB, half the speed of json.loads",
        mine["megabytes"] < 500 and speed > plain_speed / 2,
        f"json.loads {plain_speed:.0f} MB/s, {other['megabytes']:.0f} MB for "
        f"{fits.stat().st_size / 1e6:.0f} MB",
        f"{speed / plain_speed:.2f}x",
    )


def percentiles(work: Callable[[str], object], asked: Sequence[str]) -> tuple[float, float]:
    """Median and 99th percentile of the seconds one call takes."""
    taken = []
    for text in asked:
        started = time.perf_counter()
        work(text)
        taken.append(time.perf_counter() - started)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--json-bytes", type=int, default=1_000_000_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--work", nargs=3)
    options = parser.parse_args()
    if options.work:
        name, database, path = options.work
        print(json.dumps(timed(lambda: WORK[name](database, path))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [
            *part_d_lines(folder, options.scale),
            *marketplace_lines(folder, options.json_bytes),
        ]
    waiting_room = load_section(Load(users=40, seconds=30, think=Think(1, 3), workers=2))
    sections = (letter_section(), waiting_room, one_section())
    text = "\n".join([report(table(lines)), *sections])
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def report(text: str) -> str:
    cores = os.cpu_count()
    return (
        "# What was measured\n\n"
        f"By `make bench` on {date.today().isoformat()}: {cores} cores, "
        f"{platform.system()}, Python {platform.python_version()}, SQLite. All files are made "
        "up from a seed at national size, with the documented quirks mixed in.\n\n"
        f"{text}"
    )


if __name__ == "__main__":
    main()
