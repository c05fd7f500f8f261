"""A sealed case: opened by its phrase or code and by nothing else, and refused when changed."""

import base64
import json
import math
import time
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compound_coverage.casework import sealed as module
from compound_coverage.casework.sealed import (
    BAD_HEAD,
    CODE_ALPHABET,
    CODE_REFUSED,
    LONGEST_HEAD,
    MOST_BYTES,
    NEWER,
    NOT_A_CODE,
    NOT_SEALED,
    PHRASE_REFUSED,
    TOO_LARGE,
    TOO_WEAK,
    SealedError,
    code_index,
    new_code,
    new_phrase,
    open_with_code,
    open_with_phrase,
    seal_with_code,
    seal_with_phrase,
    tidy_code,
)

PHRASE = "seven green kettles sing"
CODE = "K7QF-3M0Z-91WD-HH2P-61TE"
MARKER = "Example Patient"
CASE = f'{{"patient": "{MARKER}"}}'.encode()

KEPT_FILE = (
    "Y29tcG91bmQtY292ZXJhZ2Ugc2VhbGVkIGNhc2UgMQp7Im5vbmNlIjoiQzJJMnNIa1YxemhxQktkNiIs"
    "ImtkZiI6ImFyZ29uMmlkIiwibWVtb3J5X2tpYiI6NjU1MzYsIml0ZXJhdGlvbnMiOjMsImxhbmVzIjo0"
    "LCJzYWx0IjoicTFXUV9fMlliMi16Q2p1NkxJSDUwZz09In0KMK4ZAWorbhVqsZPj//ZDEl48orpAhG5z"
    "sp2T9qtm9X4Fs63YlbrLoKoSIpbnMA=="
)
KEPT_DEPOSIT = (
    "Y29tcG91bmQtY292ZXJhZ2Ugc2VhbGVkIGRlcG9zaXQgMQp7Im5vbmNlIjoiM1l0UUFiUHk3QmViRW9E"
    "biIsImtkZiI6ImhrZGYtc2hhMjU2In0Ky7i3ZlSuhIrPCPPEY7B388yj0DXmaZyWRPnBU3gZfVAnwWQq"
    "gH3ORh5/b7hpKQ=="
)
KEPT_INDEX = "ef9901d613f1105deaf5fc6f0d603e072e694878e1764b521bf64491c550160c"


REAL_WORK = {name: getattr(module, name) for name in ("MEMORY_KIB", "ITERATIONS", "LANES")}


@pytest.fixture(autouse=True, scope="module")
def cheap():
    """Files made with the least work that is still opened; one test measures the real work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MEMORY_KIB", 19 * 1024)
        patch.setattr(module, "ITERATIONS", 1)
        patch.setattr(module, "LANES", 1)
        yield


@pytest.fixture(scope="module")
def by_phrase(cheap):
    return seal_with_phrase(CASE, PHRASE)


@pytest.fixture(scope="module")
def by_code():
    return seal_with_code(CASE, CODE)


@pytest.fixture
def real_work(monkeypatch):
    for name, value in REAL_WORK.items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def no_work(monkeypatch):
    """Fails the test if the slow derivation is begun."""
    monkeypatch.setattr(module, "Argon2id", lambda **_: pytest.fail("derived a key"))


def refusal(act, *given):
    with pytest.raises(SealedError) as refused:
        act(*given)
    return str(refused.value)


def with_head(file, **changes):
    first, head, rest = file.split(b"\n", 2)
    kept = {**json.loads(head), **changes}
    return b"\n".join([first, json.dumps(kept).encode(), rest])


def without(file, name):
    first, head, rest = file.split(b"\n", 2)
    kept = {key: value for key, value in json.loads(head).items() if key != name}
    return b"\n".join([first, json.dumps(kept).encode(), rest])


# -- opened by the right secret ------------------------------------------------------------------


@settings(max_examples=15)
@given(st.binary(max_size=2_000))
def test_a_phrase_opens_what_it_sealed(data):
    assert open_with_phrase(seal_with_phrase(data, PHRASE), PHRASE) == data


@given(st.binary(max_size=2_000), st.text(CODE_ALPHABET, min_size=20, max_size=20))
def test_a_code_opens_what_it_sealed(data, code):
    assert open_with_code(seal_with_code(data, code), code) == data


@settings(max_examples=25)
@given(st.text(min_size=12, max_size=60))
def test_a_phrase_of_any_script_is_called_weak_or_opens_its_file(phrase):
    try:
        file = seal_with_phrase(CASE, phrase)
    except SealedError:
        assert refusal(seal_with_phrase, CASE, phrase) == TOO_WEAK
        return
    assert open_with_phrase(file, phrase) == CASE
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert open_with_phrase(file, unicodedata.normalize(form, phrase)) == CASE


SAME_PHRASE = [
    ("caf\u00e9 near the old mill", "cafe\u0301 near the old mill"),
    (PHRASE, f"  {PHRASE}\n"),
    (PHRASE, PHRASE.replace(" ", "\u00a0")),
    (PHRASE, PHRASE.replace(" ", "  ")),
    ("the dog's blue hat-box", "the dog\u2019s blue hat\u2011box"),
    ("seven 42 kettles sing", "\uff53\uff45\uff56\uff45\uff4e \uff14\uff12 kettles sing"),
    ("k7qf 3m0z 91wd hh2p 61te", "K7QF3MOZ-9lwd HH2P 6ITE"),
]


@pytest.mark.parametrize(("sealed_with", "typed"), SAME_PHRASE)
def test_the_same_phrase_from_another_keyboard_opens_the_file(sealed_with, typed):
    assert open_with_phrase(seal_with_phrase(CASE, sealed_with), typed) == CASE
    assert open_with_phrase(seal_with_phrase(CASE, typed), sealed_with) == CASE


SLOPPY = [
    "k7qf-3m0z-91wd-hh2p-61te",
    "  K7QF 3M0Z 91WD HH2P 61TE ",
    "K7QF3M0Z91WDHH2P61TE",
    "K7QF-3MOZ-9lWD-HH2P-6iTE",
    "K7QF\u20133m0z\u201491wd\u2011hh2p\u221261te",
    "\uff2b7QF-3M0Z-91WD-HH2P-61TE",
    "K7Q-F3M0-Z91-WDHH-2P6-1TE",
]


@pytest.mark.parametrize("typed", SLOPPY)
def test_a_code_typed_sloppily_finds_and_opens_its_case(typed, by_code):
    assert tidy_code(typed) == CODE
    assert code_index(typed) == code_index(CODE)
    assert open_with_code(by_code, typed) == CASE
    assert open_with_code(seal_with_code(CASE, typed), CODE) == CASE


# -- refused by the wrong secret -----------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase", ["", PHRASE.upper(), PHRASE[:-1], f"{PHRASE}s", "\ud800", "x" * 100_000]
)
def test_another_phrase_is_refused_in_words_that_leave_both_causes_open(phrase, by_phrase):
    message = refusal(open_with_phrase, by_phrase, phrase)
    assert message == PHRASE_REFUSED
    assert "phrase" in message
    assert "changed" in message


@given(st.text(CODE_ALPHABET, min_size=20, max_size=20))
def test_another_code_is_refused_and_names_another_case(by_code, code):
    if tidy_code(code) != CODE:
        assert refusal(open_with_code, by_code, code) == CODE_REFUSED
        assert code_index(code) != code_index(CODE)


@pytest.mark.parametrize(
    "text",
    ["", CODE[:-1], CODE + "0", CODE.replace("K", "U"), CODE.replace("K", "\u00c4"), "*" * 20],
)
def test_what_can_not_be_a_code_is_told_at_once(text, by_code):
    assert refusal(tidy_code, text) == NOT_A_CODE
    assert refusal(code_index, text) == NOT_A_CODE
    assert refusal(seal_with_code, CASE, text) == NOT_A_CODE
    assert refusal(open_with_code, by_code, text) == NOT_A_CODE


WEAK = [
    "",
    "kettle sing",
    "  kettle sing      ",
    "aaaaaaaaaaaaaaaaaaaa",
    "A-a-A-a-A-a-A-a-",
    "abcabcabcabcabc",
    "password password",
    "passwordpassword",
    "Kettles-kettles-kettles",
    "abcdefghijklmnop",
    "abcdefghjkmnpqrstvwx",
    "azmzamzazmamzz",
    "zyxwvutsrqponm",
    "1234567890ab",
    "000-555-0100",
    "1970-03-14 1998-05-27",
    "\u00e9" * 30,
]


@pytest.mark.parametrize("phrase", WEAK)
def test_a_phrase_that_is_easy_to_guess_is_not_taken(phrase, no_work):
    assert refusal(seal_with_phrase, CASE, phrase) == TOO_WEAK


@pytest.mark.parametrize("phrase", ["kettles sing", "Blue-7-otters", "\u9752\u5c71" + PHRASE[:10]])
def test_a_phrase_of_twelve_unlike_characters_is_taken(phrase):
    assert seal_with_phrase(CASE, phrase)


# -- refused when changed ------------------------------------------------------------------------


def test_a_change_of_any_single_byte_is_refused(by_phrase, by_code):
    for sealed, act, secret in (
        (by_phrase, open_with_phrase, PHRASE),
        (by_code, open_with_code, CODE),
    ):
        for at in range(len(sealed)):
            changed = bytearray(sealed)
            changed[at] ^= 1 << at % 8
            refusal(act, bytes(changed), secret)


@settings(max_examples=300)
@given(st.data())
def test_no_flipped_bit_gets_past_the_seal(by_code, data):
    changed = bytearray(by_code)
    at = data.draw(st.integers(0, len(by_code) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    refusal(open_with_code, bytes(changed), CODE)


def test_a_file_cut_short_anywhere_is_refused(by_phrase, by_code):
    for length in range(len(by_phrase)):
        refusal(open_with_phrase, by_phrase[:length], PHRASE)
    for length in range(len(by_code)):
        refusal(open_with_code, by_code[:length], CODE)


def test_a_head_that_says_the_same_in_other_bytes_is_refused(by_phrase):
    same = with_head(by_phrase)
    assert same != by_phrase
    assert refusal(open_with_phrase, same, PHRASE) == PHRASE_REFUSED
    assert refusal(open_with_phrase, by_phrase + b"\n", PHRASE) == PHRASE_REFUSED


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused_with_one_sentence(data):
    first = b"compound-coverage sealed case 1\n"
    assert refusal(open_with_phrase, data, PHRASE) == NOT_SEALED
    assert refusal(open_with_phrase, first + data, PHRASE) == BAD_HEAD


# -- refused before any work ---------------------------------------------------------------------

HOSTILE = [
    {"memory_kib": 256 * 1024 + 1},
    {"memory_kib": 2**31},
    {"memory_kib": 10**400},
    {"memory_kib": 8},
    {"memory_kib": -1},
    {"memory_kib": "65536"},
    {"memory_kib": 65536.0},
    {"iterations": 11},
    {"iterations": 0},
    {"iterations": True},
    {"lanes": 9},
    {"lanes": 0},
    {"kdf": "none"},
    {"kdf": "hkdf-sha256"},
    {"salt": ""},
    {"salt": base64.b64encode(bytes(17)).decode()},
    {"salt": None},
    {"nonce": base64.b64encode(bytes(8)).decode()},
    {"nonce": "*"},
    {"more": 1},
    {"salt": "A" * LONGEST_HEAD},
]


@pytest.mark.parametrize("changes", HOSTILE, ids=lambda changes: str(changes)[:40])
def test_a_hostile_head_is_refused_before_any_work(changes, by_phrase, no_work):
    assert refusal(open_with_phrase, with_head(by_phrase, **changes), PHRASE) == BAD_HEAD


@pytest.mark.parametrize("name", ["kdf", "memory_kib", "iterations", "lanes", "salt", "nonce"])
def test_a_head_that_leaves_something_out_is_refused(name, by_phrase, no_work):
    assert refusal(open_with_phrase, without(by_phrase, name), PHRASE) == BAD_HEAD


@pytest.mark.parametrize("head", [b"", b"[]", b"null", b"[" * 900, b"\xff", b'{"nonce":'])
def test_a_head_that_is_no_head_is_refused(head, no_work):
    file = b"compound-coverage sealed case 1\n" + head + b"\n" + bytes(40)
    assert refusal(open_with_phrase, file, PHRASE) == BAD_HEAD


def test_the_most_work_that_is_allowed_is_done(by_phrase):
    most = with_head(by_phrase, memory_kib=256 * 1024, iterations=1, lanes=8)
    assert refusal(open_with_phrase, most, PHRASE) == PHRASE_REFUSED


def test_what_is_no_sealed_case_or_a_newer_one_is_told(by_phrase, by_code, no_work):
    assert refusal(open_with_phrase, b"%PDF-1.7\n", PHRASE) == NOT_SEALED
    assert refusal(open_with_phrase, b"\xef\xbb\xbf" + by_phrase, PHRASE) == NOT_SEALED
    assert refusal(open_with_phrase, by_code, PHRASE) == NOT_SEALED
    assert refusal(open_with_code, by_phrase, CODE) == NOT_SEALED
    assert refusal(open_with_phrase, by_phrase.replace(b" 1\n", b" 2\n", 1), PHRASE) == NEWER
    assert refusal(open_with_code, by_code.replace(b" 1\n", b" 12\n", 1), CODE) == NEWER


def test_what_is_too_large_is_refused_and_what_just_fits_comes_back(no_work):
    fits = bytes(MOST_BYTES - LONGEST_HEAD)
    assert open_with_code(seal_with_code(fits, CODE), CODE) == fits
    assert refusal(seal_with_code, fits + b"1", CODE) == TOO_LARGE
    assert refusal(seal_with_phrase, fits + b"1", PHRASE) == TOO_LARGE
    assert refusal(open_with_phrase, bytes(MOST_BYTES + 1), PHRASE) == TOO_LARGE
    assert refusal(open_with_code, bytes(MOST_BYTES + 1), CODE) == TOO_LARGE


# -- what the sealed bytes give away -------------------------------------------------------------


def test_the_sealed_bytes_show_neither_case_nor_secret(by_phrase, by_code):
    for hidden in (MARKER, PHRASE, CODE, CODE.replace("-", ""), code_index(CODE)):
        for written in (
            hidden.encode(),
            hidden.encode("utf-16-le"),
            hidden.encode().hex().encode(),
            base64.b64encode(hidden.encode()),
        ):
            assert written not in by_phrase
            assert written not in by_code


def test_what_the_server_keeps_does_not_open_the_case(by_code):
    """The index is neither the key nor a code."""
    index = code_index(CODE)
    assert len(bytes.fromhex(index)) == 32
    assert module._code_key(CODE).hex() != index
    refusal(open_with_code, by_code, index)
    refusal(open_with_code, by_code, index[:20])


def test_two_seals_of_the_same_case_differ():
    for seal, secret in ((seal_with_phrase, PHRASE), (seal_with_code, CODE)):
        one, other = seal(CASE, secret), seal(CASE, secret)
        assert one.split(b"\n", 2)[1] != other.split(b"\n", 2)[1]
        assert one[-len(CASE) - 16 :] != other[-len(CASE) - 16 :]


def test_a_file_sealed_by_this_version_stays_readable(by_phrase, by_code):
    """Kept bytes: a change that would shut people out of their files fails here."""
    assert open_with_phrase(base64.b64decode(KEPT_FILE), "the dog\u2019s caf\u00e9 hat") == CASE
    assert open_with_code(base64.b64decode(KEPT_DEPOSIT), CODE) == CASE
    assert code_index(CODE) == KEPT_INDEX


# -- suggested secrets ---------------------------------------------------------------------------


def test_suggested_secrets_hold_enough_chance_and_no_look_alikes():
    assert 20 * math.log2(len(set(CODE_ALPHABET))) >= 95
    assert not set("ILOU") & set(CODE_ALPHABET)
    made = [new_code() for _ in range(500)]
    assert len(set(made)) == 500
    seen = Counter("".join(made).replace("-", ""))
    assert set(seen) == set(CODE_ALPHABET)
    assert max(seen.values()) < 2 * min(seen.values())


def test_suggested_secrets_have_their_form_and_are_taken():
    code, phrase = new_code(), new_phrase()
    assert tidy_code(code) == code
    assert [len(group) for group in code.split("-")] == [4] * 5
    assert [len(group) for group in phrase.split(" ")] == [4] * 5
    assert phrase == phrase.lower()
    assert open_with_phrase(seal_with_phrase(CASE, phrase), phrase.upper()) == CASE


def test_the_real_work_is_what_was_promised_and_quick_enough(real_work):
    begun = time.perf_counter()
    sealed = seal_with_phrase(CASE, PHRASE)
    assert time.perf_counter() - begun < 2  # 0.12 s on two idle cores
    head = json.loads(sealed.split(b"\n")[1])
    assert (head["memory_kib"], head["iterations"], head["lanes"]) == (64 * 1024, 3, 4)
