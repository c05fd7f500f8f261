"""The FDA's directory of drug codes, and what it says of a code, on SQLite and PostgreSQL."""

import gzip
import json
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bench.generate_ndc import generate
from compound_coverage.formulary.archives import ArchiveError
from compound_coverage.formulary.importer import ImportFault, import_paths
from compound_coverage.formulary.ndc import to_ndc11
from compound_coverage.formulary.ndc_lookup import NdcAnswer, classify, look_up_ndc
from compound_coverage.formulary.sources import ndc_directory
from compound_coverage.formulary.sources.ndc_directory import NdcDirectory
from compound_coverage.formulary.store import open_store
from compound_coverage.formulary.tables import NDC_PACKAGE, NDC_PRODUCT, RELEASE, SET_ASIDE
from tests.formulary.conftest import SAMPLES
from tests.formulary.trying import EXAMPLES

DIRECTORY = SAMPLES / "ndc-directory"
ANSWER = SAMPLES / "openfda-ndc" / "ndc-response-62670-6637.json"
TODAY = date(2026, 11, 24)

PRODUCT_HEAD = DIRECTORY.joinpath("product.txt").read_bytes().split(b"\r\n")[0].decode()
PACKAGE_HEAD = DIRECTORY.joinpath("package.txt").read_bytes().split(b"\r\n")[0].decode()
TABLET = (
    "0001-1111_a\t0001-1111\tHUMAN PRESCRIPTION DRUG\tNaltrex\t\tnaltrexone\tTABLET\tORAL\t"
    "20090729\t\tANDA\tANDA1\tMade-up Labs\tNALTREXONE\t50\tmg/1\t\t\tN\t20191231"
)
PACKAGE = "0001-1111_a\t0001-1111\t0001-1111-22\t30 TABLET in 1 BOTTLE\t20090729\t\tN\tN"
# A bulk listing as openFDA gave it on 2026-10-02 (F-04): no trade name, no route, no openfda
# section, and a start date in words.
POWDER: dict[str, Any] = {
    "product_ndc": "51927-5086",
    "generic_name": "Naltrexone Hydrochloride Dihydrate",
    "labeler_name": "Professional Compounding Centers of America dba PCCA",
    "active_ingredients": [{"name": "NALTREXONE HYDROCHLORIDE", "strength": "1 kg/kg"}],
    "finished": False,
    "packaging": [
        {
            "package_ndc": "51927-5086-0",
            "description": "1 kg in 1 BOTTLE (51927-5086-0)",
            "marketing_start_date": "02-MAR-20",
        }
    ],
    "listing_expiration_date": "20271231",
    "openfda": {},
    "marketing_category": "BULK INGREDIENT FOR HUMAN PRESCRIPTION COMPOUNDING",
    "dosage_form": "POWDER",
    "product_type": "BULK INGREDIENT",
    "marketing_start_date": "20200302",
    "product_id": "51927-5086_4849b730-99a7-01b1-e063-6294a90a2634",
    "brand_name_base": None,
}


def bring(engine, *paths, today=TODAY):
    [report] = import_paths(engine, list(paths), [NdcDirectory(today)])
    return report


def rows(engine, table, *where):
    with engine.connect() as connection:
        return connection.execute(select(table).where(*where)).all()


def texts(folder, products=(TABLET,), packages=(PACKAGE,), head=PRODUCT_HEAD):
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("product", [head, *products]), ("package", [PACKAGE_HEAD, *packages])):
        folder.joinpath(f"{name}.txt").write_text("\r\n".join([*lines, ""]), "cp1252", newline="")
    return folder


def changed(row, **columns):
    """A product row with other values in the columns named."""
    names, values = PRODUCT_HEAD.split("\t"), row.split("\t")
    for column, value in columns.items():
        values[names.index(column)] = value
    return "\t".join(values)


def answer(folder, *records, **meta):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ndc.json"
    path.write_text(json.dumps({"meta": meta, "results": list(records)}))
    return path


def set_aside(engine):
    return [(row.file, row.line, row.reason) for row in rows(engine, SET_ASIDE)]


# what is in the samples


def test_the_directory_sample_comes_in_whole(engine):
    report = bring(engine, DIRECTORY)
    assert {name: (count.read, count.kept) for name, count in report.files.items()} == {
        "product.txt": (1545, 1545),
        "package.txt": (3219, 3219),
        "unfinished_product_trimmed.txt": (3, 3),
        "unfinished_package_trimmed.txt": (3, 3),
    }
    assert report.unclaimed == ("README.md", "badutf8.txt")
    assert len(rows(engine, NDC_PRODUCT)) == 1548
    assert len(rows(engine, NDC_PACKAGE)) == 3222
    [release] = rows(engine, RELEASE)
    assert (release.series, release.label) == ("ndc:products+ndc:unfinished", "2026-11-24")


KINDS_IN_SAMPLE = [
    ("0406-1170", "approved_product", "ANDA"),
    ("0406-1170-03", "approved_product", "ANDA"),
    ("00406117003", "approved_product", "ANDA"),
    ("16729-081", "approved_product", "ANDA"),
    ("65757-300", "approved_product", "NDA"),
    ("60793-430", "approved_product", "NDA"),
    ("69364-3143", "unapproved", "UNAPPROVED DRUG OTHER"),
    ("69364-3143-6", "unapproved", "UNAPPROVED DRUG OTHER"),
    ("0002-0485-04", "bulk_powder", "BULK INGREDIENT"),
    ("0002-1401", "bulk_powder", "DRUG FOR FURTHER PROCESSING"),
    ("0164-2189", "unknown", "OTC MONOGRAPH FINAL"),
]


def test_what_the_sample_says_of_a_code(engine):
    bring(engine, DIRECTORY)
    for code, kind, category in KINDS_IN_SAMPLE:
        found = look_up_ndc(engine, code)
        assert (found.kind, found.marketing_category) == (kind, category)
        assert found.name
        assert found.release == "2026-11-24"


def test_the_answer_as_the_command_line_gives_it(engine):
    bring(engine, DIRECTORY)
    assert look_up_ndc(engine, "0406-1170-03").as_dict() == {
        "ndc11": "00406117003",
        "name": "NALTREXONE HYDROCHLORIDE",
        "kind": "approved_product",
        "marketing_category": "ANDA",
        "product_type": "HUMAN PRESCRIPTION DRUG",
        "release": "2026-11-24",
    }


def test_every_row_of_the_sample_as_published(engine):
    """The columns end where they belong, read by a second, slower way."""
    bring(engine, DIRECTORY)
    kept = {row.product_id: row for row in rows(engine, NDC_PRODUCT)}
    text = DIRECTORY.joinpath("product.txt").read_bytes().decode("cp1252")
    names = PRODUCT_HEAD.split("\t")
    for line in text.split("\r\n")[1:-1]:
        published = dict(zip(names, line.split("\t"), strict=True))
        row = kept[published["PRODUCTID"]]
        assert row.ndc9 == to_ndc11(published["PRODUCTNDC"])
        assert row.name.startswith(published["PROPRIETARYNAME"].strip())
        assert (row.labeler or "") == published["LABELERNAME"].strip()
        assert (row.route or "") == published["ROUTENAME"].strip()
        assert (row.substances or "") == published["SUBSTANCENAME"].strip()
        assert (row.marketing_category or "") == published["MARKETINGCATEGORYNAME"]
        ended = published["ENDMARKETINGDATE"]
        if not ended and published["NDC_EXCLUDE_FLAG"] == "E":
            ended = published["LISTING_RECORD_CERTIFIED_THROUGH"]
        assert (row.ended_on or "").replace("-", "") == ended


def test_strengths_stand_beside_their_units_and_a_kit_has_none(engine):
    bring(engine, DIRECTORY)
    strengths = {row.ndc9: row.strengths for row in rows(engine, NDC_PRODUCT)}
    assert strengths["430630772"] == "8 mg/1; 90 mg/1"
    assert strengths["004061170"] == "50 mg/1"
    assert strengths["657570300"] is None
    assert look_up_ndc(engine, "43063-772").name == "Contrave Extended-Release"


def test_windows_letters_are_read(engine):
    bring(engine, DIRECTORY)
    [row] = rows(engine, NDC_PRODUCT, NDC_PRODUCT.c.ndc9 == "001642189")
    assert "Schwäbisch Gmünd" in row.labeler


def test_the_answer_of_the_api(engine):
    report = bring(engine, ANSWER)
    assert (report.rows_read, report.rows_kept) == (2, 2)  # a product and its package
    [release] = rows(engine, RELEASE)
    assert (release.series, release.label) == ("ndc:openfda", "2025-12-31")
    [row] = rows(engine, NDC_PRODUCT)
    assert (row.name, row.route, row.strengths, row.ended_on) == (
        "Anti Bacterial Hand Gel Flower Child",
        "TOPICAL",
        "71 mL/100mL",
        "2027-01-08",
    )
    found = look_up_ndc(engine, "62670-6637-0")
    assert (found.kind, found.marketing_category) == ("unknown", "OTC MONOGRAPH DRUG")


def test_a_bulk_listing_of_the_api(engine, tmp_path):
    bring(engine, answer(tmp_path, POWDER, last_updated="2026-10-02"))
    assert look_up_ndc(engine, "51927-5086-0").as_dict() == {
        "ndc11": "51927508600",
        "name": "Naltrexone Hydrochloride Dihydrate",
        "kind": "bulk_powder",
        "marketing_category": "BULK INGREDIENT FOR HUMAN PRESCRIPTION COMPOUNDING",
        "product_type": "BULK INGREDIENT",
        "release": "2026-10-02",
    }


# kinds


@pytest.mark.parametrize(
    ("product_type", "category", "finished", "kind"),
    [
        ("HUMAN PRESCRIPTION DRUG", "NDA AUTHORIZED GENERIC", True, "approved_product"),
        ("Human Prescription  Drug", " anda ", True, "approved_product"),
        ("VACCINE", "BLA", True, "approved_product"),
        ("HUMAN PRESCRIPTION DRUG", "ANDA", None, "unknown"),
        ("HUMAN PRESCRIPTION DRUG", "ANDA", False, "unknown"),
        ("LICENSED VACCINE BULK INTERMEDIATE", "BLA", True, "unknown"),
        ("", "ANDA", True, "unknown"),
        ("BULK INGREDIENT", "NDA", True, "bulk_powder"),
        ("DRUG FOR FURTHER PROCESSING", "EXPORT ONLY", False, "bulk_powder"),
        ("HUMAN PRESCRIPTION DRUG", "EXPORT ONLY", True, "unapproved"),
        ("HUMAN OTC DRUG", "UNAPPROVED HOMEOPATHIC", None, "unapproved"),
        ("HUMAN OTC DRUG", "OTC MONOGRAPH DRUG", True, "unknown"),
        ("HUMAN PRESCRIPTION DRUG", "EMERGENCY USE AUTHORIZATION", True, "unknown"),
        ("HUMAN PRESCRIPTION DRUG", "SOMETHING APPROVED", True, "unknown"),
        ("", "", None, "unknown"),
    ],
)
def test_kinds(product_type, category, finished, kind):
    assert classify(product_type, category, finished) == kind


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([True, False, None]))
def test_a_word_nobody_has_seen_is_never_read_as_anything(product_type, category, finished):
    assert classify(f"{product_type}~", f"{category}~", finished) == "unknown"


# looking up


def test_nothing_imported(engine):
    assert look_up_ndc(engine, "0406-1170-03") == NdcAnswer("00406117003", kind="unknown")


def test_a_code_that_is_not_listed_names_the_releases_searched(engine):
    bring(engine, DIRECTORY)
    bring(engine, ANSWER)
    found = look_up_ndc(engine, "99999-9999-9")
    assert (found.kind, found.name) == ("unknown", "")
    assert found.release == "2025-12-31; 2026-11-24"


@pytest.mark.parametrize("text", ["", "0406117003", "0406-1170-003", "naltrexone", "٠٠٤٠٦١١٧٠٠٣"])
def test_what_is_no_code(engine, text):
    with pytest.raises(ValueError, match="is not an NDC"):
        look_up_ndc(engine, text)


def test_a_package_nobody_listed_is_told_by_its_product(engine):
    bring(engine, DIRECTORY)
    assert look_up_ndc(engine, "0406-1170-99").kind == "approved_product"


def test_a_listed_package_goes_before_a_product_of_the_same_code(engine, tmp_path):
    other = changed(TABLET, PRODUCTID="0001-1111_0", MARKETINGCATEGORYNAME="UNAPPROVED DRUG OTHER")
    bring(engine, texts(tmp_path, [TABLET, other]))
    assert look_up_ndc(engine, "0001-1111-22").kind == "approved_product"


def test_equally_good_listings_of_different_kinds_are_unknown(engine, tmp_path):
    other = changed(TABLET, PRODUCTID="0001-1111_b", MARKETINGCATEGORYNAME="UNAPPROVED DRUG OTHER")
    bring(engine, texts(tmp_path, [other, TABLET]))
    found = look_up_ndc(engine, "0001-1111")
    assert found.kind == "unknown"
    assert found.marketing_category == "ANDA; UNAPPROVED DRUG OTHER"
    assert found.product_type == "HUMAN PRESCRIPTION DRUG"


def test_a_listing_that_has_ended_comes_last(engine, tmp_path):
    ended = changed(
        TABLET,
        PRODUCTID="0001-1111_0",
        MARKETINGCATEGORYNAME="UNAPPROVED DRUG OTHER",
        ENDMARKETINGDATE="20200131",
    )
    bring(engine, texts(tmp_path, [ended, TABLET]))
    assert look_up_ndc(engine, "0001-1111", TODAY).kind == "approved_product"
    assert look_up_ndc(engine, "0001-1111", date(2019, 1, 1)).kind == "unknown"  # both go on


def test_a_listing_that_lapsed_has_ended(engine, tmp_path):
    lapsed = changed(TABLET, NDC_EXCLUDE_FLAG="E")
    bring(engine, texts(tmp_path, [lapsed]))
    [row] = rows(engine, NDC_PRODUCT)
    assert row.ended_on == "2019-12-31"
    assert look_up_ndc(engine, "0001-1111").kind == "approved_product"  # still what it was


def test_only_the_newest_release_of_a_series_is_asked(engine, tmp_path):
    bring(engine, texts(tmp_path / "old"))
    moved = changed(TABLET, PRODUCTID="0001-2222_a", PRODUCTNDC="0001-2222")
    bring(engine, texts(tmp_path / "new", [moved], []))
    assert look_up_ndc(engine, "0001-1111").name == ""
    assert look_up_ndc(engine, "0001-2222").kind == "approved_product"


def test_the_newer_release_of_another_series_goes_first(engine, tmp_path):
    bring(engine, texts(tmp_path / "texts"))
    record = {
        "product_id": "0001-1111_a",
        "product_ndc": "0001-1111",
        "brand_name": "Naltrex New",
        "product_type": "HUMAN PRESCRIPTION DRUG",
        "marketing_category": "UNAPPROVED DRUG OTHER",
        "finished": True,
    }
    bring(engine, answer(tmp_path, record, last_updated="2026-11-01"))
    found = look_up_ndc(engine, "0001-1111")
    assert (found.name, found.kind, found.release) == ("Naltrex New", "unapproved", "2026-11-01")
    # ... but nobody there lists the package
    assert look_up_ndc(engine, "0001-1111-22").name == "Naltrex"


# the name of a release


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ndctext_20261003.zip", "2026-10-03"),
        ("ndctext 2026-10-03.zip", "2026-10-03"),
        ("ndctext 20260230.zip", "2026-11-24"),  # no such day
        ("ndctext 20270101.zip", "2026-11-24"),  # not yet
        ("ndctext.zip", "2026-11-24"),
    ],
)
def test_text_files_are_dated_by_their_name_or_by_the_day_of_reading(engine, tmp_path, name, label):
    texts(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for table in ("product.txt", "package.txt"):
            archive.write(tmp_path / "in" / table, table)
    assert bring(engine, tmp_path / name).release == label


@pytest.mark.parametrize("said", ["2027-01-01", "soon", 20261002, None])
def test_a_day_that_is_none_or_still_to_come_is_not_believed(engine, tmp_path, said):
    assert bring(engine, answer(tmp_path, POWDER, last_updated=said)).release == "2026-11-24"


def test_today_is_today_unless_told(engine, tmp_path):
    [report] = import_paths(engine, [texts(tmp_path)], [NdcDirectory()])
    assert report.release == date.today().isoformat()


# every shape of delivery


def test_gzip_and_bulk_zip(engine, tmp_path):
    plain = answer(tmp_path / "plain", POWDER, last_updated="2026-10-02").read_bytes()
    (tmp_path / "ndc.json.gz").write_bytes(gzip.compress(plain))
    with zipfile.ZipFile(tmp_path / "drug-ndc-0001-of-0001.json.zip", "w") as archive:
        archive.writestr("drug-ndc-0001-of-0001.json", plain)
    assert bring(engine, tmp_path / "ndc.json.gz").rows_kept == 2
    assert bring(engine, tmp_path / "drug-ndc-0001-of-0001.json.zip").rows_kept == 2


def test_the_xls_twins_of_a_text_are_passed_over_in_sight(engine, tmp_path):
    texts(tmp_path)
    for table in ("product", "package"):
        text = tmp_path.joinpath(f"{table}.txt").read_bytes()
        tmp_path.joinpath(f"{table}.xls").write_bytes(text)
    report = bring(engine, tmp_path)
    assert report.reasons == {ndc_directory.TWIN: 2}
    assert (report.rows_read, report.rows_kept) == (4, 2)
    (tmp_path / "product.txt").unlink()
    (tmp_path / "package.txt").unlink()
    assert bring(engine, tmp_path).rows_kept == 2  # alone they are what there is


def test_columns_are_found_by_name(engine, tmp_path):
    names, values = PRODUCT_HEAD.split("\t"), TABLET.split("\t")
    turned = "\t".join(["NEW COLUMN", *reversed([name.lower() for name in names])])
    bring(engine, texts(tmp_path, ["\t".join(["new", *reversed(values)])], head=turned))
    found = look_up_ndc(engine, "0001-1111-22")
    assert (found.name, found.kind) == ("Naltrex", "approved_product")


def test_utf_8_with_its_mark_is_read_too(engine, tmp_path):
    texts(tmp_path)
    text = f"\ufeff{PRODUCT_HEAD}\n{changed(TABLET, LABELERNAME='Société Été')}\n\n"
    (tmp_path / "product.txt").write_text(text, "utf-8")
    report = bring(engine, tmp_path)
    assert report.rows_read == report.rows_kept == 2  # an empty line is no row
    assert rows(engine, NDC_PRODUCT)[0].labeler == "Société Été"


def test_a_bare_quotation_mark_opens_nothing(engine, tmp_path):
    quoted = changed(TABLET, PROPRIETARYNAME='"Naltrex')
    other = changed(TABLET, PRODUCTID="0001-2222_a", PRODUCTNDC="0001-2222")
    assert bring(engine, texts(tmp_path, [quoted, other])).rows_kept == 3
    assert look_up_ndc(engine, "0001-1111").name == '"Naltrex'


def test_a_very_long_line_and_a_missing_start_are_fine(engine, tmp_path):
    long = changed(TABLET, PHARM_CLASSES="x" * 7_500, STARTMARKETINGDATE="")
    assert bring(engine, texts(tmp_path, [long])).rows_kept == 2


def test_a_product_without_any_name_is_kept_without_one(engine, tmp_path):
    nameless = changed(TABLET, PROPRIETARYNAME="", NONPROPRIETARYNAME="", SUBSTANCENAME="")
    bring(engine, texts(tmp_path, [nameless]))
    assert look_up_ndc(engine, "0001-1111").kind == "approved_product"


def test_strengths_that_do_not_pair_are_shown_as_they_stand(engine, tmp_path):
    odd = changed(TABLET, ACTIVE_NUMERATOR_STRENGTH="8; 90", ACTIVE_INGRED_UNIT="mg/1")
    bring(engine, texts(tmp_path, [odd]))
    assert rows(engine, NDC_PRODUCT)[0].strengths == "8; 90 mg/1"


def test_a_package_code_of_two_products(engine, tmp_path):
    other = changed(TABLET, PRODUCTID="0001-1111_b")
    again = PACKAGE.replace("_a\t", "_b\t", 1)
    report = bring(engine, texts(tmp_path, [TABLET, other], [PACKAGE, again]))
    assert report.rows_set_aside == 0
    assert look_up_ndc(engine, "0001-1111-22").kind == "approved_product"


# what is set aside


BAD_PRODUCTS = [
    ("only\tthree\tfields", ndc_directory.WRONG_FIELDS),
    (TABLET + "\tone more", ndc_directory.WRONG_FIELDS),
    (changed(TABLET, PRODUCTID="", PRODUCTNDC="0001-3333"), ndc_directory.BAD_ID),
    (changed(TABLET, PRODUCTID="x" * 101), ndc_directory.BAD_ID),
    (changed(TABLET, PRODUCTID="b", PRODUCTNDC="1-1"), ndc_directory.BAD_PRODUCT_NDC),
    (changed(TABLET, PRODUCTID="b", PRODUCTNDC="0001-1111-22"), ndc_directory.BAD_PRODUCT_NDC),
    (changed(TABLET, PRODUCTID="b", ENDMARKETINGDATE="20200230"), ndc_directory.BAD_DATE),
    (changed(TABLET, PRODUCTID="b", ENDMARKETINGDATE="2020W011"), ndc_directory.BAD_DATE),
    (changed(TABLET, PRODUCTID="b", ENDMARKETINGDATE="2020"), ndc_directory.BAD_DATE),
    (TABLET, ndc_directory.DUPLICATE),
    (changed(TABLET, PRODUCTID="b", LABELERNAME="a\0b"), ndc_directory.NUL),
    (changed(TABLET, PRODUCTID="b", LABELERNAME="x" * 70_000), ndc_directory.TOO_LONG),
    ("x" * 200_000, ndc_directory.TOO_LONG),
]


def test_product_rows_that_are_set_aside(engine, tmp_path):
    after = changed(TABLET, PRODUCTID="0001-4444_a", PRODUCTNDC="0001-4444")
    report = bring(engine, texts(tmp_path, [TABLET, *(row for row, _ in BAD_PRODUCTS), after]))
    assert set_aside(engine) == [
        ("product.txt", line, reason) for line, (_, reason) in enumerate(BAD_PRODUCTS, start=3)
    ]
    assert (report.rows_kept, report.rows_set_aside) == (3, len(BAD_PRODUCTS))
    assert report.rows_read == report.rows_kept + report.rows_set_aside
    assert sum(report.reasons.values()) == report.rows_set_aside


BAD_PACKAGES = [
    ("0001-1111_a", ndc_directory.WRONG_FIELDS),
    (PACKAGE.replace("0001-1111-22", "0001-1111"), ndc_directory.BAD_PACKAGE_NDC),
    (PACKAGE.replace("0001-1111-22", ""), ndc_directory.BAD_PACKAGE_NDC),
    (PACKAGE.replace("_a", "_none"), ndc_directory.NO_PRODUCT),
    (PACKAGE, ndc_directory.DUPLICATE),
]


def test_package_rows_that_are_set_aside(engine, tmp_path):
    bring(engine, texts(tmp_path, [TABLET], [PACKAGE, *(row for row, _ in BAD_PACKAGES)]))
    assert set_aside(engine) == [
        ("package.txt", line, reason) for line, (_, reason) in enumerate(BAD_PACKAGES, start=3)
    ]


def test_a_byte_that_is_no_text(engine, tmp_path):
    texts(tmp_path)
    with (tmp_path / "product.txt").open("ab") as out:
        out.write(TABLET.replace("Labs", "L~bs").encode().replace(b"~", b"\x81") + b"\r\n")
    bring(engine, tmp_path)
    [row] = rows(engine, SET_ASIDE)
    assert (row.line, row.reason) == (3, ndc_directory.NOT_WINDOWS_1252)
    assert "L\N{REPLACEMENT CHARACTER}bs" in row.text


BAD_RECORDS = [
    (7, ndc_directory.NOT_A_RECORD),
    (POWDER, ndc_directory.DUPLICATE),
    ({}, ndc_directory.BAD_ID),
    ({"product_id": 7}, ndc_directory.NOT_TEXT),
    ({"product_id": "b0", "product_ndc": "1"}, ndc_directory.BAD_PRODUCT_NDC),
    ({**POWDER, "product_id": "b1", "generic_name": "a\0b"}, ndc_directory.NUL),
    ({**POWDER, "product_id": "b2", "route": "ORAL"}, ndc_directory.NOT_TEXT),
    ({**POWDER, "product_id": "b3", "route": ["ORAL\0"]}, ndc_directory.NUL),
    ({**POWDER, "product_id": "b4", "active_ingredients": [1]}, ndc_directory.NOT_TEXT),
    ({**POWDER, "product_id": "b5", "marketing_end_date": "18-AUG-25"}, ndc_directory.BAD_DATE),
    ({**POWDER, "product_id": "b6", "packaging": "none"}, ndc_directory.NOT_A_RECORD),
    ({**POWDER, "product_id": "b7", "packaging": [{}]}, ndc_directory.BAD_PACKAGE_NDC),
    (
        {**POWDER, "product_id": "b8", "packaging": POWDER["packaging"] * 2},
        ndc_directory.DUPLICATE,
    ),
]


def test_records_that_are_set_aside(engine, tmp_path):
    report = bring(engine, answer(tmp_path, POWDER, *(record for record, _ in BAD_RECORDS)))
    assert set_aside(engine) == [
        ("ndc.json", number, reason) for number, (_, reason) in enumerate(BAD_RECORDS, start=2)
    ]
    assert report.rows_read == report.rows_kept + report.rows_set_aside


def test_a_record_may_leave_out_almost_everything(engine, tmp_path):
    spare = {"product_id": "a", "product_ndc": "0001-1111", "active_ingredients": [{"name": "X"}]}
    bring(engine, answer(tmp_path, spare))
    [row] = rows(engine, NDC_PRODUCT)
    assert row.name == "X"
    assert (row.strengths, row.route, row.marketing_category, row.kind) == (
        None,
        None,
        None,
        "unknown",
    )


# what is refused as a whole


def refused(engine, path, words):
    with pytest.raises(ImportFault, match=words):
        bring(engine, path)
    assert rows(engine, RELEASE) == []


def test_packages_alone(engine, tmp_path):
    texts(tmp_path)
    (tmp_path / "product.txt").unlink()
    refused(engine, tmp_path, r"package\.txt lists packages only; add the product file")


def test_a_product_table_without_its_category(engine, tmp_path):
    head = PRODUCT_HEAD.replace("MARKETINGCATEGORYNAME", "SOMETHING")
    refused(engine, texts(tmp_path, head=head), "has no column MARKETINGCATEGORYNAME")


def test_a_package_table_without_its_description(engine, tmp_path):
    texts(tmp_path)
    lines = f"{PACKAGE_HEAD.replace('PACKAGEDESCRIPTION', 'SOMETHING')}\r\n{PACKAGE}\r\n"
    (tmp_path / "package.txt").write_text(lines)
    refused(engine, tmp_path, "has no column PACKAGEDESCRIPTION")


@pytest.mark.parametrize("products", [[], ["nonsense"]])
def test_a_product_table_without_one_product(engine, tmp_path, products):
    refused(engine, texts(tmp_path, products), "holds no product that could be understood")


def test_an_answer_cut_short(engine, tmp_path):
    path = answer(tmp_path, POWDER, POWDER)
    path.write_bytes(path.read_bytes()[:-40])
    refused(engine, path, r"ndc\.json is broken JSON")


def test_endless_brackets_take_no_memory(engine, tmp_path):
    path = tmp_path / "ndc.json"
    path.write_text(
        f'{{"results": [{json.dumps(POWDER)}, {"[" * 500_000}{"]" * 500_000}]}}', "utf-8"
    )
    refused(engine, path, "is nested too deep")


NOT_OURS = [
    '{"error": {"code": "NOT_FOUND", "message": "No matches found!"}}',
    '{"meta": {}, "results": []}',
    # another openFDA answer, which has product codes further inside
    '{"results": [{"id": "x", "openfda": {"product_ndc": ["0001-1111"]}}]}',
    "[1, 2]",
    "PRODUCTID,PRODUCTNDC,PRODUCTTYPENAME\n",
    "",
]


def test_what_is_not_ours(engine, tmp_path):
    for text in NOT_OURS:
        (tmp_path / "file").write_text(text)
        refused(engine, tmp_path, "is of a known kind")


def test_the_schema_and_the_broken_text_of_the_samples_are_not_ours(engine, tmp_path):
    for path in (SAMPLES / "openfda-ndc" / "ndc_schema.json", DIRECTORY / "badutf8.txt"):
        refused(engine, path, "is of a known kind")


# at scale, and under fire


def test_a_made_up_directory_comes_in_whole(engine, tmp_path):
    files = generate(tmp_path / "a", scale=0.01, seed=7)
    report = bring(engine, tmp_path / "a")
    assert report.rows_set_aside == 0
    assert report.files["product.txt"].kept == 1_282
    assert report.files["package.txt"].kept == 2_440
    assert look_up_ndc(engine, "51927-5086-0").kind == "bulk_powder"
    assert look_up_ndc(engine, "0406-1170-03").kind == "approved_product"
    again = generate(tmp_path / "b", scale=0.01, seed=7)
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]


def _start_of(name, count):
    lines = DIRECTORY.joinpath(name).read_bytes().splitlines(keepends=True)
    return b"".join(lines[:count])


ORIGINALS = {
    "product.txt": _start_of("product.txt", 8),
    "package.txt": _start_of("package.txt", 12),
    "unfinished.txt": _start_of("unfinished_product_trimmed.txt", 4),
    "ndc.json": ANSWER.read_bytes(),
}
_SPLICE = st.tuples(
    st.floats(0, 1),
    st.integers(0, 40),
    st.one_of(st.binary(max_size=30), st.sampled_from([b"\t", b"\r\n", b"\0", b'"', b"{", b"]"])),
)


def _spliced(content, splices):
    for where, length, piece in splices:
        start = int(where * len(content))
        content = content[:start] + piece + content[start + length :]
    return content


def _state(engine):
    counts = [select(func.count()).select_from(table) for table in (NDC_PRODUCT, NDC_PACKAGE)]
    with engine.connect() as connection:
        return rows(engine, RELEASE), [connection.scalar(count) for count in counts]


@pytest.fixture(scope="module")
def hardened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hardened")
    opened = open_store(f"sqlite:///{folder / 'x.sqlite'}")
    bring(opened, ANSWER)
    yield opened, folder
    opened.dispose()


def _survives(engine, folder):
    before = _state(engine)
    try:
        report = bring(engine, folder)
    except (ImportFault, ArchiveError):
        assert _state(engine) == before
    else:
        assert report.rows_read == report.rows_kept + report.rows_set_aside
        assert report.rows_kept > 0


_HARD = settings(
    max_examples=max(300, EXAMPLES),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@_HARD
@given(st.sampled_from(sorted(ORIGINALS)), st.lists(_SPLICE, min_size=1, max_size=6))
@example("product.txt", [(0.0, 0, b"\x81\xff\t")])  # a header of no known letters
def test_any_damage_is_set_aside_or_refused(hardened, name, splices):
    engine, folder = hardened
    place = folder / "damaged"
    place.mkdir(exist_ok=True)
    for other, content in ORIGINALS.items():
        damaged = _spliced(content, splices) if other == name else content
        (place / other).write_bytes(damaged)
    _survives(engine, place)


@_HARD
@given(st.binary(max_size=300), st.sampled_from(sorted(ORIGINALS)))
def test_any_bytes_are_set_aside_or_refused(hardened, content, name):
    engine, folder = hardened
    place = folder / f"bytes of {name}"
    place.mkdir(exist_ok=True)
    head = ORIGINALS[name].partition(b"\n")[0] + b"\n"
    (place / "bare").write_bytes(content)
    (place / name).write_bytes(head + content)
    _survives(engine, place)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@_HARD
@given(st.lists(st.tuples(st.sampled_from(sorted(POWDER)), _JSON), min_size=1, max_size=4), _JSON)
def test_any_values_in_a_record_are_set_aside_or_kept(hardened, changes, other):
    engine, folder = hardened
    record = {**POWDER, "product_id": "b", **dict(changes)}
    _survives(engine, answer(folder, POWDER, record, other, last_updated=other))
