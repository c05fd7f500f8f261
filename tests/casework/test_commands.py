"""Every deed by its name: JSON in, JSON out, and one sentence for what does not fit."""

import base64
import io
import json
import zipfile
from contextlib import nullcontext

import pytest

from compound_coverage.casework import handoffs
from compound_coverage.casework.access import Forbidden, Role
from compound_coverage.casework.commands import CommandError, deeds, do, values_of
from compound_coverage.casework.content import Content
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from tests.casework.test_signing import confirm_all

PDF = b"%PDF-1.7 \xfb\xef\xff made up"


@pytest.fixture
def url(sqlite_url):
    return sqlite_url


@pytest.fixture
def office(desk, bundled, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    return Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())


@pytest.fixture
def ask(office, practice):
    """Does a deed as a member with a role; both ways go through JSON text."""

    def asked(role, name, /, **values):
        who = practice.actor(role)
        done = do(office, who, name, values_of(json.dumps(values)))
        return json.loads(json.dumps(done))

    return asked


def packed(data):
    return base64.b64encode(data).decode()


def test_a_case_goes_its_whole_road_by_names_alone(ask, office, practice, content):
    staff, prescriber = Role.STAFF, Role.PRESCRIBER
    case_id = ask(staff, "cases/create", content=content.model_dump(mode="json"), why="By fax")
    ask(staff, "cases/assign", case_id=case_id, member_id=practice.prescriber.member_id)
    ask(staff, "cases/submit", case_id=case_id)
    ask(prescriber, "cases/ask_for_changes", case_id=case_id, why="The dose.")
    facts = content.facts | {"risk_if_untreated": "Sleep gets worse (made up)."}
    saved = ask(staff, "cases/save", case_id=case_id, base=1, content={"facts": facts})
    assert (saved["version"], saved["conflicts"]) == (2, [])
    assert ask(staff, "cases/version", case_id=case_id, number=1)["facts"] != facts
    marked = ask(staff, "cases/mark_chart", case_id=case_id, base=2, digests={})
    assert marked["version"] == 2
    ask(staff, "cases/submit", case_id=case_id)
    view = ask(prescriber, "cases/read", case_id=case_id)
    assert (view["state"], view["assigned_id"]) == ("in_review", practice.prescriber.member_id)
    version = confirm_all(office, practice.prescriber, case_id)
    signed = ask(
        prescriber, "cases/sign", case_id=case_id, base=version, typed="/s/ Example Prescriber"
    )
    paper, pdf = ask(staff, "documents/read", document_id=signed["document_id"])
    assert paper["kind"] == "signed"
    found = ask(Role.AUDITOR, "documents/verify", pdf=pdf)
    assert found["as_signed"] is True
    packet = ask(staff, "cases/packet", case_id=case_id, cover=False)
    assert ask(staff, "documents/read", document_id=packet)[0]["kind"] == "packet"
    ask(staff, "cases/send", case_id=case_id, sent_on="2026-11-24", how="By fax")
    ask(staff, "cases/call", case_id=case_id, with_whom="The plan", said="Wait.", reference="R-1")
    denied = {"outcome": "denied", "decided_on": "2026-12-01", "reason": "Not on the list"}
    ask(staff, "cases/decide", case_id=case_id, decision=denied)
    appeal = ask(staff, "cases/appeal", case_id=case_id, letter_type="internal_appeal")
    states = {row["case_id"]: row["state"] for row in ask(staff, "cases/list")}
    assert states == {case_id: "appealed", appeal: "draft"}
    counts = ask(Role.MANAGER, "cases/counts")
    assert (counts["cases"], counts["by_outcome"]) == (2, {"denied": 1})
    assert "case.sign" in {entry["action"] for entry in ask(Role.AUDITOR, "audit/entries")}
    assert ask(Role.AUDITOR, "audit/faults") == []


def test_what_is_drawn_for_a_signature_comes_as_base64(ask, content):
    case_id = ask(Role.STAFF, "cases/create", content=content.model_dump(mode="json"))
    ask(Role.STAFF, "cases/submit", case_id=case_id)
    with pytest.raises(CommandError, match="'drawn' must be base64"):
        ask(Role.PRESCRIBER, "cases/sign", case_id=case_id, base=1, typed="/s/ X", drawn="?")


def test_bytes_come_back_as_they_were_given(ask, content):
    case_id = ask(Role.STAFF, "cases/create", content=content.model_dump(mode="json"))
    given = {"case_id": case_id, "kind": "chart", "name": "a.pdf", "content": packed(PDF)}
    paper = ask(Role.STAFF, "documents/keep", **given)
    assert ask(Role.STAFF, "documents/read", document_id=paper)[1] == packed(PDF)
    zipped = base64.b64decode(ask(Role.MANAGER, "patients/export", case_id=case_id), validate=True)
    with zipfile.ZipFile(io.BytesIO(zipped)) as files:
        assert files.read(f"documents/{paper}.pdf") == PDF
    proof = ask(Role.MANAGER, "patients/erase", case_id=case_id, why="The patient asked for it.")
    assert proof["rows_after"] == 0


def test_people_are_looked_after_by_names(ask):
    one = {"name": "New One", "email": "new@north.example", "roles": ["staff", "auditor"]}
    member_id = ask(Role.MANAGER, "members/add", **one)
    changed = {"name": "Newer One", "roles": ["staff"], "ended": True}
    ask(Role.MANAGER, "members/change", member_id=member_id, **changed)
    (member,) = [m for m in ask(Role.STAFF, "members/list") if m["member_id"] == member_id]
    assert (member["name"], member["roles"], member["ended"]) == ("Newer One", ["staff"], True)
    assert ask(Role.MANAGER, "retention/due") == []
    assert ask(Role.MANAGER, "retention/run", dry_run=True) == {"due": [], "proof": None}


def test_a_draft_left_under_a_code_is_taken_by_name(ask, desk):
    code = handoffs.leave(desk, Content(facts={"patient": {"name": "Example Patient"}}))
    taken = ask(Role.STAFF, "handoffs/take", code=code.lower())
    assert taken["facts"] == {"patient": {"name": "Example Patient"}}


def test_rights_are_asked_as_ever(office, practice, ask, case_id):
    with pytest.raises(Forbidden):
        ask(Role.AUDITOR, "cases/read", case_id=case_id)
    for name in ("cases/list", "members/list", "audit/entries"):
        with pytest.raises(Forbidden):
            do(office, None, name, {})


BAD = [
    ("cases/burn", {}, "There is no 'cases/burn'; use one of cases/create"),
    ("", {}, "There is no ''"),
    ("x" * 500, {}, f"There is no '{'x' * 60}';"),
    ("cases/read", {}, "cases/read can't be done: case_id: Missing required argument"),
    ("cases/read", {"case_id": 7}, "case_id: Input should be a valid string"),
    ("cases/read", {"case_id": "a", "actor": {}}, "actor: Unexpected keyword argument"),
    ("cases/read", {"case_id": "a", "colour": 1}, "colour: Unexpected keyword argument"),
    ("members/list", {"desk": 1}, "desk: "),
    ("cases/save", {"case_id": "a", "base": "one", "content": {}}, "base: "),
    ("cases/save", {"case_id": "a", "base": 1, "content": {"text": 7}}, "content.text: "),
    ("members/add", {"name": "A", "email": "a@b", "roles": ["king"]}, "Input should be 'staff'"),
    ("documents/verify", {"pdf": "no base64!"}, "'pdf' must be base64."),
    ("documents/verify", {"pdf": "ключ"}, "'pdf' must be base64."),
    ("documents/verify", {"pdf": ["a"]}, "'pdf' must be base64."),
]


@pytest.mark.parametrize(("name", "values", "told"), BAD, ids=[told for _, _, told in BAD])
def test_what_does_not_fit_is_told_in_one_sentence(ask, name, values, told):
    with pytest.raises(CommandError) as error:
        ask(Role.MANAGER if name == "members/add" else Role.STAFF, name, **values)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


NOT_VALUES = [
    ("[]", "one JSON object"),
    ("null", "one JSON object"),
    ("{", "not JSON"),
    ('{"a": NaN}', "not JSON"),
    ('{"a": -Infinity}', "not JSON"),
    (b'{"a": "\xff"}', "not JSON"),
    ('{"a": ' + "9" * 5000 + "}", "not JSON"),
    ("[" * 100_000, "not JSON"),
    (r'{"a": "\ud800"}', "not JSON"),
    (r'{"a": "\u0000"}', "NUL"),
    (r'{"\u0000": 1}', "NUL"),
    (r'{"a": "\\\u0000"}', "NUL"),
]


@pytest.mark.parametrize(("text", "told"), NOT_VALUES, ids=range(len(NOT_VALUES)))
def test_what_no_deed_can_take_is_told_in_one_sentence(text, told):
    with pytest.raises(CommandError, match=told) as error:
        values_of(text)
    assert "\n" not in str(error.value)


def test_a_backslash_before_a_u_is_no_nul():
    assert values_of(r'{"a": "\\u0000", "b": "\ud83d\ude00"}') == {"a": r"\u0000", "b": "😀"}


def test_facts_nested_too_deep_are_told_in_one_sentence(ask):
    facts: dict[str, object] = {}
    for _ in range(900):
        facts = {"a": facts}
    with pytest.raises(ValueError, match="too often"):
        ask(Role.STAFF, "cases/create", content={"facts": facts})


def test_every_deed_takes_the_actor_first_and_no_deed_names_one(office):
    for name, deed in deeds(office).items():
        assert callable(deed), name
        assert name.count("/") == 1
