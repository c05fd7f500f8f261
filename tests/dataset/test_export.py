"""Each export holds the tables, cell for cell, and names its release and licence."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import date

import openpyxl
import pyarrow.parquet as pq
import pytest

from compound_coverage.cli import main
from compound_coverage.dataset import archive
from compound_coverage.dataset.archive import ArchiveError, dataset_at, faults_at, tables_at
from compound_coverage.dataset.export import (
    LICENCE,
    ExportError,
    csv_zip,
    export,
    format_for,
    models_of,
    name_of,
    rows_of_table,
)
from compound_coverage.dataset.load import BUNDLED, load
from compound_coverage.dataset.package import DESCRIPTOR
from compound_coverage.dataset.releases import newest_release, release_zip
from compound_coverage.dataset.schema import TABLES, PlanRow, RuleRow
from compound_coverage.dataset.sheets import changes_in
from compound_coverage.dataset.tables import DatasetError, columns_of, read_tables


@pytest.fixture(scope="module")
def tables():
    found, faults = read_tables(BUNDLED)
    assert faults == []
    return found


def cells(tables, model):
    return [list(row.values()) for row in rows_of_table(tables, model)]


# -- each format, read as a stranger would ---------------------------------------------------


def test_csv_is_a_data_package_whose_checksums_are_right(tables, tmp_path):
    [written] = export(tables, tmp_path / "all.zip", "csv")
    assert (tmp_path / "all.zip").read_bytes() == release_zip(tables)
    with zipfile.ZipFile(written.path) as packed:
        described = json.loads(packed.read(DESCRIPTOR))
        assert [r["path"] for r in described["resources"]] == [model.FILE for model in TABLES]
        for model, resource in zip(TABLES, described["resources"], strict=True):
            content = packed.read(model.FILE)
            assert resource["bytes"] == len(content)
            assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
            header, *rows = csv.reader(io.StringIO(content.decode("utf-8")))
            assert header == columns_of(model)
            assert rows == cells(tables, model)
            assert content == (BUNDLED / model.FILE).read_bytes()
        assert described["licenses"][0]["name"] == LICENCE
        assert described["version"] == newest_release(tables).replace("-", ".")
        assert b"Attribution 4.0 International" in packed.read("LICENSE.txt")


def test_csv_may_be_a_folder(tables, tmp_path):
    folder = tmp_path / "new" / "folder"
    written = export(tables, folder, "csv")
    assert {one.path.name for one in written} == {path.name for path in folder.iterdir()}
    with zipfile.ZipFile(io.BytesIO(release_zip(tables))) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            path.name: path.read_bytes() for path in folder.iterdir()
        }


def test_some_tables_are_a_whole_package_too(tables):
    with zipfile.ZipFile(io.BytesIO(csv_zip(tables, [PlanRow, RuleRow]))) as packed:
        assert {name for name in packed.namelist() if name.endswith(".csv")} == {
            "plans.csv",
            "rules.csv",
        }
        assert {"LICENSE.txt", "README.txt", "CHANGELOG.md"} <= set(packed.namelist())
        resources = json.loads(packed.read(DESCRIPTOR))["resources"]
    assert [resource["name"] for resource in resources] == ["plans", "rules"]
    plans, rules = (resource["schema"]["foreignKeys"] for resource in resources)
    assert plans == []  # payers are not in it
    assert [key["reference"]["resource"] for key in rules] == ["plans"]


def test_json_is_one_document(tables, tmp_path):
    export(tables, tmp_path / "all.json", "json")
    found = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert found["release"] == newest_release(tables)
    assert found["licence"] == LICENCE
    assert found["release"] in found["attribution"]
    assert list(found["tables"]) == [name_of(model) for model in TABLES]
    for model in TABLES:
        table = found["tables"][name_of(model)]
        assert [column["name"] for column in table["columns"]] == columns_of(model)
        assert all(column["description"] for column in table["columns"])
        assert table["rows"] == rows_of_table(tables, model)
        assert [list(row) for row in table["rows"]] == [columns_of(model)] * len(table["rows"])


def test_parquet_holds_text_and_says_what_it_means(tables, tmp_path):
    written = export(tables, tmp_path / "parquet", "parquet")
    assert len(written) == len(TABLES)
    for model, one in zip(TABLES, written, strict=True):
        found = pq.read_table(one.path)
        assert found.column_names == columns_of(model)
        assert {str(kind) for kind in found.schema.types} == {"string"}
        assert found.to_pylist() == rows_of_table(tables, model)
        named = {key.decode(): value.decode() for key, value in found.schema.metadata.items()}
        assert named["release"] == newest_release(tables)
        assert named["licence"] == LICENCE
        assert named["title"] == model.TITLE
        for field in found.schema:
            described = model.model_fields[field.name].description
            assert field.metadata[b"description"].decode() == described


def test_xlsx_is_a_sheet_for_each_table(tables, tmp_path):
    export(tables, tmp_path / "all.xlsx", "xlsx")
    book = openpyxl.load_workbook(tmp_path / "all.xlsx", read_only=True)
    about, *sheets = book.worksheets
    said = [cell for row in about.iter_rows(values_only=True) for cell in row]
    assert newest_release(tables) in said
    assert LICENCE in said
    assert [sheet.title for sheet in sheets] == [name_of(model) for model in TABLES]
    for sheet, model in zip(sheets, TABLES, strict=True):
        rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
        assert rows == [columns_of(model), *cells(tables, model)]


def test_an_exported_workbook_can_be_edited_and_taken_back(tables, tmp_path):
    export(tables, tmp_path / "all.xlsx", "xlsx")
    data = (tmp_path / "all.xlsx").read_bytes()
    assert changes_in(data, "all.xlsx", tables, date.today()) == []


@pytest.mark.parametrize("out", ["all.zip", "all.json", "folder"])
def test_the_same_tables_make_the_same_bytes(tables, tmp_path, out):
    """In whatever order the rows were read."""
    shuffled = {file: list(reversed(rows)) for file, rows in tables.items()}
    kind = "parquet" if out == "folder" else format_for(tmp_path / out)
    first = export(tables, tmp_path / out, kind)
    second = export(shuffled, tmp_path / out, kind)
    assert first == second


def test_some_tables_as_csv_make_the_same_bytes(tables):
    assert csv_zip(tables, [RuleRow]) == csv_zip(tables, [RuleRow])


# -- what is asked for -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "named", "kind"),
    [
        ("a.zip", "", "csv"),
        ("a.json", "", "json"),
        ("a.JSON", "", "json"),
        ("a.parquet", "", "parquet"),
        ("a.xlsx", "", "xlsx"),
        ("folder", "", "csv"),
        ("there.d", "", "csv"),
        ("folder", "parquet", "parquet"),
        ("there.d", "parquet", "parquet"),
        ("a.zip", "csv", "csv"),
    ],
)
def test_the_ending_names_the_format(tmp_path, out, named, kind):
    (tmp_path / "there.d").mkdir()
    assert format_for(tmp_path / out, named) == kind


@pytest.mark.parametrize(
    ("out", "named", "says"),
    [
        ("a.csv", "", "CSV goes into a .zip or a folder, with its licence"),
        ("a.txt", "", "must end in .zip, .json, .parquet or .xlsx"),
        ("a.json", "csv", "CSV needs a folder or a file that ends in .zip, not 'a.json'."),
        ("folder", "json", "JSON needs a file that ends in .json"),
        ("there.d", "xlsx", "XLSX needs a file that ends in .xlsx"),
        ("a.zip", "parquet", "PARQUET needs a folder or"),
        ("a.zip", "tsv", "'tsv' is no format"),
    ],
)
def test_a_format_that_does_not_fit_is_refused(tmp_path, out, named, says):
    (tmp_path / "there.d").mkdir()
    with pytest.raises(ExportError) as refused:
        format_for(tmp_path / out, named)
    assert says in str(refused.value)


def test_tables_are_named_with_or_without_their_ending():
    assert models_of(["rules", "plans.csv"]) == [PlanRow, RuleRow]
    assert models_of() == list(TABLES)
    with pytest.raises(ExportError, match=r"There is no table 'rulse'\. Nearest: rules"):
        models_of(["rulse"])


def test_one_parquet_file_holds_one_table(tables, tmp_path):
    with pytest.raises(ExportError, match=r"give a folder instead of 'a\.parquet'"):
        export(tables, tmp_path / "a.parquet", "parquet")
    [written] = export(tables, tmp_path / "a.parquet", "parquet", [RuleRow])
    assert pq.read_table(written.path).num_rows == len(tables["rules.csv"])
    assert written.size == written.path.stat().st_size


# -- from the command line -------------------------------------------------------------------


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    out = tmp_path / "two.json"
    words = ["data", "export", "--out", out, "--table", "plans", "--table", "rules", "--json"]
    assert main(list(map(str, words))) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["licence"] == LICENCE
    assert said["release"] == load().release
    assert set(said["tables"]) == {"plans", "rules"}
    [file] = said["files"]
    assert file["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert set(json.loads(out.read_text(encoding="utf-8"))["tables"]) == {"plans", "rules"}
    assert main(["data", "export", "--out", str(tmp_path / "all.zip")]) == 0
    assert f"release {load().release}, CC-BY-4.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "a.csv"], "CSV goes into a .zip"),
        (["--out", "a.json", "--table", "rulse"], "Nearest: rules"),
        (["--out", "nowhere/a.json"], "nowhere"),
        (["--out", "a.json", "--format", "tsv"], "invalid choice"),
        ([], "--out"),
    ],
)
def test_a_bad_export_is_one_sentence_and_writes_nothing(
    tmp_path, monkeypatch, capsys, words, says
):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "export", *words]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_data_that_is_not_sound_is_not_exported(small, tmp_path, capsys):
    path = small / "rules.csv"
    path.write_text(path.read_text().replace("made-up-hearsay", "made-up-nothing"))
    out = tmp_path / "a.json"
    assert main(["--data", str(small), "data", "export", "--out", str(out)]) == 2
    assert "rules.csv, row" in capsys.readouterr().err
    assert not out.exists()


# -- a release's zip in the place of a folder ------------------------------------------------


@pytest.fixture
def packed(small, tmp_path):
    out = tmp_path / "release.zip"
    out.write_bytes(release_zip(read_tables(small)[0]))
    return out


def repacked(path, change):
    """The zip with its files changed by ``change``, a function of name -> content."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in files.items():
            new.writestr(name, content)
    return path


def test_a_zip_is_the_dataset_it_was_made_from(small, packed):
    assert dataset_at(packed) == dataset_at(small) == load(small)
    assert tables_at(packed) == tables_at(small)
    assert faults_at(packed) == faults_at(small) == []


def test_commands_take_a_zip(small, packed, capsys):
    assert main(["data", "validate", str(packed)]) == 0
    assert main(["--data", str(packed), "data", "validate"]) == 0
    assert main(["data", "diff", str(packed), str(small), "--json"]) == 0
    capsys.readouterr()
    assert main(["--data", str(packed), "plans", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    path = small / "rules.csv"
    path.write_text(path.read_text().replace("Made-up rule first-fill.", "Another rule."))
    assert main(["data", "diff", str(packed), str(small), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"]["changed"] == ["first-fill"]


def test_a_file_that_was_changed_after_packing_is_named(packed, capsys):
    def change(files):
        files["rules.csv"] = files["rules.csv"].replace(b"Made-up rule", b"Forged rule")

    repacked(packed, change)
    [fault] = faults_at(packed)
    assert str(fault) == "rules.csv: it is not the file that was packed: its checksum differs"
    with pytest.raises(DatasetError, match="it is not the file that was packed"):
        dataset_at(packed)
    assert main(["data", "validate", str(packed)]) == 1
    assert "rules.csv" in capsys.readouterr().out


def without(name):
    return lambda files: files.pop(name)


def holding(name, content):
    return lambda files: files.update({name: content})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without(DESCRIPTOR), "datapackage.json: the file is missing"),
        (holding(DESCRIPTOR, b"[1]"), "datapackage.json: it is no description"),
        (holding(DESCRIPTOR, b"\xff"), "datapackage.json: it is no description"),
        (holding(DESCRIPTOR, b"[" * 100_000), "datapackage.json: it is no description"),
        (without("plans.csv"), "plans.csv: it is not the file that was packed"),
    ],
)
def test_a_zip_that_is_not_whole_is_said(packed, change, says):
    repacked(packed, change)
    assert says in str(faults_at(packed)[0])
    with pytest.raises(DatasetError, match=r"datapackage\.json|plans\.csv"):
        tables_at(packed)


def unsummed(files):
    described = json.loads(files[DESCRIPTOR])
    for resource in described["resources"]:
        del resource["hash"]
    files[DESCRIPTOR] = json.dumps(described).encode()


def test_faults_of_the_rows_in_a_zip_are_named_too(packed):
    def change(files):
        unsummed(files)
        files["plans.csv"] = files["plans.csv"].replace(b",made-up-health,", b",nobody,")

    repacked(packed, change)
    assert any("'nobody' is not in payers.csv" in str(fault) for fault in faults_at(packed))


def test_a_zip_out_of_order_is_said(packed):
    def change(files):
        unsummed(files)
        header, *rows = files["plans.csv"].splitlines(keepends=True)
        files["plans.csv"] = b"".join([header, *reversed(rows)])

    repacked(packed, change)
    [fault] = faults_at(packed)
    assert str(fault) == "plans.csv: it is not in canonical form; run 'data format'"


@pytest.mark.parametrize(
    "name",
    ["../evil.csv", "/etc/evil.csv", "folder/rules.csv", "..\\evil.csv", "C:evil.csv", "folder/"],
)
def test_a_name_that_leads_elsewhere_is_refused(packed, tmp_path, name):
    before = sorted(tmp_path.rglob("*"))
    repacked(packed, holding(name, b"x"))
    for ask in (dataset_at, faults_at):
        with pytest.raises(ArchiveError, match="which lies in a folder"):
            ask(packed)
    assert sorted(tmp_path.rglob("*")) == before


def test_two_files_of_one_name_are_refused(packed):
    repacked(packed, holding("Rules.csv", b"x"))
    with pytest.raises(ArchiveError, match="two files of the same name"):
        dataset_at(packed)


def test_too_many_files_are_refused(packed):
    repacked(packed, lambda files: files.update({f"{n}.txt": b"" for n in range(100)}))
    with pytest.raises(ArchiveError, match="more than 100 files"):
        dataset_at(packed)


def test_what_grows_too_large_is_not_unpacked(packed, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 200_000)
    repacked(packed, holding("rules.csv", b"0" * 200_001))
    with pytest.raises(ArchiveError, match="grows too large"):
        dataset_at(packed)
    monkeypatch.setattr(archive, "LARGEST", 100)
    with pytest.raises(ArchiveError, match="too large for a release"):
        dataset_at(packed)


def test_a_zip_that_lies_about_its_sizes_is_counted(packed, monkeypatch):
    """The header says a few bytes; far more come."""
    repacked(packed, holding("rules.csv", b"0" * 5_000_000))
    data = packed.read_bytes()
    size = (5_000_000).to_bytes(4, "little")
    assert data.count(size) == 2
    packed.write_bytes(data.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises((ArchiveError, DatasetError)):
        dataset_at(packed)


@pytest.mark.parametrize("cut", [0, 10, 200, -1, -30])
def test_a_damaged_zip_is_one_sentence(packed, cut):
    packed.write_bytes(packed.read_bytes()[:cut])
    with pytest.raises(ArchiveError, match=r"release\.zip is no zip of a release, or it is dam"):
        dataset_at(packed)


def test_any_byte_that_is_wrong_is_noticed(packed):
    """No damage gives another dataset: it is refused, or what was hit is not used."""
    whole, right = packed.read_bytes(), tables_at(packed)
    for place in range(0, len(whole), 211):
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            assert tables_at(packed) == right
        except (ArchiveError, DatasetError):
            continue
