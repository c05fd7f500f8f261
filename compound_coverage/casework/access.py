"""One question decides everything: may this actor do this action on this resource? Default no."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from compound_coverage.letters.codes import check_npi


class Role(StrEnum):
    """What a member of an organisation is there for."""

    STAFF = "staff"
    PRESCRIBER = "prescriber"
    ADVOCATE = "advocate"
    MANAGER = "manager"
    AUDITOR = "auditor"


class Action(StrEnum):
    """All that can be done with casework and the dataset. Before the dot: the kind of thing."""

    CASE_LIST = "case.list"
    CASE_CREATE = "case.create"
    CASE_READ = "case.read"
    CASE_EDIT = "case.edit"
    CASE_ASSIGN = "case.assign"
    CASE_SUBMIT = "case.submit"
    CASE_RETURN = "case.return"
    CASE_CONFIRM = "case.confirm"
    CASE_SIGN = "case.sign"
    CASE_SEND = "case.send"
    CASE_DECIDE = "case.decide"
    CASE_APPEAL = "case.appeal"
    CASE_CALL = "case.call"
    CASE_FILE = "case.file"
    CASE_EXPORT = "case.export"
    CASE_ERASE = "case.erase"
    DOCUMENT_READ = "document.read"
    DOCUMENT_VERIFY = "document.verify"
    COUNTS_READ = "counts.read"
    MEMBER_LIST = "member.list"
    MEMBER_CHANGE = "member.change"
    AUDIT_READ = "audit.read"
    RETENTION_RUN = "retention.run"
    DATASET_READ = "dataset.read"
    DATASET_PROPOSE = "dataset.propose"
    DATASET_DISCUSS = "dataset.discuss"
    DATASET_DECIDE = "dataset.decide"
    DATASET_PUBLISH = "dataset.publish"
    DATASET_LEADS = "dataset.leads"


_S, _P, _M, _A = Role.STAFF, Role.PRESCRIBER, Role.MANAGER, Role.AUDITOR
_D = Role.ADVOCATE

# The whole matrix. An action that is not here, and a role that is not in its row, means no.
# An auditor sees what was done, never a patient's words; an advocate has no part in casework, and
# nobody else in the dataset. The dataset is one for all practices of a server, so its actions are
# asked of the actor's own organisation; only an organisation that the operator let keep the dataset
# can have advocates (see ``people``).
MATRIX: dict[Action, frozenset[Role]] = {
    Action.CASE_LIST: frozenset({_S, _P, _M}),
    Action.CASE_CREATE: frozenset({_S, _P}),
    Action.CASE_READ: frozenset({_S, _P, _M}),
    Action.CASE_EDIT: frozenset({_S, _P}),
    Action.CASE_ASSIGN: frozenset({_S, _P, _M}),
    Action.CASE_SUBMIT: frozenset({_S, _P}),
    Action.CASE_RETURN: frozenset({_P}),
    Action.CASE_CONFIRM: frozenset({_P}),
    Action.CASE_SIGN: frozenset({_P}),
    Action.CASE_SEND: frozenset({_S, _P}),
    Action.CASE_DECIDE: frozenset({_S, _P}),
    Action.CASE_APPEAL: frozenset({_S, _P}),
    Action.CASE_CALL: frozenset({_S, _P}),
    Action.CASE_FILE: frozenset({_S, _P}),
    Action.CASE_EXPORT: frozenset({_M}),
    Action.CASE_ERASE: frozenset({_M}),
    Action.DOCUMENT_READ: frozenset({_S, _P, _M}),
    Action.DOCUMENT_VERIFY: frozenset({_S, _P, _M, _A}),
    Action.COUNTS_READ: frozenset({_M, _A}),
    Action.MEMBER_LIST: frozenset({_S, _P, _M, _A}),
    Action.MEMBER_CHANGE: frozenset({_M}),
    Action.AUDIT_READ: frozenset({_A}),
    Action.RETENTION_RUN: frozenset({_M}),
    Action.DATASET_READ: frozenset({_D}),
    Action.DATASET_PROPOSE: frozenset({_D}),
    Action.DATASET_DISCUSS: frozenset({_D}),
    Action.DATASET_DECIDE: frozenset({_D}),
    Action.DATASET_PUBLISH: frozenset({_D}),
    Action.DATASET_LEADS: frozenset({_D}),
}

# These also ask that the actor is the prescriber the letter names.
OF_RECORD = frozenset({Action.CASE_CONFIRM, Action.CASE_SIGN})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Made only by ``people``, from a sign-in that was checked."""

    member_id: str
    organisation_id: str
    roles: frozenset[Role]
    npi: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on: whose it is and, for a case, the NPI of the prescriber it names."""

    organisation_id: str
    npi_of_record: str = ""


def may(actor: Actor | None, action: Action, resource: Resource) -> bool:
    """May ``actor`` do ``action`` on ``resource``? Nobody signed in may do anything."""
    if actor is None or not actor.roles & MATRIX.get(action, frozenset()):
        return False
    if actor.organisation_id != resource.organisation_id:
        return False
    return action not in OF_RECORD or _is_of_record(actor, resource)


def _is_of_record(actor: Actor, resource: Resource) -> bool:
    try:
        return check_npi(actor.npi) == check_npi(resource.npi_of_record)
    except ValueError:
        return False


class Forbidden(ValueError):
    """The answer was no. The message says so in one sentence, and not whether the thing exists."""

    def __init__(self) -> None:
        super().__init__(
            "You can't do this here: it is not there, or your part in this practice does not "
            "allow it. Ask a manager of your practice."
        )
