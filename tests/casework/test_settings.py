"""A server is started safely or not at all, and says which setting is to be mended."""

import os
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.casework.settings import (
    PREFIX,
    STREAMLIT_MUST_BE,
    SettingsError,
    host_name,
    problems,
    settings,
)
from tests.conftest import need

SECRET = "0f8c2e6b1d4a9735" * 3
SAFE_STREAMLIT = {name: wanted for name, (wanted, _) in STREAMLIT_MUST_BE.items()}


@pytest.fixture
def office(tmp_path):
    """The environment of a server that is set up safely."""
    for name in ("keys", "cookie", "certificate", "passphrase"):
        path = tmp_path / "secret" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{SECRET}\n", encoding="utf-8")
        path.chmod(0o600)
    (tmp_path / "data").mkdir()
    return {
        "COMPOUND_COVERAGE_MODE": "office",
        "COMPOUND_COVERAGE_PUBLIC_URL": "https://coverage.example/",
        "COMPOUND_COVERAGE_TRUSTED_PROXIES": "10.0.0.2, 10.1.0.0/28, ::1",
        "COMPOUND_COVERAGE_KEYS": str(tmp_path / "secret" / "keys"),
        "COMPOUND_COVERAGE_OIDC_URL": "https://login.example/practice",
        "COMPOUND_COVERAGE_OIDC_CLIENT_ID": "coverage",
        "COMPOUND_COVERAGE_OIDC_CLIENT_SECRET": "example-secret",
        "COMPOUND_COVERAGE_COOKIE_SECRET_FILE": str(tmp_path / "secret" / "cookie"),
        "COMPOUND_COVERAGE_SIGNING_CERTIFICATE": str(tmp_path / "secret" / "certificate"),
        "COMPOUND_COVERAGE_SIGNING_PASSPHRASE_FILE": str(tmp_path / "secret" / "passphrase"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'office.sqlite'}",
        "FORWARDED_ALLOW_IPS": "",
    }


def faults(environ, **changed):
    """What is said after changing settings, given without the prefix; None takes one away."""
    environ = dict(environ)
    for name, value in changed.items():
        full = name if name in {"DATABASE_URL", "FORWARDED_ALLOW_IPS"} else PREFIX + name
        if value is None:
            environ.pop(full, None)
        else:
            environ[full] = value
    return problems(settings(environ), SAFE_STREAMLIT)


def test_a_laptop_needs_no_settings_and_answers_only_to_its_own_names():
    chosen = settings({})
    assert not chosen.office
    assert chosen.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert (chosen.idle_minutes, chosen.session_hours, chosen.log_level) == (15, 10, "INFO")
    assert problems(chosen) == []


def test_a_laptop_may_use_a_database_elsewhere():
    assert problems(settings({"DATABASE_URL": "postgresql://db.example/coverage"})) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OIDC_URL", "https://login.example", "Laptop mode has no sign-in"),
        ("OIDC_CLIENT_ID", "coverage", "Laptop mode has no sign-in"),
        ("ALLOWED_HOSTS", "*", "leave it unset in laptop mode"),
    ],
)
def test_what_makes_no_sense_on_a_laptop_is_said(name, value, said):
    (fault,) = faults({}, **{name: value})
    assert said in fault


def test_an_office_that_is_set_up_safely_starts(office):
    chosen = settings(office)
    assert chosen.office
    assert problems(chosen, SAFE_STREAMLIT) == []
    assert chosen.public_url == "https://coverage.example"
    assert chosen.allowed_hosts == ("coverage.example",)
    assert chosen.cookie_secret == SECRET
    assert len(chosen.trusted_proxies) == 3


def test_no_secret_shows_when_settings_are_printed(office):
    office["DATABASE_URL"] = "postgresql://user:hidden-word@db.example/coverage"
    shown = repr(settings(office))
    for secret in (SECRET, "example-secret", "hidden-word"):
        assert secret not in shown


UNSAFE = [
    ("no address", {"PUBLIC_URL": None, "ALLOWED_HOSTS": "a.example"}, "PUBLIC_URL is not set"),
    ("plain http", {"PUBLIC_URL": "http://coverage.example"}, "not an https:// address"),
    ("no host name", {"PUBLIC_URL": "https://", "ALLOWED_HOSTS": "a.example"}, "not an https://"),
    (
        "broken address",
        {"PUBLIC_URL": "https://[::1", "ALLOWED_HOSTS": "a.example"},
        "not an https://",
    ),
    ("a path", {"PUBLIC_URL": "https://coverage.example/app"}, "more than a host name"),
    ("every host", {"ALLOWED_HOSTS": "*"}, "has a “*”"),
    ("every host below", {"ALLOWED_HOSTS": "*.example"}, "has a “*”"),
    ("every host, among others", {"ALLOWED_HOSTS": "a.example, *"}, "has a “*”"),
    ("everybody is a proxy", {"TRUSTED_PROXIES": "0.0.0.0/0"}, "trusts every address"),
    ("uvicorn's own rule", {"FORWARDED_ALLOW_IPS": None}, "FORWARDED_ALLOW_IPS"),
    ("uvicorn believes all", {"FORWARDED_ALLOW_IPS": "*"}, "FORWARDED_ALLOW_IPS"),
    ("no database", {"DATABASE_URL": None}, "DATABASE_URL is not set"),
    ("a database in memory", {"DATABASE_URL": "sqlite://"}, "names no file"),
    ("no key file", {"KEYS": None}, "KEYS is not set"),
    ("key file missing", {"KEYS": "/nowhere/keys"}, "is no file"),
    ("no provider", {"OIDC_URL": None}, "OIDC_URL is not set"),
    ("no client", {"OIDC_CLIENT_ID": None}, "OIDC_CLIENT_ID is not set"),
    ("no client secret", {"OIDC_CLIENT_SECRET": None}, "OIDC_CLIENT_SECRET is not set"),
    ("provider by http", {"OIDC_URL": "http://login.example"}, "OIDC_URL is not an https://"),
    ("test provider", {"OIDC_URL": "http://127.0.0.1:99"}, "OIDC_URL is not an https://"),
    (
        "test provider elsewhere",
        {"OIDC_URL": "http://login.example", "TEST_PROVIDER": "1"},
        "OIDC_URL is not an https://",
    ),
    (
        "a name that only looks like this computer",
        {"OIDC_URL": "http://127.0.0.1@login.example", "TEST_PROVIDER": "1"},
        "OIDC_URL is not an https://",
    ),
    ("no cookie secret", {"COOKIE_SECRET_FILE": None}, "has 0 characters"),
    (
        "short cookie secret",
        {"COOKIE_SECRET_FILE": None, "COOKIE_SECRET": SECRET[:31]},
        "has 31 characters",
    ),
    (
        "trivial cookie secret",
        {"COOKIE_SECRET_FILE": None, "COOKIE_SECRET": "abcdefg" * 9},
        "repeats a few characters",
    ),
    ("certificate alone", {"SIGNING_PASSPHRASE_FILE": None}, "belong together"),
    ("no certificate there", {"SIGNING_CERTIFICATE": "/nowhere/p12"}, "is no file"),
    ("idle for too long", {"IDLE_MINUTES": "61"}, "IDLE_MINUTES must lie"),
    ("never idle", {"IDLE_MINUTES": "0"}, "IDLE_MINUTES must lie"),
    ("signed in for too long", {"SESSION_HOURS": "25"}, "SESSION_HOURS must lie"),
]


@pytest.mark.parametrize(
    ("changed", "said"), [row[1:] for row in UNSAFE], ids=[r[0] for r in UNSAFE]
)
def test_each_unsafe_setting_is_named_in_one_sentence(office, changed, said):
    (fault,) = faults(office, **changed)
    assert said in fault
    assert fault.endswith(".")
    assert "\n" not in fault


def test_without_a_host_name_nobody_could_come_in(office):
    said = faults(office, PUBLIC_URL=None)
    assert any("ALLOWED_HOSTS is empty" in fault for fault in said)


def test_a_provider_for_tests_must_be_asked_for_by_name(office):
    assert faults(office, OIDC_URL="http://127.0.0.1:99", TEST_PROVIDER="1") == []


def test_postgresql_needs_no_file(office):
    assert faults(office, DATABASE_URL="postgresql+psycopg://db.example/coverage") == []


def test_a_database_address_nobody_understands_is_left_to_the_database(office):
    assert faults(office, DATABASE_URL="nonsense") == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
@pytest.mark.parametrize("name", ["keys", "cookie", "certificate", "passphrase"])
def test_a_secret_file_that_others_may_open_is_refused(office, tmp_path, name, mode):
    need(os.name == "posix", "a system with file modes")
    (tmp_path / "secret" / name).chmod(mode)
    (fault,) = faults(office)
    assert "chmod 600" in fault
    assert str(tmp_path / "secret" / name) in fault


def test_keys_beside_the_database_are_refused(office, tmp_path):
    beside = f"sqlite:///{tmp_path / 'secret' / 'office.sqlite'}"
    (fault,) = faults(office, DATABASE_URL=beside)
    assert "lies in the database's folder" in fault


@pytest.mark.parametrize("name", STREAMLIT_MUST_BE)
def test_streamlits_own_unsafe_options_are_refused(office, name):
    wanted, why = STREAMLIT_MUST_BE[name]
    other = not wanted if isinstance(wanted, bool) else "other"
    (fault,) = problems(settings(office), {**SAFE_STREAMLIT, name: other})
    assert name in fault
    assert why in fault


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"MODE": "hospital"}, "must be laptop or office"),
        ({"IDLE_MINUTES": "soon"}, "must be a whole number"),
        ({"SESSION_HOURS": "-1"}, "must be a whole number"),
        ({"LOG_LEVEL": "loud"}, "must be DEBUG or INFO"),
        ({"ALLOWED_HOSTS": "a.example; script-src *"}, "which is no host name"),
        ({"ALLOWED_HOSTS": "a.example:8501"}, "which is no host name"),
        ({"TRUSTED_PROXIES": "proxy.example"}, "must list addresses"),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "must list addresses"),
        ({"COOKIE_SECRET": SECRET, "COOKIE_SECRET_FILE": "/nowhere"}, "take one of them away"),
        ({"COOKIE_SECRET_FILE": "/nowhere/cookie"}, "can't be read as text"),
    ],
)
def test_a_setting_nobody_can_understand_is_an_error_in_one_sentence(environ, said):
    with pytest.raises(SettingsError, match=said) as caught:
        settings({PREFIX + name: value for name, value in environ.items()})
    assert str(caught.value).endswith(".")


def test_a_complaint_about_a_secret_does_not_repeat_it():
    environ = {f"{PREFIX}COOKIE_SECRET": SECRET, f"{PREFIX}COOKIE_SECRET_FILE": "/nowhere"}
    with pytest.raises(SettingsError) as caught:
        settings(environ)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("coverage.example", "coverage.example"),
        ("Coverage.Example:8501", "coverage.example"),
        ("coverage.example.", "coverage.example"),
        ("[::1]:8501", "[::1]"),
        ("user@coverage.example", ""),
        ("coverage.example/x", ""),
        ("a:b:c", ""),
        ("coverage.example:port", ""),
        ("", ""),
    ],
)
def test_a_host_is_known_by_its_name_without_its_port(host, name):
    assert host_name(host) == name


@given(st.text(alphabet=string.printable, max_size=30))
def test_no_host_header_breaks_the_reader_or_smuggles_more_than_a_name(text):
    assert not set(host_name(text)) & set("/@?# \\\r\n")


def sentences(environ):
    try:
        return problems(settings(environ))
    except SettingsError as error:
        return [str(error)]


NAMES = ["MODE", "PUBLIC_URL", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "OIDC_URL", "IDLE_MINUTES"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=20)))
def test_any_environment_ends_in_settings_or_in_sentences(environ):
    said = sentences({PREFIX + name: value for name, value in environ.items()})
    assert all(fault.endswith(".") for fault in said)
