"""A complete made-up draft that fits the small dataset, to be varied by the tests."""

from dataclasses import replace

from compound_coverage.curation.draft import (
    PayerDraft,
    PlanDraft,
    RuleDraft,
    SourceDraft,
    TestDraft,
)
from tests.builders import TODAY

NEW_SOURCE = SourceDraft(
    title="Invented Mutual policy on compounds",
    publisher="Invented Mutual",
    url="https://example.org/invented",
    grade="A",
    document_date="2026-03",
)
POWDER = TestDraft("any", "ingredient_source", "is", ("bulk_powder",))
TABLETS = TestDraft("all", "ingredient_source", "is", ("approved_product",))

WHOLE = RuleDraft(
    source=NEW_SOURCE,
    section="Exclusions",
    page="4",
    passage="Compounds made from bulk powder",
    level="payer",
    payer=PayerDraft(payer_id="made-up-health"),
    lines=("employer_self_funded", "marketplace"),
    states=("TX", "NY"),
    effect="excludes",
    tests=(POWDER, TestDraft("case", "route", "is", ("oral",))),
    summary="The plan does not pay for a mix by mouth that is made from powder.",
)
NEW_PAYER = replace(
    WHOLE,
    payer=PayerDraft(name="Invented Mutual", kind="insurer", other_names="IM; Invented"),
    lines=("marketplace", "medicaid"),
    states=("OK",),
    plans=(
        PlanDraft("Invented Mutual (own plan)", "marketplace", (), "Made up."),
        PlanDraft("Invented Mutual (Medicaid)", "medicaid", ("OK",), "Made up."),
    ),
)
NEW_PLAN = replace(
    WHOLE,
    level="plan",
    payer=PayerDraft(name="Invented Works", kind="employer_plan"),
    lines=("employer_self_funded",),
    states=(),
    plans=(PlanDraft("Invented Works (job plan)", "employer_self_funded"),),
)

__all__ = ["NEW_PAYER", "NEW_PLAN", "NEW_SOURCE", "POWDER", "TABLETS", "TODAY", "WHOLE"]
