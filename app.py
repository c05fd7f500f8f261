"""The front door: navigation for a visitor's script run, else the server around it."""

from typing import Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from compound_coverage.language import say, to_say
from dashboard.api import api_routes
from dashboard.downloads import ROUTE
from dashboard.identity import office
from dashboard.languages import choose_language, offer_other_language
from dashboard.parts import show_foot
from dashboard.routes import office_routes
from dashboard.server import database_answers, server

PATIENT = {
    "check": to_say("Check coverage"),
    "result": to_say("Your answer"),
    "call": to_say("Call your plan"),
    "compare": to_say("What would change this answer?"),
    "cash": to_say("If you pay cash"),
    "letter": to_say("Draft a letter"),
    "denial": to_say("Read a denial"),
    "lists": to_say("Drug lists"),
    "known": to_say("What we know"),
    "pictures": to_say("In pictures"),
    "help": to_say("Help"),
}
OFFICE = {
    "cases": to_say("Cases"),
    "case": to_say("Case"),
    "review": to_say("Review and sign"),
    "batch": to_say("Many letters"),
    "verify": to_say("Check a signature"),
    "practice": to_say("Practice"),
}
ADVOCATE = {
    "proposals": to_say("Proposals"),
    "rule": to_say("Add or change a rule"),
    "tables": to_say("Edit in a spreadsheet"),
    "leads": to_say("Reports from people"),
}
Layout = Literal["centered", "wide"]
# reached from the answer, from the list of cases, and from the list of proposals
FROM_ANOTHER = (
    *("result", "call", "compare", "cash"),
    *("case", "review", "rule", "tables", "leads"),
)


def pages(titles: dict[str, str]) -> list[st.Page]:
    """A page for each file in the folder of pages."""
    return [
        st.Page(
            f"dashboard/{name}.py",
            title=say(title),
            url_path=name,
            default=name == "check",
            visibility="hidden" if name in FROM_ANOTHER else "visible",
        )
        for name, title in titles.items()
    ]


if get_script_run_ctx(suppress_warning=True):
    choose_language()
    # one list: Streamlit's groups of pages break the list for a screen reader
    page = st.navigation(pages(PATIENT | OFFICE | ADVOCATE), position="top")
    # a letter beside its facts needs the width; once for each run, or the page jumps
    layout: Layout = "wide" if page.url_path == "review" else "centered"
    st.set_page_config(page_title="Compound Coverage", layout=layout)
    offer_other_language()
    # the foot is drawn first, so that it stands whatever the page does
    body, foot = st.container(key="body"), st.container(key="foot")
    with foot:
        show_foot()
    with body:
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
