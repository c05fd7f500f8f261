"""Review and sign: the final document beside its facts, each confirmed one by one, then signed."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from compound_coverage.casework import people
from compound_coverage.casework.access import Action, Actor, Role
from compound_coverage.casework.cases import CaseView, Saved, Signed
from compound_coverage.casework.content import Fact, content_of, digest_of
from compound_coverage.casework.office import Office
from compound_coverage.casework.people import Member
from compound_coverage.casework.review import Item, Review
from compound_coverage.casework.signing import INTENT, Signature
from compound_coverage.casework.states import State
from compound_coverage.dataset.load import Dataset
from compound_coverage.letters.codes import check_npi
from compound_coverage.letters.completeness import Missing
from compound_coverage.letters.documents import to_pdf
from compound_coverage.letters.pages import pictures
from dashboard.downloads import offer
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.letter_fields import (
    ROWS,
    SECTIONS,
    STAGES,
    Field,
    general,
    label_of,
    questions,
)
from dashboard.office_parts import case_shown, may_do, moment, state_words
from dashboard.parts import ask_line, dataset_or_stop, note, plain, show_picture

HELD, TOLD, CHANGING = "review-held", "review-told", "review-changing"
REFRESH = "review-refresh"
DPI = 90
CHANGEABLE = (State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED)
AFTER_SIGNING = (State.SIGNED, State.SENT, State.DECIDED, State.APPEALED)
SAID, IN_CHART, BLANK = "Patient said", "Found in the chart", "Blank"
OFFICE_FACTS = "Names, numbers, addresses and dates"
KINDS = {"sentence": "Sentences written by hand", "claim": "Claims only a person can judge"}
WHO = {
    "patient": "the patient",
    "prescriber": "the prescriber",
    "pharmacy": "the pharmacy",
    "plan": "the plan",
}
# facts that the letter page asks for in another way than by a question of their own
OTHER_LABELS = {
    "medication.medication_id": "Medicine",
    "date": "Date on the letter",
    "plan.plan_name": "Plan's name",
    "plan.address": "Reviewer's address",
    "request.stage": "Where the request stands",
    "diagnosis.condition_id": "Condition whose studies the letter names",
    "evidence.studies.*": "Study named in the letter",
    "answers.*.rule_id": "Rule of the plan that is answered",
    "answers.*.answer": "Answer to the plan's rule",
}
_HINT = re.compile(r", (?:such as|or:|if asked|if there is one).*?(?=$| \(\d+\)$)")


@dataclass
class Held:
    """The case as this page last read it, its review, and the pictures of its pages."""

    view: CaseView
    members: Sequence[Member]
    review: Review | None
    fault: str
    pages: Sequence[bytes]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class At:
    """Who looks at which case, and what they may do with it as it now stands."""

    office: Office
    actor: Actor
    held: Held
    dataset: Dataset
    told: tuple[str, str, str] | None

    @property
    def view(self) -> CaseView:
        return self.held.view

    def may(self, action: Action) -> bool:
        return may_do(self.actor, self.view, action)

    @property
    def can_change(self) -> bool:
        return self.view.state in CHANGEABLE and self.may(Action.CASE_EDIT)

    @property
    def can_confirm(self) -> bool:
        return self.view.state == State.IN_REVIEW and self.may(Action.CASE_CONFIRM)


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title("Review and sign")
    case_id = case_shown()
    if not case_id:
        st.info("No case is open. Open one from the list of cases, then press Review.")
        return
    try:
        held = _held(office, actor, case_id)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    at = At(office, actor, held, dataset_or_stop(), st.session_state.pop(TOLD, None))
    _head(at)
    if at.view.state in AFTER_SIGNING:
        _signed_section(at)
    review = at.held.review
    if review is None:
        st.error(plain(at.held.fault))
        st.markdown("Mend this on the letter page. Then the letter is shown here.")
        return
    _obstacles(at, review)
    left, right = st.columns(2, gap="medium")
    # the facts first: after a tick the page begins anew before it sends the pictures again
    with right:
        _facts_section(at, review)
    with left:
        _letter_section(at, review)
    if at.view.state == State.IN_REVIEW:
        _changes_section(at)
        _sign_section(at, review)


# -- reading the case ----------------------------------------------------------------------------


def _held(office: Office, actor: Actor, case_id: str) -> Held:
    held: Held | None = st.session_state.get(HELD)
    # Streamlit forgets a button when another page is shown: the case may have changed since
    came_back = REFRESH not in st.session_state
    if held is None or held.view.case_id != case_id or came_back:
        view = office.cases.read(actor, case_id)
        held = _looked_at(office, actor, view, people.members(office.desk, actor), None)
        st.session_state[HELD] = held
        st.session_state.pop(CHANGING, None)
    return held


def _looked_at(
    office: Office, actor: Actor, view: CaseView, members: Sequence[Member], before: Held | None
) -> Held:
    """The review of a case; the pictures of ``before`` where it reads the same."""
    try:
        review = office.review(view.content)
        if before is not None and _reads_as(before, view, review):
            return Held(view, members, review, "", before.pages, before.warnings)
        pdf, warnings = _document(office, actor, view, review)
        return Held(view, members, review, "", pictures(pdf, DPI), warnings)
    except ValueError as error:
        return Held(view, members, None, str(error), (), ())


def _reads_as(before: Held, view: CaseView, review: Review) -> bool:
    return (
        before.review is not None
        and before.review.text == review.text
        and before.view.state == view.state
    )


def _document(
    office: Office, actor: Actor, view: CaseView, review: Review
) -> tuple[bytes, list[str]]:
    """The signed document; before there is one, the draft with its mark."""
    signed = _signature_of(view)
    if signed is not None:
        return office.papers.read(actor, signed.document_id)[1], []
    return to_pdf(review.text, review.draft.title, view.content.language, review.draft.mark)


def _signature_of(view: CaseView) -> Signed | None:
    found = [one for one in view.signatures if one.version == view.version]
    return found[-1] if found else None


def _take(at: At, deed: Callable[[], Saved], told: str = "", place: str = "") -> None:
    """Does it, shows the case as it then is, and says what became of it, also at the place."""
    try:
        saved = deed()
    except ValueError as error:
        # most likely somebody changed the draft meanwhile: show it anew
        st.session_state.pop(HELD, None)
        _tell("error", str(error), place)
        return
    view = _with(at.view, saved)
    st.session_state[HELD] = _looked_at(at.office, at.actor, view, at.held.members, at.held)
    if saved.conflicts:
        _tell(
            "warning",
            "Somebody else wrote in the same place meanwhile. Theirs stands here; yours is kept "
            f"as version {saved.aside}. Look at it again.",
            place,
        )
    elif saved.merged:
        told = "Somebody else changed this draft, too. Both changes are in it now."
        _tell("info", told, place)
    elif told:
        _tell("success", told, place)
    st.rerun()


def _with(view: CaseView, saved: Saved) -> CaseView:
    values = {name: getattr(view, name) for name in CaseView.__dataclass_fields__}
    return CaseView(**{**values, "version": saved.version, "content": saved.content})


def _tell(kind: str, text: str, place: str = "") -> None:
    st.session_state[TOLD] = (kind, text, place)
    st.rerun()


def _told_here(at: At, place: str) -> None:
    """The message at the head of the page once more, for whoever works further down."""
    if at.told and at.told[2] == place:
        kind, text, _ = at.told
        getattr(st, kind)(plain(text))


# -- the head of the page ------------------------------------------------------------------------


def _head(at: At) -> None:
    view = at.view
    patient = str(view.content.at("patient.name") or "a patient without a name yet")
    state = state_words(view.state, view.outcome)
    st.markdown(f"**{plain(patient)}.** {plain(state)}. Version {view.version}.")
    with st.container(horizontal=True):
        if st.button("Back to the case"):
            st.switch_page("dashboard/case.py")
        if st.button("Refresh", key=REFRESH):
            st.session_state.pop(HELD, None)
            st.rerun()
    if at.told:
        kind, text, _ = at.told
        getattr(st, kind)(plain(text))
    _what_now(at)


def _what_now(at: At) -> None:
    if at.view.state in (State.DRAFT, State.CHANGES_REQUESTED):
        st.info(
            "This letter is not in review yet. Whoever works on it can say which facts are in the "
            "chart; the prescriber confirms and signs once it is in review."
        )
        if at.may(Action.CASE_SUBMIT) and st.button("Send it to review", type="primary"):
            _step(lambda: at.office.cases.submit(at.actor, at.view.case_id))
    if at.view.state == State.IN_REVIEW and not at.may(Action.CASE_SIGN):
        st.info(plain(_who_signs(at)))


def _step(deed: Callable[[], None], told: str = "") -> None:
    """Does a step of the case's road and shows the case anew."""
    try:
        deed()
    except ValueError as error:
        _tell("error", str(error))
    st.session_state.pop(HELD, None)
    _tell("success", told) if told else st.rerun()


def _who_signs(at: At) -> str:
    """Who can sign, for somebody who can't; and what to do where nobody can."""
    name = str(at.view.content.at("prescriber.name") or "the prescriber")
    npi = at.view.content.npi_of_record
    try:
        npi = check_npi(npi)
    except ValueError:
        return (
            "Nobody can sign yet: the letter does not name its prescriber's NPI, or it has a "
            "mistake. Mend the NPI among the facts below."
        )
    found = [one for one in at.held.members if one.npi == npi and not one.ended]
    told = f"Only {name} (the prescriber named in the letter, NPI {npi}) can sign."
    if not found:
        return (
            f"{told} Nobody in this practice has this NPI yet: a manager sets it on the page "
            "Practice. If the NPI is wrong, mend it among the facts below."
        )
    if Role.PRESCRIBER not in found[0].roles:
        return (
            f"{told} {found[0].name} has this NPI here, but not the part of a prescriber: a "
            "manager gives it on the page Practice."
        )
    return f"{told} Here that is {found[0].name}. You can say which facts are in the chart."


def _obstacles(at: At, review: Review) -> None:
    """What must be mended before anybody can sign, and what the prescriber should know."""
    if at.view.state in AFTER_SIGNING:
        return
    unshown = [f"{told} Write those words in other letters." for told in at.held.warnings]
    blocked = [*review.blocked, *unshown]
    if blocked:
        st.header("Mend this first", divider="gray")
        for told in blocked:
            st.error(plain(told))
    if review.draft.warnings:
        st.header("Know this before you sign", divider="gray")
        for told in review.draft.warnings:
            st.warning(plain(told))


# -- the letter ----------------------------------------------------------------------------------


def _letter_section(at: At, review: Review) -> None:
    st.header("The letter", divider="gray")
    count = len(at.held.pages)
    names = [f"Page {number}" for number in range(1, count + 1)]
    for number, (tab, picture) in enumerate(zip(st.tabs(names), at.held.pages, strict=True), 1):
        with tab:
            show_picture(
                picture,
                f"Page {number} of {count} of the letter. The box 'The letter's words' below "
                "holds the same words as text.",
            )
    with st.expander("The letter's words, to read or to change"):
        _words_form(at, review)


def _words_form(at: At, review: Review) -> None:
    by_hand = bool(at.view.content.text)
    if by_hand:
        note("Changed by hand: a fact that you change does not change these words any more.")
    with st.form(f"review-words:{digest_of(review.text)[:12]}"):
        words = st.text_area(
            "The letter's words",
            review.text,
            height=400,
            max_chars=200_000,
            disabled=not at.can_change,
            help="Each paragraph that you write yourself is then one more thing to confirm.",
        )
        pressed = st.form_submit_button("Save these words", disabled=not at.can_change)
    made = review.draft.markdown
    if pressed and words.strip() != review.text.strip():
        _save(at, {"text": "" if words.strip() == made.strip() else words}, "The words are saved.")
    if by_hand and at.can_change and st.button("Make the letter from the facts again"):
        _save(at, {"text": ""}, "The letter is made from the facts again.")


def _save(at: At, change: Mapping[str, Any], told: str, place: str = "") -> None:
    """Saves a change, but only one that still makes a letter."""
    view = at.view
    try:
        content = content_of({**view.content.model_dump(mode="json"), **change})
        at.office.review(content)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.session_state.pop(CHANGING, None)
    save = at.office.cases.save
    _take(at, lambda: save(at.actor, view.case_id, view.version, content), told, place)


# -- the facts -----------------------------------------------------------------------------------


def _facts_section(at: At, review: Review) -> None:
    st.header("The facts it states", divider="gray")
    left = review.open_items(_vouching_member(at))
    done = len(review.items) - len(left)
    if at.view.state not in AFTER_SIGNING:
        st.progress(done / len(review.items), text=f"**{done} of {len(review.items)} confirmed**")
    if at.can_confirm:
        st.markdown(
            "Look at each one, compare it with the chart, and tick it. A tick is saved at once "
            "and can't be taken back: if a fact is wrong, change it, and its tick is gone. Or ask "
            "for changes below."
        )
    _blanks(at, review.blank)
    facts = {fact.place: fact for fact in review.facts}
    sections = _sections(review)
    # one section at a time lies beside the letter; the others wait folded
    unfinished = [title for title, items in sections if any(item in left for item in items)]
    for title, items in sections:
        with _folding(at, title, items, first=title in unfinished[:1]):
            for number, item in enumerate(items, 1):
                if item.kind == "fact":
                    _fact(at, item.place, item.words, facts.get(item.place), item)
                else:
                    st.markdown(plain(item.words))
                    _tick(at, item, f"number {number} of these")
                    _told_here(at, item.place)
    others = [fact for fact in review.facts if not fact.clinical]
    found = sum(fact.standing == "chart_confirmed" for fact in others)
    with st.expander(f"{OFFICE_FACTS}: {found} of {len(others)} found in the chart"):
        st.markdown("The office checks these; they need no tick of the prescriber.")
        for fact in others:
            _fact(at, fact.place, fact.value, fact, None)


def _vouching_member(at: At) -> str:
    """Whose ticks count: the reader's own if they sign, else those of the member who will."""
    if at.may(Action.CASE_SIGN):
        return at.actor.member_id
    npi = at.view.content.npi_of_record
    return next((one.member_id for one in at.held.members if npi and one.npi == npi), "-")


def _sections(review: Review) -> list[tuple[str, list[Item]]]:
    """What is to be confirmed, by section; what a person wrote or must judge stands first."""
    sections: dict[str, list[Item]] = {title: [] for title in KINDS.values()}
    for item in review.items:
        title = KINDS.get(item.kind) or _title_of(item.place)
        sections.setdefault(title, []).append(item)
    return [(title, items) for title, items in sections.items() if items]


def _folding(at: At, title: str, items: Sequence[Item], *, first: bool) -> Any:
    """A section; it lies open while it is next, or begun and not yet done."""
    member = _vouching_member(at)
    done = sum(item.confirmed_by == member for item in items)
    open_now = first or 0 < done < len(items)
    return st.expander(
        f"{title}: {done} of {len(items)} confirmed",
        expanded=open_now and at.view.state not in AFTER_SIGNING,
    )


def _fact(at: At, place: str, value: str, fact: Fact | None, item: Item | None) -> None:
    label = _label(place)
    standing = IN_CHART if fact and fact.standing == "chart_confirmed" else SAID
    mark = f" :small[({standing})]" if fact else ""
    st.markdown(f"{_named(label)} {plain(_value_words(at.dataset, place, value))}{mark}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if item is not None and (at.can_confirm or item.confirmed_by):
            _tick(at, item, label)
        elif fact is not None and at.can_change:
            _chart_box(at, fact, label)
        if fact is not None and at.can_change and st.button("Change", key=f"change:{place}"):
            st.session_state[CHANGING] = place
    _told_here(at, place)
    if st.session_state.get(CHANGING) == place:
        _fact_form(at, place, value, label)


def _tick(at: At, item: Item, label: str) -> None:
    """The box that confirms one thing, or who has confirmed it."""
    if item.confirmed_by and item.confirmed_by == at.actor.member_id:
        st.markdown("✓ Confirmed by you")
        return
    if item.confirmed_by:
        names = {one.member_id: one.name for one in at.held.members}
        st.markdown(f"✓ Confirmed by {plain(names.get(item.confirmed_by, 'somebody else'))}")
    if not at.can_confirm:
        return
    if st.checkbox(f"I confirm: {plain(label)}", key=f"confirm:{item.place}:{item.digest[:12]}"):
        confirm, view = at.office.cases.confirm, at.view
        digests = {item.place: item.digest}
        _take(at, lambda: confirm(at.actor, view.case_id, view.version, digests), place=item.place)


def _chart_box(at: At, fact: Fact, label: str) -> None:
    found = fact.standing == "chart_confirmed"
    now = st.checkbox(
        f"In the chart: {plain(label)}",
        found,
        key=f"chart:{fact.place}:{fact.digest[:12]}:{found}",
    )
    if now != found:
        mark, view = at.office.cases.mark_chart, at.view
        digests = {fact.place: fact.digest}
        _take(
            at, lambda: mark(at.actor, view.case_id, view.version, digests, now), place=fact.place
        )


def _blanks(at: At, blank: Sequence[Missing]) -> None:
    if not blank:
        return
    with st.expander(f"{BLANK}: {len(blank)}", expanded=at.view.state not in AFTER_SIGNING):
        for number, missing in enumerate(blank):
            _blank(at, missing, number)


def _blank(at: At, missing: Missing, number: int) -> None:
    place = re.sub(r"\[(\d+)\]", r".\1", missing.field)
    label = _label(place)
    st.markdown(f"{_named(label)} {BLANK}. {plain(missing.why)}")
    note(f"Who can supply it: {plain(WHO.get(missing.who, missing.who))}.")
    if not at.can_change:
        return
    if general(place) not in questions() or not _has_room(at.view.content.facts, place):
        note("Fill it in on the letter page.")
        return
    if st.button("Fill in", key=f"fill:{number}:{place}"):
        st.session_state[CHANGING] = place
    if st.session_state.get(CHANGING) == place:
        _fact_form(at, place, "", label)


def _fact_form(at: At, place: str, value: str, label: str) -> None:
    with st.form(f"fact:{place}:{digest_of(value)[:12]}"):
        new = _ask(place, value, label)
        with st.container(horizontal=True):
            pressed = st.form_submit_button("Save", type="primary")
            left = st.form_submit_button("Leave it as it is")
    if left:
        st.session_state.pop(CHANGING, None)
        st.rerun()
    if pressed:
        facts = _with_fact(at.view.content.facts, place, new)
        _save(at, {"facts": facts}, f"{label} is saved.", place)


def _ask(place: str, value: str, label: str) -> str:
    field = questions().get(general(place)) or Field(place, label)
    name = f"{label}: what it should say"
    if field.kind == "choice":
        labels = dict(field.choices)
        # a value that an import brought may be none of the choices
        labels.setdefault(value, value)
        options = list(labels)
        return (
            st.selectbox(
                name,
                options,
                options.index(value),
                format_func=labels.__getitem__,
                help=field.help,
            )
            or ""
        )
    if field.kind == "prose":
        return st.text_area(name, value, max_chars=20_000, help=field.help)
    return ask_line(name, value, max_chars=500, help=field.help)


def _with_fact(facts: Mapping[str, Any], place: str, value: str) -> dict[str, Any]:
    """The facts with this value at this place."""
    changed = copy.deepcopy(dict(facts))
    *path, last = place.split(".")
    holder: Any = changed
    for name in path:
        holder = holder[int(name)] if isinstance(holder, list) else holder.setdefault(name, {})
    holder[int(last) if isinstance(holder, list) else last] = value
    return changed


def _has_room(facts: Mapping[str, Any], place: str) -> bool:
    """Is there a row for it? A row that only the medicine implies is none that was typed."""
    try:
        _with_fact(facts, place, "")
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        return False
    return True


# -- words for facts -----------------------------------------------------------------------------


def _label(place: str) -> str:
    other = OTHER_LABELS.get(general(place))
    number = re.search(r"\.(\d+)", place)
    if other is None:
        return _HINT.sub("", label_of(place))
    return f"{other} ({int(number[1]) + 1})" if number else other


def _named(label: str) -> str:
    return f"**{plain(label)}{'' if label.endswith('?') else ':'}**"


def _value_words(dataset: Dataset, place: str, value: str) -> str:
    """What is written there; a code as the words the letter page has for it."""
    field = questions().get(general(place))
    if field is not None and field.kind == "choice":
        return dict(field.choices).get(value, value)
    if place == "request.stage":
        return STAGES.get(value, value)
    if place == "diagnosis.condition_id" and value in dataset.conditions:
        return dataset.conditions[value].name
    if place.startswith("evidence.studies."):
        studies = {
            one.study_id: f"{one.authors} {one.year}. {one.journal}" for one in dataset.studies
        }
        return studies.get(value, value)
    return value


@cache
def _titles() -> dict[str, str]:
    """The section of the letter page for each question, and for the rest of each part."""
    titles = {part: title for title, part, _, _ in ROWS}
    for title, fields in SECTIONS:
        for field in fields:
            titles[field.path] = title
            titles.setdefault(field.path.split(".")[0], title)
    return titles


def _title_of(place: str) -> str:
    part = place.split(".")[0]
    if part in ("answers", "current_medicines"):
        return {"answers": "The plan's rule, answered", "current_medicines": "Medicines now"}[part]
    if place.startswith("evidence.studies"):
        return "Studies"
    return _titles().get(place) or _titles().get(part) or "More facts"


# -- asking for changes, signing -----------------------------------------------------------------


def _changes_section(at: At) -> None:
    if not at.may(Action.CASE_RETURN):
        return
    st.header("Ask for changes", divider="gray")
    with st.form("review-return"):
        why = st.text_area("What should change?", max_chars=2_000)
        pressed = st.form_submit_button("Ask for changes")
    if pressed:
        ask = at.office.cases.ask_for_changes
        _step(lambda: ask(at.actor, at.view.case_id, why), "The office is asked for changes.")


def _sign_section(at: At, review: Review) -> None:
    st.header("Sign", divider="gray")
    if not at.may(Action.CASE_SIGN):
        st.markdown(plain(_who_signs(at)))
        return
    try:
        certificate = at.office.sealer.certificate
    except ValueError as error:
        st.error(plain(str(error)))
        return
    left = len(review.open_items(at.actor.member_id))
    ready = not left and not review.blocked and not at.held.warnings
    if not ready:
        st.info(_still_open(left, len(review.blocked) + len(at.held.warnings)))
    name = str(at.view.content.at("prescriber.name") or "")
    st.markdown(f"By signing you say: **{plain(INTENT)}**")
    st.markdown(f"Then the letter is sealed with this certificate: {plain(certificate.subject)}.")
    if certificate.trial:
        st.warning(
            "This is a trial certificate. It is good for trying out: it shows that a letter was "
            "not changed, but it proves nothing about who signed it."
        )
    st.markdown("To sign, type exactly this:")
    st.code(f"/s/ {name}", language=None)
    with st.form("review-sign"):
        typed = ask_line("Your signature", placeholder="/s/ and your name", max_chars=500)
        drawn = st.file_uploader(
            "A picture of your drawn signature, if you like (PNG or JPEG)",
            type=["png", "jpg", "jpeg"],
            max_upload_size=5,
        )
        pressed = st.form_submit_button("Sign this letter", type="primary", disabled=not ready)
    if pressed and ready:
        picture = drawn.getvalue() if drawn else b""
        _sign(at, review, Signature(typed, picture, digest_of(review.text)))


def _still_open(left: int, blocked: int) -> str:
    parts = [f"{left} still to confirm"] if left else []
    parts += [f"{blocked} to mend first"] if blocked else []
    return f"You can sign once nothing is open: {' and '.join(parts)}."


def _sign(at: At, review: Review, signature: Signature) -> None:
    case_id = at.view.case_id
    try:
        with st.spinner("Signing ..."):
            at.office.signing.sign(at.actor, case_id, at.view.version, signature)
    except ValueError as error:
        st.session_state.pop(HELD, None)
        now = _held(at.office, at.actor, case_id)
        # what was typed stays, unless there is another letter to look at first
        if now.view.version == at.view.version and _reads_as(now, at.view, review):
            st.error(plain(str(error)))
            return
        _tell("error", str(error))
    st.session_state.pop(HELD, None)
    _tell("success", "The letter is signed.")


def _signed_section(at: At) -> None:
    signed = _signature_of(at.view)
    st.header("Signed", divider="gray")
    if signed is None:
        st.markdown("This letter was signed on paper. Its copy is among the documents of the case.")
        return
    st.markdown(
        f"Signed by {plain(signed.name)} (NPI {plain(signed.npi)}) on {moment(signed.at)}. "
        f"The document's hash begins with {signed.document_digest[:12]}."
    )
    read = at.office.papers.read
    offer(
        "Get the signed letter",
        lambda: read(at.actor, signed.document_id)[1],
        "signed-letter.pdf",
        "application/pdf",
    )
    note("To check it later: page Check a signature. A change makes a new, unsigned version.")


page()
