"""Every deed of casework by its name, for routes and the command line: JSON in, JSON out.

What a deed takes and gives back is read from the signature of the service's own method; bytes are
base64. Who may do what is decided where it always is, in ``Desk.act``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_type_hints

from pydantic import ConfigDict, ValidationError, validate_call
from pydantic_core import to_jsonable_python

from compound_coverage.casework import erasure, handoffs, people, trail
from compound_coverage.casework.access import Actor
from compound_coverage.casework.cases import Signed
from compound_coverage.casework.office import Office
from compound_coverage.casework.signing import Signature

Deed = Callable[..., Any]

# a NUL as JSON writes it; PostgreSQL takes none, and no text of ours has one
_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


class CommandError(ValueError):
    """A deed nobody knows, or asked for in the wrong way. The message is one sentence."""


def deeds(office: Office) -> dict[str, Deed]:
    """What can be asked for by name. Each takes the actor first, then the named values."""
    cases, papers, signing, desk = office.cases, office.papers, office.signing, office.desk

    def sign(actor: Actor, case_id: str, base: int, typed: str, drawn: bytes = b"") -> Signed:
        return signing.sign(actor, case_id, base, Signature(typed, drawn))

    def packet(actor: Actor, case_id: str, cover: bool = True, evidence: bool = True) -> str:
        return office.packets.put_together(actor, case_id, cover=cover, evidence=evidence)

    return {
        "cases/create": cases.create,
        "cases/list": cases.worklist,
        "cases/counts": partial(trail.counts, desk),
        "cases/read": cases.read,
        "cases/version": cases.version_at,
        "cases/save": cases.save,
        "cases/mark_chart": cases.mark_chart,
        "cases/confirm": cases.confirm,
        "cases/assign": cases.assign,
        "cases/submit": cases.submit,
        "cases/ask_for_changes": cases.ask_for_changes,
        "cases/sign": sign,
        "cases/send": cases.send,
        "cases/decide": cases.decide,
        "cases/appeal": cases.appeal,
        "cases/call": cases.note_call,
        "cases/packet": packet,
        "documents/keep": papers.keep,
        "documents/keep_signed_by_hand": papers.keep_signed_by_hand,
        "documents/read": papers.read,
        "documents/verify": signing.verify,
        "handoffs/take": partial(handoffs.take, desk),
        "members/list": partial(people.members, desk),
        "members/add": partial(people.add_member, desk),
        "members/change": partial(people.change_member, desk),
        "patients/export": partial(erasure.export_patient, desk),
        "patients/erase": partial(erasure.erase_patient, desk),
        "retention/due": partial(erasure.due_for_erasure, desk),
        "retention/run": partial(erasure.run_retention, desk),
        "audit/entries": partial(trail.entries, desk),
        "audit/faults": partial(trail.faults, desk),
    }


def values_of(text: str | bytes) -> dict[str, Any]:
    """The named values of a deed, from JSON. Raises CommandError for what no deed can take."""
    try:
        values = json.loads(text)
        written = json.dumps(values, ensure_ascii=False, allow_nan=False)
        written.encode("utf-8")  # half a surrogate pair can be neither kept nor answered
    except (ValueError, RecursionError):
        raise CommandError(
            "The values are not JSON that can be read; check how it was made."
        ) from None
    if not isinstance(values, dict):
        raise CommandError("The values are one JSON object.")
    if _NUL.search(written):
        raise CommandError("The values hold a NUL character; take it out.")
    return values


def do(office: Office, actor: Actor | None, name: str, values: Mapping[str, Any]) -> Any:
    """Does one deed; returns what JSON can hold.

    Raises CommandError for an unknown name or values that do not fit, and what the deed raises.
    """
    known = deeds(office)
    if name not in known:
        raise CommandError(f"There is no '{name[:60]}'; use one of {', '.join(known)}.")
    deed = known[name]
    # the actor is bound first: it is ours, and no value can stand in for it
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(partial(deed, actor))
    try:
        done = checked(**_with_bytes(deed, values))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the request"
        raise CommandError(f"{name} can't be done: {place}: {fault['msg']}.") from None
    return _told(done)


def _told(done: Any) -> Any:
    # pydantic writes bytes in the other alphabet of base64, which we would not take back
    if isinstance(done, bytes):
        return base64.b64encode(done).decode("ascii")
    if isinstance(done, tuple):
        return [_told(part) for part in done]
    return to_jsonable_python(done)


def _with_bytes(deed: Deed, values: Mapping[str, Any]) -> dict[str, Any]:
    function = deed.func if isinstance(deed, partial) else deed
    hints = get_type_hints(function)
    return {
        name: _decoded(name, value) if hints.get(name) is bytes else value
        for name, value in values.items()
    }


def _decoded(name: str, value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise CommandError(f"'{name}' must be base64.") from None
