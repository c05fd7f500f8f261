"""Pages opened in this process, as whoever a test says."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import identity
from dashboard.office_parts import CASE
from tests.dashboard.quick import compile_pages_once, find_components_once
from tools.browser import ROOT

find_components_once()
compile_pages_once()


@pytest.fixture
def visit(monkeypatch):
    """Opens an office page as somebody, perhaps with a case and more in the session."""

    def opener(name, actor, case_id="", **session):
        monkeypatch.setattr(identity, "actor_of", lambda *_: actor)
        page = AppTest.from_file(str(ROOT / "dashboard" / f"{name}.py"), default_timeout=60)
        if case_id:
            page.session_state[CASE] = case_id
        for key, value in session.items():
            page.session_state[key] = value
        return ran(page)

    return opener


def ran(page):
    """The page after one more run, which must not fail."""
    page.run()
    assert not page.exception
    return page


def words(page):
    """Everything a person reads on a page, headings and messages included."""
    kinds = ("title", "header", "subheader", "markdown", "info", "success", "warning", "error")
    told = "\n".join(str(one.value) for kind in kinds for one in getattr(page, kind))
    return told.replace("\\", "")
