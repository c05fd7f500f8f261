"""The case file: everything a letter may say, as typed by a patient, an office or a pharmacy.

A field that is absent, ``null`` or blank is *unknown*: it prints as a visible gap and is never
guessed. Only the plan and the medication must be named.
"""

from __future__ import annotations

import datetime
import difflib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from compound_coverage.determination.diagnosis import check_diagnosis
from compound_coverage.language import say
from compound_coverage.letters.codes import check_ncpdp, check_ndc, check_npi
from compound_coverage.letters.text import clean, one_line, removed_from

SHORT = 500
LONG = 20_000
MOST_ROWS = 100
LARGEST_FILE = 5_000_000


class CaseFileError(ValueError):
    """A case file that can't be used. The message is one sentence: which field, and the mend."""


# -- kinds of values ---------------------------------------------------------------------------


def _single_line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def _iso_day(value: object) -> object:
    if isinstance(value, datetime.date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a date is written YYYY-MM-DD, such as 2026-03-09")
    return _real_day(value)


def _real_day(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a day on the calendar; write YYYY-MM-DD") from None
    if not 1900 <= day.year <= 2100:
        raise ValueError(f"the year of '{text}' is not between 1900 and 2100; mend it")
    return day


def _partial_day(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
        raise ValueError("write a year, a month or a day: 2024, 2024-03 or 2024-03-09")
    try:
        _real_day(text + "-01-01"[len(text) - 4 :])
    except ValueError:
        raise ValueError(f"'{text}' is not on the calendar, or not from 1900 to 2100") from None
    return text


def _stop(text: str) -> str:
    return text if text == "ongoing" else _partial_day(text)


Answered = TypeVar("Answered", bound=str)


def _known(value: Answered) -> Answered | None:
    return None if value == "unknown" else value


Line = Annotated[str, BeforeValidator(_single_line), StringConstraints(max_length=SHORT)]
Prose = Annotated[str, StringConstraints(max_length=LONG)]
Day = Annotated[datetime.date, BeforeValidator(_iso_day)]
PartialDay = Annotated[Line, AfterValidator(_partial_day)]
Stop = Annotated[Line, AfterValidator(_stop)]
Npi = Annotated[Line, AfterValidator(check_npi)]
YesNo = Annotated[Literal["yes", "no", "unknown"] | None, AfterValidator(_known)]


class _Part(BaseModel):
    """A section of the file. Blank text means unknown; a key nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        tidy = {name: _tidied(value) for name, value in data.items()}
        return {name: value for name, value in tidy.items() if value not in (None, "")}


def _tidied(value: object) -> object:
    if isinstance(value, str):
        return clean(value).strip()
    if isinstance(value, list):
        return [item for item in map(_tidied, value) if item not in (None, "")]
    return value


# -- the sections ------------------------------------------------------------------------------


class PlanPart(_Part):
    plan_id: Line = Field(description="The plan, as `check --plan` takes it")
    plan_name: Line | None = Field(None, description="The plan's name as printed on the card")
    member_id: Line | None = None
    group: Line | None = None
    bin: Line | None = Field(None, description="RxBIN on the card")
    pcn: Line | None = Field(None, description="RxPCN on the card")
    policyholder: Line | None = None
    phone: Line | None = Field(None, description="The plan's phone for this kind of request")
    fax: Line | None = Field(None, description="Where the reviewer takes faxes")
    address: Prose | None = Field(None, description="The reviewer's postal address")
    medicare_number: Line | None = Field(None, description="On the red, white and blue card")
    secondary_name: Line | None = Field(None, description="A second insurance, if there is one")
    secondary_id: Line | None = None


class RequestPart(_Part):
    letter_type: Line = "letter_of_medical_necessity"
    urgency: Literal["standard", "expedited"] | None = None
    urgent_reason: Prose | None = Field(
        None, description="Why waiting could harm the patient, in the prescriber's words"
    )
    months: int | None = Field(None, ge=1, le=36, description="How long approval is asked for")
    stage: (
        Literal[
            "initial",
            "exception",
            "appeal",
            "second_appeal",
            "external_review",
            "renewal",
            "transition",
            "reimbursement",
        ]
        | None
    ) = Field(None, description="Where on the road the request stands")
    denied_on: Day | None = Field(None, description="On appeal: the date on the denial notice")
    received_on: Day | None = Field(None, description="The day the denial notice came")
    denial_reference: Line | None = None
    denial_reason: Prose | None = Field(None, description="The reason the notice gives")
    denial_policy: Line | None = Field(None, description="The policy the notice names")
    reject_codes: tuple[Line, ...] = Field(
        (), max_length=MOST_ROWS, description="The pharmacy's reject codes, such as 75"
    )
    send_to: Prose | None = Field(None, description="Where the notice says to send an appeal")

    @model_validator(mode="after")
    def _received_after_it_was_dated(self) -> RequestPart:
        if self.denied_on and self.received_on and self.received_on < self.denied_on:
            raise ValueError("the notice can't come before the date on it; check both dates")
        return self


class RepresentativePart(_Part):
    """Somebody other than the patient and the prescriber who files the request."""

    name: Line | None = None
    relationship: Line | None = None
    phone: Line | None = None
    address: Prose | None = None
    city: Line | None = None
    state: Line | None = None
    zip: Line | None = None


class PatientPart(_Part):
    name: Line | None = None
    date_of_birth: Day | None = None
    phone: Line | None = None
    address: Prose | None = Field(None, description="Street; the whole address is fine too")
    city: Line | None = None
    state: Line | None = None
    zip: Line | None = None
    sex: Literal["female", "male", "other"] | None = Field(None, description="As the plan has it")
    height: Line | None = None
    weight: Line | None = None
    allergies: Prose | None = Field(None, description="Drug allergies, or that none are known")


class PrescriberPart(_Part):
    name: Line | None = None
    credentials: Line | None = Field(None, description="Such as MD, DO, NP")
    npi: Npi | None = None
    specialty: Line | None = None
    license: Line | None = None
    practice: Line | None = None
    contact: Line | None = Field(None, description="Who in the office answers questions")
    phone: Line | None = None
    fax: Line | None = None
    email: Line | None = None
    address: Prose | None = Field(None, description="Street; the whole address is fine too")
    city: Line | None = None
    state: Line | None = None
    zip: Line | None = None


class DiagnosisPart(_Part):
    words: Line | None = None
    icd10: Annotated[Line, AfterValidator(check_diagnosis)] | None = Field(
        None, description="A billable ICD-10-CM code, chosen by the prescriber"
    )
    condition_id: Line | None = Field(
        None, description="The dataset's id of the condition; brings in its negative trials"
    )
    diagnosed_on: PartialDay | None = None
    confirmed_by: Prose | None = Field(None, description="How the diagnosis was confirmed")
    in_care_since: PartialDay | None = None
    active_relapse: YesNo = Field(None, description="Does the letter rest on active illness?")
    history: Prose | None = Field(None, description="The course so far, in the prescriber's words")
    other: Line | None = Field(None, description="Other diagnoses that bear on the request")


class MedicationPart(_Part):
    medication_id: Line = Field(description="The medication, as `check --medication` takes it")
    strength: Line | None = None
    form: Line | None = None
    directions: Line | None = None
    quantity: Line | None = Field(None, description="Such as 30 capsules")
    days_supply: int | None = Field(None, ge=1, le=366)
    refills: int | None = Field(None, ge=0, le=99)
    start: Day | None = None


class IngredientPart(_Part):
    name: Line | None = None
    role: Literal["active", "inactive"] = "active"
    source: Literal["approved_product", "bulk_powder"] | None = None
    ndc: Annotated[Line, AfterValidator(check_ndc)] | None = Field(
        None, description="As on the label with hyphens, or 11 digits; kept as 11 digits"
    )
    quantity_per_unit: Line | None = None
    reason_for_bulk: Prose | None = None
    quantity: Line | None = Field(None, description="Used for the whole fill, with its unit")
    cost: float | None = Field(None, ge=0, le=1_000_000, description="US dollars for the fill")


class PharmacyPart(_Part):
    name: Line | None = None
    npi: Npi | None = None
    ncpdp: Annotated[Line, AfterValidator(check_ncpdp)] | None = None
    phone: Line | None = None
    fax: Line | None = None
    address: Prose | None = None
    in_network: YesNo = None
    kind: Literal["503A", "503B"] | None = Field(
        None, description="503A: state-licensed pharmacy; 503B: outsourcing facility"
    )
    price_per_month: float | None = Field(None, ge=0, le=1_000_000, description="US dollars")


class TriedPart(_Part):
    drug: Line | None = None
    dose: Line | None = None
    start: PartialDay | None = None
    stop: Stop | None = Field(None, description="A year, month or day, or: ongoing")
    outcome: Literal["failed", "not_tolerated", "contraindicated", "other"] | None = None
    reason: Prose | None = None
    in_chart: YesNo = None


class AlternativePart(_Part):
    """A drug the plan wants first, and why it will not do for this patient."""

    drug: Line | None = None
    kind: Literal["step", "preferred", "formulary"] | None = Field(
        None, description="step: must be tried first; preferred: on a cheaper tier"
    )
    why: Prose | None = Field(None, description="In the prescriber's words, from the chart")


class StepPart(_Part):
    ground: (
        Literal[
            "contraindicated",
            "tried_and_failed",
            "expected_not_to_work",
            "expected_harm",
            "stable_on_it",
        ]
        | None
    ) = Field(None, description="Why the step should be waived")
    explanation: Prose | None = None


class ContinuityPart(_Part):
    taking_since: PartialDay | None = None
    last_filled: Day | None = None
    supply_ends: Day | None = Field(None, description="The day the medicine in hand runs out")
    plan_started: Day | None = Field(None, description="First day in this plan or plan year")
    previous_plan: Line | None = None
    what_happened: Prose | None = Field(None, description="What changed, in plain words")


class ReimbursementPart(_Part):
    filled_on: Day | None = None
    prescription_number: Line | None = None
    paid: float | None = Field(None, ge=0, le=1_000_000, description="US dollars paid")
    paid_on: Day | None = None
    receipt: YesNo = Field(None, description="Is the itemised receipt attached?")
    reason: Prose | None = Field(None, description="Why it was paid out of pocket")


class DenialPointPart(_Part):
    said: Prose = Field(description="A reason of the notice, word for word")
    answer: Prose | None = Field(None, description="How this case answers it")


class DecisionPart(_Part):
    level: (
        Literal["initial", "appeal", "second_appeal", "redetermination", "external_review"] | None
    ) = None
    decided_on: Day | None = None
    reference: Line | None = None
    reason: Prose | None = None


class MarketedPart(_Part):
    strength_not_sold: YesNo = None
    form_needed: Prose | None = Field(None, description="The form needed, and why")
    excipient_reaction: Prose | None = Field(
        None, description="A reaction to an inactive ingredient, documented in the chart"
    )
    shortage: Prose | None = None
    shortage_checked_on: Day | None = None
    other: Prose | None = None


class EvidencePart(_Part):
    studies: tuple[Line, ...] = Field((), max_length=MOST_ROWS, description="Study ids")
    compendium: Annotated[
        Literal["supported", "not_supported", "not_looked_up"] | None,
        AfterValidator(lambda value: None if value == "not_looked_up" else value),
    ] = None
    compendium_name: Line | None = Field(None, description="Such as AHFS-DI or DRUGDEX")
    compendium_entry: Prose | None = None
    looked_up_by: Line | None = None
    looked_up_on: Day | None = None


class SafetyPart(_Part):
    opioids: Annotated[Literal["none", "taking", "unknown"] | None, AfterValidator(_known)] = None
    opioids_checked_on: Day | None = None
    liver_disease: Annotated[
        Literal["none", "present", "unknown"] | None, AfterValidator(_known)
    ] = None
    liver_tests: Line | None = Field(None, description="Result and date")
    pregnancy: Annotated[
        Literal["not_pregnant", "pregnant", "does_not_apply", "unknown"] | None,
        AfterValidator(_known),
    ] = None
    suicidality_monitoring: Prose | None = None


class MonitoringPart(_Part):
    scale: Line | None = None
    baseline: Line | None = Field(None, description="Score before treatment, with its date")
    checks: Line | None = Field(None, description="Dates or weeks, such as weeks 4, 8 and 12")
    trial_weeks: int | None = Field(None, ge=1, le=104)
    stop_rule: Prose | None = None


class ResponsePart(_Part):
    measure: Line | None = None
    before: Line | None = None
    after: Line | None = None
    measured_on: Day | None = None


class AnswerPart(_Part):
    rule_id: Line = Field(description="The plan's rule, as `check` names it")
    answer: Prose = Field(description="How this case meets it, in the prescriber's words")


class CaseFile(_Part):
    """Everything a letter may say. See ``load_case``."""

    plan: PlanPart
    medication: MedicationPart
    date: Day | None = Field(None, description="The date on the letter")
    request: RequestPart = RequestPart()
    patient: PatientPart = PatientPart()
    prescriber: PrescriberPart = PrescriberPart()
    diagnosis: DiagnosisPart = DiagnosisPart()
    ingredients: tuple[IngredientPart, ...] = Field((), max_length=MOST_ROWS)
    pharmacy: PharmacyPart = PharmacyPart()
    tried: tuple[TriedPart, ...] = Field((), max_length=MOST_ROWS)
    why_no_marketed_product: MarketedPart = MarketedPart()
    evidence: EvidencePart = EvidencePart()
    safety: SafetyPart = SafetyPart()
    monitoring: MonitoringPart = MonitoringPart()
    risk_if_untreated: Prose | None = Field(None, description="In the prescriber's words")
    current_medicines: tuple[Line, ...] = Field((), max_length=MOST_ROWS)
    prior_response: ResponsePart = ResponsePart()
    alternatives: tuple[AlternativePart, ...] = Field((), max_length=MOST_ROWS)
    step_therapy: StepPart = StepPart()
    continuity: ContinuityPart = ContinuityPart()
    reimbursement: ReimbursementPart = ReimbursementPart()
    denial_points: tuple[DenialPointPart, ...] = Field((), max_length=MOST_ROWS)
    decisions: tuple[DecisionPart, ...] = Field(
        (), max_length=MOST_ROWS, description="Earlier decisions, oldest first"
    )
    representative: RepresentativePart = RepresentativePart()
    patient_words: Prose | None = Field(None, description="In the patient's own words")
    answers: tuple[AnswerPart, ...] = Field((), max_length=MOST_ROWS)
    attachments: tuple[Line, ...] = Field((), max_length=MOST_ROWS)

    _removed: tuple[str, ...] = PrivateAttr(())

    @property
    def removed(self) -> tuple[str, ...]:
        """One sentence for each field that characters were taken out of when it was read."""
        return self._removed


# -- reading -----------------------------------------------------------------------------------


def load_case(source: Path | str | Mapping[str, Any]) -> CaseFile:
    """The case in ``source``: a path, JSON text (it starts with a brace), or a parsed object.

    Raises CaseFileError with one sentence that names the field and the mend.
    """
    data = source if isinstance(source, Mapping) else _parsed(_text_of(source))
    if not isinstance(data, Mapping):
        raise CaseFileError("A case file is one JSON object; start it with { and end it with }.")
    try:
        case = CaseFile.model_validate(data)
    except ValidationError as error:
        raise CaseFileError(_sentence(error)) from None
    case._removed = tuple(_removals(data))
    return case


def _text_of(source: Path | str) -> str:
    if isinstance(source, str) and source.lstrip().startswith(("{", "[")):
        return source
    try:
        raw = Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise CaseFileError(
            f"The case file '{str(source)[:200]}' can't be read: {reason}; check the path."
        ) from None
    if len(raw) > LARGEST_FILE:
        raise CaseFileError("The case file is larger than 5 MB; is it the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CaseFileError("The case file is not UTF-8 text; save it again as UTF-8.") from None


def _parsed(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except CaseFileError:
        raise
    except json.JSONDecodeError as error:
        raise CaseFileError(
            f"The case file is not valid JSON at line {error.lineno}, column {error.colno}: "
            f"{error.msg}; mend that spot."
        ) from None
    except (RecursionError, ValueError):
        raise CaseFileError(
            "The case file is nested too deeply or holds a number that is far too long; "
            "start again from `case --example`."
        ) from None


def _no_constant(name: str) -> None:
    raise CaseFileError(f"The case file holds {name}, which is no value; leave the field out.")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise CaseFileError(f"The case file has '{name[:60]}' twice in one place; keep one.")
        found[name] = value
    return found


def _removals(data: object, path: str = "") -> Iterator[str]:
    if isinstance(data, str):
        gone = removed_from(data)
        if gone:
            yield say(
                "{path}: characters that hide or turn text were taken out ({characters}).",
                path=path,
                characters=", ".join(gone),
            )
    elif isinstance(data, Mapping):
        for name, value in data.items():
            yield from _removals(value, f"{path}.{name}" if path else str(name))
    elif isinstance(data, (list, tuple)):
        for place, value in enumerate(data):
            yield from _removals(value, f"{path}[{place}]")


# -- one sentence for what is wrong ------------------------------------------------------------


def _sentence(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=True)
    first = faults[0]
    more = f" ({len(faults) - 1} more to mend after that)" if len(faults) > 1 else ""
    return f"Case file, {_path(first)}: {_problem(first)}{more}."


def _path(fault: ErrorDetails) -> str:
    path = ""
    for step in fault["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{one_line(clean(step))[:60]}"
    return path.lstrip(".") or "the whole file"


def _problem(fault: ErrorDetails) -> str:
    context = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return "this field is needed; add it"
        case "extra_forbidden":
            return f"there is no such field{_nearest(fault)}"
        case "string_too_long":
            return f"the text is longer than {context['max_length']:,} characters; shorten it"
        case "too_long":
            return f"there are more than {context['max_length']} entries; keep the important ones"
        case "literal_error":
            return f"write one of {context['expected']}"
        case "string_type":
            return "this must be text in quotation marks"
        case "tuple_type":
            return "this must be a list in square brackets"
        case "model_type":
            return "this must be an object in braces"
        case "value_error":
            return str(context["error"]).rstrip(".")
        case _:
            return f"{fault['msg'][0].lower()}{fault['msg'][1:]}; mend the value"


def _nearest(fault: ErrorDetails) -> str:
    *above, wrong = fault["loc"]
    model: type[BaseModel] = CaseFile
    for step in above:
        if isinstance(step, str):
            model = _part_type(model, step)
    near = difflib.get_close_matches(str(wrong), model.model_fields, n=1, cutoff=0.5)
    return f"; perhaps '{near[0]}' is meant" if near else "; take it out, or see `case --schema`"


def _part_type(model: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = model.model_fields[name].annotation
    kinds = get_args(annotation) or (annotation,)
    return next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))


# -- the example and the schema ----------------------------------------------------------------


def case_schema() -> dict[str, Any]:
    """The JSON Schema of a case file."""
    return CaseFile.model_json_schema()


def example_case(
    plan_id: str = "unlisted-employer-insured-TX", medication_id: str = "ldn-capsule"
) -> dict[str, Any]:
    """A complete case file of made-up people, ready to be written as JSON.

    Everything in it is invented: replace each line with what the chart says.
    """
    return {
        "date": "2026-11-24",
        "plan": {
            "plan_id": plan_id,
            "plan_name": "Example Health Plan",
            "member_id": "EXAMPLE-000000",
            "group": "EXAMPLE-GROUP",
            "bin": "000000",
            "pcn": "EXAMPLE",
            "policyholder": "Example Patient",
            "phone": "000-555-0104",
            "fax": "000-555-0100",
            "medicare_number": "EXAMPLE-MEDICARE-0",
            "address": "Example reviewer address, see the notice",
        },
        "request": {
            "letter_type": "letter_of_medical_necessity",
            "urgency": "standard",
            "months": 6,
            "stage": "initial",
            "denied_on": "2026-11-09",
            "received_on": "2026-11-12",
            "denial_reference": "EXAMPLE-DENIAL-2",
            "denial_reason": "Compounded drugs are not on the drug list (made-up example)",
            "denial_policy": "Example compound policy (made-up example)",
            "reject_codes": ["70"],
            "send_to": "Example appeals desk, fax 000-555-0105 (made-up example)",
        },
        "patient": {
            "name": "Example Patient",
            "date_of_birth": "1980-01-01",
            "phone": "000-555-0106",
            "address": "2 Example Street",
            "city": "Example City",
            "state": "TX",
            "zip": "00000",
            "sex": "female",
            "height": "165 cm",
            "weight": "70 kg",
            "allergies": "None known (made-up example)",
        },
        "prescriber": {
            "name": "Example Prescriber",
            "credentials": "MD",
            "npi": "1000000004",
            "specialty": "Psychiatry",
            "practice": "Example Practice",
            "contact": "Example Nurse",
            "phone": "000-555-0101",
            "fax": "000-555-0102",
            "address": "1 Example Street",
            "city": "Example City",
            "state": "TX",
            "zip": "00000",
        },
        "diagnosis": {
            "words": "Major depressive disorder, recurrent, current episode moderate",
            "icd10": "F33.1",
            "condition_id": "recurrent-depression",
            "diagnosed_on": "2020-05",
            "confirmed_by": "Clinical interview (made-up example)",
            "in_care_since": "2021-02",
            "active_relapse": "yes",
        },
        "medication": {
            "medication_id": medication_id,
            "strength": "4.5 mg",
            "form": "capsule",
            "directions": "Take one capsule by mouth at bedtime",
            "quantity": "30 capsules",
            "days_supply": 30,
            "refills": 2,
            "start": "2026-12-01",
        },
        "ingredients": [
            {
                "name": "Naltrexone hydrochloride, from 50 mg tablets",
                "role": "active",
                "source": "approved_product",
                "ndc": "00000-0000-01",
                "quantity_per_unit": "4.5 mg",
                "quantity": "135 mg (made-up example)",
                "cost": 8.1,
            },
            {
                "name": "Microcrystalline cellulose (filler)",
                "role": "inactive",
                "source": "bulk_powder",
                "ndc": "00000-0000-02",
                "quantity_per_unit": "To fill the capsule",
                "quantity": "To fill 30 capsules (made-up example)",
                "cost": 1.2,
            },
        ],
        "pharmacy": {
            "name": "Example Compounding Pharmacy",
            "npi": "1000000012",
            "ncpdp": "0000000",
            "phone": "000-555-0103",
            "fax": "000-555-0107",
            "address": "3 Example Street, Example City",
            "in_network": "yes",
            "kind": "503A",
            "price_per_month": 45.0,
        },
        "tried": [
            {
                "drug": "Example antidepressant A",
                "dose": "Example dose A",
                "start": "2021-03",
                "stop": "2021-09",
                "outcome": "failed",
                "reason": "Score did not improve after six months (made-up example)",
                "in_chart": "yes",
            },
            {
                "drug": "Example antidepressant B",
                "dose": "Example dose B",
                "start": "2022-01",
                "stop": "2022-03",
                "outcome": "not_tolerated",
                "reason": "Stopped for a rash (made-up example)",
                "in_chart": "yes",
            },
        ],
        "why_no_marketed_product": {"strength_not_sold": "yes"},
        "evidence": {
            "studies": [],
            "compendium": "not_supported",
            "compendium_name": "Example compendium",
            "compendium_entry": "No entry found for this use (made-up example)",
            "looked_up_by": "Example Prescriber",
            "looked_up_on": "2026-11-20",
        },
        "safety": {
            "opioids": "none",
            "opioids_checked_on": "2026-11-20",
            "liver_disease": "none",
            "liver_tests": "Normal, 2026-11-10 (made-up example)",
            "pregnancy": "does_not_apply",
            "suicidality_monitoring": "C-SSRS at each visit; crisis plan in the chart "
            "(made-up example)",
        },
        "monitoring": {
            "scale": "PHQ-9",
            "baseline": "16 on 2026-11-10 (made-up example)",
            "checks": "weeks 4, 8 and 12",
            "trial_weeks": 12,
            "stop_rule": "Stop at week 12 if PHQ-9 has fallen by less than 5 points "
            "(made-up example)",
        },
        "risk_if_untreated": "Made-up example: the prescriber writes here, from the chart, what "
        "happened in earlier untreated episodes.",
        "current_medicines": ["Example antidepressant C, example dose (made-up example)"],
        "prior_response": {
            "measure": "PHQ-9",
            "before": "16 on 2026-11-10 (made-up example)",
            "after": "9 (made-up example)",
            "measured_on": "2026-11-20",
        },
        "alternatives": [
            {
                "drug": "Example antidepressant A",
                "kind": "step",
                "why": "Tried for six months without improvement (made-up example)",
            }
        ],
        "step_therapy": {
            "ground": "tried_and_failed",
            "explanation": "The chart shows the trial and its result (made-up example)",
        },
        "continuity": {
            "taking_since": "2026-06",
            "last_filled": "2026-11-01",
            "supply_ends": "2026-12-01",
            "plan_started": "2026-11-01",
            "previous_plan": "Example Former Plan",
            "what_happened": "The patient changed jobs and plans (made-up example)",
        },
        "reimbursement": {
            "filled_on": "2026-11-01",
            "prescription_number": "EXAMPLE-RX-1",
            "paid": 45.0,
            "paid_on": "2026-11-01",
            "receipt": "yes",
            "reason": "The pharmacy could not bill the plan (made-up example)",
        },
        "denial_points": [
            {
                "said": "Compounded drugs are not on the drug list.",
                "answer": "The active ingredient comes from an FDA-approved tablet, and its "
                "NDC is in the table below (made-up example)",
            }
        ],
        "decisions": [
            {
                "level": "initial",
                "decided_on": "2026-10-05",
                "reference": "EXAMPLE-DENIAL-1",
                "reason": "No prior authorization was on file (made-up example)",
            },
            {
                "level": "appeal",
                "decided_on": "2026-11-09",
                "reference": "EXAMPLE-DENIAL-2",
                "reason": "Compounded drugs are not on the drug list (made-up example)",
            },
        ],
        "representative": {
            "name": "Example Representative",
            "relationship": "Sister",
            "phone": "000-555-0108",
            "address": "4 Example Street",
            "city": "Example City",
            "state": "TX",
            "zip": "00000",
        },
        "patient_words": "Made-up example: the patient writes here what daily life is like.",
        "attachments": ["Chart notes (made-up example)", "Copy of the compound prescription"],
    }
