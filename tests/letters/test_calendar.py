"""The calendar file: any program reads it, and it tells nobody who is ill with what."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from compound_coverage.letters.calendar import to_ics
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.deadlines import DeadlineError, _words, dues
from compound_coverage.vocabulary import Deadline, Effect, LineOfBusiness
from tests.letters.conftest import made_case, make_rule

NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
KNOWN = dict.fromkeys(_words("en").start, date(2026, 3, 6))


def redetermination(bundled, language="en", **request):
    """The member's own day and the plan's, for a notice of 6 March 2026."""
    file = made_case(request={"denied_on": "2026-03-06", "urgency": "standard", **request})
    rules = [bundled.rules_by_id["part-d-redetermination"]]
    known = {"appeal_received": date(2026, 4, 3)}
    return dues(file, rules, {"redetermination"}, NOW.date(), language, known)


def events(ics):
    return Calendar.from_ical(ics).walk("VEVENT")


def test_one_all_day_event_for_each_deadline(bundled):
    own, plan = events(to_ics(redetermination(bundled), NOW))
    assert own["DTSTART"].dt == date(2026, 5, 8)
    assert type(own["DTSTART"].dt) is date
    assert own["SUMMARY"] == "Ask the plan to decide again"
    assert own["DTSTAMP"].dt == NOW
    assert plan["SUMMARY"] == "Ask the plan for its decision"
    assert plan["DTSTART"].dt == date(2026, 4, 13)  # Monday after Friday the 10th
    assert own["TRANSP"] == plan["TRANSP"] == "TRANSPARENT"


def test_the_description_tells_the_last_day_the_law_and_that_the_notice_controls(bundled):
    own, plan = events(to_ics(redetermination(bundled), NOW))
    assert str(own["DESCRIPTION"]).split("\n") == [
        "65 calendar days from March 6, 2026 (the date on the notice) is May 10, 2026.",
        "May 10, 2026 is a Sunday. Act by May 8, 2026, the last working day before it.",
        "42 CFR 423.582, 423.584 and 423.590",
        "The deadline on your notice controls. The date and address on your own notice control.",
    ]
    assert "The deadline on your notice controls." in plan["DESCRIPTION"]


def test_a_member_is_reminded_7_and_2_days_before(bundled):
    own, plan = events(to_ics(redetermination(bundled), NOW))
    alarms = own.walk("VALARM")
    assert [alarm["TRIGGER"].dt for alarm in alarms] == [timedelta(days=-7), timedelta(days=-2)]
    assert {alarm["ACTION"] for alarm in alarms} == {"DISPLAY"}
    assert {alarm["DESCRIPTION"] for alarm in alarms} == {own["SUMMARY"]}
    assert plan.walk("VALARM") == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_file_keeps_to_rfc_5545(bundled, language):
    ics = to_ics(redetermination(bundled, language), NOW)
    lines = ics.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert b"VERSION:2.0" in lines
    assert any(line.startswith(b"PRODID:") for line in lines)
    assert b"\n" not in ics.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    assert b"DTSTART;VALUE=DATE:20260508" in lines
    assert b"DTSTAMP:20260320T093000Z" in lines


def test_the_stamp_is_in_world_time(bundled):
    there = datetime(2026, 3, 20, 1, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert to_ics(redetermination(bundled), there) == to_ics(redetermination(bundled), NOW)


def test_a_second_export_mends_the_first_and_prefixes_keep_cases_apart(bundled):
    def uids(due, now=NOW, prefix=""):
        return [str(event["UID"]) for event in events(to_ics(due, now, prefix))]

    found = redetermination(bundled)
    first = uids(found)
    assert len(set(first)) == 2
    assert uids(found, NOW + timedelta(days=3)) == first
    assert uids(redetermination(bundled, "es")) == first
    assert not set(uids(found, prefix="Case 7: ")) & set(first)
    assert not set(uids(redetermination(bundled, denied_on="2026-03-07"))) >= set(first)
    own, _ = events(to_ics(found, NOW, "Case 7: "))
    assert own["SUMMARY"] == "Case 7: Ask the plan to decide again"


def test_no_deadline_is_no_file():
    with pytest.raises(DeadlineError, match="type the date on the notice"):
        to_ics([], NOW)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("line", list(LineOfBusiness))
def test_nothing_in_it_names_a_person_a_plan_a_payer_or_a_medicine(bundled, line, language):
    file = load_case(
        {
            "plan": {"plan_id": "secret-plan", "plan_name": "Secret Plan", "member_id": "SECRET-1"},
            "medication": {"medication_id": "ldn-capsule"},
            "patient": {"name": "Secret Patient"},
            "request": {"denial_reference": "SECRET-2", "denial_reason": "SECRET-3"},
        }
    )
    rules = [rule for rule in bundled.rules if line in rule.lines_of_business]
    stages = {clock.stage for rule in rules for clock in rule.deadlines}
    found = dues(file, rules, stages, NOW.date(), language, KNOWN)
    if not found:
        assert line in (LineOfBusiness.VA, LineOfBusiness.WORKERS_COMP)
        return
    ics = to_ics(found, NOW).decode("utf-8").replace("\r\n ", "").lower()
    names = {
        *(payer.name for payer in bundled.payers.values()),
        *(plan.name for plan in bundled.plans.values()),
        *(medication.name for medication in bundled.medications.values()),
        *(ingredient.name for ingredient in bundled.ingredients.values()),
        "secret",
        "example",
    }
    assert [name for name in names if name.lower() in ics] == []
    assert "http" not in ics


def test_a_payers_own_document_is_not_named():
    clock = Deadline(
        "internal_appeal", "member", "standard", 30, "calendar_days", "x", "notice_dated"
    )
    rule = make_rule("own", Effect.SETS_DEADLINE, deadlines=(clock,))
    rule = replace(rule, citation=replace(rule.citation, title="Secret Health", section="Secret 4"))
    file = made_case(request={"denied_on": "2026-03-09"})
    found = dues(file, [rule], {"internal_appeal"}, NOW.date())
    assert b"Secret" not in to_ics(found, NOW)


@given(
    language=st.sampled_from(["en", "es"]),
    prefix=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40),
    start=st.dates(date(1990, 1, 1), date(2100, 12, 31)),
    stages=st.sets(
        st.sampled_from(["redetermination", "reconsideration", "hearing", "fair_hearing"]),
        min_size=1,
    ),
)
def test_it_reads_back_with_as_many_events(bundled, language, prefix, start, stages):
    known = dict.fromkeys(KNOWN, start)
    file = made_case(request={"urgency": None})
    found = dues(file, bundled.rules, stages, NOW.date(), language, known)
    back = events(to_ics(found, NOW, prefix))
    assert len(back) == len(found) > 0
    for event, due in zip(back, found, strict=True):
        on = event["DTSTART"].dt
        assert on == due.day
        assert on.weekday() < 5
        assert on <= due.last_day if due.actor == "member" else on > due.last_day
        assert event["SUMMARY"] == prefix + due.title
    assert len({event["UID"] for event in back}) == len(found)
