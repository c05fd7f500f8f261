"""Rules of the house that no single module can keep by itself."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = [
    *ROOT.glob("compound_coverage/**/*.py"),
    *ROOT.glob("dashboard/**/*.py"),
    *ROOT.glob("letter_templates/**/*.j2"),
    *ROOT.glob("letter_templates/**/*.toml"),
]
# Programs that are a whole line of business, and words of common speech.
LINES_NOT_PAYERS = {"tricare", "va", "medicaid", "medicare"}


def test_no_code_and_no_letter_names_a_payer(bundled):
    names = set()
    for payer in bundled.payers.values():
        if payer.kind != "government_program":
            names |= {payer.payer_id, payer.name, *payer.other_names}
    patterns = {
        name: re.compile(rf"\b{re.escape(name)}\b")
        for name in names
        if name.casefold() not in LINES_NOT_PAYERS
    }
    assert len(patterns) > 50
    found = [
        (path.relative_to(ROOT).as_posix(), name)
        for path in CODE
        for name, pattern in patterns.items()
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_payer_and_plan_has_its_honest_place(bundled):
    """A plan either has rules of its own level, or its answer is left to its kind of insurance."""
    assert len(bundled.payers) >= 50
    states = {
        state
        for rule in bundled.rules
        if rule.level == "program" and "medicaid" in rule.lines_of_business
        for state in rule.states
    }
    assert len(states) >= 12


def test_every_letter_shown_in_the_docs_is_made_up():
    for path in ROOT.glob("docs/*.md"):
        assert not re.search(r"\b[12]\d{9}\b", path.read_text(encoding="utf-8")), path.name
