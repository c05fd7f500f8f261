"""The commands that look after the dataset: ``data validate`` and its sisters."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from compound_coverage.cli_common import DONE, WANTING, day_flag, day_of, json_flag, say
from compound_coverage.dataset.archive import dataset_at, faults_at, tables_at
from compound_coverage.dataset.changes import Change, diff
from compound_coverage.dataset.coverage import Coverage, coverage
from compound_coverage.dataset.export import (
    FORMATS,
    LICENCE,
    attribution,
    export,
    format_for,
    models_of,
    name_of,
)
from compound_coverage.dataset.folder import one_writer
from compound_coverage.dataset.freshness import Due, due
from compound_coverage.dataset.load import load_tables
from compound_coverage.dataset.maintain import format_dataset, write_dataset
from compound_coverage.dataset.releases import newest_release
from compound_coverage.dataset.sheets import (
    SheetFaults,
    read_upload,
    sheet_name,
    to_csv_sheet,
    to_workbook,
)
from compound_coverage.dataset.tables import (
    DatasetError,
    Fault,
    Tables,
    read_tables,
    write_atomically,
)
from compound_coverage.determination.compare import compare


def add_commands(commands: Any) -> None:
    """Adds the commands about the dataset to the command line."""
    parser = commands.add_parser("data", help="look after the coverage dataset")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_validate(actions)
    _add_format(actions)
    _add_diff(actions)
    _add_sheet(actions)
    _add_apply(actions)
    _add_export(actions)
    _add_due(actions)
    _add_coverage(actions)


# -- validate, format --------------------------------------------------------------------------


def _add_validate(actions: Any) -> None:
    parser = actions.add_parser("validate", help="name every fault by file, row and column")
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="or a release's zip")
    json_flag(parser)
    parser.set_defaults(run=_validate)


def _validate(options: argparse.Namespace) -> int:
    faults = faults_at(options.directory or options.data)
    say(
        options,
        [_fault_json(fault) for fault in faults],
        [str(fault) for fault in faults] or ["The dataset is clean."],
    )
    return WANTING if faults else DONE


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "row": fault.row,
        "column": fault.column,
        "message": fault.message,
    }


def _add_format(actions: Any) -> None:
    parser = actions.add_parser("format", help="put rows in canonical order")
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR")
    parser.set_defaults(run=_format)


def _format(options: argparse.Namespace) -> int:
    format_dataset(options.directory or options.data)
    return DONE


# -- diff --------------------------------------------------------------------------------------


def _add_diff(actions: Any) -> None:
    parser = actions.add_parser("diff", help="what changed between two datasets or release zips")
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    day_flag(parser)
    json_flag(parser)
    parser.set_defaults(run=_diff)


def _diff(options: argparse.Namespace) -> int:
    on = day_of(options)
    document = compare(dataset_at(options.old), dataset_at(options.new), on)
    lines = [f"{kind}: {', '.join(ids) or 'none'}" for kind, ids in document["rules"].items()]
    lines += [
        f"{d['plan_id']} {d['medication_id']} {d['source']}: "
        f"{d['verdict_before'] or '-'} -> {d['verdict_after'] or '-'}"
        for d in document["determinations"]
    ]
    say(options, document, lines)
    return DONE


# -- export ------------------------------------------------------------------------------------


def _add_export(actions: Any) -> None:
    parser = actions.add_parser("export", help="write the dataset for other programs")
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="PATH",
        help="a .zip (CSV), .json, .parquet or .xlsx file, or a folder (CSV, Parquet)",
    )
    parser.add_argument("--format", choices=FORMATS, default="", help="default: by the ending")
    parser.add_argument(
        "--table", action="append", default=[], metavar="NAME", help="only this one; may repeat"
    )
    json_flag(parser)
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> int:
    kind = format_for(options.out, options.format)
    models = models_of(options.table)
    tables = tables_at(options.data)
    written = export(tables, options.out, kind, models)
    release = newest_release(tables)
    say(
        options,
        {
            "release": release,
            "licence": LICENCE,
            "format": kind,
            "tables": {name_of(model): len(tables[model.FILE]) for model in models},
            "files": [
                {"file": str(one.path), "bytes": one.size, "sha256": one.sha256} for one in written
            ],
        },
        [attribution(release), *(str(one.path) for one in written)],
    )
    return DONE


# -- due, coverage -----------------------------------------------------------------------------


def _add_due(actions: Any) -> None:
    parser = actions.add_parser("due", help="documents to read again, what matters most first")
    parser.add_argument("--limit", type=_at_least_one, metavar="N", help="the first N only")
    day_flag(parser)
    json_flag(parser)
    parser.set_defaults(run=_due)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return int(text)


def _due(options: argparse.Namespace) -> int:
    queue = due(load_tables(options.data), day_of(options))
    shown = queue[: options.limit]
    lines = [f"Documents due: {len(queue)}."]
    lines += [line for one in shown for line in _due_lines(one)]
    say(options, {"count": len(queue), "due": [one.as_json() for one in shown]}, lines)
    return DONE


def _due_lines(one: Due) -> list[str]:
    lives = f", up to {one.lives:,} people" if one.lives else ""
    return [
        f"{one.source_id}: {one.why}",
        f"  {one.title} ({one.publisher}), grade {one.freshness.grade.value}",
        f"  rules that rest on it: {len(one.rules)}, of which decide: {one.deciding}{lives}",
        f"  {one.url or 'no address known'}",
    ]


def _add_coverage(actions: Any) -> None:
    parser = actions.add_parser("coverage", help="how much the dataset knows, and what is wanted")
    day_flag(parser)
    json_flag(parser)
    parser.set_defaults(run=_coverage)


def _coverage(options: argparse.Namespace) -> int:
    known = coverage(load_tables(options.data), day_of(options))
    say(options, known.as_json(), _coverage_lines(known))
    return DONE


def _coverage_lines(known: Coverage) -> list[str]:
    whole = known.whole
    lines = [
        f"{whole.rules} rules in force: {whole.deciding} decide, {whole.stale} are last known "
        f"only, {whole.unconfirmed} unconfirmed. {known.ended} have ended.",
        f"Some rule is known of {known.payers_known} of {len(known.payers)} payers and of "
        f"Medicaid in {known.states_known} of {len(known.states)} states.",
    ]
    lines += [
        f"{one.line.value}: {one.holding.rules} rules, {one.holding.deciding} decide"
        for one in known.lines
    ]
    lines.append(f"No Medicaid rule: {' '.join(known.states_without) or 'none'}")
    lines.append("Wanted most:")
    lines += [
        f"  {one.name}: {f'{one.lives:,}' if one.lives else 'number not known'}. {one.why}"
        for one in known.wanted
    ]
    return lines


# -- sheet, apply ------------------------------------------------------------------------------


def _add_sheet(actions: Any) -> None:
    parser = actions.add_parser("sheet", help="the tables as a workbook or CSV sheet to edit")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.(xlsx|csv)")
    parser.add_argument("--table", default="", metavar="NAME", help="this table only, as in rules")
    json_flag(parser)
    parser.set_defaults(run=_sheet)


def _sheet(options: argparse.Namespace) -> int:
    out: Path = options.out
    ending = out.suffix.lower()
    if ending not in (".xlsx", ".csv"):
        raise ValueError(f"'{out.name}' must end in .xlsx or .csv, not '{ending}'.")
    if ending == ".csv" and not options.table:
        raise ValueError("A CSV file holds one table; name it with --table, or write a .xlsx.")
    tables = _tables_of(options.data)
    file = f"{sheet_name(options.table)}.csv" if options.table else ""
    made = to_csv_sheet(tables, file) if ending == ".csv" else to_workbook(tables, file)
    write_atomically(out, made)
    say(options, {"files": [str(out)]}, [f"{out} written."])
    return DONE


def _tables_of(folder: Path) -> Tables:
    tables, faults = read_tables(folder)
    if faults:
        raise DatasetError(faults)
    return tables


def _add_apply(actions: Any) -> None:
    parser = actions.add_parser("apply", help="bring an edited workbook or CSV sheet in")
    parser.add_argument("file", type=Path, metavar="FILE.(xlsx|csv)")
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--dry-run", action="store_true", help="say what would change; write none")
    json_flag(parser)
    parser.set_defaults(run=_apply)


def _apply(options: argparse.Namespace) -> int:
    folder: Path = options.directory or options.data
    data = options.file.read_bytes()
    if not folder.is_dir():
        _tables_of(folder)
    with nullcontext() if options.dry_run else one_writer(folder):
        tables = _tables_of(folder)
        try:
            edited = read_upload(data, options.file.name, tables, date.today())
        except SheetFaults as error:
            return _say_faults(options, error)
        changes = diff(tables, edited)
        if changes and not options.dry_run:
            write_dataset(folder, edited)
    document = {"changes": [_change_json(change) for change in changes]}
    say(options, document, [_change_line(change) for change in changes] or ["Nothing to change."])
    return DONE


def _say_faults(options: argparse.Namespace, error: SheetFaults) -> int:
    lines = [str(fault) for fault in error.faults]
    if error.more:
        lines.append(f"... and {error.more:,} more")
    document = {"faults": [_fault_json(fault) for fault in error.faults], "more": error.more}
    say(options, document, [*lines, "Nothing was changed."])
    return WANTING


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "file": change.file,
        "key": list(change.key),
        "kind": _kind_of(change),
        "columns": change.columns,
    }


def _kind_of(change: Change) -> str:
    if change.before is None:
        return "added"
    return "removed" if change.after is None else "changed"


def _change_line(change: Change) -> str:
    kind = _kind_of(change)
    told = f" ({', '.join(change.columns)})" if kind == "changed" else ""
    return f"{kind}: {change.name}{told}"
