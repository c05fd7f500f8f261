"""Who is at the page, or behind a request: the owner of a laptop, or a member who signed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st
from starlette.requests import Request
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from compound_coverage.casework import people
from compound_coverage.casework.access import Actor
from compound_coverage.casework.keyring import KeyRingError
from compound_coverage.casework.office import Office, open_office
from compound_coverage.casework.people import SignedOutError
from compound_coverage.casework.settings import Settings, settings
from compound_coverage.database import StoreError
from compound_coverage.language import say
from dashboard.office_parts import ROLES
from dashboard.parts import dataset, drug_lists, note, plain


@st.cache_resource(show_spinner=False)
def chosen_settings() -> Settings:
    """How this server is set up."""
    return settings()


@st.cache_resource(max_entries=1, show_spinner=False)
def office() -> Office:
    """The services of casework, opened once. Raises StoreError, KeyRingError."""
    return open_office(dataset, drug_lists, chosen_settings())


def office_or_stop() -> Office:
    """The services of casework; where they can't be had, says why and ends the page."""
    try:
        return office()
    except (StoreError, KeyRingError) as error:
        st.error(plain(str(error)))
        st.stop()


def actor_or_stop(desk: Office) -> Actor:
    """Who is at the page. Somebody not signed in is asked to, and the page ends.

    Asked in each run of a page, so that a sign-in that ran out ends there.
    """
    claims = dict(st.user) if st.user.get("is_logged_in") else None
    try:
        actor = actor_of(desk, claims)
    except SignedOutError as error:
        if claims:
            # what was open stays for nobody who sits down here next
            st.session_state.clear()
        st.title(say("For members of a practice"))
        st.info(plain(str(error)))
        st.button(say("Sign in"), key="sign-in", type="primary", on_click=st.login)
        st.stop()
    except StoreError as error:
        st.error(plain(str(error)))
        st.stop()
    if claims:
        _offer_sign_out(desk, actor, claims)
    return actor


def _offer_sign_out(desk: Office, actor: Actor, claims: Mapping[str, Any]) -> None:
    """Who is signed in, as the provider names them, and the way out."""
    who = str(claims.get("name") or claims.get("email") or say("a member"))
    roles = ", ".join(sorted(say(ROLES[role]) for role in actor.roles))
    with st.container(horizontal=True, vertical_alignment="center"):
        note(say("Signed in as {name}. Your part: {roles}.", name=plain(who), roles=roles))
        pressed = st.button(say("Sign out"), key="sign-out")
    if not pressed:
        return
    try:
        people.sign_out(desk.desk, claims)
    except StoreError as error:
        st.error(plain(str(error)))
        st.stop()
    st.session_state.clear()
    st.logout()
    st.stop()


def actor_of(desk: Office, claims: Mapping[str, Any] | None) -> Actor:
    """The actor behind the claims of a sign-in. Raises SignedOutError."""
    if not desk.settings.office:
        return people.laptop_owner(desk.desk)
    if not claims:
        raise SignedOutError(say("These pages are for members of a practice; sign in to go on."))
    return people.sign_in(desk.desk, claims, desk.limits)


def claims_of(request: Request) -> dict[str, Any] | None:
    """What the sign-in cookie of a request says, if its signature is ours."""
    secret = get_cookie_secret()
    if not secret:
        return None

    def one(name: str) -> bytes | None:
        value = request.cookies.get(name)
        return decode_signed_value(secret, name, value) if value else None

    told = get_cookie_with_chunks(one, USER_COOKIE_NAME)
    claims = json.loads(told) if told else None
    return claims if isinstance(claims, dict) and claims.get("is_logged_in") else None
