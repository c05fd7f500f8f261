"""The same tests on SQLite and on a real PostgreSQL: fixtures for every folder of tests."""

import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.conftest import need
from tools.browser import free_port


def _postgres_programs():
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("pg_ctl")
    return Path(found).parent if found else (installed[-1] if installed else None)


@pytest.fixture(scope="session")
def postgres():
    """The address of a PostgreSQL started for this test run, without a database name."""
    programs = _postgres_programs()
    need(programs, "PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    # PostgreSQL refuses to run as root, and its own user can't enter root's folders
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    port = free_port()
    data = str(folder / "data")

    def run(program, *words):
        done = subprocess.run(
            [*as_user, str(programs / program), *words],
            capture_output=True, text=True, cwd=folder, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
    # only clients are killed in these tests, never the server or the machine
    options = (
        f"-p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    )
    log = str(folder / "log")
    run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
    yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres):
    """The address of a fresh, empty PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield f"{postgres}/{name}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """The address of an empty store, once of each kind."""
    kinds = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
    return request.getfixturevalue(kinds[request.param])
