"""What a prescriber must look at before signing, and what stands in the way."""

import copy
from datetime import date

import pytest

from compound_coverage.casework.content import Content, Tick
from compound_coverage.casework.review import review
from compound_coverage.letters.casefile import example_case


@pytest.fixture
def url(sqlite_url):
    """SQLite alone: a review reads no database."""
    return sqlite_url


ON = date(2026, 11, 24)
ME, OTHER = "the-prescriber", "somebody-else"
MADE = 83  # what the complete example asks a prescriber to confirm


@pytest.fixture
def looked_at(bundled):
    return lambda content: review(content, bundled, ON)


@pytest.fixture
def confirmed(looked_at):
    """A draft in which one prescriber has confirmed all there is."""

    def made(content, by=ME):
        ticks = {
            item.place: Tick(by=by, at="2026-11-24", of=item.digest)
            for item in looked_at(content).items
        }
        return content.model_copy(update={"confirmed": ticks})

    return made


def with_fact(content, path, value):
    facts = copy.deepcopy(content.facts)
    *parts, last = path.split(".")
    holder = facts
    for part in parts:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    holder[last] = value
    return content.model_copy(update={"facts": facts})


def places(found, kind):
    return [item.place for item in found.items if item.kind == kind]


def places_open(found, member=ME):
    return [item.place for item in found.open_items(member)]


@pytest.fixture
def content():
    return Content(facts=example_case())


@pytest.mark.parametrize(
    ("place", "value", "clinical"),
    [
        ("medication.strength", "4.5 mg", True),
        ("tried.1.outcome", "not_tolerated", True),
        ("patient.allergies", "None known (made-up example)", True),
        ("patient.name", "Example Patient", False),
        ("plan.member_id", "EXAMPLE-000000", False),
        ("prescriber.npi", "1000000004", False),
    ],
)
def test_each_fact_stands_with_its_value_and_the_clinical_ones_must_be_confirmed(
    looked_at, content, place, value, clinical
):
    found = looked_at(content)
    (fact,) = [fact for fact in found.facts if fact.place == place]
    assert (fact.value, fact.standing) == (value, "patient_said")
    assert (place in places_open(found)) == clinical


def test_a_fact_found_in_the_chart_says_so_and_still_wants_the_prescriber(looked_at, content):
    (fact,) = [f for f in looked_at(content).facts if f.place == "diagnosis.words"]
    tick = Tick(by=OTHER, at="2026-11-24", of=fact.digest)
    found = looked_at(content.model_copy(update={"chart": {fact.place: tick}}))
    (fact,) = [f for f in found.facts if f.place == "diagnosis.words"]
    assert fact.standing == "chart_confirmed"
    assert "diagnosis.words" in places_open(found)


def test_a_complete_case_lacks_nothing_but_the_confirmations(looked_at, confirmed, content):
    found = looked_at(content)
    assert len(found.open_items(ME)) == len(found.items) == MADE
    assert (found.blank, found.blocked) == ((), ())
    found = looked_at(confirmed(content))
    assert found.open_items(ME) == ()
    assert len(found.open_items(OTHER)) == MADE


def test_a_blank_fact_says_why_it_matters_who_can_supply_it_and_blocks(looked_at, content):
    del content.facts["monitoring"]["stop_rule"]
    found = looked_at(content)
    (missing,) = found.blank
    assert (missing.field, missing.who) == ("monitoring.stop_rule", "prescriber")
    assert missing.why
    (told,) = found.blocked
    assert told == (
        "The letter still shows 1 gap (“MISSING”); fill in the facts, or take the sentences out."
    )


def test_two_gaps_are_counted(looked_at, content):
    del content.facts["monitoring"]["stop_rule"]
    del content.facts["monitoring"]["checks"]
    assert "still shows 2 gaps" in looked_at(content).blocked[0]


@pytest.mark.parametrize(
    ("path", "value", "again"),
    [
        ("medication.strength", "3 mg", ["medication.strength"]),
        ("tried.0.outcome", "not_tolerated", ["tried.0.outcome"]),
        # another drug in the row: what was confirmed of the row was said of another drug
        (
            "tried.1.drug",
            "Example antidepressant D",
            [f"tried.1.{part}" for part in ("drug", "dose", "start", "stop", "outcome", "reason")]
            + ["tried.1.in_chart"],
        ),
        ("patient.phone", "000-555-0199", []),
    ],
)
def test_what_was_changed_must_be_confirmed_again_and_nothing_else(
    looked_at, confirmed, content, path, value, again
):
    assert places_open(looked_at(with_fact(confirmed(content), path, value))) == again


def test_the_medicine_itself_is_confirmed_though_the_case_file_holds_only_its_id(
    looked_at, confirmed, content, bundled
):
    other = next(name for name in bundled.medications if name != "ldn-capsule")
    found = looked_at(with_fact(confirmed(content), "medication.medication_id", other))
    (item,) = [one for one in found.open_items(ME) if one.place == "medication.medication_id"]
    assert item.words == bundled.medications[other].name


def test_a_row_put_in_before_confirmed_rows_vouches_for_nobody_else(looked_at, confirmed, content):
    done = confirmed(content)
    new = {"drug": "Example antidepressant Z", "outcome": "failed", "in_chart": "yes"}
    facts = {**done.facts, "tried": [new, *done.facts["tried"]]}
    still = places_open(looked_at(done.model_copy(update={"facts": facts})))
    assert {place for place in still if not place.startswith("tried.")} == set()
    assert len(still) == len(new) + sum(len(row) for row in done.facts["tried"])


EDIT = "In my judgement this course is sound (made-up example)."


def edited(content, looked_at, old, new):
    text = looked_at(content).text
    assert old in text
    return content.model_copy(update={"text": text.replace(old, new, 1)})


def test_a_paragraph_typed_by_hand_is_one_more_thing_to_confirm(looked_at, confirmed, content):
    done = confirmed(content)
    found = looked_at(edited(done, looked_at, "Signature: ", f"{EDIT}\n\nSignature: "))
    (item,) = found.open_items(ME)
    assert (item.kind, item.words) == ("sentence", EDIT)
    again = looked_at(confirmed(edited(done, looked_at, "Signature: ", f"{EDIT}\n\nSignature: ")))
    assert again.open_items(ME) == ()


def test_the_same_paragraph_twice_is_one_thing_to_confirm(looked_at, content):
    twice = edited(content, looked_at, "Signature: ", f"{EDIT}\n\n{EDIT}\n\nSignature: ")
    assert len(places(looked_at(twice), "sentence")) == 1


def test_another_word_in_a_confirmed_paragraph_takes_the_tick_away(looked_at, confirmed, content):
    once = confirmed(edited(content, looked_at, "Signature: ", f"{EDIT}\n\nSignature: "))
    again = once.model_copy(update={"text": once.text.replace("sound", "very sound")})
    (item,) = looked_at(again).open_items(ME)
    assert "very sound" in item.words


def test_other_white_space_changes_nothing(looked_at, confirmed, content):
    done = confirmed(content)
    text = looked_at(done).text.replace("Date of diagnosis", "Date  of\ndiagnosis")
    assert looked_at(done.model_copy(update={"text": text})).open_items(ME) == ()


def test_a_fact_changed_under_an_edited_text_leaves_the_old_words_to_be_confirmed(
    looked_at, confirmed, content
):
    done = confirmed(edited(content, looked_at, "Signature: ", f"{EDIT}\n\nSignature: "))
    found = looked_at(with_fact(done, "medication.strength", "3 mg"))
    assert "medication.strength" in places_open(found)
    old = [item.words for item in found.open_items(ME) if item.kind == "sentence"]
    assert any("4.5 mg" in words for words in old)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("This compound is FDA-approved for depression.", "FDA"),
        ("It is proven to cure depression.", "proven"),
    ],
)
def test_a_claim_no_letter_may_make_blocks(looked_at, content, words, told):
    found = looked_at(edited(content, looked_at, "Signature: ", f"{words}\n\nSignature: "))
    assert any(one.startswith("Line ") and told in one for one in found.blocked)


@pytest.fixture
def negative(looked_at, content):
    """The trial that found no benefit, which the example's letter must tell."""
    (trial,) = [
        one
        for one in looked_at(content).draft.basis.evidence.low_dose
        if one.direction == "negative"
    ]
    return trial


def test_a_negative_trial_taken_out_of_the_letter_blocks(looked_at, content, negative):
    text = looked_at(content).text
    kept = [line for line in text.splitlines() if negative.fair_sentence not in line]
    found = looked_at(content.model_copy(update={"text": "\n".join(kept)}))
    (told,) = found.blocked
    assert str(negative.year) in told


def test_what_only_a_person_can_judge_is_asked_and_does_not_block(looked_at, confirmed, content):
    words = "Experts agree on this course (made-up example)."
    asked = edited(content, looked_at, "Signature: ", f"{words}\n\nSignature: ")
    found = looked_at(asked)
    assert found.blocked == ()
    assert len(places(found, "claim")) == 1
    assert looked_at(confirmed(asked)).open_items(ME) == ()


def test_facts_that_make_no_letter_are_told_in_one_sentence(looked_at, content):
    bad = with_fact(content, "medication.start", "next week")
    with pytest.raises(ValueError, match="date"):
        looked_at(bad)
