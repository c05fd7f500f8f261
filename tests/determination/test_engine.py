"""How rules meet: who wins, what opens a way round, what is asked, what comes next."""

from dataclasses import replace
from datetime import date

import pytest

from compound_coverage.determination.engine import determine
from compound_coverage.determination.phone import ask_the_pharmacy, ask_the_plan
from compound_coverage.determination.words import CONFIRM_OUR_READING
from compound_coverage.vocabulary import (
    Basis,
    Comparison,
    Deadline,
    Effect,
    Fact,
    Level,
    LineOfBusiness,
    Quantifier,
    Step,
    Test,
    Verdict,
)
from tests.builders import (
    APPROVED,
    BULK,
    CITATION,
    FROM_APPROVED,
    FROM_POWDER,
    PLAN,
    Book,
    case,
    looks_at,
    rule,
)

BAN = rule("ban", Effect.EXCLUDES)
PAYS = rule("pays", Effect.COVERS)
REVIEW = rule("review", Effect.REQUIRES_PRIOR_AUTHORIZATION)


def ask(*rules, steps=(), **facts):
    return determine(case(facts.pop("source", None), **facts), Book(list(rules), steps=steps))


def decisive(answer):
    return next((reason.rule.rule_id for reason in answer.reasons if reason.decisive), "")


@pytest.mark.parametrize(
    ("name", "rules", "verdict", "decides"),
    [
        ("nothing is published", [], "unknown", ""),
        ("it is paid", [PAYS], "covered", "pays"),
        ("it is excluded", [BAN], "not_covered", "ban"),
        (
            "it is excluded with an exception",
            [rule("ask", Effect.EXCLUDES_WITH_EXCEPTION)],
            "exception_only",
            "ask",
        ),
        ("the plan reviews it", [REVIEW], "conditional", "review"),
        ("it is paid after review", [PAYS, REVIEW], "conditional", "pays"),
        ("a plain condition alone pays nothing", [rule("r", Effect.REQUIRES)], "unknown", ""),
        (
            "only some ingredients are paid",
            [rule("part", Effect.COVERS_QUALIFYING_INGREDIENTS)],
            "conditional",
            "part",
        ),
        ("we only read it so", [replace(PAYS, basis=Basis.INFERRED)], "conditional", "pays"),
        (
            "the plan's own document beats the payer's policy",
            [BAN, rule("own", Effect.COVERS, level=Level.PLAN)],
            "covered",
            "own",
        ),
        (
            "the benefit manager beats the payer",
            [PAYS, rule("pbm", Effect.EXCLUDES, level=Level.PBM)],
            "not_covered",
            "pbm",
        ),
        (
            "a rule for one state beats a rule for all",
            [BAN, rule("texas", Effect.COVERS, states=frozenset({"TX"}))],
            "covered",
            "texas",
        ),
        (
            "a rule for one kind of insurance beats a rule for more",
            [
                replace(BAN, lines_of_business=frozenset(LineOfBusiness)),
                PAYS,
            ],
            "covered",
            "pays",
        ),
        (
            "the newer of two equal rules wins",
            [replace(BAN, effective_from="2019"), replace(PAYS, effective_from="2024")],
            "covered",
            "pays",
        ),
        ("of two rules alike in all else the stricter wins", [PAYS, BAN], "not_covered", "ban"),
        (
            "a law that forces payment beats a payer's exclusion",
            [BAN, rule("mandate", Effect.COVERS, level=Level.LAW, binding=True)],
            "covered",
            "mandate",
        ),
        (
            "a program's ban beats a plan's promise",
            [
                rule("promise", Effect.COVERS, level=Level.PLAN),
                rule("program", Effect.EXCLUDES, level=Level.PROGRAM, binding=True),
            ],
            "not_covered",
            "program",
        ),
        (
            "a law gives a way to ask for what a payer excludes",
            [BAN, rule("way", Effect.OPENS_EXCEPTION, level=Level.LAW)],
            "exception_only",
            "ban",
        ),
        (
            "no exception gets round a binding ban of the same level",
            [
                rule("law", Effect.EXCLUDES, level=Level.LAW, binding=True),
                rule("way", Effect.OPENS_EXCEPTION, level=Level.LAW),
            ],
            "not_covered",
            "law",
        ),
        (
            "a law's exception gets round a program's ban",
            [
                rule("program", Effect.EXCLUDES, level=Level.PROGRAM, binding=True),
                rule("way", Effect.OPENS_EXCEPTION, level=Level.LAW),
            ],
            "exception_only",
            "program",
        ),
    ],
)
def test_who_wins(name, rules, verdict, decides):
    answer = ask(*rules)
    assert (answer.verdict, decisive(answer)) == (Verdict(verdict), decides), name


def test_what_hangs_on_a_fact_is_conditional_and_asked():
    answer = ask(
        rule("cheap", Effect.COVERS, looks_at(Fact.MONTHLY_COST, "200", how=Comparison.AT_MOST))
    )
    assert answer.verdict == Verdict.CONDITIONAL
    assert [met.what for met in answer.conditions] == ["What cheap needs."]
    assert ("What does one month cost?", "pharmacy") in [
        (unknown.question, unknown.ask) for unknown in answer.unknowns
    ]


def test_an_exclusion_that_may_apply_makes_a_yes_conditional():
    powder = rule("powder", Effect.EXCLUDES, FROM_POWDER, level=Level.PLAN)
    answer = ask(PAYS, powder)
    assert answer.verdict == Verdict.CONDITIONAL
    assert dict(answer.by_source) == {APPROVED: Verdict.COVERED, BULK: Verdict.NOT_COVERED}
    assert answer.unknowns[0].ask == "pharmacy"


def test_an_exclusion_that_may_apply_is_no_answer_by_itself():
    answer = ask(rule("powder", Effect.EXCLUDES, FROM_POWDER))
    assert answer.verdict == Verdict.UNKNOWN
    assert [reason.rule.rule_id for reason in answer.reasons] == ["powder"]


def test_our_own_reading_is_said_to_be_that():
    answer = ask(replace(PAYS, basis=Basis.INFERRED))
    assert CONFIRM_OUR_READING in [met.what for met in answer.conditions]
    assert "how we read" in answer.summary


def test_another_states_rule_makes_no_yes_but_the_state_is_asked():
    texan = rule("texas", Effect.COVERS, states=frozenset({"TX"}))
    national = replace(PLAN, states=())
    for plan in (national, replace(PLAN, states=("TX", "NY"))):
        answer = ask(texan, plan=plan)
        assert answer.verdict == Verdict.UNKNOWN
        assert answer.reasons == ()
        assert "Which state" in " ".join(unknown.question for unknown in answer.unknowns)
    assert ask(texan, plan=national, state="TX").verdict == Verdict.COVERED
    elsewhere = ask(texan, plan=national, state="NY")
    assert elsewhere.verdict == Verdict.UNKNOWN
    assert "Which state" not in " ".join(unknown.question for unknown in elsewhere.unknowns)


def test_a_state_not_known_can_take_a_yes_away():
    ban = rule("texas", Effect.EXCLUDES, states=frozenset({"TX"}))
    answer = ask(PAYS, ban, plan=replace(PLAN, states=()))
    assert answer.verdict == Verdict.CONDITIONAL
    assert [met.what for met in answer.conditions] == ["What texas needs."]


@pytest.mark.parametrize(
    ("checked", "dated", "stale"),
    [
        ("2026-11-01", "2026-01", False),
        ("2026-11-01", "2024-11-24", False),
        ("2026-11-01", "2024-11-23", True),
        ("2026-11-01", "2024", False),
        ("2026-11-01", "2023", True),
        ("2024-11-23", "", True),
        ("2024-11-24", "", False),
        ("", "", False),
    ],
)
def test_old_policy_is_marked_after_24_months(checked, dated, stale):
    cited = replace(CITATION, last_checked=checked, document_date=dated)
    answer = ask(replace(BAN, citation=cited))
    assert answer.reasons[0].stale is stale
    assert ("old" in answer.summary) is stale
    assert any("still your rule" in unknown.question for unknown in answer.unknowns) is stale


def test_unverified_and_background_rules_are_shown_apart():
    lead = replace(BAN, rule_id="lead", basis=Basis.UNVERIFIED)
    note = rule("note", Effect.INFORMS)
    answer = ask(PAYS, lead, note)
    assert answer.verdict == Verdict.COVERED
    assert [reason.rule.rule_id for reason in answer.context] == ["lead", "note"]


def test_limits_are_told_only_where_something_is_paid():
    limit = rule("limit", Effect.LIMITS)
    assert "limit" in [reason.rule.rule_id for reason in ask(PAYS, limit).reasons]
    assert "limit" not in [reason.rule.rule_id for reason in ask(BAN, limit).reasons]


APPEAL = rule(
    "appeal",
    Effect.SETS_DEADLINE,
    deadlines=(
        Deadline("internal_appeal", "plan", "expedited", 72, "hours", "your request"),
        Deadline("internal_appeal", "member", "standard", 180, "calendar_days", "the notice"),
        Deadline("internal_appeal", "plan", "payment", 1, "months", "your request"),
    ),
)


def step(step_id, only_if="", rule_id="", verdicts=(), lines=()):
    return Step(
        step_id, 1, frozenset(verdicts), frozenset(lines), only_if, f"Do {step_id}.", rule_id
    )


def actions(answer):
    return [next_step.action for next_step in answer.next_steps]


def test_steps_fit_the_verdict_the_line_and_the_situation():
    steps = (
        step("always"),
        step("for-no", verdicts={Verdict.NOT_COVERED}),
        step("for-va", lines={LineOfBusiness.VA}),
        step("swap", only_if="source_helps"),
        step("ask-source", only_if="source_unknown"),
        step("look-up", only_if="compendium_unknown"),
        step("appeal", rule_id="appeal"),
        step("other-law", rule_id="not-there"),
    )
    rules = [rule("powder", Effect.EXCLUDES, FROM_POWDER), rule("ok", Effect.COVERS, FROM_APPROVED)]
    answer = ask(*rules, APPEAL, steps=steps, source=BULK)
    assert actions(answer) == ["Do always.", "Do for-no.", "Do swap.", "Do look-up.", "Do appeal."]
    assert answer.next_steps[-1].citation == CITATION
    assert answer.next_steps[-1].deadline == (
        "You have 180 calendar days from the notice. "
        "The plan has 72 hours from your request if it is urgent. "
        "The plan has 1 month from your request if you already paid."
    )
    asked = ask(*rules, APPEAL, steps=steps, compendium=True)
    assert actions(asked) == ["Do always.", "Do swap.", "Do ask-source.", "Do appeal."]


def test_a_step_whose_law_has_ended_is_not_offered():
    ended = replace(APPEAL, effective_to="2026-11-23")
    assert ask(ended, steps=(step("appeal", rule_id="appeal"),)).next_steps == ()


def test_an_unconfirmed_deadline_says_so():
    answer = ask(replace(APPEAL, basis=Basis.UNVERIFIED), steps=(step("appeal", rule_id="appeal"),))
    assert answer.next_steps[0].deadline.endswith("We have not confirmed this yet.")


def test_the_summary_says_what_helps():
    rules = [rule("powder", Effect.EXCLUDES, FROM_POWDER), rule("ok", Effect.COVERS, FROM_APPROVED)]
    assert "FDA-approved product" in ask(*rules, source=BULK).summary
    assert "FDA-approved product" not in ask(*rules, source=APPROVED).summary


def test_dates_are_read_as_the_document_gives_them():
    started = replace(BAN, effective_from="2026-12")
    assert ask(started, on=date(2026, 11, 30)).verdict == Verdict.UNKNOWN
    assert ask(started, on=date(2026, 12, 1)).verdict == Verdict.NOT_COVERED


def test_the_phone_script_starts_with_what_is_open():
    answer = ask(
        rule("fm", Effect.COVERS, looks_at(Fact.ON_FORMULARY, "yes", who=Quantifier.ALL)),
        source=APPROVED,
    )
    assert ask_the_plan(answer)[0] == "Is naltrexone 50 mg tablet on the plan's drug list?"
    assert "naltrexone 50 mg tablet" in " ".join(ask_the_plan(answer)[1:])
    assert "cash price" in " ".join(ask_the_pharmacy(answer))


def test_every_fact_has_a_question():
    """A fact that can be open must come with words and with somebody to ask."""
    from compound_coverage.determination.words import question_about

    for fact in Fact:
        unknown = question_about(fact, case())
        assert unknown.ask in {"plan", "pharmacy", "prescriber"}
        assert unknown.question.endswith("?")


def test_a_test_is_not_collected_by_pytest():
    assert Test.__test__ is False
