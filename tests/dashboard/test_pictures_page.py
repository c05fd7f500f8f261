"""The four pictures: each says the same as its table, and what is not known stays on it."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from compound_coverage.dataset.coverage import coverage
from compound_coverage.dataset.load import load_tables
from compound_coverage.dataset.search import STATES, unlisted_plan
from compound_coverage.determination.engine import determine
from compound_coverage.determination.survey import survey
from compound_coverage.language import day, speaking
from compound_coverage.vocabulary import Case, IngredientSource, LineOfBusiness, Verdict
from dashboard import html_parts, road
from dashboard.parts import VERDICTS
from tests.dashboard.conftest import ran, words
from tools.browser import ROOT

BULK, APPROVED = IngredientSource.BULK_POWDER, IngredientSource.APPROVED_PRODUCT
MEDICAID, PART_D = LineOfBusiness.MEDICAID, LineOfBusiness.MEDICARE_PART_D
OTHER = "topical-pain-cream"
TODAY = date.today()


NOTICE = TODAY - timedelta(days=20)


def opened(**chosen):
    page = AppTest.from_file(str(ROOT / "dashboard" / "pictures.py"), default_timeout=60)
    for key, value in chosen.items():
        page.session_state[key.replace("_", "-")] = value
    return ran(page)


def drawn(page):
    """The HTML the page draws besides Streamlit's own parts."""
    return "\n".join(one.proto.body for one in page.get("html"))


def tile_words(html):
    return dict(re.findall(r'<li class="cc-tile[^>]*title="([^:"]+): ([^"]+)"', html))


def rows_of(html, caption):
    """A table as {first cell: the rest}."""
    [table] = re.findall(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", html)
    rows = re.findall(r'role="rowheader">(.*?)</th>(.*?)</tr>', table)
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", rest) for name, rest in rows}
    return {unescape(name): [unescape(cell) for cell in rest] for name, rest in cells.items()}


def bars_after(html, title):
    """The bars under a heading: (word, number, width) from top to bottom."""
    part = html.split(f"<h3>{title}</h3>", 1)[1].split("</ul>", 1)[0]
    found = re.findall(r"<li[^>]*>(.*?): <strong>(\d+) \w+</strong>(.*?)</li>", part)
    widths = [re.findall(r"width:([\d.]+)%", rest) for _, _, rest in found]
    plain = [re.sub(r"<[^>]+>", "", word).strip() for word, _, _ in found]
    return [(w, int(n), x) for w, (_, n, _), x in zip(plain, found, widths, strict=True)]


@pytest.fixture(scope="module")
def page():
    """The page as a visitor first sees it: Medicaid and powder, all kinds, an insured job plan."""
    return opened()


@pytest.fixture(scope="module")
def chosen():
    """The page where somebody chose otherwise, and typed the day on a notice."""
    return opened(
        pictures_line=PART_D.value,
        pictures_source=APPROVED.value,
        pictures_split_line="marketplace",
        pictures_notice=NOTICE.isoformat(),
    )


@pytest.fixture(scope="module")
def odd():
    """The page of another medicine, of kinds of which we know least, with no day for a day."""
    return opened(
        pictures_medication=OTHER,
        pictures_line="workers_comp",
        pictures_road_line="va",
        pictures_notice="yesterday",
    )


@pytest.fixture(scope="module")
def found(bundled):
    return survey(bundled, bundled.medications["ldn-capsule"], TODAY)


@pytest.fixture(scope="module")
def steps(bundled):
    """The steps of the road for a kind of insurance, and a notice if there is one."""

    def made(line, notice=None):
        plan = unlisted_plan(LineOfBusiness(line))
        case = Case(plan, bundled.medications["ldn-capsule"], TODAY)
        return road.legs(determine(case, bundled), notice)

    return made


# -- 1. the map --------------------------------------------------------------------------------


def test_each_state_has_a_place_of_its_own_on_the_map():
    assert sorted(html_parts.PLACES) == sorted(STATES)
    assert len(set(html_parts.PLACES.values())) == len(STATES)


@pytest.mark.parametrize(
    ("shown", "line", "source"), [("page", MEDICAID, BULK), ("chosen", PART_D, APPROVED)]
)
def test_the_map_and_its_table_say_the_same_of_each_state(request, found, shown, line, source):
    html = drawn(request.getfixturevalue(shown))
    tiles = tile_words(html)
    caption = re.findall(r'<ul class="cc-tiles" role="list" aria-label="([^"]+)"', html)[0]
    rows = rows_of(html, unescape(caption))
    assert {state: rows[state][0] for state in tiles} == tiles
    assert sorted(tiles) == sorted(STATES.values())
    for place in found.states(line, source):
        told = tiles[STATES[place.state]]
        assert all(VERDICTS[verdict] in told for verdict in place.counts)
        assert rows[STATES[place.state]][1] == (str(len(place.standings)) if place.listed else "0")
    assert len(rows) == len(STATES) + bool(found.national(line, source).standings)


def test_what_is_not_known_is_an_answer_on_the_map(page, found):
    places = found.states(MEDICAID, BULK)
    unknown = [one for one in places if set(one.counts) == {Verdict.UNKNOWN}]
    assert f"In {len(unknown)} we do not know." in words(page)
    assert drawn(page).count('class="cc-tile cc-unknown') == len(unknown)
    # a state of which no plan is listed has another edge, and the legend says so
    assert drawn(page).count(" cc-dashed") == sum(not one.listed for one in places)
    assert "Dashed edge" in drawn(page)


def test_where_plans_differ_the_tile_has_each_sign(page, found):
    mixed = [one for one in found.states(MEDICAID, BULK) if len(one.counts) > 1]
    assert mixed
    tiles = re.findall(r'<li class="cc-tile cc-mixed".*?</li>', drawn(page))
    signs = [re.findall(r'<span aria-hidden="true">(.+?)<span', tile)[0] for tile in tiles]
    assert [len(told) for told in signs] == [len(one.counts) for one in mixed]
    assert "the plans of that state differ" in drawn(page)


def test_a_kind_without_a_plan_for_the_whole_country_says_so(page, odd):
    told = "We list no plan of this kind for the whole country."
    assert told in drawn(odd)
    assert told not in drawn(page)


# -- 2. powder or approved product -------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "line", "name"),
    [
        ("page", None, "All kinds together"),
        ("chosen", LineOfBusiness.MARKETPLACE, "Marketplace or own plan"),
    ],
)
def test_the_bars_and_the_words_are_the_numbers_of_the_survey(request, found, shown, line, name):
    page = request.getfixturevalue(shown)
    split = found.split(line)
    for source, title in (
        (BULK, "Bulk powder"),
        (APPROVED, "An FDA-approved product, such as tablets"),
    ):
        bars = bars_after(drawn(page), title)
        assert [number for _, number, _ in bars if number] == list(split.counts[source].values())
        for word, number, width in bars:
            assert word.split(" ", 1)[1] in VERDICTS.values()
            assert width == ([f"{100 * number / split.plans:.1f}"] if number else [])
        told = [str(split.counts[source].get(verdict, 0)) for verdict in Verdict]
        assert rows_of(drawn(page), title)[name] == told
    assert f"For {split.changed} the source changes the answer." in words(page)


def test_another_medicine_has_pictures_of_its_own(odd, bundled):
    there = survey(bundled, bundled.medications[OTHER], TODAY)
    assert f"For {there.split().changed} the source changes the answer." in words(odd)


# -- 3. the road -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "step", "days"),
    [
        # (kind of insurance, step, days from the date on the notice by the dataset's clock)
        ("employer_insured", "Appeal to the plan", 180),
        ("marketplace", "Appeal to the plan", 180),
        ("medicare_part_d", "Ask the plan to decide again", 65),
        ("medicaid", "Appeal to the plan", 60),
        ("tricare", "Appeal to the plan", 90),
    ],
)
def test_the_first_step_has_its_day_and_its_law(steps, line, step, days):
    [leg] = [one for one in steps(line, NOTICE) if one.title == step]
    assert (leg.who, leg.dues[0].last_day) == ("You", NOTICE + timedelta(days=days))
    html = road.road([leg], NOTICE)
    assert day(NOTICE + timedelta(days=days)) in html
    assert f"Act by {day(leg.dues[0].safe_day)}." in html
    assert f"You have {days} calendar days" in html
    assert "Source: " in html


def test_the_page_draws_the_road_and_its_table(chosen, steps):
    shown = steps("employer_insured", NOTICE)
    assert road.road(shown, NOTICE) in drawn(chosen)
    rows = rows_of(drawn(chosen), "The steps after a denial")
    assert list(rows) == [leg.title for leg in shown]
    first = rows["Appeal to the plan"]
    assert first[0] == "You"
    assert "180 calendar days" in first[1]
    assert first[2] == road.act_by(shown[0].dues[0])
    assert first[3] == shown[0].rules[0].citation.section
    assert rows["Ask for the outside review"][2] == "no day yet"
    told = f"Your first time limit ends on {day(shown[0].dues[0].day)}."
    assert told in words(chosen)


def test_without_a_day_there_are_lengths_and_no_dates(page, steps):
    html = road.road(steps("employer_insured"), None)
    assert html in drawn(page)
    assert "Act by" not in html
    assert "No day" not in html
    assert "You have 180 calendar days" in html
    assert "The reviewer has 45 calendar days" in html
    assert "Your first time limit" not in words(page)


def test_a_later_step_gets_no_day_from_the_first_notice(steps):
    [later] = [
        one
        for one in steps("employer_insured", NOTICE)
        if one.title == "Ask for the outside review"
    ]
    html = road.road([later], NOTICE)
    assert "Act by" not in html
    assert "No day yet. It is counted from a later event." in html
    assert "4 months" in html


def test_a_clock_with_two_starts_says_why_it_has_no_day(steps):
    keep = steps("medicaid", NOTICE)[0]
    html = road.road([keep], NOTICE)
    assert keep.stage == "keep_benefits"
    assert "it hangs on more than one event" in html
    assert "We have not confirmed this yet." in html


def test_a_fast_track_is_told_as_that(steps):
    [leg] = [one for one in steps("medicare_part_d") if one.title == "The plan decides again"]
    assert any("72 hours" in told and "if it is urgent" in told for told in leg.lengths)
    assert all("already paid" not in told for told in leg.lengths)


@pytest.mark.parametrize("line", list(LineOfBusiness))
def test_what_nobody_has_found_is_a_gap_on_the_road(steps, line):
    shown = steps(line)
    assert sum(leg.actor == "member" for leg in shown) >= 2  # an appeal, and a look from outside
    assert {leg.actor for leg in shown} == {"member", "plan", "reviewer"}
    html = road.road(shown, None)
    gaps = sum(not leg.rules for leg in shown)
    assert html.count('class="cc-lost"') == html.count("We found no rule for this step.") == gaps
    assert html.count("<li") == len(shown) + 1


def test_the_road_of_a_kind_with_no_clock_is_all_gaps(odd):
    assert "For 4 steps we know no time limit." in words(odd)
    row = rows_of(drawn(odd), "The steps after a denial")["Appeal to the plan"]
    assert row[1].startswith("We found no rule")


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        (f" {NOTICE.isoformat()} ", NOTICE),
        (TODAY.isoformat(), TODAY),
        ("", None),
        ("2026-02-30", None),
        ("1999-12-31", None),
        ((TODAY + timedelta(days=1)).isoformat(), None),
    ],
)
def test_which_days_a_notice_can_have(typed, known):
    assert road.notice_day(typed, TODAY) == known


def test_what_is_no_day_is_said_in_one_sentence(odd, chosen):
    [error] = odd.error
    assert "Write a day up to today as YYYY-MM-DD" in error.value
    assert "Act by" not in drawn(odd)
    assert not chosen.error


def test_an_old_notice_says_that_its_day_has_passed(steps):
    shown = steps("employer_insured", date(2020, 1, 1))
    assert "This day has passed." in road.road(shown, date(2020, 1, 1))


def test_days_on_the_road_are_told_in_the_language_of_the_visit(steps):
    with speaking("es"):
        told = road.road(steps("medicare_part_d", NOTICE), NOTICE)
        assert day(NOTICE + timedelta(days=65)) in told
    assert "65 días calendario" in told


# -- 4. how fresh ------------------------------------------------------------------------------


def test_the_ages_are_those_of_the_page_of_what_we_know(page):
    known = coverage(load_tables(), TODAY)
    bars = bars_after(drawn(page), "When we last read the source")
    assert [number for _, number, _ in bars] == list(known.by_check.values())
    table = rows_of(drawn(page), "Rules by the age of our last look and by the kind of source")
    assert [int(row[0]) for row in table.values()] == list(known.by_check.values())
    assert all(int(row[0]) == sum(map(int, row[1:])) for row in table.values())
    by_grade = [sum(int(row[place]) for row in table.values()) for place in (1, 2, 3)]
    assert [n for _, n, _ in bars_after(drawn(page), "What kind of source it is")] == by_grade
    recent = known.by_check["under_6"] + known.by_check["under_12"]
    assert f"{recent} of {known.whole.rules} rules within the last 12 months" in words(page)


# -- all of it ---------------------------------------------------------------------------------


def test_each_picture_has_a_table_and_no_picture_is_a_canvas(page):
    assert [one.label for one in page.expander] == ["The same as a table"] * 4
    assert not page.get("vega_lite_chart")
    assert not page.get("arrow_vega_lite_chart")


def test_the_headings_are_in_order(page):
    assert set(re.findall(r"<h(\d)", drawn(page))) == {"3"}
    assert (len(page.title), len(page.header)) == (1, 4)


def test_a_kept_survey_holds_no_words_of_a_language(bundled, found):
    with speaking("es"):
        assert survey(bundled, bundled.medications["ldn-capsule"], TODAY) == found
