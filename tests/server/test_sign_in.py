"""Signing in and out with a real OpenID provider, in a real browser, by https."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from streamlit.web.server.starlette.starlette_app_utils import (
    create_signed_value,
    decode_signed_value,
)
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from compound_coverage.casework.tables import LOGIN
from tests.server.practice import (
    COOKIE_SECRET,
    STRANGER,
    cookie_of,
    sign_in,
    visit,
)
from tools.browser import settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("servers")]


@pytest.fixture
def page(chromium, practice):
    """The cases, opened by somebody who has not signed in."""
    page = visit(chromium, practice)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def staff(chromium, practice):
    """The cases, opened by a member of the staff who stays signed in."""
    page = visit(chromium, practice)
    sign_in(page, "staff")
    yield page
    page.context.close()


def asked_to_sign_in(page, words):
    page.get_by_text(words).wait_for()
    page.get_by_role("button", name="Sign in", exact=True).wait_for()
    return page.get_by_role("heading", name="Cases").count() == 0


def read_anew(page):
    page.get_by_role("button", name="Read the list anew").click()
    settle(page)


def with_cookie(practice, page):
    """A program that holds the sign-in cookie of the browser."""
    return practice.client(cookies={USER_COOKIE_NAME: cookie_of(page, USER_COOKIE_NAME)})


def deed(client, name="members/list"):
    return client.post(f"/office/{name}", json={})


def test_a_member_is_led_to_the_provider_and_back_to_the_cases(practice, page):
    assert asked_to_sign_in(page, "These pages are for members of a practice; sign in to go on.")
    sign_in(page, "staff")
    page.get_by_role("heading", name="Cases", exact=True).wait_for()
    assert page.get_by_text("Signed in as Sam Example. Your part: Staff.").is_visible()
    with with_cookie(practice, page) as client:
        assert deed(client).status_code == 200


def test_the_cookies_of_a_sign_in_travel_by_https_only_and_end_with_the_day(staff):
    cookies = {cookie["name"]: cookie for cookie in staff.context.cookies()}
    sign_in_cookie = cookies[USER_COOKIE_NAME]
    assert sign_in_cookie["secure"]
    assert sign_in_cookie["httpOnly"]
    left = sign_in_cookie["expires"] - datetime.now(UTC).timestamp()
    assert 0 < left <= timedelta(hours=10).total_seconds()
    assert all(cookie["secure"] for name, cookie in cookies.items() if "streamlit" in name)


def test_somebody_who_is_no_member_is_told_so_and_gets_nothing(practice, page):
    sign_in(page, STRANGER)
    assert asked_to_sign_in(page, "This account is not a member of a practice here")
    assert page.get_by_role("button", name="Sign out").count() == 0
    with with_cookie(practice, page) as client:
        assert deed(client).status_code == 401


def test_signed_out_in_one_tab_the_next_click_in_another_asks_to_sign_in(practice, page):
    sign_in(page, "staff")
    other = page.context.new_page()
    other.goto("/cases")
    settle(other)
    other.get_by_role("heading", name="Cases", exact=True).wait_for()
    with with_cookie(practice, page) as client:
        assert deed(client).status_code == 200
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("button", name="End session").click()
        page.wait_for_url(re.compile("^https://localhost:"))
        page.get_by_test_id("stApp").wait_for()
        assert not cookie_of(page, USER_COOKIE_NAME)
        read_anew(other)
        assert asked_to_sign_in(other, "You are signed out; sign in again.")
        # a copy of the cookie, taken before, is worth nothing now
        assert deed(client).json() == {"error": "You are signed out; sign in again."}
    sign_in(other, "staff")
    other.get_by_role("heading", name="Cases", exact=True).wait_for()


def test_after_too_long_without_a_click_the_next_one_asks_to_sign_in(practice, page):
    sign_in(page, "prescriber")
    seen = datetime.now(UTC) - timedelta(minutes=16)
    with practice.desk.engine.begin() as connection:
        mine = LOGIN.c.member_id == practice.actor("prescriber").member_id
        connection.execute(
            update(LOGIN).where(mine).values(seen_at=seen.isoformat(timespec="microseconds"))
        )
    read_anew(page)
    assert asked_to_sign_in(page, "You were signed out because nothing was done for a while")
    sign_in(page, "prescriber")
    page.get_by_role("heading", name="Cases", exact=True).wait_for()


def test_a_token_that_has_run_out_is_worth_nothing_however_long_its_cookie_lives(practice, page):
    sign_in(page, "staff")
    held = cookie_of(page, USER_COOKIE_NAME)
    told = decode_signed_value(COOKIE_SECRET, USER_COOKIE_NAME, held)
    assert told is not None
    claims = json.loads(told)
    claims["exp"] = int(datetime.now(UTC).timestamp()) - 1
    old = create_signed_value(COOKIE_SECRET, USER_COOKIE_NAME, json.dumps(claims)).decode()
    page.context.add_cookies(
        [{"name": USER_COOKIE_NAME, "value": old, "url": practice.address, "secure": True}]
    )
    page.reload()
    settle(page)
    assert asked_to_sign_in(page, "Your sign-in has run out; sign in again.")
    with with_cookie(practice, page) as client:
        assert deed(client).status_code == 401


def test_an_auditor_sees_what_was_done_and_no_case(page):
    sign_in(page, "auditor")
    page.get_by_text("your part in this practice does not allow it").wait_for()
    page.goto("/practice")
    settle(page)
    assert page.get_by_role("heading", name="What was done").is_visible()
    assert page.get_by_role("heading", name="A patient's data").count() == 0


def test_nothing_of_a_sign_in_is_in_a_log(practice, staff):
    assert cookie_of(staff, USER_COOKIE_NAME)
    text = practice.replicas[0].log.read_text(encoding="utf-8")
    text += practice.nginx_log("compound-coverage.log")
    assert "oauth2callback" in text
    for word in ("code=", "state=", "Sam Example", "staff@practice.example"):
        assert word not in text
