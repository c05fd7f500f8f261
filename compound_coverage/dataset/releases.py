"""Dated releases of the dataset: their names, their changelog, and the zip that is handed out."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from compound_coverage.dataset import package
from compound_coverage.dataset.schema import TABLES, ChangeRow
from compound_coverage.dataset.tables import Tables, table_bytes

CHANGELOG = "CHANGELOG.md"
LICENCE = Path(__file__).resolve().parents[2] / "LICENSES" / "CC-BY-4.0.txt"
_README = """\
How US health plans treat compounded medications, release {release}.

Each table is a CSV file in UTF-8; datapackage.json describes each column and holds the SHA-256 of
each file. CHANGELOG.md says what each release changed. An empty cell means not known.

The data may be used under Creative Commons Attribution 4.0 (LICENSE.txt): name Compound Coverage
and the release. It tells what was published, on the day it was last read; it is not medical or
legal advice.
"""
# The earliest time a zip can hold: the same tables make the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def newest_release(tables: Tables) -> str:
    """The name of the newest release; empty before the first."""
    return max((row.release for row in _changes(tables)), default="")


def next_release(tables: Tables, today: date) -> str:
    """The name of a release made ``today``: the date, or the date with a number from .02 on.

    Never earlier than the newest there is, whatever the clock says.
    Raises ValueError after 99 releases of one day.
    """
    newest = newest_release(tables)
    day = max(today.isoformat(), newest[:10])
    if newest[:10] != day:
        return day
    number = int(newest[11:] or 1) + 1
    if number > 99:
        raise ValueError(f"There are 99 releases of {day} already; publish the rest tomorrow.")
    return f"{day}.{number:02d}"


def changelog_bytes(tables: Tables) -> bytes:
    """What each release changed, newest first, in plain words."""
    lines = ["# What changed in the coverage data", ""]
    rows = sorted(_changes(tables), key=attrgetter("release"), reverse=True)
    for release, group in groupby(rows, key=attrgetter("release")):
        lines += [f"## {release}", ""]
        lines += [_line(row) for row in sorted(group, key=attrgetter("number"))]
        lines.append("")
    return "\n".join(lines).encode("utf-8")


def _line(row: ChangeRow) -> str:
    who = f" (proposed by {row.proposed_by}" if row.proposed_by else ""
    who += f", accepted by {row.accepted_by})" if row.accepted_by else ")" if who else ""
    return f"- {row.change}{who}"


def _changes(tables: Tables) -> list[ChangeRow]:
    return [row for row in tables[ChangeRow.FILE] if isinstance(row, ChangeRow)]


def release_zip(tables: Tables) -> bytes:
    """The Data Package of these tables as one zip: tables, descriptor with checksums, changelog,
    licence. The same tables make the same bytes."""
    release = newest_release(tables)
    files = {model.FILE: table_bytes(model, tables[model.FILE]) for model in TABLES}
    files[package.DESCRIPTOR] = package.descriptor_bytes(release, _sums(files))
    files[CHANGELOG] = changelog_bytes(tables)
    files["README.txt"] = _README.format(release=release or "(none yet)").encode("utf-8")
    files["LICENSE.txt"] = LICENCE.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def _sums(files: Mapping[str, bytes]) -> dict[str, tuple[int, str]]:
    return {
        name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()
    }
