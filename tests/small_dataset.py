"""A made-up dataset, small enough to hold in the head. No real payer is in it."""

LINES = "marketplace employer_insured employer_self_funded"


def _rule(rule_id, effect, **cells):
    row = {
        "rule_id": rule_id,
        "level": "payer",
        "payer_id": "made-up-health",
        "plan_id": "",
        "lines_of_business": LINES,
        "states": "",
        "effective_from": "2026-01-01",
        "effective_to": "",
        "effect": effect,
        "binding": "no",
        "basis": "stated",
        "summary": f"Made-up rule {rule_id}.",
        "condition": "",
        "source_id": "made-up-policy",
        "section": "page 2",
        "reference": "",
    }
    return row | cells


def _test(rule_id, who, fact, comparison, values):
    return {
        "rule_id": rule_id,
        "who": who,
        "fact": fact,
        "comparison": comparison,
        "values": values,
    }


ROWS = {
    "sources.csv": [
        {
            "source_id": "made-up-policy",
            "title": "Made-up compound policy",
            "publisher": "Made-up Health",
            "url": "https://example.org/policy",
            "grade": "A",
            "document_date": "2026-01",
            "last_checked": "2026-11-01",
        },
        {
            "source_id": "made-up-hearsay",
            "title": "Something somebody said",
            "publisher": "Nobody",
            "url": "",
            "grade": "C",
            "document_date": "",
            "last_checked": "",
        },
    ],
    "payers.csv": [
        {
            "payer_id": "made-up-health",
            "name": "Made-up Health",
            "kind": "insurer",
            "other_names": "MUH; Invented Insurance",
        },
        {"payer_id": "made-up-pbm", "name": "Made-up PBM", "kind": "pbm", "other_names": ""},
    ],
    "plans.csv": [
        {
            "plan_id": "made-up-health-employer-insured",
            "name": "Made-up Health (job plan)",
            "payer_id": "made-up-health",
            "pbm_id": "made-up-pbm",
            "line_of_business": "employer_insured",
            "states": "TX OK",
            "identifiers": "hios:12345TX0010001 contract:H0000-001",
            "other_names": "MUH Gold",
            "note": "Only a made-up policy is known.",
        },
        {
            "plan_id": "made-up-health-marketplace",
            "name": "Made-up Health (marketplace)",
            "payer_id": "made-up-health",
            "pbm_id": "",
            "line_of_business": "marketplace",
            "states": "NY",
            "identifiers": "",
            "other_names": "",
            "note": "",
        },
    ],
    "rules.csv": [
        _rule("powder-not-paid", "excludes"),
        _rule(
            "approved-paid",
            "covers_qualifying_ingredients",
            condition="Only the approved ingredient is paid.",
        ),
        _rule("first-fill", "limits"),
        _rule("appeal", "sets_deadline", level="law", payer_id="", binding="no"),
        _rule(
            "hearsay",
            "excludes",
            basis="unverified",
            source_id="made-up-hearsay",
        ),
    ],
    "rule_tests.csv": [
        _test("powder-not-paid", "any", "ingredient_source", "is", "bulk_powder"),
        _test("approved-paid", "all", "ingredient_source", "is", "approved_product"),
    ],
    "deadlines.csv": [
        {
            "rule_id": "appeal",
            "stage": "internal_appeal",
            "actor": "member",
            "urgency": "standard",
            "amount": "180",
            "unit": "calendar_days",
            "counted_from": "the date on the notice",
            "anchor": "notice_dated",
            "receipt_presumed_days": "",
            "ceiling": "",
        },
        {
            "rule_id": "appeal",
            "stage": "internal_appeal",
            "actor": "plan",
            "urgency": "expedited",
            "amount": "72",
            "unit": "hours",
            "counted_from": "your request",
            "anchor": "request_received",
            "receipt_presumed_days": "",
            "ceiling": "",
        },
    ],
    "limits.csv": [
        {"rule_id": "first-fill", "kind": "approval", "amount": "6", "unit": "months"},
    ],
    "steps.csv": [
        {
            "step_id": "appeal-in-time",
            "order": "10",
            "verdicts": "not_covered exception_only",
            "lines_of_business": "",
            "only_if": "",
            "action": "Appeal in time.",
            "rule_id": "appeal",
        },
        {
            "step_id": "ask-for-tablet",
            "order": "5",
            "verdicts": "",
            "lines_of_business": "",
            "only_if": "source_helps",
            "action": "Ask if it can be made from the tablet.",
            "rule_id": "",
        },
    ],
    "ingredients.csv": [
        {
            "ingredient_id": "naltrexone",
            "name": "naltrexone",
            "rxcui": "",
            "approved_product": "naltrexone 50 mg tablet",
            "approved_product_rxcui": "1483744",
            "approved": "yes",
            "prescription_only": "yes",
            "withdrawn_for_safety": "no",
            "label_uses": "F10 F11",
            "label_daily_mg_low": "50",
            "label_daily_mg_high": "50",
            "source_id": "made-up-policy",
        },
        {
            "ingredient_id": "cellulose",
            "name": "cellulose",
            "rxcui": "",
            "approved_product": "",
            "approved_product_rxcui": "",
            "approved": "",
            "prescription_only": "",
            "withdrawn_for_safety": "",
            "label_uses": "",
            "label_daily_mg_low": "",
            "label_daily_mg_high": "",
            "source_id": "",
        },
    ],
    "medications.csv": [
        {
            "medication_id": "ldn-capsule",
            "name": "Low dose naltrexone capsule",
            "form": "capsule",
            "route": "oral",
            "strengths": "1.5 mg; 4.5 mg",
            "daily_mg_low": "0.5",
            "daily_mg_high": "4.5",
            "why_compounded": "The tablet is 50 mg.",
            "marketed_alternative": "naltrexone 50 mg tablet",
            "marketed_in_strength_or_form": "no",
            "use_category": "",
            "basis": "stated",
            "source_id": "made-up-policy",
        }
    ],
    "medication_ingredients.csv": [
        {"medication_id": "ldn-capsule", "ingredient_id": "naltrexone", "role": "active"},
        {"medication_id": "ldn-capsule", "ingredient_id": "cellulose", "role": "inactive"},
    ],
    "ingredient_lists.csv": [
        {
            "list_id": "made-up-list",
            "ingredient_id": "naltrexone",
            "source": "bulk_powder",
            "listed": "yes",
            "source_id": "made-up-policy",
        }
    ],
    "ndcs.csv": [
        {
            "ndc11": "519275086",
            "ingredient_id": "naltrexone",
            "name": "Naltrexone powder",
            "kind": "bulk_powder",
            "marketing_category": "BULK INGREDIENT",
            "product_type": "BULK INGREDIENT",
            "source_id": "made-up-policy",
        },
        {
            "ndc11": "500906820",
            "ingredient_id": "naltrexone",
            "name": "Naltrexone tablets",
            "kind": "approved_product",
            "marketing_category": "ANDA",
            "product_type": "HUMAN PRESCRIPTION DRUG",
            "source_id": "made-up-policy",
        },
    ],
    "conditions.csv": [
        {
            "condition_id": "fibromyalgia",
            "name": "Fibromyalgia",
            "patient_words": "Fibromyalgia",
            "icd10_codes": "M79.7",
        }
    ],
    "studies.csv": [
        {
            "study_id": "e-fm-made-up",
            "condition_id": "fibromyalgia",
            "ingredient_id": "naltrexone",
            "authors": "Made-up A",
            "year": "2020",
            "journal": "Made-up Journal",
            "pmid": "",
            "doi": "",
            "design": "randomised",
            "participants": "10",
            "dose": "4.5 mg",
            "duration": "8 weeks",
            "primary_outcome": "pain",
            "primary_result": "no difference",
            "direction": "negative",
            "low_dose": "yes",
            "limits": "made up",
            "fair_sentence": "A made-up trial found no difference.",
            "source_id": "made-up-policy",
        }
    ],
}
