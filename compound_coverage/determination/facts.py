"""Asks a case the questions a rule asks. Every answer is yes, no, or not known (``None``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compound_coverage.vocabulary import (
    INGREDIENT_FACTS,
    Case,
    Comparison,
    Fact,
    Ingredient,
    IngredientSource,
    Quantifier,
    Rule,
    Test,
)

Listed = Mapping[tuple[str, str, str], bool]


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Yes if all are yes, no if any is no, else not known."""
    known = list(answers)
    if False in known:
        return False
    return None if None in known else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Yes if any is yes, no if all are no, else not known."""
    known = list(answers)
    if True in known:
        return True
    return None if None in known else False


def not_(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def tests_hold(rule: Rule, case: Case, listed: Listed) -> bool | None:
    """Do all tests of ``rule`` hold for ``case``?"""
    return all_of(holds(test, case, listed) for test in rule.tests)


def open_tests(rule: Rule, case: Case, listed: Listed) -> list[Test]:
    """Tests that can't be answered yet, in rule order; they say what would have to be known."""
    return [test for test in rule.tests if holds(test, case, listed) is None]


def holds(test: Test, case: Case, listed: Listed) -> bool | None:
    """Does one test hold for ``case``? ``listed`` says what named ingredient lists hold."""
    if test.fact not in INGREDIENT_FACTS:
        return _case_fact(test, case)
    answers = [
        _ingredient_fact(test, ingredient, case, listed)
        for ingredient in case.medication.active_ingredients
    ]
    match test.who:
        case Quantifier.ANY:
            return any_of(answers)
        case Quantifier.ALL:
            return all_of(answers)
        case _:
            return not_(any_of(answers))


def _ingredient_fact(test: Test, ingredient: Ingredient, case: Case, listed: Listed) -> bool | None:
    source = source_of(case, ingredient)
    match test.fact:
        case Fact.INGREDIENT:
            answer: bool | None = ingredient.ingredient_id in test.values
        case Fact.INGREDIENT_SOURCE:
            answer = None if source is None else source.value in test.values
        case Fact.ON_LIST:
            answer = any_of(_on_list(name, ingredient, source, listed) for name in test.values)
        case Fact.ON_FORMULARY:
            listed_by_plan = tuple((f.ingredient_id, f.on_list) for f in case.formulary)
            answer = _is(_never_for_powder(source, listed_by_plan, ingredient), test)
        case Fact.HAS_REBATE:
            answer = _is(_never_for_powder(source, case.has_rebate, ingredient), test)
        case Fact.WITHDRAWN_FOR_SAFETY:
            answer = _is(ingredient.withdrawn_for_safety, test)
        case Fact.APPROVED_INGREDIENT:
            answer = _is(ingredient.approved, test)
        case _:
            answer = _is(ingredient.prescription_only, test)
    return not_(answer) if test.comparison == Comparison.IS_NOT else answer


def source_of(case: Case, ingredient: Ingredient) -> IngredientSource | None:
    """Where the pharmacy takes ``ingredient`` from, if known."""
    return dict(case.sources).get(ingredient.ingredient_id)


def _never_for_powder(
    source: IngredientSource | None, known: tuple[tuple[str, bool], ...], ingredient: Ingredient
) -> bool | None:
    # Formularies and the Medicaid rebate tapes list marketed products; a bulk powder is neither
    # (42 USC 1396r-8(k)(2); OIG A-09-08-00034 found bulk ingredients absent from the tapes).
    if source == IngredientSource.BULK_POWDER:
        return False
    return dict(known).get(ingredient.ingredient_id)


def _on_list(
    list_id: str, ingredient: Ingredient, source: IngredientSource | None, listed: Listed
) -> bool | None:
    whatever = listed.get((list_id, ingredient.ingredient_id, "any"))
    if whatever is not None or source is None:
        return whatever
    return listed.get((list_id, ingredient.ingredient_id, source.value))


def _is(answer: bool | None, test: Test) -> bool | None:
    if answer is None:
        return None
    return ("yes" if answer else "no") in test.values


def _case_fact(test: Test, case: Case) -> bool | None:
    match test.fact:
        case Fact.MONTHLY_COST:
            return _compare(case.monthly_cost, test)
        case Fact.AGE:
            return _compare(case.age, test)
        case Fact.ACTIVE_INGREDIENT_COUNT:
            return _compare(len(case.medication.active_ingredients), test)
        case Fact.INDICATION:
            answer = any_of(_indication(support, case) for support in test.values)
        case Fact.DIAGNOSIS:
            answer = case.diagnosis.startswith(test.values) if case.diagnosis else None
        case Fact.MARKETED_IN_STRENGTH_OR_FORM:
            answer = _is(case.medication.marketed_in_strength_or_form, test)
        case Fact.PHARMACY_CREDENTIALED:
            answer = _is(case.pharmacy_credentialed, test)
        case Fact.USE_CATEGORY:
            # an empty category is our own finding that no benefit exclusion names this use
            answer = (case.use_category or case.medication.use_category) in test.values
        case _:
            text = _text_fact(test.fact, case)
            answer = text in test.values if text else None
    return not_(answer) if test.comparison == Comparison.IS_NOT else answer


def _text_fact(fact: Fact, case: Case) -> str:
    match fact:
        case Fact.MEDICATION:
            return case.medication.medication_id
        case Fact.DOSAGE_FORM:
            return case.medication.form
        case Fact.ROUTE:
            return case.medication.route
        case Fact.DAILY_AMOUNT:
            return _daily_amount(case)
        case Fact.PHARMACY_NETWORK:
            return case.pharmacy_network
        case _:
            return case.pharmacy_kind


def _compare(value: float | None, test: Test) -> bool | None:
    if value is None:
        return None
    bound = float(test.values[0])
    match test.comparison:
        case Comparison.BELOW:
            return value < bound
        case Comparison.AT_MOST:
            return value <= bound
        case Comparison.ABOVE:
            return value > bound
        case _:
            return value >= bound


def _indication(support: str, case: Case) -> bool | None:
    match support:
        case "label":
            return label_use(case)
        case "compendium":
            return case.compendium
        case _:
            return case.literature


def label_use(case: Case) -> bool | None:
    """Is the diagnosis a use on the label of the active ingredient's approved product?"""
    labels = [ingredient.label_uses for ingredient in case.medication.active_ingredients]
    if not case.diagnosis or not any(labels):
        return None
    if any(case.diagnosis.startswith(uses) for uses in labels if uses):
        return True
    return False if all(labels) else None


def _daily_amount(case: Case) -> str:
    usual = case.medication.daily_amount_mg
    labels = [i.label_daily_mg for i in case.medication.active_ingredients]
    if usual is None or len(labels) != 1 or labels[0] is None:
        return ""
    low, high = labels[0]
    if usual[1] < low:
        return "below_range"
    if usual[0] > high:
        return "above_range"
    return "in_range" if low <= usual[0] and usual[1] <= high else ""
