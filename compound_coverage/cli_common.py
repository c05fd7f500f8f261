"""What every command shares: exit codes, the dataset, the imported lists, the day, the answer."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from compound_coverage.database import is_empty
from compound_coverage.dataset.archive import dataset_at
from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.question import parse_day
from compound_coverage.formulary.lookup import Formularies, reading
from compound_coverage.formulary.store import open_store

DONE, WANTING, BAD_INPUT = 0, 1, 2


def json_flag(parser: argparse.ArgumentParser) -> None:
    """Adds ``--json``."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")


def day_flag(parser: argparse.ArgumentParser) -> None:
    """Adds ``--on``."""
    parser.add_argument("--on", default="", metavar="YYYY-MM-DD", help="the day asked about")


def day_of(options: argparse.Namespace) -> date:
    """The day asked about, today if none."""
    return parse_day(options.on) if options.on else date.today()


def dataset_of(options: argparse.Namespace) -> Dataset:
    """The coverage dataset the command line names."""
    return dataset_at(options.data)


def say(options: argparse.Namespace, document: Any, lines: Sequence[str]) -> None:
    """Prints ``document`` as JSON where that was asked for, else ``lines``."""
    if options.json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines))


@contextmanager
def imported() -> Iterator[Formularies | None]:
    """What has been imported, or None where nothing has: no database is made just to look."""
    if is_empty():
        yield None
        return
    engine = open_store()
    try:
        with reading(engine) as formularies:
            yield formularies
    finally:
        engine.dispose()
