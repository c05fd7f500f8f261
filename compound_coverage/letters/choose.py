"""Which documents a case calls for, best first: by stage, insurance, verdict and denial reasons.

The front matter of each letter (``[calls]`` in letter.toml) decides; this module only compares.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.templates import LetterType, letter_types
from compound_coverage.vocabulary import Determination, Verdict


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document worth making for a case.

    ``answers`` are the denial reasons among those asked about that it is made to answer.
    """

    letter: LetterType
    answers: tuple[str, ...]


def proposals(
    case_file: CaseFile,
    determination: Determination,
    reasons: Collection[str] = (),
    language: str = "en",
) -> list[Proposal]:
    """The documents this case calls for, best first.

    ``reasons`` are the kinds of reason a denial notice gave (see ``letters.denial``); a document
    made to answer one of them comes before the others of its rank.
    """
    found = [
        Proposal(letter, tuple(kind for kind in letter.calls.reasons if kind in reasons))
        for letter in letter_types(language)
        if _is_called(letter, case_file, determination)
    ]
    return sorted(found, key=_order)


def _order(proposal: Proposal) -> tuple[int, bool, str]:
    letter = proposal.letter
    return letter.calls.rank, not proposal.answers, letter.letter_type


def _is_called(letter: LetterType, case: CaseFile, determination: Determination) -> bool:
    calls, plan = letter.calls, determination.case.plan
    stages = _stages(case, determination)
    states = {*plan.states, case.patient.state}
    return (
        (not calls.stages or not stages.isdisjoint(calls.stages))
        and (not calls.lines or plan.line_of_business in calls.lines)
        and (not calls.states or not states.isdisjoint(calls.states))
        and (not calls.verdicts or determination.verdict in calls.verdicts)
        and (not letter.urgency or letter.urgency == case.request.urgency)
    )


def _stages(case: CaseFile, determination: Determination) -> set[str]:
    """Where the request stands; a first request that can only be an exception is both."""
    stage = case.request.stage or "initial"
    only_exception = determination.verdict == Verdict.EXCEPTION_ONLY
    return {stage, "exception"} if stage == "initial" and only_exception else {stage}
