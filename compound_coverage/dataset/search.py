"""Finds plans and medications by name, forgiving typos; and stands in for plans not listed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Generic, TypeVar

from rapidfuzz import fuzz, process, utils

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import to_say
from compound_coverage.vocabulary import LineOfBusiness, Medication, Plan

K = TypeVar("K")

# Below this score a name shares too little with the text to be meant by it (0-100 scale).
GOOD_ENOUGH = 62.0
LIKE_ENOUGH = 60.0
FEW = 1_000

STATES: dict[str, str] = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia",
    "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan",
    "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "PR": "Puerto Rico",
    "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip

LINE_NAMES: dict[LineOfBusiness, str] = {
    LineOfBusiness.MEDICARE_PART_D: to_say("Medicare drug plan (Part D)"),
    LineOfBusiness.MEDICAID: to_say("Medicaid"),
    LineOfBusiness.MARKETPLACE: to_say("Marketplace or own plan"),
    LineOfBusiness.EMPLOYER_INSURED: to_say("Job plan, insured"),
    LineOfBusiness.EMPLOYER_SELF_FUNDED: to_say("Job plan, employer pays the claims"),
    LineOfBusiness.FEHB: to_say("Federal employee plan (FEHB)"),
    LineOfBusiness.TRICARE: to_say("TRICARE (military)"),
    LineOfBusiness.VA: to_say("Veterans Affairs (VA)"),
    LineOfBusiness.WORKERS_COMP: to_say("Workers' compensation"),
}


UNLISTED_PREFIX = "unlisted"


class NotFound(ValueError):
    """An id that is not in the dataset. The text names the nearest right ones."""


def check_state(text: str) -> str:
    """Two capital letters, or nothing for an empty text. Raises ValueError for anything else."""
    state = text.strip().upper()
    if state and state not in STATES:
        raise ValueError(f"'{text}' is not a state; use two letters such as TX.")
    return state


def unlisted_plan_id(line: LineOfBusiness, state: str = "") -> str:
    """Id of the stand-in for a plan nobody has entered: ``unlisted-medicaid-TX``."""
    return "-".join(filter(None, [UNLISTED_PREFIX, line.value.replace("_", "-"), state]))


def unlisted_plan(line: LineOfBusiness, state: str = "") -> Plan:
    """A plan of which only the kind of insurance, and perhaps the state, is known."""
    where = f" in {STATES[state]}" if state else ""
    return Plan(
        plan_id=unlisted_plan_id(line, state),
        name=f"A plan not listed here: {LINE_NAMES[line]}{where}",
        payer_id="",
        payer="",
        line_of_business=line,
        states=(state,) if state else (),
        note="Only the rules for this kind of insurance are used. Your plan's own rules count too.",
    )


def plan_by_id(dataset: Dataset, plan_id: str) -> Plan:
    """The plan with this id, or the stand-in for an unlisted one. Raises NotFound."""
    plan = dataset.plans.get(plan_id) or _parse_unlisted(plan_id)
    if plan is None:
        raise NotFound(not_found("plan", plan_id, dataset.plans))
    return plan


def _parse_unlisted(plan_id: str) -> Plan | None:
    for line in LineOfBusiness:
        prefix = unlisted_plan_id(line)
        if plan_id == prefix:
            return unlisted_plan(line)
        state = plan_id.removeprefix(prefix + "-").upper()
        if plan_id.startswith(prefix + "-") and state in STATES:
            return unlisted_plan(line, state)
    return None


def medication_by_id(dataset: Dataset, medication_id: str) -> Medication:
    """The medication with this id. Raises NotFound."""
    medication = dataset.medications.get(medication_id)
    if medication is None:
        raise NotFound(not_found("medication", medication_id, dataset.medications))
    return medication


def not_found(noun: str, wanted: str, known: Iterable[str]) -> str:
    """One sentence that names what was not found and the nearest right ids."""
    near = [name for name, _, _ in process.extract(wanted, list(known), limit=3)]
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return f"There is no {noun} '{wanted}'.{hint}"


def find_medications(dataset: Dataset, text: str = "") -> list[Medication]:
    """Medications that match ``text``, best first. Empty text lists all by name."""
    known = dataset.medications
    if text in known:
        return [known[text]]
    if not text.strip():
        return sorted(known.values(), key=lambda medication: medication.name)
    names = {
        key: (medication.name, *(i.name for i in medication.active_ingredients))
        for key, medication in known.items()
    }
    return [known[key] for key in WordIndex(names).best(text)]


class WordIndex(Generic[K]):
    """Finds names by their words, typos forgiven, best first.

    ``names`` maps a key to everything it may be called by. Built once, asked often: each word
    of a question is compared with the distinct words of all names, not with the names.
    """

    def __init__(self, names: Mapping[K, Sequence[str]]) -> None:
        self._order = {key: (called[0] if called else "") for key, called in names.items()}
        self._keys: dict[str, set[K]] = {}
        self._length: dict[K, int] = {}
        for key, called in names.items():
            split = [utils.default_process(name).split() for name in called]
            self._length[key] = min((len(words) for words in split if words), default=0)
            for word in {word for words in split for word in words}:
                self._keys.setdefault(word, set()).add(key)
        self._words = sorted(self._keys)

    def best(self, text: str) -> list[K]:
        """Keys whose names hold the words of ``text``, best first; empty if none comes near."""
        wanted = utils.default_process(text).split()
        totals: dict[K, float] = {}
        # telling words first; a word that half of all names share only helps to order the rest
        near = sorted((self._near(word) for word in wanted), key=len)
        for number, scores in enumerate(near):
            if number and totals and len(scores) > FEW:
                for key in totals:
                    totals[key] += scores.get(key, 0.0)
            else:
                for key, score in scores.items():
                    totals[key] = totals.get(key, 0.0) + score
        good = [
            (-self._score(key, total, len(wanted)), self._order[key], key)
            for key, total in totals.items()
            if total / len(wanted) >= GOOD_ENOUGH
        ]
        return [key for _, _, key in sorted(good, key=lambda found: found[:2])]

    def _score(self, key: K, total: float, asked: int) -> float:
        # of names that fit alike, the one with fewer words left over is the closer one
        return total / asked - 0.1 * max(0, self._length[key] - asked)

    def _near(self, word: str) -> dict[K, float]:
        """Keys with a word like this one, and how like it is (0-100)."""
        similar = process.extract(
            word, self._words, scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH, limit=None
        )
        scores = {other: score for other, score, _ in similar}
        start = bisect_left(self._words, word)
        for other in takewhile(lambda other: other.startswith(word), self._words[start:]):
            scores[other] = 100.0
        found: dict[K, float] = {}
        # the likest last, so that it stays
        for other, score in sorted(scores.items(), key=lambda pair: pair[1]):
            found.update(dict.fromkeys(self._keys[other], score))
        return found
