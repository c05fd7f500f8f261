"""The facts of a letter: asked on the page, kept in the session, turned into a case file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import say, to_say
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.vocabulary import Determination, Medication
from dashboard.letter_fields import ROWS, SECTIONS, STAGES, WORD_LISTS, Field, part_label
from dashboard.parts import ask_line, note, plain

MOST_ROWS = 12
STAGE = "case:request.stage"
# what one row of each part is called, and the button for one more
ROW_WORDS = {
    "denial_points": (to_say("Reason {number}"), to_say("Add another reason")),
    "decisions": (to_say("Decision {number}"), to_say("Add another decision")),
    "alternatives": (to_say("Drug {number}"), to_say("Add another drug")),
    "ingredients": (to_say("Ingredient {number}"), to_say("Add another ingredient")),
    "tried": (to_say("Medicine {number}"), to_say("Add another medicine")),
}
DIRECTIONS = {
    "supports": to_say("supports it"),
    "preliminary": to_say("a first sign"),
    "mixed": to_say("mixed results"),
    "negative": to_say("no benefit found"),
    "pending": to_say("not finished"),
}


def key_of(path: str) -> str:
    """Where the session keeps the answer for a place in the case file."""
    return f"case:{path}"


def remember(case: CaseFile) -> None:
    """Puts the facts of a case file into the questions, before they are drawn."""
    remember_fields(case.model_dump(mode="json", exclude_none=True))
    st.session_state["studies"] = list(case.evidence.studies)
    for answer in case.answers:
        st.session_state[f"answer:{answer.rule_id}"] = answer.answer


def remember_fields(data: dict[str, Any]) -> None:
    """Puts part of a case file into the questions, before they are drawn.

    What ``data`` does not name stays as it was; None empties an answer. A part with several rows
    is replaced whole, so that no old answer ends up beside a new question.
    """
    for _, part, _, fields in ROWS:
        if part in data:
            rows = max(1, len(data[part]))
            st.session_state[f"rows:{part}"] = rows
            for number in range(rows):
                _forget_row(fields, number)
    for path, value in _flat(data):
        st.session_state[key_of(path)] = "" if value is None else str(value)
    for path, _ in WORD_LISTS:
        words = _words_at(data, path)
        if words is not None:
            st.session_state[f"words:{path}"] = "\n".join(words)


def forget_facts() -> None:
    """Empties every question of the letter page, and what was made from the answers."""
    own = ("case:", "rows:", "words:", "answer:", "form-", "packet")
    made = {"studies", "draft", "markdown", "denial-reasons", "letter-type", "ingredients-of"}
    for name in [str(name) for name in st.session_state]:
        if name in made or name.startswith(own):
            del st.session_state[name]


def _forget_row(fields: Sequence[Field], number: int) -> None:
    for field in fields:
        st.session_state.pop(key_of(field.path.replace("*", str(number))), None)


def _words_at(data: dict[str, Any], path: str) -> Sequence[str] | None:
    value: Any = data
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    words: Sequence[str] | None = value
    return words


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every single value of a case file with its dotted path."""
    if isinstance(value, dict):
        items = [(f"{path}.{name}" if path else name, part) for name, part in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}.{number}", part) for number, part in enumerate(value)]
    else:
        return [(path, value)]
    return [pair for name, part in items for pair in _flat(part, name)]


# -- the questions -----------------------------------------------------------------------------


def ask_stage() -> str:
    """Where on the road the request stands."""
    return (
        st.selectbox(
            say("Where do you stand?"),
            list(STAGES),
            format_func=lambda stage: say(STAGES[stage]),
            key=STAGE,
            persist_state="session",
        )
        or "initial"
    )


def ask_facts(dataset: Dataset, medication: Medication, needed: Collection[str]) -> None:
    """The questions whose answers a letter with these needs can use, section by section."""
    general = {field.replace("[]", ".*") for field in needed}
    for title, fields in SECTIONS:
        if any(field.path in general for field in fields):
            with st.expander(say(title), key=f"section:{fields[0].path}"):
                _ask_all(fields)
    parts = {field.split(".")[0] for field in general}
    for title, part, _, fields in ROWS:
        if part in parts:
            with st.expander(say(title), key=f"section:{part}"):
                if part == "ingredients":
                    _prefill_ingredients(medication)
                if part == "tried":
                    st.markdown(say("List only medicines that were really tried."))
                _ask_rows(part, fields)
    if "evidence" in parts:
        with st.expander(say("Studies to name in the letter"), key="section:studies"):
            _ask_studies(dataset, medication)
    for path, label in WORD_LISTS:
        if path in general:
            with st.expander(part_label(path), key=f"section:{path}"):
                st.text_area(say(label), key=f"words:{path}", persist_state="session")


def _ask_all(fields: Sequence[Field], number: int = 0) -> None:
    for field in fields:
        key = key_of(field.path.replace("*", str(number)))
        label = say(field.label)
        label = f"{label} ({number + 1})" if "*" in field.path else label
        told = say(field.help) if field.help else None
        if field.kind == "choice":
            labels = dict(field.choices)
            st.selectbox(
                label,
                list(labels),
                format_func=lambda code, labels=labels: say(labels[code]),
                key=key,
                help=told,
                persist_state="session",
            )
        elif field.kind == "prose":
            st.text_area(label, key=key, help=told, max_chars=20_000, persist_state="session")
        else:
            ask_line(label, key=key, help=told, max_chars=500, persist_state="session")


def _ask_rows(part: str, fields: Sequence[Field]) -> None:
    rows = st.session_state.setdefault(f"rows:{part}", 1)
    title, more = ROW_WORDS[part]
    for number in range(rows):
        st.subheader(say(title, number=number + 1))
        _ask_all(fields, number)
    if rows < MOST_ROWS:
        st.button(say(more), on_click=_more_rows, args=(part,), key=f"more:{part}")


def _more_rows(part: str) -> None:
    st.session_state[f"rows:{part}"] += 1


def _prefill_ingredients(medication: Medication) -> None:
    """Names what the medication is known to hold; sources and codes stay to be filled in."""
    if st.session_state.get("ingredients-of") == medication.medication_id:
        return
    st.session_state["ingredients-of"] = medication.medication_id
    if st.session_state.get(key_of("ingredients.0.name")):
        return
    st.session_state["rows:ingredients"] = len(medication.ingredients) or 1
    for number, ingredient in enumerate(medication.ingredients):
        st.session_state[key_of(f"ingredients.{number}.name")] = ingredient.name
        st.session_state[key_of(f"ingredients.{number}.role")] = ingredient.role
        if ingredient.role == "active":
            source = st.session_state.get("source") or ""
            st.session_state[key_of(f"ingredients.{number}.source")] = source


def _ask_studies(dataset: Dataset, medication: Medication) -> None:
    actives = {ingredient.ingredient_id for ingredient in medication.active_ingredients}
    names = {
        study.study_id: f"{study.authors} {study.year}: {say(DIRECTIONS[study.direction])}, "
        f"{say(dataset.conditions[study.condition_id].name)}"
        for study in dataset.studies
        if study.ingredient_id in actives
    }
    st.multiselect(
        say("Studies"),
        list(names),
        format_func=lambda key: names.get(key, key),
        key="studies",
        persist_state="session",
    )
    note(say("Trials of the same condition that found no benefit are always added."))


def ask_point_by_point(answer: Determination) -> None:
    """The plan's own conditions, so that the letter answers each of them."""
    conditions = {condition.what for condition in answer.conditions}
    asked = [
        reason.rule
        for reason in answer.reasons
        if reason.rule.condition and reason.rule.condition in conditions
    ]
    if not asked:
        return
    title = say("What {plan} asks for, point by point", plan=plain(answer.case.plan.name))
    with st.expander(title, key="section:points"):
        for rule in asked:
            st.text_area(
                plain(say(rule.condition)), key=f"answer:{rule.rule_id}", persist_state="session"
            )


# -- the answers as a case file ----------------------------------------------------------------


def case_data(plan_id: str, medication_id: str) -> dict[str, Any]:
    """The case file that the answers on the page make up."""
    data: dict[str, Any] = {"date": date.today().isoformat()}
    for _, fields in SECTIONS:
        for field in fields:
            _put(data, field.path, st.session_state.get(key_of(field.path)))
    for _, part, _, fields in ROWS:
        rows = [_row(fields, number) for number in range(st.session_state.get(f"rows:{part}", 1))]
        data[part] = [row for row in rows if row.keys() - {"role"}]
    for path, _ in WORD_LISTS:
        _put(data, path, (st.session_state.get(f"words:{path}") or "").splitlines())
    _put(data, "request.stage", st.session_state.get(STAGE))
    _put(data, "plan.plan_id", plan_id)
    _put(data, "medication.medication_id", medication_id)
    _put(data, "evidence.studies", st.session_state.get("studies"))
    data["answers"] = [
        {"rule_id": key.removeprefix("answer:"), "answer": text}
        for key, text in ((str(key), text) for key, text in st.session_state.items())
        if key.startswith("answer:") and text
    ]
    return data


def _row(fields: Sequence[Field], number: int) -> dict[str, Any]:
    row = {}
    for field in fields:
        value = st.session_state.get(key_of(field.path.replace("*", str(number))))
        if value:
            row[field.path.rpartition(".")[2]] = value
    return row


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    if not value:
        return
    *parents, name = path.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    data[name] = value
