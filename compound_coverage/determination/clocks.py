"""Deadlines in words: whose clock it is, how long it runs, from when, and by what law."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from compound_coverage.language import say, speaking, spoken, to_say
from compound_coverage.vocabulary import Basis, Deadline, Rule

Step = tuple[str, str, str]
Clock = tuple[Rule, Deadline]


@dataclass(frozen=True, slots=True)
class ClockWords:
    """How a language says a clock.

    ``whose`` goes by actor, ``tracks`` by urgency, ``units`` holds one and many. ``starts`` says
    by anchor what a clock is counted from; ``exact`` says it for the dataset's own words where
    the anchor alone would lose something. Where neither knows, the dataset's words stand.
    """

    sentence: str
    not_confirmed: str
    whose: Mapping[str, str]
    tracks: Mapping[str, str]
    units: Mapping[str, Sequence[str]]
    starts: Mapping[str, str] = field(default_factory=dict)
    exact: Mapping[str, str] = field(default_factory=dict)

    def duration(self, clock: Deadline) -> str:
        """How long a clock runs: ``65 calendar days``."""
        one, many = self.units[clock.unit]
        return f"{clock.amount} {one if clock.amount == 1 else many}"

    def start(self, clock: Deadline) -> str:
        """The event a clock is counted from."""
        words = self.exact.get(clock.counted_from) or self.starts.get(clock.anchor)
        return words or say(clock.counted_from)


ENGLISH = ClockWords(
    sentence=to_say("{whose} {duration} from {start}{track}."),
    not_confirmed=to_say("We have not confirmed this yet."),
    whose={
        "member": to_say("You have"),
        "plan": to_say("The plan has"),
        "reviewer": to_say("The reviewer has"),
    },
    tracks={
        "standard": "",
        "expedited": to_say(" if it is urgent"),
        "payment": to_say(" if you already paid"),
    },
    units={
        "hours": (to_say("hour"), to_say("hours")),
        "calendar_days": (to_say("calendar day"), to_say("calendar days")),
        "working_days": (to_say("working day"), to_say("working days")),
        "months": (to_say("month"), to_say("months")),
    },
)
_ACTORS = tuple(ENGLISH.whose)
_URGENCIES = tuple(ENGLISH.tracks)


@cache
def words_in(language: str) -> ClockWords:
    """How a language says a clock on a page; for a letter, the words are in its folder."""
    with speaking(language):
        return ClockWords(
            sentence=say(ENGLISH.sentence),
            not_confirmed=say(ENGLISH.not_confirmed),
            whose={actor: say(text) for actor, text in ENGLISH.whose.items()},
            tracks={track: say(text) if text else "" for track, text in ENGLISH.tracks.items()},
            units={unit: tuple(map(say, forms)) for unit, forms in ENGLISH.units.items()},
        )


def deadline_text(rule: Rule | None, words: ClockWords | None = None) -> str:
    """All clocks of one rule in words, the member's own first; empty if it has none.

    Without ``words`` in the language spoken just now.
    """
    words = words or words_in(spoken())
    return _sentences(((rule, clock) for clock in rule.deadlines), words) if rule else ""


def deadline_by_stage(
    rules: Sequence[Rule], stages: Collection[str], words: ClockWords = ENGLISH
) -> str:
    """The clocks of these stages of the road among ``rules``, each told once, with their law.

    Where two rules set the same clock, the firmest is told. Empty if no rule sets one.
    """
    best = [clocks[0] for clocks in clocks_by_step(rules, stages).values()]
    if not best:
        return ""
    law = sections_of(rule for rule, _ in best)
    return _sentences(best, words) + (f" ({law})" if law else "")


def sections_of(rules: Iterable[Rule]) -> str:
    """The sections of law behind ``rules``, each once; one that a longer one names is left out."""
    sections = dict.fromkeys(filter(None, (rule.citation.section for rule in rules)))
    return "; ".join(
        section
        for section in sections
        if not any(section != other and section in other for other in sections)
    )


def clocks_by_step(rules: Iterable[Rule], stages: Collection[str]) -> dict[Step, list[Clock]]:
    """The clocks of these stages by stage, actor and urgency, the firmest of each first.

    The confirmed one comes first, then the narrower, then the better graded.
    """
    found: dict[Step, list[Clock]] = {}
    for rule in sorted(rules, key=_firmness):
        for clock in rule.deadlines:
            if clock.stage in stages:
                step = (clock.stage, clock.actor, clock.urgency)
                found.setdefault(step, []).append((rule, clock))
    return found


def _firmness(rule: Rule) -> tuple[bool, int, str, str]:
    unconfirmed = rule.basis == Basis.UNVERIFIED
    return unconfirmed, len(rule.states) or 99, rule.citation.grade.value, rule.rule_id


def _sentences(clocks: Iterable[Clock], words: ClockWords) -> str:
    pairs = sorted(clocks, key=lambda pair: _order(pair[1]))
    told = [_clock_text(clock, words) for _, clock in pairs]
    if any(rule.basis == Basis.UNVERIFIED for rule, _ in pairs):
        told.append(words.not_confirmed)
    return " ".join(told)


def _order(clock: Deadline) -> tuple[bool, int, int]:
    member_last = clock.actor != "member"
    return member_last, _URGENCIES.index(clock.urgency), _ACTORS.index(clock.actor)


def _clock_text(clock: Deadline, words: ClockWords) -> str:
    return words.sentence.format(
        whose=words.whose[clock.actor],
        duration=words.duration(clock),
        start=words.start(clock),
        track=words.tracks[clock.urgency],
    )
