"""Casework over HTTP: who may do what, by the sign-in cookie; one plain sentence for a no."""

import base64
import csv
import json
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from compound_coverage.casework import handoffs, people
from compound_coverage.casework.access import Action, Role
from compound_coverage.casework.commands import deeds
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRingError, make_key_file
from compound_coverage.casework.office import Office
from compound_coverage.casework.sealed import new_code
from compound_coverage.casework.settings import Settings
from compound_coverage.database import StoreError
from compound_coverage.letters.casefile import example_case
from dashboard import identity
from dashboard.downloads import ROUTE
from dashboard.routes import office_routes
from tests.casework.conftest import NPI, OTHER_NPI, Clock, Practice, claims_of
from tests.server.conftest import TestClient

SECRET = "0f8c2e6b1d4a9735" * 3
PDF = base64.b64encode(b"%PDF-1.7 made up").decode()
MATRIX = Path(__file__).parents[1] / "casework" / "matrix.csv"

with MATRIX.open(encoding="utf-8", newline="") as table:
    ALLOWED = {
        row["action"]: {role for role in Role if row[role] == "x"} for row in csv.DictReader(table)
    }

DENIED = {"outcome": "denied", "decided_on": "2026-11-24"}
# Each deed: its line in the table, and values; CASE, PAPER and MEMBER stand for ids.
CASE, PAPER, MEMBER = "<case>", "<paper>", "<member>"
DEEDS: dict[str, tuple[str, dict[str, object]]] = {
    "cases/create": ("case.create", {"content": {}}),
    "cases/list": ("case.list", {}),
    "cases/counts": ("counts.read", {}),
    "cases/read": ("case.read", {"case_id": CASE}),
    "cases/version": ("case.read", {"case_id": CASE, "number": 1}),
    "cases/save": ("case.edit", {"case_id": CASE, "base": 1, "content": {"text": "New."}}),
    "cases/mark_chart": ("case.edit", {"case_id": CASE, "base": 1, "digests": {}}),
    "cases/confirm": ("case.confirm", {"case_id": CASE, "base": 1, "digests": {}}),
    "cases/assign": ("case.assign", {"case_id": CASE, "member_id": MEMBER}),
    "cases/submit": ("case.submit", {"case_id": CASE}),
    "cases/ask_for_changes": ("case.return", {"case_id": CASE, "why": "The dose."}),
    "cases/sign": ("case.sign", {"case_id": CASE, "base": 1, "typed": "/s/ Example"}),
    "cases/send": ("case.send", {"case_id": CASE, "sent_on": "2026-11-24", "how": "by fax"}),
    "cases/decide": ("case.decide", {"case_id": CASE, "decision": DENIED}),
    "cases/appeal": ("case.appeal", {"case_id": CASE, "letter_type": "internal_appeal"}),
    "cases/packet": ("case.file", {"case_id": CASE}),
    "cases/call": ("case.call", {"case_id": CASE, "with_whom": "The plan", "said": "Wait."}),
    "documents/keep": (
        "case.file", {"case_id": CASE, "kind": "chart", "name": "a.pdf", "content": PDF},
    ),
    "documents/keep_signed_by_hand": (
        "case.file", {"case_id": CASE, "name": "a.pdf", "content": PDF},
    ),
    "documents/read": ("document.read", {"document_id": PAPER}),
    "documents/verify": ("document.verify", {"pdf": PDF}),
    "handoffs/take": ("case.create", {"code": new_code()}),
    "members/list": ("member.list", {}),
    "members/add": (
        "member.change", {"name": "New One", "email": "new@x.example", "roles": ["staff"]},
    ),
    "members/change": (
        "member.change", {"member_id": MEMBER, "name": "Same One", "roles": ["staff"]},
    ),
    "patients/export": ("case.export", {"case_id": CASE}),
    "patients/erase": ("case.erase", {"case_id": CASE, "why": "The patient asked for it."}),
    "retention/due": ("retention.run", {}),
    "retention/run": ("retention.run", {"dry_run": True}),
    "audit/entries": ("audit.read", {}),
    "audit/faults": ("audit.read", {}),
}  # fmt: skip


class World:
    """Two practices behind the routes; ``post`` asks as somebody, by their cookie."""

    def __init__(self, folder, bundled, **chosen):
        self.clock = Clock()
        engine = open_casework(f"sqlite:///{folder / 'store.sqlite'}")
        self.desk = Desk(engine, make_key_file(folder / "keys.json"), self.clock)
        lists = lambda: nullcontext(None)  # noqa: E731
        self.office = Office(self.desk, lambda: bundled, lists, Settings(**chosen))
        self.client = TestClient(
            Starlette(routes=[ROUTE, *office_routes(lambda: self.office)]),
            base_url="https://coverage.example",
            follow_redirects=False,
        )

    def settle(self):
        self.north, self.south = (Practice(self.desk, *one) for one in (("north", NPI), SOUTH))
        facts = example_case()
        facts["prescriber"]["npi"] = NPI
        self.case_id = self.office.cases.create(self.north.staff, Content(facts=facts))
        self.paper_id = self.office.papers.keep(
            self.north.staff, self.case_id, "chart", "päper 1/2.pdf", b"%PDF-1.7 made up"
        )
        return self

    def cookie(self, role, place="north", **claims):
        told = claims_of(f"{role}@{place}.example", self.clock.time, is_logged_in=True, **claims)
        return create_signed_value(SECRET, USER_COOKIE_NAME, json.dumps(told)).decode()

    def post(self, path, values=None, cookie="", **options):
        headers = {"cookie": f"{USER_COOKIE_NAME}={cookie}"} if cookie else {}
        if "content" not in options:
            options["json"] = {} if values is None else values
        return self.client.post(
            f"/office/{path}", headers=headers | options.pop("headers", {}), **options
        )

    def get(self, path, cookie=""):
        headers = {"cookie": f"{USER_COOKIE_NAME}={cookie}"} if cookie else {}
        return self.client.get(path, headers=headers)

    def values(self, name):
        ids = {CASE: self.case_id, PAPER: self.paper_id, MEMBER: self.north.staff.member_id}
        return {
            key: ids.get(value, value) if isinstance(value, str) else value
            for key, value in DEEDS[name][1].items()
        }


SOUTH = ("south", OTHER_NPI)


@contextmanager
def settled(folder, bundled):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMPOUND_COVERAGE_HOME", str(folder / "home"))
        patched.setattr(identity, "get_cookie_secret", lambda: SECRET)
        built = World(folder, bundled, mode="office").settle()
        yield built
        built.desk.engine.dispose()


@pytest.fixture
def world(tmp_path, bundled):
    with settled(tmp_path, bundled) as built:
        yield built


@pytest.fixture(scope="module")
def still(tmp_path_factory, bundled):
    """A world for what changes nothing, because all of it is refused."""
    with settled(tmp_path_factory.mktemp("still"), bundled) as built:
        yield built


def told(response):
    """The one sentence of a refusal; nothing else may be in the answer."""
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"error"}
    text = response.json()["error"]
    for inside in ("Traceback", 'File "', ".py", "sqlalchemy", "sqlite3", "object at 0x"):
        assert inside not in text, text
    assert "\n" not in text
    assert text.endswith(".")
    return text


def about_something(name):
    return {CASE, PAPER, MEMBER} & {
        value for value in DEEDS[name][1].values() if isinstance(value, str)
    }


# -- who may do what ---------------------------------------------------------------------------


def test_every_deed_has_its_line_in_the_table_above(still):
    assert set(DEEDS) == set(deeds(still.office))
    assert {action for action, _ in DEEDS.values()} <= {action.value for action in Action}


@pytest.mark.parametrize("name", DEEDS)
def test_each_deed_is_open_over_http_to_whom_the_table_says(world, name):
    for role in Role:
        answer = world.post(name, world.values(name), world.cookie(role))
        allowed = role in ALLOWED[DEEDS[name][0]]
        assert (answer.status_code != 403) is allowed, (role, answer.text)
        assert answer.status_code in (200, 400, 403, 409), (role, answer.text)
        if answer.status_code != 200:
            told(answer)


@pytest.mark.parametrize("name", [name for name in DEEDS if about_something(name)])
def test_no_deed_reaches_another_practice_and_the_no_says_nothing(still, name):
    nothing = {
        key: "0" * 24 if value in (still.case_id, still.paper_id) else value
        for key, value in still.values(name).items()
    }
    for role in Role:
        if name == "cases/assign":
            nothing["member_id"] = getattr(still.south, role).member_id
        foreign = still.post(name, still.values(name), still.cookie(role, "south"))
        assert foreign.status_code == 403, role
        assert told(foreign) == told(still.post(name, nothing, still.cookie(role, "south")))


@pytest.mark.parametrize("name", DEEDS)
def test_nobody_may_anything(still, name):
    answer = still.post(name, still.values(name))
    assert answer.status_code == 401
    assert told(answer)


def test_a_prescriber_of_the_practice_who_is_not_of_record_may_not_sign(world):
    people.add_member(
        world.desk, world.north.manager, "Another", "another@north.example",
        [Role.PRESCRIBER], OTHER_NPI,
    )  # fmt: skip
    world.post("cases/submit", {"case_id": world.case_id}, world.cookie("staff"))
    for name in ("cases/sign", "cases/confirm"):
        values = world.values(name)
        assert world.post(name, values, world.cookie("another")).status_code == 403
        assert world.post(name, values, world.cookie("prescriber")).status_code in (200, 409)


# -- the cookie --------------------------------------------------------------------------------


def forged(world):
    good = world.cookie("staff")
    body, _, signature = good.rpartition(".")
    told_staff = json.dumps(claims_of("staff@north.example", world.clock.time, is_logged_in=True))
    none_logged_in = json.dumps({**json.loads(told_staff), "is_logged_in": False})
    return {
        "another secret": create_signed_value("another" * 8, USER_COOKIE_NAME, told_staff),
        "another cookie's name": create_signed_value(SECRET, "_streamlit_xsrf", told_staff),
        "changed signature": f"{body}.{signature[::-1]}",
        "changed words": f"{body[:-3]}AAA.{signature}",
        "not signed": base64.b64encode(told_staff.encode()),
        "nothing signed": create_signed_value(SECRET, USER_COOKIE_NAME, ""),
        "a list": create_signed_value(SECRET, USER_COOKIE_NAME, json.dumps([told_staff])),
        "signed out by Streamlit": create_signed_value(SECRET, USER_COOKIE_NAME, none_logged_in),
        "an e-mail nobody verified": world.cookie("staff", email_verified=False, sub="other"),
        "an e-mail of nobody here": world.cookie("nobody"),
        "another account with a member's e-mail": world.cookie("staff", sub="somebody-else"),
        "no time": world.cookie("staff", exp=None),
        "a time that is none": world.cookie("staff", exp="tomorrow"),
        "words in another alphabet": "ключ",
    }


def test_a_cookie_that_is_not_a_members_is_nobody(still):
    for what, cookie in forged(still).items():
        value = cookie.decode() if isinstance(cookie, bytes) else cookie
        answer = still.client.post(
            "/office/cases/list", json={},
            headers={"cookie": f"{USER_COOKIE_NAME}={value}".encode()},
        )  # fmt: skip
        assert answer.status_code == 401, what
        assert told(answer)


def test_a_cookie_signed_long_ago_is_nobody(still, monkeypatch):
    with monkeypatch.context() as long_ago:
        long_ago.setattr("itsdangerous.timed.time.time", lambda: 0)
        old = still.cookie("staff")
    assert time.time() > 1e9
    assert still.post("cases/list", cookie=old).status_code == 401
    assert still.post("cases/list", cookie=still.cookie("staff")).status_code == 200


def test_without_a_secret_every_cookie_is_nobodys(still, monkeypatch):
    cookie = still.cookie("staff")
    monkeypatch.setattr(identity, "get_cookie_secret", lambda: "")
    assert still.post("cases/list", cookie=cookie).status_code == 401


ENDS = {
    "idle": ({"minutes": 16}, 0, "nothing was done"),
    "the whole day over": ({"minutes": 10}, 65, "day's sign-in is over"),
    "the token run out": ({"hours": 12}, 0, "has run out"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_sign_in_ends(world, end):
    by, clicks, words = ENDS[end]
    cookie = world.cookie("staff")
    assert world.post("cases/list", cookie=cookie).status_code == 200
    for _ in range(clicks):
        world.clock.turn(**by)
        answer = world.post("members/list", cookie=cookie)
        if answer.status_code == 401:
            break
    else:
        world.clock.turn(**by)
        answer = world.post("cases/list", cookie=cookie)
    assert answer.status_code == 401
    assert words in told(answer)
    assert world.post("cases/list", cookie=cookie).status_code == 401, "and stays ended"


def test_somebody_who_signs_out_is_out_in_every_tab(world):
    cookie = world.cookie("staff")
    assert world.post("cases/list", cookie=cookie).status_code == 200
    assert world.post("sign_out", cookie=cookie).json() == {"signed_out": True}
    assert world.post("sign_out", cookie=cookie).json() == {"signed_out": True}
    answer = world.post("cases/list", cookie=cookie)
    assert (answer.status_code, told(answer)) == (401, "You are signed out; sign in again.")
    assert world.post("sign_out").json() == {"signed_out": True}
    assert world.get(f"/office/documents/{world.paper_id}", cookie).status_code == 401


def test_a_member_who_left_is_out_at_once(world):
    cookie = world.cookie("staff")
    assert world.post("cases/list", cookie=cookie).status_code == 200
    left = {
        "member_id": world.north.staff.member_id,
        "name": "S",
        "roles": ["staff"],
        "ended": True,
    }
    assert world.post("members/change", left, world.cookie("manager")).status_code == 200
    assert world.post("cases/list", cookie=cookie).status_code == 401


# -- what is asked wrongly ---------------------------------------------------------------------

HUGE = 10**40
BAD = {
    "not JSON": (b"{", 400, "JSON"),
    "not UTF-8": (b'{"a": "\xff"}', 400, "JSON"),
    "a list": (b"[]", 400, "one JSON object"),
    "a number": (b"7", 400, "one JSON object"),
    "nothing but null": (b"null", 400, "one JSON object"),
    "a number that is none": (b'{"case_id": NaN}', 400, "JSON"),
    "a number without end": (b'{"case_id": ' + b"9" * 5000 + b"}", 400, "JSON"),
    "half a surrogate pair": (rb'{"case_id": "\ud800"}', 400, "JSON"),
    "a NUL": (rb'{"case_id": "\u0000"}', 400, "NUL"),
    "nested without end": (b'{"case_id": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400, "JSON"),
    "no values": (b"", 400, "case_id"),
    "a value too many": (b'{"case_id": "a", "colour": 1}', 400, "colour"),
    "who acts": (b'{"case_id": "a", "actor": {"member_id": "x"}}', 400, "actor"),
    "the object itself": (b'{"case_id": "a", "self": 1}', 400, "self"),
    "a list for an id": (b'{"case_id": []}', 400, "case_id"),
    "a backslash is no NUL": (rb'{"case_id": "\\u0000"}', 403, "not there"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_values_are_told_in_one_sentence(still, what):
    body, status, words = BAD[what]
    answer = still.post(
        "cases/read", cookie=still.cookie("staff"), content=body,
        headers={"content-type": "application/json; charset=utf-8"},
    )  # fmt: skip
    assert answer.status_code == status, answer.text
    assert words in told(answer)


WRONG = [
    ("cases/burn", {}, 400),
    ("cases/version", {"case_id": CASE, "number": HUGE}, 409),
    ("cases/version", {"case_id": CASE, "number": -1}, 409),
    ("cases/version", {"case_id": CASE, "number": "one"}, 400),
    ("cases/save", {"case_id": CASE, "base": HUGE, "content": {}}, 409),
    ("cases/save", {"case_id": CASE, "base": 1, "content": {"colour": 1}}, 400),
    ("cases/save", {"case_id": CASE, "base": 1, "content": {"facts": {"a": 10**400}}}, 200),
    ("cases/assign", {"case_id": CASE, "member_id": "nobody"}, 403),
    ("cases/send", {"case_id": CASE, "sent_on": "soon", "how": ""}, 409),
    ("cases/decide", {"case_id": CASE, "decision": {"outcome": "maybe", "decided_on": ""}}, 400),
    ("cases/call", {"case_id": CASE, "with_whom": "", "said": ""}, 409),
    ("documents/keep", {"case_id": CASE, "kind": "chart", "name": "a", "content": "?"}, 400),
    ("documents/keep", {"case_id": CASE, "kind": "chart", "name": "a", "content": 7}, 400),
    ("documents/keep", {"case_id": CASE, "kind": "chart", "name": "a", "content": ""}, 409),
    ("documents/keep", {"case_id": CASE, "kind": "packet", "name": "a", "content": PDF}, 400),
    ("documents/keep", {"case_id": CASE, "kind": "signed", "name": "a", "content": PDF}, 400),
    ("documents/read", {"document_id": "../../etc/passwd"}, 403),
    ("handoffs/take", {"code": "no code"}, 400),
]


@pytest.mark.parametrize(("name", "values", "status"), WRONG)
def test_wrong_values_are_told_in_one_sentence(still, name, values, status):
    values = {key: still.case_id if value == CASE else value for key, value in values.items()}
    answer = still.post(name, values, still.cookie("staff"))
    assert answer.status_code == status, answer.text
    if status != 200:
        assert told(answer)


def test_facts_nested_too_deep_are_refused_however_deep(still):
    for depth in (30, 300, 450, 700, 900):
        facts = '{"a":' * depth + "1" + "}" * depth
        body = f'{{"content": {{"facts": {facts}}}}}'
        answer = still.post(
            "cases/create", cookie=still.cookie("staff"), content=body,
            headers={"content-type": "application/json"},
        )  # fmt: skip
        assert answer.status_code == 400, depth
        assert told(answer)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_is_not_read(still, kind):
    answer = still.post(
        "cases/create", cookie=still.cookie("staff"), content=b"{}", headers={"content-type": kind}
    )
    assert answer.status_code == 415
    assert "application/json" in told(answer)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/office/cases/list"),
        ("PUT", "/office/cases/list"),
        ("DELETE", "/office/cases/list"),
        ("GET", "/office/sign_out"),
        ("POST", "/files/ticket"),
    ],
)
def test_another_method_is_not_allowed(still, method, path):
    assert still.client.request(method, path).status_code == 405


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_whatever_is_sent_the_answer_is_json_with_one_sentence(world, data):
    name = data.draw(st.sampled_from([*DEEDS, "cases/burn"]))
    if name != "cases/burn":
        world.clock.turn(seconds=1)
    values = dict(world.values(name)) if name in DEEDS else {}
    for key in [*values, "more"]:
        if data.draw(st.booleans()):
            values[key] = data.draw(ANYTHING)
    body = json.dumps(values).encode()
    if data.draw(st.integers(0, 9)) == 0:
        body = data.draw(st.binary(max_size=60))
    role = data.draw(st.sampled_from(["staff", "prescriber", "manager", "auditor"]))
    # people stay as they are, so that the next example can sign in
    if name in ("members/change", "patients/erase"):
        role = "staff"
    answer = world.post(
        name, cookie=world.cookie(role), content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (200, 400, 403, 409), answer.text
    if answer.status_code != 200:
        told(answer)


def test_what_the_server_lacks_is_503(still, monkeypatch):
    for error in (StoreError("The database did not answer."), KeyRingError("The key is missing.")):

        def lacking(error=error):
            raise error

        client = TestClient(Starlette(routes=office_routes(lacking)))
        signed_in = {"cookie": f"{USER_COOKIE_NAME}={still.cookie('staff')}"}
        asked = [
            client.post("/office/cases/list", json={}, headers=signed_in),
            client.get(f"/office/documents/{still.paper_id}", headers=signed_in),
            client.post("/office/sign_out", headers=signed_in),
        ]
        assert [answer.status_code for answer in asked] == [503] * 3
        assert [told(answer) for answer in asked] == [str(error)] * 3


# -- documents ---------------------------------------------------------------------------------


def test_a_document_comes_as_a_file_to_save(still):
    answer = still.get(f"/office/documents/{still.paper_id}", still.cookie("manager"))
    assert answer.status_code == 200
    assert answer.content == b"%PDF-1.7 made up"
    disposition = answer.headers["content-disposition"]
    assert disposition == "attachment; filename*=UTF-8''p%C3%A4per%201%2F2.pdf"


@pytest.mark.parametrize("role", Role)
def test_a_document_is_open_to_whom_the_table_says(still, role):
    path = f"/office/documents/{still.paper_id}"
    own = still.get(path, still.cookie(role))
    assert own.status_code == (200 if role in ALLOWED["document.read"] else 403)
    foreign, nothing = (
        still.get(one, still.cookie(role, "south"))
        for one in (path, f"/office/documents/{'0' * 24}")
    )
    assert foreign.status_code == nothing.status_code == 403
    assert told(foreign) == told(nothing)
    assert still.get(path).status_code == 401


@pytest.mark.parametrize(
    "typed",
    ["..%2f..%2fetc%2fpasswd", "%00", "%2e%2e", "a%0d%0ab", "%ff", "x" * 2000, "'--", "read"],
)
def test_what_is_typed_for_a_document_opens_nothing(still, typed):
    answer = still.get(f"/office/documents/{typed}", still.cookie("manager"))
    assert answer.status_code in (403, 404)
    assert b"root:" not in answer.content


def test_a_program_takes_back_the_bytes_it_was_given(world):
    every_byte = base64.b64encode(bytes(range(256)) * 3).decode()
    assert "+" in every_byte
    assert "/" in every_byte
    kept = world.post(
        "documents/keep",
        {"case_id": world.case_id, "kind": "other", "name": "a.bin", "content": every_byte},
        world.cookie("staff"),
    ).json()
    _, content = world.post("documents/read", {"document_id": kept}, world.cookie("staff")).json()
    assert content == every_byte


# -- on a laptop -------------------------------------------------------------------------------


def test_on_a_laptop_the_owner_needs_no_cookie(tmp_path, bundled, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    laptop = World(tmp_path, bundled)
    content = {"facts": example_case()}
    case_id = laptop.post("cases/create", {"content": content}).json()
    rows = laptop.post("cases/list").json()
    assert [row["case_id"] for row in rows] == [case_id]
    code = handoffs.leave(laptop.desk, Content(facts={"patient": {"name": "Example Patient"}}))
    taken = laptop.post("handoffs/take", {"code": code}).json()
    assert taken["facts"] == {"patient": {"name": "Example Patient"}}
    assert laptop.post("sign_out").json() == {"signed_out": True}
    assert laptop.post("cases/list").status_code == 200
    laptop.desk.engine.dispose()
