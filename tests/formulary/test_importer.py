"""The importer: recognise, count, all or nothing. With a source as simple as can be."""

import gzip
import shutil

import pytest
from sqlalchemy import event, select

from compound_coverage.database import StoreError
from compound_coverage.formulary import importer
from compound_coverage.formulary.importer import ImportFault, Options, import_paths
from compound_coverage.formulary.store import open_store
from compound_coverage.formulary.tables import (
    COUNTY,
    DRUG,
    DRUG_LIST,
    PLAN,
    PLAN_LIST,
    RELEASE,
    SET_ASIDE,
)


class Counties:
    """Reads ``*.counties``: one county code a line, and a few words that make it misbehave."""

    name = "counties"

    def __init__(self, series="counties"):
        self.series = series
        self.options = None

    def claims(self, member):
        return member.base.endswith(f".{self.name}")

    def read(self, claimed, sink, options):
        self.options = options
        label = ""
        for member in claimed:
            count = sink.file(member.name)
            with member.open() as stream:
                label, *codes = stream.read().decode().splitlines()
            for line, code in enumerate(codes, start=2):
                count.read += 1
                self.take(code, line, member.name, sink, count)
        return self.series, label

    def take(self, code, line, file, sink, count):
        if code == "fault":
            raise ImportFault("The file is not what it claims.")
        if code == "crash":
            raise RuntimeError("a mistake of ours")
        if code.startswith("odd"):
            return sink.set_aside(file, line, "odd", code)
        if code != "twice" and not sink.is_new("county", code):
            return sink.set_aside(file, line, "duplicate", code)
        sink.add(COUNTY, (sink.release_id, code, "Texas", "Travis", None, None, None, None))
        count.kept += 1
        return None


class Lists(Counties):
    """Reads ``*.lists``: plan keys a line, each with a list of one drug."""

    name = "lists"

    def take(self, code, line, file, sink, count):
        sink.add(PLAN, (sink.release_id, code, "P", "Q", "medicaid", *[None] * 5))
        list_id = sink.list_id("the same list")
        sink.add(PLAN_LIST, (sink.release_id, code, list_id))
        if sink.is_new("drug", list_id):
            sink.add(DRUG, (list_id, "1", "1", *[None] * 7))
        count.kept += 1


def write(folder, label, *codes, name="a.counties"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join([label, *codes]))
    return path


def bring(engine, path, *sources, **more):
    return import_paths(engine, [path], sources or [Counties()], **more)


def rows(engine, table, *columns):
    wanted = [table.c[column] for column in columns] or list(table.c)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*wanted).order_by(wanted[0]))]


def releases(engine):
    return rows(engine, RELEASE, "release_id", "source", "series", "label")


@pytest.fixture
def folder(tmp_path):
    """A folder for files to import; the store lies outside."""
    inside = tmp_path / "in"
    inside.mkdir()
    return inside


def test_what_a_report_says(engine, folder):
    write(folder, "2026", "1", "2", "odd one", "2", "odd two")
    write(folder, "", name="notes.txt")
    [report] = bring(engine, folder)
    assert (report.source, report.release, report.unclaimed) == ("counties", "2026", ("notes.txt",))
    assert (report.rows_read, report.rows_kept, report.rows_set_aside) == (5, 2, 3)
    assert report.reasons == {"odd": 2, "duplicate": 1}
    assert report.files["a.counties"] == importer.FileCount(5, 2, 3)
    assert report.seconds > 0
    kept = ("rows_read", "rows_kept", "rows_set_aside")
    assert rows(engine, RELEASE, *kept) == [(5, 2, 3)]
    assert rows(engine, SET_ASIDE, "line", "file", "reason", "text") == [
        (4, "a.counties", "odd", "odd one"),
        (5, "a.counties", "duplicate", "2"),
        (6, "a.counties", "odd", "odd two"),
    ]


def test_a_row_set_aside_is_cut_and_holds_no_nul(engine, folder):
    bring(engine, write(folder, "2026", "1", "odd\0" + "x" * 900))
    [(text,)] = rows(engine, SET_ASIDE, "text")
    assert len(text) == importer.LONGEST_TEXT
    assert text.startswith("odd\N{REPLACEMENT CHARACTER}x")


def test_options_reach_the_source(engine, folder):
    source = Counties()
    wanted = Options(ndcs=frozenset({"00000000001"}))
    bring(engine, write(folder, "2026", "1"), source, options=wanted)
    assert source.options is wanted


def test_progress_is_told_and_rows_are_written_in_batches(engine, folder, monkeypatch):
    monkeypatch.setattr(importer, "BATCH", 2)
    told = []
    bring(engine, write(folder, "2026", *"12345"), progress=lambda *what: told.append(what))
    assert told == [("county", 2), ("county", 2), ("county", 1)]
    assert len(rows(engine, COUNTY)) == 5


def test_two_sources_in_one_folder(engine, folder):
    write(folder, "2026", "1")
    write(folder, "2025", "P1", "P2", name="b.lists")
    reports = bring(engine, folder, Counties(), Lists("lists"))
    assert [report.source for report in reports] == ["counties", "lists"]
    assert [row[1:] for row in releases(engine)] == [
        ("counties", "counties", "2026"),
        ("lists", "lists", "2025"),
    ]
    assert len(rows(engine, PLAN_LIST)) == 2
    assert len(rows(engine, DRUG)) == 1


def test_the_first_source_that_knows_a_file_takes_it(engine, folder):
    class Anything(Counties):
        name = "anything"

        def claims(self, member):
            return True

    write(folder, "2026", "1")
    [report] = bring(engine, folder, Counties(), Anything())
    assert report.source == "counties"


def test_nothing_recognised(engine, folder):
    write(folder, "2026", name="notes.txt")
    write(folder, "2026", name="more.txt")
    with pytest.raises(ImportFault, match=r"None of the 2 files is of a known kind \(counties\)"):
        bring(engine, folder)
    (folder / "empty").mkdir()
    with pytest.raises(ImportFault, match="None of the 0 files"):
        bring(engine, folder / "empty")


@pytest.mark.parametrize(
    ("codes", "fault", "words"),
    [
        (["1", "fault"], ImportFault, "not what it claims"),
        (["1", "crash"], RuntimeError, "a mistake of ours"),
        (["odd", "odd"], ImportFault, r"No row of a\.counties could be understood"),
        ([], ImportFault, "No row of"),
        (["twice", "twice"], StoreError, "The database failed: .*; nothing was imported"),
    ],
)
def test_an_import_that_fails_leaves_the_release_before_it(
    engine, folder, monkeypatch, codes, fault, words
):
    monkeypatch.setattr(importer, "BATCH", 1)  # so that rows were written before the fault
    bring(engine, write(folder / "old", "2025", "1", "2"))
    before = (releases(engine), rows(engine, COUNTY))
    with pytest.raises(fault, match=words):
        bring(engine, write(folder / "new", "2026", *codes))
    assert (releases(engine), rows(engine, COUNTY)) == before
    assert rows(engine, SET_ASIDE) == []
    bring(engine, write(folder / "new", "2026", "3"))  # and the next one goes through
    assert [label for *_, label in releases(engine)] == ["2025", "2026"]


def test_the_first_of_two_sources_stands_if_the_second_fails(engine, folder):
    write(folder, "2026", "1")
    write(folder, "2026", "P1", "P1", name="b.lists")  # the same plan twice
    with pytest.raises(StoreError):
        bring(engine, folder, Counties(), Lists("lists"))
    assert [row[1] for row in releases(engine)] == ["counties"]


def test_an_archive_that_breaks_off_in_the_middle(engine, folder):
    bring(engine, write(folder, "2025", "1"))
    packed = gzip.compress("\n".join(["2026", *map(str, range(90_000))]).encode())
    path = folder / "b.counties.gz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ImportFault, match=r"damaged.*nothing was imported"):
        bring(engine, path)
    assert [label for *_, label in releases(engine)] == ["2025"]


def test_only_two_releases_of_a_series_are_kept(engine, folder):
    for label in ("2023", "2024", "2025", "2026"):
        bring(engine, write(folder, label, "1", "odd"))
        bring(engine, write(folder, label, "P1", "P2", name="b.lists"), Lists("lists"))
    kept = releases(engine)
    assert [(source, label) for _, source, _, label in kept] == [
        ("counties", "2025"),
        ("lists", "2025"),
        ("counties", "2026"),
        ("lists", "2026"),
    ]
    ids = {row[0] for row in kept}
    for table in (COUNTY, SET_ASIDE, PLAN, PLAN_LIST, DRUG_LIST):
        assert {release_id for (release_id,) in rows(engine, table, "release_id")} <= ids
    lists = rows(engine, DRUG_LIST, "list_id")
    assert rows(engine, DRUG, "list_id") == lists
    assert len(lists) == 2


def test_series_do_not_push_each_other_out(engine, folder):
    path = write(folder, "2026", "1")
    for series in ("a", "b", "c"):
        bring(engine, path, Counties(series))
    assert [series for _, _, series, _ in releases(engine)] == ["a", "b", "c"]


def test_a_reader_sees_the_old_release_until_the_new_one_is_whole(engine, folder, monkeypatch):
    monkeypatch.setattr(importer, "BATCH", 1)
    bring(engine, write(folder, "2025", "1"))
    seen = []
    bring(
        engine,
        write(folder, "2026", "1", "2", "3"),
        progress=lambda *_: seen.append([label for *_, label in releases(engine)]),
    )
    assert len(seen) >= 3
    assert all(labels == ["2025"] for labels in seen)


def test_a_full_disk_leaves_the_release_before_it(sqlite_url, folder, monkeypatch):
    monkeypatch.setattr(importer, "BATCH", 100)
    engine = open_store(sqlite_url)
    bring(engine, write(folder / "old", "2025", "1", "2"))
    before = (releases(engine), rows(engine, COUNTY))
    engine.dispose()

    def little_room(connection, _):
        [used] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {used + 2}")

    event.listen(engine, "connect", little_room)
    many = write(folder / "new", "2026", *map(str, range(10_000)))
    with pytest.raises(StoreError, match=r"full.*nothing was imported"):
        bring(engine, many)
    assert (releases(engine), rows(engine, COUNTY)) == before
    engine.dispose()
    event.remove(engine, "connect", little_room)
    bring(engine, many)
    assert len(rows(engine, COUNTY)) == 10_002
    engine.dispose()


def test_a_database_that_is_gone(sqlite_url, folder):
    engine = open_store(sqlite_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE county")
    with pytest.raises(StoreError, match="no such table: county"):
        bring(engine, write(folder, "2026", "1"))
    assert releases(engine) == []
    engine.dispose()


def test_a_folder_that_cannot_hold_a_database(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="can't be opened"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'x.sqlite'}")
    shutil.copy(tmp_path / "file", tmp_path / "x.sqlite")
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{tmp_path / 'x.sqlite'}")
