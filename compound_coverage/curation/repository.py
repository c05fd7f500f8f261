"""The dataset's folder as a git checkout: one commit for each thing that was published."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from compound_coverage.language import say

_NOBODY = "advocates.invalid"  # a domain that can never be: nobody's address is published
_PROGRAM = f"Compound Coverage <publisher@{_NOBODY}>"
_LONGEST_WAIT = 60
_TABLES = (".", ":(exclude).publishing*")


class RepositoryError(ValueError):
    """Git would not do it. The message is one sentence with git's own words."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in a commit."""

    member_id: str
    name: str

    def __str__(self) -> str:
        name = "".join(c for c in self.name if c.isprintable() and c not in "<>").strip()
        return f"{name or 'An advocate'} <{self.member_id}@{_NOBODY}>"


def is_checkout(folder: Path) -> bool:
    """Does git keep the tables in ``folder``?"""
    try:
        return bool(_git(folder, "ls-files", "--", ":/*rules.csv", "rules.csv"))
    except RepositoryError:
        return False


def commit(folder: Path, title: str, words: str, author: Person, reviewer: Person) -> str:
    """Commits what stands in ``folder``, and nothing else; returns the commit's id.

    Returns an empty text if there is nothing to commit. Raises RepositoryError.
    """
    message = f"{title}\n\n{words}\n\nReviewed-by: {reviewer}\n"
    return _commit(folder, message, str(author))


def commit_leftovers(folder: Path) -> str:
    """Commits what was changed in ``folder`` by hand, so that it does not pass as a proposal's."""
    message = (
        "Coverage data: changes that stood in the folder without a commit\n\n"
        "Found before publishing; made by hand, or by a publication that broke off.\n"
    )
    return _commit(folder, message, _PROGRAM)


def _commit(folder: Path, message: str, author: str) -> str:
    _git(folder, "add", "--all", "--", *_TABLES)
    if not _git(folder, "status", "--porcelain", "--", *_TABLES):
        return ""
    options = ("--quiet", "--no-verify", "--no-gpg-sign", "--author", author, "--file", "-")
    _git(folder, "commit", *options, "--only", "--", *_TABLES, text=message)
    return _git(folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *words: str, text: str = "") -> str:
    name, _, address = _PROGRAM.partition(" <")
    environ = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": address.rstrip(">"),
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],  # noqa: S607 (git is where the PATH says)
            input=text,
            capture_output=True,
            text=True,
            env=environ,
            timeout=_LONGEST_WAIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RepositoryError(say("Git can't be used here: {error}.", error=error)) from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or say("it ended with {code}", code=done.returncode)
        told = say("Git did not {deed}: {said}", deed=words[0], said=said[:300])
        raise RepositoryError(told)
    return done.stdout
