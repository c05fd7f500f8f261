"""What a letter still lacks and who can supply it, and what a person should know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from compound_coverage.language import say
from compound_coverage.letters.answer import Point
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.gaps import Gap, is_unknown, values_at
from compound_coverage.letters.templates import LetterType, Need, Situation, Words, situations
from compound_coverage.vocabulary import (
    Determination,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Plan,
    Verdict,
)

LATER_APPEALS = ("second_appeal", "external_review")


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact the letter lacks: its place in the case file, why it matters, who can supply it."""

    field: str
    why: str
    who: str


def holding_situations(case: CaseFile, medication: Medication) -> list[Situation]:
    """The named circumstances that this case is in."""
    return [s for s in situations() if _holds(s, case, medication)]


def situation_names(
    letter: LetterType, case: CaseFile, plan: Plan, holding: Sequence[Situation]
) -> dict[str, bool]:
    """Every situation a template or a need may name, and whether it holds."""
    held = {situation.name for situation in holding}
    stage = stage_of(letter, case)
    return {
        "unlisted_plan": not plan.payer,
        "expedited": "expedited" in (letter.urgency, case.request.urgency),
        "appeal": stage in ("appeal", *LATER_APPEALS),
        "second": stage in LATER_APPEALS,
        "renewal": stage == "renewal",
        "represented": case.representative.name is not None,
        "compendium_looked_up": case.evidence.compendium is not None,
        "shortage": case.why_no_marketed_product.shortage is not None,
        **{line.value: plan.line_of_business == line for line in LineOfBusiness},
        **{situation.name: situation.name in held for situation in situations()},
    }


def stage_of(letter: LetterType, case: CaseFile) -> str:
    """Where on the road the letter stands: its own stage, else the case's, else the first."""
    return letter.stage or case.request.stage or "initial"


def _holds(situation: Situation, case: CaseFile, medication: Medication) -> bool:
    ids = {ingredient.ingredient_id for ingredient in medication.active_ingredients}
    code = case.diagnosis.icd10 or ""
    return bool(
        ids & set(situation.ingredients)
        or (code and code.startswith(situation.diagnoses or ("-",)))
        or case.diagnosis.condition_id in situation.conditions
    )


# -- missing -----------------------------------------------------------------------------------


def missing_facts(
    needs: Iterable[Need],
    case: CaseFile,
    situation: dict[str, bool],
    points: Sequence[Point],
    words: Words,
) -> list[Missing]:
    """Each fact the letter needs and the case does not hold, in the letter's order."""
    found = [
        Missing(path, need.why, need.who)
        for need in needs
        if not need.when or any(situation[name] for name in need.when)
        for path, value, holder in values_at(case, need.field)
        if is_unknown(value) and _asked_of(holder, need)
    ]
    found += [
        Missing(
            "answers",
            words.answers["rule_asks"].format(rule=point.rule_id, what=point.what),
            point.answer.who,
        )
        for point in points
        if isinstance(point.answer, Gap)
    ]
    return found


def _asked_of(holder: BaseModel, need: Need) -> bool:
    return all(getattr(holder, name) == value for name, value in need.only_if) and not any(
        getattr(holder, name) == value for name, value in need.unless
    )


# -- warnings ----------------------------------------------------------------------------------


def warnings_about(
    case: CaseFile,
    determination: Determination,
    medication: Medication,
    situation: dict[str, bool],
) -> list[str]:
    """What a person should know before this letter goes anywhere, one sentence each.

    In the language spoken just now, which may not be the letter's.
    """
    return [
        *case.removed,
        *_verdict_warnings(determination),
        *_safety_warnings(case, situation),
        *_remission_warnings(case),
        *_source_warnings(case, determination, medication),
        *_marketed_warnings(case, medication),
        *_date_warnings(case),
    ]


def _verdict_warnings(determination: Determination) -> Iterator[str]:
    if determination.verdict == Verdict.COVERED:
        yield say("A published rule says the plan pays for this; a letter may not be needed.")
    if determination.verdict == Verdict.NOT_COVERED:
        yield say(
            "The published rule excludes this and leaves no exception route, so a letter may "
            "change nothing; ask the pharmacy for its cash price at the same time."
        )
    if any(reason.decisive and reason.stale for reason in determination.reasons):
        yield say("The deciding rule is old; ask the plan for its newest one before you send this.")


def _safety_warnings(case: CaseFile, situation: dict[str, bool]) -> Iterator[str]:
    if situation.get("opioid_blocker") and case.safety.opioids == "taking":
        yield say(
            "STOP: the patient takes an opioid, and this medication blocks opioids. It can cause "
            "sudden withdrawal. The prescriber must decide before any letter is sent."
        )
    if situation.get("opioid_blocker") and case.safety.liver_disease == "present":
        yield say("Liver disease is noted; the prescriber must say in the letter why this is safe.")
    if case.safety.pregnancy == "pregnant":
        yield say(
            "The patient is pregnant; trials left pregnant people out. The prescriber decides."
        )
    if situation.get("depression"):
        yield say(
            "If the patient is thinking about suicide, call or text 988 (US) now; do not wait "
            "for this letter."
        )


def _remission_warnings(case: CaseFile) -> Iterator[str]:
    code = case.diagnosis.icd10 or ""
    if code.startswith(("F33.4", "F32.4", "F32.5")) and case.diagnosis.active_relapse != "no":
        yield say(
            "{code} says 'in remission', which contradicts a letter that rests on active "
            "illness; the prescriber should check the code against the current severity.",
            code=code,
        )


def _source_warnings(
    case: CaseFile, determination: Determination, medication: Medication
) -> Iterator[str]:
    actives = [part for part in case.ingredients if part.role == "active"]
    bulk = [part for part in actives if part.source == "bulk_powder"]
    for part in bulk:
        if part.reason_for_bulk is None:
            name = part.name or say("An ingredient")
            yield say("{ingredient} is bulk powder and no reason is given.", ingredient=name)
    excluded = (Verdict.NOT_COVERED, Verdict.EXCEPTION_ONLY)
    if bulk and dict(determination.by_source).get(IngredientSource.BULK_POWDER) in excluded:
        yield say(
            "The plan's published rules exclude bulk powder; ask the pharmacy whether it can "
            "start from an FDA-approved product. That removes this exclusion, no more."
        )
    typed = " ".join(part.name or "" for part in actives).lower()
    for ingredient in medication.active_ingredients:
        if actives and ingredient.name.lower() not in typed:
            yield say(
                "{ingredient} is in the medication, but not among the ingredients typed.",
                ingredient=say(ingredient.name),
            )


def _marketed_warnings(case: CaseFile, medication: Medication) -> Iterator[str]:
    marketed = case.why_no_marketed_product
    if marketed.strength_not_sold == "yes" and medication.marketed_in_strength_or_form:
        yield say(
            "The case says the strength is not sold, but our data lists a marketed one; check."
        )
    if marketed.shortage and marketed.shortage_checked_on is None:
        yield say("A shortage is claimed without the day it was checked; supplies change weekly.")


def _date_warnings(case: CaseFile) -> Iterator[str]:
    for number, tried in enumerate(case.tried):
        # ISO dates of one length sort as text; of two lengths only the shared part says anything
        if tried.start and tried.stop and tried.stop != "ongoing":
            shared = min(len(tried.start), len(tried.stop))
            if tried.stop[:shared] < tried.start[:shared]:
                yield say(
                    "tried[{number}]: it stops before it starts; check the dates.", number=number
                )
        if tried.in_chart == "no":
            yield say(
                "tried[{number}]: the chart does not show this; a plan asks for proof, and "
                "the prescriber can sign only what the chart shows.",
                number=number,
            )
