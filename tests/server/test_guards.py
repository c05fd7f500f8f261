"""Who gets through to the pages, and what every answer carries."""

import base64
import hashlib
import re

import pytest
from starlette.websockets import WebSocketDisconnect

from dashboard.guards import BROWSER_COOKIE, LARGEST_BODY, content_policy, tightened_cookie
from tests.server.conftest import (
    LAPTOP,
    OFFICE,
    POLICY,
    PROXY,
    STRANGER,
    socket_url,
    through_proxy,
    visitor,
)


def get(client, path="/seen", **options):
    return client.get(path, **options)


# -- a laptop answers only itself ------------------------------------------------------------


@pytest.mark.parametrize("own", ["127.0.0.1", "localhost", "[::1]"])
def test_on_a_laptop_the_laptop_itself_gets_through(own):
    address = "http://127.0.0.1:8501" if own == "localhost" else f"http://{own}:8501"
    assert get(visitor(address=address), headers={"Host": f"{own}:8501"}).status_code == 200


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (STRANGER, "http://127.0.0.1:8501"),
        ("127.0.0.1", "http://192.0.2.7:8501"),
        ("::ffff:203.0.113.9", "http://127.0.0.1:8501"),
        ("fe80::1", "http://127.0.0.1:8501"),
        ("nobody", "http://127.0.0.1:8501"),
    ],
)
def test_on_a_laptop_the_network_gets_nothing_even_if_the_port_is_open_to_it(client, address):
    for path in ("/seen", "/healthz"):
        host = {"Host": "127.0.0.1:8501"}
        assert get(visitor(client=client, address=address), path, headers=host).status_code == 403


def test_a_socket_open_for_both_families_still_knows_the_laptop():
    assert get(visitor(client="::ffff:127.0.0.1")).status_code == 200


def test_a_stranger_can_not_claim_to_be_the_laptop():
    claim = {"x_forwarded_for": "127.0.0.1", "x_real_ip": "127.0.0.1"}
    assert get(visitor(client=STRANGER, **claim)).status_code == 403


# -- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "coverage.example.evil.example", "a@127.0.0.1", "", "127.0.0.1/x"]
)
def test_a_name_that_is_not_ours_is_turned_away(host):
    assert get(visitor(), headers={"Host": host}).status_code == 400
    assert get(through_proxy(), headers={"Host": host}).status_code == 400


# -- https and the proxy ---------------------------------------------------------------------


def test_the_office_answers_by_https_and_knows_who_asked():
    assert get(through_proxy()).json() == {"scheme": "https", "client": STRANGER}


def test_what_a_caller_made_up_before_the_proxy_is_not_believed():
    forged = visitor(
        OFFICE, PROXY, x_forwarded_proto="https", x_forwarded_for=f"127.0.0.1, {STRANGER}"
    )
    assert get(forged).json()["client"] == STRANGER


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [(f"{STRANGER}, {PROXY}", STRANGER), ("rubbish", PROXY), (PROXY, PROXY), ("", PROXY)],
)
def test_the_first_address_that_is_no_proxy_is_the_caller(forwarded, client):
    asked = visitor(OFFICE, PROXY, x_forwarded_proto="https", x_forwarded_for=forwarded)
    assert get(asked).json()["client"] == client


@pytest.mark.parametrize(
    ("client", "claim"),
    [
        (STRANGER, "https"),
        (PROXY, "http"),
        (PROXY, "https,http"),
        (PROXY, ""),
        ("127.0.0.1", "https"),
    ],
)
def test_plain_http_is_sent_to_https_and_carries_nothing(client, claim):
    plain = visitor(OFFICE, client, x_forwarded_proto=claim)
    answer = get(plain, "/seen?a=1")
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://coverage.example/seen?a=1"
    assert plain.post("/taken", content="x").status_code == 403


@pytest.mark.parametrize("path", ["//evil.example/", "/.evil.example", "/@evil.example"])
def test_being_sent_to_https_never_leads_elsewhere(path):
    plain = visitor(OFFICE, STRANGER)
    answer = plain.get(f"http://coverage.example{path}")
    assert re.match(r"https://coverage\.example/[^/]", answer.headers["location"])


def test_the_office_computer_itself_may_ask_for_health_by_plain_http():
    host = {"Host": "127.0.0.1:8501"}
    assert get(visitor(OFFICE), "/healthz", headers=host).status_code == 200
    assert get(visitor(OFFICE), "/seen", headers=host).status_code == 308
    assert get(visitor(OFFICE, STRANGER), "/healthz", headers=host).status_code == 308


# -- other web pages -------------------------------------------------------------------------

ORIGINS = [
    (None, False),
    ("null", False),
    ("http://evil.example", False),
    ("https://127.0.0.1:8501", False),
    ("http://127.0.0.1:8502", False),
    ("http://127.0.0.1:8501.evil.example", False),
    ("http://127.0.0.1:8501", True),
]


def opens(client, origin):
    try:
        headers = {} if origin is None else {"Origin": origin}
        with client.websocket_connect(socket_url(client), headers=headers) as socket:
            socket.receive_text()
    except WebSocketDisconnect:
        return False
    return True


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
def test_only_our_own_page_may_open_a_websocket(origin, allowed):
    assert opens(visitor(), origin) == allowed


def test_in_the_office_the_page_and_the_websocket_are_both_https():
    assert opens(through_proxy(), "https://coverage.example")
    assert not opens(through_proxy(), "http://coverage.example")
    assert not opens(visitor(OFFICE, STRANGER), "http://coverage.example")


def test_a_websocket_obeys_the_same_rules_of_name_and_place():
    assert not opens(visitor(host="evil.example"), "http://evil.example")
    assert not opens(visitor(client=STRANGER), "http://127.0.0.1:8501")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8501", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_only_our_own_page_may_send_something(headers, status):
    assert visitor().post("/taken", content="abc", headers=headers).status_code == status


def test_a_link_on_another_page_may_lead_to_us():
    assert get(visitor(), headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


# -- closed doors and sizes ------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/media", "/media/", "/media/abc.pdf"])
def test_the_folder_of_downloads_can_be_closed(path):
    assert get(visitor(media_closed=True), path).status_code == 404


def test_the_folder_of_downloads_is_open_until_it_is_closed():
    assert get(visitor(), "/media/abc.pdf").status_code == 200
    assert get(visitor(media_closed=True), "/check/media").status_code == 200


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/mcp", "/_stcore/agent/x"])
def test_doors_nobody_needs_are_closed(path):
    assert get(visitor(), path).status_code == 404


def test_a_file_up_to_the_limit_is_taken_in():
    assert visitor().post("/taken", content=b"abc").text == "3"


@pytest.mark.parametrize("length", [str(LARGEST_BODY + 1), "1e9", "-1", "9" * 30])
def test_what_is_too_large_is_refused_before_it_is_read(length):
    def never():
        raise AssertionError("read")
        yield b""

    answer = visitor().post("/taken", content=never(), headers={"Content-Length": length})
    assert answer.status_code == 413


def test_a_length_that_is_not_said_is_asked_for():
    answer = visitor().post("/taken", content=iter([b"abc"]))
    assert answer.status_code == 411


# -- what every answer carries ---------------------------------------------------------------

ANSWERS = [
    ("a page", lambda: get(visitor()), 200),
    ("a wrong name", lambda: get(visitor(), headers={"Host": "evil.example"}), 400),
    ("a stranger", lambda: get(visitor(client=STRANGER)), 403),
    ("nothing there", lambda: get(visitor(), "/nothing"), 404),
    ("a failure", lambda: get(visitor(), "/failing"), 500),
    ("sent to https", lambda: get(visitor(OFFICE, STRANGER)), 308),
]


@pytest.mark.parametrize(("ask", "status"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS])
def test_every_answer_carries_the_security_headers_and_its_id(ask, status):
    answer = ask()
    assert answer.status_code == status
    for name, value in {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }.items():
        assert answer.headers.get_list(name) == [value]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_only_the_office_binds_browsers_to_https():
    assert "max-age=" in get(through_proxy()).headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in get(visitor()).headers


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/static/js/index.DormvYxC.js", True),
        ("/static/media/KaTeX_Size1-Regular.mCD8mA8B.woff2", True),
        ("/static/js/index.DormvYxC.js?status=404", False),
        ("/static/js/index.DormvYxC.js?cache=no-cache", False),
        ("/static/favicon.png", False),
        ("/check/static/js/index.DormvYxC.js", False),
        ("/media/abc.DormvYxC.pdf", False),
    ],
)
def test_browsers_keep_program_files_and_nothing_else(path, kept):
    assert (get(visitor(), path).headers["Cache-Control"] != "no-store") == kept


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/api/v1/plans?cache=public, max-age=300", "public, max-age=300"),
        ("/api/v1/plans?cache=public, max-age=300&status=304", "public, max-age=300"),
        ("/api/v1/determinations?cache=private, max-age=300", "private, max-age=300"),
        ("/api/v1/plans?cache=public, max-age=300&status=404", "no-store"),
        ("/api/v1/plans?cache=public, max-age=300&status=500", "no-store"),
        ("/api/v1/plans?cache=", "no-store"),
        ("/api/v12/plans?cache=public, max-age=300", "no-store"),
        ("/check/api/v1/plans?cache=public, max-age=300", "no-store"),
    ],
)
def test_the_api_itself_says_how_long_an_answer_may_be_kept(path, kept):
    assert get(visitor(), path).headers.get_list("Cache-Control") == [kept]
    assert get(through_proxy(), path).headers.get_list("Cache-Control") == [kept]


def test_office_cookies_travel_only_by_https_and_end_with_the_working_day():
    set_cookies = dict(
        line.split("=", 1)
        for line in get(through_proxy(), "/cookies").headers.get_list("set-cookie")
    )
    assert all(line.casefold().count("; secure") == 1 for line in set_cookies.values())
    assert "Max-Age=36000;" in set_cookies["_streamlit_user"]
    assert "HttpOnly" in set_cookies["_streamlit_user"]
    assert "Max-Age=60;" in set_cookies["_streamlit_user_tokens_1"]
    assert "Max-Age=0;" in set_cookies["gone"]


def test_laptop_cookies_stay_as_they_are_because_there_is_no_https():
    lines = get(visitor(), "/cookies").headers.get_list("set-cookie")
    assert sum("secure" in line.casefold() for line in lines) == 1


def test_a_value_that_reads_secure_does_not_count_as_the_attribute():
    assert tightened_cookie("secure=1; Path=/", 60) == "secure=1; Path=/; Secure"


def test_a_browser_is_known_again_by_a_random_cookie_that_comes_with_its_first_page():
    client = visitor()
    assert "set-cookie" not in get(client).headers
    line = get(client, "/page").headers["set-cookie"]
    assert re.fullmatch(
        rf"{BROWSER_COOKIE}=[A-Za-z0-9_-]{{43}}; HttpOnly; Path=/; SameSite=lax", line
    )
    assert "set-cookie" not in get(client, "/page").headers
    assert get(visitor(), "/page").headers["set-cookie"] != line
    assert get(through_proxy(), "/page").headers["set-cookie"].endswith("; Secure")


# -- ids -------------------------------------------------------------------------------------


def test_each_request_has_an_id_of_its_own():
    client = visitor()
    assert get(client).headers["X-Request-ID"] != get(client).headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("asked", "given", "taken"),
    [
        (through_proxy, "0123456789abcdef", True),
        (through_proxy, "short", False),
        (through_proxy, "a name, typed", False),
        (through_proxy, "a" * 65, False),
        (visitor, "0123456789abcdef", False),
    ],
)
def test_only_the_proxy_may_name_a_request_and_only_in_an_ids_letters(asked, given, taken):
    answer = get(asked(x_request_id=given))
    assert (answer.headers["X-Request-ID"] == given) == taken


# -- the policy ------------------------------------------------------------------------------


def test_the_policy_allows_streamlits_one_script_by_its_hash(tmp_path):
    index = tmp_path / "index.html"
    index.write_text("<script>\n  a = 1\n</script><script src='x.js'></script>", encoding="utf-8")
    wanted = base64.b64encode(hashlib.sha256(b"\n  a = 1\n").digest()).decode()
    policy = dict(part.split(" ", 1) for part in content_policy(index, LAPTOP).split("; "))
    assert policy["script-src"] == f"'self' 'wasm-unsafe-eval' 'sha256-{wanted}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"


def test_in_the_office_the_policy_names_the_websocket(tmp_path):
    index = tmp_path / "index.html"
    index.write_text("", encoding="utf-8")
    assert "connect-src 'self' wss://coverage.example;" in content_policy(index, OFFICE)
