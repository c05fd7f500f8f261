"""Marketplace files: the official examples, every known deviation, and broken files."""

import gzip
import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bench.generate_marketplace import NALTREXONE, generate
from compound_coverage.formulary.archives import Member
from compound_coverage.formulary.importer import ImportFault, import_paths
from compound_coverage.formulary.sources import marketplace
from compound_coverage.formulary.sources.marketplace import JsonReader, Marketplace
from compound_coverage.formulary.tables import (
    DRUG,
    DRUG_LIST,
    PLAN,
    PLAN_AREA,
    PLAN_LIST,
    RELEASE,
    SET_ASIDE,
    TIER_COST,
)
from tests.formulary.conftest import SAMPLES
from tests.formulary.trying import relaxed, tried

QHP = SAMPLES / "qhp-json"
A, B, C = "12345VA0000001", "12345VA0000002", "12345VA0000003"
D = "54321TX0000001"


def entry(plan=A, tier="GENERIC", years=(2026,), **more):
    flags = {"prior_authorization": False, "step_therapy": False, "quantity_limit": False}
    return {"plan_id": plan, "drug_tier": tier, **flags, "years": list(years), **more}


def drug(*entries, rxcui="1483744", name="naltrexone 50 MG"):
    return {"rxnorm_id": rxcui, "drug_name": name, "plans": list(entries) or [entry()]}


def plan(plan_id=A, **more):
    return {"plan_id": plan_id, "marketing_name": "Gold", "years": [2026], "formulary": [], **more}


def tier_of(name="GENERIC", *blocks):
    return {"drug_tier": name, "mail_order": True, "cost_sharing": list(blocks)}


def block(**more):
    usual = {"pharmacy_type": "1-MONTH-IN-RETAIL", "copay_amount": 5, "copay_opt": None}
    return {**usual, "coinsurance_rate": 0.2, "coinsurance_opt": "AFTER-DEDUCTIBLE", **more}


@pytest.fixture
def run(engine, tmp_path):
    """Imports files given by name: text as it is, bytes, or anything else as JSON."""

    def imported(**files):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            data = content if isinstance(content, bytes | str) else json.dumps(content)
            data = data.encode() if isinstance(data, str) else data
            (folder / (name.replace("__", "-") + ".json")).write_bytes(data)
        [report] = import_paths(engine, [folder], [Marketplace()])
        assert report.rows_read == report.rows_kept + report.rows_set_aside
        return report

    return imported


@pytest.fixture
def pairs(engine):
    """(plan, RxCUI, tier, flags) as a lookup finds them."""

    def all_of():
        query = select(
            PLAN_LIST.c.plan_key,
            DRUG.c.rxcui,
            DRUG.c.tier,
            DRUG.c.prior_authorization,
            DRUG.c.step_therapy,
            DRUG.c.quantity_limit,
        ).join(DRUG, DRUG.c.list_id == PLAN_LIST.c.list_id)
        with engine.connect() as connection:
            return sorted(map(tuple, connection.execute(query)))

    return all_of


# -- the official examples -------------------------------------------------------------------


def test_official_examples(engine, rows):
    [report] = import_paths(engine, [QHP], [Marketplace()])
    counts = {name: (c.read, c.kept, c.set_aside) for name, c in report.files.items()}
    assert counts == {
        "cms-data-index.json": (3, 3, 0),
        "plans.json": (3, 3, 0),
        "drugs-1.json": (5, 5, 0),
        # gives one RxCUI again, on the tier it has in the first file, under another name
        "drugs-2.json": (5, 3, 2),
    }
    assert report.reasons == {marketplace.DRUG_AGAIN: 2}
    assert "index_document_schema.json" in report.unclaimed
    assert report.release == "2015-06-12"
    assert rows(RELEASE.c.series) == [("marketplace:12345",)]
    assert rows(PLAN.c.plan_key, PLAN.c.name, PLAN.c.year, PLAN.c.line_of_business)[2] == (
        "12345XX9876543",
        "Vandelay Insurance Gold Health Plan",
        2020,
        "marketplace",
    )
    assert rows(PLAN_AREA.c.kind, PLAN_AREA.c.code) == [("state", "XX")] * 3
    costs = rows(*TIER_COST.c)
    assert len(costs) == 8  # two tiers of two blocks, and one tier in two plans
    assert costs[0][2:] == (
        "GENERIC", "1-MONTH-IN-MAIL", 0, 0.0, "NO-CHARGE", 0.2, None,
    )  # fmt: skip


def test_plans_that_share_a_list_share_its_rows(run, rows, pairs):
    drugs = [drug(*map(entry, (A, B, C)), rxcui=str(n)) for n in range(100, 150)]
    report = run(drugs=drugs)
    assert report.rows_kept == 150
    assert len(rows(DRUG.c.rxcui)) == 50
    assert len(rows(DRUG_LIST.c.list_key)) == 1
    assert len(rows(PLAN_LIST.c.plan_key)) == 3
    assert len(pairs()) == 150


def test_more_sets_of_plans_than_are_remembered(run, monkeypatch, rows):
    monkeypatch.setattr(marketplace, "MOST_REMEMBERED", 2)
    sets = [[A], [B], [A, B], [C], [A], [A, B]]
    run(drugs=[drug(*map(entry, plans), rxcui=str(n)) for n, plans in enumerate(sets)])
    assert len(rows(DRUG_LIST.c.list_key)) == 4


def test_terms_that_differ_make_lists_of_their_own(run, rows, pairs):
    run(drugs=[drug(entry(A), entry(B, prior_authorization=True), entry(C, "BRAND"))])
    assert len(rows(DRUG_LIST.c.list_key)) == 3
    assert pairs() == [
        (A, "1483744", "GENERIC", 0, 0, 0),
        (B, "1483744", "GENERIC", 1, 0, 0),
        (C, "1483744", "BRAND", 0, 0, 0),
    ]


def test_plans_known_from_drugs_only(run, rows):
    report = run(drugs=[drug(entry(A), entry(D))])
    assert rows(PLAN.c.plan_key, PLAN.c.name, PLAN.c.payer, PLAN.c.year) == [
        (A, A, "", 2026),
        (D, D, "", 2026),
    ]
    assert rows(PLAN_AREA.c.plan_key, PLAN_AREA.c.code) == [(A, "VA"), (D, "TX")]
    assert rows(RELEASE.c.series) == [("marketplace:12345,54321",)]
    assert report.release == "2026"


def test_many_issuers_are_named_by_a_hash(run, rows):
    run(drugs=[drug(*(entry(f"{n}VA0000001") for n in range(10000, 10030)))])
    [(series,)] = rows(RELEASE.c.series)
    assert len(series) == len("marketplace:") + 16


# -- deviations of drugs files ---------------------------------------------------------------


@pytest.mark.parametrize("key", ["drugs", "data", "results"])
def test_object_around_the_array(run, key):
    assert run(drugs={"status": {"drugs": 1}, key: [drug()], "count": 1}).rows_kept == 1


def test_objects_two_deep(run):
    assert run(drugs={"data": {"drugs": [drug()]}}).rows_kept == 1


def test_camel_case(run, pairs):
    names = {"planId": A, "drugTier": "GENERIC", "priorAuthorization": True, "years": [2026]}
    run(drugs=[{"rxnormId": "7243", "drugName": "x", "plans": [names]}])
    assert pairs() == [(A, "7243", "GENERIC", 1, None, None)]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("naltrexone", "naltrexone"),
        ({"id": 3, "en": "naltrexone"}, "naltrexone"),
        ({}, None),
        (None, None),
        ([1], None),
        (" ", None),
        ("Zo\u00eb", "Zo\u00eb"),
    ],
)
def test_names(run, rows, written, kept):
    run(drugs=[drug(name=written)])
    assert rows(DRUG.c.name) == [(kept,)]


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800b", {"en": "\x00"}])
def test_names_that_no_database_can_keep(run, name):
    report = run(drugs=[drug(name=name), drug(rxcui="5")])
    assert report.reasons == {marketplace.BAD_TEXT: 1}


@pytest.mark.parametrize("years", [["2026"], [2025, 2026], ["2025", 2026], 2026, "2026"])
def test_years_as_written(run, rows, years):
    run(drugs=[drug({**entry(), "years": years})])
    assert rows(PLAN.c.year) == [(2026,)]


@pytest.mark.parametrize("years", [None, [], [None], ""])
def test_years_left_out(run, rows, pairs, years):
    run(drugs=[drug({**entry(), "years": years})])
    assert rows(PLAN.c.year) == [(None,)]
    assert len(pairs()) == 1


@pytest.mark.parametrize(
    "years", [["soon"], [20260], [1e999], [[2026]], {"a": 1}, [True], [-1], [float("nan")]]
)
def test_years_that_make_no_sense(run, years):
    report = run(drugs=[drug({**entry(), "years": years}, entry(B))])
    assert report.reasons == {marketplace.BAD_YEAR: 1}


@pytest.mark.parametrize(
    "rxcui", ["00406117003", "0406-1170-03", "", None, 1.5, [], "\uff11\uff12"]
)
def test_ids_that_are_no_rxcui(run, rows, rxcui):
    report = run(drugs=[drug(entry(A), entry(B), rxcui=rxcui), drug()])
    assert report.reasons == {marketplace.NOT_RXCUI: 2}
    assert rows(SET_ASIDE.c.file, SET_ASIDE.c.line)[0] == ("drugs.json", 1)
    assert A in rows(SET_ASIDE.c.text)[0][0]


def test_rxcui_as_a_number(run, rows):
    run(drugs=[drug(rxcui=1483744)])
    assert rows(DRUG.c.rxcui) == [("1483744",)]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("preferred brand", "PREFERRED-BRAND"),
        ("NON_PREFERED_BRAND", "NON-PREFERED-BRAND"),
        ("GENERICS", "GENERICS"),
        ("MEDICAL-BENEFIT", "MEDICAL-BENEFIT"),
    ],
)
def test_tiers_as_written(run, rows, written, kept):
    run(drugs=[drug(entry(tier=written))])
    assert rows(DRUG.c.tier) == [(kept,)]


@pytest.mark.parametrize("tier", ["NULL", "null", "", None, 3, [], {"a": 1}, "A\x00"])
def test_no_tier(run, tier):
    report = run(drugs=[drug(entry(tier=tier), entry(B))])
    assert report.reasons == {marketplace.NO_TIER: 1}


@pytest.mark.parametrize(
    ("written", "kept"),
    [(True, 1), (False, 0), (None, None), ("true", 1), ("N", 0), (1, 1), (0, 0), ("", None)],
)
def test_flags(run, rows, written, kept):
    run(drugs=[drug(entry(step_therapy=written))])
    assert rows(DRUG.c.prior_authorization, DRUG.c.step_therapy) == [(0, kept)]


def test_flag_left_out_is_unknown(run, rows):
    left = entry()
    del left["quantity_limit"]
    run(drugs=[drug(left)])
    assert rows(DRUG.c.quantity_limit) == [(None,)]


@pytest.mark.parametrize("flag", ["maybe", 2, [], {"a": []}, float("nan")])
def test_flags_that_make_no_sense(run, flag):
    report = run(drugs=[drug(entry(quantity_limit=flag), entry(B))])
    assert report.reasons == {marketplace.BAD_FLAG: 1}


@pytest.mark.parametrize("bad", ["", None, "12345VA000000", "H4461-046-000", 5, [A], {"a": A}])
def test_plan_ids_that_are_no_hios_ids(run, bad):
    report = run(drugs=[drug(entry(bad), entry(B))])
    assert report.reasons == {marketplace.NOT_HIOS: 1}


def test_small_letters_in_a_plan_id(run, rows):
    run(drugs=[drug(entry(A.lower()))])
    assert rows(PLAN_LIST.c.plan_key) == [(A,)]


@pytest.mark.parametrize("item", [None, 3, "x", [drug()]])
def test_drugs_and_entries_that_are_no_objects(run, item):
    report = run(drugs=[item, drug(item, entry())])
    assert report.reasons == {marketplace.NOT_AN_OBJECT: 2}


@pytest.mark.parametrize("plans", [[], None, "x", {}])
def test_drug_without_plans(run, plans):
    report = run(drugs=[{"rxnorm_id": "5", "drug_name": "x", "plans": plans}, drug()])
    assert report.reasons == {marketplace.NO_PLANS: 1}
    assert report.rows_read == 2


# -- the same again --------------------------------------------------------------------------


def test_same_plan_twice_in_one_drug(run, pairs):
    report = run(drugs=[drug(entry(A), entry(A), entry(A, prior_authorization=True), entry(B))])
    assert report.reasons == {marketplace.DRUG_AGAIN: 2}
    assert pairs() == [(A, "1483744", "GENERIC", 0, 0, 0), (B, "1483744", "GENERIC", 0, 0, 0)]


def test_two_tiers_in_one_plan_are_both_kept(run, pairs):
    assert run(drugs=[drug(entry(A), entry(A, "BRAND"))]).rows_kept == 2
    assert len(pairs()) == 2


def test_same_drug_later_keeps_the_first(run, pairs):
    first = drug(entry(A, quantity_limit=True), entry(B))
    report = run(drugs__1=[first], drugs__2=[drug(entry(A), entry(C), entry(D))])
    assert report.reasons == {marketplace.DRUG_AGAIN: 1}
    assert [row[0] for row in pairs()] == [A, B, C, D]
    assert pairs()[0][-1] == 1


@pytest.mark.parametrize("newest_first", [True, False])
def test_older_year_of_a_plan_in_one_drug(run, rows, pairs, newest_first):
    both = [entry(A, "BRAND", (2025,)), entry(A, "GENERIC", (2026,)), entry(B, "BRAND", (2025,))]
    report = run(drugs=[drug(*(reversed(both) if newest_first else both))])
    assert report.reasons == {marketplace.OLDER_YEAR: 1}
    assert pairs() == [(A, "1483744", "GENERIC", 0, 0, 0), (B, "1483744", "BRAND", 0, 0, 0)]
    assert rows(PLAN.c.plan_key, PLAN.c.year) == [(A, 2026), (B, 2025)]


@pytest.mark.parametrize("newest_first", [True, False])
def test_older_year_in_another_file(run, rows, pairs, newest_first):
    old = [drug(entry(p, years=[2025]), rxcui=r) for p, r in [(A, "1"), (A, "2"), (D, "1")]]
    new = [drug(entry(A, prior_authorization=True), rxcui="1")]
    names = ("drugs__2", "drugs__1") if newest_first else ("drugs__1", "drugs__2")
    report = run(**dict(zip(names, (old, new), strict=True)))
    # drug 2 is no longer on the plan's newest list, and is not shown as if it were
    assert report.reasons == {marketplace.OLDER_YEAR: 2}
    assert pairs() == [(A, "1", "GENERIC", 1, 0, 0), (D, "1", "GENERIC", 0, 0, 0)]
    assert len(rows(DRUG.c.rxcui)) == 2  # nothing is left of the older list
    assert len(rows(DRUG_LIST.c.list_key)) == 2
    old_file = names[0].replace("__", "-") + ".json"
    assert report.files[old_file].kept == 1
    assert rows(SET_ASIDE.c.file, SET_ASIDE.c.line) == [(old_file, 1), (old_file, 2)]


def test_older_year_of_some_plans_that_share_a_list_over_issuers(run, pairs):
    shared = drug(entry(A, years=[2025]), entry(D, years=[2025]))
    report = run(drugs=[shared, drug(entry(A), rxcui="9")])
    assert report.reasons == {marketplace.OLDER_YEAR: 1}
    assert pairs() == [(A, "9", "GENERIC", 0, 0, 0), (D, "1483744", "GENERIC", 0, 0, 0)]


def test_no_year_stands_beside_any_year(run, pairs):
    report = run(drugs=[drug(entry(years=())), drug(entry()), drug(entry(), rxcui="5")])
    assert report.reasons == {marketplace.DRUG_AGAIN: 1}
    assert len(pairs()) == 2


# -- plans files -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["plans", "data", "results"])
def test_plans_in_an_object(run, key):
    assert run(plans={key: [plan()]}).rows_kept == 1


def test_plans_in_camel_case(run, rows):
    costs = {"pharmacyType": "1-MONTH-IN-RETAIL", "copayAmount": "5.50", "coinsuranceRate": None}
    tier = {"drugTier": "generic", "costSharing": costs}
    run(plans=[{"planId": A, "marketingName": "Gold", "years": ["2026"], "formulary": tier}])
    assert rows(*TIER_COST.c)[0][1:] == (
        A, "GENERIC", "1-MONTH-IN-RETAIL", 0, 5.5, None, None, None,
    )  # fmt: skip


def test_formulary_as_object_or_array(run, rows):
    tier = tier_of("GENERIC", block())
    run(plans=[plan(A, formulary=tier), plan(B, formulary=[tier]), plan(C, formulary=None)])
    assert rows(TIER_COST.c.plan_key) == [(A,), (B,)]


def test_same_tier_twice_and_whole_coinsurance_beside_a_copay(run, rows):
    twice = [tier_of("GENERIC", block(coinsurance_rate=1.0)), tier_of("generic", block())]
    run(plans=[plan(formulary=twice)])
    columns = (TIER_COST.c.position, TIER_COST.c.copay, TIER_COST.c.coinsurance)
    assert rows(*columns) == [(0, 5.0, 1.0), (1, 5.0, 0.2)]


@pytest.mark.parametrize(
    "tier",
    [
        tier_of("NULL", block()),
        tier_of(None, block()),
        tier_of("GENERIC", block(pharmacy_type=None)),
        tier_of("GENERIC", block(coinsurance_rate=20)),
        tier_of("GENERIC", block(coinsurance_rate="some")),
        tier_of("GENERIC", block(copay_amount=-1)),
        tier_of("GENERIC", block(copay_amount=True)),
        tier_of("GENERIC", block(copay_amount=10**400)),
        tier_of("GENERIC", block(copay_amount=float("inf"))),
        tier_of("GENERIC", "free"),
        "GENERIC",
    ],
)
def test_cost_blocks_that_make_no_sense(run, rows, tier):
    report = run(plans=[plan(formulary=[tier, tier_of("BRAND", block())])])
    assert report.reasons == {marketplace.BAD_COST: 1}
    assert rows(TIER_COST.c.tier) == [("BRAND",)]


@pytest.mark.parametrize("older_first", [True, False])
def test_same_plan_once_per_year(run, rows, older_first):
    old = plan(years=[2025], marketing_name="Old", formulary=tier_of("A", block()))
    new = plan(years=["2026"], marketing_name="New", formulary=tier_of("B", block()))
    report = run(plans=[old, new] if older_first else [new, old])
    assert report.reasons == {marketplace.OLDER_YEAR: 1}
    assert rows(PLAN.c.name, PLAN.c.year) == [("New", 2026)]
    assert rows(TIER_COST.c.tier) == [("B",)]
    assert rows(SET_ASIDE.c.line) == [(1 if older_first else 2,)]


def test_same_plan_and_year_keeps_the_first(run, rows):
    report = run(plans=[plan(marketing_name="First"), plan()])
    assert report.reasons == {marketplace.PLAN_AGAIN: 1}
    assert rows(PLAN.c.name) == [("First",)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("x", marketplace.NOT_AN_OBJECT),
        (plan("1234VA"), marketplace.NOT_HIOS),
        (plan(years=["x"]), marketplace.BAD_YEAR),
        (plan(B, marketing_name="\x00"), marketplace.BAD_TEXT),
    ],
)
def test_plans_set_aside(run, bad, reason):
    assert run(plans=[plan(), bad]).reasons == {reason: 1}


@pytest.mark.parametrize(
    ("dates", "label"),
    [
        (["2026-01-05", "2026-02-01T10:00:00Z"], "2026-02-01"),
        (["soon", None], "2026"),
    ],
)
def test_label(run, dates, label):
    plans = [plan(p, last_updated_on=d) for p, d in zip((A, B), dates, strict=True)]
    assert run(plans=plans).release == label


def test_nothing_dated(run, rows):
    named = {"marketing_name": None, "issuer_name": "Vandelay", "years": None}
    assert run(plans=[plan(**named)]).release == "undated"
    assert rows(PLAN.c.name, PLAN.c.payer, PLAN.c.year) == [(A, "Vandelay", None)]


# -- the index -------------------------------------------------------------------------------


def index(*formularies, plans=()):
    return {"provider_urls": ["p"], "formulary_urls": list(formularies), "plan_urls": list(plans)}


def test_files_named_in_the_index_but_not_given(run, rows):
    named = ["https://x.org/a b/DRUGS.json.gz?v=1", "drugs-2.json", 7]
    report = run(index=index(*named, plans=["/plans.json"]), drugs=[drug()])
    assert report.files["index.json"].kept == 1
    assert report.reasons == {marketplace.NOT_GIVEN: 2, marketplace.NOT_A_URL: 1}
    assert (2, "drugs-2.json") in rows(SET_ASIDE.c.line, SET_ASIDE.c.text)


def test_index_alone(run):
    with pytest.raises(ImportFault, match=r"index\.json only names other files"):
        run(index=index("drugs.json"))


# -- recognising, packing, breaking ----------------------------------------------------------


def claims(text, name="x.json"):
    return Marketplace().claims(Member(name, lambda: io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    ("text", "name", "claimed"),
    [
        (json.dumps([drug()]), "x.json", True),
        ("\ufeff" + json.dumps([drug()]), "x.json", True),
        (json.dumps([plan(plan_contact="x")]), "x.json", True),
        (json.dumps(index()), "x.json", True),
        ("<html>not found</html>", "drugs.json", True),
        ("", "Plans_2026.json", True),
        ("[]", "x.json", False),
        ('"rxnorm_id": 1', "x.json", False),
        (json.dumps([{"npi": "1", "plans": [plan()]}]), "providers.json", False),
        (json.dumps({"resourceType": "List"}), "drugs.json", False),
        ((QHP / "index_document_schema.json").read_text(), "x.json", False),
    ],
)
def test_recognised_by_content_then_by_name(text, name, claimed):
    assert claims(text, name) is claimed


def test_packed(engine, tmp_path):
    (tmp_path / "drugs.json.gz").write_bytes(gzip.compress(json.dumps([drug()]).encode()))
    with zipfile.ZipFile(tmp_path / "plans.zip", "w") as archive:
        archive.writestr("inner/plans.json", json.dumps([plan()]))
    (tmp_path / "index.json").write_text(json.dumps(index("a/drugs.json", plans=["plans.zip"])))
    [report] = import_paths(engine, [tmp_path], [Marketplace()])
    assert report.rows_kept == report.rows_read == 4


def test_cut_off_gzip(engine, tmp_path):
    packed = gzip.compress(json.dumps([drug(rxcui=str(n)) for n in range(20_000)]).encode())
    (tmp_path / "drugs.json.gz").write_bytes(packed[:-500])
    with pytest.raises(ImportFault, match="damaged"):
        import_paths(engine, [tmp_path], [Marketplace()])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "byte 0, after record 0: it ends here"),
        ("<html>", "neither an array nor an object"),
        ("[]", "holds no drug"),
        ('{"other": []}', "no array under drugs, data, results"),
        ("[1, 2", "byte 5, after record 2: it ends too early"),
        ("[1 2]", "byte 3, after record 1: a comma or ] should stand here"),
        ("[1] [2]", "byte 4, after record 1: something follows its end"),
        ('[{"a": 1}, {"a": tru', "byte 11, after record 1: it ends in the middle of a value"),
        ('[{"a": 1}, {"a" 1, "b": "012345678901234567"}]', "byte 16, after record 1"),
        ('{"drugs": [1], 5: 2}', "a name and a colon"),
        ('{"a" 1}', "a name and a colon"),
        ("{}", "no array"),
        ('{"drugs": ', "it ends"),
        ("[" + "[" * 100_000, "nested too deep"),
        ("[" + "9" * 5_000 + "]", "a number is too long"),
        ("[1, \ud800]".encode("utf-8", "surrogatepass"), "not UTF-8"),
        ("[1]".encode("utf-16"), "not UTF-8"),
    ],
)
def test_broken_files_are_refused_whole(run, rows, text, complaint):
    run(drugs=[drug()])
    with pytest.raises(ImportFault) as caught:
        run(drugs=text, plans=[plan()])
    assert complaint in str(caught.value)
    assert "drugs.json" in str(caught.value)
    assert len(rows(RELEASE.c.release_id)) == 1


def test_nothing_understood(run):
    with pytest.raises(ImportFault, match=r"No plan of drugs\.json could be understood"):
        run(drugs=[drug(rxcui="x")])
    with pytest.raises(ImportFault, match="holds no plan"):
        run(plans=[])


def test_deep_nesting_can_be_set_aside(run):
    deep = "[" * 940 + "]" * 940
    report = run(drugs=f'[{deep}, {{"rxnorm_id": "5", "plans": {{"a": {deep}}}}}, '
                 f"{json.dumps(drug())}]")  # fmt: skip
    assert report.rows_set_aside == 2
    endless: list[Any] = []
    for _ in range(5_000):
        endless = [endless]
    assert "too deep" in marketplace.as_text(endless)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_reader_joins_values_over_blocks(monkeypatch, size):
    monkeypatch.setattr(marketplace, "BLOCK", size)
    value = [12345, -1.5e3, '\u00e9\u20ac\\ " \U0001f600', True, None, {"a": [{}, []]}, "x" * 50]
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        source = ("\ufeff" + text).encode()
        assert list(JsonReader("x", io.BytesIO(source)).records()) == value
        assert list(JsonReader("x", io.BytesIO(source + b" " + text.encode())).values()) == [
            value,
            value,
        ]


def test_reader_refuses_a_value_without_end(monkeypatch):
    monkeypatch.setattr(marketplace, "BLOCK", 100)
    monkeypatch.setattr(marketplace, "LONGEST_VALUE", 1_000)
    with pytest.raises(ImportFault, match="one value is longer than 1,000"):
        list(JsonReader("x", io.BytesIO(b'["' + b"x" * 5_000 + b'"]')).records())


def test_reader_reports_a_failing_disk():
    class Failing(io.BytesIO):
        def read(self, *_):
            raise OSError("Input/output error")

    with pytest.raises(ImportFault, match="x is damaged"):
        list(JsonReader("x", Failing()).values())


# -- properties ------------------------------------------------------------------------------


@relaxed
@given(content=st.binary(max_size=200))
def test_any_bytes(engine, tmp_path, content):
    tried(engine, tmp_path / "f", {"drugs.json": content}, Marketplace())


@relaxed
@given(data=st.data())
def test_any_mutation_of_the_examples(engine, tmp_path, data):
    files = {}
    for name in ("drugs-1.json", "plans.json", "cms-data-index.json"):
        content = bytearray((QHP / name).read_bytes())
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
        files[name] = bytes(content)
    tried(engine, tmp_path / "f", files, Marketplace())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(marketplace.ENTRY_NAMES), inner, max_size=3)
    ),
    max_leaves=5,
)
odd_entry = st.dictionaries(
    st.sampled_from(marketplace.ENTRY_NAMES), anything | st.sampled_from([A, "GENERIC", 2026])
)
odd_drug = st.dictionaries(
    st.sampled_from(marketplace.DRUG_NAMES),
    anything | st.lists(odd_entry | st.just(entry()), max_size=3) | st.just("5"),
)
odd_plan = st.dictionaries(
    st.sampled_from(marketplace.PLAN_NAMES),
    anything | st.sampled_from([A, tier_of("A", block())]),
)


@relaxed
@given(drugs=st.lists(odd_drug | anything, max_size=4), plans=st.lists(odd_plan, max_size=4))
def test_any_values_in_any_place(engine, tmp_path, drugs, plans):
    files = {"drugs.json": [*drugs, drug()], "plans.json": [*plans, plan()]}
    tried(
        engine,
        tmp_path / "f",
        {name: json.dumps(v).encode() for name, v in files.items()},
        Marketplace(),
    )


@relaxed
@given(seed=st.integers(0, 10**6))
def test_pairs_are_what_a_plain_reading_finds(engine, tmp_path, seed):
    """The newest year of each plan, each drug and tier once: against a plain dictionary."""
    dice = random.Random(seed)
    drugs = [
        drug(
            *(
                entry(dice.choice([A, B, D]), dice.choice("XY"), dice.choice([(2025,), (2026,)]),
                      quantity_limit=dice.random() < 0.5)
                for _ in range(dice.randint(1, 4))
            ),
            rxcui=dice.choice("12"),
        )
        for _ in range(dice.randint(1, 4))
    ]  # fmt: skip
    (tmp_path / "drugs.json").write_text(json.dumps(drugs))
    [report] = import_paths(engine, [tmp_path / "drugs.json"], [Marketplace()])
    flat = [(d["rxnorm_id"], e) for d in drugs for e in d["plans"]]
    newest = {p: max(e["years"][0] for _, e in flat if e["plan_id"] == p) for p in (A, B, D)
              if any(e["plan_id"] == p for _, e in flat)}  # fmt: skip
    expected = {
        (e["plan_id"], rxcui, e["drug_tier"])
        for rxcui, e in flat
        if e["years"][0] == newest[e["plan_id"]]
    }
    assert report.rows_read == len(flat)
    assert report.rows_kept == len(expected)
    with engine.connect() as connection:
        last = connection.scalar(select(func.max(RELEASE.c.release_id)))
        found = connection.execute(
            select(PLAN_LIST.c.plan_key, DRUG.c.rxcui, DRUG.c.tier)
            .join(DRUG, DRUG.c.list_id == PLAN_LIST.c.list_id)
            .where(PLAN_LIST.c.release_id == last)
        ).all()
    assert sorted(map(tuple, found)) == sorted(expected)


# -- at size ---------------------------------------------------------------------------------


def test_generated_files(engine, tmp_path, rows):
    made = generate(tmp_path, 3_000_000, seed=3)
    [report] = import_paths(engine, [tmp_path], [Marketplace()])
    assert report.files["drugs.json"].read == made["pairs"]
    assert set(report.reasons) >= {marketplace.NOT_RXCUI, marketplace.NO_TIER}
    assert NALTREXONE[0] in {rxcui for (rxcui,) in rows(DRUG.c.rxcui)}
    assert generate(tmp_path / "again", 3_000_000, seed=3) == made
    one, two = (Path(tmp_path, *f, "drugs.json").read_bytes() for f in ([], ["again"]))
    assert one == two
