"""The questions of a guided call: what to ask a plan and a pharmacy, why, and the answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from compound_coverage.dataset.search import STATES
from compound_coverage.determination.phone import ASK_THE_PHARMACY, ASK_THE_PLAN
from compound_coverage.determination.words import (
    WHICH_STATE,
    plan_questions,
    products_of,
    question_about,
)
from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import (
    Case,
    Determination,
    Fact,
    IngredientSource,
    LineOfBusiness,
    Verdict,
)

DID_NOT_SAY = "did_not_say"
AMOUNT = "amount"  # the answer is a price for one month
LONGEST_REFERENCE = 40

_EMPLOYER = (LineOfBusiness.EMPLOYER_INSURED, LineOfBusiness.EMPLOYER_SELF_FUNDED)


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask on the phone, in the language spoken when it was made.

    ``whom`` is "plan" or "pharmacy". ``options`` are codes with their words. ``amounts`` names
    the codes that come with a price in dollars for one month. The question is pointless once
    one of ``skip_if`` (question id, codes) was answered.
    """

    question_id: str
    whom: str
    text: str
    why: str
    options: tuple[tuple[str, str], ...]
    amounts: tuple[str, ...] = ()
    skip_if: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one question, on which day.

    ``code`` is one of the question's; ``amount`` is in dollars for one month; ``words`` are notes
    and change nothing; ``reference`` is the number of the call, never a name.
    """

    question_id: str
    code: str
    day: date
    words: str = ""
    amount: float | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class _Topic:
    why: str
    options: dict[str, str]
    amounts: tuple[str, ...] = ()
    skip_if: tuple[tuple[str, tuple[str, ...]], ...] = ()


_YES_OR_NO = {"yes": to_say("Yes"), "no": to_say("No")}
_SILENT = to_say("It did not say")
_SHARPER = to_say("A published rule looks at this. Your answer can make ours sharper.")
_SOURCES = {
    IngredientSource.APPROVED_PRODUCT.value: to_say("From an FDA-approved product"),
    IngredientSource.BULK_POWDER.value: to_say("From bulk powder"),
    "powder_but_could": to_say("From bulk powder, but it could use the product"),
    "some_of_each": to_say("Some of each"),
}
NETWORK = {
    "in_network": to_say("My pharmacy is in the network"),
    "out_of_network": to_say("My pharmacy is not in the network"),
}
_NO_WAY = (("pays", ("no",)),)

_TOPICS: dict[str, _Topic] = {
    "pays": _Topic(
        to_say("This is the main question. The rule and its page are your proof."),
        {
            "yes": to_say("Yes, it pays for mine"),
            "some": to_say("Yes, it pays for some"),
            "only_with_prior_authorization": to_say("Only if it says yes first"),
            "only_by_exception": to_say("No, but I can ask for an exception"),
            "no": to_say("No"),
        },
    ),
    "funding": _Topic(
        to_say("It tells which laws your plan must follow."),
        {
            "self_funded": to_say("The employer pays the claims (self-funded)"),
            "insured": to_say("An insurer pays the claims"),
        },
    ),
    "by_source": _Topic(
        to_say("What the pharmacy starts from often decides the answer."),
        {
            "both_paid": to_say("It pays for both"),
            "only_approved_product": to_say("Only if made from an FDA-approved product"),
            "neither": to_say("It pays for neither"),
        },
    ),
    "on_formulary": _Topic(
        to_say("Some plans pay for a compound only if its drug is on their list."),
        {
            "listed": to_say("It is on the list"),
            "listed_with_prior_authorization": to_say("It is on the list, but needs a yes first"),
            "not_listed": to_say("It is not on the list"),
        },
    ),
    "prior_authorization": _Topic(
        to_say("If you need a yes first, it is best to know before you pay."),
        {
            "always": to_say("Yes, always"),
            "above_amount": to_say("Yes, above a price"),
            "no": to_say("No"),
        },
        amounts=("above_amount",),
        skip_if=_NO_WAY,
    ),
    "off_label": _Topic(
        to_say("Many compounds are used for something that is not on a label."),
        {
            "yes": to_say("Yes"),
            "only_with_proof": to_say("Only with proof"),
            "no": to_say("No"),
        },
        skip_if=_NO_WAY,
    ),
    "plan_network": _Topic(
        to_say("Your plan may pay less, or nothing, at a pharmacy outside its network."),
        NETWORK | {"named_some": to_say("It named some pharmacies")},
        skip_if=_NO_WAY,
    ),
    "exception": _Topic(
        to_say("If the answer is no, this may be your way in."),
        _YES_OR_NO,
        skip_if=(("pays", ("yes",)),),
    ),
    "refused": _Topic(
        to_say("The code says what went wrong, and who can mend it."),
        {
            "refused": to_say("A claim was refused"),
            "no_claim": to_say("No claim was refused"),
        },
    ),
    "paper_claim": _Topic(
        to_say("If it takes paper claims, you may get some of your money back."),
        _YES_OR_NO,
    ),
    "in_writing": _Topic(
        to_say("What is in writing counts. What is said on the phone is hard to prove."),
        {
            "will_send": to_say("It will send it in writing"),
            "will_not_send": to_say("It will not send it in writing"),
        },
    ),
    "still_rule": _Topic(
        to_say("The rule we found is old."),
        {"yes": to_say("Yes, it still holds"), "no": to_say("No, there is a newer one")},
    ),
    "state": _Topic(to_say("Some rules hold in some states only."), STATES),
    "ingredient_source": _Topic(
        to_say("What the pharmacy starts from often decides the answer."), _SOURCES
    ),
    "codes": _Topic(
        to_say("Your plan looks at the code of each part of the mix."),
        {"told_codes": to_say("It told me the codes")},
    ),
    "billed": _Topic(
        to_say("A compound that is billed the wrong way may be refused."),
        {
            "paid": to_say("Yes, and the plan paid"),
            "refused": to_say("Yes, and the plan refused"),
            "not_billed": to_say("Not yet"),
        },
    ),
    "monthly_cost": _Topic(
        to_say("Some plans ask more above a price. You may also want to pay cash."),
        {AMOUNT: to_say("It told me a price")},
        amounts=(AMOUNT,),
    ),
    "pharmacy_network": _Topic(
        to_say("Your plan may pay less, or nothing, at a pharmacy outside its network."),
        {"in_network": to_say("Yes"), "out_of_network": to_say("No")},
        skip_if=(("plan_network", ("in_network", "out_of_network")),),
    ),
    Fact.PHARMACY_KIND.value: _Topic(
        _SHARPER, {"503A": to_say("State-licensed (503A)"), "503B": to_say("Outsourcing (503B)")}
    ),
}
_OPEN = _Topic(_SHARPER, _YES_OR_NO)
# the usual question that settles a fact, where it has another name
_USUAL_FOR = {Fact.PHARMACY_NETWORK: "plan_network"}


def questions_for(answer: Determination) -> tuple[Question, ...]:
    """What to ask the plan, then the pharmacy: first what ``answer`` leaves open, then the usual.

    In the language spoken just now, which must be the one ``answer`` was worked out in.
    """
    ids = _ids_of_open_questions(answer.case)
    found: dict[str, Question] = {}
    for whom, usual in (("plan", ASK_THE_PLAN), ("pharmacy", ASK_THE_PHARMACY)):
        of_whom = [unknown.question for unknown in answer.unknowns if unknown.ask == whom]
        for number, text in enumerate(of_whom):
            question_id = ids.get(text, f"{whom}-{number}")
            found.setdefault(question_id, _question(question_id, whom, text, answer.case))
        for question_id in usual:
            if question_id != "funding" or answer.case.plan.line_of_business in _EMPLOYER:
                found.setdefault(question_id, _question(question_id, whom, "", answer.case))
    return tuple(found.values())


def still_to_ask(questions: Sequence[Question], answers: Iterable[Answer]) -> tuple[Question, ...]:
    """The questions without those that an answer made pointless; answered ones stay."""
    codes = {answer.question_id: answer.code for answer in answers}
    return tuple(
        question
        for question in questions
        if question.question_id in codes
        or not any(codes.get(other) in pointless for other, pointless in question.skip_if)
    )


def check_reference(text: str) -> str:
    """The number of a call, tidied. Raises ValueError if it may be a name."""
    tidy = " ".join(text.split())
    whole = len(tidy) <= LONGEST_REFERENCE and re.fullmatch(r"[A-Za-z0-9 #./-]*", tidy)
    if not whole or not all(re.search(r"\d", part) for part in tidy.split(" ") if tidy):
        raise ValueError(
            say("The number of the call may hold letters and digits, such as A12-345. No names.")
        )
    return tidy


def _ids_of_open_questions(case: Case) -> dict[str, str]:
    """The text of each question an answer may leave open -> the id of the question."""
    ids = {question_about(fact, case).question: _USUAL_FOR.get(fact, fact.value) for fact in Fact}
    [pays] = plan_questions(Verdict.UNKNOWN, stale=False)
    [still] = plan_questions(Verdict.COVERED, stale=True)
    ids |= {pays.question: "pays", still.question: "still_rule"}
    return ids | {say(WHICH_STATE): "state"}


def _question(question_id: str, whom: str, text: str, case: Case) -> Question:
    usual = ASK_THE_PLAN | ASK_THE_PHARMACY
    if question_id in usual:
        text = say(usual[question_id], product=products_of(case.medication))
    topic = _TOPICS.get(question_id, _OPEN)
    options = topic.options
    if question_id == "state" and case.plan.states:
        options = {state: STATES[state] for state in case.plan.states if state in STATES}
    return Question(
        question_id,
        whom,
        text,
        say(topic.why),
        tuple((code, say(words)) for code, words in (options | {DID_NOT_SAY: _SILENT}).items()),
        topic.amounts,
        topic.skip_if,
    )
