"""Reports of people: kept sealed, without anybody's data, and never part of an answer."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from compound_coverage.casework.access import Forbidden, Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.tables import AUDIT, LEAD, LEAD_SEALED
from compound_coverage.curation.leads import (
    LEAST_TOLD,
    MOST_IN_AN_HOUR,
    MOST_WAITING,
    How,
    Kind,
    LeadError,
    Leads,
    LeadState,
    Report,
    Why,
    checked,
)
from compound_coverage.dataset.load import load
from compound_coverage.determination.engine import determine
from compound_coverage.determination.question import make_case
from compound_coverage.vocabulary import Verdict
from tests.casework.conftest import NPI, Practice
from tests.curation.conftest import reworded
from tests.server.test_marker import MARKER, holds

PLAN, MEDICINE, RULE = "made-up-health-marketplace", "ldn-capsule", "powder-not-paid"
TODAY = date(2026, 11, 24)


@pytest.fixture
def leads(desk):
    return Leads(desk)


def wrong(**more):
    given = {
        "rule_id": RULE,
        "words": "The policy was replaced in May 2026.",
        "title": "Made-up compound policy",
        "address": "https://example.org/policy.pdf",
    }
    return Report(Kind.WRONG, PLAN, MEDICINE, **given | more)


def answered(**more):
    given: dict[str, Any] = {
        "told": Verdict.NOT_COVERED,
        "day": date(2026, 11, 20),
        "how": How.PHONE,
        "reference": "I-20261120-0042",
        "words": "They do not pay for powder.",
    }
    return Report(Kind.ANSWERED, PLAN, MEDICINE, **given | more)


def rows(desk):
    with desk.operating() as connection:
        return connection.execute(select(LEAD)).mappings().all()


# -- reporting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("report", [wrong(), answered()], ids=["wrong", "answered"])
def test_anybody_reports_and_an_advocate_reads_it_as_it_was_written(leads, practice, report):
    lead_id = leads.report(report)
    lead = leads.read(practice.advocate, lead_id)
    assert lead.report == report
    assert (lead.line.lead_id, lead.line.state) == (lead_id, LeadState.NEW)


# what is told -> what is said of it
UNFIT = {
    "nothing is said to be wrong": (wrong(words="  "), "what is wrong or out of date"),
    "too many words": (wrong(words="a " * 1_001), "longer than 2,000 characters"),
    "a name": (wrong(words="My name is Example."), "looks like a person's name"),
    "a number in the title": (wrong(title="Letter to member no 12345"), "member, claim or card"),
    "two lines in the title": (wrong(title="Dr.\nExample"), "looks like a person's name"),
    "no address": (wrong(address="my drawer"), "none of a public page"),
    "an address in two parts": (wrong(address="https://example.org/a b"), "none of a public page"),
    "an address on a computer": (wrong(address="file:///home/x.pdf"), "none of a public page"),
    "a machine of one's own": (wrong(address="http://localhost/x"), "none of a public page"),
    "no address at all": (wrong(address="http://[x"), "none of a public page"),
    "an address with a sign-in": (wrong(address="https://a:b@example.org/"), "an e-mail address"),
    "no verdict": (answered(told=None), "Pick what the plan said"),
    "not told how": (answered(how=None), "Pick what the plan said"),
    "no day": (answered(day=None), "Write the day"),
    "a day to come": (answered(day=TODAY + timedelta(days=2)), "still to come"),
    "a day long ago": (answered(day=date(2019, 1, 1)), "too long ago"),
    "a name for a reference": (answered(reference="Example Person 7"), "only the number"),
    "a reference without a digit": (answered(reference="Example"), "only the number"),
    "a long reference": (answered(reference="1" * 41), "at most 40"),
    "a reference that is an SSN": (answered(reference="123-45-6789"), "Social Security"),
    "a phone number": (answered(words="Call me: 312-555-0142"), "a phone number"),
}


@pytest.mark.parametrize(("report", "said"), UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_is_told_with_the_mend(report, said):
    with pytest.raises(LeadError, match=said) as error:
        checked(report, TODAY)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "ids", [("", MEDICINE), (PLAN, ""), ("a plan", MEDICINE), (PLAN, "x" * 999)]
)
def test_a_report_is_about_a_plan_and_a_medicine(ids):
    plan_id, medication_id = ids
    with pytest.raises(LeadError, match="names no plan and medicine"):
        checked(Report(Kind.WRONG, plan_id, medication_id, words="It changed."), TODAY)


def test_a_statement_is_named_by_its_id():
    with pytest.raises(LeadError, match="names no statement"):
        checked(wrong(rule_id="what somebody typed"), TODAY)


def test_nothing_is_kept_of_what_does_not_fit(leads, desk):
    with pytest.raises(LeadError):
        leads.report(wrong(words=f"My name is {MARKER}."))
    assert rows(desk) == []


def test_hidden_characters_are_taken_out(leads, practice):
    lead_id = leads.report(wrong(words="It\u202e \x00changed.\ud800"))
    assert leads.read(practice.advocate, lead_id).report.words == "It changed."


def test_a_report_that_something_is_wrong_holds_no_answer(leads, practice):
    lead_id = leads.report(wrong(told=Verdict.COVERED, reference="4711", how=How.PHONE))
    lead = leads.read(practice.advocate, lead_id)
    assert (lead.line.told, lead.report.reference, lead.report.how) == (None, "", None)


# -- what is kept, and what is not ---------------------------------------------------------------


def test_a_row_shows_ids_and_the_hour_and_nothing_of_what_was_written(leads, desk, clock):
    clock.turn(minutes=42, seconds=7, microseconds=13)
    leads.report(answered(words=f"{MARKER} they said", title=MARKER))
    (row,) = rows(desk)
    assert not holds(b" ".join(str(value).encode() for value in row.values()))
    assert {name for name, value in row.items() if value is not None} == {
        "lead_id", "kind", "state", "at", "plan_id", "medication_id", "rule_id", "verdict_told",
        "sealed",
    }  # fmt: skip
    assert row["at"] == "2026-11-24T09:00:00.000000+00:00"
    assert (row["kind"], row["verdict_told"]) == ("answered", "not_covered")


def test_what_somebody_wrote_is_nowhere_in_the_file(sqlite_url, tmp_path, ring, clock):
    """In every form the hunt knows, before and after the lead is closed."""
    engine = open_casework(sqlite_url)
    desk = Desk(engine, ring, clock)
    practice, leads = Practice(desk, "north", NPI), Leads(desk)
    lead_id = leads.report(wrong(words=f"The {MARKER} rule is old.", title=MARKER))
    ids = [leads.report(answered(words=MARKER, reference="REF-7734-XQ"))]
    leads.read(practice.advocate, lead_id)

    def files():
        return b"".join(file.read_bytes() for file in sorted(tmp_path.glob("store.sqlite*")))

    assert lead_id.encode() in files(), "the hunt looks where leads are"
    assert not holds(files())
    assert b"REF-7734" not in files()
    for one in (lead_id, *ids):
        leads.close(practice.advocate, one, Why.NOTED)
    engine.dispose()
    assert lead_id.encode() in files()
    assert not holds(files())


def test_reporting_leaves_no_entry_and_reading_one_of_ids_only(leads, desk, practice):
    with desk.operating() as connection:
        before = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
    lead_id = leads.report(wrong(words=f"{MARKER} is old."))
    leads.read(practice.advocate, lead_id)
    leads.close(practice.advocate, lead_id, Why.RIGHT)
    with desk.operating() as connection:
        query = select(AUDIT.c.action, AUDIT.c.detail).order_by(AUDIT.c.at, AUDIT.c.number)
        entries = connection.execute(query).all()[before:]
    assert [action for action, _ in entries] == ["dataset.leads"] * 2
    assert [json.loads(detail) for _, detail in entries] == [
        {"lead": lead_id},
        {"lead": lead_id, "why": "right"},
    ]


def test_closing_empties_all_but_the_day(leads, desk, practice):
    lead_id = leads.report(answered(title="A paper", address="https://example.org/p"))
    leads.take(practice.advocate, lead_id)
    leads.close(practice.advocate, lead_id, Why.NOTED)
    (row,) = rows(desk)
    assert desk.ring.open_json(row["sealed"], LEAD_SEALED.place_of(row)) == {"day": "2026-11-20"}
    lead = leads.read(practice.advocate, lead_id)
    assert lead.report == Report(
        Kind.ANSWERED, PLAN, MEDICINE, told=Verdict.NOT_COVERED, day=date(2026, 11, 20)
    )
    assert (lead.line.state, lead.line.why) == (LeadState.CLOSED, Why.NOTED)
    assert lead.line.closed_at


# -- a flood -----------------------------------------------------------------------------------


def flood(desk, count, at):
    row = {
        "kind": "wrong", "state": "new", "at": at, "plan_id": PLAN, "medication_id": MEDICINE,
        "rule_id": RULE, "sealed": b"x",
    }  # fmt: skip
    with desk.operating() as connection:
        connection.execute(insert(LEAD), [row | {"lead_id": f"{n:024x}"} for n in range(count)])


def test_so_many_in_an_hour_and_more_in_the_next(leads, desk, clock):
    flood(desk, MOST_IN_AN_HOUR - 1, "2026-11-24T09:00:00.000000+00:00")
    leads.report(wrong())
    with pytest.raises(LeadError, match="again in an hour"):
        leads.report(wrong())
    clock.turn(minutes=59)
    with pytest.raises(LeadError, match="again in an hour"):
        leads.report(wrong())
    clock.turn(minutes=1)
    leads.report(wrong())
    assert len(rows(desk)) == MOST_IN_AN_HOUR + 1


def test_so_many_wait_until_somebody_reads_them(leads, desk, practice):
    flood(desk, MOST_WAITING, "2026-11-01T09:00:00.000000+00:00")
    with pytest.raises(LeadError, match="Too many reports wait"):
        leads.report(wrong())
    leads.take(practice.advocate, f"{7:024x}")
    leads.report(wrong())
    assert len(rows(desk)) == MOST_WAITING + 1


# -- the queue ---------------------------------------------------------------------------------


def test_the_queue_is_for_advocates(leads, practice):
    lead_id = leads.report(wrong())
    deeds = (
        lambda actor: leads.lines(actor),
        lambda actor: leads.read(actor, lead_id),
        lambda actor: leads.take(actor, lead_id),
        lambda actor: leads.close(actor, lead_id, Why.NOTED),
        lambda actor: leads.counts(actor),
    )
    for deed in deeds:
        for actor in (None, *(practice.actor(role) for role in set(Role) - {Role.ADVOCATE})):
            with pytest.raises(Forbidden):
                deed(actor)
    assert leads.read(practice.advocate, lead_id).line.state is LeadState.NEW
    for deed in deeds:
        deed(practice.advocate)


def test_one_queue_for_all_who_keep_the_dataset(leads, practice, elsewhere):
    lead_id = leads.report(wrong())
    leads.take(practice.advocate, lead_id)
    leads.close(elsewhere, lead_id, Why.TWICE)
    assert leads.read(practice.advocate, lead_id).line.why is Why.TWICE


def test_the_longest_waiting_comes_first_and_states_are_chosen(leads, practice, clock):
    first = leads.report(wrong())
    clock.turn(hours=1)
    practice.advocate = practice.sign_in("advocate@north.example")
    second = leads.report(answered())
    clock.turn(minutes=10)
    assert [line.lead_id for line in leads.lines(practice.advocate)] == [first, second]
    leads.take(practice.advocate, first)
    new = leads.lines(practice.advocate, frozenset({LeadState.NEW}))
    assert [(line.lead_id, line.kind, line.told) for line in new] == [
        (second, Kind.ANSWERED, Verdict.NOT_COVERED)
    ]


def test_a_lead_is_taken_and_closed_once(leads, practice):
    lead_id = leads.report(wrong())
    leads.take(practice.advocate, lead_id)
    with pytest.raises(LeadError, match="taken already"):
        leads.take(practice.advocate, lead_id)
    leads.close(practice.advocate, lead_id, Why.RIGHT)
    with pytest.raises(LeadError, match="closed already"):
        leads.close(practice.advocate, lead_id, Why.NOTED)
    with pytest.raises(LeadError, match="no such report"):
        leads.read(practice.advocate, "0" * 24)


def test_a_lead_names_the_proposal_it_led_to(leads, practice, proposals, small):
    proposal_id = proposals.propose(practice.advocate, "New words", "Told", [reworded(small)])
    lead_id = leads.report(wrong())
    with pytest.raises(LeadError, match="no such proposal"):
        leads.close(practice.advocate, lead_id, Why.PROPOSED, "0" * 24)
    assert leads.read(practice.advocate, lead_id).report.words, "nothing was emptied"
    leads.close(practice.advocate, lead_id, Why.PROPOSED, proposal_id)
    assert leads.read(practice.advocate, lead_id).line.proposal_id == proposal_id


# -- what people were told ---------------------------------------------------------------------


def tell(leads, actor, count, told=Verdict.NOT_COVERED, why=None, **more):
    """Reports that an advocate has read."""
    for _ in range(count):
        lead_id = leads.report(answered(told=told, **more))
        leads.take(actor, lead_id)
        if why:
            leads.close(actor, lead_id, why)


def test_told_is_shown_from_three_reports_on(leads, practice):
    tell(leads, practice.advocate, LEAST_TOLD - 1)
    assert leads.told(PLAN, MEDICINE) == {}
    tell(leads, practice.advocate, 1, Verdict.COVERED, Why.NOTED)
    assert leads.told(PLAN, MEDICINE) == {Verdict.NOT_COVERED: 2, Verdict.COVERED: 1}
    assert list(leads.told(PLAN, MEDICINE)) == [Verdict.NOT_COVERED, Verdict.COVERED]
    assert leads.told(PLAN, "another") == leads.told("another", MEDICINE) == {}


def test_what_nobody_has_read_or_what_is_of_no_use_is_not_counted(leads, practice):
    for _ in range(LEAST_TOLD):
        leads.report(answered())
        leads.report(wrong())
    tell(leads, practice.advocate, 3, why=Why.TWICE)
    tell(leads, practice.advocate, 3, why=Why.UNUSABLE)
    assert leads.told(PLAN, MEDICINE) == {}
    assert leads.counts(practice.advocate) == []


def test_advocates_see_every_count(leads, practice):
    tell(leads, practice.advocate, 1)
    tell(leads, practice.advocate, 2, Verdict.COVERED)
    (most, least) = leads.counts(practice.advocate)
    assert (most.plan_id, most.told, most.count) == (PLAN, Verdict.COVERED, 2)
    assert (least.told, least.count) == (Verdict.NOT_COVERED, 1)


def test_answers_are_the_same_whatever_people_report(leads, practice, small):
    def answers():
        dataset = load(small)
        return [
            determine(make_case(dataset, plan, medicine, on=TODAY, source=source), dataset)
            for plan in dataset.plans
            for medicine in dataset.medications
            for source in ("", "bulk_powder", "approved_product")
        ]

    before = answers()
    assert len(before) > 3
    dataset = load(small)
    for told in Verdict:
        for plan in dataset.plans:
            for medicine in dataset.medications:
                told_us = Report(
                    Kind.ANSWERED, plan, medicine, told=told, day=TODAY, how=How.LETTER
                )
                lead_id = leads.report(told_us)
                leads.take(practice.advocate, lead_id)
    for rule in dataset.rules:
        leads.report(wrong(rule_id=rule.rule_id))
    assert leads.told(next(iter(dataset.plans)), next(iter(dataset.medications)))
    assert answers() == before


def test_a_report_swapped_in_the_database_is_not_shown(leads, desk, practice):
    first, second = leads.report(wrong()), leads.report(answered())
    with desk.operating() as connection:
        connection.execute(
            text(
                "UPDATE lead SET sealed = (SELECT sealed FROM lead WHERE lead_id = :other) "
                "WHERE lead_id = :one"
            ),
            {"one": first, "other": second},
        )
    with pytest.raises(ValueError, match=r"changed|moved|key"):
        leads.read(practice.advocate, first)
