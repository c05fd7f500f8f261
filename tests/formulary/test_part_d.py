"""Medicare Part D public use files: real sample rows, every quirk, every reason to set aside."""

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bench.generate_part_d import NALTREXONE, generate
from compound_coverage.formulary.archives import ArchiveError, Member
from compound_coverage.formulary.importer import ImportFault, Options, import_paths
from compound_coverage.formulary.sources import part_d
from compound_coverage.formulary.sources.part_d import PartD
from compound_coverage.formulary.store import open_store
from compound_coverage.formulary.tables import (
    COST,
    COUNTY,
    DRUG,
    DRUG_LIST,
    INDICATION,
    INSULIN_COST,
    PHARMACY,
    PLAN,
    PLAN_AREA,
    PLAN_LIST,
    PRICE,
    RELEASE,
    SET_ASIDE,
    SUPPLEMENT,
)
from tests.formulary.trying import EXAMPLES

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "cms-part-d-spuf"
SAMPLE_ROWS = {  # from its README
    "plan information PPUF_2026Q1.txt": 9,
    "geographic locator file PPUF_2026Q1.txt": 60,
    "basic drugs formulary file PPUF_2026Q1.txt": 2,
    "insulin beneficiary cost file PPUF_2026Q1.txt": 6,
    "beneficiary cost file PPUF_2026Q1.txt": 15,
}
HEADERS = {
    "plan": "CONTRACT_ID|PLAN_ID|SEGMENT_ID|CONTRACT_NAME|PLAN_NAME|FORMULARY_ID|PREMIUM|DEDUCTIBLE"
    "|MA_REGION_CODE|PDP_REGION_CODE|STATE|COUNTY_CODE|SNP|PLAN_SUPPRESSED_YN",
    "county": "COUNTY_CODE|STATENAME|COUNTY|MA_REGION_CODE|MA_REGION|PDP_REGION_CODE|PDP_REGION",
    "drug": "FORMULARY_ID|FORMULARY_VERSION|CONTRACT_YEAR|RXCUI|NDC|TIER_LEVEL_VALUE"
    "|QUANTITY_LIMIT_YN|QUANTITY_LIMIT_AMOUNT|QUANTITY_LIMIT_DAYS|PRIOR_AUTHORIZATION_YN"
    "|STEP_THERAPY_YN|SELECTED_DRUG_YN",
    "supplement": "CONTRACT_ID|PLAN_ID|RXCUI|TIER|QUANTITY_LIMIT_YN|QUANTITY_LIMIT_AMOUNT"
    "|QUANTITY_LIMIT_DAYS|PRIOR_AUTH_YN|STEP_THERAPY_YN|CAPPED_BENEFIT_YN",
    "indication": "CONTRACT_ID|PLAN_ID|RXCUI|DISEASE",
    "cost": "CONTRACT_ID|PLAN_ID|SEGMENT_ID|COVERAGE_LEVEL|TIER|DAYS_SUPPLY|"
    + "|".join(
        f"COST_{what}_{channel}"
        for channel in ("PREF", "NONPREF", "MAIL_PREF", "MAIL_NONPREF")
        for what in ("TYPE", "AMT", "MIN_AMT", "MAX_AMT")
    )
    + "|TIER_SPECIALTY_YN|DED_APPLIES_YN",
    "insulin": "CONTRACT_ID|PLAN_ID|SEGMENT_ID|TIER|DAYS_SUPPLY|copay_amt_pref_insln"
    "|copay_amt_nonpref_insln|copay_amt_mail_pref_insln|copay_amt_mail_nonpref_insln"
    "|coin_amt_pref_insln|coin_amt_nonpref_insln|coin_amt_mail_pref_insln"
    "|coin_amt_mail_nonpref_insln",
    "price": "CONTRACT_ID|PLAN_ID|SEGMENT_ID|NDC|DAYS_SUPPLY|UNIT_COST",
    "pharmacy": "CONTRACT_ID|PLAN_ID|SEGMENT_ID|PHARMACY_NUMBER|PHARMACY_ZIPCODE"
    "|PREFERRED_STATUS_RETAIL|PREFERRED_STATUS_MAIL|PHARMACY_RETAIL|PHARMACY_MAIL|IN_AREA_FLAG"
    "|FLOOR_PRICE",
}
FILES = {
    "plan": "plan information  PPUF_2026Q1.txt",
    "county": "geographic locator file PPUF_2026Q1.txt",
    "drug": "basic drugs formulary file  PPUF_2026Q1.txt",
    "supplement": "excluded drugs formulary file  PPUF_2026Q1.txt",
    "indication": "Indication Based Coverage Formulary File  PPUF_2026Q1.txt",
    "cost": "beneficiary cost file  PPUF_2026Q1.txt",
    "insulin": "insulin beneficiary cost file  PPUF_2026Q1.txt",
    "price": "pricing file PPUF_2026Q1.txt",
    "pharmacy": "pharmacy networks file  PPUF_2026Q1 part 1.txt",
}
PLAN_ROW = "H1111|001|000|INSURER INC.|Plan One (HMO)|00000001|12.50|615| | |MO|26000|2|N"
DRUG_ROW = "00000001|9|2026|1483744|00406117003|2|Y|30|30|Y|N|N"
COST_ROW = "H1111|001|000|1|1|1" + "|1|5|0|0|1|10|0|0|2|0.25|0|0|0| | | " + "|N|Y"
INSULIN_ROW = "H1111|001|000|1|1| |35.00|35.00|35.00| |0.25|0.25|0.25"
CORE = {"plan": [PLAN_ROW], "drug": [DRUG_ROW]}


def write(folder, rows, headers=HEADERS, files=FILES):
    """A release with these rows by table, as the agency writes it: CRLF and Windows-1252."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, lines in rows.items():
        text = "".join(f"{line}\r\n" for line in [headers[table], *lines])
        content = text.encode("cp1252", "surrogateescape")
        (folder / files[table]).write_bytes(content)
    return folder


NOTHING_ASKED = Options()


def bring_in(engine, *paths, options=NOTHING_ASKED):
    [report] = import_paths(engine, paths, [PartD()], options)
    for count in report.files.values():
        assert count.read == count.kept + count.set_aside
    return report


def rows_of(engine, table, *columns):
    with engine.connect() as connection:
        chosen = [table.c[name] for name in columns] or [table]
        return sorted(map(tuple, connection.execute(select(*chosen))), key=repr)


@pytest.fixture
def only_sqlite(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path / 'one.sqlite'}")
    yield opened
    opened.dispose()


# --- the real sample ---------------------------------------------------------------------------


def test_sample_comes_in_whole(engine):
    report = bring_in(engine, SAMPLE)
    assert {name: count.kept for name, count in report.files.items()} == SAMPLE_ROWS
    assert report.rows_set_aside == 0
    assert (report.source, report.release) == ("part-d", "2026Q1")
    assert "README.md" in report.unclaimed
    [release] = rows_of(engine, RELEASE, "source", "series", "label", "rows_kept")
    assert release == ("part-d", "part-d", "2026Q1", 92)


def test_sample_values(engine):
    bring_in(engine, SAMPLE)
    assert rows_of(engine, PLAN)[0][1:] == (
        "H4461-046-000",
        "Humana Total Complete H4461-046 (HMO)",
        "CARITEN HEALTH PLAN INC.",
        "medicare_part_d",
        2026,
        0.0,
        615.0,
        "none",
        0,
    )
    areas = rows_of(engine, PLAN_AREA, "kind", "code")
    assert ("state", "MO") in areas
    assert len(areas) == 10
    assert ("county", "26030") in areas
    drugs = rows_of(engine, DRUG)
    assert [row[1:] for row in drugs] == [
        ("1604544", "3", "00024586903", None, 0, 0, 0, None, None),
        ("596934", "2", "27241009990", None, 0, 0, 1, "60", "30"),
    ]
    [(list_id, key)] = rows_of(engine, DRUG_LIST, "list_id", "list_key")
    assert key == "00026408"
    assert rows_of(engine, PLAN_LIST, "plan_key", "list_id") == [("H4461-046-000", list_id)]
    first_cost = next(row for row in rows_of(engine, COST) if row[2:5] == (0, "1", 1))
    assert first_cost[5:] == (0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 10, 0, 0, 0, 0)
    first_insulin = next(row for row in rows_of(engine, INSULIN_COST) if row[2:4] == ("3", 2))
    assert first_insulin[4:] == (None, 105, 95, 105, None, 0.25, 0.25, 0.25)
    assert ("26000", "Missouri", "Adair", "15", "Arkansas and Missouri", "18", "Missouri") in [
        row[1:] for row in rows_of(engine, COUNTY)
    ]


# --- recognising -------------------------------------------------------------------------------


def member(name, content=b""):
    return Member(name, lambda: io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plan information  PPUF_2026Q1.txt", part_d.PLANS),
        ("a.zip/b.zip/PLAN INFORMATION  20260531.TXT", part_d.PLANS),
        ("plan_information_PPUF_2026Q1.txt", part_d.PLANS),
        ("geographic locator file  PPUF_2026Q1.txt", part_d.COUNTIES),
        ("insulin beneficiary cost file  PPUF_2026Q1.txt", part_d.INSULIN),
        ("beneficiary cost file  PPUF_2026Q1.txt", part_d.COSTS),
        ("excluded drugs formulary file  20260531.txt", part_d.SUPPLEMENTS),
        ("basic drugs formulary file  20260531.txt", part_d.DRUGS),
        ("Indication Based Coverage Formulary File  PPUF_2026Q1.txt", part_d.INDICATIONS),
        ("pricing file PPUF_2026Q1.txt", part_d.PRICES),
        ("pharmacy networks file  PPUF_2026Q1 part 6.txt", part_d.PHARMACIES),
        ("plan information.pdf", None),
        ("SPUFRecordLayout-2026.pdf", None),
    ],
)
def test_recognised_by_name(name, kind):
    assert part_d._kind_of(member(name)) is kind
    assert PartD().claims(member(name)) is (kind is not None)


@pytest.mark.parametrize("table", HEADERS)
def test_recognised_by_header(table):
    by_name = part_d._kind_of(member(FILES[table]))
    header = HEADERS[table].lower().encode()
    assert part_d._kind_of(member("data.txt", header + b"\r\n1|2")) is by_name
    assert part_d._kind_of(member("data", b"\xef\xbb\xbf" + header)) is by_name


def test_nameless_files_take_their_release_from_the_contract_year(only_sqlite, tmp_path):
    files = {"plan": "one.txt", "drug": "two.txt"}
    report = bring_in(only_sqlite, write(tmp_path / "in", CORE, files=files))
    assert report.release == "2026"
    assert rows_of(only_sqlite, PLAN, "year") == [(2026,)]


def test_nameless_files_without_a_year(only_sqlite, tmp_path):
    files = {"plan": "one.txt", "drug": "two.txt"}
    headers = HEADERS | {"drug": HEADERS["drug"].replace("CONTRACT_YEAR", "WHATEVER")}
    report = bring_in(only_sqlite, write(tmp_path / "in", CORE, headers, files))
    assert report.release == "undated"
    assert rows_of(only_sqlite, PLAN, "year") == [(None,)]


def test_monthly_names(only_sqlite, tmp_path):
    files = {k: v.replace("PPUF_2026Q1", "20261031") for k, v in FILES.items()}
    rows = CORE | {"drug": [DRUG_ROW.replace("|2026|", "|2027|")]}
    report = bring_in(only_sqlite, write(tmp_path / "in", rows, files=files))
    assert report.release == "2026-10-31"
    # the October file already holds next year's plans
    assert rows_of(only_sqlite, PLAN, "year") == [(2027,)]


def test_a_number_that_is_no_date_is_no_release(only_sqlite, tmp_path):
    files = {k: v.replace("PPUF_2026Q1", "20261399") for k, v in FILES.items()}
    assert bring_in(only_sqlite, write(tmp_path / "in", CORE, files=files)).release == "2026"


def test_mixed_releases_are_refused(only_sqlite, tmp_path):
    write(tmp_path / "in", CORE)
    files = {k: v.replace("2026Q1", "2025Q4") for k, v in FILES.items()}
    write(tmp_path / "in", {"county": []}, files=files)
    with pytest.raises(ImportFault, match=r"2026Q1.*2025Q4|2025Q4.*2026Q1"):
        bring_in(only_sqlite, tmp_path / "in")


@pytest.mark.parametrize("shape", ["folder", "zip of zips", "bundle", "gzip"])
def test_any_wrapping(only_sqlite, tmp_path, shape):
    folder = write(tmp_path / "in", CORE)
    if shape == "gzip":
        for path in list(folder.iterdir()):
            (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    elif shape != "folder":
        outer = tmp_path / "SPUF_2026_20260408.zip"
        with zipfile.ZipFile(outer, "w") as zipped:
            for path in folder.iterdir():
                inner = tmp_path / f"{path.stem.lower()}.zip"
                with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as one:
                    one.write(path, path.name)
                zipped.write(inner, inner.name)
        folder = outer
        if shape == "bundle":
            folder = tmp_path / "bundle.zip"
            with zipfile.ZipFile(folder, "w") as bundle:
                bundle.write(outer, f"2026-Q1/{outer.name}")
    report = bring_in(only_sqlite, folder)
    assert (report.release, report.rows_kept) == ("2026Q1", 2)


# --- files as a whole ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ({"plan": [PLAN_ROW]}, "basic drugs formulary"),
        ({"drug": [DRUG_ROW], "cost": [COST_ROW]}, "plan information"),
    ],
)
def test_half_a_release_is_refused(only_sqlite, tmp_path, rows, missing):
    with pytest.raises(ImportFault, match=f"no '{missing}' file; add it"):
        bring_in(only_sqlite, write(tmp_path / "in", rows))


def test_additional_tables_alone_do_not_push_out_the_plans(only_sqlite, tmp_path):
    bring_in(only_sqlite, write(tmp_path / "full", CORE))
    for n in range(3):
        more = write(tmp_path / f"more{n}", {"cost": [COST_ROW]})
        assert bring_in(only_sqlite, more).rows_kept == 1
    series = [series for (series,) in rows_of(only_sqlite, RELEASE, "series")]
    assert series == ["part-d", "part-d: beneficiary cost", "part-d: beneficiary cost"]
    assert rows_of(only_sqlite, PLAN, "plan_key") == [("H1111-001-000",)]


@pytest.mark.parametrize("table", ["plan", "drug"])
@pytest.mark.parametrize("rows", [[], ["nonsense"]])
def test_needed_table_without_a_readable_row(only_sqlite, tmp_path, table, rows):
    with pytest.raises(ImportFault, match="holds no row that could be understood"):
        bring_in(only_sqlite, write(tmp_path / "in", CORE | {table: rows}))


def test_needed_column_missing(only_sqlite, tmp_path):
    headers = HEADERS | {"drug": HEADERS["drug"].replace("RXCUI|", "RX|")}
    with pytest.raises(ImportFault, match="does not name the column RXCUI"):
        bring_in(only_sqlite, write(tmp_path / "in", CORE, headers))


def test_column_named_twice(only_sqlite, tmp_path):
    headers = HEADERS | {"drug": HEADERS["drug"].replace("SELECTED_DRUG_YN", "RXCUI")}
    with pytest.raises(ImportFault, match="names the column RXCUI twice"):
        bring_in(only_sqlite, write(tmp_path / "in", CORE, headers))


@pytest.mark.parametrize(
    "content", [b"", PLAN_ROW.encode(), b"%PDF-1.7\n" + bytes(range(256)), b"x" * 200_000]
)
def test_not_the_table_it_is_named_for(only_sqlite, tmp_path, content):
    folder = write(tmp_path / "in", CORE)
    (folder / FILES["plan"]).write_bytes(content)
    with pytest.raises(ImportFault, match="its first line does not name the column CONTRACT_ID"):
        bring_in(only_sqlite, folder)


# --- columns and text ---------------------------------------------------------------------------


def turned(line):
    return "|".join(reversed(line.split("|")))


def test_columns_in_any_order_and_number(only_sqlite, tmp_path):
    rows = CORE | {"insulin": ["H1111|001|000|.|4|1.00|2.00|3.00|4.00"]}
    insulin = "|".join(HEADERS["insulin"].split("|")[:9])  # as in 2025
    headers = {name: turned(header) for name, header in (HEADERS | {"insulin": insulin}).items()}
    headers["drug"] = headers["drug"].replace("SELECTED_DRUG_YN|", "", 1) + "|NEW_COLUMN"
    lines = {name: [turned(line) for line in found] for name, found in rows.items()}
    lines["drug"] = [turned(DRUG_ROW).split("|", 1)[1] + "|?"]
    report = bring_in(only_sqlite, write(tmp_path / "in", lines, headers))
    assert report.rows_set_aside == 0
    assert rows_of(only_sqlite, DRUG)[0][1:] == (
        "1483744", "2", "00406117003", None, 1, 0, 1, "30", "30",
    )  # fmt: skip
    assert rows_of(only_sqlite, INSULIN_COST)[0][2:] == (
        "all", 4, 1.0, 2.0, 3.0, 4.0, None, None, None, None,
    )  # fmt: skip


def test_windows_1252_crlf_and_padding(engine, tmp_path):
    row = PLAN_ROW.replace("Plan One (HMO)", " Óptimo “Plus” ").replace("12.50", " 12.50")
    bring_in(engine, write(tmp_path / "in", CORE | {"plan": [row, "", "   "]}))
    assert rows_of(engine, PLAN, "name", "premium") == [("Óptimo “Plus”", 12.5)]


def test_lines_end_in_lf_and_the_last_one_in_nothing(only_sqlite, tmp_path):
    folder = write(tmp_path / "in", CORE)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").rstrip())
    assert bring_in(only_sqlite, folder).rows_kept == 2
    assert rows_of(only_sqlite, PLAN, "suppressed") == [(0,)]


def test_missing_is_unknown(engine, tmp_path):
    rows = {
        "plan": ["H1111|001|000|INSURER INC.|Plan One|00000001| |.| | | | | | "],
        "county": ["26000|Missouri|Adair| | | | "],
        "drug": ["00000001| | |1483744| |2| |.| | | | "],
        "supplement": ["H1111|001|1|1| | | | | | "],
        "cost": ["H1111|001|000|0|1|1" + "| " * 16 + "| | "],
        "insulin": ["H1111|001|000|.|1" + "|." * 8],
    }
    assert bring_in(engine, write(tmp_path / "in", rows)).rows_set_aside == 0
    assert rows_of(engine, PLAN)[0][6:] == (None,) * 4
    assert rows_of(engine, PLAN_AREA) == []
    assert rows_of(engine, COUNTY)[0][4:] == (None,) * 4
    assert rows_of(engine, DRUG)[0][3:] == (None,) * 7
    assert rows_of(engine, SUPPLEMENT)[0][4:] == (None,) * 6
    assert rows_of(engine, COST)[0][5:] == (None,) * 18
    assert rows_of(engine, INSULIN_COST)[0][2:] == ("all", 1, *(None,) * 8)


def test_flags_written_as_digits(only_sqlite, tmp_path):
    rows = CORE | {"drug": ["00000001|9|2026|1483744|00406117003|2|1|30|30|0|1|0"]}
    bring_in(only_sqlite, write(tmp_path / "in", rows))
    flags = ("prior_authorization", "step_therapy", "quantity_limit")
    assert rows_of(only_sqlite, DRUG, *flags) == [(0, 1, 1)]


# --- plans -------------------------------------------------------------------------------------


def test_areas_by_kind_of_contract(engine, tmp_path):
    end = "INSURER INC.|Plan|00000001|0|0"
    rows = CORE | {
        "plan": [
            f"H1111|001|000|{end}|07|08|MO|26000|0|N",
            f"H1111|001|000|{end}|07|08|MO|26010|0|N",
            f"R2222|001|000|{end}|15| | | |1|N",
            f"S3333|001|000|{end}| |18| | |3|Y",
        ]
    }
    assert bring_in(engine, write(tmp_path / "in", rows)).rows_set_aside == 0
    assert rows_of(engine, PLAN_AREA, "plan_key", "kind", "code") == [
        ("H1111-001-000", "county", "26000"),
        ("H1111-001-000", "county", "26010"),
        ("H1111-001-000", "state", "MO"),
        ("R2222-001-000", "ma_region", "15"),
        ("S3333-001-000", "pdp_region", "18"),
    ]
    assert rows_of(engine, PLAN, "plan_key", "special_needs", "suppressed") == [
        ("H1111-001-000", "none", 0),
        ("R2222-001-000", "chronic", 0),
        ("S3333-001-000", "institutional", 1),
    ]


def test_formularies_without_plans_and_plans_without_formulary(only_sqlite, tmp_path):
    rows = {
        "plan": [PLAN_ROW, PLAN_ROW.replace("001|000", "002|000").replace("00000001", " ")],
        "drug": [DRUG_ROW, DRUG_ROW.replace("00000001", "00000002")],
    }
    bring_in(only_sqlite, write(tmp_path / "in", rows))
    assert rows_of(only_sqlite, DRUG_LIST, "list_key") == [("00000001",), ("00000002",)]
    assert rows_of(only_sqlite, PLAN_LIST, "plan_key") == [("H1111-001-000",)]
    assert len(rows_of(only_sqlite, DRUG)) == 2


def test_one_drug_in_two_tiers_stays(only_sqlite, tmp_path):
    rows = CORE | {"drug": [DRUG_ROW, DRUG_ROW.replace("|2|Y", "|3|Y")]}
    bring_in(only_sqlite, write(tmp_path / "in", rows))
    assert rows_of(only_sqlite, DRUG, "tier") == [("2",), ("3",)]


# --- rows set aside -----------------------------------------------------------------------------

WRONG = [
    ("plan", PLAN_ROW + "|", part_d.WRONG_FIELDS),
    ("plan", "\x1a", part_d.WRONG_FIELDS),
    ("plan", PLAN_ROW.replace("H1111", "1111"), part_d.BAD_PLAN_ID),
    ("plan", PLAN_ROW.replace("|001|", "|1|"), part_d.BAD_PLAN_ID),
    ("plan", PLAN_ROW.replace("|000|", "| |"), part_d.BAD_PLAN_ID),
    ("plan", PLAN_ROW.replace("|001|", "|0²1|"), part_d.BAD_PLAN_ID),
    ("plan", PLAN_ROW, part_d.DUPLICATE),
    ("plan", PLAN_ROW.replace("26000", "26010").replace("615", "0"), part_d.CONTRADICTS),
    ("plan", PLAN_ROW.replace("26000", "26010").replace("One", "Two"), part_d.CONTRADICTS),
    ("plan", PLAN_ROW.replace("26000", "2600"), part_d.BAD_AREA),
    ("plan", PLAN_ROW.replace("MO", "M0"), part_d.BAD_AREA),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("INSURER INC.", " "), part_d.NO_NAME),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("12.50", "-1"), part_d.BAD_NUMBER),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("12.50", "nan"), part_d.BAD_NUMBER),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("12.50", "1_0"), part_d.BAD_NUMBER),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("|2|N", "|9|N"), part_d.BAD_CODE),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("|2|N", "|2|?"), part_d.BAD_FLAG),
    ("plan", PLAN_ROW.replace("|001|", "|002|").replace("00000001", "#"), part_d.BAD_FORMULARY_ID),
    ("plan", PLAN_ROW.replace("One", "O\0ne"), part_d.NUL),
    ("plan", PLAN_ROW.replace("One", "O\udc81ne"), part_d.NOT_WINDOWS_1252),
    ("plan", PLAN_ROW.replace("One", "One" * 50_000), part_d.TOO_LONG),
    ("county", "2600|Missouri|Adair|15|A|18|M", part_d.BAD_AREA),
    ("county", " |Missouri|Adair|15|A|18|M", part_d.BAD_AREA),
    ("county", "26010|Missouri| |15|A|18|M", part_d.NO_NAME),
    ("county", "26000|Missouri|Again|15|A|18|M", part_d.DUPLICATE),
    ("drug", DRUG_ROW.replace("00000001", " "), part_d.BAD_FORMULARY_ID),
    ("drug", DRUG_ROW.replace("1483744", " "), part_d.BAD_RXCUI),
    ("drug", DRUG_ROW.replace("1483744", "14²"), part_d.BAD_RXCUI),
    ("drug", DRUG_ROW.replace("1483744", "123456789"), part_d.BAD_RXCUI),
    ("drug", DRUG_ROW.replace("00406117003", "406117003"), part_d.BAD_NDC),
    ("drug", DRUG_ROW.replace("00406117003", "0040611700X"), part_d.BAD_NDC),
    ("drug", DRUG_ROW.replace("|2|Y", "|8|Y"), part_d.BAD_TIER),
    ("drug", DRUG_ROW.replace("|2|Y", "| |Y"), part_d.BAD_TIER),
    ("drug", DRUG_ROW.replace("|Y|N|N", "|?|N|N"), part_d.BAD_FLAG),
    ("drug", DRUG_ROW.replace("|30|30|", "|many|30|"), part_d.BAD_NUMBER),
    ("drug", DRUG_ROW, part_d.DUPLICATE),
    ("drug", DRUG_ROW.replace("|Y|30|30|Y|", "|N| | |N|"), part_d.DUPLICATE),
    ("drug", HEADERS["drug"], part_d.BAD_FORMULARY_ID),
    ("supplement", "H1111|1|1|1|1|6|30|N|N|N", part_d.BAD_PLAN_ID),
    ("supplement", "H1111|001|1|1|1|6|30|N|N|N", part_d.DUPLICATE),
    ("supplement", "H1111|001|2|1|1|6|30|N|N|maybe", part_d.BAD_FLAG),
    ("supplement", "H1111|001|x|1|1|6|30|N|N|N", part_d.BAD_RXCUI),
    ("supplement", "H1111|001|2|0|1|6|30|N|N|N", part_d.BAD_TIER),
    ("indication", "H1111|001|1|ASTHMA", part_d.DUPLICATE),
    ("indication", "H1111|001|1| ", part_d.NO_NAME),
    ("cost", COST_ROW, part_d.DUPLICATE),
    ("cost", COST_ROW.replace("|000|1|1|1|", "|000|4|1|1|"), part_d.BAD_CODE),
    ("cost", COST_ROW.replace("|000|1|1|1|", "|000|1|1|5|"), part_d.BAD_CODE),
    ("cost", COST_ROW.replace("|000|1|1|1|", "|000|1|.|1|"), part_d.BAD_TIER),
    ("cost", COST_ROW.replace("|2|0.25|", "|3|0.25|"), part_d.BAD_CODE),
    ("cost", COST_ROW.replace("|2|0.25|", "|2|25|"), part_d.ABOVE_WHOLE),
    ("cost", COST_ROW.replace("|1|10|", "|1|ten|"), part_d.BAD_NUMBER),
    ("cost", COST_ROW.replace("|N|Y", "|N|2"), part_d.BAD_FLAG),
    ("insulin", INSULIN_ROW, part_d.DUPLICATE),
    ("insulin", INSULIN_ROW.replace("|000|1|1|", "|000| |1|"), part_d.BAD_TIER),
    ("insulin", INSULIN_ROW.replace("|000|1|1|", "|000|1|30|"), part_d.BAD_CODE),
    ("insulin", INSULIN_ROW.replace("|0.25|0.25|0.25", "|0.25|0.25|25"), part_d.ABOVE_WHOLE),
]
GOOD = CORE | {
    "county": ["26000|Missouri|Adair|15|Arkansas and Missouri|18|Missouri"],
    "supplement": ["H1111|001|1|1|1|6|30|N|N|N"],
    "indication": ["H1111|001|1|ASTHMA", "H1111|001|1|COLITIS, ULCERATIVE"],
    "cost": [COST_ROW],
    "insulin": [INSULIN_ROW],
}


def test_every_wrong_row_is_set_aside_and_stops_nothing(engine, tmp_path):
    rows = {
        table: [*good, *(line for where, line, _ in WRONG if where == table)]
        for table, good in GOOD.items()
    }
    last = {  # what comes after the wrong rows is still read
        "plan": PLAN_ROW.replace("26000", "26020"),
        "drug": DRUG_ROW.replace("1483744", "7243"),
    }
    for table, line in last.items():
        rows[table].append(line)
    report = bring_in(engine, write(tmp_path / "in", rows))
    found = {
        (file, line): (reason, text)
        for file, line, reason, text in rows_of(engine, SET_ASIDE, "file", "line", "reason", "text")
    }
    assert len(found) == len(WRONG) == report.rows_set_aside == sum(report.reasons.values())
    for table, good in GOOD.items():
        wrong = [(line, reason) for where, line, reason in WRONG if where == table]
        for number, (line, reason) in enumerate(wrong, start=2 + len(good)):
            got, text = found[FILES[table], number]
            assert got == reason, line
            shown = line.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\udc81", "?")
            assert text == shown[:500]
    kept = sum(map(len, GOOD.values())) + len(last)
    assert report.rows_kept == kept
    assert ("7243",) in rows_of(engine, DRUG, "rxcui")
    assert ("26020",) in rows_of(engine, PLAN_AREA, "code")


def test_every_reason_is_shown_here():
    prices = {part_d.BAD_PHARMACY}  # below
    reasons = {
        value
        for name, value in vars(part_d).items()
        if name.isupper() and isinstance(value, str) and " " in value
    }
    assert reasons == {reason for _, _, reason in WRONG} | prices


# --- prices and pharmacies ----------------------------------------------------------------------

BIG = {
    "plan": [
        PLAN_ROW,
        PLAN_ROW.replace("H1111", "H9999").replace("MO|26000", "KS|17000"),
        "R2222|001|000|INSURER INC.|Plan|00000001|0|0|15| | | |0|N",
        "S3333|001|000|INSURER INC.|Plan|00000001|0|0| |18| | |0|N",
        "S4444|001|000|INSURER INC.|Plan|00000001|0|0| |24| | |0|N",
    ],
    "drug": [DRUG_ROW],
    "county": [
        "26000|Missouri|Adair|15|Arkansas and Missouri|18|Missouri",
        "26010|Missouri|Andrew|15|Arkansas and Missouri|18|Missouri",
        "04000|Arkansas|Arkansas|15|Arkansas and Missouri|19|Arkansas",
        "17000|Kansas|Allen| | |24|Kansas",
    ],
    "price": [
        "H1111|001|000|00406117003|30|1.2500",
        "H1111|001|000|00406117003|90| ",
        "H1111|001|000|99999999999|30|1.2500",  # not asked for
        "H1111|001|000|00406117003|30|2.0000",
        "H1111|001|000|00406117003|45|2.0000",
        "H1111|001|000|00406117003|60|free",
        "H1111|001|000|00406117003|60",
    ],
    "pharmacy": [
        "H1111|001|000|101234567893|63501|Y|N|Y|N|1|0.5000",
        "R2222|001|000|101234567893| |N|N|Y|Y|1| ",
        "S3333|001|000|101234567893|63501|N|N|Y| |1| ",
        "S4444|001|000|101234567893|66000|N|N|Y|N|1| ",  # Kansas
        "H9999|001|000|101234567893|66000|N|N|Y|N|1| ",  # Kansas
        "H1111|001|000|101234567894|63501|N|N|Y|N|0| ",  # not in the area
        "H1111|001|000|101234567893|63501|N|N|Y|N|1| ",
        "H1111|001|000|1234567893|63501|N|N|Y|N|1| ",
        "H1111|001|000|101234567895|6350|N|N|Y|N|1| ",
        "H1111|001|000|101234567896|63501|?|N|Y|N|1| ",
    ],
}
ASKED = Options(ndcs=frozenset({"00406117003"}), states=frozenset({"mo"}))


def test_prices_of_the_drugs_asked_for(engine, tmp_path):
    report = bring_in(engine, write(tmp_path / "in", BIG), options=ASKED)
    assert rows_of(engine, PRICE, "plan_key", "ndc", "days_supply", "unit_cost") == [
        ("H1111-001-000", "00406117003", 30, 1.25),
        ("H1111-001-000", "00406117003", 90, None),
    ]
    assert report.files[FILES["price"]].set_aside == 4


def test_pharmacies_in_the_states_asked_for(engine, tmp_path):
    report = bring_in(engine, write(tmp_path / "in", BIG), options=ASKED)
    assert [row[1:] for row in rows_of(engine, PHARMACY)] == [
        ("H1111-001-000", "1234567893", "63501", 1, 0, 1, 0, 1),
        ("R2222-001-000", "1234567893", None, 0, 0, 1, 1, 1),
        ("S3333-001-000", "1234567893", "63501", 0, 0, 1, None, 1),
    ]
    assert report.files[FILES["pharmacy"]].set_aside == 4
    assert report.reasons[part_d.BAD_PHARMACY] == 2


def test_big_tables_are_skipped_but_listed_when_nothing_is_asked(only_sqlite, tmp_path):
    report = bring_in(only_sqlite, write(tmp_path / "in", BIG))
    for table in ("price", "pharmacy"):
        assert report.files[FILES[table]].read == 0
    assert rows_of(only_sqlite, PRICE) == rows_of(only_sqlite, PHARMACY) == []


@pytest.mark.parametrize("missing", ["county", "plan"])
def test_states_can_only_be_told_with_plans_and_counties(only_sqlite, tmp_path, missing):
    rows = {table: lines for table, lines in BIG.items() if table != missing}
    if missing == "plan":
        del rows["drug"]
    with pytest.raises(ImportFault, match="To choose pharmacies by state"):
        bring_in(only_sqlite, write(tmp_path / "in", rows), options=ASKED)


# --- the generator, and anything at all ---------------------------------------------------------


@pytest.mark.parametrize("zipped", [False, True])
def test_generated_release_comes_in_whole(only_sqlite, tmp_path, zipped):
    counts = generate(tmp_path / "in", 0.01, 3, zipped, price_rows=2_000, pharmacy_rows=2_000)
    options = Options(ndcs=frozenset({NALTREXONE[1]}), states=frozenset({"AB"}))
    report = bring_in(only_sqlite, tmp_path / "in", options=options)
    assert report.rows_set_aside == 0
    with only_sqlite.connect() as connection:
        for table, name in (
            (DRUG, "basic drugs formulary"),
            (COUNTY, "geographic locator"),
            (COST, "beneficiary cost"),
            (INSULIN_COST, "insulin beneficiary cost"),
            (SUPPLEMENT, "excluded drugs formulary"),
            (INDICATION, "indication based coverage formulary"),
        ):
            assert connection.scalar(select(func.count()).select_from(table)) == counts[name]
        names = connection.scalars(select(PLAN.c.name)).all()
        listed = connection.scalars(select(DRUG.c.list_id).where(DRUG.c.rxcui == NALTREXONE[0]))
        assert len(listed.all()) >= 1
        assert connection.scalar(select(func.count()).select_from(PRICE)) > 0
    assert any("Óptimo" in name for name in names)


def test_generator_repeats_itself(tmp_path):
    for name in ("a", "b"):
        generate(tmp_path / name, 0.001, seed=5)
    generate(tmp_path / "c", 0.001, seed=6)
    texts = {
        name: [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc"
    }
    assert texts["a"] == texts["b"] != texts["c"]
    assert all(b"\r\n" in text for text in texts["a"])


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A store with one release in it, shared by the examples of a property."""
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('standing') / 'x.sqlite'}")
    bring_in(opened, SAMPLE)
    yield opened
    opened.dispose()


def survives(engine, folder, options=ASKED):
    """Either it comes in and its counts add up, or nothing at all has changed."""
    before = rows_of(engine, RELEASE), rows_of(engine, SET_ASIDE)
    try:
        bring_in(engine, folder, options=options)
    except (ImportFault, ArchiveError):
        assert (rows_of(engine, RELEASE), rows_of(engine, SET_ASIDE)) == before


ANY_TABLE = st.sampled_from(sorted(FILES))
CALM = settings(
    max_examples=max(60, EXAMPLES), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MUTATION = st.tuples(
    st.integers(0, 10_000),
    st.integers(0, 3),
    st.binary(max_size=4) | st.sampled_from([b"|", b"\n", b"\r", b"\0", b"\x81", b" ", b"Y", b"9"]),
)


@CALM
@given(table=ANY_TABLE, content=st.binary(max_size=400))
def test_any_bytes_after_a_header(standing, tmp_path_factory, table, content):
    folder = write(tmp_path_factory.mktemp("in"), BIG | GOOD)
    with (folder / FILES[table]).open("ab") as stream:
        stream.write(content)
    survives(standing, folder)


@CALM
@given(table=ANY_TABLE, content=st.binary(max_size=400))
def test_any_bytes_for_a_file(standing, tmp_path_factory, table, content):
    folder = write(tmp_path_factory.mktemp("in"), BIG | GOOD)
    (folder / FILES[table]).write_bytes(content)
    survives(standing, folder)


@CALM
@given(table=ANY_TABLE, mutations=st.lists(MUTATION, min_size=1, max_size=6))
def test_any_mutation(standing, tmp_path_factory, table, mutations):
    folder = write(tmp_path_factory.mktemp("in"), BIG | GOOD)
    path = folder / FILES[table]
    content = bytearray(path.read_bytes())
    for at, gone, put in mutations:
        at %= len(content) + 1
        content[at : at + gone] = put
    path.write_bytes(content)
    survives(standing, folder)


@CALM
@given(seed=st.integers(0, 2**32), packed=st.sampled_from(["zip", "gz"]))
def test_damaged_archives(standing, tmp_path_factory, seed, packed):
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("in")
    source = write(folder / "source", GOOD)
    (folder / "made").mkdir()
    if packed == "zip":
        whole = folder / "made" / "SPUF_2026.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in source.iterdir():
                zipped.write(path, path.name)
    else:
        for path in source.iterdir():
            whole = folder / "made" / f"{path.name}.gz"
            whole.write_bytes(gzip.compress(path.read_bytes()))
    content = bytearray(whole.read_bytes())
    content[rng.randrange(len(content))] = rng.randrange(256)
    whole.write_bytes(content[: rng.randrange(1, len(content) * 2)])
    survives(standing, folder / "made")


LINE = st.text(
    st.characters(codec="cp1252", exclude_characters="|\r\n\0"), min_size=1, max_size=30
).filter(lambda text: text.strip())


@CALM
@given(name=LINE, payer=LINE)
def test_any_windows_1252_name_arrives_as_written(standing, tmp_path_factory, name, payer):
    row = PLAN_ROW.replace("Plan One (HMO)", name).replace("INSURER INC.", payer)
    folder = write(tmp_path_factory.mktemp("in"), CORE | {"plan": [row]})
    bring_in(standing, folder)
    with standing.connect() as connection:
        newest = connection.scalar(select(func.max(RELEASE.c.release_id)))
        found = connection.execute(
            select(PLAN.c.name, PLAN.c.payer).where(PLAN.c.release_id == newest)
        ).one()
    assert tuple(found) == (name.strip(), payer.strip())
