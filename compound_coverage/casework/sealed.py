"""Sealed cases: a draft handed over so that only a pass phrase or a one-time code opens it.

A patient without an account either gives the prescriber's office a file sealed with a pass
phrase, or leaves the draft on the server, sealed with a code that only the patient knows. The
server keeps ``code_index`` and the sealed bytes; both together don't open the draft.

A sealed case is one line that says what it is, one line of JSON that says how the key is made,
then the draft in AES-256-GCM with both lines as associated data: a change anywhere is refused.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field, ValidationError

MOST_BYTES = 30_000_000
LONGEST_HEAD = 1_000

# The second choice of RFC 9106, section 4; more than the least that OWASP's Password Storage
# Cheat Sheet asks for (19 MiB, 2 iterations, 1 lane).
MEMORY_KIB = 64 * 1024
ITERATIONS = 3
LANES = 4

SHORTEST_PHRASE = 12
LEAST_DIFFERENT = 6
LEAST_LEAPS = 5

# Crockford's base32: no I, L, O or U. 20 characters of 5 bits are 100 bits.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS = 5
GROUP = 4

TOO_WEAK = (
    f"This pass phrase is easy to guess; use at least {SHORTEST_PHRASE} characters that are not "
    "just a number, a row or a repeat, such as four words that have nothing to do with each other."
)
TOO_LARGE = (
    f"The case is larger than {MOST_BYTES // 1_000_000} MB; take out attached papers and send "
    "them apart."
)
NOT_SEALED = "This is not a sealed case; choose the file just as it was saved."
NEWER = "This sealed case needs a newer version of this program; update the program to open it."
BAD_HEAD = (
    "The first lines of the sealed case are damaged or not safe to follow; ask the sender for "
    "the file again."
)
PHRASE_REFUSED = (
    "Either the pass phrase is not the right one or the file was changed; type the phrase again "
    "with its capitals, or ask the sender for the file again."
)
CODE_REFUSED = (
    "Either the code is not the right one or the sealed case was changed; check the code, or ask "
    "the sender to seal the case again."
)
NOT_A_CODE = (
    f"This is not a code; a code has {GROUPS * GROUP} letters and digits, without the letter U, "
    "so check it against what was noted down."
)

_FIRST_LINE = re.compile(rb"compound-coverage sealed (case|deposit) ([1-9][0-9]{0,3})\n")
_VERSION = b"1"

# NFKC leaves these apart, yet telephones set them of their own accord.
_AS_TYPED = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
    }
)
_LOOK_ALIKES = str.maketrans("OIL", "011")


class SealedError(ValueError):
    """A case that can't be sealed or opened. The message is one sentence with the mend."""


class _Head(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    nonce: Annotated[bytes, Field(min_length=12, max_length=12)]


class _PhraseHead(_Head):
    """The bounds keep a hostile file from taking the machine's memory or time."""

    kdf: Literal["argon2id"]
    memory_kib: Annotated[int, Field(ge=19 * 1024, le=256 * 1024)]
    iterations: Annotated[int, Field(ge=1, le=10)]
    lanes: Annotated[int, Field(ge=1, le=8)]
    salt: Annotated[bytes, Field(min_length=16, max_length=16)]


class _CodeHead(_Head):
    kdf: Literal["hkdf-sha256"]


_AnyHead = TypeVar("_AnyHead", bound=_Head)


# -- with a pass phrase --------------------------------------------------------------------------


def seal_with_phrase(data: bytes, phrase: str) -> bytes:
    """``data`` as a file that only ``phrase`` opens.

    Takes about 64 MiB of memory and a tenth of a second. Raises SealedError for a phrase that is
    easy to guess and for data that is too large.
    """
    _check_size(data)
    phrase = _settled(phrase)
    if _is_weak(phrase):
        raise SealedError(TOO_WEAK)
    head = _PhraseHead(
        kdf="argon2id",
        memory_kib=MEMORY_KIB,
        iterations=ITERATIONS,
        lanes=LANES,
        salt=secrets.token_bytes(16),
        nonce=secrets.token_bytes(12),
    )
    return _encrypt(data, _phrase_key(phrase, head), b"case", head)


def open_with_phrase(sealed: bytes, phrase: str) -> bytes:
    """What ``seal_with_phrase`` was given.

    Raises SealedError for a wrong phrase or a changed file (which of the two can't be told), for
    anything else than such a file, for a newer one, and, before any work is done, for a file that
    is too large or asks for more memory, rounds or lanes than is safe.
    """
    lines, head, ciphertext = _take_apart(sealed, b"case", _PhraseHead)
    try:
        return AESGCM(_phrase_key(_settled(phrase), head)).decrypt(head.nonce, ciphertext, lines)
    except InvalidTag:
        raise SealedError(PHRASE_REFUSED) from None


def new_phrase() -> str:
    """A random pass phrase to suggest, easy to read out: ``k7qf 3m0z 9xwd hh2p 61te``, 100 bits."""
    return " ".join(_random_groups()).lower()


# -- with a one-time code ------------------------------------------------------------------------


def seal_with_code(data: bytes, code: str) -> bytes:
    """``data`` sealed so that only ``code`` opens it.

    Raises SealedError for what can't be a code and for data that is too large.
    """
    _check_size(data)
    head = _CodeHead(kdf="hkdf-sha256", nonce=secrets.token_bytes(12))
    return _encrypt(data, _code_key(code), b"deposit", head)


def open_with_code(sealed: bytes, code: str) -> bytes:
    """What ``seal_with_code`` was given; the code may be typed in any way ``tidy_code`` mends.

    Raises SealedError for what can't be a code, a wrong code or a changed case (which of the two
    can't be told), for anything else than such a case, and for a newer one.
    """
    key = _code_key(code)
    lines, head, ciphertext = _take_apart(sealed, b"deposit", _CodeHead)
    try:
        return AESGCM(key).decrypt(head.nonce, ciphertext, lines)
    except InvalidTag:
        raise SealedError(CODE_REFUSED) from None


def new_code() -> str:
    """A random one-time code such as ``K7QF-3M0Z-9XWD-HH2P-61TE``, 100 bits."""
    return "-".join(_random_groups())


def tidy_code(text: str) -> str:
    """A typed code in the form ``new_code`` gives: capitals, and hyphens between the groups.

    Spaces and hyphens don't count; O is read as 0, I and L as 1 (Crockford's base32). Raises
    SealedError for what can't be a code.
    """
    signs = re.sub(r"[\s-]", "", _plain(text)).upper().translate(_LOOK_ALIKES)
    if len(signs) != GROUPS * GROUP or not set(signs) <= set(CODE_ALPHABET):
        raise SealedError(NOT_A_CODE)
    return "-".join(signs[at : at + GROUP] for at in range(0, len(signs), GROUP))


def code_index(code: str) -> str:
    """The name, 64 hex digits, by which the server finds what was sealed with ``code``.

    It gives away neither the code nor the key. Raises SealedError for what can't be a code.
    """
    return _from_code(code, b"compound-coverage deposit 1: index").hex()


# -- keys ----------------------------------------------------------------------------------------


def _phrase_key(phrase: str, head: _PhraseHead) -> bytes:
    argon = Argon2id(
        salt=head.salt,
        length=32,
        iterations=head.iterations,
        lanes=head.lanes,
        memory_cost=head.memory_kib,
    )
    # a lone half of a surrogate pair is a wrong phrase, not a fault of the program
    return argon.derive(phrase.encode("utf-8", "surrogatepass"))


def _code_key(code: str) -> bytes:
    return _from_code(code, b"compound-coverage deposit 1: key")


def _from_code(code: str, label: bytes) -> bytes:
    # A slow derivation makes up for what a person's phrase lacks in chance. A code is 100 bits of
    # chance already: nobody can try them all, however fast one try is. The label keeps index and
    # key apart, so that knowing one tells nothing of the other.
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=label)
    return hkdf.derive(tidy_code(code).encode("ascii"))


def _random_groups() -> list[str]:
    return ["".join(secrets.choice(CODE_ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS)]


# -- phrases -------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    # Never to be changed within a version: files sealed before would no longer open.
    return unicodedata.normalize("NFKC", text).translate(_AS_TYPED)


def _settled(phrase: str) -> str:
    """The phrase as it counts, whatever keyboard it was typed on."""
    try:
        # a suggested phrase is read out over the telephone, where capitals and spaces get lost
        return tidy_code(phrase)
    except SealedError:
        return " ".join(_plain(phrase).split())


def _is_weak(phrase: str) -> bool:
    bare = re.sub(r"[\s-]", "", phrase).casefold()
    leaps = sum(abs(ord(after) - ord(before)) > 1 for before, after in pairwise(bare))
    return (
        len(phrase) < SHORTEST_PHRASE
        or len(set(bare)) < LEAST_DIFFERENT
        # a row such as "abcdefghijkl"
        or leaps < LEAST_LEAPS
        # a birthday, a telephone number, a member number
        or not any(char.isalpha() for char in bare)
        # "password password": a text made of repeats is found within its double
        or bare in (bare + bare)[1:-1]
    )


# -- the file ------------------------------------------------------------------------------------


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES - LONGEST_HEAD:
        raise SealedError(TOO_LARGE)


def _encrypt(data: bytes, key: bytes, kind: bytes, head: _Head) -> bytes:
    first = b"compound-coverage sealed " + kind + b" " + _VERSION + b"\n"
    lines = first + head.model_dump_json().encode("ascii") + b"\n"
    return lines + AESGCM(key).encrypt(head.nonce, data, lines)


def _take_apart(sealed: bytes, kind: bytes, model: type[_AnyHead]) -> tuple[bytes, _AnyHead, bytes]:
    """The two lines as they stand, what the second says, and the ciphertext."""
    if len(sealed) > MOST_BYTES:
        raise SealedError(TOO_LARGE)
    first = _FIRST_LINE.match(sealed)
    if first is None or first[1] != kind:
        raise SealedError(NOT_SEALED)
    if first[2] != _VERSION:
        raise SealedError(NEWER)
    end = sealed.find(b"\n", first.end(), LONGEST_HEAD)
    try:
        # without its line end the head is empty, and refused like any other that says too little
        head = model.model_validate_json(sealed[first.end() : max(end, first.end())])
    except ValidationError:
        raise SealedError(BAD_HEAD) from None
    return sealed[: end + 1], head, sealed[end + 1 :]
