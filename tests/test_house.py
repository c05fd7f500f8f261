"""Rules of the house that no single module can keep by itself."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = [
    ROOT / "app.py",
    *ROOT.glob("compound_coverage/**/*.py"),
    *ROOT.glob("compound_coverage/**/*.toml"),
    *ROOT.glob("dashboard/**/*.py"),
    *ROOT.glob("letter_templates/**/*.j2"),
    *ROOT.glob("letter_templates/**/*.toml"),
]
# Two programs that are each a whole line of business, and words of common speech for them.
LINES_NOT_PAYERS = {"tricare", "va", "military", "veterans", "veterans affairs", "veterans health"}


def names_of(dataset):
    """Every id and name, and every other name, of payers and of plans, state programs included."""
    return {
        name
        for one in (*dataset.payers.values(), *dataset.plans.values())
        for name in (getattr(one, "plan_id", one.payer_id), one.name, *one.other_names)
        if name.casefold() not in LINES_NOT_PAYERS
    }


def named_in(text, names):
    """The names that stand in ``text`` as whole words, in capitals or not."""
    held = text.casefold()
    found = [name for name in names if name.casefold() in held]
    return sorted(
        name for name in found if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", held)
    )


def test_no_code_and_no_letter_names_a_payer_or_a_plan(bundled):
    names = names_of(bundled)
    assert len(names) > 400
    assert len(CODE) > 150
    found = {
        path.relative_to(ROOT).as_posix(): told
        for path in CODE
        if (told := named_in(path.read_text(encoding="utf-8"), names))
    }
    assert found == {}


def test_a_payers_name_in_code_would_be_found(bundled):
    names = names_of(bundled)
    for name in sorted(names)[::20]:
        assert name in named_in(f'if plan == "{name.upper()}":', names)
        assert name not in named_in(f"x{name}x", names)


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
