"""Members, and how a sign-in begins and ends."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from compound_coverage.casework import people
from compound_coverage.casework.access import Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.people import Limits, PeopleError, SignedOutError
from compound_coverage.casework.tables import AUDIT, LOGIN, MEMBER
from tests.casework.conftest import NPI, OTHER_NPI, claims_of

MAIL = "new@north.example"
LIMITS = Limits()


@pytest.fixture
def member_id(desk, practice):
    """Somebody who never signed in yet."""
    return people.add_member(desk, practice.manager, "Made-up Newcomer", MAIL, [Role.STAFF])


def claims(desk, email=MAIL, **more):
    return claims_of(email, desk.now(), **more)


def is_in(desk, told):
    try:
        people.sign_in(desk, told, LIMITS)
    except SignedOutError:
        return False
    return True


def audit_of(desk, action):
    with desk.operating() as connection:
        query = select(AUDIT.c.actor).where(AUDIT.c.action == action).order_by(AUDIT.c.number)
        return list(connection.execute(query).scalars())


# -- who it is ---------------------------------------------------------------------------------


def test_first_by_verified_email_then_by_the_providers_own_id(desk, practice, member_id):
    assert people.sign_in(desk, claims(desk), LIMITS).member_id == member_id
    renamed = claims(desk, "other-name@north.example", sub=f"id-of-{MAIL}", email_verified=False)
    assert people.sign_in(desk, renamed, LIMITS).member_id == member_id


def test_an_actor_is_what_the_manager_wrote_down(desk, practice):
    actor = practice.prescriber
    assert actor.organisation_id == practice.organisation_id
    assert (actor.roles, actor.npi) == (frozenset({Role.PRESCRIBER}), NPI)


@pytest.mark.parametrize("typed", [MAIL.upper(), f"  {MAIL} ", MAIL.title()])
def test_an_email_is_the_same_however_it_is_typed(desk, practice, member_id, typed):
    assert people.sign_in(desk, claims(desk, typed, sub="x"), LIMITS).member_id == member_id


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("the provider did not verify the e-mail", {"email_verified": False}),
        ("the provider says nothing of it", {"email_verified": None}),
        ("'true' is a word, not an answer", {"email_verified": "true"}),
        ("one is a number, not an answer", {"email_verified": 1}),
        ("no e-mail", {"email": None}),
        ("an empty e-mail", {"email": ""}),
        ("an e-mail nobody has here", {"email": "stranger@north.example"}),
        ("no id of the provider's own", {"sub": None}),
        ("an empty id", {"sub": ""}),
        ("no provider", {"iss": None}),
    ],
)
def test_who_is_not_known_for_certain_is_not_let_in(desk, practice, member_id, what, more):
    with pytest.raises(SignedOutError, match="not a member of a practice here"):
        people.sign_in(desk, claims(desk, **more), LIMITS)
    with desk.operating() as connection:
        found = connection.execute(
            select(MEMBER.c.subject_index).where(MEMBER.c.member_id == member_id)
        ).scalar_one()
    assert found is None


@pytest.mark.parametrize("other", [{"sub": "somebody else"}, {"iss": "https://elsewhere.example"}])
def test_an_email_that_passed_to_somebody_else_opens_nothing(desk, practice, member_id, other):
    people.sign_in(desk, claims(desk), LIMITS)
    with pytest.raises(SignedOutError, match="not a member"):
        people.sign_in(desk, claims(desk, **other), LIMITS)
    assert people.sign_in(desk, claims(desk), LIMITS).member_id == member_id


@pytest.mark.parametrize(
    "more",
    [
        {name: value}
        for name in ("exp", "iat")
        for value in (None, "1", True, float("nan"), float("inf"), -1, 0, 10**30)
    ],
)
def test_a_token_that_tells_no_time_is_refused(desk, practice, member_id, more):
    with pytest.raises(SignedOutError, match="says no time"):
        people.sign_in(desk, claims(desk, **more), LIMITS)


# -- how long ----------------------------------------------------------------------------------


def test_who_does_nothing_is_signed_out_and_stays_out(desk, clock, practice, member_id):
    mine = claims(desk)
    assert is_in(desk, mine)
    clock.turn(minutes=15)
    assert is_in(desk, mine), "fifteen minutes are allowed"
    clock.turn(minutes=15, microseconds=1)
    with pytest.raises(SignedOutError, match="because nothing was done for a while"):
        people.sign_in(desk, mine, LIMITS)
    with pytest.raises(SignedOutError, match="You are signed out"):
        people.sign_in(desk, mine, LIMITS)
    assert is_in(desk, claims(desk)), "a new sign-in starts a new clock"
    assert not is_in(desk, mine), "the old token stays closed"
    assert audit_of(desk, "member.sign_out_idle") == [member_id]


def test_a_busy_day_ends_all_the_same(desk, clock, practice, member_id):
    mine = claims(desk)
    for _ in range(60):
        assert is_in(desk, mine)
        clock.turn(minutes=10)
    with pytest.raises(SignedOutError, match="because the day's sign-in is over"):
        people.sign_in(desk, mine, LIMITS)
    assert not is_in(desk, mine)
    assert audit_of(desk, "member.sign_out_whole") == [member_id]


def test_a_token_that_ran_out_is_refused(desk, clock, practice, member_id):
    mine = claims(desk, exp=int(desk.now().timestamp()) + 60)
    assert is_in(desk, mine)
    clock.turn(seconds=59)
    assert is_in(desk, mine)
    clock.turn(seconds=1)
    with pytest.raises(SignedOutError, match="has run out"):
        people.sign_in(desk, mine, LIMITS)


def test_an_old_token_that_was_never_used_here_does_not_start_a_day(
    desk, clock, practice, member_id
):
    mine = claims(desk)
    clock.turn(hours=10)
    with pytest.raises(SignedOutError, match="because the day's sign-in is over"):
        people.sign_in(desk, mine, LIMITS)
    assert not is_in(desk, mine)
    assert audit_of(desk, "member.sign_in").count(member_id) == 0


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), timedelta(days=400)])
def test_a_provider_whose_clock_is_ahead_gives_no_longer_day(
    desk, clock, practice, member_id, ahead
):
    issued = int((desk.now() + ahead).timestamp())
    mine = claims(desk, iat=issued, exp=issued + 10**6)
    assert is_in(desk, mine)
    for _ in range(59):
        clock.turn(minutes=10)
        assert is_in(desk, mine)
    clock.turn(minutes=10)
    assert not is_in(desk, mine)


def test_an_old_token_asked_for_again_and_again_does_not_fill_the_trail(desk, clock, practice):
    def entries():
        with desk.operating() as connection:
            return len(connection.execute(select(AUDIT.c.number)).all())

    mine = claims(desk, "manager@north.example")
    clock.turn(minutes=20)
    assert not is_in(desk, mine)
    before = entries()
    assert [is_in(desk, mine) for _ in range(20)] == [False] * 20
    assert entries() == before


# -- signing out -------------------------------------------------------------------------------


def test_signed_out_in_one_tab_is_out_in_all_and_on_every_server(
    url, ring, desk, clock, practice, member_id
):
    mine = claims(desk)
    engine = open_casework(url)
    other_server = Desk(engine, ring, clock)
    assert is_in(desk, mine)
    assert is_in(other_server, mine)
    people.sign_out(other_server, mine)
    assert not is_in(desk, mine)
    assert not is_in(other_server, mine)
    engine.dispose()
    people.sign_out(desk, mine)
    assert audit_of(desk, "member.sign_out") == [member_id], "once"


def test_signing_out_leaves_another_sign_in_of_the_same_person_alone(
    desk, clock, practice, member_id
):
    first = claims(desk)
    assert is_in(desk, first)
    clock.turn(seconds=1)
    second = claims(desk)
    assert is_in(desk, second)
    people.sign_out(desk, first)
    assert not is_in(desk, first)
    assert is_in(desk, second)


def test_a_stranger_signs_nobody_out(desk, practice, member_id):
    mine = claims(desk)
    assert is_in(desk, mine)
    people.sign_out(desk, {**mine, "sub": "stranger"})
    people.sign_out(desk, {})
    assert is_in(desk, mine)


def test_a_member_who_left_is_out_at_once_and_comes_back_with_a_new_sign_in(
    desk, clock, practice, member_id
):
    mine = claims(desk)
    assert is_in(desk, mine)

    def change(ended):
        people.change_member(
            desk, practice.manager, member_id, name="Same", roles=[Role.STAFF], ended=ended
        )

    change(ended=True)
    with pytest.raises(SignedOutError, match="not a member"):
        people.sign_in(desk, mine, LIMITS)
    clock.turn(seconds=1)
    assert not is_in(desk, claims(desk))
    change(ended=False)
    assert not is_in(desk, mine), "what was ended stays ended"
    assert is_in(desk, claims(desk))


def test_a_role_taken_away_is_gone_at_the_next_click(desk, practice, member_id):
    mine = claims(desk)
    assert people.sign_in(desk, mine, LIMITS).roles == {Role.STAFF}
    people.change_member(
        desk, practice.manager, member_id, name="Same", roles=[Role.PRESCRIBER], npi=NPI
    )
    actor = people.sign_in(desk, mine, LIMITS)
    assert (actor.roles, actor.npi) == (frozenset({Role.PRESCRIBER}), NPI)


# -- members -----------------------------------------------------------------------------------


def test_members_are_listed_by_name_and_only_ours(desk, practice, other_practice):
    found = people.members(desk, practice.staff)
    assert [one.name for one in found] == sorted((one.name for one in found), key=str.casefold)
    assert {one.email.partition("@")[2] for one in found} == {"north.example"}
    assert people.organisation_name(desk, practice.staff) == "north"


def test_the_last_manager_stays(desk, practice, member_id):
    manager = practice.manager

    def change(who, roles, ended=False):
        people.change_member(desk, manager, who, name="Same", roles=roles, ended=ended)

    for roles, ended in (([Role.STAFF], False), ([Role.MANAGER], True)):
        with pytest.raises(PeopleError, match="the last manager; make somebody else a manager"):
            change(manager.member_id, roles, ended)
    change(member_id, [Role.STAFF, Role.MANAGER], ended=True)
    with pytest.raises(PeopleError, match="the last manager"):
        change(manager.member_id, [Role.STAFF])
    change(member_id, [Role.STAFF, Role.MANAGER])
    change(manager.member_id, [Role.STAFF])


@pytest.mark.parametrize(
    ("name", "email", "roles", "npi", "told"),
    [
        ("", "a@north.example", [Role.STAFF], "", "needs a name"),
        (" ", "a@north.example", [Role.STAFF], "", "needs a name"),
        ("Made-up", "nobody", [Role.STAFF], "", "'nobody' is not an e-mail"),
        ("Made-up", "@", [Role.STAFF], "", "'@' is not an e-mail"),
        ("Made-up", "", [Role.STAFF], "", "'' is not an e-mail"),
        ("Made-up", "Manager@North.example ", [Role.STAFF], "", "already belongs to a member"),
        ("Made-up", "a@north.example", [], "", "at least one role"),
        ("Made-up", "a@north.example", [Role.PRESCRIBER], "1234567890", "check digit"),
        ("Made-up", "a@north.example", [Role.PRESCRIBER], "12", "an NPI is 10 digits"),
    ],
)
def test_a_member_that_can_not_be_is_refused(desk, practice, name, email, roles, npi, told):
    before = people.members(desk, practice.manager)
    with pytest.raises(PeopleError, match=told):
        people.add_member(desk, practice.manager, name, email, roles, npi)
    assert people.members(desk, practice.manager) == before


def test_an_npi_is_kept_as_ten_digits(desk, practice):
    one = people.add_member(
        desk, practice.manager, "Made-up", "a@north.example", [Role.PRESCRIBER], " 124-531 9599"
    )
    found = {member.member_id: member.npi for member in people.members(desk, practice.manager)}
    assert found[one] == OTHER_NPI


@pytest.mark.parametrize(
    ("name", "email", "years", "told"),
    [
        (" ", "a@east.example", 6, "A practice needs a name"),
        ("East", "manager@north.example", 6, "already belongs to a member"),
        ("East", "a@east.example", 0, "for a year at least"),
    ],
)
def test_a_practice_that_can_not_be_leaves_nothing_behind(desk, practice, name, email, years, told):
    with pytest.raises(PeopleError, match=told):
        people.make_organisation(desk, name, "Made-up", email, years)
    with desk.operating() as connection:
        found = connection.execute(select(AUDIT.c.organisation_id).distinct()).scalars().all()
    assert found == [practice.organisation_id]


def test_a_laptop_has_one_owner_who_may_do_all_but_sign_as_nobody(desk):
    owner = people.laptop_owner(desk)
    assert people.laptop_owner(desk) == owner
    assert owner.roles == set(Role)
    assert owner.npi == ""
    assert [one.name for one in people.members(desk, owner)] == ["You"]


def test_a_record_swapped_in_the_database_makes_nobody_somebody_else(desk, practice):
    staff, prescriber = practice.staff.member_id, practice.prescriber.member_id
    with desk.operating() as connection:
        query = select(MEMBER.c.sealed).where(MEMBER.c.member_id == prescriber)
        sealed = connection.execute(query).scalar_one()
        connection.execute(update(MEMBER).where(MEMBER.c.member_id == staff).values(sealed=sealed))
    with pytest.raises(ValueError, match="was changed outside this program"):
        people.sign_in(desk, claims(desk, "staff@north.example"), LIMITS)


# -- at once -----------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What a thread came to."""

    given: object = None
    error: Exception | None = None


def all_at_once(url, ring, clock, deeds):
    """Does each deed in a thread of its own, as one server of several."""
    barrier, outcomes = threading.Barrier(len(deeds), timeout=60), [Outcome() for _ in deeds]
    engines = [open_casework(url) for _ in deeds]

    def one(deed, engine, outcome):
        try:
            with engine.connect():
                barrier.wait()
            outcome.given = deed(Desk(engine, ring, clock))
        except Exception as error:
            outcome.error = error

    threads = [
        threading.Thread(target=one, args=given)
        for given in zip(deeds, engines, outcomes, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    return outcomes


def test_first_sign_ins_at_once_are_one_sign_in(url, ring, desk, clock, practice, member_id):
    mine = claims(desk)
    found = all_at_once(
        url, ring, clock, [lambda one: people.sign_in(one, mine, LIMITS).member_id] * 8
    )
    assert [one.error for one in found] == [None] * 8
    assert {one.given for one in found} == {member_id}
    with desk.operating() as connection:
        rows = connection.execute(select(LOGIN).where(LOGIN.c.member_id == member_id)).all()
    assert len(rows) == 1
    assert audit_of(desk, "member.sign_in").count(member_id) == 1


def test_a_second_sign_in_in_many_tabs_at_once_is_one(url, ring, desk, clock, practice, member_id):
    people.sign_in(desk, claims(desk), LIMITS)
    for _ in range(5):
        clock.turn(seconds=1)
        mine = claims(desk)
        found = all_at_once(url, ring, clock, [lambda one, m=mine: is_in(one, m)] * 6)
        assert [(one.given, one.error) for one in found] == [(True, None)] * 6
    assert audit_of(desk, "member.sign_in").count(member_id) == 6


def test_of_two_people_with_one_email_at_once_only_one_gets_in(
    url, ring, desk, clock, practice, member_id
):
    rivals = [claims(desk, sub=f"rival {number}") for number in range(6)]
    found = all_at_once(url, ring, clock, [lambda one, m=mine: is_in(one, m) for mine in rivals])
    assert [one.error for one in found] == [None] * 6
    assert [one.given for one in found].count(True) == 1
    winner = rivals[[one.given for one in found].index(True)]
    assert [is_in(desk, mine) for mine in rivals] == [mine is winner for mine in rivals]


def test_one_email_given_to_two_members_at_once_belongs_to_one(url, ring, desk, clock, practice):
    def add(one):
        return people.add_member(one, practice.manager, "Made-up", MAIL, [Role.STAFF])

    found = all_at_once(url, ring, clock, [add] * 5)
    assert sum(one.given is not None for one in found) == 1
    assert {type(one.error) for one in found} == {type(None), PeopleError}
    assert [one.email for one in people.members(desk, practice.manager)].count(MAIL) == 1


def test_two_managers_can_not_take_the_role_from_each_other_at_once(
    url, ring, desk, clock, practice
):
    second = people.add_member(desk, practice.manager, "Second", MAIL, [Role.MANAGER])
    other = people.sign_in(desk, claims(desk), LIMITS)
    first = practice.manager

    def demote(by, whom):
        return lambda one: people.change_member(one, by, whom, name="Same", roles=[Role.STAFF])

    for _ in range(5):
        found = all_at_once(
            url, ring, clock, [demote(first, second), demote(other, first.member_id)]
        )
        told = sorted(str(one.error) for one in found)
        assert told[0] == "None" or "last manager" in told[0], told
        managers = [one for one in people.members(desk, first) if Role.MANAGER in one.roles]
        assert len(managers) == 1
        for whom in (first.member_id, second):
            people.change_member(desk, first, whom, name="Same", roles=[Role.MANAGER])


def test_members_changed_at_once_do_not_block_each_other(url, ring, desk, clock, practice):
    ids = [
        people.add_member(desk, practice.manager, "M", f"m{n}@north.example", [Role.MANAGER])
        for n in range(4)
    ]

    def demote(whom):
        return lambda one: people.change_member(
            one, practice.manager, whom, name="Same", roles=[Role.STAFF]
        )

    found = all_at_once(url, ring, clock, [demote(one) for one in ids])
    assert [one.error for one in found] == [None] * 4


def test_a_member_whose_account_was_made_anew_is_known_by_the_email_again(desk, practice, clock):
    member = next(
        one for one in people.members(desk, practice.manager) if one.name.endswith("staff")
    )
    anew = claims_of("staff@north.example", clock(), sub="another account")
    with pytest.raises(people.SignedOutError):
        people.sign_in(desk, anew, people.Limits())
    people.change_member(
        desk, practice.manager, member.member_id, name=member.name, roles=member.roles,
        new_account=True,
    )  # fmt: skip
    assert people.sign_in(desk, anew, people.Limits()).member_id == member.member_id


def test_a_case_goes_to_nobody_who_has_no_part_in_cases(cases, desk, practice, case_id):
    with pytest.raises(people.PeopleError, match="no part in cases"):
        cases.assign(practice.staff, case_id, practice.auditor.member_id)
