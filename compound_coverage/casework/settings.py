"""How this server is set up, read from the environment, and what about it is unsafe."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "COMPOUND_COVERAGE_"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SHORTEST_COOKIE_SECRET = 32
FEWEST_DIFFERENT_CHARACTERS = 8  # 32 random hex digits have fewer once in a million million draws
LONGEST_IDLE_MINUTES = 60
LONGEST_SESSION_HOURS = 24
OTHERS_MAY_READ = 0o077

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# What Streamlit must be set to, and why.
STREAMLIT_MUST_BE: dict[str, tuple[object, str]] = {
    "client.showErrorDetails": ("none", "an error page could show what somebody typed"),
    "server.enableXsrfProtection": (True, "another web page could send files in a user's name"),
    "server.enableCORS": (True, "another web page could read answers in a user's name"),
    "server.enableAgentApi": (False, "it lets programs drive the pages without a browser"),
    "server.baseUrlPath": ("", "the closed paths are known without a prefix only"),
    "server.trustedUserHeaders": ({}, "a header could say who somebody is"),
    "logger.enableRich": (False, "it prints what an error says, and so what somebody typed"),
    "browser.gatherUsageStats": (False, "it sends figures about the use to somebody else"),
    "global.developmentMode": (False, "it is for work on Streamlit itself"),
}


class SettingsError(ValueError):
    """A setting can't be understood. The message is one sentence."""


@dataclass(frozen=True)
class Settings:
    """One server's settings. Secrets are left out of its ``repr``."""

    mode: Literal["laptop", "office"] = "laptop"
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = LOOPBACK_NAMES
    trusted_proxies: tuple[Network, ...] = ()
    forwarded_allow_ips: str | None = None
    database_url: str = field(default="", repr=False)
    keys: Path | None = None
    oidc_url: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    test_provider: bool = False
    cookie_secret: str = field(default="", repr=False)
    signing_certificate: Path | None = None
    signing_passphrase_file: Path | None = None
    idle_minutes: int = 15
    session_hours: int = 10
    log_level: str = "INFO"
    secret_files: tuple[tuple[str, Path], ...] = ()

    @property
    def office(self) -> bool:
        """Is this the server of a practice, with sign-in, and not one person's laptop?"""
        return self.mode == "office"


def settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads ``COMPOUND_COVERAGE_…``, ``DATABASE_URL`` and ``FORWARDED_ALLOW_IPS``.

    Raises SettingsError for a value that can't be understood: an unknown mode, a number that is
    none, an address that is none, a secret's file that can't be read. Whether the values are safe
    is for ``problems`` to say.
    """
    mode = _one_of(environ, "MODE", ("laptop", "office"), "laptop")
    public_url = _text(environ, "PUBLIC_URL").rstrip("/")
    return Settings(
        mode="office" if mode == "office" else "laptop",
        public_url=public_url,
        allowed_hosts=_hosts(environ, mode, public_url),
        trusted_proxies=_networks(environ, "TRUSTED_PROXIES"),
        forwarded_allow_ips=environ.get("FORWARDED_ALLOW_IPS"),
        database_url=environ.get("DATABASE_URL", "").strip(),
        keys=_path(environ, "KEYS"),
        oidc_url=_text(environ, "OIDC_URL"),
        oidc_client_id=_text(environ, "OIDC_CLIENT_ID"),
        oidc_client_secret=_secret(environ, "OIDC_CLIENT_SECRET"),
        test_provider=_text(environ, "TEST_PROVIDER") == "1",
        cookie_secret=_secret(environ, "COOKIE_SECRET"),
        signing_certificate=_path(environ, "SIGNING_CERTIFICATE"),
        signing_passphrase_file=_path(environ, "SIGNING_PASSPHRASE_FILE"),
        idle_minutes=_whole_number(environ, "IDLE_MINUTES", 15),
        session_hours=_whole_number(environ, "SESSION_HOURS", 10),
        log_level=_one_of(environ, "LOG_LEVEL", LOG_LEVELS, "INFO"),
        secret_files=tuple(
            (name, path)
            for name in ("OIDC_CLIENT_SECRET_FILE", "COOKIE_SECRET_FILE")
            if (path := _path(environ, name))
        ),
    )


def _text(environ: Mapping[str, str], name: str) -> str:
    return environ.get(PREFIX + name, "").strip()


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    text = _text(environ, name)
    return Path(text) if text else None


def _list(environ: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in _text(environ, name).split(",") if part.strip()]


def _one_of(environ: Mapping[str, str], name: str, allowed: tuple[str, ...], otherwise: str) -> str:
    text = _text(environ, name) or otherwise
    for value in allowed:
        if text.casefold() == value.casefold():
            return value
    choices = " or ".join(allowed)
    raise SettingsError(f"{PREFIX}{name} is “{text}”; it must be {choices}.")


def _whole_number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    text = _text(environ, name) or str(otherwise)
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise SettingsError(f"{PREFIX}{name} is “{text}”; it must be a whole number.")
    return int(text)


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text) for text in _list(environ, name))
    except ValueError as error:
        raise SettingsError(
            f"{PREFIX}{name} must list addresses or networks such as 10.0.0.2 or 10.0.0.0/28:"
            f" {error}."
        ) from None


def _hosts(environ: Mapping[str, str], mode: str, public_url: str) -> tuple[str, ...]:
    given = tuple(name.casefold() for name in _list(environ, "ALLOWED_HOSTS"))
    for name in given:
        if host_name(name.replace("*", "any")) != name.replace("*", "any"):
            raise SettingsError(
                f"{PREFIX}ALLOWED_HOSTS has “{name}”, which is no host name;"
                " list names alone, without https:// and without a port."
            )
    if given:
        return given
    if mode == "laptop":
        return LOOPBACK_NAMES
    host = host_name(_split(public_url).netloc)
    return (host,) if host else ()


def _secret(environ: Mapping[str, str], name: str) -> str:
    text, path = _text(environ, name), _path(environ, f"{name}_FILE")
    if text and path:
        raise SettingsError(
            f"Both {PREFIX}{name} and {PREFIX}{name}_FILE are set; take one of them away."
        )
    if path is None:
        return text
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"{PREFIX}{name}_FILE names {path}, which can't be read as text;"
            " name a file this program may read."
        ) from None


def host_name(host: str) -> str:
    """The name in a ``Host`` header or a web address, in small letters, without the port.

    Empty if it is not a host: a user name, a path or a second colon makes it none.
    """
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", host.casefold())
    return found[1].rstrip(".") if found else ""


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def problems(settings: Settings, streamlit: Mapping[str, object] | None = None) -> list[str]:
    """What is unsafe, one sentence each with the mend; nothing means safe to start.

    ``streamlit`` holds Streamlit's own options by name, because this library doesn't know it.
    """
    if not settings.office:
        return list(_laptop_problems(settings))
    return [
        *_address_problems(settings),
        *_database_problems(settings),
        *_file_problems(settings),
        *_sign_in_problems(settings),
        *_session_problems(settings),
        *_streamlit_problems(streamlit or {}),
    ]


def _laptop_problems(settings: Settings) -> Iterator[str]:
    if settings.oidc_url or settings.oidc_client_id:
        yield (
            f"Laptop mode has no sign-in, but {PREFIX}OIDC_… is set; set {PREFIX}MODE=office"
            " or take the OIDC settings away."
        )
    if "*" in settings.allowed_hosts:
        yield f"{PREFIX}ALLOWED_HOSTS allows every host; leave it unset in laptop mode."


def _address_problems(settings: Settings) -> Iterator[str]:
    url = _split(settings.public_url)
    if not settings.public_url:
        yield f"{PREFIX}PUBLIC_URL is not set; set it to the server's https:// address."
    elif url.scheme != "https" or not host_name(url.netloc):
        yield f"{PREFIX}PUBLIC_URL is not an https:// address; give the server's https:// address."
    elif url.path or url.query or url.fragment:
        yield f"{PREFIX}PUBLIC_URL has more than a host name; leave away what follows it."
    if not settings.allowed_hosts:
        yield f"{PREFIX}ALLOWED_HOSTS is empty; list the names people open the server by."
    elif any("*" in name for name in settings.allowed_hosts):
        yield f"{PREFIX}ALLOWED_HOSTS has a “*” in it; list each name in full."
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield f"{PREFIX}TRUSTED_PROXIES trusts every address; list the proxy's own address only."
    if settings.forwarded_allow_ips != "":
        yield (
            "FORWARDED_ALLOW_IPS must be set and empty, or uvicorn believes forwarded headers"
            f" by a rule of its own; name the proxy in {PREFIX}TRUSTED_PROXIES."
        )


def _database_problems(settings: Settings) -> Iterator[str]:
    if not settings.database_url:
        yield (
            "DATABASE_URL is not set; set it to a PostgreSQL address, or name a SQLite file"
            " in it if one server is all there is."
        )
    elif settings.database_url.startswith(("sqlite:", "sqlite+")) and not _sqlite_file(settings):
        yield "DATABASE_URL names no file, so all work would be lost; name a file in it."


def _sqlite_file(settings: Settings) -> Path | None:
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        return None
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def _file_problems(settings: Settings) -> Iterator[str]:
    if settings.keys is None:
        yield (
            f"{PREFIX}KEYS is not set; set it to the key file, which lies outside the"
            " database's folder."
        )
    else:
        yield from _open_to_others("KEYS", settings.keys)
        database = _sqlite_file(settings)
        if database and database.resolve().parent == settings.keys.resolve().parent:
            yield (
                f"The key file {settings.keys} lies in the database's folder, so one stolen"
                " folder opens everything; move the key file."
            )
    for name, path in settings.secret_files:
        yield from _open_to_others(name, path)
    yield from _signing_problems(settings)


def _signing_problems(settings: Settings) -> Iterator[str]:
    certificate, passphrase = settings.signing_certificate, settings.signing_passphrase_file
    if bool(certificate) != bool(passphrase):
        yield (
            f"{PREFIX}SIGNING_CERTIFICATE and {PREFIX}SIGNING_PASSPHRASE_FILE belong together;"
            " set both or neither."
        )
    if certificate:
        yield from _open_to_others("SIGNING_CERTIFICATE", certificate)
    if passphrase:
        yield from _open_to_others("SIGNING_PASSPHRASE_FILE", passphrase)


def _open_to_others(name: str, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield f"{PREFIX}{name} names {path}, which is no file; make the file or mend the name."
    elif os.name == "posix" and path.stat().st_mode & OTHERS_MAY_READ:
        yield f"Other users of this computer may read {path}; run “chmod 600” on it."


def _sign_in_problems(settings: Settings) -> Iterator[str]:
    for name, value in (
        ("OIDC_URL", settings.oidc_url),
        ("OIDC_CLIENT_ID", settings.oidc_client_id),
        ("OIDC_CLIENT_SECRET", settings.oidc_client_secret),
    ):
        if not value:
            yield f"{PREFIX}{name} is not set; take it from the practice's sign-in provider."
    if settings.oidc_url and not _provider_is_safe(settings):
        yield f"{PREFIX}OIDC_URL is not an https:// address; give the provider's https:// address."


def _provider_is_safe(settings: Settings) -> bool:
    url = _split(settings.oidc_url)
    on_this_computer = url.scheme == "http" and host_name(url.netloc) == "127.0.0.1"
    return bool(host_name(url.netloc)) and (
        url.scheme == "https" or (settings.test_provider and on_this_computer)
    )


def _session_problems(settings: Settings) -> Iterator[str]:
    secret = settings.cookie_secret
    if len(secret) < SHORTEST_COOKIE_SECRET:
        yield (
            f"{PREFIX}COOKIE_SECRET has {len(secret)} characters; give it at least"
            f" {SHORTEST_COOKIE_SECRET} random ones, such as “openssl rand -hex 32” prints."
        )
    elif len(set(secret)) < FEWEST_DIFFERENT_CHARACTERS:
        yield (
            f"{PREFIX}COOKIE_SECRET repeats a few characters; take random ones, such as"
            " “openssl rand -hex 32” prints."
        )
    if not 1 <= settings.idle_minutes <= LONGEST_IDLE_MINUTES:
        yield f"{PREFIX}IDLE_MINUTES must lie between 1 and {LONGEST_IDLE_MINUTES}."
    if not 1 <= settings.session_hours <= LONGEST_SESSION_HOURS:
        yield f"{PREFIX}SESSION_HOURS must lie between 1 and {LONGEST_SESSION_HOURS}."


def _streamlit_problems(options: Mapping[str, object]) -> Iterator[str]:
    for name, (wanted, why) in STREAMLIT_MUST_BE.items():
        if name in options and options[name] != wanted:
            text = str(wanted).lower() if wanted not in ("", {}) else "empty"
            yield f"Streamlit's {name} must be {text}, because {why}; set it in config.toml."
