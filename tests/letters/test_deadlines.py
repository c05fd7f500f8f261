"""Deadlines as dates. The days in deadlines.csv were counted by hand, month by month."""

import csv
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.dataset.schema import DeadlineRow
from compound_coverage.determination.clocks import deadline_by_stage, deadline_text
from compound_coverage.letters.casefile import CaseFileError, load_case
from compound_coverage.letters.deadlines import (
    DeadlineError,
    _words,
    clock_words,
    deadline_line,
    dues,
    last_day_of,
    safe_day_before,
)
from compound_coverage.letters.templates import languages
from compound_coverage.vocabulary import Basis, Deadline, Effect, LineOfBusiness
from tests.letters.conftest import make_rule
from tools.reading import HIGHEST, english_grade

TABLE = Path(__file__).with_name("deadlines.csv")
ON = date(2026, 1, 2)
NOTICE = "The deadline on your notice controls. The date and address on your own notice control."


def day(text):
    return date.fromisoformat(text)


def case(decisions=(), plan_started=None, **request):
    return load_case(
        {
            "plan": {"plan_id": "made-up-plan"},
            "medication": {"medication_id": "ldn-capsule"},
            "request": request,
            "decisions": [{"level": level, "decided_on": on} for level, on in decisions],
            "continuity": {"plan_started": plan_started} if plan_started else {},
        }
    )


def clocks(bundled, line):
    """The country-wide rules with clocks for one kind of insurance."""
    return [rule for rule in bundled.rules if line in rule.lines_of_business and not rule.states]


def one(found, **wanted):
    [due] = [due for due in found if all(getattr(due, k) == v for k, v in wanted.items())]
    return due


def told(due):
    return " ".join((due.how, *due.notes, due.notice))


HAPPENED = {"notice_dated": "denied_on", "notice_received": "received_on"}
DECIDED = {"appeal", "redetermination", "external_review"}


def scenarios():
    with TABLE.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield pytest.param(row, id=f"{row['whose']} {row['stage']}: {row['why']}")


def case_knowing(event, on):
    """A case file that holds the day, and what it has no place for."""
    if event in HAPPENED:
        return case(**{HAPPENED[event]: on}), {}
    if event in DECIDED:
        return case([(event, on)]), {}
    if event == "plan_started":
        return case(plan_started=on), {}
    return case(), {event: day(on)}


@pytest.mark.parametrize("row", scenarios())
def test_a_pharmacist_counts_the_same_days(bundled, row):
    file, known = case_knowing(row["known"], row["on"])
    rules = clocks(bundled, LineOfBusiness(row["insurance"]))
    found = dues(file, rules, {row["stage"]}, day(row["on"]), known_days=known)
    due = one(found, actor=row["whose"], urgency=row["track"])
    assert (due.last_day, due.safe_day) == (day(row["last_day"]), day(row["act_by"]))
    assert due.start_day == day(row["on"])
    assert due.law.title
    assert due.open_law
    assert due.notice == NOTICE
    assert due.unconfirmed == (row["insurance"] == "fehb")
    assert not due.passed


def federal(year):
    """Working-day holidays, as the Office of Personnel Management lists them."""
    return {
        2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
        2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    }[year].split()


@pytest.mark.parametrize("year", [2026, 2027])
def test_the_holidays_are_the_federal_ones_on_the_day_they_are_kept(year):
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
    closed = [d for d in days if d.weekday() < 5 and safe_day_before(d) != d]
    assert [f"{d:%m-%d}" for d in closed] == federal(year)


# -- receipt -----------------------------------------------------------------------------------

PART_D = LineOfBusiness.MEDICARE_PART_D


def test_without_a_day_of_receipt_both_part_d_rules_give_the_same_day(bundled):
    found = dues(case(denied_on="2026-03-09"), clocks(bundled, PART_D), {"redetermination"}, ON)
    due = one(found)
    assert due.how == (
        "65 calendar days from March 9, 2026 (the date on the notice) is May 13, 2026."
    )
    assert due.notes == ()


def test_the_presumed_receipt_is_said(bundled):
    rules = [bundled.rules_by_id["part-d-redetermination-rule-text"]]
    due = one(dues(case(denied_on="2026-03-09"), rules, {"redetermination"}, ON))
    assert (due.start_day, due.last_day) == (date(2026, 3, 14), date(2026, 5, 13))
    assert due.start == (
        "5 days after the date on the notice, when the rule takes it that you have it"
    )


@pytest.mark.parametrize(
    ("received", "shown", "also"),
    [("2026-03-11", "2026-05-10", "May 13, 2026"), ("2026-03-20", "2026-05-13", "May 19, 2026")],
)
def test_the_earlier_of_two_rules_is_shown_and_both_are_told(bundled, received, shown, also):
    file = case(denied_on="2026-03-09", received_on=received, urgency="standard")
    due = one(dues(file, clocks(bundled, PART_D), {"redetermination"}, ON))
    assert due.last_day == day(shown)
    [note] = [note for note in due.notes if note.startswith("Another rule")]
    assert also in note
    assert "42 CFR 423.582" in note
    assert note.endswith("We show the earlier day.")


def test_a_notice_cannot_come_before_its_date():
    with pytest.raises(CaseFileError, match=r"request.*before the date on it") as refused:
        case(denied_on="2026-03-09", received_on="2026-03-08")
    assert str(refused.value).count(".") == 1


def test_where_the_first_day_is_not_known_there_is_no_date(bundled):
    for line in LineOfBusiness:
        rules = clocks(bundled, line)
        stages = {clock.stage for rule in rules for clock in rule.deadlines}
        assert dues(case(), rules, stages, ON) == []


def test_without_the_day_it_came_a_notice_counts_from_its_date_which_is_never_too_late(bundled):
    job = clocks(bundled, LineOfBusiness.EMPLOYER_INSURED)
    early = one(dues(case(denied_on="2026-03-09"), job, {"internal_appeal"}, ON))
    known = one(
        dues(case(denied_on="2026-03-09", received_on="2026-03-12"), job, {"internal_appeal"}, ON)
    )
    assert (early.last_day, known.last_day) == (day("2026-09-05"), day("2026-09-08"))
    assert "since the day it came is not known" in early.how


# -- which clock -------------------------------------------------------------------------------


def test_a_later_decision_replaces_the_first_notice(bundled):
    file = case([("initial", "2026-01-05"), ("appeal", "2026-03-09")], denied_on="2026-01-05")
    due = one(dues(file, clocks(bundled, LineOfBusiness.MEDICAID), {"fair_hearing"}, ON))
    assert due.last_day == date(2026, 7, 7)
    assert due.start == "the date on the plan's decision on your appeal"


def test_the_last_decision_of_the_right_level_counts(bundled):
    file = case(
        [("redetermination", "2026-03-01"), ("redetermination", "2026-03-09"), (None, "2026-04-01")]
    )
    due = one(dues(file, clocks(bundled, PART_D), {"reconsideration", "hearing"}, ON))
    assert (due.stage, due.start_day) == ("reconsideration", date(2026, 3, 9))


def test_a_first_notice_is_not_taken_for_the_final_one(bundled):
    job = clocks(bundled, LineOfBusiness.EMPLOYER_INSURED)
    later = case([("appeal", "2026-04-01")], received_on="2026-03-11")
    assert dues(later, job, {"external_review"}, ON) == []
    both = dues(case(received_on="2026-03-11"), job, {"internal_appeal", "external_review"}, ON)
    assert [due.stage for due in both] == ["internal_appeal"]


@pytest.mark.parametrize(
    ("request_", "told_of"),
    [
        ({}, {("member", "standard"), ("member", "expedited"), ("plan", "standard")}),
        ({"urgency": "standard"}, {("member", "standard"), ("plan", "standard")}),
        ({"urgency": "expedited"}, {("member", "standard"), ("member", "expedited")}),
        ({"stage": "reimbursement"}, {("member", "standard"), ("plan", "payment")}),
    ],
)
def test_only_the_tracks_that_fit_the_request_are_told(bundled, request_, told_of):
    file = case(denied_on="2026-03-09", received_on="2026-03-09", **request_)
    known = {"appeal_received": date(2026, 3, 20)}
    found = dues(file, clocks(bundled, PART_D), {"redetermination"}, ON, known_days=known)
    urgent = {("plan", "expedited")} if request_.get("urgency") != "standard" else set()
    urgent = set() if "stage" in request_ else urgent
    assert {(due.actor, due.urgency) for due in found} == told_of | urgent
    assert [due.actor for due in found] == sorted(due.actor for due in found)


def test_a_narrower_rule_is_told_of_the_plan_and_the_confirmed_one_of_the_member():
    def clock(actor, days):
        return Deadline("internal_appeal", actor, "standard", days, "calendar_days", "x", "fill")

    def rule(rule_id, days, anchor, **changes):
        made = (
            replace(clock("member", days), anchor="notice_dated"),
            replace(clock("plan", days), anchor=anchor),
        )
        return make_rule(rule_id, Effect.SETS_DEADLINE, deadlines=made, **changes)

    rules = [
        rule("wide", 30, "appeal_received"),
        rule("narrow", 40, "appeal_received", states=frozenset({"TX"})),
        rule("hearsay", 10, "appeal_received", basis=Basis.UNVERIFIED),
    ]
    known = {"appeal_received": date(2026, 3, 9)}
    file = case(denied_on="2026-03-09")
    member, plan = dues(file, rules, {"internal_appeal"}, ON, known_days=known)
    assert plan.last_day == date(2026, 4, 18)
    assert member.last_day == date(2026, 4, 8)
    assert not member.unconfirmed
    assert (member.open_law, member.law.section) == ("", "page 1")
    [hearsay] = dues(file, rules[2:], {"internal_appeal"}, ON)
    assert hearsay.unconfirmed
    assert hearsay.notes[-1] == "We have not confirmed this yet."


def test_a_supply_that_lasts_some_hours_is_not_a_deadline(bundled):
    rules = clocks(bundled, LineOfBusiness.MEDICAID)
    with pytest.raises(DeadlineError, match="No deadline is counted from 'fill'; use one of"):
        dues(case(), rules, {"emergency_supply"}, ON, known_days={"fill": ON})


def test_hours_from_an_unknown_time_are_not_promised_to_a_member():
    hours = Deadline("internal_appeal", "member", "standard", 72, "hours", "x", "notice_received")
    rule = make_rule("hours", Effect.SETS_DEADLINE, deadlines=(hours,))
    assert dues(case(received_on="2026-03-11"), [rule], {"internal_appeal"}, ON) == []


# -- what is told ------------------------------------------------------------------------------


def test_why_the_safe_day_is_earlier_is_told(bundled):
    def notes(notice):
        found = dues(case(denied_on=notice), clocks(bundled, PART_D), {"redetermination"}, ON)
        return one(found).notes[0]

    assert notes("2026-03-05") == (
        "May 9, 2026 is a Saturday. Act by May 8, 2026, the last working day before it."
    )
    assert notes("2026-03-06").startswith("May 10, 2026 is a Sunday. Act by May 8, 2026")
    assert notes("2026-09-22").startswith("November 26, 2026 is a federal holiday.")


@pytest.mark.parametrize(
    ("on", "passed", "says"),
    [
        ("2026-05-08", False, "Act by May 8, 2026"),
        ("2026-05-09", False, "The safe day has passed, but May 10, 2026 has not: act now."),
        ("2026-05-10", False, "The safe day has passed, but May 10, 2026 has not: act now."),
        ("2026-05-11", True, "Ask the plan, or whoever your notice names, if a late request"),
    ],
)
def test_a_day_that_has_passed_is_told_as_passed(bundled, on, passed, says):
    found = dues(
        case(denied_on="2026-03-06"), clocks(bundled, PART_D), {"redetermination"}, day(on)
    )
    assert one(found).passed == passed
    assert one(found).day == date(2026, 5, 8)
    assert says in told(one(found))
    assert "good cause" not in told(one(found))


def test_a_day_has_not_passed_while_another_rule_still_gives_time(bundled):
    file = case(denied_on="2026-03-09", received_on="2026-03-11", urgency="standard")
    due = one(dues(file, clocks(bundled, PART_D), {"redetermination"}, date(2026, 5, 12)))
    assert not due.passed
    assert due.notes[0] == "The safe day has passed, but May 13, 2026 has not: act now."


@pytest.mark.parametrize(
    ("on", "says"),
    [
        ("2026-11-26", "No answer by then? Ask for it on November 27, 2026."),
        ("2026-11-27", "The time to answer is over. Ask for the decision now."),
    ],
)
def test_a_plan_that_is_late_is_asked_on_the_next_working_day(bundled, on, says):
    rules = [bundled.rules_by_id["part-d-redetermination"]]
    known = {"appeal_received": date(2026, 11, 19)}
    file = case(urgency="standard")
    due = one(dues(file, rules, {"redetermination"}, day(on), known_days=known))
    assert due.notes == (says,)
    assert (due.safe_day, due.day) == (date(2026, 11, 25), date(2026, 11, 27))
    assert due.title == "Ask the plan for its decision"


def test_hours_are_over_by_the_end_of_a_day(bundled):
    rules = [bundled.rules_by_id["part-d-exception-clock"]]
    known = {"statement_received": date(2026, 3, 6)}
    fast, standard = dues(case(), rules, {"exception_request"}, ON, known_days=known)
    assert fast.last_day == date(2026, 3, 7)
    assert fast.title == "Ask the plan for its decision (fast)"
    assert standard.how == (
        "72 hours from March 6, 2026 (the day the prescriber's statement came in) "
        "is the end of March 9, 2026."
    )


def test_a_limit_that_a_state_may_shorten_says_so(bundled):
    found = dues(
        case(denied_on="2026-03-09"),
        clocks(bundled, LineOfBusiness.MEDICAID),
        {"fair_hearing", "internal_appeal"},
        ON,
    )
    says = "Yours may be less, so look at your notice."
    assert [says in told(due) for due in found] == [False, True]


def test_what_a_member_is_told_reads_at_grade_6(bundled):
    file = case(
        [("redetermination", "2026-03-06"), ("external_review", "2026-03-07")],
        denied_on="2026-03-06",
        received_on="2026-03-09",
    )
    texts = []
    for line in LineOfBusiness:
        rules = clocks(bundled, line)
        stages = {clock.stage for rule in rules for clock in rule.deadlines}
        for due in dues(file, rules, stages, ON, known_days={"appeal_received": ON}):
            texts += [due.title, due.how, *due.notes, due.notice]
    assert len(texts) > 40
    assert english_grade(texts) <= HIGHEST


# -- languages ---------------------------------------------------------------------------------


def test_a_spanish_deadline_is_spanish(bundled):
    file = case(denied_on="2026-03-06", received_on="2026-03-20", urgency="standard")
    due = one(dues(file, clocks(bundled, PART_D), {"redetermination"}, ON, "es"))
    assert due.title == "Pedir al plan que decida otra vez"
    assert due.how == (
        "65 días calendario desde el 6 de marzo de 2026 (la fecha del aviso): "
        "el último día es el 10 de mayo de 2026."
    )
    assert due.notes[0].startswith("El 10 de mayo de 2026 es domingo. Actúe a más tardar el 8 de")
    assert due.notice.startswith("Manda el plazo que dice su aviso.")


def test_the_line_of_a_spanish_letter_is_spanish(bundled):
    rules = clocks(bundled, PART_D)
    assert deadline_by_stage(rules, {"redetermination"}, clock_words("es")).startswith(
        "Usted tiene 65 días calendario desde la fecha del aviso. "
        "Usted tiene 60 días calendario desde el día en que usted recibe el aviso si es urgente. "
        "El plan tiene 7 días calendario desde que recibe la apelación."
    )
    assert deadline_by_stage(rules, {"redetermination"}, clock_words("en")) == deadline_by_stage(
        rules, {"redetermination"}
    )


def test_a_letters_line_ends_with_the_notice_and_asks_the_plan_where_no_clock_is_known(bundled):
    told = deadline_line(clocks(bundled, PART_D), {"redetermination"}, "es")
    assert told.startswith("Usted tiene 65 días")
    assert told.endswith("Mandan la fecha y la dirección de su propio aviso.")
    none = deadline_line((), {"redetermination"})
    assert none.endswith("ask the plan how long you and it have. " + NOTICE.partition(". ")[2])


ENGLISH_WORDS = re.compile(r"\b(the|you|day|plan's|gets?|notice|within|from)\b")


def test_every_clock_of_the_dataset_has_spanish_words(bundled):
    words = clock_words("es")
    for rule in bundled.rules:
        text = deadline_text(rule, words)
        assert not ENGLISH_WORDS.search(text), text
        for clock in rule.deadlines:
            if clock.anchor in ("other", "fill") or clock.ceiling:
                assert clock.counted_from in words.exact


def test_a_rule_without_clocks_tells_nothing():
    assert deadline_text(None) == deadline_by_stage((), {"hearing"}) == ""


def test_words_nobody_translated_stand_as_they_are():
    clock = Deadline("internal_appeal", "plan", "standard", 1, "months", "its own first Monday")
    rule = make_rule("own", Effect.SETS_DEADLINE, deadlines=(clock,), basis=Basis.UNVERIFIED)
    assert deadline_text(rule, clock_words("es")) == (
        "El plan tiene 1 mes desde its own first Monday. Todavía no hemos confirmado esto."
    )


def choices(column):
    return set(get_args(DeadlineRow.model_fields[column].annotation))


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_language_has_words_for_every_clock(language):
    assert language in languages()
    words, english = _words(language), _words("en")
    assert set(words.said) == set(english.said)
    assert set(words.why) == {"saturday", "sunday", "holiday"}
    assert set(words.start) == choices("anchor") - {"fill", "other"}
    assert set(words.track) == set(words.clock.tracks) == choices("urgency")
    assert set(words.member) == choices("stage")
    assert {"member", *words.others} == set(words.clock.whose) == choices("actor")
    assert set(words.clock.units) == choices("unit")
    for name, pattern in words.said.items():
        assert set(re.findall(r"\{(\w+)\}", pattern)) == set(
            re.findall(r"\{(\w+)\}", english.said[name])
        )


def test_a_language_without_deadlines_is_refused_in_one_sentence():
    with pytest.raises(DeadlineError, match="not told in 'tlh'; choose one of en, es"):
        dues(case(), (), (), ON, "tlh")


# -- the dataset -------------------------------------------------------------------------------

AGREES = {
    "notice_dated": r"the date on the notice|the denial",
    "notice_mailed": r"the date the (notice|denial) was mailed(, at most)?",
    "notice_received": r"the day you get the (denial )?notice( \(counted as 5 days after .*)?",
    "final_notice_received": r"the day you get the plan's final denial",
    "plan_decision_dated": r"the date on the plan's (second|appeal) decision",
    "reviewer_decision_dated": r"the date of the outside reviewer's decision",
    "judge_decision_dated": r"the date of the judge's decision",
    "council_decision_dated": r"the date of the Council's decision",
    "request_received": r"the (day|time) (it|the .*) gets (the|your) request.*",
    "statement_received": r"the time it gets the prescriber's statement",
    "appeal_received": r"the (day|time) it gets your (second )?appeal",
    "claim_received": r"the day it gets the claim",
    "review_requested": r"the time the outside review is asked for",
    "file_received": r"the day the state gets the file from the plan",
    "missing_facts_asked": r"the day the plan asks for missing facts",
    "coverage_started": r"your first day in the plan, or the first day of a new plan year",
    "fill": r"the emergency fill; that .*",
    "other": r".*, or .*",
}


def test_every_anchor_agrees_with_the_words_of_its_row(bundled):
    seen = set()
    for rule in bundled.rules:
        for clock in rule.deadlines:
            assert re.fullmatch(AGREES[clock.anchor], clock.counted_from), rule.rule_id
            presumed = re.search(r"counted as (\d+) days after", clock.counted_from)
            assert clock.receipt_presumed_days == (int(presumed[1]) if presumed else None)
            assert clock.ceiling == ("at most" in clock.counted_from)
            seen.add(clock.anchor)
    assert seen == set(AGREES) == choices("anchor")


# -- whatever the day --------------------------------------------------------------------------

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))
UNITS = st.sampled_from(["hours", "calendar_days", "working_days", "months"])


@given(start=DAYS, amount=st.integers(1, 400), unit=UNITS)
def test_the_safe_day_is_a_working_day_and_never_late(start, amount, unit):
    clock = Deadline("hearing", "member", "standard", amount, unit, "x", "notice_dated")
    last = last_day_of(clock, start)
    safe = safe_day_before(last)
    assert start < last
    assert safe <= last <= safe + timedelta(days=4)
    assert safe.weekday() < 5
    assert safe_day_before(safe) == safe
    if unit == "working_days":
        assert safe == last


@given(start=DAYS, amount=st.integers(1, 60))
def test_months_keep_the_day_or_end_the_month(start, amount):
    clock = Deadline("hearing", "member", "standard", amount, "months", "x", "notice_dated")
    last = last_day_of(clock, start)
    assert (last.year * 12 + last.month) - (start.year * 12 + start.month) == amount
    assert last.day == start.day or (last + timedelta(days=1)).day == 1
    assert last.day <= start.day


@given(start=DAYS, amount=st.integers(1, 400))
def test_calendar_days_are_days_whatever_the_clocks_on_the_wall_do(start, amount):
    clock = Deadline("hearing", "member", "standard", amount, "calendar_days", "x", "notice_dated")
    assert (last_day_of(clock, start) - start).days == amount
