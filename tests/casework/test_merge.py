"""Ana and Ben work on one draft: nobody's work may vanish unseen.

In every test Ben saved first, so his are "theirs"; Ana saves now, so hers are "mine".
"""

import copy
import random
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compound_coverage.casework.merge import (
    ABSENT,
    Choice,
    ChoiceError,
    Merged,
    found_at,
    merge,
    passages,
    resolve,
)
from tests import pace

GABAPENTIN = {"drug": "gabapentin", "dose": "300 mg", "outcome": "failed", "reason": "No relief."}
DULOXETINE = {"drug": "duloxetine", "dose": "60 mg", "outcome": "failed", "reason": "No relief."}
PREGABALIN = {"drug": "pregabalin", "dose": "75 mg", "outcome": "not_tolerated", "reason": "Hives."}
AGAIN = {"drug": "gabapentin", "dose": "900 mg", "outcome": "not_tolerated", "reason": "Hives."}


def tried(*rows):
    return {"facts": {"tried": list(rows)}}


def everywhere(merged: Merged, choice: Choice) -> dict[str, Choice]:
    return {conflict.place: choice for conflict in merged.conflicts}


# what it is about: (the base, what Ana did, what Ben did, what comes out, where a person is asked)
SCENARIOS = {
    "only Ana wrote": (
        {"phone": ""},
        {"phone": "000-555-0100"},
        {"phone": ""},
        {"phone": "000-555-0100"},
        [],
    ),
    "Ana filled in the phone, Ben the name": (
        {"phone": "", "name": ""},
        {"phone": "000-555-0100", "name": ""},
        {"phone": "", "name": "Example Patient"},
        {"phone": "000-555-0100", "name": "Example Patient"},
        [],
    ),
    "both filled in the same": (
        {"name": ""},
        {"name": "Example Patient"},
        {"name": "Example Patient"},
        {"name": "Example Patient"},
        [],
    ),
    "each filled in another name": (
        {"facts": {"patient": {"name": ""}}},
        {"facts": {"patient": {"name": "Example Patient"}}},
        {"facts": {"patient": {"name": "Exemple Patient"}}},
        {"facts": {"patient": {"name": "Exemple Patient"}}},
        ["facts.patient.name"],
    ),
    "Ana took the fax out, Ben changed it": (
        {"fax": "000-555-0100"},
        {},
        {"fax": "000-555-0101"},
        {"fax": "000-555-0101"},
        ["fax"],
    ),
    "Ben took the fax out, Ana changed it": (
        {"fax": "000-555-0100"},
        {"fax": "000-555-0101"},
        {},
        {},
        ["fax"],
    ),
    "yes and 1 are two answers": ({"seen": 1}, {"seen": True}, {"seen": 1}, {"seen": True}, []),
    "each began the list of drugs tried": (
        {"facts": {}},
        tried(DULOXETINE),
        tried(PREGABALIN),
        tried(PREGABALIN, DULOXETINE),
        [],
    ),
    "each added a drug at the end": (
        tried(GABAPENTIN),
        tried(GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN, PREGABALIN),
        tried(GABAPENTIN, PREGABALIN, DULOXETINE),
        [],
    ),
    "both added the same drug, Ana one more": (
        tried(GABAPENTIN),
        tried(GABAPENTIN, DULOXETINE, PREGABALIN),
        tried(GABAPENTIN, PREGABALIN),
        tried(GABAPENTIN, PREGABALIN, DULOXETINE),
        [],
    ),
    "Ana added a drug, Ben mended the last one": (
        tried(GABAPENTIN),
        tried(GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN | {"dose": "600 mg"}),
        tried(GABAPENTIN | {"dose": "600 mg"}, DULOXETINE),
        [],
    ),
    "Ana mended the dose, Ben the reason": (
        tried(GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN, DULOXETINE | {"dose": "30 mg"}),
        tried(GABAPENTIN, DULOXETINE | {"reason": "Nausea."}),
        tried(GABAPENTIN, DULOXETINE | {"dose": "30 mg", "reason": "Nausea."}),
        [],
    ),
    "each mended the dose another way": (
        tried(GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN, DULOXETINE | {"dose": "30 mg"}),
        tried(GABAPENTIN, DULOXETINE | {"dose": "20 mg", "reason": "Nausea."}),
        tried(GABAPENTIN, DULOXETINE | {"dose": "20 mg", "reason": "Nausea."}),
        ["facts.tried[1].dose"],
    ),
    "Ana made it another drug, Ben wrote why the old one failed": (
        tried(GABAPENTIN),
        tried(GABAPENTIN | {"drug": "naproxen"}),
        tried(GABAPENTIN | {"reason": "Too sleepy."}),
        tried(GABAPENTIN | {"reason": "Too sleepy."}),
        ["facts.tried[0:1]"],
    ),
    "each filled the blank row with another drug": (
        tried({"drug": "", "dose": ""}),
        tried({"drug": "duloxetine", "dose": "60 mg"}),
        tried({"drug": "pregabalin", "dose": ""}),
        tried({"drug": "pregabalin", "dose": ""}),
        ["facts.tried[0:1]"],
    ),
    "each filled a row that had no fields yet": (
        tried({}),
        tried({"drug": "duloxetine"}),
        tried({"drug": "pregabalin"}),
        tried({"drug": "pregabalin"}),
        ["facts.tried[0:1]"],
    ),
    "a drug tried twice: Ana mended both trials, Ben added another drug": (
        tried(GABAPENTIN, GABAPENTIN),
        tried(GABAPENTIN | {"dose": "600 mg"}, GABAPENTIN | {"dose": "900 mg"}),
        tried(GABAPENTIN, GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN | {"dose": "600 mg"}, GABAPENTIN | {"dose": "900 mg"}, DULOXETINE),
        [],
    ),
    "a drug tried twice: Ana took out the first trial and mended the second, Ben the first": (
        tried(GABAPENTIN, AGAIN),
        tried(AGAIN | {"reason": "Rash."}),
        tried(GABAPENTIN | {"reason": "Too little."}, AGAIN),
        tried(GABAPENTIN | {"reason": "Too little."}, AGAIN | {"reason": "Rash."}),
        ["facts.tried[0:1]"],
    ),
    "Ana's page wrote the fields in another order: no change": (
        tried({"drug": "duloxetine", "dose": "60 mg"}),
        tried({"dose": "60 mg", "drug": "duloxetine"}),
        tried({"drug": "duloxetine", "dose": "30 mg"}),
        tried({"drug": "duloxetine", "dose": "30 mg"}),
        [],
    ),
    "a number and its digits are two words": (
        {"codes": ["75"]},
        {"codes": [75]},
        {"codes": ["75", "90"]},
        {"codes": [75, "90"]},
        [],
    ),
    "Ana took a drug out, Ben mended another": (
        tried(GABAPENTIN, DULOXETINE),
        tried(DULOXETINE),
        tried(GABAPENTIN, DULOXETINE | {"dose": "30 mg"}),
        tried(DULOXETINE | {"dose": "30 mg"}),
        [],
    ),
    "Ana took out the drug that Ben mended": (
        tried(GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN),
        tried(GABAPENTIN, DULOXETINE | {"dose": "30 mg"}),
        tried(GABAPENTIN, DULOXETINE | {"dose": "30 mg"}),
        ["facts.tried[1:2]"],
    ),
    "Ben took out two drugs that Ana mended: one question": (
        tried(GABAPENTIN, DULOXETINE),
        tried(GABAPENTIN | {"dose": "1 mg"}, DULOXETINE | {"dose": "2 mg"}),
        tried(),
        tried(),
        ["facts.tried[0:0]"],
    ),
    "each added a word": (
        {"grounds": ["allergy"]},
        {"grounds": ["allergy", "dose"]},
        {"grounds": ["allergy", "shortage"]},
        {"grounds": ["allergy", "shortage", "dose"]},
        [],
    ),
    "each changed the word": (
        {"grounds": ["allergy"]},
        {"grounds": ["dye allergy"]},
        {"grounds": ["filler allergy"]},
        {"grounds": ["filler allergy"]},
        ["grounds[0:1]"],
    ),
    "each changed another paragraph of the letter": (
        {"text": "Dear reviewer,\n\nShe hurts.\n\nThank you."},
        {"text": "Dear Dr. Example,\n\nShe hurts.\n\nThank you."},
        {"text": "Dear reviewer,\n\nShe hurts.\n\nThank you for your time."},
        {"text": "Dear Dr. Example,\n\nShe hurts.\n\nThank you for your time."},
        [],
    ),
    "each changed the same paragraph": (
        {"text": "Dear reviewer,\n\nShe hurts.\n\nThank you."},
        {"text": "Dear reviewer,\n\nShe hurts daily.\n\nThank you."},
        {"text": "Dear reviewer,\n\nShe can not sleep.\n\nThank you."},
        {"text": "Dear reviewer,\n\nShe can not sleep.\n\nThank you."},
        ["text[2:3]"],
    ),
    "each put a paragraph in the same spot": (
        {"text": "Dear reviewer,\nThank you."},
        {"text": "Dear reviewer,\nShe hurts.\nThank you."},
        {"text": "Dear reviewer,\nShe can not sleep.\nThank you."},
        {"text": "Dear reviewer,\nShe can not sleep.\nThank you."},
        ["text[1:2]"],
    ),
    "Ben took out the paragraph that Ana changed": (
        {"text": "Dear reviewer,\nShe hurts.\nThank you."},
        {"text": "Dear reviewer,\nShe hurts daily.\nThank you."},
        {"text": "Dear reviewer,\nThank you."},
        {"text": "Dear reviewer,\nThank you."},
        ["text[1:1]"],
    ),
    "each wrote the first letter": (
        {},
        {"text": "Dear Ana's reviewer,\nhello"},
        {"text": "Dear Ben's reviewer,\nhello"},
        {"text": "Dear Ben's reviewer,\nhello"},
        ["text[0:2]"],
    ),
    "a text became a list": ({"a": "x"}, {"a": ["x"]}, {"a": "y"}, {"a": "y"}, ["a"]),
}


@pytest.mark.parametrize(
    ("base", "ana", "ben", "out", "asked"), SCENARIOS.values(), ids=SCENARIOS.keys()
)
def test_what_comes_of_two_edits(base, ana, ben, out, asked):
    before = copy.deepcopy((base, ana, ben))
    merged = merge(base, ana, ben)
    assert repr(merged.value) == repr(out)
    assert [conflict.place for conflict in merged.conflicts] == asked
    assert (base, ana, ben) == before


# -- answers -------------------------------------------------------------------------------------

LETTER: dict[str, Any] = {"text": "Dear reviewer,\nShe hurts.\nThank you."}
ANA: dict[str, Any] = {"text": "Dear reviewer,\nShe hurts daily.\nThank you."}
BEN: dict[str, Any] = {"text": "Dear reviewer,\nShe can not sleep.\nAt all.\nThank you."}
GONE: dict[str, Any] = {"text": "Dear reviewer,\nThank you."}


@pytest.mark.parametrize(
    ("base", "ana", "ben", "choice", "out"),
    [
        (LETTER, ANA, BEN, "theirs", BEN),
        (LETTER, ANA, BEN, "mine", ANA),
        (
            LETTER,
            ANA,
            BEN,
            "both",
            {"text": "Dear reviewer,\nShe can not sleep.\nAt all.\nShe hurts daily.\nThank you."},
        ),
        (LETTER, GONE, BEN, "mine", GONE),
        (LETTER, ANA, GONE, "mine", ANA),
        ({"fax": "1"}, {}, {"fax": "2"}, "mine", {}),
        ({"fax": "1"}, {"fax": "2"}, {}, "mine", {"fax": "2"}),
        ({"a.b": {"": 1}}, {"a.b": {"": 2}}, {"a.b": {"": 3}}, "mine", {"a.b": {"": 2}}),
        (1, 2, 3, "mine", 2),
        ({"w": ["a"]}, {"w": ["b"]}, {"w": ["c"]}, "both", {"w": ["c", "b"]}),
        (
            tried(DULOXETINE),
            tried(DULOXETINE | {"dose": "1 mg"}),
            tried(DULOXETINE | {"dose": "2 mg"}),
            "mine",
            tried(DULOXETINE | {"dose": "1 mg"}),
        ),
        (
            tried(GABAPENTIN, DULOXETINE),
            tried(GABAPENTIN | {"dose": "1 mg"}, DULOXETINE | {"dose": "2 mg"}),
            tried(),
            "both",
            tried(GABAPENTIN | {"dose": "1 mg"}, DULOXETINE | {"dose": "2 mg"}),
        ),
    ],
)
def test_an_answer_is_put_where_it_was_asked(base, ana, ben, choice, out):
    merged = merge(base, ana, ben)
    [conflict] = merged.conflicts
    before = copy.deepcopy(merged)
    assert resolve(merged.value, merged.conflicts, {conflict.place: choice}) == out
    assert merged == before


def test_a_question_without_an_answer_keeps_what_is_saved():
    merged = merge(LETTER, ANA, BEN)
    assert resolve(merged.value, merged.conflicts, {}) == BEN


def test_each_question_has_its_own_answer():
    merged = merge(
        "1\nsame\n2\nsame too\n3",
        "1 Ana\nAna\nsame\n2 Ana\nsame too\n3 Ana",
        "1 Ben\nsame\n2 Ben\nBen\nsame too\n3 Ben",
    )
    first, second, third = (found.place for found in merged.conflicts)
    assert resolve(
        merged.value, merged.conflicts, {first: "mine", second: "both", third: "mine"}
    ) == ("1 Ana\nAna\nsame\n2 Ben\nBen\n2 Ana\nsame too\n3 Ana")


def test_one_name_has_no_room_for_two():
    merged = merge({"name": ""}, {"name": "Ana's"}, {"name": "Ben's"})
    assert not merged.conflicts[0].can_keep_both
    with pytest.raises(ChoiceError, match="room for one value at name; choose mine or theirs"):
        resolve(merged.value, merged.conflicts, {"name": "both"})


def test_an_answer_to_no_question_is_refused():
    with pytest.raises(ChoiceError, match=r"Nothing is asked at facts\.name; choose"):
        resolve({}, (), {"facts.name": "mine"})


@pytest.mark.parametrize(
    "changed",
    [{"text": "Dear reviewer,\nShe is well.\nThank you."}, {"text": "short"}, {"text": 1}, {}, []],
)
def test_an_answer_that_comes_too_late_is_refused(changed):
    merged = merge(LETTER, ANA, BEN)
    with pytest.raises(ChoiceError, match=r"has changed at text\[1:3\] since"):
        resolve(changed, merged.conflicts, {"text[1:3]": "mine"})


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("", {"rows": [{"a.b": 1}], "text": "x\ny"}),
        ('rows[0]["a.b"]', 1),
        ("rows[1]", ABSENT),
        ("rows[1].dose", ABSENT),
        ("rows.dose", ABSENT),
        ("text[1:2]", ["y"]),
        ("text[1:1]", []),
    ],
)
def test_a_place_says_where(place, found):
    assert found_at({"rows": [{"a.b": 1}], "text": "x\ny"}, place) == found


# -- what holds of any two edits -----------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers(0, 3)
    | st.floats(allow_nan=False)
    | st.text(st.sampled_from("a1\n"), max_size=6)
)
keys = st.sampled_from(["a", "b", "c", "", "a.b", '"', "[0]", "\\", "é\n"]) | st.text(max_size=3)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)
rows = st.fixed_dictionaries(
    {"drug": st.sampled_from("xyz"), "dose": st.integers(1, 2), "why": st.sampled_from(["", "w"])}
)
drafts = st.fixed_dictionaries(
    {
        "facts": st.dictionaries(keys, scalars, max_size=3),
        "tried": st.lists(rows, max_size=5),
        "words": st.lists(st.sampled_from("abc"), max_size=4),
        "text": st.lists(st.sampled_from(["a", "b", ""]), max_size=8).map("\n".join),
    }
)
anything = drafts | documents
triples = st.tuples(drafts, drafts, drafts) | st.tuples(documents, documents, documents)


def exact(value):
    """Tells True from 1, and forgets the order of keys."""
    if isinstance(value, dict):
        return {key: exact(part) for key, part in value.items()}
    if isinstance(value, list):
        return [exact(part) for part in value]
    return type(value).__name__, value


@given(anything, anything)
def test_what_one_alone_did_stands(base, edit):
    for merged in (merge(base, edit, base), merge(base, base, edit), merge(base, edit, edit)):
        assert exact(merged.value) == exact(edit)
        assert merged.conflicts == ()


@given(triples)
def test_every_question_shows_both_and_its_place_is_there(triple):
    merged = merge(*triple)
    places = [conflict.place for conflict in merged.conflicts]
    assert len(set(places)) == len(places)
    for conflict in merged.conflicts:
        assert exact(found_at(merged.value, conflict.place)) == exact(conflict.theirs)
        assert exact(conflict.mine) != exact(conflict.theirs)


@given(triples)
def test_who_saves_first_does_not_matter_for_what_is_asked(triple):
    base, ana, ben = triple
    assert bool(merge(base, ana, ben).conflicts) == bool(merge(base, ben, ana).conflicts)


@given(triples)
def test_theirs_everywhere_is_what_merge_gave(triple):
    merged = merge(*triple)
    choices = everywhere(merged, "theirs")
    assert exact(resolve(merged.value, merged.conflicts, choices)) == exact(merged.value)


def unordered(value):
    """New rows of one spot stand theirs first, so their order tells who saved first."""
    if isinstance(value, dict):
        return {key: unordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return sorted((unordered(part) for part in value), key=repr)
    return type(value).__name__, value


@given(triples)
def test_mine_everywhere_is_as_if_mine_had_been_saved_first(triple):
    base, ana, ben = triple
    merged = merge(base, ana, ben)
    choices = everywhere(merged, "mine")
    resolved = resolve(merged.value, merged.conflicts, choices)
    assert repr(unordered(resolved)) == repr(unordered(merge(base, ben, ana).value))


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {leaf for part in value for leaf in leaves(part)}
    if isinstance(value, str):
        return {*value.split("\n")}
    return set() if value is ABSENT else {(type(value).__name__, value)}


@given(triples)
def test_nothing_comes_from_nowhere_and_no_new_word_is_lost(triple):
    base, ana, ben = triple
    merged = merge(base, ana, ben)
    asked = [side for found in merged.conflicts for side in (found.mine, found.theirs)]
    shown = leaves([merged.value, *asked])
    assert leaves(merged.value) <= leaves([ana, ben, ""])
    assert (leaves(ana) | leaves(ben)) - leaves(base) <= shown


@given(st.dictionaries(keys, scalars), st.data())
def test_edits_of_different_facts_are_both_there(base, data):
    by_ana = data.draw(st.dictionaries(st.sampled_from(["ana 1", "ana 2", *base]), scalars))
    others = [key for key in base if key not in by_ana]
    by_ben = data.draw(st.dictionaries(st.sampled_from(["ben 1", "ben 2", *others]), scalars))
    merged = merge(base, base | by_ana, base | by_ben)
    assert merged.conflicts == ()
    assert exact(merged.value) == exact(base | by_ana | by_ben)


# -- lines: every line is its own, so that what became of each is known ----------------------------


@st.composite
def edits(draw, count, who):
    """What one did to lines 0 to count: the kept ones, with new ones between."""
    lines = []
    for at in range(count + 1):
        new = draw(st.sampled_from([0, 0, 0, 1, 2]))
        lines += [f"{who} {at}.{number}" for number in range(new)]
        if at < count and draw(st.integers(0, 4)):
            lines.append(f"line {at}")
    return lines


@st.composite
def three_texts(draw):
    count = draw(st.integers(0, 8))
    base = [f"line {at}" for at in range(count)]
    return base, draw(edits(count, "Ana")), draw(edits(count, "Ben"))


def by_the_book(base, ana, ben):
    """Diff3 where every line is its own: cut at the lines all three have, then compare."""
    out, asked = [], []
    for line in [line for line in base if line in ana and line in ben] + [None]:
        parts = []
        for text in (base, ana, ben):
            end = text.index(line) if line else len(text)
            parts.append(text[:end])
            del text[: end + 1]
        old, my, their = parts
        if old == their:
            out += my
        else:
            if my not in (old, their):
                asked.append((old, my, their))
            out += their
        out += [line] if line else []
    return out, asked


@given(three_texts())
def test_letters_are_merged_by_the_book(texts):
    # a first line that all share, and a last one, so that all three have more than one line
    base, ana, ben = (["Dear", *lines, "Yours"] for lines in texts)
    merged = merge("\n".join(base), "\n".join(ana), "\n".join(ben))
    assert isinstance(merged.value, str)
    lines, asked = by_the_book([*base], [*ana], [*ben])
    assert merged.value.split("\n") == lines
    assert [(found.base, found.mine, found.theirs) for found in merged.conflicts] == asked
    shown = {*lines, *(line for _, mine, _ in asked for line in mine)}
    assert {line for line in base if line in ana and line in ben} <= {*lines}
    assert ({*ana} | {*ben}) - {*base} <= shown


def drugs(rows):
    return [row["drug"] for row in rows]


@given(three_texts())
def test_rows_that_one_added_are_there_once(texts):
    base, ana, ben = ([{"drug": line} for line in lines] for lines in texts)
    merged = merge([*base], [*ana], [*ben])
    shown = Counter(drugs(merged.value))
    for found in merged.conflicts:
        shown.update(drugs(found.mine))
    for row in [*ana, *ben]:
        if row not in base:
            assert shown[row["drug"]] == 1
    kept = [row["drug"] for row in base if row in ana and row in ben]
    assert [drug for drug in drugs(merged.value) if drug in kept] == kept


small = st.lists(st.sampled_from("ab"), max_size=4)


def can_be_cut(base, ana, ben, value, asked):
    """Whether the outcome is a diff3 of the three, by trying each way to cut them in pieces."""

    @cache
    def rest(b, a, t, v, q):
        if (b, a, t, v, q) == (len(base), len(ana), len(ben), len(value), len(asked)):
            return True
        if q < len(asked) and asked[q][3] == v:
            old, my, their, _ = asked[q]
            fits = base[b:][: len(old)] == old and ana[a:][: len(my)] == my
            fits = fits and ben[t:][: len(their)] == their == value[v:][: len(their)]
            if fits and rest(b + len(old), a + len(my), t + len(their), v + len(their), q + 1):
                return True
        return any(
            rest(b + x, a + y, t + z, v + w, q)
            for x in range(len(base) - b + 1)
            for y in range(len(ana) - a + 1)
            for z in range(len(ben) - t + 1)
            for w in {y, z}
            if x + y + z and fair(base[b:][:x], ana[a:][:y], ben[t:][:z], value[v:][:w])
        )

    return rest(0, 0, 0, 0, 0)


def fair(old, my, their, out):
    return (old == my and out == their) or (out == my and their in (old, my))


@settings(max_examples=60)
@given(small, small, small)
def test_a_merge_of_lines_that_look_alike_is_a_diff3(base, ana, ben):
    base, ana, ben = (["(", *lines, ")"] for lines in (base, ana, ben))
    merged = merge("\n".join(base), "\n".join(ana), "\n".join(ben))
    asked = [
        (found.base, found.mine, found.theirs, int(found.place[1:].split(":")[0]))
        for found in merged.conflicts
    ]
    assert isinstance(merged.value, str)
    assert can_be_cut(base, ana, ben, merged.value.split("\n"), asked)


# -- side by side --------------------------------------------------------------------------------


def test_a_changed_dose_is_shown_as_a_whole_number_in_its_line():
    found = passages(
        "Dear reviewer,\n\nShe takes 4.5 mg at night.\n",
        "Dear reviewer,\n\nShe takes 4.0 mg at night.\n",
    )
    assert [(run.kind, run.text) for run in found] == [
        ("same", "Dear reviewer,\n\nShe takes "),
        ("only_theirs", "4.5"),
        ("only_mine", "4.0"),
        ("same", " mg at night.\n"),
    ]


def test_lines_with_nothing_in_common_stand_one_after_the_other():
    found = passages("Hello\nShe can not sleep.\n", "Hello\nGabapentin failed in May.\n")
    assert [(run.kind, run.text) for run in found] == [
        ("same", "Hello\n"),
        ("only_theirs", "She can not sleep.\n"),
        ("only_mine", "Gabapentin failed in May.\n"),
    ]


texts = st.text(st.sampled_from("ab \n"), max_size=30)


@given(texts, texts)
def test_each_text_can_be_read_from_the_passages(theirs, mine):
    found = passages(theirs, mine)
    assert "".join(run.text for run in found if run.kind != "only_mine") == theirs
    assert "".join(run.text for run in found if run.kind != "only_theirs") == mine
    assert all(run.text for run in found)
    assert all(one.kind != other.kind for one, other in pairwise(found))


# -- time ----------------------------------------------------------------------------------------


def long_letter(chance, blank):
    return [blank if at % 2 else f"Paragraph {at}: {chance.random()}" for at in range(2_000)]


def edited(lines, who, chance):
    lines = [*lines]
    for number in range(200):
        at = chance.randrange(len(lines))
        lines[at : at + chance.randrange(2)] = [f"{who} wrote {number}"][: chance.randrange(3)]
    return lines


@pytest.mark.parametrize("alike", [False, True], ids=["a real letter", "lines all alike"])
def test_a_long_letter_is_merged_and_shown_in_half_a_second(alike):
    chance = random.Random(1)
    base = ["a", "b"] * 1_000 if alike else long_letter(chance, "")
    ana, ben = edited(base, "Ana", chance), edited(base, "Ben", chance)
    old, my, their = ("\n".join(lines) for lines in (base, ana, ben))
    assert pace.seconds(lambda: (merge(old, my, their), passages(their, my))) < 0.5
    merged = merge(old, my, their)
    assert passages(their, my)
    choices = everywhere(merged, "mine")
    assert resolve(merged.value, merged.conflicts, choices) == merge(old, their, my).value
