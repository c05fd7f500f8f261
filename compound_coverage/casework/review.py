"""The final document beside the facts it states, and what the prescriber must vouch for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from compound_coverage.casework.content import Content, Fact, digest_of, stated
from compound_coverage.dataset.load import Dataset
from compound_coverage.formulary.lookup import Formularies
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.completeness import Missing
from compound_coverage.letters.render import Draft
from compound_coverage.letters.templates import words_of

Kind = Literal["fact", "sentence", "claim"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something the prescriber vouches for: a clinical fact, a sentence typed by hand, or a claim
    that only a person can judge. ``digest`` is what the confirmation is bound to.
    """

    place: str
    kind: Kind
    words: str
    digest: str
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class Review:
    """A draft as the prescriber looks at it. ``blocked`` says what must be mended first."""

    draft: Draft
    text: str
    facts: tuple[Fact, ...]
    blank: tuple[Missing, ...]
    items: tuple[Item, ...]
    blocked: tuple[str, ...]

    def open_items(self, member_id: str) -> tuple[Item, ...]:
        """What this prescriber has not vouched for yet, as it now stands."""
        return tuple(item for item in self.items if item.confirmed_by != member_id)


def review(
    content: Content, dataset: Dataset, on: date, formularies: Formularies | None = None
) -> Review:
    """The review of a draft, by the rules in force on ``on``.

    Raises ValueError with one sentence where the facts make no letter yet.
    """
    case = load_case(content.facts)
    draft = draft_for(case, dataset, content.letter_type, content.language, on, formularies)
    text = content.text or draft.markdown
    facts = tuple(stated(content))
    claims = draft.claims(text)
    items = [
        _medication(content, draft),
        *(_item(content, fact.place, "fact", fact.value, fact.digest) for fact in _vouched(facts)),
        *_sentences(content, draft.markdown, text),
        *(
            _worded(content, "claim", claim.told, f"{claim.kind}|{claim.quote}")
            for claim in claims
            if not claim.sure
        ),
    ]
    blocked = [
        *(f"Line {claim.line}: {claim.told}" for claim in claims if claim.sure),
        *_gaps(content, text),
    ]
    # the same words in two places are one thing to judge
    once = {item.place: item for item in items}
    return Review(draft, text, facts, draft.missing, tuple(once.values()), tuple(blocked))


def _medication(content: Content, draft: Draft) -> Item:
    """The medicine itself: the letter names it, though the case file holds only its id."""
    place = "medication.medication_id"
    words = draft.basis.medication.name
    return _item(content, place, "fact", words, digest_of(content.at(place)))


def _vouched(facts: Iterable[Fact]) -> Iterator[Fact]:
    return (fact for fact in facts if fact.clinical)


def _sentences(content: Content, made: str, text: str) -> Iterator[Item]:
    """Each paragraph of an edited letter that the facts alone would not have made."""
    ours = {_tidy(part) for part in _paragraphs(made)}
    for part in _paragraphs(text):
        if _tidy(part) not in ours:
            yield _worded(content, "sentence", part.strip(), _tidy(part))


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _worded(content: Content, kind: Kind, words: str, bound_to: str) -> Item:
    digest = digest_of(bound_to)
    return _item(content, f"{kind}:{digest[:24]}", kind, words, digest)


def _item(content: Content, place: str, kind: Kind, words: str, digest: str) -> Item:
    tick = content.confirmed.get(place)
    by = tick.by if tick and tick.of == digest else ""
    return Item(place, kind, words, digest, by)


def _gaps(content: Content, text: str) -> Iterator[str]:
    mark = words_of(content.language).gap.partition("{")[0]
    count = text.count(mark)
    if count:
        gaps = "1 gap" if count == 1 else f"{count} gaps"
        yield (
            f"The letter still shows {gaps} (“{mark.strip(' :')}”); fill in the facts, or "
            "take the sentences out."
        )
