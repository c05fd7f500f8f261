"""The questions of the letter page: where each answer goes in the case file, and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

YES_NO = {"": "Not known", "yes": "Yes", "no": "No"}


@dataclass(frozen=True, slots=True)
class Field:
    """One question. ``path`` is its place in the case file; ``choices`` maps value to label."""

    path: str
    label: str
    kind: Literal["line", "prose", "choice"] = "line"
    choices: tuple[tuple[str, str], ...] = ()
    help: str | None = None


def _choice(path: str, label: str, choices: dict[str, str], note: str | None = None) -> Field:
    return Field(path, label, "choice", tuple(choices.items()), note)


DAY = "Write it as year-month-day, such as 2026-03-09."
PART_DAY = "A year, a month or a day: 2024, 2024-03 or 2024-03-09."

SECTIONS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    (
        "Patient and insurance card",
        (
            Field("patient.name", "Patient's name"),
            Field("patient.date_of_birth", "Date of birth", help=DAY),
            Field("patient.phone", "Patient's phone"),
            Field("patient.address", "Street address"),
            Field("patient.city", "City"),
            Field("patient.state", "State, two letters"),
            Field("patient.zip", "ZIP code"),
            _choice(
                "patient.sex",
                "Sex, as the plan has it",
                {"": "Not given", "female": "Female", "male": "Male", "other": "Other"},
            ),
            Field("patient.height", "Height"),
            Field("patient.weight", "Weight"),
            Field("patient.allergies", "Drug allergies, or: none known", "prose"),
            Field("plan.plan_name", "Plan's name, as printed on the card"),
            Field("plan.member_id", "Member ID"),
            Field("plan.group", "Group number"),
            Field("plan.bin", "RxBIN"),
            Field("plan.pcn", "RxPCN"),
            Field("plan.policyholder", "Policyholder, if it is somebody else"),
            Field("plan.medicare_number", "Medicare number, if there is one"),
            Field("plan.phone", "Plan's phone for this request"),
            Field("plan.fax", "Plan's fax for this request"),
            Field("plan.address", "Plan's address for this request", "prose"),
            Field("plan.secondary_name", "Second insurance, if there is one"),
            Field("plan.secondary_id", "Member ID of the second insurance"),
        ),
    ),
    (
        "What is asked for",
        (
            _choice(
                "request.urgency",
                "How urgent is it?",
                {"": "Not chosen yet", "standard": "Standard", "expedited": "Urgent (expedited)"},
            ),
            Field("request.urgent_reason", "If urgent: how could waiting do harm?", "prose"),
            Field("request.months", "For how many months?"),
        ),
    ),
    (
        "The denial notice",
        (
            Field("request.denied_on", "Date on the notice", help=DAY),
            Field("request.received_on", "The day it came", help=DAY),
            Field("request.denial_reference", "Reference number"),
            Field("request.denial_reason", "The reason it gives", "prose"),
            Field("request.denial_policy", "The policy it names"),
            Field("request.send_to", "Where it says to send an appeal", "prose"),
        ),
    ),
    (
        "Somebody who files for the patient",
        (
            Field("representative.name", "Name"),
            Field("representative.relationship", "Relationship to the patient"),
            Field("representative.phone", "Phone"),
            Field("representative.address", "Street address"),
            Field("representative.city", "City"),
            Field("representative.state", "State, two letters"),
            Field("representative.zip", "ZIP code"),
        ),
    ),
    (
        "Diagnosis",
        (
            Field("diagnosis.words", "Diagnosis in words"),
            Field(
                "diagnosis.icd10",
                "ICD-10-CM code",
                help="The prescriber chooses it. A heading such as G35 or F33 is not enough.",
            ),
            Field("diagnosis.diagnosed_on", "When was it diagnosed?", help=PART_DAY),
            Field("diagnosis.confirmed_by", "How was it confirmed?", "prose"),
            Field("diagnosis.in_care_since", "In this office's care since", help=PART_DAY),
            _choice("diagnosis.active_relapse", "Is the illness active now?", YES_NO),
            Field("diagnosis.history", "The course so far", "prose"),
            Field("diagnosis.other", "Other diagnoses that matter here"),
        ),
    ),
    (
        "Medicine",
        (
            Field("medication.strength", "Strength, such as 4.5 mg"),
            Field("medication.form", "Form, such as capsule"),
            Field("medication.directions", "Directions"),
            Field("medication.quantity", "Quantity, such as 30 capsules"),
            Field("medication.days_supply", "Days of supply"),
            Field("medication.refills", "Refills"),
            Field("medication.start", "Start date", help=DAY),
        ),
    ),
    (
        "Why no ready-made product will do",
        (
            _choice(
                "why_no_marketed_product.strength_not_sold", "Is the strength not sold?", YES_NO
            ),
            Field("why_no_marketed_product.form_needed", "Is another form needed? Why?", "prose"),
            Field(
                "why_no_marketed_product.excipient_reaction",
                "A reaction to a filler or dye that is in the chart",
                "prose",
            ),
            Field("why_no_marketed_product.shortage", "A shortage", "prose"),
            Field("why_no_marketed_product.shortage_checked_on", "Shortage checked on", help=DAY),
            Field("why_no_marketed_product.other", "Another reason", "prose"),
        ),
    ),
    (
        "Skipping a drug the plan wants first",
        (
            _choice(
                "step_therapy.ground",
                "On what ground?",
                {
                    "": "Not chosen yet",
                    "contraindicated": "It must not be used",
                    "tried_and_failed": "It was tried and failed",
                    "expected_not_to_work": "It is expected not to work",
                    "expected_harm": "It is expected to do harm",
                    "stable_on_it": "The patient is stable on this medicine",
                },
            ),
            Field("step_therapy.explanation", "From the chart", "prose"),
        ),
    ),
    (
        "Going on with a medicine already taken",
        (
            Field("continuity.taking_since", "Taking it since", help=PART_DAY),
            Field("continuity.last_filled", "Last filled on", help=DAY),
            Field("continuity.supply_ends", "The supply ends on", help=DAY),
            Field("continuity.plan_started", "First day in this plan or plan year", help=DAY),
            Field("continuity.previous_plan", "The plan before"),
            Field("continuity.what_happened", "What changed?", "prose"),
        ),
    ),
    (
        "A fill already paid for",
        (
            Field("reimbursement.filled_on", "Filled on", help=DAY),
            Field("reimbursement.prescription_number", "Prescription number"),
            Field("reimbursement.paid", "Amount paid, in dollars"),
            Field("reimbursement.paid_on", "Paid on", help=DAY),
            _choice("reimbursement.receipt", "Is the receipt attached?", YES_NO),
            Field("reimbursement.reason", "Why was it paid out of pocket?", "prose"),
        ),
    ),
    (
        "In the patient's own words",
        (Field("patient_words", "What should the reader know?", "prose"),),
    ),
    (
        "Safety and follow-up",
        (
            _choice(
                "safety.opioids",
                "Does the patient take opioids?",
                {"": "Not known", "none": "No", "taking": "Yes"},
            ),
            Field("safety.opioids_checked_on", "Opioids checked on", help=DAY),
            _choice(
                "safety.liver_disease",
                "Liver disease?",
                {"": "Not known", "none": "No", "present": "Yes"},
            ),
            Field("safety.liver_tests", "Liver tests, with date"),
            _choice(
                "safety.pregnancy",
                "Pregnancy?",
                {
                    "": "Not known",
                    "not_pregnant": "Not pregnant",
                    "pregnant": "Pregnant",
                    "does_not_apply": "Does not apply",
                },
            ),
            Field(
                "safety.suicidality_monitoring", "For depression: how is safety watched?", "prose"
            ),
            Field("monitoring.scale", "Scale used, such as PHQ-9"),
            Field("monitoring.baseline", "Score before, with date"),
            Field("monitoring.checks", "When is it checked?"),
            Field("monitoring.trial_weeks", "Length of the trial, in weeks"),
            Field("monitoring.stop_rule", "When will it be stopped?", "prose"),
            Field("risk_if_untreated", "Risk if not treated, in the prescriber's words", "prose"),
        ),
    ),
    (
        "Drug reference book (compendium)",
        (
            _choice(
                "evidence.compendium",
                "Does a book support this use?",
                {
                    "": "Nobody has looked yet",
                    "supported": "Yes",
                    "not_supported": "No, none found",
                },
            ),
            Field("evidence.compendium_name", "Which book?"),
            Field("evidence.compendium_entry", "What does it say?", "prose"),
            Field("evidence.looked_up_by", "Who looked?"),
            Field("evidence.looked_up_on", "When?", help=DAY),
        ),
    ),
    (
        "Prescriber",
        (
            Field("prescriber.name", "Prescriber's name"),
            Field("prescriber.credentials", "Credentials, such as MD or NP"),
            Field("prescriber.npi", "NPI (10 digits)"),
            Field("prescriber.specialty", "Specialty"),
            Field("prescriber.license", "License number, if asked"),
            Field("prescriber.practice", "Practice"),
            Field("prescriber.contact", "Who answers questions there?"),
            Field("prescriber.phone", "Office phone"),
            Field("prescriber.fax", "Office fax"),
            Field("prescriber.email", "Office e-mail, if asked"),
            Field("prescriber.address", "Office street address", "prose"),
            Field("prescriber.city", "Office city"),
            Field("prescriber.state", "Office state, two letters"),
            Field("prescriber.zip", "Office ZIP code"),
        ),
    ),
    (
        "Compounding pharmacy",
        (
            Field("pharmacy.name", "Pharmacy's name"),
            Field("pharmacy.npi", "Pharmacy's NPI"),
            Field("pharmacy.ncpdp", "NCPDP number"),
            Field("pharmacy.phone", "Pharmacy's phone"),
            Field("pharmacy.fax", "Pharmacy's fax"),
            Field("pharmacy.address", "Pharmacy's address", "prose"),
            _choice("pharmacy.in_network", "In the plan's network?", YES_NO),
            _choice(
                "pharmacy.kind",
                "Kind of pharmacy",
                {"": "Not known", "503A": "Pharmacy (503A)", "503B": "Outsourcing (503B)"},
            ),
            Field("pharmacy.price_per_month", "Price for one month, in dollars"),
        ),
    ),
    (
        "Only for a renewal: how it worked",
        (
            Field("prior_response.measure", "What was measured?"),
            Field("prior_response.before", "Before"),
            Field("prior_response.after", "After"),
            Field("prior_response.measured_on", "Measured on", help=DAY),
        ),
    ),
)

# One row of each repeated part; the row number stands in for the star.
INGREDIENT: tuple[Field, ...] = (
    Field("ingredients.*.name", "Ingredient"),
    _choice("ingredients.*.role", "Role", {"active": "Active", "inactive": "Filler"}),
    _choice(
        "ingredients.*.source",
        "Made from",
        {
            "": "Not known",
            "approved_product": "An FDA-approved product",
            "bulk_powder": "Bulk powder",
        },
    ),
    Field("ingredients.*.ndc", "Product code (NDC)", help="As on the label, with hyphens."),
    Field("ingredients.*.quantity_per_unit", "Amount in each unit"),
    Field("ingredients.*.reason_for_bulk", "If bulk: why?", "prose"),
    Field("ingredients.*.quantity", "Amount used for the whole fill"),
    Field("ingredients.*.cost", "Its cost in this fill, in dollars"),
)
TRIED: tuple[Field, ...] = (
    Field("tried.*.drug", "Medicine tried"),
    Field("tried.*.dose", "Dose"),
    Field("tried.*.start", "Started", help=PART_DAY),
    Field("tried.*.stop", "Stopped", help=PART_DAY),
    _choice(
        "tried.*.outcome",
        "What happened",
        {
            "": "Not known",
            "failed": "It did not help",
            "not_tolerated": "Side effects",
            "contraindicated": "It must not be used",
            "other": "Something else",
        },
    ),
    Field("tried.*.reason", "In more words", "prose"),
    _choice("tried.*.in_chart", "Is this in the chart?", YES_NO),
)
ALTERNATIVE: tuple[Field, ...] = (
    Field("alternatives.*.drug", "Drug the plan wants first"),
    _choice(
        "alternatives.*.kind",
        "Its place in the plan",
        {
            "": "Not known",
            "step": "To be tried first",
            "preferred": "On a cheaper tier",
            "formulary": "On the plan's list",
        },
    ),
    Field("alternatives.*.why", "Why it will not do for this patient", "prose"),
)
DENIAL_POINT: tuple[Field, ...] = (
    Field("denial_points.*.said", "A reason, word for word", "prose"),
    Field("denial_points.*.answer", "The answer to it", "prose"),
)
DECISION: tuple[Field, ...] = (
    _choice(
        "decisions.*.level",
        "Which decision",
        {
            "": "Not known",
            "initial": "The first decision",
            "appeal": "The plan's answer to an appeal",
            "second_appeal": "Its answer to a second appeal",
            "redetermination": "A Medicare redetermination",
            "external_review": "An outside review",
        },
    ),
    Field("decisions.*.decided_on", "Date on it", help=DAY),
    Field("decisions.*.reference", "Reference number of it"),
    Field("decisions.*.reason", "The reason it gave", "prose"),
)

# The parts of a case file that hold several rows: title, part, noun for one, its questions.
ROWS: tuple[tuple[str, str, str, tuple[Field, ...]], ...] = (
    ("Each reason of the denial, answered", "denial_points", "reason", DENIAL_POINT),
    ("Earlier decisions, oldest first", "decisions", "decision", DECISION),
    ("Drugs the plan wants first", "alternatives", "drug", ALTERNATIVE),
    ("Ingredients, each with its product code", "ingredients", "ingredient", INGREDIENT),
    ("Medicines already tried", "tried", "medicine", TRIED),
)

STAGES = {
    "initial": "A first request",
    "exception": "An exception to the plan's rules",
    "appeal": "An appeal: the plan said no",
    "second_appeal": "A second appeal: it said no again",
    "external_review": "A review by somebody outside the plan",
    "renewal": "A renewal",
    "transition": "A supply to bridge a change of plan",
    "reimbursement": "Money back for a fill already paid",
}
# Lists of plain words: one on each line.
WORD_LISTS: tuple[tuple[str, str], ...] = (
    ("attachments", "Papers that go with the letter, one on each line"),
    ("current_medicines", "Medicines taken now, one on each line; write: none"),
    ("request.reject_codes", "Reject codes from the pharmacy, one on each line"),
)


def label_of(place: str) -> str:
    """What the page calls the fact at a dotted place, with the number of its row; or the place."""
    numbers = re.findall(r"(?:^|[.\[])(\d+)", place)
    path = general(place)
    question = questions().get(path)
    label = question.label if question else _part_labels().get(path.removesuffix(".*"))
    if label is None:
        return place.replace(".", " ").replace("_", " ")
    return f"{label} ({int(numbers[0]) + 1})" if numbers else label


def general(place: str) -> str:
    """The path of the question for a place: ``tried.0.dose`` and ``tried[0].dose`` are one."""
    return re.sub(r"\.\d+|\[\d+(?::\d+)?\]", ".*", place)


@cache
def questions() -> dict[str, Field]:
    """Every question of the letter page by its path."""
    single = [field for _, fields in SECTIONS for field in fields]
    rows = [field for _, _, _, fields in ROWS for field in fields]
    return {field.path: field for field in [*single, *rows]}


@cache
def _part_labels() -> dict[str, str]:
    parts = {part: title for title, part, _, _ in ROWS}
    return parts | {path: label.partition(",")[0] for path, label in WORD_LISTS}
