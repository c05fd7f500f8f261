"""Many letters from one sheet: an office's renewals in, a folder of drafts and a summary out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from compound_coverage.letters.casefile import CaseFile, example_case, load_case
from compound_coverage.letters.documents import to_both
from compound_coverage.letters.render import Draft
from compound_coverage.letters.sheet import (
    LABEL,
    SheetRow,
    column_of,
    columns_of,
    to_csv,
    to_xlsx,
)

SUMMARY = "summary.csv"
WORKERS = 2
WINDOW = 8  # drafts that wait for their documents, so that a long sheet fits in memory
HEADER = (
    "row",
    "label",
    "letter_type",
    "complete",
    "missing",
    "missing_columns",
    "warnings",
    "deadline",
    "files",
    "problem",
)

Make = Callable[[CaseFile], Draft]
Save = Callable[[str, bytes], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. ``problem`` is one sentence where no letter could be made."""

    number: int
    label: str
    letter_type: str = ""
    complete: bool = False
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    deadline: str = ""
    files: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Job:
    """A row on its way: its draft and the documents being made, or what is wrong with it."""

    row: SheetRow
    name: str
    draft: Draft | None = None
    work: Future[tuple[bytes, bytes, list[str]]] | None = None
    problem: str = ""


def run_batch(
    rows: Sequence[SheetRow], make: Make, save: Save, progress: Progress
) -> list[Outcome]:
    """Makes a Word and a PDF draft of each row, then the summary; one bad row stops no other.

    ``make`` turns a case file into a draft. ``save`` takes a file name and its bytes; an OSError
    of its stops the run (a full disk is not the row's fault). ``progress`` is told how many of
    how many are done. All three are called in the caller's thread; only the setting of documents
    runs beside it. Returns the outcomes in the rows' order.
    """
    outcomes: list[Outcome] = []
    waiting: deque[_Job] = deque()

    def finish(job: _Job) -> None:
        outcomes.append(_finished(job, save))
        progress(len(outcomes), len(rows))

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        for row, name in zip(rows, _names(rows), strict=True):
            waiting.append(_started(row, name, make, pool))
            if len(waiting) > WINDOW:
                finish(waiting.popleft())
        while waiting:
            finish(waiting.popleft())
    save(SUMMARY, to_csv(HEADER, map(_summary_row, outcomes)))
    return outcomes


def _names(rows: Sequence[SheetRow]) -> list[str]:
    """A file name for each row, never a patient's; a label used twice gets the row's number."""
    times = Counter(row.label.lower() for row in rows)
    return [
        row.label if times[row.label.lower()] == 1 else f"{row.label}-{row.number:04d}"
        for row in rows
    ]


def _started(row: SheetRow, name: str, make: Make, pool: ThreadPoolExecutor) -> _Job:
    if row.fault:
        return _Job(row, name, problem=f"Row {row.number}: {row.fault}.")
    try:
        draft = make(load_case(row.data))
    except Exception as error:
        return _Job(row, name, problem=_problem(row, error))
    work = pool.submit(to_both, draft.markdown, draft.title, draft.language, draft.mark)
    return _Job(row, name, draft, work)


def _finished(job: _Job, save: Save) -> Outcome:
    row, draft = job.row, job.draft
    if draft is None or job.work is None:
        return Outcome(row.number, row.label, problem=job.problem)
    try:
        docx, pdf, warnings = job.work.result()
    except Exception as error:
        return Outcome(row.number, row.label, problem=_problem(row, error))
    files = (f"{job.name}-{draft.letter_type}.docx", f"{job.name}-{draft.letter_type}.pdf")
    for file, data in zip(files, (docx, pdf), strict=True):
        save(file, data)
    return Outcome(
        number=row.number,
        label=row.label,
        letter_type=draft.letter_type,
        complete=draft.complete,
        missing=tuple(column_of(gap.field) for gap in draft.missing),
        warnings=(*draft.warnings, *warnings),
        deadline=draft.deadline,
        files=files,
    )


def _problem(row: SheetRow, error: Exception) -> str:
    """One sentence. A fault of ours in one row must not cost the office the others."""
    if isinstance(error, ValueError):
        return f"Row {row.number}: {error}"
    kind = type(error).__name__
    return f"Row {row.number}: the letter could not be made ({kind}); please report this."


def _summary_row(outcome: Outcome) -> tuple[str, ...]:
    return (
        str(outcome.number),
        outcome.label,
        outcome.letter_type,
        "yes" if outcome.complete else "no",
        str(len(outcome.missing)),
        "; ".join(outcome.missing),
        " ".join(outcome.warnings),
        outcome.deadline,
        "; ".join(outcome.files),
        outcome.problem,
    )


def template_sheet(ending: str) -> bytes:
    """A sheet to start from: every column of the example, and one made-up case in row 2."""
    cells = [(LABEL, "example"), *columns_of(example_case())]
    header, row = [name for name, _ in cells], [value for _, value in cells]
    return to_xlsx(header, [row]) if ending == ".xlsx" else to_csv(header, [row])
