"""Deadlines in words: whose clock it is, how long it runs, from when, and by what law."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from compound_coverage.vocabulary import Basis, Deadline, Rule

_WHOSE = {"member": "You have", "plan": "The plan has", "reviewer": "The reviewer has"}
_TRACKS = {"standard": "", "expedited": " if it is urgent", "payment": " if you already paid"}
_ACTORS = tuple(_WHOSE)
_URGENCIES = tuple(_TRACKS)
NOT_CONFIRMED = "We have not confirmed this yet."


def deadline_text(rule: Rule | None) -> str:
    """All clocks of one rule in words, the member's own first; empty if it has none."""
    return _sentences((rule, clock) for clock in rule.deadlines) if rule else ""


def deadline_by_stage(rules: Sequence[Rule], stages: Collection[str]) -> str:
    """The clocks of these stages of the road among ``rules``, each told once, with their law.

    Where two rules set the same clock, the confirmed one is told, then the narrower, then the
    better graded. Empty if no rule sets one.
    """
    best: dict[tuple[str, str, str], tuple[Rule, Deadline]] = {}
    for rule in sorted(rules, key=_firmness):
        for clock in rule.deadlines:
            if clock.stage in stages:
                best.setdefault((clock.stage, clock.actor, clock.urgency), (rule, clock))
    if not best:
        return ""
    laws = dict.fromkeys(rule.citation.section for rule, _ in best.values())
    law = "; ".join(filter(None, laws))
    return _sentences(best.values()) + (f" ({law})" if law else "")


def _firmness(rule: Rule) -> tuple[bool, int, str, str]:
    unconfirmed = rule.basis == Basis.UNVERIFIED
    return unconfirmed, len(rule.states) or 99, rule.citation.grade.value, rule.rule_id


def _sentences(clocks: Iterable[tuple[Rule, Deadline]]) -> str:
    pairs = sorted(clocks, key=lambda pair: _order(pair[1]))
    told = [_clock_text(clock) for _, clock in pairs]
    if any(rule.basis == Basis.UNVERIFIED for rule, _ in pairs):
        told.append(NOT_CONFIRMED)
    return " ".join(told)


def _order(clock: Deadline) -> tuple[bool, int, int]:
    member_last = clock.actor != "member"
    return member_last, _URGENCIES.index(clock.urgency), _ACTORS.index(clock.actor)


def _clock_text(clock: Deadline) -> str:
    unit = clock.unit.replace("_", " ")
    if clock.amount == 1:
        unit = unit.removesuffix("s")
    track = _TRACKS[clock.urgency]
    return f"{_WHOSE[clock.actor]} {clock.amount} {unit} from {clock.counted_from}{track}."
