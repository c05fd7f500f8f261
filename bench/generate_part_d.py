"""Makes up a Medicare Part D release of true national size, with the quirks of the real one.

Nothing in it is real but the shape: column names, file names, row counts and known oddities
(2026, second quarter) and the RxCUI of naltrexone 50 mg tablets. The same seed gives the same
texts. ``python bench/generate_part_d.py FOLDER --scale 0.01 --zipped``
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import TypeVar

RELEASE = "PPUF_2026Q1"
OUTER_ZIP = "SPUF_2026_20260408.zip"
YEAR = "2026"
NALTREXONE = ("1483744", "00406117003")
NALTREXONE_LISTED = 0.95

FORMULARIES, DRUG_ROWS, DRUGS = 328, 1_124_586, 6_024
PLAN_ROWS, PLANS, CONTRACTS, SUPPRESSED = 112_294, 5_518, 691, 22
REGION_PLANS, DRUG_PLANS = 80, 360  # one row each
REGION_CONTRACTS, DRUG_CONTRACTS = 9, 60  # R and S; the others are H
COUNTIES, TERRITORY_COUNTIES = 3_279, 118
COST_ROWS, INSULIN_ROWS, SUPPLEMENT_ROWS, INDICATION_ROWS = 172_642, 43_057, 13_717, 400
SUPPLEMENT_DRUGS, SUPPLEMENT_CONTRACTS = 44, 270
STATES = 51  # made-up ones, in 34 regions
REGIONS = 34

BLANK = " "
CHANNELS = ("PREF", "NONPREF", "MAIL_PREF", "MAIL_NONPREF")
DISEASES = (
    "SPONDYLITIS, ANKYLOSING",
    "ARTHRITIS, PSORIATIC",
    "ARTHRITIS, RHEUMATOID",
    "COLITIS, ULCERATIVE",
    "CROHN DISEASE",
    "HIDRADENITIS SUPPURATIVA",
    "PSORIASIS",
    "UVEITIS",
    "DERMATITIS, ATOPIC",
    "ASTHMA",
    "DIABETES MELLITUS, TYPE 2",
    "ARTHRITIS, JUVENILE",
)
PLAN_COLUMNS = (
    "CONTRACT_ID|PLAN_ID|SEGMENT_ID|CONTRACT_NAME|PLAN_NAME|FORMULARY_ID|PREMIUM|DEDUCTIBLE|"
    "MA_REGION_CODE|PDP_REGION_CODE|STATE|COUNTY_CODE|SNP|PLAN_SUPPRESSED_YN"
)
COUNTY_COLUMNS = "COUNTY_CODE|STATENAME|COUNTY|MA_REGION_CODE|MA_REGION|PDP_REGION_CODE|PDP_REGION"
DRUG_COLUMNS = (
    "FORMULARY_ID|FORMULARY_VERSION|CONTRACT_YEAR|RXCUI|NDC|TIER_LEVEL_VALUE|QUANTITY_LIMIT_YN|"
    "QUANTITY_LIMIT_AMOUNT|QUANTITY_LIMIT_DAYS|PRIOR_AUTHORIZATION_YN|STEP_THERAPY_YN|"
    "SELECTED_DRUG_YN"
)
SUPPLEMENT_COLUMNS = (
    "CONTRACT_ID|PLAN_ID|RXCUI|TIER|QUANTITY_LIMIT_YN|QUANTITY_LIMIT_AMOUNT|QUANTITY_LIMIT_DAYS|"
    "PRIOR_AUTH_YN|STEP_THERAPY_YN|CAPPED_BENEFIT_YN"
)
COST_COLUMNS = "|".join(
    [
        "CONTRACT_ID|PLAN_ID|SEGMENT_ID|COVERAGE_LEVEL|TIER|DAYS_SUPPLY",
        *(
            f"{what}_{channel}"
            for channel in CHANNELS
            for what in ("COST_TYPE", "COST_AMT", "COST_MIN_AMT", "COST_MAX_AMT")
        ),
        "TIER_SPECIALTY_YN|DED_APPLIES_YN",
    ]
)
INSULIN_COLUMNS = "CONTRACT_ID|PLAN_ID|SEGMENT_ID|TIER|DAYS_SUPPLY|" + "|".join(
    f"{what}_{channel.lower()}_insln" for what in ("copay_amt", "coin_amt") for channel in CHANNELS
)
PRICE_COLUMNS = "CONTRACT_ID|PLAN_ID|SEGMENT_ID|NDC|DAYS_SUPPLY|UNIT_COST"
PHARMACY_COLUMNS = (
    "CONTRACT_ID|PLAN_ID|SEGMENT_ID|PHARMACY_NUMBER|PHARMACY_ZIPCODE|PREFERRED_STATUS_RETAIL|"
    "PREFERRED_STATUS_MAIL|PHARMACY_RETAIL|PHARMACY_MAIL|IN_AREA_FLAG|FLOOR_PRICE|"
    "BRAND_DISPENSING_FEE_30|BRAND_DISPENSING_FEE_60|BRAND_DISPENSING_FEE_90|"
    "GENERIC_DISPENSING_FEE_30|GENERIC_DISPENSING_FEE_60|GENERIC_DISPENSING_FEE_90|"
    "SELECTED_DISPENSING_FEE_30|SELECTED_DISPENSING_FEE_60|SELECTED_DISPENSING_FEE_90"
)
Key = tuple[str, str, str]
_A = TypeVar("_A")
_B = TypeVar("_B")


def generate(
    folder: Path,
    scale: float = 1.0,
    seed: int = 0,
    zipped: bool = False,
    *,
    price_rows: int = 0,
    pharmacy_rows: int = 0,
) -> dict[str, int]:
    """Writes a release into ``folder``: text files, or the zip of zips they come in.

    ``scale`` 1.0 is the whole country. Prices and pharmacies are left out unless rows of them
    are asked for. Returns the number of data rows by table.
    """
    made = _Country(scale, seed)
    tables: dict[str, tuple[str, Iterable[str]]] = {
        "plan information  {}.txt": (PLAN_COLUMNS, made.plan_rows()),
        "geographic locator file {}.txt": (COUNTY_COLUMNS, made.county_rows()),
        "basic drugs formulary file  {}.txt": (DRUG_COLUMNS, made.drug_rows()),
        "beneficiary cost file  {}.txt": (COST_COLUMNS, made.cost_rows()),
        "insulin beneficiary cost file  {}.txt": (INSULIN_COLUMNS, made.insulin_rows()),
        "excluded drugs formulary file  {}.txt": (SUPPLEMENT_COLUMNS, made.supplement_rows()),
        "Indication Based Coverage Formulary File  {}.txt": (
            "CONTRACT_ID|PLAN_ID|RXCUI|DISEASE",
            made.indication_rows(),
        ),
    }
    if price_rows:
        tables["pricing file {}.txt"] = (PRICE_COLUMNS, made.price_rows(price_rows))
    if pharmacy_rows:
        rows = made.pharmacy_rows(pharmacy_rows)
        tables["pharmacy networks file  {} part 1.txt"] = (PHARMACY_COLUMNS, rows)
    folder.mkdir(parents=True, exist_ok=True)
    if zipped:
        return _write_zipped(folder / OUTER_ZIP, tables)
    return {
        _table_name(name): _write(folder / name.format(RELEASE), header, rows)
        for name, (header, rows) in tables.items()
    }


def _table_name(name: str) -> str:
    return name.partition("{")[0].strip().lower().removesuffix(" file")


def _write(path: Path, header: str, rows: Iterable[str]) -> int:
    written = 0
    with path.open("w", encoding="cp1252", newline="\r\n") as stream:
        stream.write(header + "\n")
        for row in rows:
            stream.write(row + "\n")
            written += 1
    return written


def _write_zipped(path: Path, tables: dict[str, tuple[str, Iterable[str]]]) -> dict[str, int]:
    """The outer zip stores one deflated zip a table, each with one text file."""
    counts = {}
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(path, "w") as outer:
        for name, (header, rows) in tables.items():
            inner_name = name.format(RELEASE)
            text = Path(scratch) / inner_name
            counts[_table_name(name)] = _write(text, header, rows)
            packed = text.with_suffix(".zip")
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as inner:
                inner.write(text, inner_name)
            outer.write(packed, packed.name.lower())
            text.unlink()
            packed.unlink()
    return counts


class _Country:
    """The made-up plans, counties and drugs, and the rows that follow from them."""

    def __init__(self, scale: float, seed: int) -> None:
        self.random = random.Random(seed)
        self.scale = scale
        self.counties = [self._county(n) for n in range(self._count(COUNTIES))]
        self.formularies = [f"{26_000 + n:08}" for n in range(self._count(FORMULARIES))]
        self.without_drugs = f"{26_000 + len(self.formularies):08}"
        self.plans = self._plan_keys()
        self.suppressed = set(self.plans[-min(self._count(SUPPRESSED), len(self.plans) // 4) :])
        self.open_plans = [key for key in self.plans if key not in self.suppressed]
        self.drugs = self._drug_universe()

    def _count(self, at_full_scale: int) -> int:
        return max(1, round(at_full_scale * self.scale))

    @staticmethod
    def _county(number: int) -> tuple[str, int]:
        """The code, and the number of the state it lies in. Codes are five digits, as SSA's."""
        state = number % STATES
        return f"{state + 1:02}{number // STATES * 10:03}", state

    def _plan_keys(self) -> list[Key]:
        """Contract, plan, segment: R and S contracts first, then county plans."""
        total = self._count(PLANS)
        regional, drug_only = self._count(REGION_PLANS), self._count(DRUG_PLANS)
        contracts = self._count(CONTRACTS - REGION_CONTRACTS - DRUG_CONTRACTS)
        keys = []
        for n in range(regional):
            contract, plan = n % REGION_CONTRACTS, n // REGION_CONTRACTS
            keys.append((f"R{4_000 + contract}", f"{plan + 1:03}", "000"))
        for n in range(drug_only):
            contract, plan = n % DRUG_CONTRACTS, n // DRUG_CONTRACTS
            keys.append((f"S{5_000 + contract}", f"{plan + 1:03}", "000"))
        for n in range(total - len(keys)):
            keys.append(
                (f"H{1_000 + n % contracts}", f"{n // contracts + 1:03}", f"{n % 7 // 6:03}")
            )
        return keys

    def _drug_universe(self) -> list[tuple[str, str, int, bool, bool, str]]:
        """RxCUI, its one NDC, usual tier, usual prior authorization and step therapy, limit."""
        rxcuis = self.random.sample(range(91_000, 2_700_000), DRUGS)
        ndcs = self.random.sample(range(10**8, 7 * 10**10), DRUGS)
        pairs = [(str(r), f"{n:011}") for r, n in zip(rxcuis, ndcs, strict=True)]
        pairs = [pair for pair in pairs if pair[0] != NALTREXONE[0]]
        drugs = [
            (
                rxcui,
                ndc,
                self.random.choices(range(1, 8), (15, 20, 20, 20, 20, 4, 1))[0],
                self.random.random() < 0.283,
                self.random.random() < 0.011,
                self.random.choice(("30", "60", "90", "120", "2.5", "0.8"))
                if self.random.random() < 0.388
                else BLANK,
            )
            for rxcui, ndc in pairs
        ]
        return sorted(drugs, key=lambda drug: drug[1])

    def county_rows(self) -> Iterator[str]:
        territories = round(TERRITORY_COUNTIES * self.scale)
        for position, (code, state) in enumerate(self.counties):
            ma = f"{state % REGIONS + 1:02}|MA region {state % REGIONS + 1}"
            if position >= len(self.counties) - territories:
                ma = f"{BLANK}|{BLANK}"
            name = "Washington D.C." if state == 8 else f"State {state + 1}"
            region = state % REGIONS + 1
            yield f"{code}|{name}|County {code}|{ma}|{region:02}|PDP region {region}"

    def plan_rows(self) -> Iterator[str]:
        """One row a county for H contracts, one row with a region for R and S."""
        for position, (key, spread) in enumerate(zip(self.plans, self._spreads(), strict=True)):
            contract = key[0]
            listed = self.formularies[position % len(self.formularies)]
            formulary = self.without_drugs if position == len(self.plans) // 2 else listed
            kind = ("PPO", "HMO", "HMO D-SNP", "Óptimo")[position % 4]
            premium = f"{self.random.randrange(0, 9000) / 100:.2f}"
            deductible = self.random.choice(("0", "250", "615"))
            special_needs = "2" if "D-SNP" in kind else "0"
            suppressed = "Y" if key in self.suppressed else "N"
            front = "|".join(
                (*key, f"INSURER {contract[1:]} INC.", f"Plan {'-'.join(key)} ({kind})", formulary)
            )
            front += f"|{premium}|{deductible}"
            back = f"{special_needs}|{suppressed}"
            if contract[0] == "R":
                yield f"{front}|{position % REGIONS + 1:02}|{BLANK}|{BLANK}|{BLANK}|{back}"
            elif contract[0] == "S":
                yield f"{front}|{BLANK}|{position % REGIONS + 1:02}|{BLANK}|{BLANK}|{back}"
            else:
                first = self.random.randrange(len(self.counties))
                for step in range(spread):
                    code, state = self.counties[(first + step) % len(self.counties)]
                    yield f"{front}|{BLANK}|{BLANK}|{_letters(state)}|{code}|{back}"

    def _spreads(self) -> list[int]:
        """How many rows each plan has, so that all of them together are as many as wanted."""
        spreads = [1] * len(self.plans)
        growing = [n for n, key in enumerate(self.plans) if key[0][0] == "H"]
        left = min(self._count(PLAN_ROWS), len(growing) * len(self.counties)) - len(self.plans)
        while left > 0 and growing:
            plan = self.random.choice(growing)
            if spreads[plan] < len(self.counties):
                spreads[plan] += 1
                left -= 1
        return spreads

    def drug_rows(self) -> Iterator[str]:
        """Sorted by formulary, then NDC, as published."""
        shares = _shares(self._count(DRUG_ROWS), len(self.formularies))
        naltrexone = (*NALTREXONE, 2, False, False, BLANK)
        for position, (formulary, share) in enumerate(zip(self.formularies, shares, strict=True)):
            listed = self.random.random() < NALTREXONE_LISTED
            chosen = self.random.sample(self.drugs, min(share - listed, len(self.drugs)))
            if listed:
                chosen.append(naltrexone)
            chosen.sort(key=lambda drug: drug[1])
            digits = position % 50 == 7  # one formulary in fifty writes 1 and 0 for Y and N
            yes, no = ("1", "0") if digits else ("Y", "N")
            for rxcui, ndc, tier, prior, step, limit in chosen:
                quantity = f"{no}|{BLANK}|{BLANK}" if limit == BLANK else f"{yes}|{limit}|30"
                moved = min(7, max(1, tier + (position + len(rxcui)) % 3 - 1))
                yield (
                    f"{formulary}|9|{YEAR}|{rxcui}|{ndc}|{moved}|{quantity}|"
                    f"{yes if prior else no}|{yes if step else no}|{no}"
                )

    def cost_rows(self) -> Iterator[str]:
        combinations = list(product("013", "1234567", "124"))
        shares = _shares(self._count(COST_ROWS), len(self.open_plans))
        for key, share in zip(self.open_plans, shares, strict=True):
            chosen = sorted(self.random.sample(combinations, min(share, len(combinations))))
            for level, tier, days in chosen:
                copay = int(tier) * 5 * {"1": 1, "4": 2, "2": 3}[days]
                channels = f"0|0|0|0|1|{copay}|0|0|2|0.25|0|0|1|{copay}|0|0"
                flags = f"{'Y' if tier == '5' else 'N'}|{'Y' if level == '1' else 'N'}"
                yield f"{'|'.join(key)}|{level}|{tier}|{days}|{channels}|{flags}"

    def insulin_rows(self) -> Iterator[str]:
        """One plan in ten is a defined-standard one: a dot for the tier."""
        shares = _shares(self._count(INSULIN_ROWS), len(self.open_plans))
        for position, (key, share) in enumerate(zip(self.open_plans, shares, strict=True)):
            tiers = ".12" if position % 10 == 0 else "123"
            for tier, days in list(product(tiers, "124"))[:share]:
                copay = {"1": "35.00", "4": "70.00", "2": "105.00"}[days]
                coins = ".|.|.|." if tier == "." else f"{BLANK}|0.25|0.25|0.25"
                yield f"{'|'.join(key)}|{tier}|{days}|{BLANK}|{copay}|{copay}|{copay}|{coins}"

    def supplement_rows(self) -> Iterator[str]:
        """The file named excluded drugs. Its quantity flag is 1 or 0, the others Y or N."""
        pairs = self._pairs(self._count(SUPPLEMENT_CONTRACTS))
        rxcuis = [drug[0] for drug in self.drugs[:SUPPLEMENT_DRUGS]]
        for (contract, plan), rxcui in self._some(pairs, rxcuis, self._count(SUPPLEMENT_ROWS)):
            limit = "1|6|30" if int(rxcui) % 2 else f"0|{BLANK}|{BLANK}"
            yield f"{contract}|{plan}|{rxcui}|{int(rxcui) % 4 + 1}|{limit}|N|N|N"

    def indication_rows(self) -> Iterator[str]:
        pairs = self._pairs(4)
        uses = list(product([drug[0] for drug in self.drugs[-40:]], DISEASES))
        for (contract, plan), (rxcui, use) in self._some(pairs, uses, self._count(INDICATION_ROWS)):
            yield f"{contract}|{plan}|{rxcui}|{use}"

    def price_rows(self, wanted: int) -> Iterator[str]:
        """For each open plan naltrexone and then the drugs in turn, for 30, 60 and 90 days."""
        ndcs = [NALTREXONE[1], *(drug[1] for drug in self.drugs)]
        for number, (key, ndc, days) in enumerate(
            product(self.open_plans, ndcs, ("30", "60", "90"))
        ):
            if number == wanted:
                return
            yield f"{'|'.join(key)}|{ndc}|{days}|{number % 9_999 / 100:.4f}"

    def pharmacy_rows(self, wanted: int) -> Iterator[str]:
        """About 1.3 % in the plan's area."""
        for number in range(wanted):
            key = self.open_plans[number % len(self.open_plans)]
            npi = 1_000_000_000 + number // len(self.open_plans)
            area = "1" if self.random.random() < 0.013 else "0"
            fees = "0.5000|1.00|1.00|1.00|1.00|1.00|1.00|.|.|."
            yield f"{'|'.join(key)}|10{npi}|{number % 99_000 + 501:05}|N|N|Y|N|{area}|{fees}"

    def _pairs(self, contracts: int) -> list[tuple[str, str]]:
        """Contract and plan of so many contracts."""
        chosen = set(sorted({key[0] for key in self.open_plans})[:contracts])
        return sorted({key[:2] for key in self.open_plans if key[0] in chosen})

    def _some(self, ones: list[_A], others: list[_B], wanted: int) -> list[tuple[_A, _B]]:
        possible = len(ones) * len(others)
        numbers = sorted(self.random.sample(range(possible), min(wanted, possible)))
        return [(ones[n // len(others)], others[n % len(others)]) for n in numbers]


def _shares(total: int, parts: int) -> list[int]:
    """``total`` cut into ``parts`` that differ by one at most."""
    each, more = divmod(total, parts)
    return [each + (n < more) for n in range(parts)]


def _letters(state: int) -> str:
    """Two letters for a made-up state: AA, AB and so on."""
    return chr(65 + state // 26) + chr(65 + state % 26)


def main() -> None:
    """Reads the command line, writes the release, says how many rows."""
    parser = argparse.ArgumentParser(description="Make up a Medicare Part D release.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--zipped", action="store_true", help="write the zip of zips instead")
    parser.add_argument("--price-rows", type=int, default=0)
    parser.add_argument("--pharmacy-rows", type=int, default=0)
    given = parser.parse_args()
    counts = generate(
        given.folder,
        given.scale,
        given.seed,
        given.zipped,
        price_rows=given.price_rows,
        pharmacy_rows=given.pharmacy_rows,
    )
    for table, rows in counts.items():
        sys.stdout.write(f"{rows:>12,} {table}\n")


if __name__ == "__main__":
    main()
