"""The casework commands: exit codes, one sentence on standard error, JSON, and no traceback."""

import base64
import io
import json
import os
import zipfile

import pytest
from sqlalchemy import create_engine, delete, update

from compound_coverage.casework import pades, people
from compound_coverage.casework.office import open_office
from compound_coverage.casework.settings import settings
from compound_coverage.casework.tables import AUDIT, AUDIT_HEAD
from compound_coverage.cli import main
from compound_coverage.cli_common import imported
from compound_coverage.dataset.load import BUNDLED
from compound_coverage.letters.casefile import example_case

PHRASE = "seven mild otters knitting"
NPI = "1234567893"
WHY = "Sign-in is down and the pharmacy waits."
SUBCOMMANDS = [
    "do", "seal", "unseal", "verify", "certificate", "practice", "keys", "audit", "backup",
    "restore", "break-glass",
]  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A laptop of its own: no settings, a data folder in the test's own."""
    for name in list(os.environ):
        if name.startswith("COMPOUND_COVERAGE_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(capsys):
    def command(*words, code=0):
        found = main(["--data", str(BUNDLED), "casework", *map(str, words)])
        captured = capsys.readouterr()
        assert found == code, captured.err
        assert "Traceback" not in captured.out + captured.err
        if code == 2:
            assert captured.out == ""
            assert captured.err.count("\n") == 1
            return captured.err
        assert captured.err == ""
        return captured.out

    return command


@pytest.fixture
def do(run, tmp_path):
    """Does a deed; returns what its JSON says."""
    numbers = iter(range(1000))

    def deed(name, /, **values):
        path = tmp_path / f"values-{next(numbers)}.json"
        path.write_text(json.dumps(values), encoding="utf-8")
        return json.loads(run("do", name, "--input", path))

    return deed


@pytest.fixture
def facts():
    data = example_case()
    data["prescriber"]["npi"] = NPI
    return data


@pytest.fixture
def case_id(do, facts):
    return do("cases/create", content={"facts": facts})


@pytest.fixture
def phrase(tmp_path):
    path = tmp_path / "phrase"
    path.write_text(PHRASE + "\n", encoding="utf-8")
    return path


def test_each_command_has_its_help(capsys):
    for name in SUBCOMMANDS:
        with pytest.raises(SystemExit) as ended:
            main(["casework", name, "--help"])
        assert ended.value.code == 0
        assert "usage:" in capsys.readouterr().out


# -- deeds -------------------------------------------------------------------------------------


def test_a_case_goes_along_by_deeds(do, run, case_id, monkeypatch):
    assert [row["case_id"] for row in do("cases/list")] == [case_id]
    assert json.loads(run("do", "cases/counts"))["by_state"] == {"draft": 1}
    do("cases/submit", case_id=case_id)
    do("cases/call", case_id=case_id, with_whom="The plan", said="They got it.")
    pdf = base64.b64encode(b"%PDF \xff\xfe\xfb made up").decode()
    paper = do("documents/keep", case_id=case_id, kind="chart", name="a.pdf", content=pdf)
    assert do("documents/read", document_id=paper)[1] == pdf
    view = do("cases/read", case_id=case_id)
    assert (view["state"], len(view["calls"]), len(view["papers"])) == ("in_review", 1, 1)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"case_id": case_id})))
    assert json.loads(run("do", "cases/read", "--input", "-"))["case_id"] == case_id


BAD_DEEDS = [
    ("cases/burn", "{}", "There is no 'cases/burn'"),
    ("cases/read", "[]", "one JSON object"),
    ("cases/read", "{", "not JSON"),
    ("cases/read", "{}", "case_id"),
    ("cases/read", '{"case_id": "0"}', "You can't do this here"),
    ("cases/create", r'{"content": {"text": "\ud800"}}', "not JSON"),
    ("documents/verify", '{"pdf": "?"}', "'pdf' must be base64"),
]


@pytest.mark.parametrize(("name", "text", "told"), BAD_DEEDS)
def test_a_deed_that_can_not_be_done_is_one_sentence(run, tmp_path, name, text, told):
    path = tmp_path / "values.json"
    path.write_text(text, encoding="utf-8")
    assert told in run("do", name, "--input", path, code=2)


def test_a_file_of_values_that_is_none_is_one_sentence(run, tmp_path):
    assert "can't be used" in run("do", "cases/read", "--input", tmp_path / "none", code=2)
    (tmp_path / "latin").write_bytes(b'{"a": "\xe4"}')
    assert run("do", "cases/read", "--input", tmp_path / "latin", code=2)


def test_in_an_office_a_deed_has_its_person_so_none_is_done_here(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_MODE", "office")
    monkeypatch.setenv("COMPOUND_COVERAGE_PUBLIC_URL", "https://coverage.example")
    monkeypatch.setenv("COMPOUND_COVERAGE_KEYS", str(tmp_path / "keys.json"))
    run("keys", "new")
    assert "use the pages or /office" in run("do", "cases/list", code=2)


# -- sealed files ------------------------------------------------------------------------------


def test_a_case_is_sealed_and_unsealed(run, tmp_path, phrase, facts):
    case, sealed, back = (tmp_path / name for name in ("case.json", "c.sealed", "back.json"))
    case.write_text(json.dumps(facts), encoding="utf-8")
    run(
        "seal",
        "--case",
        case,
        "--type",
        "internal_appeal",
        "--out",
        sealed,
        "--phrase-file",
        phrase,
    )
    assert b"Example Patient" not in sealed.read_bytes()
    run("unseal", sealed, "--out", back, "--phrase-file", phrase)
    told = json.loads(back.read_text(encoding="utf-8"))
    assert told["patient"]["name"] == "Example Patient"
    assert told["prescriber"]["npi"] == NPI


def test_without_a_file_the_phrase_is_asked_for_and_not_shown(run, tmp_path, facts, monkeypatch):
    case, sealed = tmp_path / "case.json", tmp_path / "c.sealed"
    case.write_text(json.dumps(facts), encoding="utf-8")
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda question: asked.append(question) or PHRASE)
    run("seal", "--case", case, "--out", sealed)
    run("unseal", sealed, "--out", tmp_path / "back.json")
    assert ["such as" in question for question in asked] == [True, False]


def test_what_can_not_be_sealed_or_unsealed_is_one_sentence(run, tmp_path, phrase, facts):
    case, sealed, out = (tmp_path / name for name in ("case.json", "c.sealed", "out"))
    case.write_text(json.dumps(facts), encoding="utf-8")
    phrase.write_text("123456789012", encoding="utf-8")
    words = ("--out", out, "--phrase-file", phrase)
    assert "easy to guess" in run("seal", "--case", case, *words, code=2)
    assert "can't be read" in run("seal", "--case", tmp_path / "none", *words, code=2)
    case.write_text("{", encoding="utf-8")
    assert run("seal", "--case", case, *words, code=2)
    sealed.write_bytes(b"not sealed")
    assert "not a sealed case" in run("unseal", sealed, *words, code=2)
    assert "can't be used" in run("unseal", tmp_path / "none", *words, code=2)
    assert not out.exists()


# -- signatures --------------------------------------------------------------------------------


@pytest.fixture
def signed(do, case_id, bundled):
    """A letter signed on this laptop by its owner, as bytes."""
    owner = do("members/list")[0]
    do("members/change", member_id=owner["member_id"], name="You", roles=owner["roles"], npi=NPI)
    do("cases/submit", case_id=case_id)
    office = open_office(lambda: bundled, imported, settings())
    actor = people.laptop_owner(office.desk)
    items = office.review(office.cases.read(actor, case_id).content).items
    office.desk.engine.dispose()
    digests = {item.place: item.digest for item in items}
    version = do("cases/confirm", case_id=case_id, base=1, digests=digests)["version"]
    one = do("cases/sign", case_id=case_id, base=version, typed="/s/ Example Prescriber")
    return base64.b64decode(do("documents/read", document_id=one["document_id"])[1])


def test_a_signed_letter_is_told_from_a_changed_and_an_unsigned_one(run, tmp_path, signed):
    whole, changed, plain = (tmp_path / f"{name}.pdf" for name in ("whole", "changed", "plain"))
    whole.write_bytes(signed)
    told = json.loads(run("verify", whole, "--json"))
    assert told["as_signed"] is True
    assert told["signature"]["npi"] == NPI
    assert told["told"].startswith("This document is as signed by Example Prescriber")
    assert told["told"] in run("verify", whole)
    changed.write_bytes(signed.replace(b"/Contents", b"/Contexts", 1))
    told = json.loads(run("verify", changed, "--json", code=1))
    assert (told["as_signed"], told["signature"]) == (False, None)
    changed.write_bytes(signed + b"\n%more")
    assert json.loads(run("verify", changed, "--json", code=1))["as_signed"] is False
    plain.write_bytes(b"%PDF-1.7 made up")
    assert json.loads(run("verify", plain, "--json", code=1))["seal"]["found"] is False
    assert "can't be used" in run("verify", tmp_path / "none.pdf", code=2)


def test_elsewhere_a_sealed_letter_is_unchanged_but_not_known(
    run, tmp_path, signed, home, monkeypatch
):
    path = tmp_path / "whole.pdf"
    path.write_bytes(signed)
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "elsewhere"))
    told = json.loads(run("verify", path, "--json"))
    assert (told["as_signed"], told["signature"]) == (False, None)
    assert "unchanged since it was sealed" in told["told"]
    assert not (tmp_path / "elsewhere" / "keys.json").exists(), "to check a file makes nothing"


def test_a_trial_certificate_says_what_it_is(run, tmp_path, phrase):
    out = tmp_path / "c.p12"
    run("certificate", "--practice", "Example Practice", "--out", out, "--phrase-file", phrase)
    subject = pades.load_certificate(out.read_bytes(), PHRASE).certificate.subject
    assert "Example Practice" in subject


# -- the practice ------------------------------------------------------------------------------


def test_a_practice_is_set_up_once_for_each_manager(run):
    words = (
        "practice",
        "--name",
        "North",
        "--manager",
        "Example Manager",
        "--email",
        "m@n.example",
    )
    made = json.loads(run(*words, "--json"))["organisation_id"]
    assert len(made) == 24
    assert "already belongs" in run(*words, code=2)
    other = ("practice", "--name", "S", "--manager", "M", "--email", "other@s.example")
    assert "is set up" in run(*other, "--years", "7")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"--email": "nobody"}, "not an e-mail"),
        ({"--name": " "}, "needs a name"),
        ({"--manager": " "}, "needs a name"),
        ({"--years": "0"}, "1 to 100"),
        ({"--years": "101"}, "1 to 100"),
        ({"--years": "many"}, "invalid int"),
    ],
)
def test_a_practice_that_can_not_be_is_one_sentence(run, changed, told):
    given = {"--name": "North", "--manager": "M", "--email": "m@n.example"} | changed
    words = [word for pair in given.items() for word in pair]
    assert told in run("practice", *words, code=2)


# -- keys --------------------------------------------------------------------------------------


def test_keys_are_made_once_added_and_rotated(run, do, case_id):
    assert "is there already" in run("keys", "new", code=2)
    old = json.loads(run("keys", "status", "--json"))
    new = json.loads(run("keys", "add", "--json"))["key_id"]
    assert new != old["key_id"]
    assert json.loads(run("keys", "status", "--json"))["key_id"] == new
    assert run("keys", "retire", code=2), "some fields are still sealed with it"
    report = json.loads(run("keys", "rotate", "--json"))
    assert report
    in_use = json.loads(run("keys", "status", "--json"))["in_use"]
    assert set(in_use) == {new}
    assert do("cases/read", case_id=case_id)["case_id"] == case_id


def test_old_keys_are_dropped_once_nothing_needs_them(run, do, case_id, home):
    old = json.loads(run("keys", "status", "--json"))["key_id"]
    run("keys", "add")
    run("keys", "rotate")
    long_ago = home.stat().st_mtime - 86_400
    os.utime(home / "keys.json", (long_ago, long_ago))
    assert old in run("keys", "retire")
    assert do("cases/read", case_id=case_id)["case_id"] == case_id


def test_new_keys_go_where_the_settings_say(run, tmp_path, monkeypatch):
    path = tmp_path / "apart" / "keys.json"
    monkeypatch.setenv("COMPOUND_COVERAGE_KEYS", str(path))
    assert len(json.loads(run("keys", "new", "--json"))["key_id"]) == 16
    assert path.stat().st_mode & 0o777 == 0o600
    assert "invalid choice" in run("keys", "burn", code=2)


# -- the audit trail ---------------------------------------------------------------------------


def test_an_audit_finds_a_sound_trail_sound(run, case_id):
    (told,) = json.loads(run("audit", "--json")).values()
    assert told["faults"] == []
    head = f"laptop:{told['number']}:{told['mark']}"
    assert "No entry was changed" in run("audit", "--head", head)


@pytest.mark.parametrize("mark", ["0" * 64, ""])
def test_an_audit_finds_what_a_head_written_down_does_not_fit(run, case_id, mark):
    told = run("audit", "--head", f"laptop:1:{mark}", code=1)
    assert "does not hold entry 1 as it was written down" in told


@pytest.mark.parametrize("head", ["", "laptop", "laptop:one:mark", "a:1", "a:1:b:c", "a:²:b"])
def test_a_head_that_is_none_is_one_sentence(run, head):
    assert "is not a head" in run("audit", "--head", head, code=2)


@pytest.mark.parametrize("table", [AUDIT_HEAD, AUDIT])
def test_what_is_gone_altogether_is_a_fault_and_no_traceback(run, case_id, home, table):
    engine = create_engine(f"sqlite:///{home / 'compound_coverage.sqlite'}")
    with engine.begin() as connection:
        connection.execute(delete(table))
    engine.dispose()
    assert json.loads(run("audit", "--json", code=1))["laptop"]["faults"]


def test_a_practice_that_is_gone_is_missed_if_its_head_was_written_down(run, case_id):
    told = json.loads(run("audit", "--head", f"gone:3:{'0' * 64}", "--json", code=1))
    assert told["laptop"]["faults"] == []
    assert told["gone"]["faults"][0] == "The head of the trail is missing."


def test_before_there_is_a_practice_an_audit_says_so(run):
    assert run("audit") == "There is no practice yet.\n"


# -- backup ------------------------------------------------------------------------------------


def test_a_backup_comes_back_on_another_computer(run, do, case_id, tmp_path, home, monkeypatch):
    file = tmp_path / "casework.backup"
    made = json.loads(run("backup", file, "--json"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Example Patient" not in file.read_bytes()
    assert "holds casework already" in run("restore", file, code=2)
    do("cases/submit", case_id=case_id)
    run("restore", file, "--replace")
    assert do("cases/read", case_id=case_id)["state"] == "draft"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keys.json").write_bytes((home / "keys.json").read_bytes())
    (elsewhere / "keys.json").chmod(0o600)
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(elsewhere))
    assert json.loads(run("restore", file, "--json"))["tables"] == made["tables"]
    assert do("cases/read", case_id=case_id)["case_id"] == case_id


def test_a_backup_of_a_trail_with_a_fault_comes_back_and_says_so(run, case_id, home, tmp_path):
    engine = create_engine(f"sqlite:///{home / 'compound_coverage.sqlite'}")
    with engine.begin() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.number == 1).values(actor="nobody"))
    engine.dispose()
    run("backup", tmp_path / "b")
    told = json.loads(run("restore", tmp_path / "b", "--replace", "--json", code=1))
    assert told["faults"]["laptop"] == ["Entry 1 was changed or moved."]


def test_a_file_that_is_no_backup_is_one_sentence(run, tmp_path):
    (tmp_path / "other").write_bytes(b"other")
    for name in ("none", "other"):
        assert run("restore", tmp_path / name, code=2)


# -- breaking the glass ------------------------------------------------------------------------


def test_breaking_the_glass_gives_the_case_and_leaves_its_trace(run, do, case_id, tmp_path):
    out = tmp_path / "case.zip"
    run("break-glass", "--case", case_id, "--why", WHY, "--out", out)
    with zipfile.ZipFile(out) as files:
        assert "Example Patient" in files.read("cases.json").decode()
    assert do("cases/read", case_id=case_id)["steps"][-1]["why"] == WHY
    entries = [one for one in do("audit/entries") if one["action"] == "break_glass"]
    assert [one["detail"] for one in entries] == [{"user": os.getuid()}]


def test_the_glass_is_not_broken_without_a_reason_or_a_case(run, case_id, tmp_path):
    out = ("--out", tmp_path / "case.zip")
    assert "Say in a sentence" in run("break-glass", "--case", case_id, "--why", "so", *out, code=2)
    assert "can't do this" in run("break-glass", "--case", "0", "--why", WHY, *out, code=2)
    assert not (tmp_path / "case.zip").exists()


# -- anywhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("do", "cases/list"), ("keys", "status"), ("audit",)])
def test_a_database_that_does_not_answer_is_one_sentence(run, monkeypatch, words):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert "database" in run(*words, code=2)


@pytest.mark.parametrize("words", [("do", "cases/list"), ("keys", "add"), ("backup", "b")])
def test_a_damaged_key_file_is_one_sentence(run, home, words):
    home.mkdir()
    (home / "keys.json").write_text("{", encoding="utf-8")
    (home / "keys.json").chmod(0o600)
    assert run(*words, code=2)


def test_settings_that_can_not_be_understood_are_one_sentence(run, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_MODE", "hospital")
    assert "must be laptop or office" in run("keys", "status", code=2)
