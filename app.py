"""The front door: navigation and nothing else."""

import streamlit as st

st.set_page_config(page_title="Compound Coverage", layout="centered")

st.navigation(
    [
        st.Page("dashboard/check.py", title="Check coverage", url_path="check", default=True),
        st.Page("dashboard/letter.py", title="Draft a letter", url_path="letter"),
        st.Page("dashboard/denial.py", title="Read a denial", url_path="denial"),
        st.Page("dashboard/batch.py", title="Many letters", url_path="batch"),
        st.Page("dashboard/lists.py", title="Drug lists", url_path="lists"),
    ],
    position="top",
).run()
