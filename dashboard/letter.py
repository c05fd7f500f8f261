"""Draft a letter: answers in, a draft with visible gaps out, to review, edit and sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import medication_by_id
from compound_coverage.determination.engine import determine
from compound_coverage.determination.published import find_plan
from compound_coverage.letters.assemble import case_of, draft_for
from compound_coverage.letters.casefile import CaseFile, load_case
from compound_coverage.letters.render import Draft, letter_types, to_docx, to_pdf
from compound_coverage.vocabulary import Medication
from dashboard.choices import ask_plan, pick_medication, remember_plan
from dashboard.letter_fields import INGREDIENT, SECTIONS, TRIED, Field
from dashboard.parts import dataset_or_stop, drug_lists, note, plain

WHO = {
    "patient": "The patient can supply",
    "prescriber": "The prescriber can supply",
    "pharmacy": "The pharmacy can supply",
    "plan": "The plan can supply",
}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST_ROWS = 12


def page() -> None:
    dataset = dataset_or_stop()
    st.title("Draft a letter of medical necessity")
    st.markdown(
        "Fill in what you know and leave the rest empty. Gaps stay visible in the draft. "
        "Your prescriber must check every fact, edit the letter, and sign it. "
        "Nothing you type is stored on our side."
    )
    _open_saved(dataset)
    st.header("1. Plan and medicine", divider="gray")
    plan_id = ask_plan(dataset)
    medication_id = pick_medication(dataset)
    if not plan_id or not medication_id:
        st.info("Pick the plan and the medicine to go on.")
        return
    medication = dataset.medications[medication_id]
    st.header("2. The facts", divider="gray")
    _ask_facts(dataset, medication)
    st.header("3. The draft", divider="gray")
    _make_draft(dataset, plan_id, medication_id)


# -- answers in the session --------------------------------------------------------------------


def _key(path: str) -> str:
    return f"case:{path}"


def _open_saved(dataset: Dataset) -> None:
    with st.expander("Go on with a case you saved on your device"):
        upload = st.file_uploader("Saved case file", type="json", key="saved", max_upload_size=5)
        if st.button("Open it", disabled=upload is None) and upload is not None:
            _fill_from(upload.getvalue(), dataset)


def _fill_from(data: bytes, dataset: Dataset) -> None:
    try:
        case = load_case(data.decode("utf-8-sig"))
        with drug_lists() as lists:
            plan = find_plan(dataset, lists, case.plan.plan_id)
        medication = medication_by_id(dataset, case.medication.medication_id)
    except UnicodeDecodeError:
        st.error("This file is not text in UTF-8. Pick the case file you saved here.")
        return
    except ValueError as error:
        st.error(plain(str(error)))
        return
    for path, value in _flat(case.model_dump(mode="json", exclude_none=True)):
        st.session_state[_key(path)] = str(value)
    remember_plan(dataset, plan)
    st.session_state["medication"] = medication.medication_id
    st.session_state["ingredients-of"] = medication.medication_id
    st.session_state["rows:ingredients"] = max(1, len(case.ingredients))
    st.session_state["rows:tried"] = max(1, len(case.tried))
    st.session_state["studies"] = list(case.evidence.studies)
    st.session_state["attachments"] = "\n".join(case.attachments)
    for answer in case.answers:
        st.session_state[f"answer:{answer.rule_id}"] = answer.answer
    st.rerun()


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


def _ask_facts(dataset: Dataset, medication: Medication) -> None:
    for title, fields in SECTIONS:
        with st.expander(title):
            _ask_all(fields)
    with st.expander("Ingredients, each with its product code"):
        _prefill_ingredients(medication)
        _ask_rows("ingredients", "ingredient", INGREDIENT)
    with st.expander("Medicines already tried"):
        st.markdown("List only medicines that were really tried.")
        _ask_rows("tried", "medicine", TRIED)
    with st.expander("Studies to name in the letter"):
        _ask_studies(dataset, medication)
    with st.expander("Papers that go with the letter"):
        st.text_area("One on each line", key="attachments", persist_state="session")


def _ask_all(fields: Sequence[Field], number: int = 0) -> None:
    for field in fields:
        key = _key(field.path.replace("*", str(number)))
        label = f"{field.label} ({number + 1})" if "*" in field.path else field.label
        if field.kind == "choice":
            labels = dict(field.choices)
            st.selectbox(
                label,
                list(labels),
                format_func=labels.__getitem__,
                key=key,
                help=field.help,
                persist_state="session",
            )
        elif field.kind == "prose":
            st.text_area(label, key=key, help=field.help, max_chars=20_000, persist_state="session")
        else:
            st.text_input(label, key=key, help=field.help, max_chars=500, persist_state="session")


def _ask_rows(part: str, noun: str, fields: Sequence[Field]) -> None:
    rows = st.session_state.setdefault(f"rows:{part}", 1)
    for number in range(rows):
        st.subheader(f"{noun.capitalize()} {number + 1}")
        _ask_all(fields, number)
    if rows < MOST_ROWS:
        st.button(f"Add another {noun}", on_click=_more_rows, args=(part,))


def _more_rows(part: str) -> None:
    st.session_state[f"rows:{part}"] += 1


def _prefill_ingredients(medication: Medication) -> None:
    """Names what the medication is known to hold; sources and codes stay to be filled in."""
    if st.session_state.get("ingredients-of") == medication.medication_id:
        return
    st.session_state["ingredients-of"] = medication.medication_id
    if st.session_state.get(_key("ingredients.0.name")):
        return
    st.session_state["rows:ingredients"] = len(medication.ingredients) or 1
    for number, ingredient in enumerate(medication.ingredients):
        st.session_state[_key(f"ingredients.{number}.name")] = ingredient.name
        st.session_state[_key(f"ingredients.{number}.role")] = ingredient.role
        if ingredient.role == "active":
            source = st.session_state.get("source") or ""
            st.session_state[_key(f"ingredients.{number}.source")] = source


def _ask_studies(dataset: Dataset, medication: Medication) -> None:
    actives = {ingredient.ingredient_id for ingredient in medication.active_ingredients}
    names = {
        study.study_id: f"{study.authors} {study.year}: {study.direction}, "
        f"{dataset.conditions[study.condition_id].name}"
        for study in dataset.studies
        if study.ingredient_id in actives
    }
    st.multiselect(
        "Studies",
        list(names),
        format_func=lambda key: names.get(key, key),
        key="studies",
        persist_state="session",
    )
    note("Trials of the same condition that found no benefit are always added.")


# -- the draft ---------------------------------------------------------------------------------


def _case_data(plan_id: str, medication_id: str) -> dict[str, Any]:
    """The case file that the answers on the page make up."""
    data: dict[str, Any] = {"date": date.today().isoformat()}
    for _, fields in SECTIONS:
        for field in fields:
            _put(data, field.path, st.session_state.get(_key(field.path)))
    for part, fields in (("ingredients", INGREDIENT), ("tried", TRIED)):
        rows = [_row(fields, number) for number in range(st.session_state.get(f"rows:{part}", 1))]
        data[part] = [row for row in rows if row.keys() - {"role"}]
    _put(data, "plan.plan_id", plan_id)
    _put(data, "medication.medication_id", medication_id)
    _put(data, "evidence.studies", st.session_state.get("studies"))
    data["attachments"] = (st.session_state.get("attachments") or "").splitlines()
    data["answers"] = [
        {"rule_id": key.removeprefix("answer:"), "answer": text}
        for key, text in ((str(key), text) for key, text in st.session_state.items())
        if key.startswith("answer:") and text
    ]
    return data


def _row(fields: Sequence[Field], number: int) -> dict[str, Any]:
    row = {}
    for field in fields:
        value = st.session_state.get(_key(field.path.replace("*", str(number))))
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


def _make_draft(dataset: Dataset, plan_id: str, medication_id: str) -> None:
    kinds = {kind.letter_type: kind.title for kind in letter_types("en")}
    letter_type = st.selectbox("Letter", list(kinds), format_func=kinds.__getitem__)
    languages = {"en": "English, for the plan", "es": "Spanish, a copy to read"}
    language = st.radio("Language", list(languages), format_func=languages.__getitem__)
    try:
        case = load_case(_case_data(plan_id, medication_id))
        _ask_point_by_point(case, dataset)
        if st.button("Make the draft", type="primary"):
            with drug_lists() as lists:
                draft = draft_for(
                    case, dataset, letter_type or "", language or "en", date.today(), lists
                )
            st.session_state["draft"] = draft
            st.session_state["markdown"] = draft.markdown
    except ValueError as error:
        st.error(plain(str(error)))
        return
    _save_button(case)
    made = st.session_state.get("draft")
    if isinstance(made, Draft):
        _show_draft(made)


def _ask_point_by_point(case: CaseFile, dataset: Dataset) -> None:
    """The plan's own conditions, so that the letter answers each of them."""
    with drug_lists() as lists:
        answer = determine(case_of(case, dataset, date.today(), lists), dataset)
    plan = answer.case.plan
    asked = [
        reason.rule
        for reason in answer.reasons
        if reason.rule.condition and reason.rule.condition in {c.what for c in answer.conditions}
    ]
    if not asked:
        return
    with st.expander(f"What {plain(plan.name)} asks for, point by point"):
        for rule in asked:
            st.text_area(
                plain(rule.condition), key=f"answer:{rule.rule_id}", persist_state="session"
            )


def _save_button(case: CaseFile) -> None:
    def as_json() -> str:
        return json.dumps(
            case.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=2
        )

    st.download_button(
        "Save the case on your device",
        as_json,
        "case.json",
        "application/json",
        on_click="ignore",
    )


def _show_draft(draft: Draft) -> None:
    if draft.complete:
        st.success("Every fact the letter needs is there. A prescriber must still check it.")
    else:
        _show_missing(draft)
    for warning in draft.warnings:
        st.warning(plain(warning))
    st.markdown(f"**Time limits.** {plain(draft.deadline)}")
    text = st.text_area(
        "The draft. You can change it here before you download it.",
        key="markdown",
        height=480,
        persist_state="session",
    )
    note("Stars make bold text, and # makes a heading.")
    _downloads(draft, text or "")


def _show_missing(draft: Draft) -> None:
    st.warning(f"{len(draft.missing)} facts are missing. The draft shows each gap.")
    for who, heading in WHO.items():
        gaps = [gap for gap in draft.missing if gap.who == who]
        if gaps:
            with st.expander(f"{heading} ({len(gaps)})"):
                st.markdown("\n".join(f"- {plain(gap.why)}" for gap in gaps))


def _downloads(draft: Draft, text: str) -> None:
    # made on the click, never before: what lies ready can be fetched by others (see docs)
    def docx() -> bytes:
        return to_docx(text, draft.title, draft.language, draft.mark)

    def pdf() -> bytes:
        return to_pdf(text, draft.title, draft.language, draft.mark)[0]

    files: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
        ("Download for Word (DOCX)", docx, f"{draft.letter_type}.docx", DOCX),
        ("Download to print or fax (PDF)", pdf, f"{draft.letter_type}.pdf", "application/pdf"),
    )
    for label, make, name, mime in files:
        st.download_button(label, make, name, mime, on_click="ignore")


page()
