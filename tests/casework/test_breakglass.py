"""Breaking the glass: one case is read without sign-in, and never without a trace."""

import io
import json
import zipfile

import pytest
from sqlalchemy import func, select

from compound_coverage.casework import audit, breakglass, trail
from compound_coverage.casework.access import Forbidden
from compound_coverage.casework.breakglass import break_glass
from compound_coverage.casework.cases import CaseError, keep_document
from compound_coverage.casework.tables import AUDIT, STEP

WHY = "Sign-in is down and the pharmacy waits."


def read(zipped):
    with zipfile.ZipFile(io.BytesIO(zipped)) as files:
        told = json.loads(files.read("cases.json"))
        return told, {name: files.read(name) for name in files.namelist()}


def rows(desk, table):
    with desk.operating() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_copy_holds_one_case_and_its_papers(desk, practice, cases, case_id, content):
    other = cases.create(practice.staff, content)
    with desk.act(practice.staff, "case.file", case_id) as work:
        paper_id = keep_document(work, "chart", "a.PDF", b"%PDF made up", "0" * 64)
    (told,), files = read(break_glass(desk, case_id, WHY, 1000))
    assert told["case_id"] == case_id
    assert told["summary"]["patient"] == "Example Patient"
    assert files[f"documents/{paper_id}.pdf"] == b"%PDF made up"
    assert other not in json.dumps(told)


def test_it_leaves_a_step_with_the_reason_and_an_entry_without_it(desk, practice, cases, case_id):
    break_glass(desk, case_id, WHY, 1000)
    step = cases.read(practice.staff, case_id).steps[-1]
    assert (step.action, step.member_id, step.why) == ("break_glass", "operator", WHY)
    assert step.from_state == step.to_state == "draft"
    assert cases.read(practice.staff, case_id).version == 1
    (entry,) = [one for one in trail.entries(desk, practice.auditor) if one.action == "break_glass"]
    assert (entry.actor, entry.resource, entry.outcome) == ("operator", case_id, "done")
    assert dict(entry.detail) == {"user": 1000}
    assert trail.faults(desk, practice.auditor) == []


def test_the_copy_itself_says_that_it_was_taken(desk, practice, case_id):
    (told,), _ = read(break_glass(desk, case_id, WHY, 1000))
    assert told["steps"][-1]["action"] == "break_glass"


@pytest.mark.parametrize("why", ["", "   ", "emergency", "just because"])
def test_without_a_sentence_why_nothing_is_given_out(desk, practice, case_id, why):
    steps, entries = rows(desk, STEP), rows(desk, AUDIT)
    with pytest.raises(CaseError, match="Say in a sentence why"):
        break_glass(desk, case_id, why, 1000)
    assert (rows(desk, STEP), rows(desk, AUDIT)) == (steps, entries)


@pytest.mark.parametrize("case_id", ["", "0" * 24, "Example Patient", "' OR 1=1 --"])
def test_a_case_that_is_not_there_is_not_told_from_one_that_is(desk, practice, case_id):
    with pytest.raises(Forbidden):
        break_glass(desk, case_id, WHY, 1000)


@pytest.mark.parametrize("missing", ["the step", "the entry"])
def test_without_its_trace_no_case_is_given_out(desk, practice, case_id, monkeypatch, missing):
    def failing(*_):
        raise CaseError("No room.")

    holder, name = (breakglass, "keep_step") if missing == "the step" else (audit, "append")
    with monkeypatch.context() as patched:
        patched.setattr(holder, name, failing)
        with pytest.raises(CaseError, match="No room"):
            break_glass(desk, case_id, WHY, 1000)
    steps = rows(desk, STEP)
    break_glass(desk, case_id, WHY, 1000)
    assert rows(desk, STEP) == steps + 1
