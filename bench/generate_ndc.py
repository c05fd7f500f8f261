"""Makes up an FDA NDC directory of true size, with the quirks of the real one.

Nothing in it is real but the shape: column names, row counts and known oddities (2019), and the
codes of a few naltrexone listings. How many unfinished drugs are listed is a guess. The same seed
gives the same texts. ``python bench/generate_ndc.py FOLDER --scale 0.01``
"""

from __future__ import annotations

import argparse
import random
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

PRODUCTS, PACKAGES = 128_242, 243_961
UNFINISHED_PRODUCTS, UNFINISHED_PACKAGES = 12_000, 18_000  # a guess
REPEATED_PRODUCT_CODES, REPEATED_PACKAGE_CODES = 1_670, 19
KITS, QUOTED, NOT_UTF8, NO_START, LAPSED = 2_710, 37, 140, 5, 31_654
LONGEST_LINE = 7_528

PRODUCT_COLUMNS = (
    "PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tPROPRIETARYNAMESUFFIX\t"
    "NONPROPRIETARYNAME\tDOSAGEFORMNAME\tROUTENAME\tSTARTMARKETINGDATE\tENDMARKETINGDATE\t"
    "MARKETINGCATEGORYNAME\tAPPLICATIONNUMBER\tLABELERNAME\tSUBSTANCENAME\t"
    "ACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\tPHARM_CLASSES\tDEASCHEDULE\t"
    "NDC_EXCLUDE_FLAG\tLISTING_RECORD_CERTIFIED_THROUGH"
)
PACKAGE_COLUMNS = (
    "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\tSTARTMARKETINGDATE\t"
    "ENDMARKETINGDATE\tNDC_EXCLUDE_FLAG\tSAMPLE_PACKAGE"
)
UNFINISHED_COLUMNS = (
    "PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tNONPROPRIETARYNAME\tDOSAGEFORMNAME\t"
    "STARTMARKETINGDATE\tENDMARKETINGDATE\tMARKETINGCATEGORYNAME\tLABELERNAME\tSUBSTANCENAME\t"
    "ACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\tDEASCHEDULE\tLISTING_RECORD_CERTIFIED_THROUGH"
)
UNFINISHED_PACKAGE_COLUMNS = "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION"

# labeler, product and package digits, and how often: 58 %, 32 % and 10 % of all packages
SHAPES = ((5, 3, 2), (5, 4, 1), (4, 4, 2))
SHAPE_WEIGHTS = (58, 32, 10)
# a guess at how the listings share out
LISTED_AS = (
    ("HUMAN PRESCRIPTION DRUG", "ANDA"),
    ("HUMAN PRESCRIPTION DRUG", "NDA"),
    ("HUMAN PRESCRIPTION DRUG", "NDA AUTHORIZED GENERIC"),
    ("HUMAN PRESCRIPTION DRUG", "BLA"),
    ("HUMAN PRESCRIPTION DRUG", "UNAPPROVED DRUG OTHER"),
    ("HUMAN OTC DRUG", "OTC MONOGRAPH FINAL"),
    ("HUMAN OTC DRUG", "OTC MONOGRAPH NOT FINAL"),
    ("HUMAN OTC DRUG", "UNAPPROVED HOMEOPATHIC"),
    ("STANDARDIZED ALLERGENIC", "BLA"),
    ("PLASMA DERIVATIVE", "BLA"),
)
LISTED_WEIGHTS = (34, 11, 2, 3, 4, 18, 14, 12, 1, 1)
MATERIAL = (
    ("BULK INGREDIENT", "BULK INGREDIENT"),
    ("BULK INGREDIENT", "BULK INGREDIENT FOR HUMAN PRESCRIPTION COMPOUNDING"),
    ("DRUG FOR FURTHER PROCESSING", "DRUG FOR FURTHER PROCESSING"),
    ("DRUG FOR FURTHER PROCESSING", "EXPORT ONLY"),
)
FORMS = (
    ("TABLET, FILM COATED", "ORAL"),
    ("CAPSULE", "ORAL"),
    ("CREAM", "TOPICAL"),
    ("INJECTION, SOLUTION", "INTRAVENOUS; SUBCUTANEOUS"),
    ("LIQUID", "ORAL"),
)
SYLLABLES = ("ab", "cor", "dex", "fen", "lo", "mi", "nal", "pra", "sul", "tri", "vo", "zin")
KNOWN = (  # product code, type, category, name, form, route, strength, unit, package
    ("0406-1170", *LISTED_AS[0], "Naltrexone", "TABLET, FILM COATED", "ORAL", "50", "mg/1", "03"),
    ("69364-3143", *LISTED_AS[4], "Naltrexone", "IMPLANT", "SUBCUTANEOUS", "200", "mg/1", "0"),
)
KNOWN_MATERIAL = ("51927-5086", *MATERIAL[1], "Naltrexone Hydrochloride Dihydrate", "0")
KNOWN_PACKAGES = {row[0]: row[-1] for row in (*KNOWN, KNOWN_MATERIAL)}
LAST_POSITION = 9  # a package of one digit has no more


@dataclass(frozen=True, slots=True)
class _Listing:
    product_id: str
    code: str
    kit: bool


def generate(folder: Path, scale: float = 1.0, seed: int = 0) -> list[Path]:
    """Writes the four files into ``folder``, true size times ``scale``; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    finished: list[_Listing] = []
    unfinished: list[_Listing] = []
    codes = _product_codes(rng)
    tables = (
        ("product.txt", PRODUCT_COLUMNS, _products(rng, scale, codes, finished)),
        ("package.txt", PACKAGE_COLUMNS, _packages(rng, scale, finished)),
        ("unfinished_product.txt", UNFINISHED_COLUMNS, _materials(rng, scale, codes, unfinished)),
        (
            "unfinished_package.txt",
            UNFINISHED_PACKAGE_COLUMNS,
            _material_packages(rng, scale, unfinished),
        ),
    )
    return [_write(folder / name, header, rows) for name, header, rows in tables]


def _write(path: Path, header: str, rows: Iterable[str]) -> Path:
    with path.open("w", encoding="cp1252", newline="") as out:
        out.write(f"{header}\r\n")
        out.writelines(f"{row}\r\n" for row in rows)
    return path


def _part(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def _product_codes(rng: random.Random) -> Iterator[str]:
    """Product codes of true shapes; none comes twice, as none of 11 digits may mean two."""
    given = {"004061170", "693643143", "519275086"}
    while True:
        labeler_digits, product_digits, _ = rng.choices(SHAPES, SHAPE_WEIGHTS)[0]
        highest = 10**labeler_digits - 1
        labeler = rng.randint(1 if labeler_digits == 4 else 10_000, highest)
        product = rng.randrange(10**product_digits)
        nine = f"{labeler:05}{product:04}"
        if nine not in given:
            given.add(nine)
            yield f"{labeler:0{labeler_digits}}-{product:0{product_digits}}"


def _name(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=rng.randint(3, 5))).capitalize()


def _new_listing(rng: random.Random, code: str, *, kit: bool = False) -> _Listing:
    return _Listing(f"{code}_{uuid.UUID(int=rng.getrandbits(128))}", code, kit)


def _products(
    rng: random.Random, scale: float, codes: Iterator[str], listings: list[_Listing]
) -> Iterator[str]:
    total = _part(PRODUCTS, scale)
    odd = {  # quirk -> the rows that have it
        name: frozenset(rng.sample(range(total), min(total, _part(count, scale))))
        for name, count in (
            ("kit", KITS),
            ("quoted", QUOTED),
            ("not utf-8", NOT_UTF8),
            ("no start", NO_START),
            ("lapsed", LAPSED),
            ("repeated", REPEATED_PRODUCT_CODES),
        )
    }
    for known in KNOWN[:total]:
        code, product_type, category, name, form, route, strength, unit, _ = known
        listings.append(_new_listing(rng, code))
        yield "\t".join(
            (
                *(listings[-1].product_id, code, product_type, name, "", name.lower(), form, route),
                *("20090729", "", category, "", "Made-up Labs", name.upper(), strength, unit),
                *("Opioid Antagonist [EPC],Opioid Antagonists [MoA]", "", "N", "20191231"),
            )
        )
    for number in range(len(listings), total):
        quirks = {name for name, rows in odd.items() if number in rows}
        code = rng.choice(listings).code if "repeated" in quirks else next(codes)
        listings.append(_new_listing(rng, code, kit="kit" in quirks))
        yield "\t".join(_product(rng, listings[-1], quirks, longest=number == total - 1))


def _product(
    rng: random.Random, listing: _Listing, quirks: set[str], *, longest: bool
) -> tuple[str, ...]:
    product_type, category = rng.choices(LISTED_AS, LISTED_WEIGHTS)[0]
    form, route = ("KIT", "") if listing.kit else rng.choice(FORMS)
    substances = [_name(rng) for _ in range(1 if rng.random() < 0.8 else rng.randint(2, 6))]
    name = _name(rng)
    if "quoted" in quirks:
        name = f'3" {name}'
    labeler = f"{_name(rng)} {'Société' if 'not utf-8' in quirks else 'Pharma'}, Inc."
    classes = ",".join(f"{substance} Antagonist [EPC]" for substance in substances)
    ended = f"20{rng.randint(19, 25)}1231" if rng.random() < 0.06 else ""
    return (
        *(listing.product_id, listing.code, product_type, name),
        "XR" if rng.random() < 0.05 else "",
        " and ".join(substances).lower(),
        *(form, route),
        "" if "no start" in quirks else f"{rng.randint(1990, 2019)}{rng.randint(1, 12):02}15",
        *(ended, category),
        f"{category.split()[0]}{rng.randrange(10**6):06}",
        labeler,
        "" if listing.kit else "; ".join(map(str.upper, substances)),
        "" if listing.kit else "; ".join(str(rng.randint(1, 500)) for _ in substances),
        "" if listing.kit else "; ".join("mg/1" for _ in substances),
        "x" * (LONGEST_LINE - 400) if longest else classes,
        "CII" if rng.random() < 0.03 else "",
        "E" if "lapsed" in quirks else "N",
        "20181231" if "lapsed" in quirks else "20191231",
    )


def _package_codes(
    rng: random.Random, listings: list[_Listing], total: int, repeats: int = 0
) -> Iterator[tuple[_Listing, str]]:
    """Shares out the packages: one for each product while they last, the rest by chance.

    Where a product code is listed twice, so are ``repeats`` of its package codes.
    """
    taken: Counter[str] = Counter()
    left = total
    for number, listing in enumerate(chain(listings, iter(lambda: rng.choice(listings), None))):
        if not left:
            return
        position = taken[listing.code]
        if number < len(listings) and position and repeats:
            repeats -= 1
            position = 0
        elif position > LAST_POSITION:
            continue
        else:
            taken[listing.code] += 1
        left -= 1
        yield listing, _package_code(listing.code, position)


def _package_code(code: str, position: int) -> str:
    if position == 0 and code in KNOWN_PACKAGES:
        return f"{code}-{KNOWN_PACKAGES[code]}"
    labeler, product = code.split("-")
    one_digit = (len(labeler), len(product)) == (5, 4)
    return f"{code}-{position}" if one_digit else f"{code}-{position + 10:02}"


def _packages(rng: random.Random, scale: float, listings: list[_Listing]) -> Iterator[str]:
    repeats = _part(REPEATED_PACKAGE_CODES, scale)
    for listing, code in _package_codes(rng, listings, _part(PACKAGES, scale), repeats):
        text = f"1 BOTTLE in 1 CARTON ({code})  > {rng.randint(1, 1000)} TABLET in 1 BOTTLE"
        if listing.kit:
            text = f"1 KIT in 1 CARTON ({code})  *  4 mL in 1 VIAL  *  1 SYRINGE in 1 TRAY"
        yield f"{listing.product_id}\t{listing.code}\t{code}\t{text}\t20120601\t\tN\tN"


def _materials(
    rng: random.Random, scale: float, codes: Iterator[str], listings: list[_Listing]
) -> Iterator[str]:
    for number in range(_part(UNFINISHED_PRODUCTS, scale)):
        if number == 0:
            code, product_type, category, name, _ = KNOWN_MATERIAL
        else:
            code, (product_type, category), name = next(codes), rng.choice(MATERIAL), _name(rng)
        listing = _new_listing(rng, code)
        listings.append(listing)
        yield (
            f"{listing.product_id}\t{code}\t{product_type}\t{name}\tPOWDER\t20200302\t\t{category}"
            f"\tMade-up Chemicals\t{name.upper()}\t1\tkg/kg\t\t20271231"
        )


def _material_packages(rng: random.Random, scale: float, listings: list[_Listing]) -> Iterator[str]:
    for listing, code in _package_codes(rng, listings, _part(UNFINISHED_PACKAGES, scale)):
        yield f"{listing.product_id}\t{listing.code}\t{code}\t1 kg in 1 BOTTLE ({code})"


def main() -> None:
    """Writes the files to the folder given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for path in generate(given.folder, given.scale, given.seed):
        print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
