"""FHIR formularies: the reference server's export, the guide's examples, and broken files."""

import copy
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from compound_coverage.formulary.archives import Member
from compound_coverage.formulary.importer import ImportFault, import_paths
from compound_coverage.formulary.lookup import reading
from compound_coverage.formulary.sources import fhir
from compound_coverage.formulary.sources.fhir import Fhir
from compound_coverage.formulary.tables import (
    DRUG,
    PLAN,
    PLAN_AREA,
    PLAN_LIST,
    RELEASE,
    SET_ASIDE,
    TIER_COST,
)
from tests.formulary.conftest import SAMPLES
from tests.formulary.trying import relaxed, tried

EXPORT = SAMPLES / "fhir-formulary" / "bulk-export"
EXAMPLES = SAMPLES / "fhir-formulary" / "ig-examples-2.0.1"
HIOS = "10207VA0380001"
BASE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def concept(code, **more):
    return {"coding": [{"system": "any", "code": code, **more}]}


def extension(name, **value):
    return {"url": f"{BASE}usdf-{name}-extension", **value}


def drug(its_id="Drug-1", rxcui="1483744", display="naltrexone 50 MG Oral Tablet", **more):
    code = concept(rxcui, system=RXNORM, display=display)
    return {"resourceType": "MedicationKnowledge", "id": its_id, "code": code, **more}


def item(formulary="Formulary-F1", subject="Drug-1", tier="generic", status="active", more=()):
    return {
        "resourceType": "Basic",
        "id": "Item",
        "code": concept("formulary-item"),
        "subject": {"reference": f"MedicationKnowledge/{subject}"},
        "extension": [
            extension("FormularyReference", valueReference={"reference": formulary}),
            extension("AvailabilityStatus", valueCode=status),
            extension("DrugTierID", valueCodeableConcept=concept(tier)),
            *more,
        ],
    }


def formulary(its_id="Formulary-F1", **more):
    kind = [concept("DRUGPOL")]
    return {"resourceType": "InsurancePlan", "id": its_id, "type": kind, "name": "List", **more}


def payer_plan(its_id="PayerPlan-P1", uses=("Formulary-F1",), **more):
    references = [
        extension("FormularyReference", valueReference={"reference": f"InsurancePlan/{each}"})
        for each in uses
    ]
    coverage = [{"extension": references, "type": concept("DRUGPOL")}]
    return {
        "resourceType": "InsurancePlan",
        "id": its_id,
        "name": "Plan",
        "coverage": coverage,
        **more,
    }


def cost(kind, value, option="after-deductible"):
    quantity = {"value": value}
    return {"type": concept(kind), "qualifiers": [concept(option)], "value": quantity}


def with_costs(*costs, tier="generic", pharmacy="1-month-in-retail"):
    benefit = [{"type": concept(tier), "cost": list(costs)}]
    return [{"specificCost": [{"category": concept(pharmacy), "benefit": benefit}]}]


@pytest.fixture
def run(engine, tmp_path):
    """Imports resources given as one NDJSON file, or files given by name."""

    def imported(*resources, **files):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        if resources:
            files["all"] = "\n".join(map(json.dumps, resources))
        for name, text in files.items():
            text = text if isinstance(text, str) else json.dumps(text)
            (folder / f"{name}.ndjson").write_text(text, encoding="utf-8")
        [report] = import_paths(engine, [folder], [Fhir()])
        assert report.rows_read == report.rows_kept + report.rows_set_aside
        return report

    return imported


def looked_up(engine, plan, rxcui):
    with reading(engine) as lists:
        return lists.drug(plan, rxcui)


# -- the samples -----------------------------------------------------------------------------


def test_formulary_export_alone(engine, rows):
    [report] = import_paths(engine, [EXPORT / f"Formulary-{HIOS}"], [Fhir()])
    assert {name: (c.read, c.kept) for name, c in report.files.items()} == {
        "Basic.ndjson": (1000, 1000),
        "InsurancePlan.ndjson": (1, 1),
        "Location.ndjson": (0, 0),
        "MedicationKnowledge.ndjson": (1000, 1000),
    }
    assert report.unclaimed == ("export.json",)
    assert report.release == "2022-09-05"
    flags = rows(DRUG.c.prior_authorization, DRUG.c.step_therapy, DRUG.c.quantity_limit)
    assert len(flags) == 1000
    assert [sum(row[n] for row in flags) for n in range(3)] == [232, 128, 367]
    facts = looked_up(engine, HIOS, "1483744")
    assert facts.tier == "zero-cost-share-preventative"
    assert facts.plan.name == "BlueChoice HMO HSA Silver $3,000"
    assert facts.plan.line_of_business == "marketplace"
    assert facts.plan.year == 2022
    assert (facts.prior_authorization, facts.step_therapy, facts.quantity_limit) == (
        False, False, False,
    )  # fmt: skip
    limited = looked_up(engine, HIOS, "1600710")
    assert (limited.quantity_limit, limited.quantity_amount, limited.quantity_days) == (
        True, "30", "30",
    )  # fmt: skip
    assert rows(DRUG.c.name).count(("naltrexone hydrochloride 50 MG Oral Tablet",)) == 1
    assert rows(RELEASE.c.series) == [(f"fhir:Formulary-{HIOS}",)]
    # the Location of the sample says Connecticut; the HIOS id says Virginia
    assert rows(PLAN_AREA.c.plan_key, PLAN_AREA.c.kind, PLAN_AREA.c.code) == [(HIOS, "state", "VA")]


def test_both_exports(engine, rows):
    [report] = import_paths(engine, [EXPORT], [Fhir()])
    assert report.rows_read == report.rows_kept == 2004
    assert rows(PLAN.c.plan_key, PLAN.c.name) == [(HIOS, "BlueChoice HMO")]
    assert len(rows(*PLAN_LIST.c)) == 1
    generic = select(TIER_COST).where(
        TIER_COST.c.tier == "generic", TIER_COST.c.pharmacy_type == "1-month-in-retail"
    )
    with engine.connect() as connection:
        twice = connection.execute(generic.order_by(TIER_COST.c.position)).all()
    # 100 percent is written as a fraction; the tier stands twice
    assert [row[4:] for row in twice] == [
        (0, 20.0, "after-deductible", 1.0, "after-deductible"),
        (1, 0.0, "no-charge", 0.0, "no-charge"),
    ]
    facts = looked_up(engine, HIOS, "1483744")
    assert facts.cost_sharing[0].where == "1-month-in-retail"


def test_payer_plan_export_alone(engine, rows):
    [report] = import_paths(engine, [EXPORT / f"PayerPlan-{HIOS}"], [Fhir()])
    assert report.rows_read == report.rows_kept == 3
    assert rows(PLAN.c.plan_key) == [(HIOS,)]
    assert rows(RELEASE.c.series) == [(f"fhir:{HIOS}",)]
    assert rows(*PLAN_LIST.c) == []


def test_examples_of_the_guide(engine, rows):
    [report] = import_paths(engine, [EXAMPLES], [Fhir()])
    assert report.rows_read == report.rows_kept == 14
    assert report.unclaimed == ("GraphDefinition-FormularyGraphDefinition.json",)
    assert rows(PLAN.c.plan_key, PLAN.c.line_of_business, PLAN.c.year) == [
        ("A1002", "", 2021),
        ("A3001", "", 2021),
    ]
    assert rows(PLAN_AREA.c.code) == [("CT",)]  # of one plan only
    facts = looked_up(engine, "A1002", "209459")
    assert (facts.tier, facts.prior_authorization, facts.quantity_limit) == ("brand", True, False)
    # two codes for one drug: the product is taken, not its dose form group
    assert looked_up(engine, "A3001", "1000091").on_list
    assert ("1160770",) not in rows(DRUG.c.rxcui)
    amounts = rows(
        TIER_COST.c.plan_key, TIER_COST.c.tier, TIER_COST.c.copay, TIER_COST.c.coinsurance
    )
    assert amounts[0] == ("A1002", "brand", 20.0, 0.2)


# -- FormularyItem ---------------------------------------------------------------------------


def test_pretty_printed_ndjson_and_empty_files(run, rows):
    many = "\n".join(json.dumps(each, indent=2) for each in (drug(), item(), formulary()))
    report = run(Basic=many, Location="", Other="\n \n")
    assert report.rows_kept == 3
    assert rows(DRUG.c.rxcui) == [("1483744",)]


@pytest.mark.parametrize("kind", ["collection", "searchset"])
@pytest.mark.parametrize("order", ["type first", "type last"])
def test_bundles(run, rows, kind, order):
    entries = [{"resource": each} for each in (item(), drug(), formulary())]
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    if order == "type last":
        bundle = dict(reversed(bundle.items()))
    assert run(bundle).rows_kept == 3
    assert rows(PLAN.c.plan_key) == [("FORMULARY-F1",)]


def test_bundle_whose_type_comes_late(run, rows):
    entries: list[Any] = [{"resource": item(tier=f"t{n}")} for n in range(200)]
    entries += [{"resource": drug()}, {"resource": {"resourceType": "Patient", "id": "1"}}, {}, 5]
    text = json.dumps({"entry": entries, "resourceType": "Bundle"})
    assert text.index("Bundle") > 65_536
    report = run(x=text)
    assert report.rows_kept == 201
    assert report.reasons == {fhir.OTHER_RESOURCE: 1, fhir.NOT_A_RESOURCE: 1}


def test_several_bundles_and_other_things_in_one_file(run):
    full = {"resourceType": "Bundle", "entry": [{"resource": each} for each in (drug(), item())]}
    empty = {"resourceType": "Bundle", "total": 0}
    report = run(full, empty, formulary(), {"resourceType": "Bundle", "entry": [3]})
    assert report.reasons == {fhir.NOT_A_RESOURCE: 3}


def test_addresses_within_a_bundle(run, rows):
    its_drug, its_list = "urn:uuid:aaaa", "urn:uuid:bbbb"
    one = item(its_list)
    one["subject"] = {"reference": its_drug}
    plan = payer_plan()
    plan["coverage"][0]["extension"][0]["valueReference"]["reference"] = its_list
    entries = [
        {"fullUrl": "urn:uuid:cccc", "resource": one},
        {"fullUrl": its_drug, "resource": drug("x")},
        {"fullUrl": its_list, "resource": formulary("f")},
        {"fullUrl": "urn:uuid:dddd", "resource": plan},
    ]
    assert run({"resourceType": "Bundle", "entry": entries}).rows_kept == 4
    assert rows(PLAN.c.plan_key) == [("PAYERPLAN-P1",)]
    assert len(rows(*PLAN_LIST.c)) == 1
    assert rows(RELEASE.c.series) == [("fhir:f",)]


@pytest.mark.parametrize(
    "reference",
    [
        "Drug-1",
        "MedicationKnowledge/Drug-1",
        "https://x.org/fhir/MedicationKnowledge/Drug-1/_history/2",
    ],
)
def test_references(run, rows, reference):
    one = item()
    one["subject"] = {"reference": reference}
    run(one, drug())
    assert rows(DRUG.c.rxcui) == [("1483744",)]


def test_contained_drug(run, rows):
    one = item(subject="") | {"subject": {"reference": "#d"}}
    one["contained"] = [drug("other", "1"), drug("d", "2")]
    run(one)
    assert rows(DRUG.c.rxcui) == [("2",)]


def test_reference_that_names_the_rxcui(run, rows):
    one = item(subject="Missing")
    one["subject"] |= {"identifier": {"system": RXNORM, "value": "7"}, "display": "seven"}
    run(one)
    assert rows(DRUG.c.rxcui, DRUG.c.name) == [("7", "seven")]


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "MedicationKnowledge/Drug-1483744"},  # an id is no RxCUI
        {"reference": "#d"},
        {"identifier": {"system": "ndc", "value": "7"}},
        {"display": "naltrexone 50 mg"},
        None,
    ],
)
def test_unresolved_drug_is_set_aside(run, rows, subject):
    report = run(item(), drug(), item() | {"subject": subject, "id": "Lost"})
    assert report.reasons == {fhir.UNRESOLVED: 1}
    [(line, text)] = rows(SET_ASIDE.c.line, SET_ASIDE.c.text)
    assert line == 3
    assert text.startswith("Lost refers to ")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (item(status="inactive"), fhir.NOT_ACTIVE),
        (item(status=3), fhir.NOT_ACTIVE),
        (item(tier=""), fhir.NO_TIER),
        (item(formulary=""), fhir.NO_FORMULARY),
        (item() | {"code": concept("other")}, fhir.OTHER_BASIC),
        (item() | {"extension": "x"}, fhir.NO_FORMULARY),
        (item(more=[extension("StepTherapyLimit", valueBoolean="x")]), fhir.BAD_FLAG),
        (item(), fhir.AGAIN),
        (drug(rxcui="2"), fhir.OTHER_VERSION),
        (drug("D", rxcui="00406117003"), fhir.NO_RXCUI),
        (drug("D") | {"code": concept("1")}, fhir.NO_RXCUI),
        (drug("D", status="entered-in-error"), fhir.NOT_ACTIVE),
        (drug(""), fhir.NO_ID),
        (drug("\x00"), fhir.NO_ID),
        (payer_plan(status="retired"), fhir.NOT_ACTIVE),
        (payer_plan(uses=()), fhir.OTHER_PLAN),
        ({"resourceType": "List", "id": "l"}, fhir.OTHER_PLAN),
        ({"resourceType": "Patient"}, fhir.OTHER_RESOURCE),
        ({"id": "x"}, fhir.NOT_A_RESOURCE),
        (3, fhir.NOT_A_RESOURCE),
    ],
)
def test_resources_set_aside(run, rows, bad, reason):
    assert run(drug(), item(), bad).reasons == {reason: 1}
    assert rows(DRUG.c.rxcui, DRUG.c.tier) == [("1483744", "generic")]


def test_item_without_a_status_is_kept(run):
    one = item()
    one["extension"] = [e for e in one["extension"] if "Availability" not in e["url"]]
    assert run(one, drug()).rows_kept == 2


def test_missing_flag_is_unknown(run, rows):
    flags = [
        extension("PriorAuthorization", valueBoolean=True),
        extension("QuantityLimit", valueBoolean=None),
    ]
    run(drug(), item(more=flags))
    columns = (DRUG.c.prior_authorization, DRUG.c.step_therapy, DRUG.c.quantity_limit)
    assert rows(*columns) == [(1, None, None)]


@pytest.mark.parametrize(
    ("details", "kept"),
    [
        ({"Rolling": {"count": 60, "period": 2, "periodUnit": "wk"}}, ("60", "14")),
        ({"Rolling": {"count": 60, "period": 1, "periodUnit": "mo"}}, (None, None)),
        ({"Rolling": {"count": "x", "period": 30, "periodUnit": "d"}}, (None, None)),
        ({"MaximumDaily": 1.5}, ("1.5", "1")),
        ({"Rolling": {"count": 1_000_000, "period": 30, "periodUnit": "d"}}, ("1000000", "30")),
        ({}, (None, None)),
    ],
)
def test_quantity(run, rows, details, kept):
    parts = []
    if "Rolling" in details:
        parts.append({"url": "Rolling", "valueTiming": {"repeat": details["Rolling"]}})
    if "MaximumDaily" in details:
        parts.append({"url": "MaximumDaily", "valueQuantity": {"value": details["MaximumDaily"]}})
    run(drug(), item(more=[extension("QuantityLimitDetail") | {"extension": parts}]))
    assert rows(DRUG.c.quantity_amount, DRUG.c.quantity_days) == [kept]


def test_systems_may_change_their_address(run, rows):
    one = item()
    for each in one["extension"]:
        each["url"] += "|2.1.0"
    one["code"]["coding"][0]["system"] = f"{BASE}usdf-InsuranceItemTypeCS-TEMPORARY-TRIAL-USE"
    run(drug(), one)
    assert rows(DRUG.c.tier) == [("generic",)]


@pytest.mark.parametrize("first", ["product", "group"])
def test_product_rather_than_dose_form_group(run, rows, first):
    product = {"system": "urn:oid:2.16.840.1.113883.6.88", "code": 1, "display": "x 1 MG Pill Pack"}
    group = {"system": RXNORM, "code": "2", "display": "x Oral Product"}
    codes = [product, group] if first == "product" else [group, product]
    run(drug() | {"code": {"coding": codes}}, item())
    assert rows(DRUG.c.rxcui) == [("1",)]


# -- plans -----------------------------------------------------------------------------------


def test_plans_that_share_a_formulary_and_use_two(run, rows):
    report = run(
        drug(), item(), item("Formulary-F2", tier="brand"), formulary(),
        payer_plan("A"), payer_plan("B", uses=("Formulary-F1", "Formulary-F2", "Not-Given")),
    )  # fmt: skip
    assert report.rows_kept == 6
    assert rows(PLAN.c.plan_key) == [("A",), ("B",)]
    assert [row[0] for row in rows(PLAN_LIST.c.plan_key, PLAN_LIST.c.list_id)] == ["A", "B", "B"]
    assert rows(RELEASE.c.series) == [("fhir:Formulary-F1,Formulary-F2",)]


def test_formulary_that_only_its_drugs_name(run, rows):
    run(drug(), item(f"InsurancePlan/Formulary-{HIOS}"))
    assert rows(PLAN.c.plan_key, PLAN.c.name, PLAN.c.line_of_business) == [
        (HIOS, f"Formulary-{HIOS}", "marketplace")
    ]


def test_formulary_named_like_a_plan_that_uses_another(run, rows):
    like = f"Formulary-{HIOS}"
    run(drug(), item(like), item(), payer_plan(f"PayerPlan-{HIOS}"), formulary(like))
    assert rows(PLAN.c.plan_key) == [(HIOS,), (like.upper(),)]


def test_two_plans_of_one_id(run, rows):
    same = [{"value": "X1"}]
    plans = [payer_plan("a", identifier=same), payer_plan("b", identifier=same)]
    assert run(drug(), item(), *plans).reasons == {fhir.PLAN_AGAIN: 1}
    assert rows(PLAN.c.plan_key) == [("X1",)]


def test_formularies_whose_plan_ids_collide(run, rows):
    assert run(drug(), item(), formulary(f"a-{HIOS}"), formulary(f"b-{HIOS}")).rows_kept == 4
    assert rows(PLAN.c.plan_key) == [(HIOS,), ("FORMULARY-F1",)]


def test_the_same_resource_again(run):
    assert run(drug(), item(), drug(), formulary(), formulary()).rows_kept == 5


def test_payer_year_and_place(run, rows):
    here = {"resourceType": "Location", "id": "L", "address": {"state": "MO"}}
    nowhere = {"resourceType": "Location", "id": "N", "address": {"state": "Missouri"}}
    areas = [{"reference": "Location/L"}, {"reference": "Location/N"}, {"reference": "Location/Z"}]
    owner = {"display": "Payer"}
    period = {"start": "2027-01-01"}
    run(drug(), item(), here, nowhere,
        payer_plan(coverageArea=areas, ownedBy=owner, period=period))  # fmt: skip
    assert rows(PLAN.c.payer, PLAN.c.year) == [("Payer", 2027)]
    assert rows(PLAN_AREA.c.code) == [("MO",)]


@pytest.mark.parametrize("start", ["", "soon", "0001-01-01", 2026])
def test_no_year(run, rows, start):
    run(drug(), item(), payer_plan(period={"start": start}))
    assert rows(PLAN.c.year) == [(None,)]


def test_costs(run, rows):
    plan = with_costs(cost("copay", 5), cost("coinsurance", 25.0, "charge"), cost("other", 1))
    run(drug(), item(), payer_plan(plan=plan))
    assert rows(*TIER_COST.c)[0][1:] == (
        "PAYERPLAN-P1", "generic", "1-month-in-retail", 0, 5.0, "after-deductible", 0.25, "charge",
    )  # fmt: skip


@pytest.mark.parametrize(
    "plan",
    [
        with_costs(cost("copay", -1)),
        with_costs(cost("coinsurance", "much")),
        with_costs(cost("coinsurance", 120)),
        with_costs(cost("copay", 1), tier=""),
        with_costs(cost("copay", 1), pharmacy=""),
    ],
)
def test_costs_that_make_no_sense(run, rows, plan):
    report = run(drug(), item(), payer_plan(plan=plan))
    assert report.reasons == {fhir.BAD_COST: 1}
    assert rows(*TIER_COST.c) == []


def test_label_without_dates(run):
    assert run(drug(meta={"lastUpdated": "yesterday"}), item()).release == "undated"


# -- STU 1.1 ---------------------------------------------------------------------------------


def old_drug(plan=HIOS, tier="generic", **more):
    extensions = [
        extension("PlanID", valueString=plan),
        extension("DrugTierID", valueCodeableConcept=concept(tier)),
        extension("PriorAuthorization", valueBoolean=True),
    ]
    return {**drug(), "status": "active", "extension": extensions, **more}


def old_plan(rate=0.2, **more):
    parts = {
        "pharmacyType": {"valueCodeableConcept": concept("1-month-in-retail")},
        "copayAmount": {"valueMoney": {"value": 10, "currency": "USD"}},
        "copayOption": {"valueCodeableConcept": concept("after-deductible")},
        "coinsuranceRate": {"valueDecimal": rate},
        "coinsuranceOption": {"valueCodeableConcept": concept("after-deductible")},
    }
    sharing = {"url": "costSharing", "extension": [{"url": k, **v} for k, v in parts.items()]}
    tier = {"url": "drugTierID", "valueCodeableConcept": concept("generic")}
    return {
        "resourceType": "List",
        "id": "plan-one",
        "identifier": [{"value": HIOS}],
        "title": "Old Plan",
        "status": "current",
        "code": concept("DRUGPOL"),
        "extension": [extension("DrugTierDefinition") | {"extension": [tier, sharing]}],
        "entry": [{"item": {"reference": "MedicationKnowledge/Drug-1"}}],
        **more,
    }


def test_version_1_1(run, rows, engine):
    report = run(old_plan(), old_drug(), old_drug(tier="brand", id="Drug-2"))
    assert report.rows_kept == 3
    assert rows(PLAN.c.plan_key, PLAN.c.name) == [(HIOS, "Old Plan")]
    facts = looked_up(engine, HIOS, "1483744")
    assert facts.prior_authorization is True
    assert facts.step_therapy is None
    assert rows(*TIER_COST.c)[0][5:] == (10.0, "after-deductible", 0.2, "after-deductible")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (old_drug(id="B", status="inactive"), fhir.NOT_ACTIVE),
        (old_drug(id="B", plan=""), fhir.NO_FORMULARY),
        (old_drug(id="B", tier=""), fhir.NO_TIER),
        (old_drug(id="B"), fhir.AGAIN),
        (old_plan(id="B", status="retired"), fhir.NOT_ACTIVE),
        (old_plan(rate=20, id="B", identifier=[{"value": "X"}]), fhir.BAD_COST),
        (old_plan(rate="x", id="B", identifier=[]), fhir.BAD_COST),
    ],
)
def test_version_1_1_set_aside(run, bad, reason):
    assert run(old_plan(), old_drug(), bad).reasons == {reason: 1}


def test_version_1_1_flag(run):
    bad = old_drug(id="B")
    bad["extension"][2]["valueBoolean"] = 1
    assert run(old_plan(), old_drug(), bad).reasons == {fhir.BAD_FLAG: 1}


# -- recognising, breaking -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "claimed"),
    [
        (json.dumps(drug()), "x", True),
        (json.dumps({"id": 1, "resourceType": "Basic"}), "x", True),
        ("", "Location.ndjson", True),
        (" \n", "a/Location.ndjson", True),
        ("", "Location.json", False),
        (json.dumps({"resourceType": "Patient"}), "x.ndjson", False),
        (json.dumps([{"rxnorm_id": "1"}]), "drugs.json", False),
    ],
)
def test_recognised(text, name, claimed):
    assert Fhir().claims(Member(name, lambda: io.BytesIO(text.encode()))) is claimed


def test_packed(engine, tmp_path, rows):
    text = "\n".join(map(json.dumps, (drug(), item())))
    (tmp_path / "Basic.ndjson.gz").write_bytes(gzip.compress(text.encode()))
    import_paths(engine, [tmp_path], [Fhir()])
    assert rows(DRUG.c.rxcui) == [("1483744",)]


@pytest.mark.parametrize("after", ['{"resourceType": "Basic"', "oops", '{"a": tru}' + " " * 40])
def test_broken_file_is_refused_whole(run, rows, after):
    run(drug(), item())
    with pytest.raises(ImportFault, match=r"Basic\.ndjson is not the JSON it should be"):
        run(Basic="\n".join([json.dumps(drug()), json.dumps(item()), after]))
    assert len(rows(RELEASE.c.release_id)) == 1


def test_nothing_of_use(run):
    place = {"resourceType": "Location", "id": "L"}
    with pytest.raises(ImportFault, match="neither a plan nor a drug"):
        run(place, drug())
    with pytest.raises(ImportFault):
        run(Location="")


def test_too_deep_to_show(run):
    deep = '{"resourceType": "Basic", "x": ' + "[" * 940 + "]" * 940 + "}"
    report = run(Basic="\n".join([deep, json.dumps(drug()), json.dumps(item())]))
    assert report.reasons == {fhir.OTHER_BASIC: 1}


# -- properties ------------------------------------------------------------------------------


@relaxed
@given(content=st.binary(max_size=100))
def test_any_bytes(engine, tmp_path, content):
    start = b'{"resourceType": "Basic"}'
    tried(engine, tmp_path / "f", {"x.ndjson": start + content}, Fhir())


@relaxed
@given(data=st.data())
def test_any_mutation_of_the_samples(engine, tmp_path, data):
    files = {}
    for name in ("Basic", "InsurancePlan", "MedicationKnowledge"):
        lines = (EXPORT / f"Formulary-{HIOS}" / f"{name}.ndjson").read_bytes().splitlines(True)
        content = bytearray(b"".join(lines[:2]))
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
        files[f"{name}.ndjson"] = bytes(content)
    tried(engine, tmp_path / "f", files, Fhir())


odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 3, -0.5, "", "x", "\x00", "\ud800", [], {}, [[]], [{}], {"a": 1}]
)
RESOURCES = (
    drug(), item(more=[extension("QuantityLimit", valueBoolean=True)]), formulary(),
    payer_plan(plan=with_costs(cost("copay", 5), cost("coinsurance", 20))),
    old_plan(), old_drug(id="old"), {"resourceType": "Location", "id": "L", "address": {}},
)  # fmt: skip


def places(value, path=()):
    """The way to every value inside ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from places(each, (*path, key))


@relaxed
@given(data=st.data())
def test_any_value_in_any_place(engine, tmp_path, data):
    resources = json.loads(json.dumps(RESOURCES))
    for _ in range(data.draw(st.integers(1, 4))):
        *way, last = data.draw(st.sampled_from(list(places(resources))))
        holder = resources
        for key in way:
            holder = holder[key]
        holder[last] = copy.deepcopy(data.draw(odd))
    text = "\n".join(map(json.dumps, resources))
    tried(engine, tmp_path / "f", {"x.ndjson": text.encode()}, Fhir())
