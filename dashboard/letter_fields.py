"""The questions of the letter page: where each answer goes in the case file, and its words."""

from __future__ import annotations

from dataclasses import dataclass
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
            Field("plan.member_id", "Member ID"),
            Field("plan.group", "Group number"),
            Field("plan.bin", "RxBIN"),
            Field("plan.pcn", "RxPCN"),
            Field("plan.policyholder", "Policyholder, if it is somebody else"),
            Field("plan.fax", "Plan's fax for this request"),
        ),
    ),
    (
        "What is asked for",
        (
            _choice(
                "request.stage",
                "What kind of request is it?",
                {
                    "": "Not chosen yet",
                    "initial": "A first request",
                    "exception": "An exception",
                    "appeal": "An appeal",
                    "renewal": "A renewal",
                },
            ),
            _choice(
                "request.urgency",
                "How urgent is it?",
                {"": "Not chosen yet", "standard": "Standard", "expedited": "Urgent (expedited)"},
            ),
            Field("request.urgent_reason", "If urgent: how could waiting do harm?", "prose"),
            Field("request.months", "For how many months?"),
            Field("request.denied_on", "For an appeal: date on the denial notice", help=DAY),
            Field("request.denial_reference", "For an appeal: reference number"),
            Field("request.denial_reason", "For an appeal: reason on the notice", "prose"),
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
            Field("prescriber.practice", "Practice"),
            Field("prescriber.phone", "Office phone"),
            Field("prescriber.fax", "Office fax"),
            Field("prescriber.address", "Office address", "prose"),
        ),
    ),
    (
        "Compounding pharmacy",
        (
            Field("pharmacy.name", "Pharmacy's name"),
            Field("pharmacy.npi", "Pharmacy's NPI"),
            Field("pharmacy.ncpdp", "NCPDP number"),
            Field("pharmacy.phone", "Pharmacy's phone"),
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
