"""Made-up forms laid out as plans lay theirs out: good names, tooltips only, useless names."""

from __future__ import annotations

from pikepdf import Array, String

from tests.letters.forms import (
    COMB,
    COMBO,
    MULTILINE,
    RADIO,
    Box,
    Print,
    labelled,
    made_of,
    make_form,
    ticked,
)

HEADS = (
    Print("Request for Prescription Drug Coverage (made-up form)", (40, 755), size=14),
    Print("Send to: Example Reviewer, fax 000-555-0100", (40, 738)),
    Print("A. Enrollee", (40, 718), size=12),
    Print("B. Person asking, if neither enrollee nor prescriber", (40, 608), size=12),
    Print("C. Drug requested", (40, 498), size=12),
    Print("D. Kind of request", (40, 428), size=12),
    Print("E. Prescriber", (40, 318), size=12),
    Print("F. Diagnosis", (40, 198), size=12),
)
# the print of each line, where it stands, and the name a careful maker of forms gives it
LINES = (
    ("Enrollee's name", (40, 695), "Enrollee Name"),
    ("Date of birth", (320, 695), "Enrollee DOB"),
    ("Enrollee's address", (40, 672), "Enrollee Address"),
    ("City", (320, 672), "Enrollee City"),
    ("State", (40, 649), "Enrollee State"),
    ("Zip code", (320, 649), "Enrollee Zip Code"),
    ("Phone", (40, 626), "Enrollee Phone"),
    ("Enrollee's member ID #", (320, 626), "Member ID"),
    ("Requestor's name", (40, 585), "Requestor Name"),
    ("Relationship", (320, 585), "Requestor's Relationship to Enrollee"),
    ("Requestor's address", (40, 562), "Requestor Address"),
    ("Requestor's phone", (320, 562), "Requestor Phone"),
    ("Name of person completing form", (40, 539), "Name of person completing form"),
    ("Name of drug", (40, 475), "Name of drug"),
    ("Strength/route", (320, 475), "Strength and route"),
    ("Quantity per month", (40, 452), "Quantity Requested Per Month"),
    ("Expected length of therapy", (320, 452), "Expected Length of Therapy"),
    ("Prescriber's name", (40, 295), "Prescribers Name"),
    ("NPI", (320, 295), "Prescriber NPI"),
    ("Office phone", (40, 272), "Prescriber Office Phone"),
    ("Office fax", (320, 272), "Prescriber Fax"),
    ("Office address", (40, 249), "Prescriber Address"),
    ("Contact person", (320, 249), "Office Contact Person"),
    ("Prescriber's signature", (40, 226), "Prescribers Signature"),
    ("Date", (320, 226), "Date Signed"),
    ("Diagnosis", (40, 175), "Diagnosis"),
    ("ICD-10 code(s)", (320, 175), "ICD-10 Codes"),
    ("Drug allergies", (40, 152), "Drug Allergies"),
    ("Height/weight", (320, 152), "Height/Weight"),
)
TICKS = (
    ("Expedited request", (40, 405), "Expedited Request"),
    ("Prior authorization", (200, 405), "Prior Authorization"),
    ("Exception to step therapy", (360, 405), "Exception to Step Therapy"),
    ("I certify that waiting may seriously harm the enrollee", (40, 385), "Expedited Review"),
)


def good_names() -> bytes:
    """As a plan's form for a coverage determination, with names that say what is meant."""
    return _form(lambda name, _: {"name": name})


def tooltips_only() -> bytes:
    """The same page; the names are numbers, and the tooltips say what is meant."""
    return _form(lambda name, number: {"name": f"fill_{number}", "tooltip": name})


def useless_names() -> bytes:
    """The same page; only the print beside each box says what is meant."""
    return _form(lambda _, number: {"name": f"undefined_{number}"})


def _form(called) -> bytes:
    lines = [
        labelled(words=words, at=at, **called(name, number))
        for number, (words, at, name) in enumerate(LINES)
    ]
    ticks = [
        ticked(words=words, at=at, **called(name, 50 + number))
        for number, (words, at, name) in enumerate(TICKS)
    ]
    note = Box(**called("Additional information", 70), at=(40, 40, 530, 60), flags=MULTILINE)
    return made_of(*lines, *ticks, (note, Print("Additional information", (40, 104))), extra=HEADS)


def nested_names() -> bytes:
    """Names in the manner of Adobe's form designer: form1[0].Page1[0].Patient[0].DOB[0]."""
    names = (
        "Patient[0].Name[0]",
        "Patient[0].DOB[0]",
        "Patient[0].Phone[0]",
        "Prescriber[0].Name[0]",
        "Prescriber[0].Phone[0]",
        "Header[0].Phone[0]",
        "Plan[0].Name[0]",
        "#subform[3].Physician_Fax[0]",
    )
    return make_form(
        [
            Box(f"form1[0].Page1[0].{name}", (40, 700 - 30 * row, 200, 16))
            for row, name in enumerate(names)
        ]
    )


def buttons_and_combs() -> bytes:
    """Buttons in groups, boxes to tick, lists, combs and short boxes."""
    states = Array([String("Select"), Array([String("TX"), String("TX")]), String("CA")])
    sexes = Array([Array([String("1"), String("Male")]), Array([String("2"), String("Female")])])
    boxes = [
        Box("Review Type", (40, 700, 12, 12), kind="Btn", flags=RADIO, state="Standard"),
        Box("Review Type", (140, 700, 12, 12), kind="Btn", flags=RADIO, state="Expedited"),
        Box("Sex", (40, 670, 12, 12), kind="Btn", flags=RADIO, state="Choice1"),
        Box("Sex", (140, 670, 12, 12), kind="Btn", flags=RADIO, state="Choice2"),
        Box("Compounded medication?", (40, 640, 12, 12), kind="Btn", flags=RADIO, state="Yes"),
        Box("Compounded medication?", (140, 640, 12, 12), kind="Btn", flags=RADIO, state="No"),
        Box("Route", (40, 610, 12, 12), kind="Btn", state="Oral/SL"),
        Box("Route", (140, 610, 12, 12), kind="Btn", state="Topical"),
        Box("Patient State", (40, 580, 80, 16), kind="Ch", flags=COMBO, more=(("/Opt", states),)),
        Box("Patient Sex", (140, 580, 80, 16), kind="Ch", flags=COMBO, more=(("/Opt", sexes),)),
        Box("Prescriber NPI", (40, 550, 200, 18), flags=COMB, more=(("/MaxLen", 10),)),
        Box("Patient DOB", (260, 550, 160, 18), flags=COMB, more=(("/MaxLen", 8),)),
        Box("Prescriber Phone", (40, 520, 200, 18), flags=COMB, more=(("/MaxLen", 10),)),
        Box("Patient Name", (260, 520, 120, 16), more=(("/MaxLen", 10),)),
        Box("Directions", (40, 440, 130, 60), flags=MULTILINE),
        Box("Patient Address", (260, 490, 40, 14)),
    ]
    prints = [
        Print("Standard", (56, 702)),
        Print("Expedited", (156, 702)),
        Print("Male", (56, 672)),
        Print("Female", (156, 672)),
    ]
    return make_form(boxes, prints)


def rows() -> bytes:
    """A table of compound ingredients and one of drugs tried, two rows each."""
    names = [
        *(f"{what} {row}" for row in (1, 2) for what in ("Ingredient Name", "NDC")),
        *(
            f"Drug Tried {row}{what}"
            for row in (1, 2)
            for what in ("", " Dose", " Dates", " Result")
        ),
    ]
    return make_form(
        [Box(name, (40, 700 - 24 * row, 400, 16)) for row, name in enumerate(names)],
        [Print("Compound ingredients, and drugs tried (made-up form)", (40, 740), size=14)],
    )
