"""The examples of deploy/ and the operators' document say what the program really does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compound_coverage.casework.keyring import make_key_file
from compound_coverage.casework.settings import PREFIX, problems, settings
from tests.conftest import need
from tools.browser import ROOT

DEPLOY = ROOT / "deploy"
OPERATE = ROOT / "docs" / "operate.md"
UNIT = DEPLOY / "compound-coverage.service"
EXAMPLES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
NAME = re.compile(rf"{PREFIX}[A-Z_]+[A-Z]\b")
# the data folder is known before there are settings
HOME = f"{PREFIX}HOME"


class Asked(dict[str, str]):
    """An empty environment that remembers what was looked up in it."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return default


@pytest.fixture(scope="module")
def known():
    """The name of each setting the program reads."""
    environ = Asked()
    settings(environ)
    return environ.names | {HOME}


@pytest.mark.parametrize("path", [*EXAMPLES, OPERATE], ids=lambda path: path.name)
def test_each_setting_that_is_named_is_one(path, known):
    assert set(NAME.findall(path.read_text(encoding="utf-8"))) <= known


def test_each_setting_stands_in_the_table_for_operators(known):
    table = re.findall(r"^\| (`.*?) \|", OPERATE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name for cell in table for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert known - listed == set()


def assignments(text):
    """Lines of NAME="value", as a shell and systemd read them."""
    lines = re.findall(r'^(?:Environment=)?([A-Z_]+)=("?)(.*?)\2$', text, re.MULTILINE)
    return {name: value for name, _, value in lines}


def secret(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        make_key_file(path)
    else:
        path.write_text("0f8c2e6b1d4a9735" * 3, encoding="utf-8")
        path.chmod(0o600)


def safe(environ, folder):
    """What is unsafe about ``environ``, its files laid out below ``folder``."""
    environ = dict(environ)
    for name in [name for name in environ if name.endswith(("_FILE", "KEYS", "CERTIFICATE"))]:
        environ[name] = str(folder / environ[name].lstrip("/"))
        secret(Path(environ[name]))
    return problems(settings(environ))


def test_the_unit_with_the_example_environment_is_a_safe_start(tmp_path):
    unit = assignments(UNIT.read_text(encoding="utf-8"))
    example = assignments((DEPLOY / "environment.example").read_text(encoding="utf-8"))
    secrets = {f"{PREFIX}OIDC_CLIENT_SECRET_FILE", f"{PREFIX}COOKIE_SECRET_FILE"}
    assert secrets < set(example)
    assert unit["FORWARDED_ALLOW_IPS"] == ""
    assert safe(unit | example, tmp_path) == []
    del unit["FORWARDED_ALLOW_IPS"]
    assert len(safe(unit | example, tmp_path / "again")) == 1


COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")


def compose_environment():
    """What the replicas' containers are told."""
    (block,) = re.findall(r"^  environment: &settings\n((?:    .*\n)+)", COMPOSE, re.MULTILINE)
    lines = re.findall(r"^    ([A-Z_]+): (.*)$", block, re.MULTILINE)
    return {name: value.strip('"') for name, value in lines}


def test_the_containers_start_safely_once_the_three_settings_are_given(tmp_path):
    assert COMPOSE.count("  app1: *app\n  app2: *app\n") == 1
    given = assignments((DEPLOY / "environment.example").read_text(encoding="utf-8"))
    own = compose_environment() | {"DATABASE_URL": "postgresql://database/coverage"}
    assert own["FORWARDED_ALLOW_IPS"] == ""
    asked = [f"{PREFIX}{name}" for name in ("PUBLIC_URL", "OIDC_URL", "OIDC_CLIENT_ID")]
    named = {name: given[name] for name in asked}
    assert safe(named | own, tmp_path) == []


def test_the_containers_believe_the_proxy_of_the_same_file():
    proxy = compose_environment()[f"{PREFIX}TRUSTED_PROXIES"]
    assert f"ipv4_address: {proxy} " in COMPOSE


def test_each_image_is_pinned_by_a_tag():
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    images = re.findall(r"^(?:FROM| +image:) (\S+)$", COMPOSE + dockerfile, re.MULTILINE)
    assert len(images) == 4
    assert all(re.search(r":(?!latest)[a-z0-9.-]+$", image) for image in images)


def test_each_secret_is_used_and_told_of_and_none_goes_into_the_image():
    head = COMPOSE.partition("x-app:")[0]
    files = dict(re.findall(r"^  (\w+): \{ file: secrets/(\S+) \}$", COMPOSE, re.MULTILINE))
    lists = re.findall(r"^ +secrets: \[(.*)\]$", COMPOSE, re.MULTILINE)
    assert {name for one in lists for name in one.split(", ")} == set(files)
    assert all(name in head for name in files.values())
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"deploy", ".env", ".git", ".venv"} <= set(ignored)


def test_systemd_understands_the_unit(tmp_path):
    program = shutil.which("systemd-analyze")
    need(program, "systemd-analyze")
    unit = tmp_path / "compound-coverage@8501.service"
    text = UNIT.read_text(encoding="utf-8").replace("/opt/compound-coverage/.venv/bin/", "/bin/")
    unit.write_text(text.replace("streamlit run", "true run"), encoding="utf-8")
    checked = subprocess.run(
        [str(program), "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_each_script_is_sound_shell():
    checked = subprocess.run(
        ["/bin/sh", "-n", str(DEPLOY / "compound-coverage")], capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_each_command_of_casework_is_in_the_document():
    done = subprocess.run(
        [sys.executable, "-m", "compound_coverage", "casework", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    actions = set(re.findall(r"^    ([a-z-]+)(?:\s|$)", done.stdout, re.MULTILINE))
    assert "backup" in actions
    text = OPERATE.read_text(encoding="utf-8")
    for_people = {"do", "seal", "unseal"}  # not for the operator
    assert {name for name in actions - for_people if f"casework {name}" not in text} == set()
