"""The page of proposals: what changes, which answers move, talk, decide, publish."""

from types import SimpleNamespace

import pytest
import typst

from compound_coverage.casework import people
from compound_coverage.casework.access import Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.curation.documents import Documents
from compound_coverage.curation.proposals import Decision, Proposals, State
from compound_coverage.curation.publishing import Publisher
from compound_coverage.database import StoreError
from dashboard import curation, identity
from tests.casework.conftest import Clock
from tests.curation.conftest import changed, made_in_sqlite, reworded, row
from tests.dashboard.conftest import ran, words


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An office made once; each test works on a copy."""
    return made_in_sqlite(tmp_path_factory)


@pytest.fixture
def desk(made, tmp_path):
    engine = open_casework(made.sqlite_copy(tmp_path))
    yield Desk(engine, made.ring, Clock())
    engine.dispose()


@pytest.fixture
def practice(made, desk):
    return made.practice_of(desk)


@pytest.fixture
def author(practice):
    return practice.advocate


@pytest.fixture
def reviewer(desk, practice):
    email = "second@north.example"
    people.add_member(desk, practice.manager, "Made-up Reviewer", email, [Role.ADVOCATE])
    return practice.sign_in(email)


@pytest.fixture(autouse=True)
def proposals(desk, small, monkeypatch):
    """The page's proposals, over a small dataset."""
    monkeypatch.setenv("COVERAGE_DATA", str(small))
    monkeypatch.setattr(identity, "office", lambda: SimpleNamespace(desk=desk))
    made = Proposals(desk, lambda: small)
    monkeypatch.setattr(curation, "proposals", lambda: made)
    monkeypatch.setattr(curation, "publisher", lambda: Publisher(desk, lambda: small))
    # one page by itself knows no others to lead to
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)
    return made


@pytest.fixture
def ended(proposals, author, small):
    """A proposal that moves verdicts: the rule about powder has ended."""
    change = changed(small, "rules.csv", "powder-not-paid", effective_to="2026-06-30")
    return proposals.propose(author, "Powder is paid again", "The policy was taken back.", [change])


def html(page):
    return "\n".join(str(one.proto.body) for one in page.get("html"))


def press(page, label):
    (button,) = [one for one in page.button if label in one.label]
    button.click()
    return ran(page)


def test_the_list_tells_what_waits_for_whom(visit, author, reviewer, ended):
    mine = words(visit("proposals", author))
    assert "Nothing waits for you." in mine
    page = visit("proposals", reviewer)
    assert "You have no open proposal." in words(page)
    assert any("Powder is paid again" in one.label for one in page.button)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADVOCATE])
def test_others_see_nothing(visit, practice, ended, role):
    page = visit("proposals", practice.actor(role))
    assert "Powder" not in words(page)
    assert "You can't do this here" in words(page)


def test_a_proposal_is_seen_side_by_side_with_the_answers_it_changes(visit, reviewer, ended):
    page = visit("proposals", reviewer, **{"proposal-shown": ended})
    told = words(page)
    assert "Why:** The policy was taken back." in told
    assert "from “not covered” to **“not known”**" in told
    seen = html(page)
    assert "Changed row (What law, programs, payers" in seen
    assert ">effective to</th>" in seen
    assert ">2026-06-30</td>" in seen
    assert "Made-up Health" in seen
    assert "bulk powder" in seen


def test_the_reviewer_sees_the_page_that_the_rule_rests_on(
    visit, proposals, author, reviewer, small, desk
):
    paper = typst.compile(
        b"First page #pagebreak() Powder is not a covered drug, whatever it costs."
    )
    kept = Documents(desk).keep(author, "policy.pdf", paper)
    source = changed(small, "sources.csv", "made-up-policy", sha256=kept.sha256)
    rule = changed(
        small, "rules.csv", "powder-not-paid", page="2", passage="Powder is not a covered drug"
    )
    made = proposals.propose(author, "Where it stands", "I found the page.", [source, rule])
    page = visit("proposals", reviewer, **{"proposal-shown": made})
    assert "policy.pdf, page 2, from “Powder is not a covered drug”" in words(page)
    assert 'alt="The document, page 2"' in html(page)
    assert any("Save the document" in one.label for one in page.button)


def test_a_document_that_is_not_kept_here_is_told(visit, proposals, author, reviewer, small):
    source = changed(small, "sources.csv", "made-up-policy", sha256="a" * 64)
    made = proposals.propose(author, "Lost", "Why.", [source, reworded(small)])
    page = visit("proposals", reviewer, **{"proposal-shown": made})
    assert "No such document is kept here" in words(page)


def test_words_alone_are_told_apart_from_verdicts(visit, proposals, author, reviewer, small):
    made = proposals.propose(author, "Plainer", "Why.", [reworded(small)])
    told = words(visit("proposals", reviewer, **{"proposal-shown": made}))
    assert "No verdict changes for any plan, medicine or source." in told
    assert "keep their verdict, but say something else." in told


def test_another_advocate_accepts_and_publishes(visit, proposals, author, reviewer, ended, small):
    page = visit("proposals", reviewer, **{"proposal-shown": ended})
    page.radio[0].set_value(Decision.ACCEPT)
    page = press(page, "Decide")
    assert "Your decision is noted." in words(page)
    assert proposals.read(author, ended).line.state == State.ACCEPTED
    page = press(press(page, "Back to the list"), "Publish it")
    assert "Published as release 2026-11-24: Powder is paid again." in words(page)
    assert row(small, "rules.csv", "powder-not-paid")["effective_to"] == "2026-06-30"
    page = visit("proposals", author, **{"proposal-shown": ended})
    assert "Published by Made-up Reviewer in release 2026-11-24" in words(page)


def test_to_decide_one_has_to_choose_and_to_ask_one_has_to_say_why(visit, reviewer, ended):
    page = press(visit("proposals", reviewer, **{"proposal-shown": ended}), "Decide")
    assert "Choose what you say." in words(page)
    page.radio[0].set_value(Decision.ASK)
    page = press(page, "Decide")
    assert "The reason is empty; write a sentence." in words(page)


def test_the_author_sees_no_decision_but_can_take_it_back(visit, proposals, author, ended):
    page = visit("proposals", author, **{"proposal-shown": ended})
    assert not page.radio
    page.text_area[-1].set_value("I misread the page.")
    page = press(page, "Take it back")
    assert "You took it back." in words(page)
    assert proposals.read(author, ended).line.state == State.WITHDRAWN


def test_what_is_said_stays_with_the_proposal(visit, author, reviewer, ended):
    page = visit("proposals", reviewer, **{"proposal-shown": ended})
    page.text_area[0].set_value("Which *page*?")
    press(page, "Add to the discussion")
    told = words(visit("proposals", author, **{"proposal-shown": ended}))
    assert "Made-up Reviewer** said" in told
    assert "> Which *page*?" in told


def test_what_no_longer_fits_says_so(visit, proposals, author, reviewer, ended, small, desk):
    other = proposals.propose(author, "Plainer", "Why.", [reworded(small)])
    proposals.decide(reviewer, other, 1, Decision.ACCEPT)
    proposals.decide(reviewer, ended, 1, Decision.ACCEPT)
    page = press(visit("proposals", reviewer), "Publish all 2")
    told = words(page)
    assert "1 published." in told
    assert "went back to its author" in told
    waiting = [line for line in proposals.lines(author) if line.state is State.ASKED]
    page = visit("proposals", reviewer, **{"proposal-shown": waiting[0].proposal_id})
    assert "It does not fit the data as it stands now" in words(page)


def test_a_disk_that_is_full_is_told_in_a_sentence(
    visit, proposals, author, reviewer, ended, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    proposals.decide(reviewer, ended, 1, Decision.ACCEPT)
    monkeypatch.setattr("compound_coverage.curation.publishing.write_dataset", full)
    page = press(visit("proposals", reviewer), "Publish it")
    assert "The data can't be written: No space left on device." in words(page)


def test_a_proposal_that_is_not_there_leads_back(visit, reviewer):
    page = visit("proposals", reviewer, **{"proposal-shown": "0" * 24})
    assert "There is no such proposal; open it from the list." in words(page)
    assert "To decide on" in words(press(page, "Back to the list"))


def test_a_database_that_is_away_is_told(visit, reviewer, monkeypatch):
    def away():
        raise StoreError("The database did not answer; try again in a minute.")

    monkeypatch.setattr(curation, "proposals", away)
    assert "The database did not answer" in words(visit("proposals", reviewer))
