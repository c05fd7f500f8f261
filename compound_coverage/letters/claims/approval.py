"""Words of FDA approval: said of the compound, or of something that is approved?"""

from __future__ import annotations

from collections.abc import Iterator

from compound_coverage.letters.claims.found import CHECK, NONE, SURE, Found, found_at
from compound_coverage.letters.claims.reading import Place
from compound_coverage.letters.claims.sentences import Reader, strongest

# How far before and after the words their subject and their object may stand, in characters.
SUBJECT_REACH = 200
APPOSITION_REACH = 30
OBJECT_REACH = 60


def approval_claims(reader: Reader) -> Iterator[Found]:
    """Words of approval, unless what is approved is plainly another thing than the compound."""
    hits = [
        (found.start(), found.end(), weight)
        for form, phrases in reader.bank.kinds["fda_approved"].phrases.items()
        for found in reader.page.find(phrases)
        if (weight := _weight(reader, form, *found.span()))
    ]
    for start, end, weight in strongest(hits):
        yield found_at(reader.page.layout, (start, end), "fda_approved", weight)


def _weight(reader: Reader, form: str, start: int, end: int) -> int:
    """``form`` is the list of claims.toml: before_noun, acts, approval or after_noun."""
    most = reader.most("fda_approved", start, end)
    sentence = reader.page.layout.sentence(start, end)
    before = _clause_before(reader, sentence[0], start)
    conditional = reader.bank.grammar["conditional_last"].search(reader.page.low, *before)
    if most == NONE or conditional:
        return NONE
    thing = ""
    if form != "after_noun":
        what = _object(reader, form, end, sentence[1])
        if reader.says("compound", what):
            return most
        thing = _thing(reader, what)
    return min(most, _said_of(reader, before, thing, reader.says("elsewhere", sentence)))


def _clause_before(reader: Reader, first: int, start: int) -> Place:
    clauses = reader.page.marks(reader.bank.grammar["clause"])
    number = clauses.last_by(start)
    begins = clauses.starts[number] if number >= 0 else first
    return max(first, begins, start - SUBJECT_REACH), start


def _object(reader: Reader, form: str, end: int, last: int) -> Place:
    """The words after an approval that can be what is approved."""
    last = min(last, end + OBJECT_REACH)
    opener = reader.bank.grammar["opener"].match(reader.page.low, end, last)
    if form == "approval" and opener:
        end = opener.end()
    stop = reader.page.marks(reader.bank.grammar["stop"]).first_from(end)
    return end, last if stop is None else max(end, min(last, stop))


def _thing(reader: Reader, what: Place) -> str:
    if reader.says("things", what):
        return "product"
    return "ingredient" if reader.says("ingredient", what) else ""


def _said_of(reader: Reader, before: Place, thing: str, elsewhere: bool) -> int:
    """How surely an approval is said of the compound, by what stands before it.

    ``thing`` is what follows the approval; ``elsewhere`` is true where the sentence names the
    product or the use that is approved.
    """
    low, grammar = reader.page.low, reader.bank.grammar
    predicate = grammar["predicate"].search(low, *before)
    if predicate:
        return _of_subject(reader, (before[0], predicate.start()), thing, elsewhere)
    apposition = grammar["apposition"].search(low, *before)
    if apposition:
        begins = max(before[0], apposition.start() - APPOSITION_REACH)
        return _of_subject(reader, (begins, apposition.start()), thing, elsewhere)
    if not thing and grammar["thing_last"].search(low, *before):
        thing = "product"
    if thing:
        return NONE if thing == "product" or elsewhere else CHECK
    return _of_subject(reader, before, thing, elsewhere)


def _of_subject(reader: Reader, subject: Place, thing: str, elsewhere: bool) -> int:
    if reader.says("compound", subject):
        # "the ingredient of this compound is approved" is true where it says in which product
        its_part = reader.page.marks(reader.bank.grammar["ingredient"]).any_in(*subject)
        return SURE if not its_part else NONE if elsewhere else CHECK
    if reader.says("ingredient", subject):
        return NONE if elsewhere else CHECK
    if reader.says("vague", subject):
        return NONE if elsewhere else CHECK
    return NONE if thing or reader.says("things", subject) else CHECK
