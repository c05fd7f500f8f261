"""A made-up Medicare release with two plans, small enough to hold in the head."""

NALTREXONE = "1483744"
_PLAN_HEAD = (
    "CONTRACT_ID|PLAN_ID|SEGMENT_ID|CONTRACT_NAME|PLAN_NAME|FORMULARY_ID|PREMIUM|DEDUCTIBLE|"
    "MA_REGION_CODE|PDP_REGION_CODE|STATE|COUNTY_CODE|SNP|PLAN_SUPPRESSED_YN"
)
PLANS = f"""{_PLAN_HEAD}
H0001|001|000|MADE-UP HEALTH INC.|Made-up Advantage (HMO)|00000001|0.00|615| | |TX|45001|0|N
H0001|001|000|MADE-UP HEALTH INC.|Made-up Advantage (HMO)|00000001|0.00|615| | |TX|45002|0|N
S0002|007|000|INVENTED RX CO.|Invented Rx Saver (PDP)|00000002|12.30|0| |22|TX| |0|N
"""
COUNTIES = """COUNTY_CODE|STATENAME|COUNTY|MA_REGION_CODE|MA_REGION|PDP_REGION_CODE|PDP_REGION
45001|Texas|Travis|17|Texas|22|Texas
45002|Texas|Harris|17|Texas|22|Texas
"""
DRUG_HEADER = (
    "FORMULARY_ID|FORMULARY_VERSION|CONTRACT_YEAR|RXCUI|NDC|TIER_LEVEL_VALUE|QUANTITY_LIMIT_YN|"
    "QUANTITY_LIMIT_AMOUNT|QUANTITY_LIMIT_DAYS|PRIOR_AUTHORIZATION_YN|STEP_THERAPY_YN|"
    "SELECTED_DRUG_YN"
)
ON_FIRST = "00000001|9|2026|1483744|00000000001|2|Y|30|30|Y|Y|N"
ON_SECOND = "00000002|9|2026|1483744|00000000001|1|N| | |N|N|N"
OTHER_ON_FIRST = "00000001|9|2026|596934|00000000002|4|N| | |N|N|N"
OTHER = "00000002|9|2026|596934|00000000002|4|N| | |N|N|N"
_COST_HEAD = "CONTRACT_ID|PLAN_ID|SEGMENT_ID|COVERAGE_LEVEL|TIER|DAYS_SUPPLY|" + "|".join(
    f"COST_{what}_{where}"
    for where in ("PREF", "NONPREF", "MAIL_PREF", "MAIL_NONPREF")
    for what in ("TYPE", "AMT", "MIN_AMT", "MAX_AMT")
)
COSTS = f"""{_COST_HEAD}|TIER_SPECIALTY_YN|DED_APPLIES_YN
H0001|001|000|1|2|1|1|5|0|0|1|10|0|0|0|0|0|0|2|0.25|0|0|N|N
H0001|001|000|3|2|1|1|1|0|0|1|1|0|0|0|0|0|0|0|0|0|0|N|N
"""
_SUPPLEMENT_HEAD = (
    "CONTRACT_ID|PLAN_ID|RXCUI|TIER|QUANTITY_LIMIT_YN|QUANTITY_LIMIT_AMOUNT|"
    "QUANTITY_LIMIT_DAYS|PRIOR_AUTH_YN|STEP_THERAPY_YN|CAPPED_BENEFIT_YN"
)
SUPPLEMENTS = f"""{_SUPPLEMENT_HEAD}
H0001|001|777|1|0| | |N|N|Y
"""
INDICATIONS = """CONTRACT_ID|PLAN_ID|RXCUI|DISEASE
S0002|007|596934|SPONDYLITIS, ANKYLOSING
"""


def write_release(folder, label="2026Q1", drugs=(ON_FIRST, ON_SECOND, OTHER), plans=PLANS):
    """Writes the release into ``folder`` under the names the publisher gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"plan information  PPUF_{label}.txt": plans,
        f"geographic locator file PPUF_{label}.txt": COUNTIES,
        f"basic drugs formulary file  PPUF_{label}.txt": "\n".join([DRUG_HEADER, *drugs, ""]),
        f"beneficiary cost file  PPUF_{label}.txt": COSTS,
        f"excluded drugs formulary file  PPUF_{label}.txt": SUPPLEMENTS,
        f"Indication Based Coverage Formulary File  PPUF_{label}.txt": INDICATIONS,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="cp1252", newline="\r\n")
    return folder
