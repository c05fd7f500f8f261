"""A practice that is open: its keys, its people, a sign-in provider, its servers behind nginx."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from compound_coverage.casework import people
from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.content import content_of
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import PREFIX, settings
from compound_coverage.casework.tables import MEMBER
from compound_coverage.dataset.load import load
from tests.conftest import need
from tools.browser import ROOT, free_port, settle

NGINX_CONF = ROOT / "deploy" / "nginx.conf"
COOKIE_SECRET = "0f8c2e6b1d4a9735" * 3
NPI = "1245319599"
MANAGER = "manager"
# who works here, by the provider's name for them
PEOPLE = {
    MANAGER: ("Morgan Example", Role.MANAGER),
    "staff": ("Sam Example", Role.STAFF),
    "prescriber": ("Pat Example", Role.PRESCRIBER),
    "auditor": ("Alex Example", Role.AUDITOR),
}
# who keeps the coverage data, where a test lets the practice do so
ADVOCATES = {
    "advocate": ("Ada Example", Role.ADVOCATE),
    "reviewer": ("Rea Example", Role.ADVOCATE),
}
STRANGER = "stranger"


def email(who):
    return f"{who}@practice.example"


def nginx_program():
    """Where nginx is; Debian puts it where only root looks."""
    found = [Path(folder) / "nginx" for folder in ("/usr/sbin", "/usr/local/sbin", "/usr/bin")]
    return next((path for path in found if path.exists()), None)


@dataclass
class Replica:
    """One server process of the app."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def entries(self):
        """What it has logged."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def times(self, path):
        """How often it was asked for ``path``."""
        return sum(entry.get("path") == path for entry in self.entries)

    @property
    def pages_open(self):
        """How many browsers hold a page of it open."""
        said = [entry["message"] for entry in self.entries]
        return said.count("connection open") - said.count("connection closed")


@dataclass
class Practice:
    """A practice whose servers run."""

    folder: Path
    environ: dict[str, str]
    desk: Desk
    address: str = ""
    plain_port: int = 0
    replicas: list[Replica] = field(default_factory=list)

    @property
    def office(self):
        """The services, over the same database."""
        return Office(self.desk, load, lambda: nullcontext(None), settings(self.environ))

    def client(self, **options):
        """Somebody with a program instead of a browser."""
        return httpx.Client(base_url=self.address, verify=False, timeout=20, **options)

    def make_case(self, facts):
        """A case that a member of the staff began; returns its id."""
        content = {"facts": facts, "letter_type": "letter_of_medical_necessity"}
        return self.office.cases.create(self.actor("staff"), content_of(content))

    def actor(self, who):
        """A member as the services know them."""
        index = self.desk.ring.index(email(who))
        with self.desk.engine.connect() as connection:
            query = select(MEMBER).where(MEMBER.c.email_index == index)
            row = connection.execute(query).mappings().one()
        roles = frozenset(Role(word) for word in row["roles"].split())
        return Actor(row["member_id"], row["organisation_id"], roles)

    def nginx_log(self, name):
        path = self.folder / "nginx" / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def open_practice(folder, database, replicas, data=None):
    """Yields a Practice: set up by the operator's own commands, served by ``replicas`` servers.

    With ``data``, a dataset's folder, the practice keeps that dataset and has two advocates.
    """
    need(nginx_program(), "nginx")
    port = free_port()
    provider_mock = pytest.importorskip("oidc_provider_mock")
    users = [
        provider_mock.User(sub=who, claims=_claims(who)) for who in [*PEOPLE, *ADVOCATES, STRANGER]
    ]
    with ExitStack() as stack:
        provider = stack.enter_context(provider_mock.run_server_in_thread(user_claims=users))
        environ = _environment(folder, database, f"https://localhost:{port}", provider.server_port)
        if data:
            environ["COVERAGE_DATA"] = str(data)
        practice = _set_up(folder, environ, database)
        stack.callback(practice.desk.engine.dispose)
        practice.address, practice.plain_port = f"https://localhost:{port}", free_port()
        practice.replicas = [stack.enter_context(replica(folder, environ)) for _ in range(replicas)]
        for one in practice.replicas:
            wait_until_ready(one)
        ports = [one.port for one in practice.replicas]
        stack.enter_context(nginx(folder / "nginx", port, practice.plain_port, ports))
        yield practice


def _claims(who):
    name = (PEOPLE | ADVOCATES).get(who, ("Nobody Example",))[0]
    return {"name": name, "email": email(who), "email_verified": True}


def _environment(folder, database, address, provider_port):
    home, keys = folder / "home", folder / "keys" / "keys.json"
    home.mkdir(parents=True)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith((PREFIX, "STREAMLIT_"))
    }
    return {
        **clean,
        f"{PREFIX}MODE": "office",
        f"{PREFIX}HOME": str(home),
        f"{PREFIX}PUBLIC_URL": address,
        f"{PREFIX}TRUSTED_PROXIES": "127.0.0.1",
        f"{PREFIX}KEYS": str(keys),
        f"{PREFIX}OIDC_URL": f"http://127.0.0.1:{provider_port}",
        f"{PREFIX}OIDC_CLIENT_ID": "coverage",
        f"{PREFIX}OIDC_CLIENT_SECRET": "example-secret",
        f"{PREFIX}TEST_PROVIDER": "1",
        f"{PREFIX}COOKIE_SECRET": COOKIE_SECRET,
        "DATABASE_URL": database,
        "FORWARDED_ALLOW_IPS": "",
    }


def casework(environ, *words):
    """Runs a command of the operator; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "compound_coverage", "casework", *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _set_up(folder, environ, database):
    casework(environ, "keys", "new")
    casework(
        environ,
        *("practice", "--name", "Example Practice"),
        *("--manager", PEOPLE[MANAGER][0], "--email", email(MANAGER)),
        *(["--keeps-dataset"] if "COVERAGE_DATA" in environ else []),
    )
    desk = Desk(open_casework(database), KeyRing(Path(environ[f"{PREFIX}KEYS"])))
    practice = Practice(folder, environ, desk)
    manager = practice.actor(MANAGER)
    members = PEOPLE | (ADVOCATES if "COVERAGE_DATA" in environ else {})
    for who, (name, role) in members.items():
        if who != MANAGER:
            npi = NPI if role == Role.PRESCRIBER else ""
            people.add_member(desk, manager, name, email(who), [role], npi)
    return practice


# -- servers -----------------------------------------------------------------------------------


@contextmanager
def replica(folder, environ):
    """Starts one server of the app; it may need a while until it answers."""
    port = free_port()
    log = folder / f"replica-{port}.log"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=stream,
        )
        try:
            yield Replica(port, process, log)
        finally:
            process.kill()
            process.wait(timeout=20)


def wait_until_ready(one):
    """Waits until a replica may be sent people."""
    for _ in range(600):
        assert one.process.poll() is None, one.log.read_text(encoding="utf-8")
        try:
            if httpx.get(f"http://127.0.0.1:{one.port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the replica is not ready")


def nginx_conf(folder, port, plain_port, ports):
    """The example as it is delivered, with this test's ports, folders and name put in."""
    text = NGINX_CONF.read_text(encoding="utf-8")
    lines = iter(ports)
    replicas = {"8501": next(lines), "8502": next(lines, None)}
    for old, new in replicas.items():
        found = re.search(rf"^ *server 127\.0\.0\.1:{old}\b.*\n", text, re.MULTILINE)
        assert found, f"the example has no replica on {old} any more"
        text = text.replace(found[0], found[0].replace(old, str(new)) if new else "")
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/certs/coverage.practice.example.pem", str(folder / "certificate.pem")),
        ("/etc/ssl/private/coverage.practice.example.key", str(folder / "key.pem")),
        ("/var/log/nginx", str(folder)),
        ("server_name coverage.practice.example;", "server_name localhost;"),
    ):
        assert old in text, f"the example has no '{old}' any more"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder, port, plain_port, ports):
    """Debian's nginx with the example, all its files in ``folder``."""
    folder.mkdir(parents=True)
    make_certificate(folder)
    (folder / "example.conf").write_text(
        nginx_conf(folder, port, plain_port, ports), encoding="utf-8"
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temp = "".join(f"    {kind}_temp_path {folder}/temp-{kind};\n" for kind in kinds)
    around = folder / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""  # nobody else may enter a test's folder
    around.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\n"
        f"error_log {folder}/outer-error.log warn;\nevents {{}}\n"
        f"http {{\n{temp}    access_log off;\n    include {folder}/example.conf;\n}}\n",
        encoding="utf-8",
    )
    command = [str(nginx_program()), "-c", str(around), "-p", str(folder)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for_port(port):
    for _ in range(100):
        try:
            httpx.get(f"https://127.0.0.1:{port}/healthz", verify=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


def make_certificate(folder):
    """A certificate for localhost that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


# -- people at their browsers ------------------------------------------------------------------


def visit(browser, practice, path="/cases"):
    """Somebody opens the practice's pages in a fresh browser."""
    context = browser.new_context(ignore_https_errors=True, base_url=practice.address)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(path)
    settle(page)
    return page


def sign_in(page, who):
    """From the sign-in button to the provider and back."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_url(re.compile("^https://localhost:"))
    page.get_by_test_id("stApp").wait_for()
    settle(page)


def cookie_of(page, name):
    """The value of a cookie of the practice's pages."""
    found = [one for one in page.context.cookies() if one["name"] == name]
    return found[0]["value"] if found else ""
