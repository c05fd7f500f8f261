"""Own words, not the document's; short ones, not long ones."""

from dataclasses import replace

import pytest

from compound_coverage.curation.problems import copied, hints, problems
from compound_coverage.dataset.tables import read_tables
from tests.builders import TODAY
from tests.curation.drafts import WHOLE

PAGES = [
    "Section 4. Compounded products made from bulk chemicals are excluded from the",
    "pharmacy benefit, because the agency has not approved them. See also the appendix.",
]
TAKEN = (
    "Compounded products made from bulk chemicals are excluded from the pharmacy benefit, because "
    "the agency has not approved them."
)
OWN = "The plan does not pay for a mix that the pharmacy makes from powder."


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (TAKEN, 1.0),
        (TAKEN.upper().replace(" ", "\n"), 1.0),
        (OWN, 0.0),
        ("Too short to tell.", 0.0),
        ("", 0.0),
        # one run of eight words in three
        ("Plainly made from bulk chemicals are excluded from the list", 1 / 3),
    ],
)
def test_the_share_of_runs_that_are_the_documents_own(text, share):
    assert copied(text, PAGES) == pytest.approx(share)


@pytest.mark.parametrize(
    ("summary", "condition", "fields"),
    [
        (TAKEN, "", ["summary"]),
        (OWN, TAKEN, ["condition"]),
        (OWN, OWN, []),
    ],
)
def test_a_copied_sentence_has_to_be_said_anew(small, summary, condition, fields):
    tables, _ = read_tables(small)
    draft = replace(WHOLE, summary=summary, condition=condition)
    assert [one.field for one in problems(draft, tables, TODAY, PAGES)] == fields
    assert problems(draft, tables, TODAY) == []


@pytest.mark.parametrize(
    ("summary", "hint"),
    [
        (OWN, None),
        ("The plan pays " + "and pays " * 10 + "for it.", "25 words"),
        ("Reimbursement of pharmaceuticals takes authorization.", "Reimbursement, pharmaceuticals"),
        ("It needs authorization.", None),
    ],
)
def test_hints_on_words_keep_nothing_back(small, summary, hint):
    found = hints(replace(WHOLE, summary=summary))
    assert bool(found) == bool(hint)
    assert not hint or hint in found[0].sentence
    tables, _ = read_tables(small)
    assert problems(replace(WHOLE, summary=summary), tables, TODAY) == []
