"""The office's pages on a laptop: no barrier, nothing cut off, on a phone and at a desk."""

import json
import os
import re
import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from compound_coverage.letters.casefile import example_case
from tools import browser
from tools.browser import ROOT, settle

LOOKS = [(320, "dark"), (1280, "light")]


@pytest.fixture(scope="module")
def laptop(chromium, tmp_path_factory):
    """A laptop with one made-up case in review."""
    home = str(tmp_path_factory.mktemp("laptop"))
    owner = {"member_id": "laptop", "name": "You", "npi": "1000000004"}
    deed(home, "members/change", owner | {"roles": ["staff", "prescriber", "manager", "auditor"]})
    deed(home, "cases/create", {"content": {"facts": example_case()}})
    [row] = deed(home, "cases/list", {})
    deed(home, "cases/submit", {"case_id": row["case_id"]})
    with browser.serving(COMPOUND_COVERAGE_HOME=home) as address:
        yield address


def deed(home, name, values):
    done = subprocess.run(
        [sys.executable, "-m", "compound_coverage", "casework", "do", name, "--input", "-"],
        input=json.dumps(values), capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "COMPOUND_COVERAGE_HOME": home},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sound(page):
    """Nothing serious for axe, and no sideways scrolling."""
    found = Axe().run(page).response["violations"]
    serious = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    main = page.get_by_test_id("stMain")
    return serious == [] and main.evaluate("node => node.scrollWidth <= node.clientWidth"), serious


def open_case(page):
    page.get_by_role("button", name=re.compile("^Open.*Example Patient")).click()
    page.get_by_role("heading", name=re.compile("Example Patient")).wait_for()
    settle(page)


@pytest.mark.parametrize(("width", "colors"), LOOKS)
def test_the_list_the_case_and_the_review_hold_no_barrier(laptop, open_page, width, colors):
    page = open_page(f"{laptop}/cases", width=width, colors=colors)
    settle(page)
    assert sound(page) == (True, [])
    open_case(page)
    assert sound(page) == (True, [])
    page.get_by_role("button", name="Review and sign", exact=True).click()
    page.get_by_role("heading", name="Review and sign").wait_for()
    settle(page)
    assert sound(page) == (True, [])


@pytest.mark.parametrize("path", ["verify", "practice"])
@pytest.mark.parametrize(("width", "colors"), LOOKS)
def test_the_other_office_pages_hold_no_barrier(laptop, open_page, width, colors, path):
    page = open_page(f"{laptop}/{path}", width=width, colors=colors)
    settle(page)
    assert sound(page) == (True, [])


def test_no_office_page_asks_anything_of_another_server(laptop, open_page):
    page = open_page(f"{laptop}/cases")
    open_case(page)
    page.get_by_role("button", name="Review and sign", exact=True).click()
    settle(page)
    assert {address for address in page.asked if not address.startswith((laptop, "data:"))} == set()


def test_no_address_of_an_office_page_names_a_case(laptop, open_page):
    page = open_page(f"{laptop}/cases")
    open_case(page)
    expect(page).to_have_url(f"{laptop}/case")
