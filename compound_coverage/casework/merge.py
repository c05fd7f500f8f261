"""Two people edit one draft: their work is brought together, and what clashes is asked.

A three-way merge after Khanna, Kunal and Pierce, "A Formal Investigation of Diff3" (2007): what
one side alone changed stands; what both changed alike stands once; the rest is a ``Conflict``.
Texts are merged line by line, and two changes that touch each other are a conflict, since a
letter must read right. Lists are merged row by row: a row is followed by its name, so that two
trials of two drugs are never mixed into one. All else is merged key by key.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from itertools import groupby
from typing import Literal, TypeAlias, cast

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"


class Absent(Enum):
    """The value of a key that is not there, where null would be a value."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Side: TypeAlias = "JSON | Absent"
Choice: TypeAlias = Literal["mine", "theirs", "both"]
Kind: TypeAlias = Literal["same", "only_mine", "only_theirs"]
_Step: TypeAlias = str | int | slice
_Pairs: TypeAlias = list[tuple[int, int]]

# Comparing every item with every item takes minutes in a text without one line of its own.
_MOST_COMPARISONS = 100_000

_BLANK: tuple[JSON, ...] = (None, "", [], {})

_PLAIN_KEY = re.compile(r'[^.\[\]"]+')
_STEP = re.compile(
    r'\.?(?P<key>[^.\[\]"]+)'
    r'|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]'
    r"|\[(?P<index>\d+)\]"
    r"|\[(?P<start>\d+):(?P<stop>\d+)\]"
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# A dose is one word: a change from 4.5 to 4.0 shows the whole number.
_WORD = re.compile(r"\s+|\S+")


class ChoiceError(ValueError):
    """A choice that does not fit the conflict it is made for."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One spot that both people changed in different ways.

    ``place`` says where in the merged value: ``facts.patient.name`` is a key,
    ``facts.tried[2].dose`` a key of the third row, ``facts.tried[2:3]`` rows of a list and
    ``text[11:14]`` lines of a text, both counted from 0, the last one not included (``[2:2]`` is
    the spot before row 2, where nothing stands now). A key with a dot, a bracket or a quote in it
    is written as ``["a.b"]``. For rows and lines the three sides are lists, else values; a key
    that is not there is ``ABSENT``.
    """

    place: str
    base: Side
    mine: Side
    theirs: Side

    @property
    def can_keep_both(self) -> bool:
        """Whether "both" is an answer: for lines and rows; a single value has room for one."""
        steps = _steps(self.place)
        return bool(steps) and isinstance(steps[-1], slice)


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged value, holding ``theirs`` at each conflict, and the conflicts in its order."""

    value: JSON
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of text that both have, or only one."""

    kind: Kind
    text: str


def merge(base: JSON, mine: JSON, theirs: JSON) -> Merged:
    """What comes of two edits of ``base``: ``theirs``, saved already, and ``mine``.

    Where both sides are texts and one has more than one line, lines are merged; dicts are merged
    key by key, lists row by row. New rows at the same spot are all kept, theirs first. A row
    changed by both is merged key by key while its first field, its name, stands on both sides
    and half of what was filled in has stayed; else the whole row is a conflict. Deleting what
    the other changed is a conflict. The inputs are not changed.
    """
    asked: list[Conflict] = []
    value = _merge_value("", base, mine, theirs, asked)
    return Merged(cast(JSON, value), tuple(asked))


def resolve(value: JSON, conflicts: Sequence[Conflict], choices: Mapping[str, Choice]) -> JSON:
    """``value`` as ``merge`` gave it, with each conflict answered.

    ``conflicts`` are those ``merge`` gave, in its order; ``choices`` maps their places to
    "mine", "theirs" or "both" (theirs, then mine; only where ``can_keep_both``). A conflict
    without a choice keeps theirs. Raises ``ChoiceError`` for a choice that fits no conflict, and
    where ``value`` is no longer what the conflicts were found in.
    """
    for place in choices.keys() - {conflict.place for conflict in conflicts}:
        raise ChoiceError(f"Nothing is asked at {place}; choose for one of the places shown.")
    for conflict in conflicts:
        if not _same(found_at(value, conflict.place), conflict.theirs):
            raise ChoiceError(
                f"The draft has changed at {conflict.place} since this was asked; save once more."
            )
    # From the end: rows and lines put in move those below them.
    for conflict in reversed(conflicts):
        chosen = _chosen(conflict, choices.get(conflict.place, "theirs"))
        value = cast(JSON, _put(value, _steps(conflict.place), chosen))
    return value


def found_at(value: JSON, place: str) -> Side:
    """What stands in ``value`` at the place of a conflict; ``ABSENT`` where nothing does."""
    found: Side = value
    for step in _steps(place):
        found = _at(found, step)
    return found


def passages(theirs: str, mine: str) -> list[Passage]:
    """Both texts as one run of passages, to be drawn as a page.

    All but ``only_mine`` put together is ``theirs``; all but ``only_theirs`` is ``mine``. Lines
    that differ are compared word by word, unless they have too little in common to be read so.
    """
    return _runs(_LINE.findall(theirs), _LINE.findall(mine), _by_words)


# -- values ------------------------------------------------------------------------------------


def _stamp(value: JSON) -> str:
    """A text that is equal for equal values; ``==`` takes 1, 1.0 and True for one."""
    return json.dumps(value, sort_keys=True)


def _same(one: Side, other: Side) -> bool:
    if isinstance(one, Absent) or isinstance(other, Absent):
        return one is other
    return _stamp(one) == _stamp(other)


def _undisputed(base: Side, mine: Side, theirs: Side) -> Literal["mine", "theirs"] | None:
    """Whose value stands without a question, if anybody's."""
    if _same(base, mine) or _same(mine, theirs):
        return "theirs"
    return "mine" if _same(base, theirs) else None


def _merge_value(place: str, base: Side, mine: Side, theirs: Side, asked: list[Conflict]) -> Side:
    stands = _undisputed(base, mine, theirs)
    if stands:
        return mine if stands == "mine" else theirs
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return _merge_keys(place, base if isinstance(base, dict) else {}, mine, theirs, asked)
    if isinstance(mine, list) and isinstance(theirs, list):
        return _merge_rows(place, base if isinstance(base, list) else [], mine, theirs, asked)
    if isinstance(mine, str) and isinstance(theirs, str) and "\n" in mine + theirs:
        lines = base.split("\n") if isinstance(base, str) else []
        return _merge_lines(place, lines, mine.split("\n"), theirs.split("\n"), asked)
    asked.append(Conflict(place, base, mine, theirs))
    return theirs


def _merge_keys(
    place: str,
    base: dict[str, JSON],
    mine: dict[str, JSON],
    theirs: dict[str, JSON],
    asked: list[Conflict],
) -> JSON:
    merged: dict[str, JSON] = {}
    for key in theirs | mine:
        old, my, their = (side.get(key, ABSENT) for side in (base, mine, theirs))
        part = _merge_value(_below(place, key), old, my, their, asked)
        if not isinstance(part, Absent):
            merged[key] = part
    return merged


# -- lines of a text ---------------------------------------------------------------------------


def _merge_lines(
    place: str, base: list[str], mine: list[str], theirs: list[str], asked: list[Conflict]
) -> str:
    merged: list[str] = []
    for old, my, their in _chunks(base, mine, theirs):
        stands = _undisputed([*old], [*my], [*their])
        if not stands:
            spot = _span(place, len(merged), len(their))
            asked.append(Conflict(spot, [*old], [*my], [*their]))
        merged += my if stands == "mine" else their
    return "\n".join(merged)


def _chunks(
    base: list[str], mine: list[str], theirs: list[str]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The three texts cut at each line of the base that both sides kept."""
    in_mine, in_theirs = dict(_matches(base, mine)), dict(_matches(base, theirs))
    o = m = t = 0
    for kept in sorted(in_mine.keys() & in_theirs.keys()):
        my, their = in_mine[kept], in_theirs[kept]
        yield base[o:kept], mine[m:my], theirs[t:their]
        o, m, t = kept + 1, my + 1, their + 1
        yield base[kept:o], mine[my:m], theirs[their:t]
    yield base[o:], mine[m:], theirs[t:]


# -- rows of a list ----------------------------------------------------------------------------


def _merge_rows(
    place: str, base: list[JSON], mine: list[JSON], theirs: list[JSON], asked: list[Conflict]
) -> JSON:
    my_rows, my_new = _followed(base, mine)
    their_rows, their_new = _followed(base, theirs)
    merged: list[JSON] = []
    for at, (row, my, their) in enumerate(zip(base, my_rows, their_rows, strict=True)):
        merged += _added(my_new[at], their_new[at])
        merged += _merge_row(place, len(merged), row, my, their, asked)
    return merged + _added(my_new[-1], their_new[-1])


def _followed(base: list[JSON], side: list[JSON]) -> tuple[list[Side], list[list[JSON]]]:
    """What became of each row of the base, and the rows put in before each and at the end."""
    became: list[Side] = [ABSENT for _ in base]
    new: list[list[JSON]] = [[] for _ in range(len(base) + 1)]
    done = 0
    for row, at in _row_pairs(base, side):
        became[row] = side[at]
        new[row] = side[done:at]
        done = at + 1
    new[-1] = side[done:]
    return became, new


def _row_pairs(base: list[JSON], side: list[JSON]) -> _Pairs:
    """Which row of ``side`` is which of ``base``: the same, else alike, else in the same spot."""
    pairs = _matches([_stamp(row) for row in base], [_stamp(row) for row in side])
    for rows, others in _gaps(pairs, len(base), len(side)):
        pairs = pairs + _alike_between(base, side, rows, others)
    pairs.sort()
    same_spot = [
        pair
        for rows, others in _gaps(pairs, len(base), len(side))
        if len(rows) == len(others)
        for pair in zip(rows, others, strict=True)
    ]
    return sorted(pairs + same_spot)


def _alike_between(base: list[JSON], side: list[JSON], rows: range, others: range) -> _Pairs:
    pairs: _Pairs = []
    for row in rows:
        found = next((at for at in others if _alike(base[row], side[at])), None)
        if found is not None:
            pairs.append((row, found))
            others = range(found + 1, others.stop)
    return pairs


def _alike(old: JSON, new: Side) -> bool:
    """Whether ``new`` is still the row ``old``: its first field stands, and half of the filled."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return False
    name = next(iter(old), "")
    if old.get(name) in _BLANK or not _same(old[name], new.get(name, ABSENT)):
        return False
    filled = [key for key, value in old.items() if value not in _BLANK]
    kept = [key for key in filled if _same(old[key], new.get(key, ABSENT))]
    return len(filled) <= 2 * len(kept)


def _added(mine: list[JSON], theirs: list[JSON]) -> list[JSON]:
    """Rows put in at one spot: all of theirs, then those of mine that theirs has not."""
    known = Counter(map(_stamp, theirs))
    rows = [*theirs]
    for row in mine:
        known[_stamp(row)] -= 1
        if known[_stamp(row)] < 0:
            rows.append(row)
    return rows


def _merge_row(
    place: str, at: int, base: JSON, mine: Side, theirs: Side, asked: list[Conflict]
) -> list[JSON]:
    stands = _undisputed(base, mine, theirs)
    if stands:
        return _as_rows(mine if stands == "mine" else theirs)
    if _alike(base, mine) and _alike(base, theirs):
        return _as_rows(_merge_value(f"{place}[{at}]", base, mine, theirs, asked))
    conflict = Conflict(
        _span(place, at, len(_as_rows(theirs))), [base], _as_rows(mine), _as_rows(theirs)
    )
    if asked and asked[-1].place == conflict.place:
        conflict = _one_question(asked.pop(), conflict)
    asked.append(conflict)
    return _as_rows(theirs)


def _one_question(first: Conflict, second: Conflict) -> Conflict:
    """Rows side by side that theirs deleted stand at one place, and are asked about together."""
    base = [*_items(first.base), *_items(second.base)]
    return Conflict(first.place, base, [*_items(first.mine), *_items(second.mine)], [])


def _as_rows(row: Side) -> list[JSON]:
    return [] if isinstance(row, Absent) else [row]


# -- places ------------------------------------------------------------------------------------


def _below(place: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{place}[{json.dumps(key)}]"
    return f"{place}.{key}" if place else key


def _span(place: str, start: int, count: int) -> str:
    return f"{place}[{start}:{start + count}]"


def _steps(place: str) -> list[_Step]:
    return [_step(found) for found in _STEP.finditer(place)]


def _step(found: re.Match[str]) -> _Step:
    if found["key"]:
        return found["key"]
    if found["quoted"]:
        return str(json.loads(found["quoted"]))
    if found["index"]:
        return int(found["index"])
    return slice(int(found["start"]), int(found["stop"]))


def _items(value: Side) -> list[JSON]:
    """The rows of a list, or the lines of a text."""
    if isinstance(value, str):
        return [*value.split("\n")]
    return value if isinstance(value, list) else []


def _at(value: Side, step: _Step) -> Side:
    if isinstance(step, str):
        return value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    if not isinstance(value, list | str):
        return ABSENT
    items = _items(value)
    if isinstance(step, slice):
        return items[step]
    return items[step] if step < len(items) else ABSENT


def _chosen(conflict: Conflict, choice: Choice) -> Side:
    if choice == "theirs":
        return conflict.theirs
    if choice == "mine":
        return conflict.mine
    if conflict.can_keep_both:
        return [*_items(conflict.theirs), *_items(conflict.mine)]
    raise ChoiceError(f"There is room for one value at {conflict.place}; choose mine or theirs.")


def _put(value: Side, steps: Sequence[_Step], chosen: Side) -> Side:
    """A copy of ``value`` with ``chosen`` where ``steps`` lead."""
    if not steps:
        return chosen
    step = steps[0]
    if isinstance(step, str):
        assert isinstance(value, dict)
        kept = {key: part for key, part in value.items() if key != step}
        part = _put(value.get(step, ABSENT), steps[1:], chosen)
        # in its old place among the keys, where it has one
        return kept if isinstance(part, Absent) else {**value, step: part}
    items = [*_items(value)]
    if isinstance(step, slice):
        items[step] = _items(chosen)
    else:
        items[step] = cast(JSON, _put(items[step], steps[1:], chosen))
    return "\n".join(map(str, items)) if isinstance(value, str) else items


# -- which items of two sequences are the same ---------------------------------------------------


def _matches(old: Sequence[str], new: Sequence[str]) -> _Pairs:
    """Positions of items that stayed, in order.

    Items that each side has once are matched first (Bram Cohen's patience diff): blank lines and
    stock phrases then fall in with the lines they stand between.
    """
    pairs = _matches_of_own(old, new)
    for rows, others in _gaps(pairs, len(old), len(new)):
        pairs = pairs + _matches_between(old, new, rows, others)
    return sorted(pairs)


def _matches_of_own(old: Sequence[str], new: Sequence[str]) -> _Pairs:
    count, other = Counter(old), Counter(new)
    in_old = [at for at, item in enumerate(old) if count[item] == other[item] == 1]
    in_new = [at for at, item in enumerate(new) if count[item] == other[item] == 1]
    found = _longest_runs([old[at] for at in in_old], [new[at] for at in in_new])
    return [(in_old[at], in_new[there]) for at, there in found]


def _matches_between(old: Sequence[str], new: Sequence[str], rows: range, others: range) -> _Pairs:
    pairs: _Pairs = []
    while rows and others and old[rows[0]] == new[others[0]]:
        pairs.append((rows[0], others[0]))
        rows, others = rows[1:], others[1:]
    while rows and others and old[rows[-1]] == new[others[-1]]:
        pairs.append((rows[-1], others[-1]))
        rows, others = rows[:-1], others[:-1]
    if len(rows) * len(others) <= _MOST_COMPARISONS:
        found = _longest_runs([old[at] for at in rows], [new[at] for at in others])
        pairs += [(rows[at], others[there]) for at, there in found]
    return pairs


def _longest_runs(old: Sequence[str], new: Sequence[str]) -> _Pairs:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(block.a + at, block.b + at) for block in blocks for at in range(block.size)]


def _gaps(pairs: _Pairs, size: int, other_size: int) -> Iterator[tuple[range, range]]:
    """The stretches between matched positions, where at least one side has something."""
    start = other_start = 0
    for at, there in [*pairs, (size, other_size)]:
        if start < at or other_start < there:
            yield range(start, at), range(other_start, there)
        start, other_start = at + 1, there + 1


# -- side by side --------------------------------------------------------------------------------


def _runs(
    theirs: Sequence[str], mine: Sequence[str], differing: Callable[[str, str], list[Passage]]
) -> list[Passage]:
    """Passages of two sequences of words or lines; ``differing`` draws what does not match."""
    runs: list[Passage] = []
    start = other_start = 0
    for at, there in [*_matches(theirs, mine), (len(theirs), len(mine))]:
        runs += differing("".join(theirs[start:at]), "".join(mine[other_start:there]))
        runs += [Passage("same", word) for word in theirs[at : at + 1]]
        start, other_start = at + 1, there + 1
    return [
        Passage(kind, "".join(run.text for run in group))
        for kind, group in groupby(runs, lambda run: run.kind)
    ]


def _by_words(theirs: str, mine: str) -> list[Passage]:
    runs = _runs(_WORD.findall(theirs), _WORD.findall(mine), _apart)
    shared = sum(len(word) for run in runs if run.kind == "same" for word in run.text.split())
    shorter = min(sum(map(len, text.split())) for text in (theirs, mine))
    return runs if 2 * shared >= shorter else _apart(theirs, mine)


def _apart(theirs: str, mine: str) -> list[Passage]:
    both = Passage("only_theirs", theirs), Passage("only_mine", mine)
    return [passage for passage in both if passage.text]
