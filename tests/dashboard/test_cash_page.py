"""Cash side by side: only what was typed is compared, and a blank is never a price."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import answer
from tests.builders import case
from tests.dashboard.conftest import ran, words
from tools.browser import ROOT


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(answer, "case_of_visit", lambda _: case())
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)  # the page is alone
    return ran(AppTest.from_file(str(ROOT / "dashboard" / "cash.py"), default_timeout=30))


def html(page):
    return "\n".join(one.proto.body for one in page.get("html"))


def typed(page, **answers):
    """Types answers such as ``p1_30=45``: pharmacy 1, the price for 30 days."""
    for name, value in answers.items():
        number, what = name[1:].split("_", 1)
        key = f"cash-{number}-{what}"
        kinds = {"source": page.radio, "30": page.number_input, "90": page.number_input}
        kinds["shipping"] = page.number_input
        kinds.get(what, page.text_input)(key=key).set_value(value)
    return ran(page)


def test_no_price_is_made_up(page):
    assert "Type a price above" in html(page)
    assert "$" not in html(page)
    assert "____" in html(page)  # the sheet has lines to write on


ONE = {"p1_30": 45.0, "p1_90": 120.0}
SAME = {"p1_strength": "4.5 mg capsule", "p2_strength": "4.5 MG capsule"}


@pytest.mark.parametrize(
    ("answers", "cells", "told"),
    [
        ({"p1_30": 45.0}, ["$45", "not asked yet"], "Shipping is not asked yet"),
        (ONE | {"p1_shipping": 6.0}, ["$51", "$42"], "$42: Pharmacy 1, 90 days"),
        (ONE | {"p1_shipping": 0.0}, ["$45", "$40"], "$40: Pharmacy 1, 90 days"),
        ({"p1_name": "Made-up Pharmacy", "p1_codes": "1"}, ["Made-up"], "No price is typed yet"),
        (ONE | SAME | {"p2_30": 30.0}, ["$30"], "$30: Pharmacy 2, 30 days"),
        (ONE | {"p1_strength": "4.5 mg", "p2_30": 30.0}, ["$30"], "can't be compared"),
        (
            ONE | {"p1_source": "bulk_powder", "p2_30": 50.0, "p2_source": "approved_product"},
            ["Bulk powder"],
            "may pay for only one kind",
        ),
    ],
)
def test_a_month_from_what_was_typed(page, answers, cells, told):
    page = typed(page, **answers)
    [table] = [one for one in html(page).split("</table>") if "cc-table" in one]
    assert all(cell in table for cell in cells)
    assert told in words(page)


def test_a_name_typed_is_shown_letter_for_letter(page):
    page = typed(page, p1_name="<b>Made-up</b>", p1_30=45.0)
    assert "<b>Made-up" not in html(page)
    assert "&lt;b&gt;Made-up" in html(page)


def test_what_counts_is_cited_and_the_rest_is_asked(page):
    assert "A prescribed drug counts" in html(page)
    assert "This is our reading of the rule." in html(page)
    assert "Ask your HSA or FSA" in words(page)


def test_the_claim_letter_is_picked_on_the_way_to_it(page, monkeypatch):
    gone: list[str] = []
    monkeypatch.setattr("streamlit.switch_page", gone.append)
    page.button(key="cash-claim").click()
    page = ran(page)
    assert gone == ["dashboard/letter.py"]
    assert page.session_state["letter-type"] == "reimbursement_claim"
