"""Makes up a marketplace drugs.json of any size, and the plans.json that belongs to it.

Nothing in it is real but the shape and the RxCUI of naltrexone 50 mg tablets. The deviations
that real issuers publish are mixed in at low rates. The same seed gives the same bytes.
``python bench/generate_marketplace.py FOLDER --bytes 1000000000``
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

YEAR = 2026
DRUGS, PLANS_OF_ISSUER, DESIGNS = 4_000, 40, 3
CARRIED = 0.85  # part of all drugs that an issuer lists
NALTREXONE = ("1483744", "naltrexone hydrochloride 50 MG Oral Tablet")
STATES = ("AK", "AL", "AR", "AZ", "FL", "GA", "IA", "MO", "OH", "TX", "UT", "WI")
TIERS = (
    "GENERIC",
    "PREFERRED-BRAND",
    "NON-PREFERRED-BRAND",
    "SPECIALTY",
    "ZERO-COST-SHARE-PREVENTIVE",
    "MEDICAL-SERVICE",
)
PHARMACIES = ("1-MONTH-IN-RETAIL", "3-MONTH-IN-MAIL")

Item = dict[str, Any]


def generate(folder: Path, size_bytes: int, seed: int = 1) -> dict[str, int]:
    """Writes drugs.json of about ``size_bytes`` and its plans.json into ``folder``.

    Returns how many drugs (records), pairs (of drug and plan) and plans there are.
    """
    dice = random.Random(seed)
    made = {"drugs": 0, "pairs": 0, "plans": 0}
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "drugs.json").open("w", encoding="utf-8") as drugs,
        (folder / "plans.json").open("w", encoding="utf-8") as plans,
    ):
        drugs.write("[")
        plans.write("[")
        issuer = 0
        while drugs.tell() < size_bytes:
            ids = _plan_ids(issuer, dice)
            for plan in _plans(ids, dice):
                _put(plans, plan, made, "plans")
            for drug in _drugs(ids, dice):
                _put(drugs, drug, made, "drugs")
                made["pairs"] += len(drug["plans"])
                if drugs.tell() >= size_bytes:
                    break
            issuer += 1
        drugs.write("]")
        plans.write("]")
    return made


def _put(file: TextIO, item: Item, made: dict[str, int], what: str) -> None:
    file.write("\n" if not made[what] else ",\n")
    file.write(json.dumps(item))
    made[what] += 1


def _plan_ids(issuer: int, dice: random.Random) -> list[str]:
    state = dice.choice(STATES)
    return [f"{10_000 + issuer:05}{state}{n * 10_000 + 1:07}" for n in range(PLANS_OF_ISSUER)]


# -- plans -----------------------------------------------------------------------------------


def _plans(ids: list[str], dice: random.Random) -> Iterator[Item]:
    for number, plan_id in enumerate(ids):
        plan = _plan(plan_id, f"Made-up plan {number}", dice)
        if dice.random() < 0.01:  # the same plan once per year
            yield {**plan, "years": [YEAR - 1]}
        if dice.random() < 0.01:
            plan["years"] = [str(YEAR)]
        if dice.random() < 0.01:
            del plan["years"]
        yield plan


def _plan(plan_id: str, name: str, dice: random.Random) -> Item:
    tiers: list[Item] = [_tier(tier, dice) for tier in TIERS]
    if dice.random() < 0.02:
        tiers.append(_tier(TIERS[0], dice))  # one tier twice
    if dice.random() < 0.01:
        tiers.append(_tier("NULL", dice))
    return {
        "plan_id_type": "HIOS-PLAN-ID",
        "plan_id": plan_id,
        "marketing_name": name,
        "summary_url": "https://example.org/plan, summary",
        "plan_contact": "plans@example.org",
        "network": [{"network_tier": "PREFERRED"}],
        "formulary": tiers[0] if dice.random() < 0.02 else tiers,
        "last_updated_on": f"{YEAR}-01-{dice.randint(1, 28):02}",
        "years": [YEAR],
    }


def _tier(tier: str, dice: random.Random) -> Item:
    return {
        "drug_tier": tier,
        "mail_order": True,
        "cost_sharing": [
            {
                "pharmacy_type": pharmacy,
                "copay_amount": dice.choice([0, 5.0, 20.0, 40]),
                "copay_opt": "AFTER-DEDUCTIBLE",
                "coinsurance_rate": dice.choice([0.0, 0.2, 1.0]),  # 1.0 beside a copay
                "coinsurance_opt": None,
            }
            for pharmacy in PHARMACIES
        ],
    }


# -- drugs -----------------------------------------------------------------------------------


def _drugs(ids: list[str], dice: random.Random) -> Iterator[Item]:
    # an issuer sells a few designs; all plans of one treat a drug alike
    designs = [ids[start::DESIGNS] for start in range(DESIGNS)]
    yield _drug(*NALTREXONE, designs, dice)
    for number in range(DRUGS):
        if dice.random() < CARRIED:
            drug = _drug(f"{200_000 + number * 7}", f"made-up drug {number}", designs, dice)
            yield _deviating(drug, dice)
            if dice.random() < 0.001:
                yield drug  # the same drug again


def _drug(rxcui: str, name: str, designs: list[list[str]], dice: random.Random) -> Item:
    alike = dice.random() < 0.8
    terms = _terms(dice)
    entries: list[Item] = []
    for design in designs:
        if not alike:
            terms = _terms(dice)
        entries.extend(
            {"plan_id_type": "HIOS-PLAN-ID", "plan_id": plan, **terms, "years": [YEAR]}
            for plan in design
        )
    return {"rxnorm_id": rxcui, "drug_name": name, "plans": entries}


def _terms(dice: random.Random) -> Item:
    return {
        "drug_tier": dice.choice(TIERS),
        "prior_authorization": dice.random() < 0.23,
        "step_therapy": dice.random() < 0.13,
        "quantity_limit": dice.random() < 0.37,
    }


def _deviating(drug: Item, dice: random.Random) -> Item:
    """The drug as some real issuer would publish it: mostly as the format says."""
    if dice.random() > 0.02:
        return drug
    return dice.choice(DEVIATIONS)(drug, dice)


def _ndc_for_rxcui(drug: Item, dice: random.Random) -> Item:
    return {**drug, "rxnorm_id": f"{dice.randrange(10**11):011}"}


def _camel_case(drug: Item, _: random.Random) -> Item:
    entries = [{_camel(name): value for name, value in e.items()} for e in drug["plans"]]
    return {"rxnormId": drug["rxnorm_id"], "drugName": drug["drug_name"], "plans": entries}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _name_as_object(drug: Item, _: random.Random) -> Item:
    return {**drug, "drug_name": {"name": drug["drug_name"]}}


def _years_quoted(drug: Item, _: random.Random) -> Item:
    return {**drug, "plans": [{**entry, "years": [str(YEAR)]} for entry in drug["plans"]]}


def _without(*names: str) -> Any:
    def left_out(drug: Item, _: random.Random) -> Item:
        entries = [{n: v for n, v in e.items() if n not in names} for e in drug["plans"]]
        return {**drug, "plans": entries}

    return left_out


def _odd_tier(drug: Item, dice: random.Random) -> Item:
    tier = dice.choice(["generics", "Preferred Brand", "NON_PREFERED-BRAND", "NULL"])
    return {**drug, "plans": [{**entry, "drug_tier": tier} for entry in drug["plans"]]}


def _older_year_too(drug: Item, _: random.Random) -> Item:
    older = {**drug["plans"][0], "years": [YEAR - 1]}
    return {**drug, "plans": [older, *drug["plans"]]}


DEVIATIONS = (
    _ndc_for_rxcui,
    _camel_case,
    _name_as_object,
    _years_quoted,
    _without("years"),
    _without("step_therapy"),
    _without("prior_authorization", "step_therapy", "quantity_limit"),
    _odd_tier,
    _older_year_too,
)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bytes", type=int, default=100_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.stdout.write(json.dumps(generate(asked.folder, asked.bytes, asked.seed)) + "\n")


if __name__ == "__main__":
    main()
