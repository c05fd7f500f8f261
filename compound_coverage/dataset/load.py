"""Turns checked tables into the nouns of the trade."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from compound_coverage.dataset import schema
from compound_coverage.dataset.releases import newest_release
from compound_coverage.dataset.tables import DatasetError, Tables, read_tables
from compound_coverage.dataset.validate import check_tables, rows_of
from compound_coverage.vocabulary import (
    Basis,
    Citation,
    Condition,
    Deadline,
    Ingredient,
    KnownNdc,
    Limit,
    LineOfBusiness,
    ListItem,
    Medication,
    Payer,
    Plan,
    Rule,
    Step,
    Study,
    Test,
    Verdict,
)

BUNDLED = Path(__file__).resolve().parents[2] / "coverage_data"


@dataclass(frozen=True, slots=True)
class RejectCode:
    """A code a pharmacy's computer shows when a claim is turned down, and who can mend it."""

    code: str
    meaning: str
    what_to_do: str
    who_acts: str
    citation: Citation


@dataclass(frozen=True)
class Dataset:
    """The curated dataset, checked and linked. All mappings are keyed by id.

    ``release`` names the newest dated release in it; ``documents`` holds the document behind each
    rule, by the rule's id.
    """

    payers: Mapping[str, Payer]
    plans: Mapping[str, Plan]
    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]
    ingredients: Mapping[str, Ingredient]
    medications: Mapping[str, Medication]
    conditions: Mapping[str, Condition]
    studies: tuple[Study, ...]
    ndcs: Mapping[str, KnownNdc]
    list_items: tuple[ListItem, ...]
    reject_codes: Mapping[str, RejectCode]
    release: str = ""
    documents: Mapping[str, schema.SourceRow] = field(default_factory=dict)

    @cached_property
    def rules_by_id(self) -> dict[str, Rule]:
        return {rule.rule_id: rule for rule in self.rules}

    @cached_property
    def rules_by_reach(self) -> dict[tuple[LineOfBusiness, str], tuple[Rule, ...]]:
        """(kind of insurance, payer or empty) -> rules, so that no case need walk them all."""
        return rules_by_reach(self.rules)

    @cached_property
    def listed(self) -> dict[tuple[str, str, str], bool]:
        """(list id, ingredient id, source or ``any``) -> on the list?"""
        return {(i.list_id, i.ingredient_id, i.source): i.listed for i in self.list_items}

    def conditions_with(self, icd10: str) -> set[str]:
        """Ids of the conditions that name this ICD-10-CM code as a candidate."""
        return {
            condition.condition_id
            for condition in self.conditions.values()
            if icd10 in condition.icd10_codes
        }


def rules_by_reach(rules: Iterable[Rule]) -> dict[tuple[LineOfBusiness, str], tuple[Rule, ...]]:
    """Rules by the kinds of insurance they reach and the payer they belong to, if any."""
    reach: defaultdict[tuple[LineOfBusiness, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        for line in rule.lines_of_business:
            reach[line, rule.payer_id].append(rule)
    return {key: tuple(found) for key, found in reach.items()}


def load(directory: Path | None = None, *, today: date | None = None) -> Dataset:
    """Loads the dataset in ``directory`` (default: the bundled one).

    Raises DatasetError, naming file, row and column, if any row can't be trusted: a coverage
    answer built on half a dataset would be silently wrong.
    """
    return from_tables(load_tables(directory, today=today))


def load_tables(directory: Path | None = None, *, today: date | None = None) -> Tables:
    """The checked tables of the dataset in ``directory`` (default: the bundled one).

    Raises DatasetError as ``load`` does.
    """
    tables, faults = read_tables(directory or BUNDLED)
    if not faults:
        faults = check_tables(tables, today or date.today())
    if faults:
        raise DatasetError(faults)
    return tables


def from_tables(tables: Tables) -> Dataset:
    """Links checked rows into a Dataset."""
    citations = {row.source_id: row for row in rows_of(tables, schema.SourceRow)}
    payers = {row.payer_id: _payer(row) for row in rows_of(tables, schema.PayerRow)}
    ingredients = {
        row.ingredient_id: _ingredient(row) for row in rows_of(tables, schema.IngredientRow)
    }
    return Dataset(
        payers=payers,
        plans={row.plan_id: _plan(row, payers) for row in rows_of(tables, schema.PlanRow)},
        rules=_rules(tables, citations),
        steps=tuple(sorted(map(_step, rows_of(tables, schema.StepRow)), key=_step_order)),
        ingredients=ingredients,
        medications=_medications(tables, ingredients, citations),
        conditions={
            row.condition_id: Condition(
                row.condition_id, row.name, row.patient_words, tuple(row.icd10_codes.split())
            )
            for row in rows_of(tables, schema.ConditionRow)
        },
        studies=tuple(_study(row, citations) for row in rows_of(tables, schema.StudyRow)),
        ndcs={
            row.ndc11: KnownNdc(
                row.ndc11,
                row.ingredient_id,
                row.name,
                row.kind,
                row.marketing_category,
                row.product_type,
                _citation(citations[row.source_id], ""),
            )
            for row in rows_of(tables, schema.NdcRow)
        },
        list_items=tuple(
            ListItem(row.list_id, row.ingredient_id, row.source, row.listed == "yes")
            for row in rows_of(tables, schema.IngredientListRow)
        ),
        reject_codes={
            row.code: RejectCode(
                row.code,
                row.meaning,
                row.what_to_do,
                row.who_acts,
                _citation(citations[row.source_id], row.section),
            )
            for row in rows_of(tables, schema.RejectCodeRow)
        },
        release=newest_release(tables),
        documents={
            row.rule_id: citations[row.source_id] for row in rows_of(tables, schema.RuleRow)
        },
    )


def _citation(source: schema.SourceRow, section: str) -> Citation:
    return Citation(
        title=source.title,
        section=section,
        url=source.url,
        grade=source.grade,
        last_checked=source.last_checked,
        document_date=source.document_date,
    )


def _names(cell: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in cell.split(";") if name.strip())


def _payer(row: schema.PayerRow) -> Payer:
    return Payer(row.payer_id, row.name, row.kind, _names(row.other_names))


def _plan(row: schema.PlanRow, payers: Mapping[str, Payer]) -> Plan:
    payer = payers[row.payer_id]
    pairs = [pair.partition(":") for pair in row.identifiers.split()]
    return Plan(
        plan_id=row.plan_id,
        name=row.name,
        payer_id=row.payer_id,
        payer=payer.name,
        line_of_business=row.line_of_business,
        states=tuple(row.states.split()),
        pbm_id=row.pbm_id,
        identifiers=tuple((kind, value) for kind, _, value in pairs),
        other_names=_names(row.other_names) + payer.other_names,
        note=row.note,
    )


def _rules(tables: Tables, citations: Mapping[str, schema.SourceRow]) -> tuple[Rule, ...]:
    tests = defaultdict(list)
    for test in rows_of(tables, schema.RuleTestRow):
        tests[test.rule_id].append(
            Test(test.who, test.fact, test.comparison, tuple(test.values.split()))
        )
    deadlines = defaultdict(list)
    for clock in rows_of(tables, schema.DeadlineRow):
        deadlines[clock.rule_id].append(
            Deadline(
                stage=clock.stage,
                actor=clock.actor,
                urgency=clock.urgency,
                amount=int(clock.amount),
                unit=clock.unit,
                counted_from=clock.counted_from,
                anchor=clock.anchor,
                receipt_presumed_days=_whole(clock.receipt_presumed_days),
                ceiling=clock.ceiling == "yes",
            )
        )
    limits = defaultdict(list)
    for limit in rows_of(tables, schema.LimitRow):
        limits[limit.rule_id].append(Limit(limit.kind, limit.amount, limit.unit))
    return tuple(
        Rule(
            rule_id=row.rule_id,
            level=row.level,
            lines_of_business=frozenset(map(LineOfBusiness, row.lines_of_business.split())),
            effect=row.effect,
            binding=row.binding == "yes",
            basis=row.basis,
            summary=row.summary,
            citation=_citation(citations[row.source_id], row.section),
            payer_id=row.payer_id,
            plan_id=row.plan_id,
            states=frozenset(row.states.split()),
            effective_from=row.effective_from,
            effective_to=row.effective_to,
            condition=row.condition,
            reference=row.reference,
            tests=tuple(tests[row.rule_id]),
            deadlines=tuple(deadlines[row.rule_id]),
            limits=tuple(limits[row.rule_id]),
        )
        for row in sorted(rows_of(tables, schema.RuleRow), key=lambda row: row.rule_id)
    )


def _step(row: schema.StepRow) -> Step:
    return Step(
        step_id=row.step_id,
        order=int(row.order),
        verdicts=frozenset(map(Verdict, row.verdicts.split())),
        lines_of_business=frozenset(map(LineOfBusiness, row.lines_of_business.split())),
        only_if=row.only_if,
        action=row.action,
        rule_id=row.rule_id,
    )


def _step_order(step: Step) -> tuple[int, str]:
    return step.order, step.step_id


def _whole(cell: str) -> int | None:
    return int(cell) if cell else None


def _yes_no(cell: str) -> bool | None:
    return {"yes": True, "no": False}.get(cell)


def _range(low: str, high: str) -> tuple[float, float] | None:
    return (float(low), float(high)) if low and high else None


def _ingredient(row: schema.IngredientRow) -> Ingredient:
    return Ingredient(
        ingredient_id=row.ingredient_id,
        name=row.name,
        rxcui=row.rxcui,
        approved_product=row.approved_product,
        approved_product_rxcui=row.approved_product_rxcui,
        approved=_yes_no(row.approved),
        prescription_only=_yes_no(row.prescription_only),
        withdrawn_for_safety=_yes_no(row.withdrawn_for_safety),
        label_uses=tuple(row.label_uses.split()),
        label_daily_mg=_range(row.label_daily_mg_low, row.label_daily_mg_high),
    )


def _medications(
    tables: Tables,
    ingredients: Mapping[str, Ingredient],
    citations: Mapping[str, schema.SourceRow],
) -> dict[str, Medication]:
    parts = defaultdict(list)
    for part in rows_of(tables, schema.MedicationIngredientRow):
        known = ingredients[part.ingredient_id]
        parts[part.medication_id].append(known if part.role == "active" else _as_inactive(known))
    return {
        row.medication_id: Medication(
            medication_id=row.medication_id,
            name=row.name,
            form=row.form,
            route=row.route,
            strengths=_names(row.strengths),
            ingredients=tuple(sorted(parts[row.medication_id], key=_active_first)),
            why_compounded=row.why_compounded,
            marketed_alternative=row.marketed_alternative,
            marketed_in_strength_or_form=_yes_no(row.marketed_in_strength_or_form),
            use_category=row.use_category,
            daily_amount_mg=_range(row.daily_mg_low, row.daily_mg_high),
            citation=_citation(citations[row.source_id], ""),
            basis=Basis(row.basis),
        )
        for row in rows_of(tables, schema.MedicationRow)
    }


def _as_inactive(ingredient: Ingredient) -> Ingredient:
    return replace(ingredient, role="inactive")


def _active_first(ingredient: Ingredient) -> tuple[bool, str]:
    return ingredient.role != "active", ingredient.ingredient_id


def _study(row: schema.StudyRow, citations: Mapping[str, schema.SourceRow]) -> Study:
    cells = row.model_dump()
    source = citations[cells.pop("source_id")]
    low_dose = cells.pop("low_dose") == "yes"
    return Study(**cells, low_dose=low_dose, citation=_citation(source, ""))
