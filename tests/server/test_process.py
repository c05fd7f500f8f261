"""Real server processes: how they start, refuse to start, share a sign-in, and end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.testing.v1 import AppTest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from compound_coverage.casework.settings import PREFIX
from tests.conftest import need
from tools.browser import ROOT, free_port

SECRET = "0f8c2e6b1d4a9735" * 3
TYPED = "Maria-Mustermarker"
OFFICE_HEADERS = {"Host": "coverage.example", "X-Forwarded-Proto": "https"}


def streamlit_run(port, *options):
    return ["-m", "streamlit", "run", "app.py", "--server.port", str(port), *options]


def uvicorn(port, *options):
    return ["-m", "uvicorn", "app:app", "--port", str(port), *options]


WAYS = [streamlit_run, uvicorn]


def start(command, log, environ, cwd=ROOT, out=subprocess.DEVNULL):
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and name != "DATABASE_URL"
    }
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=cwd,
        env={**clean, **environ},
        stdout=out,
        stderr=log,
    )


class Server:
    """A running server, and what it has logged."""

    def __init__(self, process, port, log):
        self.process, self.port, self.log = process, port, log

    def get(self, path, host="127.0.0.1", **options):
        return httpx.get(f"http://{host}:{self.port}{path}", timeout=10, **options)

    def entries(self):
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def running(tmp_path, way, *options, **environ):
    """Starts a server and waits until it is alive."""
    port = free_port()
    log = tmp_path / f"{port}.log"
    with log.open("w", encoding="utf-8") as stream:
        process = start(way(port, *options), stream, environ)
        server = Server(process, port, log)
        try:
            _wait_until_alive(server)
            yield server
        finally:
            process.kill()
            process.wait(timeout=20)


def _wait_until_alive(server):
    for _ in range(600):
        assert server.process.poll() is None, server.log.read_text(encoding="utf-8")
        try:
            if server.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not answer")


def open_socket(server, origin=None):
    return connect(
        f"ws://127.0.0.1:{server.port}/_stcore/stream",
        origin=Origin(origin or f"http://127.0.0.1:{server.port}"),
        subprotocols=[Subprotocol("streamlit")],
    )


@pytest.fixture
def office(tmp_path):
    """The environment of an office server whose proxy is this computer."""
    keys = tmp_path / "secret" / "keys"
    keys.parent.mkdir()
    keys.write_text("key", encoding="utf-8")
    keys.chmod(0o600)
    return {
        "COMPOUND_COVERAGE_MODE": "office",
        "COMPOUND_COVERAGE_PUBLIC_URL": "https://coverage.example",
        "COMPOUND_COVERAGE_TRUSTED_PROXIES": "127.0.0.1",
        "COMPOUND_COVERAGE_KEYS": str(keys),
        "COMPOUND_COVERAGE_OIDC_URL": "https://login.example",
        "COMPOUND_COVERAGE_OIDC_CLIENT_ID": "coverage",
        "COMPOUND_COVERAGE_OIDC_CLIENT_SECRET": "example-secret",
        "COMPOUND_COVERAGE_COOKIE_SECRET": SECRET,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'office.sqlite'}",
        "FORWARDED_ALLOW_IPS": "",
    }


UNSAFE = [
    (way, changed, said)
    for way in WAYS
    for changed, said in [
        ({"COMPOUND_COVERAGE_PUBLIC_URL": "http://coverage.example"}, "is not an https:// address"),
        ({"COMPOUND_COVERAGE_MODE": "hospital"}, "must be laptop or office"),
    ]
]
# only `streamlit run` reads Streamlit's options from the environment
UNSAFE.append((streamlit_run, {"STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full"}, "showErrorDetails"))


@pytest.mark.parametrize(("way", "changed", "said"), UNSAFE)
def test_with_unsafe_settings_it_ends_at_once_and_says_which(office, tmp_path, way, changed, said):
    log = tmp_path / "refused.log"
    with log.open("w", encoding="utf-8") as stream:
        process = start(way(free_port()), stream, {**office, **changed})
        try:
            code = process.wait(timeout=60)
        finally:
            process.kill()
            process.wait()
    text = log.read_text(encoding="utf-8")
    assert code == 2
    assert said in text
    assert "Traceback" not in text
    assert text.count("\n- ") == 1


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("way", WAYS)
def test_on_a_laptop_it_serves_itself_and_ends_in_order(tmp_path, way, ending):
    with running(tmp_path, way, COMPOUND_COVERAGE_HOME=str(tmp_path)) as server:
        assert server.get("/").status_code == 200
        ready = server.get("/readyz")
        assert ready.json() == {"ready": True, "checks": {"serving": "ok", "database": "ok"}}
        with open_socket(server) as page:
            with pytest.raises(InvalidStatus):
                open_socket(server, "http://evil.example")
            server.process.send_signal(ending)
            began = time.monotonic()
            assert server.process.wait(timeout=20) == 0
            assert time.monotonic() - began < 5
            with pytest.raises(ConnectionClosed):
                page.recv()
        assert all(entry["level"] == "INFO" for entry in server.entries())


def own_address():
    """An address of this computer that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address = probe.getsockname()[0]
        return "" if address.startswith("127.") else address


def test_on_a_laptop_a_port_open_to_the_network_still_gives_it_nothing(tmp_path):
    need(own_address(), "a network")
    options = ("--server.address", "0.0.0.0")
    with running(tmp_path, streamlit_run, *options) as server:
        for path in ("/", "/healthz", "/_stcore/health"):
            claim = {"Host": f"127.0.0.1:{server.port}", "X-Forwarded-For": "127.0.0.1"}
            assert server.get(path, own_address(), headers=claim).status_code == 403


def test_in_the_office_it_first_says_not_ready_then_ends(office, tmp_path):
    with running(tmp_path, streamlit_run, **office) as server:
        assert server.get("/readyz").status_code == 200
        assert server.get("/").status_code == 308
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        answer = server.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["serving"] == "not ready"
        assert server.get("/", headers=OFFICE_HEADERS).status_code == 200
        assert server.process.wait(timeout=10) == 0


def test_a_database_that_does_not_answer_makes_it_not_ready_without_saying_more(office, tmp_path):
    office["DATABASE_URL"] = f"postgresql://someone:word@127.0.0.1:{free_port()}/coverage"
    with running(tmp_path, streamlit_run, **office) as server:
        answer = server.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "checks": {"serving": "ok", "database": "not ready"},
        }
        assert "word" not in server.log.read_text(encoding="utf-8")


def test_two_servers_share_one_sign_in_and_log_nothing_of_it(office, tmp_path):
    provider_mock = pytest.importorskip("oidc_provider_mock")
    with provider_mock.run_server_in_thread() as provider:
        office |= {
            "COMPOUND_COVERAGE_OIDC_URL": f"http://127.0.0.1:{provider.server_port}",
            "COMPOUND_COVERAGE_TEST_PROVIDER": "1",
        }
        other = {**office, "COMPOUND_COVERAGE_COOKIE_SECRET": SECRET[::-1]}
        with (
            running(tmp_path, uvicorn, **office) as first,
            running(tmp_path, streamlit_run, **office) as second,
            running(tmp_path, streamlit_run, **other) as stranger,
        ):
            state, back = begin_sign_in(first)
            assert "secure" in state.casefold()
            cookie = {"Cookie": state.partition(";")[0]}
            answer = stranger.get(back, headers={**OFFICE_HEADERS, **cookie})
            assert "_streamlit_user=" not in answer.headers.get("set-cookie", "")
            answer = second.get(back, headers={**OFFICE_HEADERS, **cookie})
            signed_in = [
                line
                for line in answer.headers.get_list("set-cookie")
                if line.startswith("_streamlit_user=")
            ]
            assert len(signed_in) == 1
            assert "Max-Age=36000;" in signed_in[0]
            assert signed_in[0].endswith("; Secure")
            refused = f"/oauth2callback?error={TYPED}&error_description={TYPED}"
            second.get(refused, headers=OFFICE_HEADERS)
            second.get("/check", headers={**OFFICE_HEADERS, "Host": f"{TYPED}.example"})
            for server in (first, second, stranger):
                text = server.log.read_text(encoding="utf-8")
                assert TYPED.casefold() not in text.casefold()
                assert "code=" not in text
                assert [e for e in server.entries() if "provider for tests" in e["message"]]


def begin_sign_in(server):
    """Goes to the provider and back; the state cookie, and where the provider sends one."""
    token = jwt.encode(
        {"alg": "HS256"},
        {"provider": "default", "exp": int(time.time()) + 60},
        OctKey.import_key(SECRET),
    )
    to_provider = server.get(f"/auth/login?provider={token}", headers=OFFICE_HEADERS)
    assert to_provider.status_code == 302
    state = to_provider.headers["set-cookie"]
    back = httpx.post(to_provider.headers["location"], data={"sub": TYPED})
    location = back.headers["location"]
    assert location.startswith("https://coverage.example/oauth2callback?")
    return state, location.removeprefix("https://coverage.example")


FAILING = f"""
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from dashboard.server import server

if get_script_run_ctx(suppress_warning=True):
    raise ValueError("{TYPED}")
app = st.App(__file__, **server())
"""


def test_an_error_on_a_page_is_logged_by_its_place_and_never_by_its_words(tmp_path):
    (tmp_path / "app.py").write_text(FAILING, encoding="utf-8")
    (tmp_path / ".streamlit").symlink_to(ROOT / ".streamlit")
    log = tmp_path / "both.log"
    port = free_port()
    with log.open("w", encoding="utf-8") as stream:
        environ = {"PYTHONPATH": str(ROOT)}
        process = start(streamlit_run(port), stream, environ, cwd=tmp_path, out=stream)
        server = Server(process, port, log)
        try:
            _wait_until_alive(server)
            with open_socket(server) as page:
                page.send(BackMsg(rerun_script=ClientState()).SerializeToString())
                text = _wait_for(log, "Uncaught app execution")
        finally:
            process.kill()
            process.wait()
    assert '"type": "ValueError"' in text
    assert "app.py:7" in text
    assert TYPED not in text


def _wait_for(log, words):
    for _ in range(200):
        text = log.read_text(encoding="utf-8")
        if words in text:
            return text
        time.sleep(0.1)
    pytest.fail(text)


def test_a_visitors_script_run_draws_the_pages():
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not page.exception
    assert page.title[0].value
