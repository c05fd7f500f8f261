"""Patients read at grade 6 in both languages, measured over all that they are shown."""

import pytest

from compound_coverage.determination.engine import determine, with_source
from compound_coverage.determination.phone import HAVE_READY, ask_the_pharmacy, ask_the_plan
from compound_coverage.language import say, speaking
from compound_coverage.vocabulary import Case, IngredientSource
from tests.builders import TODAY
from tools.reading import HIGHEST, english_grade, levels, report, spanish_grade

pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def measured():
    return levels()


def test_every_page_and_table_is_read_at_grade_six(measured):
    assert len(measured) > 25
    assert [one for one in measured if one.english > HIGHEST or one.spanish > HIGHEST] == []


def test_the_report_names_them_all(measured):
    told = report()
    assert all(f"| `{one.name}` | {one.words} |" in told for one in measured)


HARD = "The determination of eligibility necessitates comprehensive documentation of medication."
DIFÍCIL = "La determinación de elegibilidad necesita documentación comprensiva de medicamentos."


def test_what_is_hard_is_found_out():
    assert english_grade([HARD]) > HIGHEST
    assert spanish_grade([DIFÍCIL * 3]) > HIGHEST
    assert english_grade(["The plan pays.", "Ask the plan."]) < HIGHEST
    assert spanish_grade(["El plan paga.", "Pida la regla al plan."]) < HIGHEST


GRADES = {"en": english_grade, "es": spanish_grade}


@pytest.mark.parametrize("language", list(GRADES))
@pytest.mark.parametrize("source", list(IngredientSource))
def test_every_answer_about_low_dose_naltrexone(bundled, source, language):
    """The whole answer for each plan: verdict, reasons, conditions, questions, steps, script."""
    told: dict[tuple[str, ...], str] = {}
    with speaking(language):
        for plan in bundled.plans.values():
            case = Case(plan=plan, medication=bundled.medications["ldn-capsule"], on=TODAY)
            answer = determine(with_source(case, source), bundled)
            told.setdefault(whole(answer), plan.plan_id)  # many plans are answered alike
    hard = {plan_id: GRADES[language](texts) for texts, plan_id in told.items()}
    assert {plan_id: grade for plan_id, grade in hard.items() if grade > HIGHEST} == {}


def whole(answer):
    """All that is read to a patient, in the language spoken just now."""
    return (
        answer.summary,
        *(say(reason.rule.summary) for reason in answer.reasons),
        *(say(met.what) for met in answer.conditions),
        *(unknown.question for unknown in answer.unknowns),
        *(f"{say(step.action)} {step.deadline}" for step in answer.next_steps),
        *map(say, HAVE_READY),
        *ask_the_plan(answer),
        *ask_the_pharmacy(answer),
    )
