"""The rows that could not be understood, for a person to look at."""

from __future__ import annotations

import csv
import io

from sqlalchemy import Engine, select

from compound_coverage.formulary.tables import RELEASE, SET_ASIDE

COLUMNS = ("source", "release", "file", "line", "reason", "text")
# A spreadsheet takes a cell that starts like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def set_aside_csv(engine: Engine) -> str:
    """All rows set aside, by release, as CSV that is safe to open in a spreadsheet."""
    query = (
        select(
            RELEASE.c.source,
            RELEASE.c.label,
            SET_ASIDE.c.file,
            SET_ASIDE.c.line,
            SET_ASIDE.c.reason,
            SET_ASIDE.c.text,
        )
        .join(RELEASE, RELEASE.c.release_id == SET_ASIDE.c.release_id)
        .order_by(RELEASE.c.release_id, SET_ASIDE.c.file, SET_ASIDE.c.line)
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    with engine.connect() as connection:
        for row in connection.execute(query):
            writer.writerow([_harmless(str(cell)) for cell in row])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
