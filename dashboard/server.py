"""Starts the pages behind their guards: settings, health, sign-in, an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TypedDict

import anyio
import streamlit as st
import uvicorn
from sqlalchemy import Engine, create_engine
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit import config, file_util
from streamlit.runtime.secrets import SecretsValue

from compound_coverage.casework.settings import (
    STREAMLIT_MUST_BE,
    Settings,
    SettingsError,
    problems,
    settings,
)
from compound_coverage.database import database_url, is_empty
from dashboard.assets import Dressed, asset_routes
from dashboard.guards import Gate, Headers, Requests, content_policy
from dashboard.logs import set_up

LOG = logging.getLogger(__name__)
CHECK_SECONDS = 5
CHECKS_AT_ONCE = 2  # a check that hangs must not use up the threads that send files
# long enough for a balancer to see that we are no longer ready
DRAIN_SECONDS = {"laptop": 0.0, "office": 2.0}
FORCE_SECONDS = 10.0
METADATA = "/.well-known/openid-configuration"

Check = Callable[[], bool]


class AppArguments(TypedDict):
    """What ``st.App`` is given beside its script."""

    secrets: dict[str, SecretsValue]
    routes: list[BaseRoute]
    middleware: list[Middleware]
    lifespan: Callable[[st.App], AbstractAsyncContextManager[None]]


@dataclass
class Service:
    """Is this process about to end?"""

    draining: bool = False


def server(
    extra_routes: Sequence[BaseRoute] = (),
    ready_checks: Mapping[str, Check] | None = None,
    media_closed: bool = False,
) -> AppArguments:
    """What ``st.App`` needs to serve the pages by the settings in the environment.

    ``ready_checks`` answer or raise; /readyz shows their names and no more. With ``media_closed``
    Streamlit's own downloads answer 404. Unsafe settings end the process with code 2, each of
    them named on stderr.
    """
    chosen = _settings_or_exit()
    set_up(chosen.log_level)
    if chosen.test_provider and chosen.office:
        LOG.warning("Sign-in comes from a provider for tests, without https")
    secrets = sign_in_secrets(chosen)
    # Streamlit signs the sign-in's state cookie with what it knows while it builds its routes,
    # and takes in an app's secrets after that; two servers would not know each other's cookies
    st.secrets.merge_programmatic_secrets(secrets)
    policy = content_policy(Path(file_util.get_static_dir()) / "index.html", chosen)
    service = Service()
    return {
        "secrets": secrets,
        "routes": [*health_routes(service, ready_checks or {}), *asset_routes(), *extra_routes],
        "middleware": [
            Middleware(Headers, settings=chosen, policy=policy),
            Middleware(Requests, settings=chosen),
            Middleware(Gate, settings=chosen, media_closed=media_closed),
            Middleware(Dressed),
        ],
        "lifespan": _lifespan(service, DRAIN_SECONDS[chosen.mode]),
    }


def _settings_or_exit() -> Settings:
    try:
        chosen = settings()
    except SettingsError as error:
        _exit([str(error)])
    options = {name: config.get_option(name) for name in STREAMLIT_MUST_BE if chosen.office}
    faults = problems(chosen, options)
    if faults:
        _exit(faults)
    return chosen


def _exit(faults: Sequence[str]) -> None:
    sys.stderr.write("The server did not start, because its settings are not safe:\n")
    sys.stderr.writelines(f"- {fault}\n" for fault in faults)
    raise SystemExit(2)


def sign_in_secrets(chosen: Settings) -> dict[str, SecretsValue]:
    """What ``st.login`` needs; nothing on a laptop, where nobody signs in."""
    if not chosen.office:
        return {}
    return {
        "auth": {
            "redirect_uri": f"{chosen.public_url}/oauth2callback",
            "cookie_secret": chosen.cookie_secret,
            "client_id": chosen.oidc_client_id,
            "client_secret": chosen.oidc_client_secret,
            "server_metadata_url": chosen.oidc_url.removesuffix(METADATA).rstrip("/") + METADATA,
            "client_kwargs": {"scope": "openid profile email"},
        }
    }


def health_routes(service: Service, checks: Mapping[str, Check]) -> list[BaseRoute]:
    """/healthz: the process is alive. /readyz: it may be sent people."""
    limiter = anyio.CapacityLimiter(CHECKS_AT_ONCE)

    async def alive(request: Request) -> Response:  # noqa: ARG001
        return PlainTextResponse("ok")

    async def ready(request: Request) -> Response:  # noqa: ARG001
        found = {"serving": not service.draining}
        for name, check in checks.items():
            found[name] = await _passes(name, check, limiter)
        return JSONResponse(
            {
                "ready": all(found.values()),
                "checks": {name: "ok" if good else "not ready" for name, good in found.items()},
            },
            200 if all(found.values()) else 503,
        )

    return [Route("/healthz", alive), Route("/readyz", ready)]


async def _passes(name: str, check: Check, limiter: anyio.CapacityLimiter) -> bool:
    try:
        with anyio.fail_after(CHECK_SECONDS):
            return await anyio.to_thread.run_sync(check, abandon_on_cancel=True, limiter=limiter)
    except Exception:
        LOG.exception("The check of %s failed", name)
        return False


def database_answers() -> bool:
    """Does the database answer? One that nobody has filled yet counts as ready."""
    if is_empty():
        return True
    with _engine(database_url()).connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return True


@cache
def _engine(url: str) -> Engine:
    return create_engine(url, pool_size=1, pool_pre_ping=True)


def _lifespan(
    service: Service, seconds: float
) -> Callable[[st.App], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:  # noqa: ARG001
        _drain_when_told_to_end(service, seconds)
        # what is loaded by now stays for good; the collector need not look through it again
        gc.freeze()
        yield
        service.draining = True

    return lifespan


def _drain_when_told_to_end(service: Service, seconds: float) -> None:
    """On SIGTERM or Ctrl-C first says "not ready", then ends uvicorn in order, with code 0."""
    if threading.current_thread() is not threading.main_thread():
        return
    running = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not isinstance(running, uvicorn.Server):
        return
    loop = asyncio.get_running_loop()

    def stop() -> None:
        running.should_exit = True
        loop.call_later(FORCE_SECONDS, setattr, running, "force_exit", True)

    def drain(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        wait = 0.0 if service.draining else seconds
        service.draining = True
        loop.call_soon_threadsafe(loop.call_later, wait, stop)

    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, drain)
