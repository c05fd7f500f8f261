"""What a visitor reads on "What we know", and the HTML it is made of."""

import re
from datetime import date
from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from compound_coverage.dataset.coverage import MEDICAID_STATES, coverage
from compound_coverage.dataset.folder import one_writer
from compound_coverage.dataset.load import load_tables
from compound_coverage.dataset.maintain import write_dataset
from compound_coverage.dataset.schema import ChangeRow
from dashboard import html_parts
from dashboard.html_parts import Link, Tile
from tests.dashboard.conftest import ran, words
from tools.browser import ROOT


def known():
    return ran(AppTest.from_file(str(ROOT / "dashboard" / "known.py"), default_timeout=60))


def drawn(page):
    """The HTML the page draws besides Streamlit's own parts."""
    return "\n".join(one.proto.body for one in page.get("html"))


@pytest.fixture(scope="module", autouse=True)
def alone():
    """The page is drawn without the front door, which knows the other pages it links to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.page_link", lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def page(alone):
    """The page as it stands over the published dataset, drawn once."""
    return known()


@pytest.fixture(scope="module")
def found():
    return coverage(load_tables(), date.today())


@pytest.fixture
def folder(small, monkeypatch):
    """A made-up dataset that the page reads; ``change`` puts other cells into rows of it."""
    monkeypatch.setenv("COVERAGE_DATA", str(small))

    def change(file, **cells):
        tables = load_tables(small)
        tables[file] = [type(row).model_validate(row.model_dump() | cells) for row in tables[file]]
        with one_writer(small):
            write_dataset(small, tables)

    return change


def test_the_page_says_in_one_look_how_much_is_known(page, found):
    told = {metric.label: metric.value for metric in page.metric}
    assert told["Rules in force"] == str(found.whole.rules)
    assert told["Payers with a rule"] == f"{found.payers_known} of {len(found.payers)}"
    assert told["States, Medicaid"] == f"{found.states_known} of 51"
    assert f"{found.whole.stale} rules" in words(page)
    assert f"In {len(found.states_without)} we know none." in words(page)
    assert "You can help." in words(page)


def test_the_map_and_its_table_say_the_same_of_each_state(page):
    html = drawn(page)
    tiles = dict(re.findall(r'<li class="cc-tile[^>]*title="([^:"]+): ([^"]+)"', html))
    assert sorted(tiles) == sorted(MEDICAID_STATES.values())
    rows = dict(re.findall(r'role="rowheader">([^<]+)</th><td [^>]*>([^<]+)</td>', html))
    assert {state: rows[state] for state in tiles} == tiles
    places = re.findall(r"grid-row:(\d+);grid-column:(\d+)", html)
    assert len(set(places)) == len(places) == 51


def test_every_payer_and_every_wanted_thing_is_there_with_its_source(page, found):
    html = drawn(page)
    for payer in found.payers:
        assert f'role="rowheader">{escape(payer.name)}</th>' in html
    first = found.wanted[0]
    assert f"{first.lives:,}" in html
    assert first.source.url in html


def test_each_chart_has_words_and_a_table(page):
    charts = page.get("arrow_vega_lite_chart") or page.get("vega_lite_chart")
    assert len(charts) == 2
    assert all("number of rules. Under 6 months:" in chart.proto.spec for chart in charts)
    assert drawn(page).count("<caption>When we last read the source</caption>") == 1
    assert drawn(page).count("<caption>How old the paper is</caption>") == 1


def test_a_source_that_is_gone_is_shown_and_nothing_due_is_said(folder):
    folder("sources.csv", status="gone", status_note="404 on 2026-11-27")
    page = known()
    assert "None that we know of." not in words(page)
    assert "404 on 2026-11-27" in drawn(page)
    folder("sources.csv", status="", status_note="", last_checked=date.today().isoformat())
    assert "Nothing is due." in words(known())


def test_an_ended_stale_or_single_payers_rule_is_told_as_that(folder):
    scope = {"lines_of_business": "medicaid", "states": "OH"}
    folder("rules.csv", level="payer", payer_id="made-up-health", **scope)
    assert "Ohio: rules of single payers only" in drawn(known())
    folder("sources.csv", document_date="2019")
    folder("rules.csv", level="program", payer_id="", **scope)
    html = drawn(known())
    assert "Ohio: a rule that decides, last known, over 2 years old" in html
    assert '<span class="cc-more"> old</span>' in html
    folder("rules.csv", effective_from="", effective_to="2020")
    assert "Ohio: no rule" in drawn(known())


def test_the_data_is_made_on_the_click_even_before_the_first_release(folder):
    page = known()
    told = words(page)
    for line in ("None that we know of.", "No release has been made yet.", "What matters most"):
        assert line in told
    for place, name in enumerate(("unreleased.zip", "rules-unreleased.csv"), start=1):
        page.button[place - 1].click()
        ran(page)
        assert any(name in one.proto.label for one in page.get("link_button")), name


def test_the_newest_three_releases_are_told_newest_first(folder, small):
    tables = load_tables(small)
    tables["changes.csv"] = [
        ChangeRow(release=f"2026-01-0{day}", number=number, change=f"Change {day}{number}", rows="",
                  proposal_id="", proposed_by="", accepted_by="")
        for day in (1, 2, 3, 4) for number in ("002", "001")
    ]  # fmt: skip
    with one_writer(small):
        write_dataset(small, tables)
    told = drawn(known())
    assert "Change 1001" not in told
    places = [told.index(f"Change {day}{number}") for day in "432" for number in ("001", "002")]
    assert places == sorted(places)


# -- the HTML itself ---------------------------------------------------------------------------


@pytest.fixture
def html(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr("dashboard.html_parts.st.html", told.append)
    return told


def test_nothing_in_a_cell_is_taken_for_html(html):
    evil = '<script>alert("x")</script>'
    html_parts.table(evil, (evil, evil), [(evil, Link(evil, f'https://example.org/"{evil}'))])
    html_parts.tiles(evil, [Tile(evil, evil, evil, evil, "none", 1, 1)])
    assert "<script" not in "".join(html)
    assert 'href="https://example.org/&quot;' in html[0]


def test_a_link_without_an_address_is_plain_words(html):
    html_parts.table("c", ("a", "b"), [(Link("x", ""), "y")])
    assert "<a " not in html[0]


def test_a_row_must_have_a_cell_for_each_column(html):
    with pytest.raises(ValueError, match="argument"):
        html_parts.table("c", ("a", "b"), [("x",)])


def test_numbers_and_days_stay_on_one_line(html):
    html_parts.table("c", ("a", "b", "d"), [("x", "2026-11-24", "not a number")])
    assert html[0].count('class="cc-short"') == 1
