"""The services put together: keys and certificate are made where they may be, and found again."""

from contextlib import nullcontext
from datetime import timedelta

import pytest

from compound_coverage.casework import pades, people
from compound_coverage.casework.content import Content
from compound_coverage.casework.keyring import KeyRingError, make_key_file
from compound_coverage.casework.office import Office, open_office
from compound_coverage.casework.pades import SealError
from compound_coverage.casework.settings import Settings
from compound_coverage.database import StoreError
from compound_coverage.letters.casefile import example_case
from tests.casework.conftest import open_certificates_at_once


@pytest.fixture
def url(sqlite_url):
    return sqlite_url


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    open_certificates_at_once(monkeypatch)


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(folder))
    monkeypatch.delenv("COMPOUND_COVERAGE_KEYS", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return folder


@pytest.fixture
def opened(bundled):
    made = []

    def office(**chosen):
        made.append(open_office(lambda: bundled, lambda: nullcontext(None), Settings(**chosen)))
        return made[-1]

    yield office
    for one in made:
        one.desk.engine.dispose()


@pytest.fixture
def over(desk, bundled, home):
    def office(**chosen):
        return Office(desk, lambda: bundled, lambda: nullcontext(None), Settings(**chosen))

    return office


# -- opening -----------------------------------------------------------------------------------


def test_on_a_laptop_the_first_start_makes_the_keys_and_the_next_finds_them(home, opened):
    first = opened()
    owner = people.laptop_owner(first.desk)
    case_id = first.cases.create(owner, Content(facts=example_case()))
    assert (home / "keys.json").stat().st_mode & 0o777 == 0o600
    assert opened().cases.read(owner, case_id).content.at("patient.name") == "Example Patient"


def test_on_an_office_server_no_key_file_is_made(home, tmp_path, opened):
    with pytest.raises(KeyRingError):
        opened(mode="office", keys=tmp_path / "keys.json")
    assert not (tmp_path / "keys.json").exists()
    make_key_file(tmp_path / "keys.json")
    assert opened(mode="office", keys=tmp_path / "keys.json").desk.ring.current


def test_a_database_that_does_not_answer_is_told_in_one_sentence(home, monkeypatch, opened):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(StoreError) as error:
        opened()
    assert "\n" not in str(error.value)


def test_a_sign_in_lasts_as_long_as_the_settings_say(over):
    limits = over(idle_minutes=5, session_hours=8).limits
    assert limits == people.Limits(timedelta(minutes=5), timedelta(hours=8))


# -- review ------------------------------------------------------------------------------------


def test_a_draft_is_looked_at_by_todays_rules(over, clock):
    clock.turn(days=400)
    looked_at = over().review(Content(facts=example_case()))
    assert "DRAFT" in looked_at.draft.mark
    assert looked_at.items


def test_facts_that_make_no_letter_yet_are_told(over):
    with pytest.raises(ValueError, match="plan"):
        over().review(Content())


# -- the certificate ---------------------------------------------------------------------------


def fingerprint(office):
    return office.sealer.certificate.fingerprint


def test_the_trial_certificate_is_made_once_and_kept_from_others(over, home):
    office = over()
    path = home / "trial-certificate.p12"
    assert not path.exists(), "nothing is made before it is needed"
    first = fingerprint(office)
    assert path.stat().st_mode & 0o777 == 0o600
    assert office.sealer is office.sealer
    assert fingerprint(over()) == first


def test_its_passphrase_comes_from_the_keys_so_the_file_alone_is_worth_nothing(over, home):
    fingerprint(over())
    with pytest.raises(SealError):
        pades.load_certificate((home / "trial-certificate.p12").read_bytes(), "")


@pytest.mark.parametrize("spoiled", ["run out", "not yet", "damaged", "of other keys"])
def test_a_trial_certificate_that_is_no_good_is_made_anew(over, home, clock, desk, spoiled):
    first = fingerprint(over())
    path = home / "trial-certificate.p12"
    match spoiled:
        case "run out":
            clock.turn(days=365 * 30)
        case "not yet":
            clock.turn(days=-30)
        case "damaged":
            path.write_bytes(b"damaged")
        case _:
            path.write_bytes(pades.make_trial_certificate("x", "another phrase", desk.now()))
    office = over()
    assert fingerprint(office) != first
    held = office.sealer.certificate
    assert held.not_before <= desk.now() + timedelta(minutes=1) < held.not_after


@pytest.fixture
def bought(tmp_path, desk):
    """A practice's own certificate in its file, with its passphrase in another."""
    files = {"signing_certificate": tmp_path / "c.p12", "signing_passphrase_file": tmp_path / "p"}
    files["signing_certificate"].write_bytes(
        pades.make_trial_certificate("Example Practice", "a phrase of its own", desk.now())
    )
    files["signing_passphrase_file"].write_text("a phrase of its own\n", encoding="utf-8")
    return files


def test_a_practice_signs_with_its_own_certificate(over, home, bought):
    assert "Example Practice" in over(**bought).sealer.certificate.subject
    assert not (home / "trial-certificate.p12").exists()


@pytest.mark.parametrize("missing", ["signing_certificate", "signing_passphrase_file"])
def test_a_file_that_is_not_there_is_told_in_one_sentence(over, bought, missing):
    bought[missing].unlink()
    with pytest.raises(SealError, match="can't be read: No such file") as error:
        _ = over(**bought).sealer
    assert "\n" not in str(error.value)


def test_a_wrong_passphrase_is_told(over, bought):
    bought["signing_passphrase_file"].write_text("another", encoding="utf-8")
    with pytest.raises(SealError) as error:
        _ = over(**bought).sealer
    assert "another" not in str(error.value)


def test_a_certificate_without_a_passphrase_file_is_opened_with_none(over, bought):
    del bought["signing_passphrase_file"]
    with pytest.raises(SealError):
        _ = over(**bought).sealer
