"""What to say on the phone: to the plan, and to the pharmacy.

The sentences stand here once, by the id of their question; ``told`` says which answers they have.
"""

from __future__ import annotations

from compound_coverage.determination.words import products_of
from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import Determination

HAVE_READY = (
    to_say("Your member ID card (member ID, group, and the BIN and PCN numbers)."),
    to_say("The name, strength and form of your medicine, and how much you take each month."),
    to_say("The pharmacy's name, and the code and message it got if a claim was refused."),
    to_say("Pen and paper. Write down the date, the name of the person, and the call's number."),
)

ASK_THE_PLAN: dict[str, str] = {
    "pays": to_say(
        "Does my plan pay for compounded medicines at all? Please read me the rule and the page."
    ),
    "funding": to_say("Is my plan self-funded, or does an insurer pay the claims?"),
    "by_source": to_say(
        "What if it is made from an FDA-approved product? What if it is made from bulk powder?"
    ),
    "on_formulary": to_say(
        "Is {product} on my drug list? Which tier? Does it need prior authorization?"
    ),
    "prior_authorization": to_say(
        "Does a compound need prior authorization? Above what price? Which form or fax?"
    ),
    "off_label": to_say(
        "May it be used for something not on the label? What proof do you ask for?"
    ),
    "plan_network": to_say("Which compounding pharmacies are in my network?"),
    "exception": to_say(
        "Can I ask for an exception? Who decides? How long does it take if it is urgent?"
    ),
    "refused": to_say(
        "If a claim was refused: which code did it get, and which ingredient caused it?"
    ),
    "paper_claim": to_say("If I pay cash, can I send you a paper claim?"),
    "in_writing": to_say(
        "Please give me a number for this call, and send me the answer in writing."
    ),
}

ASK_THE_PHARMACY: dict[str, str] = {
    "ingredient_source": to_say(
        "Do you make it from an FDA-approved product or from bulk powder? Can you use the product?"
    ),
    "codes": to_say(
        "Which product codes (NDC) and amounts go on the claim? What filler do you use?"
    ),
    "billed": to_say("Did you bill it as a compound? What did the plan answer, word for word?"),
    "monthly_cost": to_say("What is your cash price for 30 days and for 90 days?"),
    "pharmacy_network": to_say("Are you in my plan's network?"),
}


def ask_the_plan(answer: Determination) -> list[str]:
    """Questions for the plan: what this answer leaves open first, then the usual ones."""
    return _merged(answer, "plan", ASK_THE_PLAN)


def ask_the_pharmacy(answer: Determination) -> list[str]:
    """Questions for the compounding pharmacy."""
    return _merged(answer, "pharmacy", ASK_THE_PHARMACY)


def _merged(answer: Determination, whom: str, usual: dict[str, str]) -> list[str]:
    product = products_of(answer.case.medication)
    asked = [unknown.question for unknown in answer.unknowns if unknown.ask == whom]
    return list(dict.fromkeys([*asked, *(say(text, product=product) for text in usual.values())]))
