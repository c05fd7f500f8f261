"""The patient page as one would first write it, to measure ours against.

Same three questions, same answer by the same engine. Each click reads the CSV files anew, and the
reasons are a table and a chart. The engine's dataset is kept between clicks, so that what is
compared is the page and not the engine. Run with ``streamlit run bench/naive_page.py``.
"""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from compound_coverage.dataset.load import BUNDLED, Dataset, load
from compound_coverage.determination.engine import determine
from compound_coverage.determination.question import make_case
from compound_coverage.vocabulary import Determination, IngredientSource
from dashboard.cards import HEADINGS

SOURCES = {
    "I do not know": "",
    "An FDA-approved product, such as tablets": IngredientSource.APPROVED_PRODUCT.value,
    "Bulk powder": IngredientSource.BULK_POWDER.value,
}


@st.cache_resource
def dataset() -> Dataset:
    return load()


def read(name: str) -> pd.DataFrame:
    """One table of the dataset, every cell as text."""
    return pd.read_csv(BUNDLED / f"{name}.csv", dtype=str, keep_default_na=False)


def page() -> None:
    tables = {path.stem: read(path.stem) for path in sorted(BUNDLED.glob("*.csv"))}
    plans, medications = tables["plans"], tables["medications"]
    conditions = tables["conditions"][tables["conditions"].icd10_codes != ""]
    st.title("Will my plan pay for my compounded medicine?")
    plan = st.selectbox("Which plan do you have?", sorted(plans.name), index=None, key="plan")
    medication = st.selectbox(
        "Which medicine?", sorted(medications.name), index=None, key="medication"
    )
    source = st.radio("What does the pharmacy make it from?", list(SOURCES), key="source")
    condition = st.selectbox(
        "What is it for?", sorted(conditions.patient_words), index=None, key="condition"
    )
    if not plan or not medication:
        st.info("Pick your plan and your medicine to see the answer.")
        return
    found = conditions[conditions.patient_words == condition].icd10_codes
    case = make_case(
        dataset(),
        plans[plans.name == plan].plan_id.iloc[0],
        medications[medications.name == medication].medication_id.iloc[0],
        on=date.today(),
        source=SOURCES[source or "I do not know"],
        diagnosis=dataset_code(found.iloc[0]) if len(found) else "",
    )
    show(determine(case, dataset()), tables)


def dataset_code(codes: str) -> str:
    """The first of the codes in a cell."""
    return codes.replace(";", " ").split()[0]


def show(answer: Determination, tables: dict[str, pd.DataFrame]) -> None:
    st.header(HEADINGS[answer.verdict], anchor="answer")
    st.write(answer.summary)
    st.subheader("Why")
    rules, sources = tables["rules"], tables["sources"]
    used = rules[rules.rule_id.isin([reason.rule.rule_id for reason in answer.reasons])]
    st.dataframe(used.merge(sources, on="source_id", how="left"))
    st.bar_chart(used.groupby("level").size())
    st.subheader("What to do next")
    for step in answer.next_steps:
        st.write(step.action)
    st.subheader("All plans of this kind")
    plans = tables["plans"]
    st.dataframe(plans[plans.line_of_business == answer.case.plan.line_of_business])


page()
