"""Organisations, their members, and who is signed in. The only maker of actors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from compound_coverage.casework import audit
from compound_coverage.casework.access import MATRIX, Action, Actor, Forbidden, Role
from compound_coverage.casework.desk import Desk, Work, new_id
from compound_coverage.casework.tables import (
    LOGIN,
    MEMBER,
    MEMBER_SEALED,
    ORGANISATION,
    ORGANISATION_SEALED,
)
from compound_coverage.letters.codes import check_npi

LAPTOP = "laptop"
OPERATOR = "operator"
YEARS_KEPT = 6
_YEAR_3000 = 32_503_680_000
ALL_ROLES = frozenset(Role)


class SignedOutError(ValueError):
    """Nobody is signed in, or no longer. The message says why in one sentence."""


class PeopleError(ValueError):
    """A member that can't be as asked. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works here. ``ended`` members keep their name beside what they did."""

    member_id: str
    name: str
    email: str
    npi: str
    roles: frozenset[Role]
    ended: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a sign-in lasts: without a click, and in all."""

    idle: timedelta = timedelta(minutes=15)
    whole: timedelta = timedelta(hours=10)


# -- organisations, by the operator ------------------------------------------------------------


def make_organisation(
    desk: Desk,
    name: str,
    manager: str,
    email: str,
    years_kept: int = YEARS_KEPT,
    *,
    keeps_dataset: bool = False,
) -> str:
    """A new organisation with its first manager; returns its id. For the operator's command line.

    ``keeps_dataset``: its members may be advocates, who change what every practice here reads.
    Raises PeopleError if the e-mail already belongs to somebody, the name is empty, or cases would
    be kept for less than a year.
    """
    organisation_id = new_id()
    with desk.operating() as connection:
        _add_organisation(desk, connection, organisation_id, name, years_kept, keeps_dataset)
        member_id = _add_member(desk, connection, organisation_id, manager, email, [Role.MANAGER])
        entry = audit.Entry(desk.stamp(), OPERATOR, "organisation.make", member_id, "done", {})
        audit.append(connection, desk.ring, organisation_id, entry)
    return organisation_id


def _add_organisation(
    desk: Desk,
    connection: Any,
    organisation_id: str,
    name: str,
    years_kept: int,
    keeps_dataset: bool,
) -> None:
    if not name.strip():
        raise PeopleError("A practice needs a name; give one.")
    if years_kept < 1:
        raise PeopleError("Cases must be kept for a year at least; give a larger number.")
    connection.execute(
        insert(ORGANISATION).values(
            organisation_id=organisation_id,
            made_at=desk.stamp(),
            retain_years=years_kept,
            keeps_dataset=keeps_dataset,
            sealed=desk.ring.seal_json(
                {"name": name.strip()}, ORGANISATION_SEALED.place(organisation_id)
            ),
        )
    )
    audit.start(connection, desk.ring, organisation_id)


def laptop_owner(desk: Desk) -> Actor:
    """The one person of a laptop without sign-in; made at the first start."""
    # asked at each run of a page: it only reads, so that no page waits for a writer
    with desk.reading() as connection:
        row = _member_row(connection, MEMBER.c.member_id == LAPTOP)
    if row is not None:
        return _actor(desk, row)
    with desk.operating() as connection:
        row = _member_row(connection, MEMBER.c.member_id == LAPTOP)
        if row is None:
            _add_organisation(desk, connection, LAPTOP, "This computer", YEARS_KEPT, True)
            _add_member(desk, connection, LAPTOP, "You", LAPTOP, ALL_ROLES, LAPTOP)
            row = _member_row(connection, MEMBER.c.member_id == LAPTOP)
        assert row is not None
        return _actor(desk, row)


def organisation_name(desk: Desk, actor: Actor) -> str:
    """What the actor's organisation is called."""
    with desk.act(actor, Action.MEMBER_LIST) as work:
        row = (
            work.connection.execute(
                select(ORGANISATION).where(
                    ORGANISATION.c.organisation_id == work.actor.organisation_id
                )
            )
            .mappings()
            .one()
        )
        return str(work.open(ORGANISATION_SEALED, row)["name"])


# -- members -----------------------------------------------------------------------------------


def members(desk: Desk, actor: Actor) -> list[Member]:
    """Everybody of the actor's organisation, by name."""
    with desk.act(actor, Action.MEMBER_LIST) as work:
        rows = work.connection.execute(
            select(MEMBER).where(MEMBER.c.organisation_id == work.actor.organisation_id)
        ).mappings()
        return sorted((_member(desk, row) for row in rows), key=lambda one: one.name.casefold())


def add_member(
    desk: Desk, actor: Actor, name: str, email: str, roles: Iterable[Role], npi: str = ""
) -> str:
    """A new member, who can sign in with this e-mail from now on; returns the id.

    Raises PeopleError for an e-mail that is taken or not one, no role, or a wrong NPI.
    """
    with desk.act(actor, Action.MEMBER_CHANGE) as work:
        member_id = _add_member(
            desk, work.connection, actor.organisation_id, name, email, roles, npi=npi
        )
        work.note(member=member_id)
        return member_id


def change_member(
    desk: Desk,
    actor: Actor,
    member_id: str,
    *,
    name: str,
    roles: Iterable[Role],
    npi: str = "",
    ended: bool = False,
    new_account: bool = False,
) -> None:
    """Changes what a member is called, may do, or whether they are still here.

    ``new_account``: the provider gave them another account; their next sign-in is known by the
    e-mail once more. Raises Forbidden for a member of another organisation, PeopleError if the
    last manager would go or the NPI is wrong.
    """
    with desk.act(actor, Action.MEMBER_CHANGE) as work:
        row = _own_member(work, member_id)
        member = _member(desk, row)
        given = frozenset(roles)
        _check(name, given, npi)
        _check_advocate(work.connection, work.actor.organisation_id, given)
        if Role.MANAGER in member.roles and (ended or Role.MANAGER not in given):
            _keep_a_manager(work, member_id)
        work.connection.execute(
            update(MEMBER)
            .where(MEMBER.c.member_id == member_id)
            .values(
                roles=_roles_text(given),
                ended_at=desk.stamp() if ended else None,
                subject_index=None if new_account else row["subject_index"],
                sealed=_sealed_member(desk, member_id, name, member.email, npi),
            )
        )
        if ended or new_account:
            _end_logins(work, member_id)
        work.note(
            member=member_id,
            ended=int(ended),
            new_account=int(new_account),
            roles=_roles_text(given),
        )


def _own_member(work: Work, member_id: str) -> RowMapping:
    row = _member_row(work.connection, MEMBER.c.member_id == member_id)
    if row is None or row["organisation_id"] != work.actor.organisation_id:
        raise Forbidden
    return row


def require_member(work: Work, member_id: str) -> None:
    """Raises Forbidden unless this is a member of the actor's organisation.

    Raises PeopleError if they have left, or have no part in cases.
    """
    row = _own_member(work, member_id)
    if row["ended_at"] is not None:
        raise PeopleError("This person has left the practice; choose somebody else.")
    if not MATRIX[Action.CASE_READ].intersection(row["roles"].split()):
        raise PeopleError("This person has no part in cases; choose somebody else.")


def _keep_a_manager(work: Work, member_id: str) -> None:
    # two managers who take the role from each other at once must wait for one another
    rows = work.connection.execute(
        select(MEMBER.c.member_id, MEMBER.c.roles)
        .where(MEMBER.c.organisation_id == work.actor.organisation_id, MEMBER.c.ended_at.is_(None))
        .order_by(MEMBER.c.member_id)
        .with_for_update()
    )
    if not any(one != member_id and Role.MANAGER in roles.split() for one, roles in rows):
        raise PeopleError("This is the last manager; make somebody else a manager first.")


def _add_member(
    desk: Desk,
    connection: Any,
    organisation_id: str,
    name: str,
    email: str,
    roles: Iterable[Role],
    member_id: str = "",
    npi: str = "",
) -> str:
    given = frozenset(roles)
    _check(name, given, npi)
    _check_advocate(connection, organisation_id, given)
    if email != LAPTOP and "@" not in email.strip("@ "):
        raise PeopleError(f"'{email[:60]}' is not an e-mail address; give the one they sign in by.")
    member_id = member_id or new_id()
    added = insert(MEMBER).values(
        member_id=member_id,
        organisation_id=organisation_id,
        email_index=_email_index(desk, email),
        subject_index=None,
        roles=_roles_text(given),
        made_at=desk.stamp(),
        ended_at=None,
        sealed=_sealed_member(desk, member_id, name, email, npi),
    )
    try:
        connection.execute(added)
    except IntegrityError:
        raise PeopleError(
            "This e-mail already belongs to a member; change that one instead."
        ) from None
    return member_id


def _check(name: str, roles: frozenset[Role], npi: str) -> None:
    if not name.strip():
        raise PeopleError("A member needs a name; give one.")
    if not roles:
        raise PeopleError("A member needs at least one role; choose one.")
    if npi:
        try:
            check_npi(npi)
        except ValueError as error:
            raise PeopleError(f"The NPI can't be right: {error}.") from None


def _check_advocate(connection: Any, organisation_id: str, roles: frozenset[Role]) -> None:
    # an advocate changes what every practice of this server reads
    if Role.ADVOCATE not in roles:
        return
    keeps = select(ORGANISATION.c.keeps_dataset).where(
        ORGANISATION.c.organisation_id == organisation_id
    )
    if not connection.execute(keeps).scalar():
        raise PeopleError(
            "This practice does not keep the coverage data, so it has no advocates; whoever runs "
            "this server can change that."
        )


def keep_dataset(desk: Desk, organisation_id: str, keeps: bool) -> None:
    """Lets an organisation have advocates, or no longer. For the operator's command line.

    Raises PeopleError if there is no such organisation.
    """
    with desk.operating() as connection:
        changed = connection.execute(
            update(ORGANISATION)
            .where(ORGANISATION.c.organisation_id == organisation_id)
            .values(keeps_dataset=keeps)
        )
        if not changed.rowcount:
            raise PeopleError(f"There is no practice '{organisation_id[:40]}'; check the id.")
        if not keeps:
            _take_advocates_away(connection, organisation_id)
        told = {"keeps": int(keeps)}
        entry = audit.Entry(desk.stamp(), OPERATOR, "organisation.dataset", "", "done", told)
        audit.append(connection, desk.ring, organisation_id, entry)


def _take_advocates_away(connection: Any, organisation_id: str) -> None:
    rows = connection.execute(
        select(MEMBER.c.member_id, MEMBER.c.roles).where(
            MEMBER.c.organisation_id == organisation_id
        )
    )
    for member_id, roles in list(rows):
        left = " ".join(role for role in roles.split() if role != Role.ADVOCATE)
        connection.execute(update(MEMBER).where(MEMBER.c.member_id == member_id).values(roles=left))


def name_of(work: Work, member_id: str) -> str:
    """What a member is called, of whichever organisation: advocates sign what they publish."""
    row = _member_row(work.connection, MEMBER.c.member_id == member_id)
    return "" if row is None else _member(work, row).name


def _sealed_member(desk: Desk, member_id: str, name: str, email: str, npi: str) -> bytes:
    data = {"name": name.strip(), "email": email.strip(), "npi": check_npi(npi) if npi else ""}
    return desk.ring.seal_json(data, MEMBER_SEALED.place(member_id))


def _email_index(desk: Desk, email: str) -> str:
    return desk.ring.index(email.strip().casefold())


def _roles_text(roles: frozenset[Role]) -> str:
    return " ".join(sorted(roles))


def _member_row(connection: Any, where: Any, *, hold: bool = False) -> RowMapping | None:
    query = select(MEMBER).where(where)
    query = query.with_for_update() if hold else query
    found: RowMapping | None = connection.execute(query).mappings().first()
    return found


def _member(desk: Desk | Work, row: RowMapping) -> Member:
    data = desk.ring.open_json(row["sealed"], MEMBER_SEALED.place_of(row))
    return Member(
        member_id=row["member_id"],
        name=data["name"],
        email=data["email"],
        npi=data["npi"],
        roles=frozenset(Role(word) for word in row["roles"].split()),
        ended=row["ended_at"] is not None,
    )


def _actor(desk: Desk, row: RowMapping) -> Actor:
    member = _member(desk, row)
    return Actor(member.member_id, row["organisation_id"], member.roles, member.npi)


# -- signing in --------------------------------------------------------------------------------


def sign_in(desk: Desk, claims: Mapping[str, Any], limits: Limits) -> Actor:
    """Who the claims of an OpenID provider are, if their sign-in still stands.

    Asked at each page and each request: it notes that somebody is there, and ends a sign-in after
    too long without a click, too long in all, or when the token itself has run out. The first
    sign-in of a member is known by the e-mail, which the provider must have verified; from then on
    by the provider's own id.

    Raises SignedOutError with the reason.
    """
    now = desk.now()
    if _time(claims, "exp") <= now.timestamp():
        raise SignedOutError("Your sign-in has run out; sign in again.")
    with desk.operating() as connection:
        row = _known(desk, connection, claims)
        if row is None or row["ended_at"] is not None:
            raise SignedOutError(
                "This account is not a member of a practice here; ask a manager of your practice."
            )
        why = _keep_login(desk, connection, row["member_id"], claims, limits)
        actor = _actor(desk, row)
        if why == "started":
            _record(desk, connection, actor, "member.sign_in")
        elif why in ("idle", "whole"):
            _record(desk, connection, actor, f"member.sign_out_{why}")
    if why in _ENDED:
        raise SignedOutError(_ENDED[why])
    return actor


_ENDED = {
    "idle": "You were signed out because nothing was done for a while; sign in again.",
    "whole": "You were signed out because the day's sign-in is over; sign in again.",
    "over": "You are signed out; sign in again.",
}


def sign_out(desk: Desk, claims: Mapping[str, Any]) -> None:
    """Ends this sign-in, in every tab and on every server."""
    with desk.operating() as connection:
        row = _known(desk, connection, claims)
        if row is None:
            return
        ended = connection.execute(
            update(LOGIN)
            .where(LOGIN.c.login_index == _login_index(desk, claims), LOGIN.c.ended_why.is_(None))
            .values(ended_why="signed_out")
        )
        if ended.rowcount:
            _record(desk, connection, _actor(desk, row), "member.sign_out")


def _known(desk: Desk, connection: Any, claims: Mapping[str, Any]) -> RowMapping | None:
    if not claims.get("iss") or not claims.get("sub"):
        return None
    subject = desk.ring.index(f"{claims['iss']}|{claims['sub']}")
    # held, so that two tabs of one person never both begin the same sign-in
    row = _member_row(connection, MEMBER.c.subject_index == subject, hold=True)
    if row is not None:
        return row
    # an e-mail the provider did not verify could be anybody's
    if claims.get("email_verified") is not True or not claims.get("email"):
        return None
    email = _email_index(desk, str(claims["email"]))
    row = _member_row(connection, MEMBER.c.email_index == email, hold=True)
    # two tabs may sign in first at once: the second finds what the first wrote
    if row is None or row["subject_index"] not in (None, subject):
        return None
    connection.execute(
        update(MEMBER).where(MEMBER.c.member_id == row["member_id"]).values(subject_index=subject)
    )
    return row


def _keep_login(
    desk: Desk, connection: Any, member_id: str, claims: Mapping[str, Any], limits: Limits
) -> str:
    """Notes that somebody is there; returns what happened to the sign-in, or nothing."""
    index, now = _login_index(desk, claims), desk.now()
    mine = LOGIN.c.login_index == index
    row = connection.execute(select(LOGIN).where(mine).with_for_update()).mappings().first()
    if row is None:
        # a provider whose clock is ahead of ours must not give a longer day
        started = datetime.fromtimestamp(min(_time(claims, "iat"), now.timestamp()), tz=UTC)
        expires = started + limits.whole
        ended = None if now < expires else "whole"
        connection.execute(
            insert(LOGIN).values(
                login_index=index,
                member_id=member_id,
                started_at=desk.stamp(),
                seen_at=desk.stamp(),
                expires_at=expires.isoformat(timespec="microseconds"),
                ended_why=ended,
            )
        )
        return ended or "started"
    if row["ended_why"] is not None:
        return "over"
    why = _run_out(row, now, limits)
    values = {"ended_why": why} if why else {"seen_at": desk.stamp()}
    connection.execute(update(LOGIN).where(mine).values(**values))
    return why


def _run_out(row: RowMapping, now: datetime, limits: Limits) -> str:
    if now >= datetime.fromisoformat(row["expires_at"]):
        return "whole"
    return "idle" if now - datetime.fromisoformat(row["seen_at"]) > limits.idle else ""


def _end_logins(work: Work, member_id: str) -> None:
    work.connection.execute(
        update(LOGIN)
        .where(LOGIN.c.member_id == member_id, LOGIN.c.ended_why.is_(None))
        .values(ended_why="member_ended")
    )


def _login_index(desk: Desk, claims: Mapping[str, Any]) -> str:
    # one sign-in at the provider has one time of issue; a new one starts a new clock
    parts = (claims.get("iss"), claims.get("sub"), claims.get("iat"), claims.get("nonce"))
    return desk.ring.index("|".join(map(str, parts)))


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < _YEAR_3000:
        raise SignedOutError("Your sign-in says no time; sign in again.")
    return float(value)


def _record(desk: Desk, connection: Any, actor: Actor, what: str) -> None:
    desk.record(connection, actor, what, actor.member_id, "done", {})
