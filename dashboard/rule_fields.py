"""The fields of the rule form: from a draft into the session, and from the session to a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, TypeVar

import streamlit as st

from compound_coverage.curation import rule_words as words
from compound_coverage.curation.draft import (
    DeadlineDraft,
    LimitDraft,
    PayerDraft,
    PlanDraft,
    RuleDraft,
    SourceDraft,
    TestDraft,
    slug,
    speaks_for_payer,
)
from compound_coverage.dataset import schema
from compound_coverage.dataset.search import LINE_NAMES, STATES
from compound_coverage.dataset.tables import Tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import loose_day, say, to_say
from compound_coverage.vocabulary import (
    INGREDIENT_FACTS,
    Comparison,
    Effect,
    Fact,
    Grade,
    Level,
    LineOfBusiness,
    Quantifier,
)
from dashboard.choices import by_label
from dashboard.curation import document_names
from dashboard.parts import ask_line, note, plain

T = TypeVar("T")
NEW = ""
PREFIX = "rule:"
# kept with the data, so it is English whatever is spoken here
PLAN_NOTE = "Only the published policy is known, not your plan's own booklet."
_ROWS: dict[str, type[TestDraft] | type[LimitDraft] | type[DeadlineDraft]] = {
    "tests": TestDraft,
    "limits": LimitDraft,
    "deadlines": DeadlineDraft,
}
SOMETHING_ELSE = to_say("Something else")
# What most rules look at; each adds a line that can still be changed.
COMMON: dict[str, TestDraft] = {
    to_say("The ingredient comes from bulk powder"): TestDraft(values=("bulk_powder",)),
    to_say("All ingredients come from an FDA-approved product"): TestDraft(
        "all", values=("approved_product",)
    ),
    to_say("The price of one month is above a limit"): TestDraft("case", "monthly_cost", "above"),
    to_say("The use is on the label or in a drug book"): TestDraft(
        "case", "indication", "is", ("label", "compendium")
    ),
    to_say("The use is not on the label nor in a drug book"): TestDraft(
        "case", "indication", "is_not", ("label", "compendium")
    ),
    to_say("The dosage form is a certain one"): TestDraft("case", "dosage_form"),
    to_say("The age is below a limit"): TestDraft("case", "age", "below"),
    to_say("It is a certain medicine"): TestDraft("case", "medication"),
    to_say("It is sold ready-made in this strength or form"): TestDraft(
        "case", "marketed_in_strength_or_form", "is", ("yes",)
    ),
    to_say("An ingredient is in no FDA-approved drug"): TestDraft(
        "any", "approved_ingredient", "is", ("no",)
    ),
    to_say("The approved product is not on the drug list"): TestDraft(
        "any", "on_formulary", "is", ("no",)
    ),
    to_say("The pharmacy is outside the network"): TestDraft(
        "case", "pharmacy_network", "is", ("out_of_network",)
    ),
    SOMETHING_ELSE: TestDraft(),
}


def key(name: str) -> str:
    """Where the session keeps an answer of this form."""
    return f"{PREFIX}{name}"


def held(name: str, default: Any = "") -> Any:
    """An answer of this form, or ``default`` where there is none."""
    found = st.session_state.get(key(name))
    return default if found is None else found


def _put(name: str, value: Any) -> None:
    st.session_state[key(name)] = value


# -- a draft into the form ---------------------------------------------------------------------


def forget(keep: Iterable[str] = ()) -> None:
    """Empties the form, but for the answers named in ``keep``."""
    kept = {key(name) for name in keep}
    for name in [str(name) for name in st.session_state]:
        if name.startswith(PREFIX) and name not in kept:
            del st.session_state[name]


def remember(draft: RuleDraft) -> None:
    """Puts a draft into the form, before it is drawn."""
    forget()
    for part, prefix in ((draft.source, "source"), (draft.payer, "payer")):
        for field in fields(part):
            _put(f"{prefix}.{field.name}", getattr(part, field.name))
    for name in ("source.grade", "payer.kind"):
        _put(name, held(name) or None)
    _put("source", draft.source.source_id)
    _put("again", bool(draft.source.source_id and draft.source.last_checked))
    _put("pbm" if draft.level == Level.PBM.value else "payer", draft.payer.payer_id)
    _put("plan", draft.plan_id)
    for name in ("rule_id", "section", "page", "passage", "effective_from", "effective_to"):
        _put(name, getattr(draft, name))
    for name in ("summary", "condition", "reference", "basis", "binding"):
        _put(name, getattr(draft, name))
    _put("level", Level(draft.level) if draft.level else None)
    _put("effect", Effect(draft.effect) if draft.effect else None)
    _put("lines", list(draft.lines))
    _put("states", list(draft.states))
    _put("plan_lines", [plan.line for plan in draft.plans])
    for plan in draft.plans:
        _put(f"plan_name:{plan.line}", plan.name)
        _put("plan_note", plan.note)
    for test in draft.tests:
        add_test(test)
    for limit in draft.limits:
        _add_plain("limits", limit)
    for clock in draft.deadlines:
        _add_plain("deadlines", clock)


def _new_row(part: str) -> int:
    number = int(held("count", 0)) + 1
    _put("count", number)
    _put(part, [*held(part, []), number])
    return number


def add_test(test: TestDraft) -> None:
    """Adds a line of what the rule looks at."""
    number = _new_row("tests")
    fact = Fact(test.fact)
    _put(f"tests:{number}:fact", fact)
    if fact in INGREDIENT_FACTS:
        _put(f"tests:{number}:who", Quantifier(test.who))
    numeric = fact in schema.NUMERIC_FACTS
    _put(f"tests:{number}:{numeric}:comparison", Comparison(test.comparison))
    typed = numeric or fact is Fact.DIAGNOSIS
    _put(f"tests:{number}:{fact}", " ".join(test.values) if typed else list(test.values))


def _add_plain(part: str, row: LimitDraft | DeadlineDraft) -> None:
    number = _new_row(part)
    for field in fields(row):
        _put(f"{part}:{number}:{field.name}", getattr(row, field.name))


def _take_out(part: str, number: int) -> None:
    _put(part, [one for one in held(part, []) if one != number])


# -- small pieces ------------------------------------------------------------------------------


def line(label: str, name: str, **options: Any) -> str:
    """One line of text."""
    return ask_line(label, key=key(name), persist_state="session", **options)


def _said(names: Mapping[T, str]) -> dict[T, str]:
    """Choices whose words are ours, in the language of the visit."""
    return {key: say(words) for key, words in names.items()}


def _pick(label: str, names: Mapping[Any, str], name: str, **options: Any) -> Any:
    options.setdefault("placeholder", say("Pick one"))
    return st.selectbox(
        label,
        list(names),
        format_func=lambda one: names.get(one, str(one)),
        key=key(name),
        persist_state="session",
        **options,
    )


def _several(label: str, names: Mapping[Any, str], name: str, **options: Any) -> list[Any]:
    options.setdefault("placeholder", say("Pick one or more"))
    return st.multiselect(
        label,
        list(names),
        format_func=lambda one: names.get(one, str(one)),
        key=key(name),
        persist_state="session",
        **options,
    )


# -- 1 the document ----------------------------------------------------------------------------


def ask_source(tables: Tables, today: date, sha256: str) -> SourceDraft:
    """The document: one of the dataset, or a new one. ``sha256``: the copy attached, if any."""
    known = {row.source_id: row for row in rows_of(tables, schema.SourceRow)}
    names = {NEW: say("A new document")} | document_names()
    source_id = _pick(say("Which document?"), names, "source") or NEW
    if source_id:
        row = known[source_id]
        note(plain(_source_told(row)))
        again = st.checkbox(
            say("I read it again today, and it still says so."),
            key=key("again"),
            persist_state="session",
        )
        return SourceDraft(
            source_id, last_checked=today.isoformat() if again else "", sha256=sha256
        )
    title = line(say("Title of the document"), "source.title")
    publisher = line(say("Who published it"), "source.publisher")
    url = line(say("Address (https://...)"), "source.url")
    left, right = st.columns(2)
    with left:
        dated = line(
            say("The date it gives itself"),
            "source.document_date",
            placeholder=say("2026, 2026-11 or 2026-11-28"),
        )
        no_date = st.checkbox(
            say("The document gives no date."), key=key("source.no_date"), persist_state="session"
        )
    with right:
        read = line(
            say("The day you read it"), "source.last_checked", placeholder=today.isoformat()
        )
    grades = {grade.value: say(words.GRADES[grade]) for grade in Grade}
    grade = _pick(say("What kind of copy is it?"), grades, "source.grade", index=None)
    return SourceDraft(
        title=title,
        publisher=publisher,
        url=url,
        grade=grade or "",
        document_date=dated,
        no_date=no_date,
        last_checked=read,
        sha256=sha256,
    )


def _source_told(row: schema.SourceRow) -> str:
    read = say("Nobody has read it yet.")
    if row.last_checked:
        read = say("Last read on {day}.", day=loose_day(row.last_checked))
    return f"{row.url or say('No address.')} {read}"


# -- 2 who says it and whom it reaches ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, and whom it reaches."""

    level: str
    payer: PayerDraft
    plan_id: str
    plans: tuple[PlanDraft, ...]
    lines: tuple[str, ...]
    states: tuple[str, ...]
    effective_from: str
    effective_to: str


def ask_voice(tables: Tables) -> Voice:
    """Who speaks, whose rule it is, and which plans, states and days it reaches."""
    level: Level | None = _pick(say("Who speaks?"), _said(words.LEVELS), "level", index=None)
    lines = tuple(_several(say("Kinds of insurance it reaches"), _lines(), "lines"))
    states = tuple(
        _several(say("States it reaches"), STATES, "states", placeholder=say("Empty: all states"))
    )
    payer, plan_id = PayerDraft(), NEW
    plans: tuple[PlanDraft, ...] = ()
    if level == Level.PLAN:
        names = {NEW: say("A new plan")}
        names |= by_label({row.plan_id: row.name for row in rows_of(tables, schema.PlanRow)})
        plan_id = _pick(say("Whose rule is it?"), names, "plan") or NEW
    if level and speaks_for_payer(level) and not plan_id:
        payer = _ask_payer(level, tables)
        plans = _ask_plans(level, payer, lines, states, tables)
    left, right = st.columns(2)
    with left:
        start = line(
            say("First day in force"), "effective_from", placeholder=say("Empty: not known")
        )
    with right:
        end = line(
            say("Last day in force"), "effective_to", placeholder=say("Empty: still in force")
        )
    return Voice(level.value if level else "", payer, plan_id, plans, lines, states, start, end)


def _lines() -> dict[str, str]:
    return {one.value: say(name) for one, name in LINE_NAMES.items()}


def _ask_payer(level: Level, tables: Tables) -> PayerDraft:
    wants_pbm = level == Level.PBM
    names = {NEW: say("A new one")}
    names |= by_label(
        {
            row.payer_id: row.name
            for row in rows_of(tables, schema.PayerRow)
            if (row.kind == "pbm") == wants_pbm
        }
    )
    label = say("Whose plan is it?") if level == Level.PLAN else say("Whose rule is it?")
    # one answer for each list: a name of one list is none of the other
    payer_id = _pick(label, names, "pbm" if wants_pbm else "payer") or NEW
    if payer_id:
        return PayerDraft(payer_id)
    kinds = {
        kind: say(told) for kind, told in words.PAYER_KINDS.items() if (kind == "pbm") == wants_pbm
    }
    name = line(say("Its name"), "payer.name")
    kind = "pbm" if wants_pbm else _pick(say("What is it?"), kinds, "payer.kind", index=None)
    others = line(say("Other names people use, with ; between"), "payer.other_names")
    return PayerDraft(name=name, kind=kind or "", other_names=others)


def _ask_plans(
    level: Level,
    payer: PayerDraft,
    lines: Sequence[str],
    states: tuple[str, ...],
    tables: Tables,
) -> tuple[PlanDraft, ...]:
    """Plan entries to add: one for each kind of insurance of a new payer, or of those picked."""
    if level == Level.PBM:
        return ()
    wanted = list(lines)
    if level == Level.PAYER and not payer.is_new:
        wanted = _lines_to_add(payer, lines, tables)
    if not wanted or not (payer.payer_id or payer.is_new):
        return ()
    st.markdown(say("**Plans that people can pick**"))
    owner = payer.name.strip() or next(
        (r.name for r in rows_of(tables, schema.PayerRow) if r.payer_id == payer.payer_id), ""
    )
    named = [
        (
            one,
            line(say("Plan name: {line}", line=_lines()[one]), f"plan_name:{one}")
            or _plan_name(owner, one),
        )
        for one in wanted
    ]
    for _, name in named:
        note(say("It will be called: {name}", name=plain(name)))
    asked = say("What people should know of them")
    told = line(asked, "plan_note", placeholder=PLAN_NOTE) or PLAN_NOTE
    return tuple(PlanDraft(name, one, states, told) for one, name in named)


def _lines_to_add(payer: PayerDraft, lines: Sequence[str], tables: Tables) -> list[str]:
    there = {
        row.line_of_business.value
        for row in rows_of(tables, schema.PlanRow)
        if row.payer_id == payer.payer_id
    }
    lacking = {one: _lines()[one] for one in lines if one not in there}
    if not lacking:
        return []
    # what was picked for other kinds of insurance is none of these choices
    _put("plan_lines", [one for one in held("plan_lines", []) if one in lacking])
    return _several(say("Add a plan people can pick for"), lacking, "plan_lines")


def _plan_name(owner: str, line_of_business: str) -> str:
    """The name as it is kept with the data, in English."""
    kind = LINE_NAMES[LineOfBusiness(line_of_business)]
    return f"{owner} ({kind[:1].lower()}{kind[1:]})"


# -- 3 what it does ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deed:
    """What the rule does, and how firm it is."""

    effect: str
    binding: bool
    basis: str
    limits: tuple[LimitDraft, ...]
    deadlines: tuple[DeadlineDraft, ...]


def ask_deed(level: str) -> Deed:
    """What the rule does, with the amounts and deadlines that go with it."""
    effect = _pick(
        say("What does it do?"),
        _said(words.EFFECTS),
        "effect",
        index=None,
    )
    limits: tuple[LimitDraft, ...] = ()
    deadlines: tuple[DeadlineDraft, ...] = ()
    if effect == Effect.LIMITS or held("limits", []):
        limits = tuple(_ask_limit(number) for number in held("limits", []))
        st.button(
            say("Add an amount"),
            key="rule-add-amount",
            on_click=_add_plain,
            args=("limits", LimitDraft()),
        )
    if effect == Effect.SETS_DEADLINE or held("deadlines", []):
        deadlines = tuple(_ask_deadline(number) for number in held("deadlines", []))
        st.button(
            say("Add a deadline"),
            key="rule-add-deadline",
            on_click=_add_plain,
            args=("deadlines", DeadlineDraft()),
        )
    binding = False
    if level in (Level.LAW, Level.PROGRAM):
        binding = st.checkbox(
            say("It binds: plans below can't be more generous."),
            key=key("binding"),
            persist_state="session",
        )
    bases = {basis.value: say(told) for basis, told in words.BASES.items()}
    basis = _pick(say("How firm is it?"), bases, "basis") or ""
    return Deed(effect.value if effect else "", binding, basis, limits, deadlines)


def _ask_limit(number: int) -> LimitDraft:
    place = held("limits", []).index(number) + 1
    with st.container(border=True):
        kind = _pick(
            say("What is limited ({place})", place=place),
            _said(words.LIMIT_KINDS),
            f"limits:{number}:kind",
            index=None,
        )
        left, right = st.columns(2)
        with left:
            amount = line(say("How much ({place})", place=place), f"limits:{number}:amount")
        with right:
            unit = _pick(
                say("Of what ({place})", place=place),
                _said(words.LIMIT_UNITS),
                f"limits:{number}:unit",
            )
        _offer_out("limits", number, say("Take out amount {place}", place=place))
    return LimitDraft(kind or "", amount, unit or "")


_CEILING = {"": to_say("No"), "yes": to_say("Yes, it is the most")}


def _ask_deadline(number: int) -> DeadlineDraft:
    place, row = held("deadlines", []).index(number) + 1, f"deadlines:{number}"

    def pick(label: str, names: Mapping[str, str], name: str, **options: Any) -> str:
        return _pick(say(label, place=place), _said(names), f"{row}:{name}", **options) or ""

    with st.container(border=True):
        stage = pick(to_say("Which step ({place})"), words.STAGES, "stage", index=None)
        actor = pick(to_say("Whose clock ({place})"), words.ACTORS, "actor")
        urgency = pick(to_say("Which track ({place})"), words.URGENCIES, "urgency")
        amount = line(say("How many ({place})", place=place), f"{row}:amount")
        unit = pick(to_say("Hours or days ({place})"), words.DEADLINE_UNITS, "unit")
        event = line(say("Counted from, in words ({place})", place=place), f"{row}:counted_from")
        anchor = pick(to_say("Counted from ({place})"), words.ANCHORS, "anchor")
        presumed = ""
        if anchor == "notice_received":
            asked = say("Days the mail may take ({place})", place=place)
            presumed = line(asked, f"{row}:receipt_presumed_days")
        ceiling = pick(to_say("Can it be less ({place})"), _CEILING, "ceiling")
        _offer_out("deadlines", number, say("Take out deadline {place}", place=place))
    return DeadlineDraft(stage, actor, urgency, amount, unit, event, anchor, presumed, ceiling)


def _offer_out(part: str, number: int, label: str) -> None:
    st.button(label, key=f"out:{part}:{number}", on_click=_take_out, args=(part, number))


# -- 4 what it looks at ------------------------------------------------------------------------


def ask_tests(tables: Tables) -> tuple[TestDraft, ...]:
    """The lines of what the rule looks at; all must hold."""
    tests = tuple(_ask_test(number, tables) for number in held("tests", []))
    common = st.selectbox(
        say("What does it look at?"), list(COMMON), format_func=say, key=key("common")
    )
    st.button(
        say("Add this line"),
        key="rule-add-line",
        on_click=_add_common,
        args=(common or SOMETHING_ELSE,),
    )
    return tests


def _add_common(label: str) -> None:
    add_test(COMMON[label])


def _ask_test(number: int, tables: Tables) -> TestDraft:
    place, row = held("tests", []).index(number) + 1, f"tests:{number}"
    with st.container(border=True):
        labels = {fact: say(told.label) for fact, told in words.FACTS.items()}
        fact = (
            _pick(say("Line {place}: look at", place=place), labels, f"{row}:fact")
            or Fact.INGREDIENT_SOURCE
        )
        who = Quantifier.CASE
        left, right = st.columns(2)
        if fact in INGREDIENT_FACTS:
            with left:
                who = (
                    _pick(say("Of whom ({place})", place=place), _said(words.WHO), f"{row}:who")
                    or Quantifier.ANY
                )
        numeric = fact in schema.NUMERIC_FACTS
        ways = words.NUMBER_WORDS if numeric else words.TEXT_WORDS
        with right if fact in INGREDIENT_FACTS else left:
            comparison = _pick(
                say("How ({place})", place=place), _said(ways), f"{row}:{numeric}:comparison"
            )
        values = _ask_values(fact, place, f"{row}:{fact}", tables)
        told = words.sentence_of(who, fact, comparison, " ".join(values), tables)
        st.markdown(f"**{plain(told)}.**")
        _offer_out("tests", number, say("Take out line {place}", place=place))
    return TestDraft(who.value, fact.value, comparison.value, values)


def _ask_values(fact: Fact, place: int, name: str, tables: Tables) -> tuple[str, ...]:
    if fact in schema.NUMERIC_FACTS:
        return tuple(line(say("Number ({place})", place=place), name).split())
    if fact is Fact.DIAGNOSIS:
        label = say("Codes it starts with, with blanks between ({place})", place=place)
        return tuple(line(label, name, placeholder="M79.7 G35").upper().split())
    names = words.value_names(fact, tables)
    # a form, a route or a list may be one that no row has yet
    free = fact in (Fact.DOSAGE_FORM, Fact.ROUTE, Fact.ON_LIST)
    picked = _several(
        say("Any of these ({place})", place=place), names, name, accept_new_options=free
    )
    return tuple(dict.fromkeys(value if value in names else slug(value) for value in picked))


# -- 5 in a patient's words, and all of it -----------------------------------------------------


def ask_words() -> tuple[str, str]:
    """The sentence for patients, and the condition."""
    summary = st.text_area(
        say("What the patient reads"), key=key("summary"), persist_state="session", height=100
    )
    condition = st.text_area(
        say("What must be true or done for the plan to pay"),
        key=key("condition"),
        persist_state="session",
        height=100,
    )
    return summary or "", condition or ""


def put_together(source: SourceDraft, voice: Voice, deed: Deed) -> RuleDraft:
    """A draft without its tests and words."""
    draft = RuleDraft(
        rule_id=held("rule_id"),
        source=source,
        section=held("section"),
        page=held("page"),
        passage=held("passage"),
        reference=held("reference"),
    )
    told = {
        field.name: getattr(part, field.name) for part in (voice, deed) for field in fields(part)
    }
    return replace(draft, **told)
