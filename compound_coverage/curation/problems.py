"""What is missing or wrong in a draft, one clear sentence for each field. No citation, no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from pydantic import TypeAdapter, ValidationError

from compound_coverage.curation.draft import (
    DeadlineDraft,
    LimitDraft,
    PlanDraft,
    RuleDraft,
    TestDraft,
    changes_of,
    speaks_for_payer,
    tidy,
    unknown_ids,
)
from compound_coverage.curation.proposals import with_changes
from compound_coverage.dataset import schema
from compound_coverage.dataset.changes import MODELS, Change, ChangeError
from compound_coverage.dataset.dates import first_day, last_day
from compound_coverage.dataset.tables import Fault, Tables, faults_of
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import loose_day, say, to_say
from compound_coverage.vocabulary import INGREDIENT_FACTS, Basis, Effect, Fact, Level, Quantifier

RUN = 8  # words in a row that are the document's own
MOST_COPIED = 0.25  # share of such runs from which a sentence counts as copied
LONGEST_SENTENCE = 18  # words
LONG_WORD = 12  # letters
MOST_PASSAGE = 120

NEEDS_CONDITION = frozenset(
    {Effect.REQUIRES, Effect.REQUIRES_PRIOR_AUTHORIZATION, Effect.COVERS_QUALIFYING_INGREDIENTS}
)
_LOOSE = TypeAdapter(schema.LooseDate)
_DAY = TypeAdapter(schema.Day)
_URL = TypeAdapter(schema.Url)
_WHOLE = TypeAdapter(schema.Whole)
_NUMBER = TypeAdapter(schema.Number)

_NO_FIRST_DAY = to_say(
    "The first day in force is not a date; write a year, a month or a day, such as 2026, 2026-11 "
    "or 2026-11-28."
)
_NO_LAST_DAY = to_say(
    "The last day in force is not a date; write a year, a month or a day, such as 2026, 2026-11 "
    "or 2026-11-28."
)

# Which field of the form a column of a table belongs to.
_FIELDS: dict[tuple[str, str], str] = {
    ("sources.csv", ""): "source",
    ("sources.csv", "last_checked"): "source.last_checked",
    ("sources.csv", "document_date"): "source.document_date",
    ("payers.csv", ""): "payer",
    ("plans.csv", ""): "plans",
    ("rules.csv", "basis"): "basis",
    ("rules.csv", "binding"): "binding",
    ("rules.csv", "effect"): "effect",
    ("rules.csv", "level"): "level",
    ("rules.csv", "payer_id"): "payer",
    ("rules.csv", "plan_id"): "plan",
    ("rules.csv", "source_id"): "source",
    ("rule_tests.csv", ""): "tests",
    ("limits.csv", ""): "limits",
    ("deadlines.csv", ""): "deadlines",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend before the draft can be proposed. ``field``: where in the form."""

    field: str
    sentence: str


def problems(
    draft: RuleDraft, tables: Tables, today: date, document: Sequence[str] = ()
) -> list[Problem]:
    """All that keeps the draft from being proposed, in the order of the form; empty: clean.

    ``document`` is the text of the attached paper, page by page; with it a copied sentence is
    found. The same models and checks as for the dataset have the last word, so that what the
    form calls clean can be published.
    """
    found = [
        *_of_source(draft, tables, today),
        *_of_place(draft),
        *_of_voice(draft, tables),
        *_of_reach(draft),
        *_of_effect(draft),
        *_of_tests(draft),
        *_of_words(draft, document),
    ]
    return found or _of_dataset(draft, tables, today)


def end_problems(last: str, rule: schema.RuleRow) -> list[Problem]:
    """What is wrong with ``last`` as the last day of ``rule``."""
    if not last.strip():
        return [Problem("effective_to", say("Write the last day on which the rule held."))]
    if not _fits(_LOOSE, last):
        return [
            Problem(
                "effective_to",
                say(
                    "The last day is not a date; write a year, a month or a day, such as 2026, "
                    "2026-11 or 2026-11-28."
                ),
            )
        ]
    if rule.effective_from and last_day(last.strip()) < first_day(rule.effective_from):
        start = loose_day(rule.effective_from)
        told = say("The rule began on {start}; it can't end before that.", start=start)
        return [Problem("effective_to", told)]
    return []


def _fits(adapter: TypeAdapter[str], text: str) -> bool:
    try:
        adapter.validate_python(text.strip())
    except ValidationError:
        return False
    return True


# -- 1 the document ----------------------------------------------------------------------------


def _of_source(draft: RuleDraft, tables: Tables, today: date) -> Iterator[Problem]:
    source = draft.source
    if source.source_id:
        yield from _of_known_source(draft, tables)
    else:
        yield from _of_new_source(draft, tables)
    if source.last_checked and not _fits(_DAY, source.last_checked):
        yield Problem(
            "source.last_checked", say("The day you read it is not a date; write 2026-11-28.")
        )
    elif source.last_checked and date.fromisoformat(source.last_checked) > today:
        yield Problem("source.last_checked", say("The day you read it lies in the future."))


def _of_known_source(draft: RuleDraft, tables: Tables) -> Iterator[Problem]:
    known = {row.source_id: row for row in rows_of(tables, schema.SourceRow)}
    row = known.get(draft.source.source_id)
    if row is None:
        yield Problem("source", say("This document is not in the dataset any more; pick it again."))
    elif row.sha256 and draft.source.sha256 not in ("", row.sha256):
        yield Problem(
            "source.document",
            say(
                "Another copy of this document is kept already; enter the one you have as a new "
                "document, with its own date."
            ),
        )


def _of_new_source(draft: RuleDraft, tables: Tables) -> Iterator[Problem]:
    source = draft.source
    if not source.title.strip():
        yield Problem("source.title", say("Write the title of the document."))
    if not source.publisher.strip():
        yield Problem("source.publisher", say("Write who published the document."))
    if not source.grade:
        yield Problem("source.grade", say("Say what kind of copy it is."))
    yield from _of_address(source.url, tables)
    if source.no_date and source.document_date.strip():
        yield Problem(
            "source.document_date", say("You gave a date and said there is none; keep one of them.")
        )
    elif not source.no_date and not source.document_date.strip():
        yield Problem(
            "source.document_date",
            say("Write the document's own date, or tick that it gives none."),
        )
    elif not _fits(_LOOSE, source.document_date):
        yield Problem(
            "source.document_date",
            say(
                "The date is not a date; write a year, a month or a day, such as 2026, 2026-11 or "
                "2026-11-28."
            ),
        )


def _of_address(url: str, tables: Tables) -> Iterator[Problem]:
    address = url.strip()
    if not address:
        yield Problem("source.url", say("Write the address at which the document can be read."))
    elif not _fits(_URL, address):
        yield Problem("source.url", say("The address must begin with https:// and have no blanks."))
    else:
        for row in rows_of(tables, schema.SourceRow):
            if row.url == address:
                yield Problem(
                    "source.url",
                    say(
                        "The dataset has a document of this address: '{title}'. Pick that one.",
                        title=row.title,
                    ),
                )


def _of_place(draft: RuleDraft) -> Iterator[Problem]:
    if not draft.section.strip() and not draft.page.strip():
        yield Problem("section", say("Say where in the document: a section, a page or both."))
    if not _fits(_WHOLE, draft.page):
        yield Problem("page", say("The page is a whole number, counted from 1."))
    if len(tidy(draft.passage)) > MOST_PASSAGE:
        yield Problem(
            "passage",
            say("Keep the passage to its first words, at most {most} letters.", most=MOST_PASSAGE),
        )


# -- 2 who says it and whom it reaches ---------------------------------------------------------


def _of_voice(draft: RuleDraft, tables: Tables) -> Iterator[Problem]:
    if not draft.level:
        yield Problem("level", say("Say who speaks."))
        return
    if set(unknown_ids(draft, tables)) - {draft.source.source_id}:
        yield Problem(
            "payer", say("A payer or plan is not in the dataset any more; pick it again.")
        )
    if draft.level in (Level.PAYER.value, Level.PBM.value):
        yield from _of_payer(draft, tables)
    if draft.level == Level.PLAN.value and not draft.plan_id:
        yield from _of_new_plan(draft, tables)
    if speaks_for_payer(draft.level):
        for number, plan in enumerate(draft.plans, start=1):
            yield from _of_plan(number, plan, draft, tables)
    elif draft.binding and draft.basis == Basis.UNVERIFIED.value:
        yield Problem("binding", say("What is not confirmed can't bind the plans below it."))


def _of_payer(draft: RuleDraft, tables: Tables) -> Iterator[Problem]:
    payer = draft.payer
    if not payer.payer_id and not payer.name.strip():
        yield Problem("payer", say("Pick whose rule it is, or name a new payer."))
        return
    known = {row.payer_id: row for row in rows_of(tables, schema.PayerRow)}
    kind = known[payer.payer_id].kind if payer.payer_id in known else payer.kind
    if kind and (kind == "pbm") != (draft.level == Level.PBM.value):
        yield Problem(
            "level",
            say(
                "A pharmacy benefit manager speaks for itself, and nobody else does; mend who "
                "speaks or whose rule it is."
            ),
        )
    if payer.is_new:
        yield from _of_new_payer(draft, known)
    if payer.is_new and draft.level == Level.PAYER.value and not draft.plans:
        yield Problem(
            "plans", say("Add a plan that people can pick, or nobody will find the rule.")
        )


def _of_new_payer(draft: RuleDraft, known: dict[str, schema.PayerRow]) -> Iterator[Problem]:
    payer = draft.payer
    if not payer.kind:
        yield Problem("payer.kind", say("Say what kind of payer it is."))
    wanted = tidy(payer.name).casefold()
    for row in known.values():
        names = (row.name, *row.other_names.split(";"))
        if wanted in {name.strip().casefold() for name in names}:
            told = say("'{name}' is in the dataset already; pick it.", name=row.name)
            yield Problem("payer.name", told)


def _of_new_plan(draft: RuleDraft, tables: Tables) -> Iterator[Problem]:
    if len(draft.plans) != 1:
        yield Problem(
            "plan", say("Pick the plan the rule belongs to, or add exactly one new plan.")
        )
    elif not draft.payer.payer_id and not draft.payer.is_new:
        yield Problem("payer", say("Say whose plan it is, or name a new payer."))
    elif draft.payer.is_new:
        known = {row.payer_id: row for row in rows_of(tables, schema.PayerRow)}
        yield from _of_new_payer(draft, known)


def _of_plan(number: int, plan: PlanDraft, draft: RuleDraft, tables: Tables) -> Iterator[Problem]:
    field = f"plans.{number}"
    name = tidy(plan.name)
    if not name:
        yield Problem(
            field, say("Plan {number}: write the name a person would pick.", number=number)
        )
    if not plan.line:
        yield Problem(field, say("Plan {number}: say what kind of insurance it is.", number=number))
    elif draft.lines and plan.line not in draft.lines:
        yield Problem(
            field,
            say("Plan {number}: the rule does not reach its kind of insurance.", number=number),
        )
    taken = {row.name.casefold() for row in rows_of(tables, schema.PlanRow)}
    taken |= {tidy(other.name).casefold() for other in draft.plans[: number - 1]}
    if name and name.casefold() in taken:
        told = say("Plan {number}: there is a plan '{name}' already.", number=number, name=name)
        yield Problem(field, told)


def _of_reach(draft: RuleDraft) -> Iterator[Problem]:
    if not draft.lines:
        yield Problem("lines", say("Pick at least one kind of insurance the rule reaches."))
    days = (
        ("effective_from", _NO_FIRST_DAY, draft.effective_from),
        ("effective_to", _NO_LAST_DAY, draft.effective_to),
    )
    wrong = [(field, told) for field, told, day in days if not _fits(_LOOSE, day)]
    for field, told in wrong:
        yield Problem(field, say(told))
    start, end = draft.effective_from.strip(), draft.effective_to.strip()
    if not wrong and start and end and last_day(end) < first_day(start):
        yield Problem("effective_to", say("The rule ends before it begins; mend one of the days."))


# -- 3 what it does ----------------------------------------------------------------------------


def _of_effect(draft: RuleDraft) -> Iterator[Problem]:
    if not draft.effect:
        yield Problem("effect", say("Say what the rule does."))
    if not draft.basis:
        yield Problem("basis", say("Say how firm it is."))
    if draft.effect == Effect.LIMITS and not draft.limits:
        yield Problem("limits", say("Add the amount that is limited."))
    if draft.effect == Effect.SETS_DEADLINE and not draft.deadlines:
        yield Problem("deadlines", say("Add the deadline that is set."))
    for number, limit in enumerate(draft.limits, start=1):
        yield from _of_limit(number, limit)
    kinds = [limit.kind for limit in draft.limits]
    if len(set(kinds)) < len(kinds):
        yield Problem("limits", say("Two limits are of one kind; keep one of them."))
    for number, clock in enumerate(draft.deadlines, start=1):
        yield from _of_deadline(number, clock)
    tracks = [(clock.stage, clock.actor, clock.urgency) for clock in draft.deadlines]
    if len(set(tracks)) < len(tracks):
        yield Problem("deadlines", say("Two deadlines are for one step and one track; keep one."))


def _of_limit(number: int, limit: LimitDraft) -> Iterator[Problem]:
    field = f"limits.{number}"
    if not limit.kind:
        yield Problem(field, say("Limit {number}: say what is limited.", number=number))
    if not limit.amount.strip():
        yield Problem(field, say("Limit {number}: write the amount.", number=number))
    elif limit.unit and not _fits(_NUMBER, limit.amount):
        yield Problem(
            field,
            say(
                "Limit {number}: the amount is not a number; write it without signs.", number=number
            ),
        )


def _of_deadline(number: int, clock: DeadlineDraft) -> Iterator[Problem]:
    field = f"deadlines.{number}"
    if not clock.stage:
        yield Problem(field, say("Deadline {number}: say for which step it is.", number=number))
    if not clock.amount.strip().isdigit() or not int(clock.amount):
        yield Problem(
            field,
            say(
                "Deadline {number}: write how many hours, days or months, as a whole number.",
                number=number,
            ),
        )
    if not clock.counted_from.strip():
        yield Problem(
            field, say("Deadline {number}: write the event it is counted from.", number=number)
        )
    presumed = clock.receipt_presumed_days.strip()
    if presumed and not presumed.isdigit():
        yield Problem(
            field,
            say("Deadline {number}: the days for the mail are a whole number.", number=number),
        )
    elif presumed and clock.anchor != "notice_received":
        yield Problem(
            field,
            say(
                "Deadline {number}: days for the mail only go with a notice that was received.",
                number=number,
            ),
        )


# -- 4 what it looks at ------------------------------------------------------------------------


def _of_tests(draft: RuleDraft) -> Iterator[Problem]:
    for number, test in enumerate(draft.tests, start=1):
        yield from _of_test(number, test)
    told = [(t.who, t.fact, t.comparison, frozenset(t.values)) for t in draft.tests]
    if len(set(told)) < len(told):
        yield Problem("tests", say("Two lines look at the very same thing; take one out."))


def _of_test(number: int, test: TestDraft) -> Iterator[Problem]:
    field = f"tests.{number}"
    if not test.fact:
        yield Problem(field, say("Line {number}: pick what the rule looks at.", number=number))
        return
    if not test.values:
        yield Problem(
            field, say("Line {number}: pick or write what it is compared with.", number=number)
        )
        return
    if (Fact(test.fact) in INGREDIENT_FACTS) == (test.who == Quantifier.CASE.value):
        yield Problem(field, say("Line {number}: say of which ingredients.", number=number))
        return
    cells = {"rule_id": "draft", "who": test.who, "fact": test.fact}
    cells |= {"comparison": test.comparison, "values": " ".join(test.values)}
    try:
        schema.RuleTestRow.model_validate(cells)
    except ValidationError as error:
        for fault in faults_of(schema.RuleTestRow, None, error):
            told = say("Line {number}: {fault}.", number=number, fault=say(fault.message))
            yield Problem(field, told)


# -- 5 in a patient's words --------------------------------------------------------------------


def _of_words(draft: RuleDraft, document: Sequence[str]) -> Iterator[Problem]:
    if not draft.summary.strip():
        yield Problem("summary", say("Say the rule in your own plain words."))
    if draft.effect in NEEDS_CONDITION and not draft.condition.strip():
        yield Problem("condition", say("Say what must be true or done for the plan to pay."))
    for field, words in (("summary", draft.summary), ("condition", draft.condition)):
        if document and copied(words, document) >= MOST_COPIED:
            yield Problem(
                field, say("These are the document's own sentences; say it in your own words.")
            )


def copied(text: str, document: Sequence[str]) -> float:
    """The share (0 to 1) of the runs of eight words in ``text`` that stand in ``document``.

    ``document`` is its text, page by page. A shorter text has no such run.
    """
    runs = set(_runs(_words(text)))
    if not runs:
        return 0.0
    held = set(_runs(list(chain.from_iterable(_words(page) for page in document))))
    return len(runs & held) / len(runs)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.casefold())


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def hints(draft: RuleDraft) -> list[Problem]:
    """What would make the words easier to read. A hint keeps nothing from being proposed."""
    return [
        hint
        for field, words in (("summary", draft.summary), ("condition", draft.condition))
        for hint in _hints(field, words)
    ]


def _hints(field: str, text: str) -> Iterator[Problem]:
    for sentence in re.split(r"(?<=[.!?])\s+", tidy(text)):
        count = len(sentence.split())
        if count > LONGEST_SENTENCE:
            told = say(
                "A sentence has {count} words; two short ones are easier to read.", count=count
            )
            yield Problem(field, told)
    long = dict.fromkeys(word for word in re.findall(r"[^\W\d_]+", text) if len(word) >= LONG_WORD)
    if len(long) > 1:
        told = say("Long words: {words}. Is there a plainer one?", words=", ".join(long))
        yield Problem(field, told)


# -- the dataset's own checks ------------------------------------------------------------------


def _of_dataset(draft: RuleDraft, tables: Tables, today: date) -> list[Problem]:
    changes = changes_of(draft, tables, today)
    if not changes:
        return [Problem("rule", say("Nothing is changed yet."))]
    faults = list(chain.from_iterable(map(_row_faults, changes)))
    if not faults:
        try:
            with_changes(tables, changes, today)
        except ChangeError as error:
            faults = list(error.faults)
    return [_problem_of(fault) for fault in faults]


def _row_faults(change: Change) -> list[Fault]:
    model = MODELS[change.file]
    if change.after is None:
        return []
    try:
        model.model_validate(change.after)
    except ValidationError as error:
        return faults_of(model, None, error)
    return []


def _problem_of(fault: Fault) -> Problem:
    whole_table = _FIELDS.get((fault.file, ""), "rule")
    field = _FIELDS.get((fault.file, fault.column), whole_table)
    told = say(fault.message)
    message = told[:1].upper() + told[1:]
    return Problem(field, message if message.endswith(".") else f"{message}.")
