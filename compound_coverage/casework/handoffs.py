"""From a patient without an account to the office: a sealed file, or a deposit under a code.

A deposit lies on the server sealed under the patient's one-time code, which is not kept here: the
database alone can't open it. It is deleted when the office takes it, or after a week.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.content import Content, content_of
from compound_coverage.casework.desk import Desk
from compound_coverage.casework.sealed import (
    SealedError,
    code_index,
    new_code,
    open_with_code,
    open_with_phrase,
    seal_with_code,
    seal_with_phrase,
    tidy_code,
)
from compound_coverage.casework.tables import HANDOFF

DAYS_KEPT = 7
MOST_WAITING = 1_000
KIND = "compound coverage hand-off"


class HandoffError(ValueError):
    """A hand-off that can't be made or opened. The message is one sentence with the mend."""


def to_file(content: Content, phrase: str) -> bytes:
    """The draft as a sealed file. Raises SealedError for a weak phrase."""
    return seal_with_phrase(_packed(content), phrase)


def from_file(sealed: bytes, phrase: str) -> Content:
    """The draft in a sealed file. Raises SealedError, or HandoffError if it holds none."""
    return _unpacked(open_with_phrase(sealed, phrase))


def leave(desk: Desk, content: Content) -> str:
    """Keeps the draft on this server for the office; returns the code that opens it, once.

    Raises HandoffError while too many wait.
    """
    code = new_code()
    now = desk.now()
    with desk.operating() as connection:
        connection.execute(delete(HANDOFF).where(HANDOFF.c.expires_at <= desk.stamp()))
        # nobody signs in to leave one: a flood must not fill the disk
        waiting = connection.execute(select(func.count()).select_from(HANDOFF)).scalar_one()
        if waiting >= MOST_WAITING:
            raise HandoffError("Too many drafts wait here now; give the office a sealed file.")
        connection.execute(
            insert(HANDOFF).values(
                code_index=code_index(code),
                at=desk.stamp(),
                expires_at=(now + timedelta(days=DAYS_KEPT)).isoformat(timespec="microseconds"),
                content=seal_with_code(_packed(content), code),
            )
        )
    return code


def take(desk: Desk, actor: Actor | None, code: str) -> Content:
    """The draft a patient left under this code; it is gone from the server afterwards.

    Raises Forbidden, and HandoffError if nothing lies under the code.
    """
    tidy = tidy_code(code)
    with desk.act(actor, Action.CASE_CREATE) as work:
        mine = HANDOFF.c.code_index == code_index(tidy)
        row = work.connection.execute(select(HANDOFF).where(mine).with_for_update()).mappings()
        found = row.first()
        if found is None or found["expires_at"] <= work.at:
            raise HandoffError(
                "Nothing waits under this code: it was opened before, it is more than a week old, "
                "or a letter of the code is wrong."
            )
        content = _unpacked(open_with_code(found["content"], tidy))
        work.connection.execute(delete(HANDOFF).where(mine))
        work.note(handoff=1)
        return content


def _packed(content: Content) -> bytes:
    data: dict[str, Any] = {
        "kind": KIND,
        "letter_type": content.letter_type,
        "language": content.language,
        "facts": content.facts,
    }
    return json.dumps(data, ensure_ascii=False).encode("utf-8")


def _unpacked(plain: bytes) -> Content:
    try:
        data = json.loads(plain)
        fits = isinstance(data, dict) and data.pop("kind", "") == KIND
    except ValueError:
        fits = False
    if not fits:
        raise SealedError("The file opens, but holds no draft of this program; ask for a new one.")
    # only what a patient can say: nothing in it counts as found in a chart or vouched for
    taken = {name: data[name] for name in ("letter_type", "language", "facts") if name in data}
    return content_of(taken)
