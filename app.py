"""The front door: navigation for a visitor's script run, else the server around it."""

from typing import Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.api import api_routes
from dashboard.downloads import ROUTE
from dashboard.identity import office
from dashboard.routes import office_routes
from dashboard.server import database_answers, server

PATIENT = {
    "check": "Check coverage",
    "letter": "Draft a letter",
    "denial": "Read a denial",
    "lists": "Drug lists",
    "known": "What we know",
}
OFFICE = {
    "cases": "Cases",
    "case": "Case",
    "review": "Review and sign",
    "batch": "Many letters",
    "verify": "Check a signature",
    "practice": "Practice",
}
ADVOCATE = {
    "proposals": "Proposals",
    "rule": "Add or change a rule",
    "tables": "Edit in a spreadsheet",
    "leads": "Reports from people",
}
Layout = Literal["centered", "wide"]
# reached from the list of cases, and from the list of proposals
FROM_A_LIST = ("case", "review", "rule", "tables", "leads")


def pages(titles: dict[str, str]) -> list[st.Page]:
    """A page for each file in the folder of pages."""
    return [
        st.Page(
            f"dashboard/{name}.py",
            title=title,
            url_path=name,
            default=name == "check",
            visibility="hidden" if name in FROM_A_LIST else "visible",
        )
        for name, title in titles.items()
    ]


if get_script_run_ctx(suppress_warning=True):
    # one list: Streamlit's groups of pages break the list for a screen reader
    page = st.navigation(pages(PATIENT | OFFICE | ADVOCATE), position="top")
    # a letter beside its facts needs the width; once for each run, or the page jumps
    layout: Layout = "wide" if page.url_path == "review" else "centered"
    st.set_page_config(page_title="Compound Coverage", layout=layout)
    page.run()
else:
    app = st.App(
        __file__,
        **server(
            extra_routes=[ROUTE, *office_routes(office), *api_routes()],
            ready_checks={"database": database_answers},
            media_closed=True,
        ),
    )
