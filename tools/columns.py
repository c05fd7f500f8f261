"""Writes the description of every column into ``coverage_data/README.md``, each with an example.

    python -m tools.columns

The words come from the row models, the examples from the published rows (or from the models where
a table has no such cell yet), so the page can't speak of a column that is not there.
"""

from __future__ import annotations

from pathlib import Path

from compound_coverage.dataset.load import BUNDLED
from compound_coverage.dataset.package import field_of
from compound_coverage.dataset.schema import TABLES, Row
from compound_coverage.dataset.tables import (
    Tables,
    columns_of,
    key_of,
    read_tables,
    write_atomically,
)

PAGE = BUNDLED / "README.md"
START, END = "<!-- columns: written by tools/columns.py -->", "<!-- end of columns -->"
LONGEST = 70


def columns_text(tables: Tables) -> str:
    """A section for each table: what it holds, what names a row, and its columns."""
    return "\n".join(_table_text(model, tables) for model in TABLES)


def _table_text(model: type[Row], tables: Tables) -> str:
    keys = ", ".join(f"`{name}`" for name in model.KEY)
    lines = [f"### {model.FILE}", "", f"{model.TITLE}. A row is named by {keys}.", ""]
    lines += ["| column | what it holds | example |", "|---|---|---|"]
    for name in columns_of(model):
        lines.append(f"| `{name}` | {_described(model, name)} | {_example(model, name, tables)} |")
    return "\n".join([*lines, ""])


def _described(model: type[Row], name: str) -> str:
    field = field_of(model, name)
    choices = ", ".join(f"`{choice}`" for choice in field.get("constraints", {}).get("enum", ()))
    return _cell(field["description"]) + (f". One of {choices}" if choices else "")


def _example(model: type[Row], name: str, tables: Tables) -> str:
    rows = sorted(tables[model.FILE], key=key_of)
    found = [str(getattr(row, name)) for row in rows if getattr(row, name)]
    given = model.model_fields[name].examples or []
    short = [text for text in found if len(text) <= LONGEST] or found
    example = next(iter([*short, *map(str, given)]), "")
    cut = example if len(example) <= LONGEST else f"{example[:LONGEST].rsplit(' ', 1)[0]} ..."
    return f"`{_cell(cut)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_columns(page: str, tables: Tables) -> str:
    """``page`` with its section of columns written anew."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{columns_text(tables)}\n{END}{after}"


def main() -> None:
    tables, faults = read_tables(BUNDLED)
    if faults:
        raise SystemExit(str(faults[0]))
    page = PAGE.read_text(encoding="utf-8")
    write_atomically(Path(PAGE), with_columns(page, tables).encode("utf-8"))


if __name__ == "__main__":
    main()
