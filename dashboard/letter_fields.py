"""The questions of the letter page: where each answer goes in the case file, and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from compound_coverage.language import say, to_say

YES_NO = {"": to_say("Not known"), "yes": to_say("Yes"), "no": to_say("No")}


@dataclass(frozen=True, slots=True)
class Field:
    """One question. ``path`` is its place in the case file; ``choices`` maps value to label.

    Words are English, to be said where they are shown.
    """

    path: str
    label: str
    kind: Literal["line", "prose", "choice"] = "line"
    choices: tuple[tuple[str, str], ...] = ()
    help: str | None = None


def _choice(path: str, label: str, choices: dict[str, str], note: str | None = None) -> Field:
    return Field(path, label, "choice", tuple(choices.items()), note)


DAY = to_say("Write it as year-month-day, such as 2026-03-09.")
PART_DAY = to_say("A year, a month or a day: 2024, 2024-03 or 2024-03-09.")

SECTIONS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    (
        to_say("Patient and insurance card"),
        (
            Field("patient.name", to_say("Patient's name")),
            Field("patient.date_of_birth", to_say("Date of birth"), help=DAY),
            Field("patient.phone", to_say("Patient's phone")),
            Field("patient.address", to_say("Street address")),
            Field("patient.city", to_say("City")),
            Field("patient.state", to_say("State, two letters")),
            Field("patient.zip", to_say("ZIP code")),
            _choice(
                "patient.sex",
                to_say("Sex, as the plan has it"),
                {
                    "": to_say("Not given"),
                    "female": to_say("Female"),
                    "male": to_say("Male"),
                    "other": to_say("Other"),
                },
            ),
            Field("patient.height", to_say("Height")),
            Field("patient.weight", to_say("Weight")),
            Field("patient.allergies", to_say("Drug allergies, or: none known"), "prose"),
            Field("plan.plan_name", to_say("Plan's name, as printed on the card")),
            Field("plan.member_id", to_say("Member ID")),
            Field("plan.group", to_say("Group number")),
            Field("plan.bin", to_say("RxBIN")),
            Field("plan.pcn", to_say("RxPCN")),
            Field("plan.policyholder", to_say("Policyholder, if it is somebody else")),
            Field("plan.medicare_number", to_say("Medicare number, if there is one")),
            Field("plan.phone", to_say("Plan's phone for this request")),
            Field("plan.fax", to_say("Plan's fax for this request")),
            Field("plan.address", to_say("Plan's address for this request"), "prose"),
            Field("plan.secondary_name", to_say("Second insurance, if there is one")),
            Field("plan.secondary_id", to_say("Member ID of the second insurance")),
        ),
    ),
    (
        to_say("What is asked for"),
        (
            _choice(
                "request.urgency",
                to_say("How urgent is it?"),
                {
                    "": to_say("Not chosen yet"),
                    "standard": to_say("Standard"),
                    "expedited": to_say("Urgent (expedited)"),
                },
            ),
            Field(
                "request.urgent_reason", to_say("If urgent: how could waiting do harm?"), "prose"
            ),
            Field("request.months", to_say("For how many months?")),
        ),
    ),
    (
        to_say("The denial notice"),
        (
            Field("request.denied_on", to_say("Date on the notice"), help=DAY),
            Field("request.received_on", to_say("The day it came"), help=DAY),
            Field("request.denial_reference", to_say("Reference number")),
            Field("request.denial_reason", to_say("The reason it gives"), "prose"),
            Field("request.denial_policy", to_say("The policy it names")),
            Field("request.send_to", to_say("Where it says to send an appeal"), "prose"),
        ),
    ),
    (
        to_say("Somebody who files for the patient"),
        (
            Field("representative.name", to_say("Name")),
            Field("representative.relationship", to_say("Relationship to the patient")),
            Field("representative.phone", to_say("Phone")),
            Field("representative.address", to_say("Street address")),
            Field("representative.city", to_say("City")),
            Field("representative.state", to_say("State, two letters")),
            Field("representative.zip", to_say("ZIP code")),
        ),
    ),
    (
        to_say("Diagnosis"),
        (
            Field("diagnosis.words", to_say("Diagnosis in words")),
            Field(
                "diagnosis.icd10",
                to_say("ICD-10-CM code"),
                help=to_say(
                    "The prescriber chooses it. A heading such as G35 or F33 is not enough."
                ),
            ),
            Field("diagnosis.diagnosed_on", to_say("When was it diagnosed?"), help=PART_DAY),
            Field("diagnosis.confirmed_by", to_say("How was it confirmed?"), "prose"),
            Field("diagnosis.in_care_since", to_say("In this office's care since"), help=PART_DAY),
            _choice("diagnosis.active_relapse", to_say("Is the illness active now?"), YES_NO),
            Field("diagnosis.history", to_say("The course so far"), "prose"),
            Field("diagnosis.other", to_say("Other diagnoses that matter here")),
        ),
    ),
    (
        to_say("Medicine"),
        (
            Field("medication.strength", to_say("Strength, such as 4.5 mg")),
            Field("medication.form", to_say("Form, such as capsule")),
            Field("medication.directions", to_say("Directions")),
            Field("medication.quantity", to_say("Quantity, such as 30 capsules")),
            Field("medication.days_supply", to_say("Days of supply")),
            Field("medication.refills", to_say("Refills")),
            Field("medication.start", to_say("Start date"), help=DAY),
        ),
    ),
    (
        to_say("Why no ready-made product will do"),
        (
            _choice(
                "why_no_marketed_product.strength_not_sold",
                to_say("Is the strength not sold?"),
                YES_NO,
            ),
            Field(
                "why_no_marketed_product.form_needed",
                to_say("Is another form needed? Why?"),
                "prose",
            ),
            Field(
                "why_no_marketed_product.excipient_reaction",
                to_say("A reaction to a filler or dye that is in the chart"),
                "prose",
            ),
            Field("why_no_marketed_product.shortage", to_say("A shortage"), "prose"),
            Field(
                "why_no_marketed_product.shortage_checked_on",
                to_say("Shortage checked on"),
                help=DAY,
            ),
            Field("why_no_marketed_product.other", to_say("Another reason"), "prose"),
        ),
    ),
    (
        to_say("Skipping a drug the plan wants first"),
        (
            _choice(
                "step_therapy.ground",
                to_say("On what ground?"),
                {
                    "": to_say("Not chosen yet"),
                    "contraindicated": to_say("It must not be used"),
                    "tried_and_failed": to_say("It was tried and failed"),
                    "expected_not_to_work": to_say("It is expected not to work"),
                    "expected_harm": to_say("It is expected to do harm"),
                    "stable_on_it": to_say("The patient is stable on this medicine"),
                },
            ),
            Field("step_therapy.explanation", to_say("From the chart"), "prose"),
        ),
    ),
    (
        to_say("Going on with a medicine already taken"),
        (
            Field("continuity.taking_since", to_say("Taking it since"), help=PART_DAY),
            Field("continuity.last_filled", to_say("Last filled on"), help=DAY),
            Field("continuity.supply_ends", to_say("The supply ends on"), help=DAY),
            Field(
                "continuity.plan_started", to_say("First day in this plan or plan year"), help=DAY
            ),
            Field("continuity.previous_plan", to_say("The plan before")),
            Field("continuity.what_happened", to_say("What changed?"), "prose"),
        ),
    ),
    (
        to_say("A fill already paid for"),
        (
            Field("reimbursement.filled_on", to_say("Filled on"), help=DAY),
            Field("reimbursement.prescription_number", to_say("Prescription number")),
            Field("reimbursement.paid", to_say("Amount paid, in dollars")),
            Field("reimbursement.paid_on", to_say("Paid on"), help=DAY),
            _choice("reimbursement.receipt", to_say("Is the receipt attached?"), YES_NO),
            Field("reimbursement.reason", to_say("Why was it paid out of pocket?"), "prose"),
        ),
    ),
    (
        to_say("In the patient's own words"),
        (Field("patient_words", to_say("What should the reader know?"), "prose"),),
    ),
    (
        to_say("Safety and follow-up"),
        (
            _choice(
                "safety.opioids",
                to_say("Does the patient take opioids?"),
                {"": to_say("Not known"), "none": to_say("No"), "taking": to_say("Yes")},
            ),
            Field("safety.opioids_checked_on", to_say("Opioids checked on"), help=DAY),
            _choice(
                "safety.liver_disease",
                to_say("Liver disease?"),
                {"": to_say("Not known"), "none": to_say("No"), "present": to_say("Yes")},
            ),
            Field("safety.liver_tests", to_say("Liver tests, with date")),
            _choice(
                "safety.pregnancy",
                to_say("Pregnancy?"),
                {
                    "": to_say("Not known"),
                    "not_pregnant": to_say("Not pregnant"),
                    "pregnant": to_say("Pregnant"),
                    "does_not_apply": to_say("Does not apply"),
                },
            ),
            Field(
                "safety.suicidality_monitoring",
                to_say("For depression: how is safety watched?"),
                "prose",
            ),
            Field("monitoring.scale", to_say("Scale used, such as PHQ-9")),
            Field("monitoring.baseline", to_say("Score before, with date")),
            Field("monitoring.checks", to_say("When is it checked?")),
            Field("monitoring.trial_weeks", to_say("Length of the trial, in weeks")),
            Field("monitoring.stop_rule", to_say("When will it be stopped?"), "prose"),
            Field(
                "risk_if_untreated",
                to_say("Risk if not treated, in the prescriber's words"),
                "prose",
            ),
        ),
    ),
    (
        to_say("Drug reference book (compendium)"),
        (
            _choice(
                "evidence.compendium",
                to_say("Does a book support this use?"),
                {
                    "": to_say("Nobody has looked yet"),
                    "supported": to_say("Yes"),
                    "not_supported": to_say("No, none found"),
                },
            ),
            Field("evidence.compendium_name", to_say("Which book?")),
            Field("evidence.compendium_entry", to_say("What does it say?"), "prose"),
            Field("evidence.looked_up_by", to_say("Who looked?")),
            Field("evidence.looked_up_on", to_say("When?"), help=DAY),
        ),
    ),
    (
        to_say("Prescriber"),
        (
            Field("prescriber.name", to_say("Prescriber's name")),
            Field("prescriber.credentials", to_say("Credentials, such as MD or NP")),
            Field("prescriber.npi", to_say("NPI (10 digits)")),
            Field("prescriber.specialty", to_say("Specialty")),
            Field("prescriber.license", to_say("License number, if asked")),
            Field("prescriber.practice", to_say("Practice")),
            Field("prescriber.contact", to_say("Who answers questions there?")),
            Field("prescriber.phone", to_say("Office phone")),
            Field("prescriber.fax", to_say("Office fax")),
            Field("prescriber.email", to_say("Office e-mail, if asked")),
            Field("prescriber.address", to_say("Office street address"), "prose"),
            Field("prescriber.city", to_say("Office city")),
            Field("prescriber.state", to_say("Office state, two letters")),
            Field("prescriber.zip", to_say("Office ZIP code")),
        ),
    ),
    (
        to_say("Compounding pharmacy"),
        (
            Field("pharmacy.name", to_say("Pharmacy's name")),
            Field("pharmacy.npi", to_say("Pharmacy's NPI")),
            Field("pharmacy.ncpdp", to_say("NCPDP number")),
            Field("pharmacy.phone", to_say("Pharmacy's phone")),
            Field("pharmacy.fax", to_say("Pharmacy's fax")),
            Field("pharmacy.address", to_say("Pharmacy's address"), "prose"),
            _choice("pharmacy.in_network", to_say("In the plan's network?"), YES_NO),
            _choice(
                "pharmacy.kind",
                to_say("Kind of pharmacy"),
                {
                    "": to_say("Not known"),
                    "503A": to_say("Pharmacy (503A)"),
                    "503B": to_say("Outsourcing (503B)"),
                },
            ),
            Field("pharmacy.price_per_month", to_say("Price for one month, in dollars")),
        ),
    ),
    (
        to_say("Only for a renewal: how it worked"),
        (
            Field("prior_response.measure", to_say("What was measured?")),
            Field("prior_response.before", to_say("Before")),
            Field("prior_response.after", to_say("After")),
            Field("prior_response.measured_on", to_say("Measured on"), help=DAY),
        ),
    ),
)

# One row of each repeated part; the row number stands in for the star.
INGREDIENT: tuple[Field, ...] = (
    Field("ingredients.*.name", to_say("Ingredient")),
    _choice(
        "ingredients.*.role",
        to_say("Role"),
        {"active": to_say("Active"), "inactive": to_say("Filler")},
    ),
    _choice(
        "ingredients.*.source",
        to_say("Made from"),
        {
            "": to_say("Not known"),
            "approved_product": to_say("An FDA-approved product"),
            "bulk_powder": to_say("Bulk powder"),
        },
    ),
    Field(
        "ingredients.*.ndc",
        to_say("Product code (NDC)"),
        help=to_say("As on the label, with hyphens."),
    ),
    Field("ingredients.*.quantity_per_unit", to_say("Amount in each unit")),
    Field("ingredients.*.reason_for_bulk", to_say("If bulk: why?"), "prose"),
    Field("ingredients.*.quantity", to_say("Amount used for the whole fill")),
    Field("ingredients.*.cost", to_say("Its cost in this fill, in dollars")),
)
TRIED: tuple[Field, ...] = (
    Field("tried.*.drug", to_say("Medicine tried")),
    Field("tried.*.dose", to_say("Dose")),
    Field("tried.*.start", to_say("Started"), help=PART_DAY),
    Field("tried.*.stop", to_say("Stopped"), help=PART_DAY),
    _choice(
        "tried.*.outcome",
        to_say("What happened"),
        {
            "": to_say("Not known"),
            "failed": to_say("It did not help"),
            "not_tolerated": to_say("Side effects"),
            "contraindicated": to_say("It must not be used"),
            "other": to_say("Something else"),
        },
    ),
    Field("tried.*.reason", to_say("In more words"), "prose"),
    _choice("tried.*.in_chart", to_say("Is this in the chart?"), YES_NO),
)
ALTERNATIVE: tuple[Field, ...] = (
    Field("alternatives.*.drug", to_say("Drug the plan wants first")),
    _choice(
        "alternatives.*.kind",
        to_say("Its place in the plan"),
        {
            "": to_say("Not known"),
            "step": to_say("To be tried first"),
            "preferred": to_say("On a cheaper tier"),
            "formulary": to_say("On the plan's list"),
        },
    ),
    Field("alternatives.*.why", to_say("Why it will not do for this patient"), "prose"),
)
DENIAL_POINT: tuple[Field, ...] = (
    Field("denial_points.*.said", to_say("A reason, word for word"), "prose"),
    Field("denial_points.*.answer", to_say("The answer to it"), "prose"),
)
DECISION: tuple[Field, ...] = (
    _choice(
        "decisions.*.level",
        to_say("Which decision"),
        {
            "": to_say("Not known"),
            "initial": to_say("The first decision"),
            "appeal": to_say("The plan's answer to an appeal"),
            "second_appeal": to_say("Its answer to a second appeal"),
            "redetermination": to_say("A Medicare redetermination"),
            "external_review": to_say("An outside review"),
        },
    ),
    Field("decisions.*.decided_on", to_say("Date on it"), help=DAY),
    Field("decisions.*.reference", to_say("Reference number of it")),
    Field("decisions.*.reason", to_say("The reason it gave"), "prose"),
)

# The parts of a case file that hold several rows: title, part, noun for one, its questions.
ROWS: tuple[tuple[str, str, str, tuple[Field, ...]], ...] = (
    (to_say("Each reason of the denial, answered"), "denial_points", "reason", DENIAL_POINT),
    (to_say("Earlier decisions, oldest first"), "decisions", "decision", DECISION),
    (to_say("Drugs the plan wants first"), "alternatives", "drug", ALTERNATIVE),
    (to_say("Ingredients, each with its product code"), "ingredients", "ingredient", INGREDIENT),
    (to_say("Medicines already tried"), "tried", "medicine", TRIED),
)

STAGES = {
    "initial": to_say("A first request"),
    "exception": to_say("An exception to the plan's rules"),
    "appeal": to_say("An appeal: the plan said no"),
    "second_appeal": to_say("A second appeal: it said no again"),
    "external_review": to_say("A review by somebody outside the plan"),
    "renewal": to_say("A renewal"),
    "transition": to_say("A supply to bridge a change of plan"),
    "reimbursement": to_say("Money back for a fill already paid"),
}
# Lists of plain words: one on each line.
WORD_LISTS: tuple[tuple[str, str], ...] = (
    ("attachments", to_say("Papers that go with the letter, one on each line")),
    ("current_medicines", to_say("Medicines taken now, one on each line; write: none")),
    ("request.reject_codes", to_say("Reject codes from the pharmacy, one on each line")),
)


def label_of(place: str) -> str:
    """What the page calls the fact at a dotted place, with the number of its row; or the place.

    In the language spoken just now.
    """
    numbers = re.findall(r"(?:^|[.\[])(\d+)", place)
    path = general(place)
    question = questions().get(path)
    label = say(question.label) if question else part_label(path.removesuffix(".*"))
    if not label:
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


def part_label(path: str) -> str:
    """What a part with several rows, or a list of words, is called; empty for anything else."""
    titles = {part: title for title, part, _, _ in ROWS}
    if path in titles:
        return say(titles[path])
    # how to type the list stands behind a comma, in every language
    return say(dict(WORD_LISTS).get(path, "")).partition(",")[0]
