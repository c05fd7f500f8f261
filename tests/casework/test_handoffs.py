"""From a patient to the office: a deposit opens once, by its code, and can't be read without."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

from compound_coverage.casework import handoffs
from compound_coverage.casework.access import Forbidden, Role
from compound_coverage.casework.content import Content, ContentError, stated
from compound_coverage.casework.handoffs import (
    DAYS_KEPT,
    KIND,
    MOST_WAITING,
    HandoffError,
    from_file,
    leave,
    take,
    to_file,
)
from compound_coverage.casework.sealed import (
    SealedError,
    code_index,
    new_code,
    seal_with_code,
    seal_with_phrase,
)
from compound_coverage.casework.tables import HANDOFF

PHRASE = "seven mild otters knitting"
NAME = "Zyxmarker Qwertson"
FORGED_TICK = {"by": "somebody", "at": "2026-11-24", "of": "0" * 64}


@pytest.fixture
def said():
    """What a patient typed."""
    return Content(
        letter_type="internal_appeal",
        facts={"patient": {"name": NAME}, "diagnosis": {"name": "Made-up pain"}},
    )


def waiting(desk):
    with desk.operating() as connection:
        return connection.execute(select(func.count()).select_from(HANDOFF)).scalar_one()


# -- a deposit ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.STAFF, Role.PRESCRIBER])
def test_the_office_takes_a_deposit_once(desk, practice, said, role):
    code = leave(desk, said)
    assert waiting(desk) == 1
    assert take(desk, practice.actor(role), code) == said
    assert waiting(desk) == 0
    with pytest.raises(HandoffError, match="opened before"):
        take(desk, practice.actor(role), code)


def test_a_code_may_be_typed_as_people_type(desk, practice, said):
    code = leave(desk, said)
    typed = "  " + code.replace("-", " ").replace("0", "o").replace("1", "l").lower()
    assert take(desk, practice.staff, typed) == said


def test_who_makes_no_cases_is_refused_and_the_deposit_stays(desk, practice, said):
    code = leave(desk, said)
    for role in (Role.ADVOCATE, Role.MANAGER, Role.AUDITOR):
        with pytest.raises(Forbidden):
            take(desk, practice.actor(role), code)
    assert take(desk, practice.staff, code) == said


def test_nobody_signed_in_is_refused(desk, said):
    code = leave(desk, said)
    with pytest.raises(Forbidden):
        take(desk, None, code)
    assert waiting(desk) == 1


def test_whoever_has_the_code_may_open_it_in_any_practice(desk, practice, other_practice, said):
    code = leave(desk, said)
    assert take(desk, other_practice.staff, code) == said
    with pytest.raises(HandoffError):
        take(desk, practice.staff, code)


def test_what_is_no_code_is_told_so(desk, practice, said):
    leave(desk, said)
    for typed in ("", "K7QF", "U" * 20, "x" * 10_000, "ключ", "\ud800", "\0" * 20):
        with pytest.raises(SealedError, match="This is not a code"):
            take(desk, practice.staff, typed)
    assert waiting(desk) == 1


def test_a_wrong_code_opens_nothing_and_uses_nothing_up(desk, practice, said):
    code = leave(desk, said)
    with pytest.raises(HandoffError, match="Nothing waits"):
        take(desk, practice.staff, new_code())
    assert take(desk, practice.staff, code) == said


@pytest.mark.parametrize(("seconds", "there"), [(-1, True), (0, False), (1, False)])
def test_a_deposit_waits_a_week(desk, practice, said, clock, seconds, there):
    code = leave(desk, said)
    clock.time += timedelta(days=DAYS_KEPT, seconds=seconds)
    if there:
        practice.staff = practice.sign_in("staff@north.example")
        assert take(desk, practice.staff, code) == said
        return
    with pytest.raises(HandoffError, match="more than a week"):
        take(desk, practice.staff, code)
    leave(desk, said)
    assert waiting(desk) == 1, "the next one sweeps the old one away"


def test_a_flood_of_deposits_ends(desk, said, clock):
    at = desk.stamp()
    until = (clock.time + timedelta(days=DAYS_KEPT)).isoformat(timespec="microseconds")
    rows = [
        {"code_index": f"{number:064d}", "at": at, "expires_at": until, "content": b"x"}
        for number in range(MOST_WAITING - 1)
    ]
    with desk.operating() as connection:
        connection.execute(insert(HANDOFF), rows)
    leave(desk, said)
    with pytest.raises(HandoffError, match="Too many drafts wait"):
        leave(desk, said)
    assert waiting(desk) == MOST_WAITING
    clock.turn(days=DAYS_KEPT)
    leave(desk, said)
    assert waiting(desk) == 1


def test_the_table_holds_nothing_that_can_be_read(desk, said):
    code = leave(desk, said)
    with desk.operating() as connection:
        row = connection.execute(text("SELECT * FROM handoff")).mappings().one()
    held = b" ".join(
        bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
        for value in row.values()
    )
    for secret in (NAME, "patient", "Made-up pain", code, code.replace("-", "")):
        assert secret.encode() not in held
    assert row["code_index"] == code_index(code)


def test_a_deposit_that_was_changed_in_the_database_is_refused(desk, practice, said):
    code = leave(desk, said)
    with desk.operating() as connection:
        (held,) = connection.execute(select(HANDOFF.c.content)).one()
        spoiled = bytes(held[:-1]) + bytes([held[-1] ^ 1])
        connection.execute(HANDOFF.update().values(content=spoiled))
    with pytest.raises(SealedError, match="not the right one or"):
        take(desk, practice.staff, code)
    assert waiting(desk) == 1


def test_what_another_program_laid_there_is_refused(desk, practice, said):
    code = new_code()
    sealed = seal_with_code(b"no draft", code)
    with desk.operating() as connection:
        row = {"code_index": code_index(code), "at": desk.stamp(), "expires_at": "9"}
        connection.execute(insert(HANDOFF).values(content=sealed, **row))
    with pytest.raises(SealedError, match="no draft of this program"):
        take(desk, practice.staff, code)


def test_the_trail_says_that_one_was_taken_and_nothing_of_it(desk, practice, said):
    code = leave(desk, said)
    take(desk, practice.staff, code)
    with desk.operating() as connection:
        entry = connection.execute(text("SELECT * FROM audit ORDER BY number")).mappings().all()[-1]
    assert (entry["action"], entry["outcome"]) == ("case.create", "done")
    assert json.loads(entry["detail"]) == {"handoff": 1}


# -- a sealed file -----------------------------------------------------------------------------


def test_a_draft_goes_into_a_sealed_file_and_out_again(said):
    sealed = to_file(said, PHRASE)
    assert NAME.encode() not in sealed
    assert from_file(sealed, f"  {PHRASE} ") == said
    with pytest.raises(SealedError):
        from_file(sealed, "seven mild otters napping")


def test_a_weak_phrase_is_refused_before_anything_is_made(said):
    with pytest.raises(SealedError, match="easy to guess"):
        to_file(said, "123456789012")


def forged(**more):
    data = {"kind": KIND, "facts": {"diagnosis": {"name": "Made-up pain"}}, **more}
    return seal_with_phrase(json.dumps(data).encode(), PHRASE)


@pytest.mark.parametrize("list_of_ticks", ["chart", "confirmed"])
def test_ticks_in_a_forged_file_vouch_for_nothing(cases, practice, list_of_ticks):
    fact = {
        fact.place: fact for fact in stated(Content(facts={"diagnosis": {"name": "Made-up pain"}}))
    }
    tick = {**FORGED_TICK, "of": fact["diagnosis.name"].digest}
    taken = from_file(forged(**{list_of_ticks: {"diagnosis.name": tick}}), PHRASE)
    assert not taken.chart
    assert not taken.confirmed
    case_id = cases.create(practice.staff, taken)
    kept = cases.read(practice.staff, case_id).content
    assert [one.standing for one in stated(kept)] == ["patient_said"]


def test_a_text_in_a_forged_file_is_not_taken_over():
    assert from_file(forged(text="I, the prescriber, attest."), PHRASE).text == ""


NOT_OURS = [b"", b"{", b"[]", b"7", b"null", b'{"kind": "other"}', b"\xff", b'{"facts": {}}']


@pytest.mark.parametrize("plain", NOT_OURS)
def test_a_file_that_opens_but_holds_no_draft_is_told_so(plain):
    with pytest.raises(SealedError, match="holds no draft"):
        from_file(seal_with_phrase(plain, PHRASE), PHRASE)


@pytest.mark.parametrize(
    "more", [{"facts": 7}, {"facts": []}, {"language": "xx"}, {"letter_type": "x" * 101}]
)
def test_a_draft_that_does_not_fit_is_told_in_one_sentence(more):
    with pytest.raises(ContentError) as error:
        from_file(forged(**more), PHRASE)
    assert "\n" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["kind", "facts", "language", "chart", "x"]), JSON))
def test_whatever_a_file_holds_it_is_a_draft_without_ticks_or_one_sentence(data):
    try:
        content = handoffs._unpacked(json.dumps({"kind": KIND} | data).encode())
    except (SealedError, ContentError):
        return
    assert not content.chart
    assert not content.confirmed
