"""What to say on the phone: to the plan, and to the pharmacy."""

from __future__ import annotations

from collections.abc import Iterator

from compound_coverage.vocabulary import Determination

HAVE_READY = (
    "Your member ID card (member ID, group, and the BIN and PCN numbers).",
    "The name, strength and form of your medicine, and how much you take each month.",
    "The pharmacy's name, and the code and message it got if a claim was refused.",
    "Pen and paper. Write down the date, the name of the person, and the call's number.",
)

_ASK_THE_PLAN = (
    "Does my plan pay for compounded medicines at all? Please read me the rule and the page.",
    "Is my plan self-funded, or does an insurer pay the claims?",
    "What if it is made from an FDA-approved product? What if it is made from bulk powder?",
    "Is {product} on my drug list? Which tier? Does it need prior authorization?",
    "Does a compound need prior authorization? Above what price? Which form or fax?",
    "May it be used for something not on the label? What proof do you ask for?",
    "Which compounding pharmacies are in my network?",
    "Can I ask for an exception? Who decides? How long does it take if it is urgent?",
    "If a claim was refused: which code did it get, and which ingredient caused it?",
    "If I pay cash, can I send you a paper claim?",
    "Please give me a number for this call, and send me the answer in writing.",
)

_ASK_THE_PHARMACY = (
    "Do you make it from an FDA-approved product or from bulk powder? Can you use the product?",
    "Which product codes (NDC) and amounts go on the claim? What filler do you use?",
    "Did you bill it as a compound? What did the plan answer, word for word?",
    "What is your cash price for 30 days and for 90 days?",
    "Are you in my plan's network?",
)


def ask_the_plan(answer: Determination) -> list[str]:
    """Questions for the plan: what this answer leaves open first, then the usual ones."""
    return _merged(answer, "plan", _ASK_THE_PLAN)


def ask_the_pharmacy(answer: Determination) -> list[str]:
    """Questions for the compounding pharmacy."""
    return _merged(answer, "pharmacy", _ASK_THE_PHARMACY)


def _merged(answer: Determination, whom: str, usual: tuple[str, ...]) -> list[str]:
    products = " and ".join(_products(answer))
    asked = [unknown.question for unknown in answer.unknowns if unknown.ask == whom]
    return list(dict.fromkeys([*asked, *(text.format(product=products) for text in usual)]))


def _products(answer: Determination) -> Iterator[str]:
    for ingredient in answer.case.medication.active_ingredients:
        yield ingredient.approved_product or ingredient.name
