"""The key ring: what it seals opens only here and only in its place, and it keeps its keys."""

import base64
import json
import os
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.casework.keyring import (
    KeyRing,
    KeyRingError,
    add_key,
    drop_keys,
    key_id_of,
    make_key_file,
)
from compound_coverage.casework.tables import CASE_NPI, CASE_SUMMARY, VERSION_SEALED

PLACE = VERSION_SEALED.place("a-case", 1)
WORDS = b"Example Patient has an example illness"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """One ring for the tests that do not change it."""
    return make_key_file(tmp_path_factory.mktemp("held") / "keys.json")


@pytest.fixture
def file(tmp_path):
    make_key_file(tmp_path / "keys.json")
    return tmp_path / "keys.json"


def secrets_in(path):
    """Every spelling of every key in the file."""
    data = json.loads(path.read_text())
    keys = [*data["sealing"].values(), data["audit"], data["index"]]
    raw = [base64.b64decode(key) for key in keys]
    return [*keys, *(key.hex() for key in raw), *(repr(key)[2:-1] for key in raw)]


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_was_sealed_opens_as_it_was(held, plain, place):
    assert held.open(held.seal(plain, place), place) == plain


@given(JSON)
def test_anything_json_can_hold_opens_as_it_was(held, value):
    assert held.open_json(held.seal_json(value, PLACE), PLACE) == value


@given(st.binary(min_size=8, max_size=100))
def test_what_is_sealed_does_not_show(held, plain):
    assert plain not in held.seal(plain, PLACE)


def test_the_same_words_sealed_twice_look_different(held):
    tokens = {held.seal(WORDS, PLACE) for _ in range(200)}
    assert len({token[8:20] for token in tokens}) == 200, "a nonce came twice"


@pytest.mark.parametrize(
    ("moved", "to"),
    [
        ("to another row", VERSION_SEALED.place("another-case", 1)),
        ("to another number", VERSION_SEALED.place("a-case", 11)),
        ("to another column", CASE_SUMMARY.place("a-case")),
        ("to no place", ""),
    ],
)
def test_a_field_that_was_moved_does_not_open(held, moved, to):
    token = held.seal(WORDS, PLACE)
    with pytest.raises(KeyRingError, match="was changed outside this program"):
        held.open(token, to)


def test_two_columns_of_one_row_are_two_places():
    assert CASE_NPI.place("a-case") != CASE_SUMMARY.place("a-case")


def test_each_changed_byte_is_noticed(held):
    token = held.seal(b"NPI", PLACE)
    for number in range(len(token)):
        changed = bytearray(token)
        changed[number] ^= 1
        with pytest.raises(KeyRingError):
            held.open(bytes(changed), PLACE)


def test_each_shortened_field_is_noticed(held):
    token = held.seal(b"NPI", PLACE)
    for length in range(len(token)):
        with pytest.raises(KeyRingError):
            held.open(token[:length], PLACE)
    with pytest.raises(KeyRingError):
        held.open(token + b"\0", PLACE)


def test_another_practice_can_not_open_it(held, tmp_path):
    other = make_key_file(tmp_path / "other.json")
    token = held.seal(WORDS, PLACE)
    with pytest.raises(KeyRingError, match=f"The key {key_id_of(token)} is not in the key file"):
        other.open(token, PLACE)


def test_marks_and_indexes_are_of_this_ring_and_not_of_each_other(held, tmp_path):
    other = make_key_file(tmp_path / "other.json")
    assert held.mark("a") == held.mark("a") != other.mark("a")
    assert held.index("a") == held.index("a") != other.index("a")
    assert held.mark("a") != held.index("a")


# -- the file ----------------------------------------------------------------------------------


def test_the_key_file_is_for_its_owner_only(file):
    assert file.stat().st_mode & 0o777 == 0o600
    add_key(file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_a_key_file_that_others_can_read_is_refused(file, mode):
    file.chmod(mode)
    with pytest.raises(KeyRingError, match=r"can be read by others .* run chmod 600"):
        KeyRing(file)


def test_a_file_that_is_there_is_never_written_over(file):
    before = file.read_bytes()
    with pytest.raises(KeyRingError, match="there already; nothing was changed"):
        make_key_file(file)
    assert file.read_bytes() == before


def test_no_file_at_all(tmp_path):
    with pytest.raises(KeyRingError, match=r"can't be read: No such file .*'casework keys new'"):
        KeyRing(tmp_path / "nothing.json")


def without(name):
    return lambda data: {key: value for key, value in data.items() if key != name}


DAMAGE = {
    "no current key": without("current"),
    "no audit key": without("audit"),
    "no index key": without("index"),
    "no sealing keys": without("sealing"),
    "a current key that is not there": lambda data: {**data, "current": "00" * 8},
    "a key that is too short": lambda data: {**data, "audit": "AAAA"},
    "a key that is not base64": lambda data: {**data, "index": "not base64!"},
    "a key that is a number": lambda data: {**data, "index": 7},
    "an id that is no id": lambda data: {
        **data, "current": "first", "sealing": {"first": next(iter(data["sealing"].values()))},
    },
    "an id that is too short": lambda data: {
        **data, "current": "ab", "sealing": {"ab": next(iter(data["sealing"].values()))},
    },
    "a list for the keys": lambda data: {**data, "sealing": []},
    "a list for all": lambda data: [data],
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_says_so_and_shows_no_key(file, what):
    secrets = secrets_in(file)
    file.write_text(json.dumps(DAMAGE[what](json.loads(file.read_text()))))
    with pytest.raises(KeyRingError, match="is damaged; bring it back from its copy") as error:
        KeyRing(file)
    assert not [secret for secret in secrets if secret in str(error.value)]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"null"])
def test_a_file_of_something_else_is_damaged(file, raw):
    file.write_bytes(raw)
    with pytest.raises(KeyRingError, match="is damaged"):
        KeyRing(file)


@given(st.data())
def test_a_file_cut_off_anywhere_is_damaged(held, tmp_path_factory, data):
    whole = held.path.read_bytes()
    cut = tmp_path_factory.mktemp("cut") / "keys.json"
    cut.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    cut.chmod(0o600)
    with pytest.raises(KeyRingError, match="is damaged"):
        KeyRing(cut)


# -- changing keys -----------------------------------------------------------------------------


def test_a_key_that_another_process_added_is_taken_in_when_it_is_met(file):
    ours = KeyRing(file)
    old = ours.seal(WORDS, PLACE)
    added = add_key(file)
    theirs = KeyRing(file)
    assert theirs.current == added
    token = theirs.seal(WORDS, PLACE)
    assert key_id_of(token) == added != key_id_of(old)
    assert ours.open(token, PLACE) == WORDS
    assert ours.open(old, PLACE) == theirs.open(old, PLACE) == WORDS
    assert ours.key_ids == theirs.key_ids == (key_id_of(old), added)


def test_a_dropped_key_opens_nothing_any_more(file):
    ring = KeyRing(file)
    old = ring.seal(WORDS, PLACE)
    add_key(file)
    drop_keys(file, frozenset({key_id_of(old)}))
    ring.reload()
    with pytest.raises(KeyRingError, match="bring back the key file that holds it"):
        ring.open(old, PLACE)


def test_the_key_that_seals_is_never_dropped(file):
    before = file.read_bytes()
    with pytest.raises(KeyRingError, match="seals new fields; add another key first"):
        drop_keys(file, frozenset({KeyRing(file).current}))
    assert file.read_bytes() == before


def test_audit_and_index_stay_the_same_when_keys_change(file):
    ring = KeyRing(file)
    marked, indexed = ring.mark("a"), ring.index("a")
    first = ring.current
    add_key(file)
    drop_keys(file, frozenset({first}))
    ring.reload()
    assert (ring.mark("a"), ring.index("a")) == (marked, indexed)


# -- nothing leaks -----------------------------------------------------------------------------


def test_no_key_shows_when_a_ring_is_printed(file):
    ring = KeyRing(file)
    shown = repr(ring) + str(ring) + repr(ring._held) + repr(vars(ring))
    assert not [secret for secret in secrets_in(file) if secret in shown]


def test_neither_key_nor_words_show_in_an_error(file):
    ring = KeyRing(file)
    with pytest.raises(KeyRingError) as error:
        ring.open(ring.seal(WORDS, PLACE), "elsewhere")
    told = "".join(traceback.format_exception(error.value))
    assert WORDS.decode() not in told
    assert not [secret for secret in secrets_in(file) if secret in told]
