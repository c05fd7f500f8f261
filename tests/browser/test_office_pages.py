"""The office's pages on a laptop: nothing of a case leaves them."""

import pytest
from playwright.sync_api import expect

from tools.walk import open_the_case, review_the_case


@pytest.fixture
def cases(server, open_page):
    return open_page(f"{server}/cases")


def test_no_office_page_asks_anything_of_another_server(server, cases):
    review_the_case(cases)
    outside = {one for one in cases.asked if not one.startswith((server, "data:"))}
    assert outside == set()
    assert len(cases.asked) > 10


def test_no_address_of_an_office_page_names_a_case(server, cases):
    open_the_case(cases)
    expect(cases).to_have_url(f"{server}/case")
