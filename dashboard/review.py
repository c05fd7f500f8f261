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
from compound_coverage.language import ENGLISH, number, say, speaking, to_say
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
SAID, IN_CHART = to_say("Patient said"), to_say("Found in the chart")
KINDS = {
    "sentence": to_say("Sentences written by hand"),
    "claim": to_say("Claims only a person can judge"),
}
WHO = {
    "patient": to_say("the patient"),
    "prescriber": to_say("the prescriber"),
    "pharmacy": to_say("the pharmacy"),
    "plan": to_say("the plan"),
}
# facts that the letter page asks for in another way than by a question of their own
OTHER_LABELS = {
    "medication.medication_id": to_say("Medicine"),
    "date": to_say("Date on the letter"),
    "plan.plan_name": to_say("Plan's name"),
    "plan.address": to_say("Reviewer's address"),
    "request.stage": to_say("Where the request stands"),
    "diagnosis.condition_id": to_say("Condition whose studies the letter names"),
    "evidence.studies.*": to_say("Study named in the letter"),
    "answers.*.rule_id": to_say("Rule of the plan that is answered"),
    "answers.*.answer": to_say("Answer to the plan's rule"),
}
# sections of facts that the letter page does not ask for one by one
ANSWERED, NOW = to_say("The plan's rule, answered"), to_say("Medicines now")
STUDIES, MORE = to_say("Studies"), to_say("More facts")
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
    st.title(say("Review and sign"))
    case_id = case_shown()
    if not case_id:
        st.info(say("No case is open. Open one from the list of cases, then press Review."))
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
        st.markdown(say("Mend this on the letter page. Then the letter is shown here."))
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
            say(
                "Somebody else wrote in the same place meanwhile. Theirs stands here; yours is "
                "kept as version {version}. Look at it again.",
                version=saved.aside,
            ),
            place,
        )
    elif saved.merged:
        told = say("Somebody else changed this draft, too. Both changes are in it now.")
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
    patient = str(view.content.at("patient.name") or say("a patient without a name yet"))
    st.markdown(
        say(
            "**{patient}.** {state}. Version {version}.",
            patient=plain(patient),
            state=plain(state_words(view.state, view.outcome)),
            version=view.version,
        )
    )
    with st.container(horizontal=True):
        if st.button(say("Back to the case"), key="review-back"):
            st.switch_page("dashboard/case.py")
        if st.button(say("Refresh"), key=REFRESH):
            st.session_state.pop(HELD, None)
            st.rerun()
    if at.told:
        kind, text, _ = at.told
        getattr(st, kind)(plain(text))
    _what_now(at)


def _what_now(at: At) -> None:
    if at.view.state in (State.DRAFT, State.CHANGES_REQUESTED):
        st.info(
            say(
                "This letter is not in review yet. Whoever works on it can say which facts are in "
                "the chart; the prescriber confirms and signs once it is in review."
            )
        )
        if at.may(Action.CASE_SUBMIT) and st.button(
            say("Send it to review"), key="review-submit", type="primary"
        ):
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
    name = str(at.view.content.at("prescriber.name") or say(WHO["prescriber"]))
    npi = at.view.content.npi_of_record
    try:
        npi = check_npi(npi)
    except ValueError:
        return say(
            "Nobody can sign yet: the letter does not name its prescriber's NPI, or it has a "
            "mistake. Mend the NPI among the facts below."
        )
    found = [one for one in at.held.members if one.npi == npi and not one.ended]
    told = say(
        "Only {name} (the prescriber named in the letter, NPI {npi}) can sign.", name=name, npi=npi
    )
    return f"{told} {_who_has_it(found[0] if found else None)}"


def _who_has_it(found: Member | None) -> str:
    """What to know of the member with the prescriber's NPI, or of there being none."""
    if found is None:
        return say(
            "Nobody in this practice has this NPI yet: a manager sets it on the page "
            "Practice. If the NPI is wrong, mend it among the facts below."
        )
    if Role.PRESCRIBER not in found.roles:
        return say(
            "{name} has this NPI here, but not the part of a prescriber: a "
            "manager gives it on the page Practice.",
            name=found.name,
        )
    return say("Here that is {name}. You can say which facts are in the chart.", name=found.name)


def _obstacles(at: At, review: Review) -> None:
    """What must be mended before anybody can sign, and what the prescriber should know."""
    if at.view.state in AFTER_SIGNING:
        return
    mend = say("Write those words in other letters.")
    unshown = [f"{told} {mend}" for told in at.held.warnings]
    blocked = [*review.blocked, *unshown]
    if blocked:
        st.header(say("Mend this first"), divider="gray")
        for told in blocked:
            st.error(plain(told))
    if review.draft.warnings:
        st.header(say("Know this before you sign"), divider="gray")
        for told in review.draft.warnings:
            # said in the letter's language; most of them are whole messages
            st.warning(plain(say(told)))


# -- the letter ----------------------------------------------------------------------------------


def _letter_section(at: At, review: Review) -> None:
    st.header(say("The letter"), divider="gray")
    count = len(at.held.pages)
    names = [say("Page {page}", page=page) for page in range(1, count + 1)]
    for page, (tab, picture) in enumerate(zip(st.tabs(names), at.held.pages, strict=True), 1):
        with tab:
            show_picture(
                picture,
                say(
                    "Page {page} of {pages} of the letter. The box 'The letter's words' below "
                    "holds the same words as text.",
                    page=page,
                    pages=count,
                ),
            )
    with st.expander(say("The letter's words, to read or to change")):
        _words_form(at, review)


def _words_form(at: At, review: Review) -> None:
    by_hand = bool(at.view.content.text)
    if by_hand:
        note(say("Changed by hand: a fact that you change does not change these words any more."))
    form = f"review-words:{digest_of(review.text)[:12]}"
    with st.form(form):
        words = st.text_area(
            say("The letter's words"),
            review.text,
            height=400,
            max_chars=200_000,
            disabled=not at.can_change,
            help=say("Each paragraph that you write yourself is then one more thing to confirm."),
            key=f"{form}:text",
        )
        pressed = st.form_submit_button(say("Save these words"), disabled=not at.can_change)
    made = review.draft.markdown
    if pressed and words.strip() != review.text.strip():
        _save(
            at,
            {"text": "" if words.strip() == made.strip() else words},
            say("The words are saved."),
        )
    if not by_hand or not at.can_change:
        return
    if st.button(say("Make the letter from the facts again"), key="review-remake"):
        _save(at, {"text": ""}, say("The letter is made from the facts again."))


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
    st.header(say("The facts it states"), divider="gray")
    left = review.open_items(_vouching_member(at))
    done = len(review.items) - len(left)
    if at.view.state not in AFTER_SIGNING:
        told = say(
            "**{done} of {all} confirmed**", done=number(done), all=number(len(review.items))
        )
        st.progress(done / len(review.items), text=told)
    if at.can_confirm:
        st.markdown(
            say(
                "Look at each one, compare it with the chart, and tick it. A tick is saved at once "
                "and can't be taken back: if a fact is wrong, change it, and its tick is gone. Or "
                "ask for changes below."
            )
        )
    _blanks(at, review.blank)
    facts = {fact.place: fact for fact in review.facts}
    sections = _sections(review)
    # one section at a time lies beside the letter; the others wait folded
    unfinished = [title for title, items in sections if any(item in left for item in items)]
    for title, items in sections:
        with _folding(at, title, items, first=title in unfinished[:1]):
            for place, item in enumerate(items, 1):
                if item.kind == "fact":
                    _fact(at, item.place, item.words, facts.get(item.place), item)
                else:
                    st.markdown(plain(item.words))
                    _tick(at, item, say("number {place} of these", place=place))
                    _told_here(at, item.place)
    others = [fact for fact in review.facts if not fact.clinical]
    found = sum(fact.standing == "chart_confirmed" for fact in others)
    title = say(
        "Names, numbers, addresses and dates: {found} of {all} found in the chart",
        found=number(found),
        all=number(len(others)),
    )
    with st.expander(title):
        st.markdown(say("The office checks these; they need no tick of the prescriber."))
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
        say(
            "{section}: {done} of {all} confirmed",
            section=say(title),
            done=number(done),
            all=number(len(items)),
        ),
        expanded=open_now and at.view.state not in AFTER_SIGNING,
    )


def _fact(at: At, place: str, value: str, fact: Fact | None, item: Item | None) -> None:
    label = _label(place)
    standing = IN_CHART if fact and fact.standing == "chart_confirmed" else SAID
    mark = f" :small[({say(standing)})]" if fact else ""
    st.markdown(f"{_named(label)} {plain(_value_words(at.dataset, place, value))}{mark}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if item is not None and (at.can_confirm or item.confirmed_by):
            _tick(at, item, label)
        elif fact is not None and at.can_change:
            _chart_box(at, fact, label)
        if (
            fact is not None
            and at.can_change
            and st.button(say("Change it"), key=f"change:{place}")
        ):
            st.session_state[CHANGING] = place
    _told_here(at, place)
    if st.session_state.get(CHANGING) == place:
        _fact_form(at, place, value, label)


def _tick(at: At, item: Item, label: str) -> None:
    """The box that confirms one thing, or who has confirmed it."""
    if item.confirmed_by and item.confirmed_by == at.actor.member_id:
        st.markdown(say("✓ Confirmed by you"))
        return
    if item.confirmed_by:
        names = {one.member_id: one.name for one in at.held.members}
        name = names.get(item.confirmed_by) or say("somebody else")
        st.markdown(say("✓ Confirmed by {name}", name=plain(name)))
    if not at.can_confirm:
        return
    if st.checkbox(
        say("I confirm: {fact}", fact=label),
        key=f"confirm:{item.place}:{item.digest[:12]}",
    ):
        confirm, view = at.office.cases.confirm, at.view
        digests = {item.place: item.digest}
        _take(at, lambda: confirm(at.actor, view.case_id, view.version, digests), place=item.place)


def _chart_box(at: At, fact: Fact, label: str) -> None:
    found = fact.standing == "chart_confirmed"
    now = st.checkbox(
        say("In the chart: {fact}", fact=label),
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
    title = say("Blank: {count}", count=number(len(blank)))
    with st.expander(title, expanded=at.view.state not in AFTER_SIGNING):
        for row, missing in enumerate(blank):
            _blank(at, missing, row)


def _blank(at: At, missing: Missing, row: int) -> None:
    place = re.sub(r"\[(\d+)\]", r".\1", missing.field)
    label = _label(place)
    st.markdown(f"{_named(label)} {say('Blank.')} {plain(say(missing.why))}")
    note(say("Who can supply it: {who}.", who=plain(say(WHO.get(missing.who, missing.who)))))
    if not at.can_change:
        return
    if general(place) not in questions() or not _has_room(at.view.content.facts, place):
        note(say("Fill it in on the letter page."))
        return
    if st.button(say("Fill in"), key=f"fill:{row}:{place}"):
        st.session_state[CHANGING] = place
    if st.session_state.get(CHANGING) == place:
        _fact_form(at, place, "", label)


def _fact_form(at: At, place: str, value: str, label: str) -> None:
    form = f"fact:{place}:{digest_of(value)[:12]}"
    with st.form(form):
        new = _ask(place, value, label, f"{form}:value")
        with st.container(horizontal=True):
            pressed = st.form_submit_button(say("Save"), type="primary")
            left = st.form_submit_button(say("Leave it as it is"))
    if left:
        st.session_state.pop(CHANGING, None)
        st.rerun()
    if pressed:
        facts = _with_fact(at.view.content.facts, place, new)
        _save(at, {"facts": facts}, say("{fact} is saved.", fact=label), place)


def _ask(place: str, value: str, label: str, key: str) -> str:
    field = questions().get(general(place)) or Field(place, label)
    name = say("{fact}: what it should say", fact=label)
    told = say(field.help) if field.help else None
    if field.kind == "choice":
        labels = {choice: say(words) for choice, words in field.choices}
        # a value that an import brought may be none of the choices
        labels.setdefault(value, value)
        options = list(labels)
        return (
            st.selectbox(
                name,
                options,
                options.index(value),
                format_func=labels.__getitem__,
                help=told,
                key=key,
            )
            or ""
        )
    if field.kind == "prose":
        return st.text_area(name, value, max_chars=20_000, help=told, key=key)
    return ask_line(name, value, max_chars=500, help=told, key=key)


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
    # never `plain` as the name of a box: a box is read out as it is written, backslashes and all
    other = OTHER_LABELS.get(general(place))
    row = re.search(r"\.(\d+)", place)
    if other is not None:
        return f"{say(other)} ({int(row[1]) + 1})" if row else say(other)
    label = label_of(place)
    with speaking(ENGLISH):
        if not _HINT.search(label_of(place)):
            return label
    # in every language the hint is what stands behind the first comma
    return label.partition(",")[0] + (f" ({int(row[1]) + 1})" if row else "")


def _named(label: str) -> str:
    return f"**{plain(label)}{'' if label.endswith('?') else ':'}**"


def _value_words(dataset: Dataset, place: str, value: str) -> str:
    """What is written there; a code as the words the letter page has for it."""
    field = questions().get(general(place))
    if field is not None and field.kind == "choice":
        words = dict(field.choices).get(value)
        return value if words is None else say(words)
    if place == "request.stage" and value in STAGES:
        return say(STAGES[value])
    if place == "diagnosis.condition_id" and value in dataset.conditions:
        return say(dataset.conditions[value].name)
    if place == "medication.medication_id":
        return say(value)  # the name, from the dataset
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
        return {"answers": ANSWERED, "current_medicines": NOW}[part]
    if place.startswith("evidence.studies"):
        return STUDIES
    return _titles().get(place) or _titles().get(part) or MORE


# -- asking for changes, signing -----------------------------------------------------------------


def _changes_section(at: At) -> None:
    if not at.may(Action.CASE_RETURN):
        return
    st.header(say("Ask for changes"), divider="gray")
    with st.form("review-return"):
        why = st.text_area(
            say("What should change?"), max_chars=2_000, key=f"review-why:{at.view.case_id}"
        )
        pressed = st.form_submit_button(say("Ask for changes"))
    if pressed:
        ask = at.office.cases.ask_for_changes
        _step(lambda: ask(at.actor, at.view.case_id, why), say("The office is asked for changes."))


def _sign_section(at: At, review: Review) -> None:
    st.header(say("Sign"), divider="gray")
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
    st.markdown(say("By signing you say: **{words}**", words=plain(INTENT)))
    if say(INTENT) != INTENT:
        # the letter and the record hold the English words
        note(say("That is: {words}", words=plain(say(INTENT))))
    st.markdown(
        say(
            "Then the letter is sealed with this certificate: {subject}.",
            subject=plain(certificate.subject),
        )
    )
    if certificate.trial:
        st.warning(
            say(
                "This is a trial certificate. It is good for trying out: it shows that a letter "
                "was not changed, but it proves nothing about who signed it."
            )
        )
    st.markdown(say("To sign, type exactly this:"))
    st.code(f"/s/ {name}", language=None)
    with st.form("review-sign"):
        typed = ask_line(
            say("Your signature"),
            placeholder=say("/s/ and your name"),
            max_chars=500,
            key=f"review-typed:{at.view.case_id}",
        )
        drawn = st.file_uploader(
            say("A picture of your drawn signature, if you like (PNG or JPEG)"),
            type=["png", "jpg", "jpeg"],
            max_upload_size=5,
            key=f"review-drawn:{at.view.case_id}",
        )
        pressed = st.form_submit_button(say("Sign this letter"), type="primary", disabled=not ready)
    if pressed and ready:
        picture = drawn.getvalue() if drawn else b""
        _sign(at, review, Signature(typed, picture, digest_of(review.text)))


def _still_open(left: int, blocked: int) -> str:
    if not blocked:
        return say("You can sign once nothing is open: {left} still to confirm.", left=number(left))
    if not left:
        return say(
            "You can sign once nothing is open: {blocked} to mend first.", blocked=number(blocked)
        )
    return say(
        "You can sign once nothing is open: {left} still to confirm and {blocked} to mend first.",
        left=number(left),
        blocked=number(blocked),
    )


def _sign(at: At, review: Review, signature: Signature) -> None:
    case_id = at.view.case_id
    try:
        with st.spinner(say("Signing ...")):
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
    _tell("success", say("The letter is signed."))


def _signed_section(at: At) -> None:
    signed = _signature_of(at.view)
    st.header(say("Signed"), divider="gray")
    if signed is None:
        st.markdown(
            say("This letter was signed on paper. Its copy is among the documents of the case.")
        )
        return
    st.markdown(
        say(
            "Signed by {name} (NPI {npi}) on {time}. The document's hash begins with {digest}.",
            name=plain(signed.name),
            npi=plain(signed.npi),
            time=moment(signed.at),
            digest=signed.document_digest[:12],
        )
    )
    read = at.office.papers.read
    offer(
        say("Get the signed letter"),
        lambda: read(at.actor, signed.document_id)[1],
        "signed-letter.pdf",
        "application/pdf",
    )
    note(say("To check it later: page Check a signature. A change makes a new, unsigned version."))


page()
