"""The documents of a case: kept as they were, read by those who may."""

import hashlib
from typing import get_args

import pytest
from sqlalchemy import select

from compound_coverage.casework.access import Forbidden
from compound_coverage.casework.cases import CaseError
from compound_coverage.casework.content import Content
from compound_coverage.casework.keyring import KeyRingError
from compound_coverage.casework.papers import PaperKind, Papers
from compound_coverage.casework.states import NotNow, State
from compound_coverage.casework.tables import AUDIT, DOCUMENT
from compound_coverage.letters.pages import LARGEST_FILE

PDF = b"%PDF-1.7 made up"


@pytest.fixture
def papers(desk):
    return Papers(desk, lambda content, summary, state: ())


@pytest.fixture
def patients_case(cases, practice, content):
    """An appeal that the patient signs."""
    return cases.create(
        practice.staff, content.model_copy(update={"letter_type": "external_review_request"})
    )


@pytest.mark.parametrize("kind", get_args(PaperKind))
def test_a_document_is_kept_as_it_was(papers, practice, cases, case_id, kind):
    name = "Päper “1”/2\r\n.pdf"
    paper_id = papers.keep(practice.staff, case_id, kind, name, PDF)
    paper, content = papers.read(practice.manager, paper_id)
    assert content == PDF
    assert (paper.document_id, paper.kind, paper.name) == (paper_id, kind, name)
    assert paper.digest == hashlib.sha256(PDF).hexdigest()
    assert paper.member_id == practice.staff.member_id
    view = cases.read(practice.staff, case_id)
    assert view.papers == (paper,)
    assert (view.state, view.version) == (State.DRAFT, 1), "a document is no step"


def test_the_same_file_twice_is_two_documents(papers, practice, case_id):
    first, second = (papers.keep(practice.staff, case_id, "other", "a", PDF) for _ in range(2))
    assert first != second
    assert papers.read(practice.staff, first)[1] == papers.read(practice.staff, second)[1]


def test_the_trail_tells_which_document_by_ids_alone(papers, practice, desk, case_id):
    paper_id = papers.keep(practice.staff, case_id, "other", "Example Patient.pdf", PDF)
    papers.read(practice.staff, paper_id)
    with desk.operating() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.number)).mappings().all()[-2:]
    assert [row["action"] for row in rows] == ["case.file", "document.read"]
    assert rows[1]["resource"] == paper_id
    assert "Example" not in str(rows)


BAD = [(b"", "The file is empty"), (b"x" * (LARGEST_FILE + 1), "larger than 25 MB")]


@pytest.mark.parametrize(("given", "told"), BAD, ids=["empty", "large"])
def test_what_can_not_be_kept_is_told(papers, practice, cases, case_id, patients_case, given, told):
    with pytest.raises(CaseError, match=told):
        papers.keep(practice.staff, case_id, "other", "a.pdf", given)
    with pytest.raises(CaseError, match=told):
        papers.keep_signed_by_hand(practice.staff, patients_case, "a.pdf", given)
    for one in (case_id, patients_case):
        view = cases.read(practice.staff, one)
        assert (view.state, view.papers) == (State.DRAFT, ())


def test_the_largest_file_is_kept(papers, practice, case_id):
    whole = bytes(LARGEST_FILE)
    paper_id = papers.keep(practice.staff, case_id, "other", "a.pdf", whole)
    assert papers.read(practice.staff, paper_id)[1] == whole


@pytest.mark.parametrize("role", ["advocate", "manager", "auditor"])
def test_who_has_no_part_in_it_keeps_nothing(papers, practice, case_id, role):
    with pytest.raises(Forbidden):
        papers.keep(getattr(practice, role), case_id, "other", "a.pdf", PDF)


def test_a_document_is_not_shown_to_another_practice(papers, practice, other_practice, case_id):
    paper_id = papers.keep(practice.staff, case_id, "other", "a.pdf", PDF)
    for asked in (paper_id, "0" * 24, case_id, "", "../a"):
        with pytest.raises(Forbidden):
            papers.read(other_practice.manager, asked)
    with pytest.raises(Forbidden):
        papers.read(practice.auditor, paper_id)


@pytest.mark.parametrize("column", ["content", "name"])
def test_a_document_changed_or_swapped_in_the_database_is_not_shown(
    papers, practice, desk, case_id, column
):
    first = papers.keep(practice.staff, case_id, "other", "a.pdf", PDF)
    second = papers.keep(practice.staff, case_id, "other", "b.pdf", b"another")
    with desk.operating() as connection:
        (taken,) = connection.execute(
            select(DOCUMENT.c[column]).where(DOCUMENT.c.document_id == second)
        ).one()
        connection.execute(
            DOCUMENT.update().where(DOCUMENT.c.document_id == first).values({column: taken})
        )
    with pytest.raises(KeyRingError, match="was changed outside"):
        papers.read(practice.staff, first)
    assert papers.read(practice.staff, second)[0].name == "b.pdf"


# -- signed on paper ---------------------------------------------------------------------------


@pytest.mark.parametrize("reviewed", [False, True])
def test_a_copy_the_patient_signed_makes_the_case_signed(
    papers, practice, cases, patients_case, reviewed
):
    if reviewed:
        cases.submit(practice.staff, patients_case)
    paper_id = papers.keep_signed_by_hand(practice.staff, patients_case, "signed.pdf", PDF)
    view = cases.read(practice.staff, patients_case)
    assert view.state is State.SIGNED
    assert [paper.kind for paper in view.papers] == ["signed_by_hand"]
    assert view.papers[0].document_id == paper_id
    assert (view.steps[-1].to_state, view.steps[-1].why) == (
        State.SIGNED,
        "Signed on paper; a copy is kept.",
    )
    assert view.signatures == (), "nobody signed it here"
    with pytest.raises(NotNow):
        papers.keep_signed_by_hand(practice.staff, patients_case, "again.pdf", PDF)


def test_a_letter_the_prescriber_signs_is_not_signed_this_way(papers, practice, cases, case_id):
    with pytest.raises(CaseError, match="send it to review"):
        papers.keep_signed_by_hand(practice.staff, case_id, "signed.pdf", PDF)
    view = cases.read(practice.staff, case_id)
    assert (view.state, view.papers) == (State.DRAFT, ())


def test_a_letter_nobody_knows_takes_no_signed_copy(papers, practice, cases):
    case_id = cases.create(practice.staff, Content(letter_type="no_such_letter"))
    with pytest.raises(ValueError, match="no_such_letter"):
        papers.keep_signed_by_hand(practice.staff, case_id, "signed.pdf", PDF)
    assert cases.read(practice.staff, case_id).papers == ()
