"""What a plan and a pharmacy answered by phone, and what their answers would change.

What a voice says on the phone is no published rule. It is kept apart from the published answer,
it is marked wherever it shows, and it never loosens a binding exclusion: the told rules stand at
the level of the plan, and the engine lets no rule of a plan past a law or a program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from compound_coverage.dataset.search import STATES
from compound_coverage.determination.call_questions import DID_NOT_SAY, NETWORK, Answer
from compound_coverage.determination.engine import (
    STRICTNESS,
    VERDICT_OF,
    RuleBook,
    determine,
    in_scope,
    with_source,
)
from compound_coverage.determination.facts import label_use
from compound_coverage.determination.words import products_of
from compound_coverage.language import Said, day, money, say, to_say
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Citation,
    Comparison,
    Determination,
    Effect,
    Fact,
    FormularyFact,
    Grade,
    Ingredient,
    IngredientSource,
    Level,
    LineOfBusiness,
    Quantifier,
    Reason,
    Rule,
    Step,
    Test,
    Verdict,
)

TOLD = "told-"  # what the id of a rule begins with that somebody was only told
MOST_DOLLARS = 1_000_000.0
_PAID = (Verdict.COVERED, Verdict.CONDITIONAL)
_UNPAID = (Verdict.EXCEPTION_ONLY, Verdict.NOT_COVERED)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The published answer and the one with what was told, apart from each other.

    ``clash`` says where they contradict, ``asks`` what to ask then, ``notes`` what else to know;
    each empty where there is nothing to say.
    """

    published: Determination
    told: Determination
    clash: tuple[str, ...]
    asks: tuple[str, ...]
    notes: tuple[str, ...]


# -- facts -------------------------------------------------------------------------------------


def told_case(case: Case, answers: Iterable[Answer]) -> Case:
    """``case`` with the facts the answers settle; what was not said stays as it was.

    Of an ingredient only what nobody had published is filled in.
    """
    by_id = _by_id(answers)
    case = _about_the_pharmacy(case, by_id)
    case = _about_the_ingredients(case, by_id)
    return replace(case, formulary=(*case.formulary, *_told_list(case, by_id)))


def _by_id(answers: Iterable[Answer]) -> dict[str, Answer]:
    """The last answer to each question, without those that settle nothing."""
    return {answer.question_id: answer for answer in answers if answer.code != DID_NOT_SAY}


def _about_the_pharmacy(case: Case, by_id: Mapping[str, Answer]) -> Case:
    codes = {question_id: answer.code for question_id, answer in by_id.items()}
    source = {"powder_but_could": IngredientSource.BULK_POWDER.value}.get(
        codes.get("ingredient_source", ""), codes.get("ingredient_source", "")
    )
    if source in set(IngredientSource):
        case = with_source(case, IngredientSource(source))
    price = by_id.get("monthly_cost")
    if price and price.amount is not None and 0 <= price.amount <= MOST_DOLLARS:
        case = replace(case, monthly_cost=price.amount)
    for question_id in ("pharmacy_network", "plan_network"):
        if codes.get(question_id) in NETWORK:
            case = replace(case, pharmacy_network=codes[question_id])
    compendium = _yes(codes.get(Fact.INDICATION.value))
    approved = _yes(codes.get(Fact.PHARMACY_CREDENTIALED.value))
    state = codes.get("state", "")
    within = state in (case.plan.states or STATES)
    return replace(
        case,
        state=state if within and not case.state else case.state,
        compendium=case.compendium if compendium is None else compendium,
        pharmacy_kind=codes.get(Fact.PHARMACY_KIND.value, case.pharmacy_kind),
        pharmacy_credentialed=case.pharmacy_credentialed if approved is None else approved,
    )


def _about_the_ingredients(case: Case, by_id: Mapping[str, Answer]) -> Case:
    """One answer about all active ingredients, as far as it says which of them it is about."""
    codes = {question_id: _yes(answer.code) for question_id, answer in by_id.items()}
    actives = case.medication.active_ingredients
    told = {fact: _of_all(codes.get(fact.value), len(actives), whole) for fact, whole in _WHOLE}
    ingredients = tuple(
        _filled_in(one, told) if one.role == "active" else one
        for one in case.medication.ingredients
    )
    medication = replace(case.medication, ingredients=ingredients)
    if medication.marketed_in_strength_or_form is None:
        sold = codes.get(Fact.MARKETED_IN_STRENGTH_OR_FORM.value)
        medication = replace(medication, marketed_in_strength_or_form=sold)
    rebate = told[Fact.HAS_REBATE]
    if rebate is not None:
        known = dict(case.has_rebate)
        missing = {i.ingredient_id: rebate for i in actives if i.ingredient_id not in known}
        case = replace(case, has_rebate=tuple(sorted((known | missing).items())))
    return replace(case, medication=medication)


# which answer holds for every ingredient: "no ingredient is", or "each ingredient is"
_WHOLE = (
    (Fact.WITHDRAWN_FOR_SAFETY, False),
    (Fact.PRESCRIPTION_INGREDIENT, False),
    (Fact.APPROVED_INGREDIENT, True),
    (Fact.HAS_REBATE, True),
)


def _of_all(answer: bool | None, count: int, whole: bool) -> bool | None:
    """The answer for each ingredient; not known where it may be about one of several."""
    return answer if answer == whole or count == 1 else None


def _filled_in(one: Ingredient, told: Mapping[Fact, bool | None]) -> Ingredient:
    def known(published: bool | None, fact: Fact) -> bool | None:
        return told[fact] if published is None else published

    return replace(
        one,
        withdrawn_for_safety=known(one.withdrawn_for_safety, Fact.WITHDRAWN_FOR_SAFETY),
        prescription_only=known(one.prescription_only, Fact.PRESCRIPTION_INGREDIENT),
        approved=known(one.approved, Fact.APPROVED_INGREDIENT),
    )


def _told_list(case: Case, by_id: Mapping[str, Answer]) -> Iterator[FormularyFact]:
    """What the plan said of its drug list, for products nobody has looked up in the list itself."""
    answer = by_id.get("on_formulary")
    actives = case.medication.active_ingredients
    looked_up = {fact.ingredient_id for fact in case.formulary}
    # "not on the list" may be about one product of several
    if answer is None or (answer.code == "not_listed" and len(actives) > 1):
        return
    for one in actives:
        if one.ingredient_id not in looked_up:
            yield FormularyFact(
                ingredient_id=one.ingredient_id,
                product=one.approved_product or one.name,
                rxcui=one.approved_product_rxcui,
                on_list=answer.code != "not_listed",
                supplement=False,
                tier="",
                prior_authorization=answer.code == "listed_with_prior_authorization",
                step_therapy=None,
                quantity_limit="",
                indications=(),
                cost_sharing=(),
                citation=_citation(answer),
            )


def _yes(code: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(code or "")


# -- rules -------------------------------------------------------------------------------------


def told_rules(case: Case, answers: Iterable[Answer], on: date) -> tuple[Rule, ...]:
    """Rules for this visit only, from what the plan answered up to ``on``.

    They stand at the level of the plan, bind nobody, and carry their mark in their own words.
    """
    by_id = _by_id(answer for answer in answers if answer.day <= on)
    found = [*_coverage(case, by_id), *_reviews(case, by_id), *_ways(case, by_id)]
    return tuple(found)


def is_told(rule: Rule) -> bool:
    """Is this what somebody said on the phone, and no published rule?"""
    return rule.rule_id.startswith(TOLD)


def _coverage(case: Case, by_id: Mapping[str, Answer]) -> Iterator[Rule]:
    """Whether the plan said it pays. What it said of the very source is the closer answer."""
    pays, source = by_id.get("pays"), by_id.get("by_source")
    if source is not None:
        yield from _coverage_by_source(case, source)
    elif pays is not None and pays.code in _PAYS:
        effect, words, condition = _PAYS[pays.code]
        yield _rule(case, pays, "pays", effect, say(words), condition=condition)


_GENERAL = to_say("Your plan said it pays for some compounds. Ask if yours is one of them.")
_SAID_YES = to_say("Your plan said it pays for this compound.")
_SAID_NO = to_say("Your plan said it does not pay for this compound.")
_SAID_FIRST = to_say("Your plan said it must say yes first (prior authorization).")
_SAID_FIRST_ABOVE = to_say("Your plan said that above {price} it must say yes first.")
_PAYS: dict[str, tuple[Effect, str, str]] = {
    "yes": (Effect.COVERS, _SAID_YES, ""),
    "some": (
        Effect.COVERS_QUALIFYING_INGREDIENTS,
        to_say("Your plan said it pays for some compounds."),
        _GENERAL,
    ),
    "only_with_prior_authorization": (Effect.COVERS, _SAID_YES, ""),
    "only_by_exception": (
        Effect.EXCLUDES_WITH_EXCEPTION,
        to_say("Your plan said it does not pay, but that you can ask for an exception."),
        "",
    ),
    "no": (Effect.EXCLUDES, _SAID_NO, ""),
}
_FROM_APPROVED = Test(
    Quantifier.ALL,
    Fact.INGREDIENT_SOURCE,
    Comparison.IS,
    (IngredientSource.APPROVED_PRODUCT.value,),
)
_FROM_POWDER = Test(
    Quantifier.ANY, Fact.INGREDIENT_SOURCE, Comparison.IS, (IngredientSource.BULK_POWDER.value,)
)


def _coverage_by_source(case: Case, answer: Answer) -> Iterator[Rule]:
    if answer.code == "both_paid":
        yield _rule(case, answer, "pays", Effect.COVERS, say(_SAID_YES))
    elif answer.code == "neither":
        yield _rule(case, answer, "pays", Effect.EXCLUDES, say(_SAID_NO))
    else:
        approved = to_say("Your plan said it pays if it is made from an FDA-approved product.")
        powder = to_say("Your plan said it does not pay if it is made from bulk powder.")
        yield _rule(case, answer, "approved", Effect.COVERS, say(approved), _FROM_APPROVED)
        yield _rule(case, answer, "powder", Effect.EXCLUDES, say(powder), _FROM_POWDER)


def _reviews(case: Case, by_id: Mapping[str, Answer]) -> Iterator[Rule]:
    """What the plan said it wants to see before it pays."""
    effect = Effect.REQUIRES_PRIOR_AUTHORIZATION
    pays, review = by_id.get("pays"), by_id.get("prior_authorization")
    if pays and pays.code == "only_with_prior_authorization":
        yield _rule(case, pays, "review", effect, say(_SAID_FIRST), condition=_SAID_FIRST)
    elif review and review.code == "above_amount" and review.amount is not None:
        price = f"{review.amount:g}"
        above = Test(Quantifier.CASE, Fact.MONTHLY_COST, Comparison.ABOVE, (price,))
        text = say(_SAID_FIRST_ABOVE, price=money(review.amount))
        yield _rule(case, review, "review", effect, text, above, condition=Said(text))
    elif review and review.code in ("always", "above_amount"):
        yield _rule(case, review, "review", effect, say(_SAID_FIRST), condition=_SAID_FIRST)


def _ways(case: Case, by_id: Mapping[str, Answer]) -> Iterator[Rule]:
    """What the plan said of uses off the label, and of exceptions."""
    label, exception = by_id.get("off_label"), by_id.get("exception")
    if label and label.code == "no":
        off = Test(Quantifier.CASE, Fact.INDICATION, Comparison.IS_NOT, ("label",))
        text = to_say("Your plan said it does not pay for a use that is not on the label.")
        yield _rule(case, label, "label", Effect.EXCLUDES, say(text), off)
    elif label and label.code == "only_with_proof" and label_use(case) is not True:
        proof = to_say("Your plan said it wants proof for a use that is not on the label.")
        yield _rule(case, label, "proof", Effect.REQUIRES, say(proof), condition=proof)
    if exception and exception.code == "yes":
        text = to_say("Your plan said you can ask for an exception.")
        yield _rule(case, exception, "exception", Effect.OPENS_EXCEPTION, say(text))


def _rule(
    case: Case,
    answer: Answer,
    name: str,
    effect: Effect,
    text: str,
    *tests: Test,
    condition: str = "",
) -> Rule:
    plan = case.plan
    return Rule(
        rule_id=f"{TOLD}{name}",
        level=Level.PLAN,
        lines_of_business=frozenset({plan.line_of_business}),
        effect=effect,
        binding=False,
        basis=Basis.STATED,
        summary=_marked(text, answer),
        citation=_citation(answer),
        plan_id=plan.plan_id,
        effective_from=answer.day.isoformat(),
        condition=Said(say(condition)) if condition else "",
        tests=tests,
    )


def _marked(text: str, answer: Answer) -> str:
    """What was said, with its mark: it goes wherever the words go."""
    return Said(f"{text} {mark_of(answer.day)}")


def mark_of(when: date) -> str:
    """The mark of what a plan said by phone on this day."""
    return say(
        "Your plan told you this on {day}. It is not a published rule. Ask for it in writing.",
        day=day(when),
    )


def _citation(answer: Answer) -> Citation:
    number = say("Call number {number}", number=answer.reference) if answer.reference else ""
    return Citation(
        title=say("What your plan told you by phone"),
        section=number,
        url="",
        grade=Grade.C,
        last_checked=answer.day.isoformat(),
        document_date="",
    )


# -- the answer with what was told -------------------------------------------------------------


@dataclass(frozen=True)
class _ToldBook:
    """A rule book with the told rules beside the published ones, for one question only."""

    published: RuleBook
    rules: tuple[Rule, ...]
    more_listed: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    @property
    def rules_by_reach(self) -> dict[tuple[LineOfBusiness, str], tuple[Rule, ...]]:
        reach = dict(self.published.rules_by_reach)
        for rule in self.rules:
            for line in rule.lines_of_business:
                key = (line, rule.payer_id)
                reach[key] = (*reach.get(key, ()), rule)
        return reach

    @property
    def rules_by_id(self) -> dict[str, Rule]:
        return self.published.rules_by_id

    @property
    def listed(self) -> dict[tuple[str, str, str], bool]:
        return {**self.published.listed, **self.more_listed}

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.published.steps


def with_told(case: Case, answers: Sequence[Answer], book: RuleBook) -> Determination:
    """What the published rules and the answers together would say. ``book`` stays as it is.

    Without answers it is the published determination. Every reason that rests on an answer says
    so in its own words (see ``is_told``), and so does the summary where such a reason decides.
    """
    now = told_case(case, answers)
    told = told_rules(now, answers, case.on)
    listed = dict(_told_ingredient_list(now, _by_id(answers), book))
    answer = determine(now, _ToldBook(book, told, listed) if told or listed else book)
    answer = replace(
        answer,
        reasons=tuple(_as_told(reason, case, answers) for reason in answer.reasons),
    )
    decisive = next((reason.rule for reason in answer.reasons if reason.decisive), None)
    if decisive is None or not is_told(decisive):
        return answer
    return replace(answer, summary=say(_SUMMARY[answer.verdict]))


_SUMMARY: dict[Verdict, str] = {
    Verdict.COVERED: to_say("Your plan told you that it pays. No published rule says so."),
    Verdict.CONDITIONAL: to_say("Your plan told you that it may pay, if some things are met."),
    Verdict.EXCEPTION_ONLY: to_say(
        "Your plan told you that it does not pay, but that you can ask for an exception."
    ),
    Verdict.NOT_COVERED: to_say("Your plan told you that it does not pay. You can still appeal."),
}


def _told_ingredient_list(
    case: Case, by_id: Mapping[str, Answer], book: RuleBook
) -> Iterator[tuple[tuple[str, str, str], bool]]:
    """What the plan said of its own ingredient list, where one such list is open and no other."""
    told = _yes(by_id[Fact.ON_LIST.value].code) if Fact.ON_LIST.value in by_id else None
    actives = case.medication.active_ingredients
    told = _of_all(told, len(actives), whole=False)
    lists = _own_lists(case, book)
    if told is None or len(lists) != 1:
        return
    [name] = lists
    for one in actives:
        if not any((name, one.ingredient_id, s) in book.listed for s in ("any", *IngredientSource)):
            yield (name, one.ingredient_id, "any"), told


def _own_lists(case: Case, book: RuleBook) -> set[str]:
    """Ingredient lists in the plan's own rules; of those in a law its voice settles nothing."""
    owners = {"", case.plan.payer_id, case.plan.pbm_id}
    reach = book.rules_by_reach
    rules = (rule for o in owners for rule in reach.get((case.plan.line_of_business, o), ()))
    own = [rule for rule in rules if rule.level not in (Level.LAW, Level.PROGRAM)]
    return {
        name
        for rule in own
        if in_scope(rule, case) is not False
        for test in rule.tests
        if test.fact == Fact.ON_LIST
        for name in test.values
    }


def _as_told(reason: Reason, case: Case, answers: Sequence[Answer]) -> Reason:
    """A reason from a drug list, in the words of the phone where only the phone told of it."""
    answer = _by_id(answers).get("on_formulary")
    looked_up = {fact.citation for fact in case.formulary}
    if answer is None or reason.rule.level != Level.FORMULARY or reason.rule.citation in looked_up:
        return reason
    text = _LISTED[answer.code if reason.rule.effect == Effect.INFORMS else "asked"]
    summary = say(text, product=products_of(case.medication))
    rule = replace(
        reason.rule,
        rule_id=f"{TOLD}{reason.rule.rule_id}",
        summary=_marked(summary, answer),
        condition=reason.rule.condition and Said(summary),
    )
    return replace(reason, rule=rule)


_LISTED = {
    "listed": to_say("Your plan said that {product} is on its drug list."),
    "listed_with_prior_authorization": to_say("Your plan said that {product} is on its drug list."),
    "not_listed": to_say("Your plan said that {product} is not on its drug list."),
    "asked": to_say("Your plan said that for {product} itself it must say yes first."),
}


# -- side by side ------------------------------------------------------------------------------


def side_by_side(case: Case, answers: Sequence[Answer], book: RuleBook) -> SideBySide:
    """Both answers apart, where they contradict, and what to ask then."""
    told = with_told(case, answers, book)
    by_rules = determine(told_case(case, answers), book)
    claim = _claim(case, answers)
    clash, asks = _clash(by_rules, claim)
    return SideBySide(
        published=determine(case, book),
        told=told,
        clash=clash,
        asks=asks,
        notes=tuple(_notes(case, answers)),
    )


def _claim(case: Case, answers: Sequence[Answer]) -> Verdict:
    """What the plan itself claimed of paying for this compound, whatever is published."""
    now = told_case(case, answers)
    claims = [rule for rule in told_rules(now, answers, case.on) if rule.effect in VERDICT_OF]
    return determine(now, _ToldBook(_Nothing(), tuple(claims))).verdict


class _Nothing:
    """A rule book in which nothing is published."""

    rules_by_reach: dict[tuple[LineOfBusiness, str], tuple[Rule, ...]] = {}
    rules_by_id: dict[str, Rule] = {}
    listed: dict[tuple[str, str, str], bool] = {}
    steps: tuple[Step, ...] = ()


def _clash(by_rules: Determination, claim: Verdict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the rules and the claim contradict, in sentences, and what to ask then."""
    rules = by_rules.verdict
    bound = any(reason.decisive and reason.rule.binding for reason in by_rules.reasons)
    if bound and claim != Verdict.UNKNOWN and STRICTNESS[claim] < STRICTNESS[rules]:
        key = "binding"
    elif rules in _UNPAID and claim in _PAID:
        key = "told_yes"
    elif rules in _PAID and claim in _UNPAID:
        key = "told_no"
    else:
        return (), ()
    clash, asks = _CLASHES[key]
    return tuple(map(say, clash)), tuple(map(say, asks))


_PAGE_OF_YES = to_say("Please send me the page of the rule that says you pay.")
_CLASHES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "binding": (
        (
            to_say("A law or a program rule says no. Your plan said something else on the phone."),
            to_say("What is said on the phone can't change that rule."),
        ),
        (to_say("Please tell me in writing how you can pay in spite of this rule."), _PAGE_OF_YES),
    ),
    "told_yes": (
        (to_say("The published rules say no. Your plan said yes. Both can't be right."),),
        (_PAGE_OF_YES, to_say("Please send me this yes in writing.")),
    ),
    "told_no": (
        (to_say("The published rules say it may be paid. Your plan said no."),),
        (
            to_say("Please send me the page of the rule that says no."),
            to_say("Please send me the decision in writing, and how I can appeal."),
        ),
    ),
}


def _notes(case: Case, answers: Sequence[Answer]) -> Iterator[str]:
    """What else the answers mean for the reader."""
    by_id = _by_id(answers)
    said = by_id["funding"].code if "funding" in by_id else ""
    line = case.plan.line_of_business
    if (said, line) in _OTHER_KIND:
        yield say("Your plan said it is of another kind than the one you picked. Check again.")
    if case.sources and told_case(case, answers).sources != case.sources:
        yield say("Your pharmacy said it starts from something else than you picked. We used that.")
    if "still_rule" in by_id and by_id["still_rule"].code == "no":
        yield say("Your plan said it has a newer rule. Ask it to send you that rule.")
    if "in_writing" in by_id and by_id["in_writing"].code == "will_not_send":
        yield say("Your plan will not send it in writing. Ask for it once more, in a letter.")


_OTHER_KIND = (
    ("self_funded", LineOfBusiness.EMPLOYER_INSURED),
    ("insured", LineOfBusiness.EMPLOYER_SELF_FUNDED),
)
