"""A made-up policy entered through the form, by an advocate and by nobody else."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import typst
from sqlalchemy import select

from compound_coverage.casework.access import Action, Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.tables import SOURCE_DOCUMENT
from compound_coverage.curation import rule_words
from compound_coverage.curation.draft import changes_of, draft_of
from compound_coverage.curation.proposals import Proposals, State, with_changes
from compound_coverage.dataset.load import from_tables, load
from compound_coverage.dataset.schema import RuleRow
from compound_coverage.dataset.tables import read_tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.vocabulary import Comparison, Effect, Fact, Level, Quantifier
from dashboard import curation, identity, rule_fields
from tests.builders import TODAY
from tests.casework.conftest import Clock
from tests.curation.conftest import made_in_sqlite
from tests.dashboard.conftest import ran, words

SAID = "The plan does not pay for a mix that is made from powder."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An office made once; each test works on a copy."""
    return made_in_sqlite(tmp_path_factory)


@pytest.fixture
def office(made, tmp_path, monkeypatch, small):
    monkeypatch.setenv("COVERAGE_DATA", str(small))
    engine = open_casework(made.sqlite_copy(tmp_path))
    made = Office(
        Desk(engine, made.ring, Clock()), lambda: load(small), lambda: nullcontext(None), Settings()
    )
    monkeypatch.setattr(identity, "office", lambda: made)
    kept = Proposals(made.desk, lambda: small)
    monkeypatch.setattr(curation, "proposals", lambda: kept)
    yield made
    engine.dispose()


@pytest.fixture
def practice(made, office):
    return made.practice_of(office.desk)


@pytest.fixture
def page(visit, practice):
    return visit("rule", practice.advocate)


@pytest.fixture
def proposed(practice):
    """The changes of the only proposal there is."""

    def found():
        [line] = curation.proposals().lines(practice.advocate)
        return curation.proposals().read(practice.advocate, line.proposal_id)

    return found


def fields(page, label):
    kinds = ("text_input", "text_area", "selectbox", "multiselect", "checkbox")
    return [one for kind in kinds for one in getattr(page, kind) if one.label == label]


def field(page, label):
    found = fields(page, label)
    assert len(found) == 1, f"{len(found)} fields {label!r}"
    return found[0]


def fill(page, **by_label):
    """Fills in fields; draws the page anew for one that is not there yet, and at the end."""
    for label, value in by_label.items():
        if not fields(page, label):
            ran(page)
        field(page, label).set_value(value)
    return ran(page)


def press(page, label):
    [button] = [one for one in page.button if one.label == label]
    button.click()
    return ran(page)


def can_propose(page):
    return not next(one for one in page.button if one.label == "Propose").disabled


DOCUMENT = {
    "Title of the document": "Invented Mutual policy on compounds",
    "Who published it": "Invented Mutual",
    "Address (https://...)": "https://example.org/invented",
    "The date it gives itself": "2026-03",
    "What kind of copy is it?": "A",
    "Page, counted from 1": "2",
}
VOICE = {
    "Who speaks?": Level.PAYER,
    "Kinds of insurance it reaches": ["marketplace", "medicaid"],
    "Its name": "Invented Mutual",
    "What is it?": "insurer",
}


def test_only_an_advocate_sees_the_form(visit, practice):
    for role in set(Role) - {Role.ADVOCATE}:
        page = visit("rule", practice.actor(role))
        assert "your part in this practice does not allow it" in words(page)
        assert not page.text_input


def test_an_empty_form_says_what_is_missing_and_proposes_nothing(page):
    told = words(page)
    assert "1. The document: Write the title of the document." in told
    assert "2. Who says it: Say who speaks." in told
    assert "Never one that names a patient." in told
    assert not can_propose(page)


def test_a_new_payers_policy_is_entered_tried_and_proposed(page, practice, proposed, small):
    fill(page, **DOCUMENT, **VOICE)
    assert "Invented Mutual (marketplace or own plan)" in words(page)
    fill(page, **{"What does it do?": Effect.EXCLUDES})
    assert "What the patient reads" in words(page)
    press(page, "Add this line")
    assert "At least one active ingredient comes from bulk powder." in words(page)
    assert not can_propose(page)
    fill(page, **{"What the patient reads": SAID})
    told = words(page).replace("**", "")
    assert "Before: not known. No rule decides it." in told
    assert f"After: not covered. {SAID}" in told
    assert can_propose(page)
    fill(page, **{"Why? What did you find?": "Invented Mutual published it in March."})
    assert field(page, "Title of the proposal").value == "Invented Mutual: Does not pay"
    press(page, "Propose")
    assert "Another advocate must accept it now." in words(page)
    changes = proposed().newest.changes
    changed = with_changes(read_tables(small)[0], changes, TODAY)
    rule = from_tables(changed).rules_by_id["invented-mutual-bulk-powder-not-paid"]
    assert (rule.summary, rule.citation.url) == (SAID, "https://example.org/invented")
    assert {plan.plan_id for plan in from_tables(changed).plans.values()} >= {
        "invented-mutual-marketplace",
        "invented-mutual-medicaid",
    }

    press(page, "Add another rule of this document")
    assert field(page, "Title of the document").value == DOCUMENT["Title of the document"]
    assert field(page, "Its name").value == "Invented Mutual"
    assert field(page, "What the patient reads").value == ""
    assert field(page, "What does it do?").value is None
    fill(page, **{"Page, counted from 1": "3"}, **{"What does it do?": Effect.COVERS})
    fill(page, **{"What the patient reads": "It pays for a mix made from tablets."})
    press(page, "Propose")
    assert "The reason is empty" in words(page)
    fill(page, **{"Why? What did you find?": "It says so on page 3."})
    press(page, "Propose")
    assert len(curation.proposals().lines(practice.advocate)) == 2
    press(page, "Start with an empty form")
    assert field(page, "Title of the document").value == ""


def paper(text):
    source = f"Nothing here. #pagebreak() {text}"
    return typst.compile(source.encode(), format="pdf", ignore_system_fonts=True)


def test_a_paper_is_kept_and_its_passage_pointed_at(page, office, practice):
    data = paper("Mixes made of powder are never paid by us, whatever the doctor says of it.")
    [upload] = page.file_uploader
    upload.set_value(("policy.pdf", data, "application/pdf"))
    ran(page)
    assert "Kept: policy.pdf, 2 page(s)." in words(page)
    with office.desk.act(practice.advocate, Action.DATASET_READ) as work:
        [row] = work.connection.execute(select(SOURCE_DOCUMENT)).mappings()
    assert bytes(row["content"]) == data
    passage = "First words of the passage"
    fill(page, **{passage: "Nothing of the kind"})
    assert "These words are not in the document." in words(page)
    fill(page, **{passage: "mixes made of pow-der"})
    assert "Found on page 2." in words(page)
    press(page, "Take page 2")
    assert field(page, "Page, counted from 1").value == "2"
    fill(page, **{"Show me this page": True})
    assert any("data:image/png" in str(one.proto) for one in page.get("html"))
    fill(page, **{"Page, counted from 1": "9"})
    assert "The document has no page 9; it has 2." in words(page)
    copied = "Mixes made of powder are never paid by us, whatever the doctor says."
    fill(page, **{"What the patient reads": copied})
    assert "say it in your own words" in words(page)


def test_a_paper_that_is_none_is_refused_and_a_text_is_shown(page):
    [upload] = page.file_uploader
    upload.set_value(("policy.pdf", b"PK\x03\x04\x00", "application/pdf"))
    ran(page)
    assert "save the document as a PDF" in words(page)
    [upload] = page.file_uploader
    upload.set_value(("policy.txt", b"Powder is not paid.", "text/plain"))
    ran(page)
    fill(page, **{"Page, counted from 1": "1"}, **{"Show me this page": True})
    assert [one.value for one in page.text] == ["Powder is not paid."]


def test_every_rule_of_the_dataset_opens_in_the_form_without_a_change(visit, practice, small):
    tables, _ = read_tables(small)
    for rule in rows_of(tables, RuleRow):
        page = visit("rule", practice.advocate, rule_to_change=rule.rule_id)
        assert f"You are changing the rule {rule.rule_id}." in words(page)
        assert "The rule: Nothing is changed yet." in words(page)
        assert field(page, "What the patient reads").value == rule.summary


def test_a_rule_is_changed(page, proposed):
    fill(page, **{"Which rule?": "powder-not-paid"})
    press(page, "Open this rule")
    fill(page, **{"What the patient reads": SAID}, **{"Why? What did you find?": "Plainer."})
    assert can_propose(page)
    press(page, "Propose")
    [change] = proposed().newest.changes
    assert (change.name, change.columns) == ("rules.csv powder-not-paid", ["summary"])


def test_a_rule_is_ended_with_its_last_day(page, proposed):
    fill(page, **{"Which rule?": "powder-not-paid"})
    press(page, "Open this rule")
    press(page, "Propose the end of this rule")
    assert "Write the last day" in words(page)
    fill(page, **{"Its last day": "2026-10-31"}, **{"How do you know?": "A newer page says so."})
    press(page, "Propose the end of this rule")
    [change] = proposed().newest.changes
    assert change.columns == ["effective_to"]
    press(page, "Start with an empty form")
    fill(page, **{"Which rule?": "powder-not-paid"})
    press(page, "Open this rule")
    press(page, "Start with a new rule instead")
    assert not any("You are changing" in str(one.value) for one in page.info)


def test_one_that_is_there_already_is_shown_while_it_is_typed(page):
    fill(page, **{"Which document?": "made-up-policy"}, **{"Section or heading": "Exclusions"})
    fill(page, **{"Who speaks?": Level.PAYER}, **{"Whose rule is it?": "made-up-health"})
    fill(page, **{"Kinds of insurance it reaches": ["marketplace", "fehb"]})
    fill(page, **{"Add a plan people can pick for": ["fehb"]})
    assert "Made-up Health (federal employee plan (FEHB))" in words(page)
    fill(page, **{"What does it do?": Effect.EXCLUDES})
    press(page, "Add this line")
    assert "The same?" in words(page)
    fill(page, **{"What does it do?": Effect.COVERS})
    told = words(page)
    assert "The same?" not in told
    assert "Contradicts" in told
    press(page, "Take out line 1")
    assert not any(one.label.startswith("Line 1") for one in page.selectbox)


def test_amounts_and_deadlines_have_lines_of_their_own(page):
    fill(page, **DOCUMENT, **{"Who speaks?": Level.LAW})
    fill(page, **{"Kinds of insurance it reaches": ["va"]}, **{"What does it do?": Effect.LIMITS})
    press(page, "Add an amount")
    assert "Limit 1: say what is limited." in words(page)
    fill(page, **{"What is limited (1)": "approval"}, **{"How much (1)": "6"})
    fill(page, **{"Of what (1)": "months"}, **{"What does it do?": Effect.SETS_DEADLINE})
    press(page, "Add a deadline")
    fill(page, **{"Which step (1)": "hearing"}, **{"How many (1)": "30"})
    fill(page, **{"Counted from (1)": "notice_received"}, **{"Days the mail may take (1)": "5"})
    fill(page, **{"Counted from, in words (1)": "the day you got the notice"})
    fill(page, **{"What the patient reads": "You have 30 days to ask for a hearing."})
    fill(page, **{"It binds: plans below can't be more generous.": True})
    assert can_propose(page)
    press(page, "Take out amount 1")
    press(page, "Take out deadline 1")
    assert "Add the deadline that is set." in words(page)


def test_every_fact_can_be_looked_at_in_every_way(page):
    numbers = {Fact.MONTHLY_COST, Fact.AGE, Fact.ACTIVE_INGREDIENT_COUNT}
    press(page, "Add this line")
    for fact in Fact:
        fill(page, **{"Line 1: look at": fact})
        subject = rule_words.FACTS[fact].subject
        assert (subject or rule_words.WHO[Quantifier.ANY]) in words(page), fact
        assert len(field(page, "How (1)").options) == (4 if fact in numbers else 2), fact
        asked_of = [one for one in page.selectbox if one.label == "Of whom (1)"]
        assert [len(one.options) for one in asked_of] == ([] if subject else [3]), fact


def test_a_plans_own_rule_and_a_benefit_managers(page):
    fill(page, **{"Who speaks?": Level.PLAN}, **{"Kinds of insurance it reaches": ["marketplace"]})
    fill(page, **{"Its name": "Invented Works"}, **{"What is it?": "employer_plan"})
    fill(page, **{"Plan name: Marketplace or own plan": "Invented Works booklet"})
    assert "It will be called: Invented Works booklet" in words(page)
    fill(page, **{"Whose rule is it?": "made-up-health-marketplace"})
    assert "It will be called" not in words(page)
    fill(page, **{"Who speaks?": Level.PBM})
    owners = field(page, "Whose rule is it?").options
    assert owners == ["A new one", "Made-up PBM"]


@pytest.mark.parametrize("answer", ["revised", "gone"])
def test_a_proposal_that_was_asked_about_is_opened_again(visit, practice, proposed, small, answer):
    tables, _ = read_tables(small)
    draft = draft_of("powder-not-paid", tables)
    changes = changes_of(replace(draft, summary=SAID), tables, TODAY)
    made = curation.proposals().propose(practice.advocate, "Plainer", "Plainer words", changes)
    if answer == "gone":
        page = visit("rule", practice.advocate, **{"rule-proposal": "0" * 24})
        assert "There is no such proposal" in words(page)
        return
    page = visit("rule", practice.advocate, **{"rule-proposal": made})
    assert field(page, "What the patient reads").value == SAID
    assert field(page, "Title of the proposal").value == "Plainer"
    fill(page, **{"What the patient reads": f"{SAID} Ask for it in writing."})
    fill(page, **{"Why? What did you find?": "You asked for the letter."})
    press(page, "Propose")
    found = proposed()
    assert (found.newest.number, found.line.state) == (2, State.WAITING)
    assert found.newest.changes[0].after["summary"].endswith("in writing.")


def test_a_broken_dataset_is_named_and_nothing_is_asked(visit, practice, small):
    (small / "rules.csv").write_text("rule_id\n", encoding="utf-8")
    page = visit("rule", practice.advocate)
    assert "The coverage data can't be used right now" in words(page)
    assert not page.text_input


def test_the_usual_lines_are_tests_that_the_schema_knows():
    for test in rule_fields.COMMON.values():
        assert Fact(test.fact)
        assert Quantifier(test.who)
        assert Comparison(test.comparison)
