"""A change is proposed by one advocate and decided on by another, and nobody slips past that."""

import pytest

from compound_coverage.casework import trail
from compound_coverage.casework.access import Action, Forbidden, Role
from compound_coverage.casework.people import (
    PeopleError,
    add_member,
    keep_dataset,
    laptop_owner,
)
from compound_coverage.curation.proposals import Decision, ProposalError, State
from compound_coverage.dataset.changes import Change, ChangeError
from compound_coverage.dataset.tables import DatasetError
from tests.curation.conftest import changed, reworded, row

WHY = "The newsletter of June words it so."


@pytest.fixture
def proposal_id(proposals, author, small):
    return proposals.propose(author, "Powder in plainer words", WHY, [reworded(small)])


def state_of(proposals, who, proposal_id):
    return proposals.read(who, proposal_id).line.state


# -- proposing ---------------------------------------------------------------------------------


def test_a_proposal_holds_what_it_changes_and_why(proposals, author, reviewer, proposal_id):
    found = proposals.read(reviewer, proposal_id)
    assert (found.line.title, found.line.author) == ("Powder in plainer words", "Made-up advocate")
    assert (found.line.state, found.line.mine) == (State.WAITING, False)
    assert found.newest.why == WHY
    (change,) = found.newest.changes
    assert (change.name, change.columns) == ("rules.csv powder-not-paid", ["summary"])
    assert proposals.read(author, proposal_id).line.mine


def test_the_dataset_itself_stays_as_it_is_until_it_is_published(small, proposals, author):
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    proposals.propose(author, "Powder", WHY, [reworded(small)])
    assert {path.name: path.read_bytes() for path in small.iterdir()} == before


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"source_id": ""}, "rules.csv, column source_id: '' does not have the right form"),
        ({"source_id": "nowhere"}, "'nowhere' is not in sources.csv"),
        ({"effect": "requires"}, "rules.csv, column condition: effect requires needs one"),
        ({"lines_of_business": ""}, "lines_of_business: empty is not a line"),
        ({"effective_to": "2025-01-01"}, "the rule ends before it starts"),
        ({"source_id": "made-up-hearsay"}, "nobody has read its source yet"),
    ],
    ids=["no citation", "unknown source", "no condition", "no line", "ends too soon", "unread"],
)
def test_what_could_not_be_published_can_not_be_proposed(proposals, author, small, cells, sentence):
    wrong = changed(small, "rules.csv", "powder-not-paid", **cells)
    with pytest.raises(ChangeError) as refused:
        proposals.propose(author, "Powder", WHY, [wrong])
    assert any(sentence in str(fault) for fault in refused.value.faults)
    assert proposals.lines(author) == []


def test_a_rule_is_never_taken_out(proposals, author, small):
    gone = Change("rules.csv", row(small, "rules.csv", "powder-not-paid"), None)
    with pytest.raises(ChangeError, match="give a rule its last day instead"):
        proposals.propose(author, "Away with it", WHY, [gone])


def test_only_a_release_writes_the_log_of_releases(proposals, author):
    line = {
        "release": "2026-11-24", "number": "001", "change": "x", "rows": "", "proposal_id": "",
        "proposed_by": "", "accepted_by": "",
    }  # fmt: skip
    with pytest.raises(ChangeError, match="only a release writes this table"):
        proposals.propose(author, "Log", WHY, [Change("changes.csv", None, line)])


@pytest.mark.parametrize(
    ("title", "why", "sentence"),
    [
        ("", WHY, "The title is empty; write a sentence."),
        (" \n", WHY, "The title is empty; write a sentence."),
        ("Powder", "", "The reason is empty; write a sentence."),
        ("x" * 201, WHY, "The title is longer than 200 characters; shorten it."),
        ("Powder", "x" * 4001, "The reason is longer than 4,000 characters; shorten it."),
    ],
)
def test_a_proposal_needs_a_title_and_a_reason(proposals, author, small, title, why, sentence):
    with pytest.raises(ProposalError) as refused:
        proposals.propose(author, title, why, [reworded(small)])
    assert str(refused.value) == sentence


def test_a_proposal_that_changes_nothing_is_none(proposals, author):
    with pytest.raises(ChangeError, match="it changes nothing"):
        proposals.propose(author, "Nothing", WHY, [])


def test_a_broken_dataset_takes_no_proposals(proposals, author, small):
    change = reworded(small)
    (small / "payers.csv").unlink()
    with pytest.raises(DatasetError, match="the file is missing"):
        proposals.propose(author, "Powder", WHY, [change])


# -- deciding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (Decision.ACCEPT, State.ACCEPTED),
        (Decision.ASK, State.ASKED),
        (Decision.DECLINE, State.DECLINED),
    ],
)
def test_another_advocate_decides(proposals, author, reviewer, proposal_id, decision, state):
    proposals.decide(reviewer, proposal_id, 1, decision, "I read page 2.")
    found = proposals.read(author, proposal_id)
    assert (found.line.state, found.decided_by) == (state, "Made-up Reviewer")
    (remark,) = found.remarks
    assert (remark.kind, remark.words, remark.revision) == (state, "I read page 2.", 1)


def test_an_advocate_of_another_organisation_decides_as_well(proposals, elsewhere, proposal_id):
    proposals.decide(elsewhere, proposal_id, 1, Decision.ACCEPT)
    assert state_of(proposals, elsewhere, proposal_id) == State.ACCEPTED


@pytest.mark.parametrize("decision", list(Decision))
def test_nobody_decides_on_their_own(proposals, author, proposal_id, decision):
    with pytest.raises(ProposalError, match="Nobody decides on their own proposal"):
        proposals.decide(author, proposal_id, 1, decision, "Looks good to me.")
    assert state_of(proposals, author, proposal_id) == State.WAITING


@pytest.mark.parametrize("decision", [Decision.ASK, Decision.DECLINE])
def test_asking_and_declining_need_a_reason(proposals, reviewer, proposal_id, decision):
    with pytest.raises(ProposalError, match="The reason is empty"):
        proposals.decide(reviewer, proposal_id, 1, decision, " ")


def test_a_decision_is_about_the_revision_that_was_seen(
    proposals, author, reviewer, proposal_id, small
):
    proposals.revise(author, proposal_id, 1, "Shorter.", [reworded(small, summary="No powder.")])
    with pytest.raises(ProposalError, match="changed while you looked at it"):
        proposals.decide(reviewer, proposal_id, 1, Decision.ACCEPT)
    proposals.decide(reviewer, proposal_id, 2, Decision.ACCEPT)


def test_a_changed_proposal_waits_again_whoever_accepted_it(
    proposals, author, reviewer, proposal_id, small
):
    proposals.decide(reviewer, proposal_id, 1, Decision.ACCEPT)
    proposals.revise(author, proposal_id, 1, "Shorter.", [reworded(small, summary="No powder.")])
    found = proposals.read(author, proposal_id)
    assert (found.line.state, found.decided_by) == (State.WAITING, "")
    assert [one.number for one in found.revisions] == [1, 2]


def test_only_its_author_changes_it_or_takes_it_back(proposals, reviewer, proposal_id, small):
    with pytest.raises(ProposalError, match="Only who made a proposal changes it"):
        proposals.revise(reviewer, proposal_id, 1, "Mine.", [reworded(small, summary="Mine.")])
    with pytest.raises(ProposalError, match="Only who made a proposal takes it back"):
        proposals.withdraw(reviewer, proposal_id, "No.")


def test_what_is_decided_for_good_stays_so(proposals, author, reviewer, proposal_id, small):
    proposals.withdraw(author, proposal_id, "I misread the page.")
    for deed in (
        lambda: proposals.decide(reviewer, proposal_id, 1, Decision.ACCEPT),
        lambda: proposals.revise(author, proposal_id, 1, "Again.", [reworded(small)]),
        lambda: proposals.withdraw(author, proposal_id, "Again."),
    ):
        with pytest.raises(ProposalError, match="This proposal is withdrawn already"):
            deed()


def test_the_discussion_stays_with_the_proposal(proposals, author, reviewer, proposal_id):
    proposals.say(reviewer, proposal_id, "Which page?")
    proposals.say(author, proposal_id, "Page 2.")
    proposals.decide(reviewer, proposal_id, 1, Decision.DECLINE, "It says the opposite.")
    found = proposals.read(reviewer, proposal_id)
    assert [(one.who, one.words) for one in found.remarks] == [
        ("Made-up Reviewer", "Which page?"),
        ("Made-up advocate", "Page 2."),
        ("Made-up Reviewer", "It says the opposite."),
    ]


def test_a_list_shows_the_longest_waiting_first(proposals, author, small, clock):
    first = proposals.propose(author, "First", WHY, [reworded(small)])
    clock.turn(hours=1)
    second = proposals.propose(author, "Second", WHY, [reworded(small, summary="No powder.")])
    assert [line.proposal_id for line in proposals.lines(author)] == [first, second]
    assert proposals.lines(author, frozenset({State.ACCEPTED})) == []


def test_what_does_not_fit_the_dataset_any_more_is_not_accepted(
    proposals, publisher, author, reviewer, proposal_id, small
):
    other = proposals.propose(author, "Other words", WHY, [reworded(small, summary="Nope.")])
    proposals.decide(reviewer, other, 1, Decision.ACCEPT)
    publisher.publish(reviewer)
    with pytest.raises(ChangeError, match="changed by somebody else in the meantime"):
        proposals.decide(reviewer, proposal_id, 1, Decision.ACCEPT)


def test_a_proposal_nobody_made_is_not_there(proposals, author):
    with pytest.raises(ProposalError, match="There is no such proposal"):
        proposals.read(author, "0" * 24)


# -- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADVOCATE])
def test_who_is_no_advocate_sees_and_does_nothing(
    proposals, publisher, practice, proposal_id, small, role
):
    somebody = practice.actor(role)
    for deed in (
        lambda: proposals.lines(somebody),
        lambda: proposals.read(somebody, proposal_id),
        lambda: proposals.propose(somebody, "Mine", WHY, [reworded(small)]),
        lambda: proposals.revise(somebody, proposal_id, 1, WHY, [reworded(small)]),
        lambda: proposals.withdraw(somebody, proposal_id, WHY),
        lambda: proposals.say(somebody, proposal_id, WHY),
        lambda: proposals.decide(somebody, proposal_id, 1, Decision.ACCEPT),
        lambda: publisher.publish(somebody),
    ):
        with pytest.raises(Forbidden):
            deed()


def test_an_organisation_that_does_not_keep_the_dataset_has_no_advocates(desk, practice):
    keep_dataset(desk, practice.organisation_id, False)
    with pytest.raises(PeopleError, match="does not keep the coverage data"):
        add_member(desk, practice.manager, "Made-up", "new@north.example", [Role.ADVOCATE])
    assert practice.sign_in("advocate@north.example").roles == frozenset()
    keep_dataset(desk, practice.organisation_id, True)
    add_member(desk, practice.manager, "Made-up", "new@north.example", [Role.ADVOCATE])


def test_an_organisation_nobody_knows_keeps_nothing(desk, practice):
    with pytest.raises(PeopleError, match="There is no practice 'nobody'"):
        keep_dataset(desk, "nobody", True)


def test_the_owner_of_a_laptop_may_propose_but_not_accept(desk, proposals, small):
    owner = laptop_owner(desk)
    proposal_id = proposals.propose(owner, "Powder", WHY, [reworded(small)])
    with pytest.raises(ProposalError, match="Nobody decides on their own"):
        proposals.decide(owner, proposal_id, 1, Decision.ACCEPT)


def test_each_deed_is_in_the_trail_with_ids_only(
    proposals, author, reviewer, proposal_id, practice, desk
):
    proposals.say(reviewer, proposal_id, "Zebulon Quagmire told me.")
    entries = trail.entries(desk, practice.auditor)
    told = [entry for entry in entries if entry.action.startswith("dataset.")]
    assert [entry.action for entry in told] == [Action.DATASET_DISCUSS, Action.DATASET_PROPOSE]
    assert all(entry.detail["proposal"] == proposal_id for entry in told)
    assert "Zebulon" not in str(entries)
