"""Measures letters beside the plain way: a docxtpl template, and LibreOffice to make it a PDF.

``python -m bench.letters --out bench/RESULTS.md`` measures and writes the part about letters anew.
All cases are the made-up example, each with names and numbers of its own.

The plain way gets what helps it: a profile made beforehand, and a template with the very words
and tables of our own letter, so that it only has to fill in what differs.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from docxtpl import DocxTemplate  # type: ignore[import-untyped]

from bench.table import Line, table
from compound_coverage.dataset.load import Dataset, load
from compound_coverage.letters import documents
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.batch import SUMMARY, run_batch
from compound_coverage.letters.casefile import CaseFile, example_case, load_case
from compound_coverage.letters.render import Draft
from compound_coverage.letters.sheet import SheetRow

HEADING = "## Letters\n"
LETTER = "letter_of_medical_necessity"
LETTERS = 200
ONE_BY_ONE = 10  # each takes LibreOffice a second or more
PROCESSORS = 2
ROUNDS = 3
WHAT = f"{LETTERS} letters, each from case file to Word and PDF file, {PROCESSORS} processors"
# what differs from letter to letter, by section and field of the case file
VARIED = (
    ("patient", "name"),
    ("patient", "date_of_birth"),
    ("plan", "member_id"),
    ("plan", "group"),
    ("prescriber", "name"),
    ("prescriber", "practice"),
    ("pharmacy", "name"),
)


def made_up(number: int) -> dict[str, str]:
    """What differs in one case; the place in the template carries the same name."""
    born = date(1950 + number % 50, 1 + number % 12, 1 + number % 28)
    return {
        f"{section}_{field}": born.isoformat()
        if field == "date_of_birth"
        else f"Example {field} {number}"
        for section, field in VARIED
    }


def case_with(values: dict[str, str]) -> dict[str, Any]:
    data = example_case()
    for section, field in VARIED:
        data[section][field] = values[f"{section}_{field}"]
    return data


def drafted(dataset: Dataset, case: CaseFile) -> Draft:
    return draft_for(case, dataset, LETTER, "en", date.today())


# -- our way -----------------------------------------------------------------------------------


def ours(dataset: Dataset, folder: Path) -> float:
    """Seconds a letter takes, from the case files to a folder with both files of each."""
    rows = [
        SheetRow(number, f"letter-{number}", case_with(made_up(number)))
        for number in range(1, LETTERS + 1)
    ]
    started = time.perf_counter()
    outcomes = run_batch(
        rows,
        lambda case: drafted(dataset, case),
        lambda name, data: documents.write(folder / name, data),
        nothing,
    )
    seconds = time.perf_counter() - started
    assert not [outcome.problem for outcome in outcomes if outcome.problem]
    assert sum(1 for path in folder.iterdir() if path.name != SUMMARY) == 2 * LETTERS
    return seconds / LETTERS


def one_letter(dataset: Dataset, times: int, before: Callable[[], None]) -> tuple[float, float]:
    """Median and 95th percentile of the seconds from a case file to both of its files."""
    taken = []
    for number in range(times):
        before()
        started = time.perf_counter()
        draft = drafted(dataset, load_case(case_with(made_up(number))))
        documents.to_both(draft.markdown, draft.title, draft.language, draft.mark)
        taken.append(time.perf_counter() - started)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95)]


# -- the plain way -----------------------------------------------------------------------------


def template_of(dataset: Dataset) -> bytes:
    """Our own Word file of the example, with a place for each thing that differs."""
    holders = {name: f"HOLDER{place}X" for place, name in enumerate(made_up(0))}
    dated = "patient_date_of_birth"  # a date stays a date, and prints in words
    draft = drafted(dataset, load_case(case_with({**holders, dated: "1980-01-01"})))
    text = draft.markdown.replace("January 1, 1980", holders[dated])
    assert all(holder in text for holder in holders.values())
    made = documents.to_docx(text, draft.title, draft.language, draft.mark)
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(changed, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            for name, holder in holders.items():
                data = data.replace(holder.encode(), f"{{{{ {name} }}}}".encode())
            new.writestr(item, data, zipfile.ZIP_DEFLATED)
    return changed.getvalue()


def plain(template: bytes, letters: int, at_once: int, beside: int, folder: Path) -> float:
    """Seconds a letter takes docxtpl and LibreOffice.

    ``at_once`` files go into each call, and ``beside`` LibreOffices work beside each other.
    """
    profiles = [folder / f"profile-{place}" for place in range(beside)]
    for profile in profiles:
        warm = folder / "warm.docx"
        warm.write_bytes(template)
        to_pdf_by_libreoffice([warm], profile)

    def work(place: int) -> None:
        numbers = range(place, letters, beside)
        for start in range(0, len(numbers), at_once):
            made = [filled(template, folder, number) for number in numbers[start : start + at_once]]
            to_pdf_by_libreoffice(made, profiles[place])

    started = time.perf_counter()
    with ThreadPoolExecutor(beside) as pool:
        list(pool.map(work, range(beside)))
    seconds = time.perf_counter() - started
    assert len(list(folder.glob("letter-*.pdf"))) == letters
    return seconds / letters


def filled(template: bytes, folder: Path, number: int) -> Path:
    document = DocxTemplate(io.BytesIO(template))
    document.render(made_up(number), autoescape=True)
    path = folder / f"letter-{number}.docx"
    document.save(path)
    return path


def to_pdf_by_libreoffice(paths: Sequence[Path], profile: Path) -> None:
    subprocess.run(
        [
            str(shutil.which("soffice")),
            f"-env:UserInstallation=file://{profile}",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(paths[0].parent),
            *map(str, paths),
        ],
        capture_output=True,
        check=True,
    )


# -- the table ---------------------------------------------------------------------------------


def letter_lines() -> Iterator[Line]:
    dataset = load()
    one_letter(dataset, 3, nothing)  # a program that makes many letters is warm
    mine = best(lambda folder: ours(dataset, folder))
    if shutil.which("soffice"):
        yield from beside_libreoffice(mine, template_of(dataset))
    else:
        wanted = "at least 15 a second"
        yield Line(WHAT, speed(mine), wanted, 1 / mine >= 15, "LibreOffice is not installed")
    yield latency_line(dataset)


def beside_libreoffice(mine: float, template: bytes) -> Iterator[Line]:
    for letters, at_once, beside, how, times in (
        (ONE_BY_ONE, 1, 1, "a LibreOffice call for each letter", 20),
        (ONE_BY_ONE, 1, PROCESSORS, "the same, two LibreOffices beside each other", 0),
        (LETTERS, LETTERS, PROCESSORS, "all letters in one call of each of two LibreOffices", 0),
    ):
        other = best(partial(plain, template, letters, at_once, beside))
        yield Line(
            WHAT,
            speed(mine),
            "at least 15 a second" + (f", {times}x faster" if times else ""),
            1 / mine >= 15 and other >= times * mine,
            f"docxtpl, {how}: {speed(other)} (measured on {letters})",
            f"{other / mine:.1f}x",
        )


def best(measured: Callable[[Path], float]) -> float:
    """The least of some rounds, each in a new folder: what else the machine does takes no part."""
    seconds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            seconds.append(measured(Path(name)))
    return min(seconds)


def nothing(*_: object) -> None:
    """What is done where nothing is to be done."""


def speed(seconds: float) -> str:
    return f"{1 / seconds:.1f} a second"


def latency_line(dataset: Dataset) -> Line:
    warm = one_letter(dataset, 100, nothing)
    cold = one_letter(dataset, 40, documents._WORKERS.stop)
    return Line(
        "one letter, from case file to Word and PDF file",
        f"p50 {warm[0] * 1e3:.0f} ms, p95 {warm[1] * 1e3:.0f} ms; "
        f"when pandoc must start p50 {cold[0] * 1e3:.0f} ms, p95 {cold[1] * 1e3:.0f} ms",
        "under 300 ms",
        max(warm[1], cold[1]) < 0.3,
    )


def section() -> str:
    """The part of the results that is about letters."""
    return (
        f"{HEADING}\nBy `python -m bench.letters` on {date.today().isoformat()}, "
        f"{PROCESSORS} threads. The cases are the made-up example with other names. The plain way "
        "fills a docxtpl template that has our letter's own words and tables, and LibreOffice "
        f"makes the PDF, with a profile made beforehand. The best of {ROUNDS} rounds counts.\n\n"
        f"{table(list(letter_lines()))}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = section()
    print(text)
    if options.out:
        before, _, _ = options.out.read_text(encoding="utf-8").partition(f"\n{HEADING}")
        options.out.write_text(f"{before}\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
