"""Six public policies, from the form to the answer: proposed, reviewed, published, found.

The six are taken out of a copy of the dataset and entered again as an advocate would, one of them
of a payer that is new. What ``check`` then answers is what the published dataset answers.
"""

import json
import shutil
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from compound_coverage.curation import rule_words as words
from compound_coverage.dataset import schema
from compound_coverage.dataset.folder import one_writer
from compound_coverage.dataset.load import BUNDLED, load
from compound_coverage.dataset.maintain import write_dataset
from compound_coverage.dataset.search import LINE_NAMES, STATES
from compound_coverage.dataset.tables import read_tables
from compound_coverage.dataset.validate import validate
from compound_coverage.vocabulary import Effect, Grade, Level, LineOfBusiness
from tests.server.practice import open_practice, sign_in, visit
from tools.browser import ROOT, barriers, fill, ours, pick, settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("advocates")]

# rule, the line of the form for what it looks at, and a question it answers: plan and source
POLICIES = [
    ("pacificsource-review", "", "pacificsource-marketplace", "approved_product"),
    (
        "maryland-medicaid-unsupported-use",
        "The use is not on the label nor in a drug book",
        "maryland-medicaid",
        "approved_product",
    ),
    (
        "nebraska-medicaid-powder",
        "The ingredient comes from bulk powder",
        "nebraska-medicaid",
        "bulk_powder",
    ),
    ("bcbs-alabama-review", "", "bcbs-alabama-marketplace", "bulk_powder"),
    ("centene-compound-review", "", "centene-marketplace", "bulk_powder"),
    ("western-health-review", "", "", "bulk_powder"),  # its payer is not there yet
]
NEW_PAYER = "western-health-advantage"


def rows_at(folder) -> dict[str, list[Any]]:
    """All rows of a dataset, by file."""
    tables, faults = read_tables(folder)
    assert not faults
    return dict(tables)


@pytest.fixture(scope="module")
def rules():
    return load().rules_by_id


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The dataset without the six policies, and without all of one payer."""
    folder = tmp_path_factory.mktemp("advocates") / "coverage_data"
    shutil.copytree(BUNDLED, folder, ignore=shutil.ignore_patterns(".*"))
    tables = rows_at(folder)
    gone = {policy[0] for policy in POLICIES}
    gone |= {r.rule_id for r in tables["rules.csv"] if r.payer_id == NEW_PAYER}
    kept = {}
    for file, rows in tables.items():
        kept[file] = [
            row
            for row in rows
            if getattr(row, "rule_id", "") not in gone or file == schema.StepRow.FILE
        ]
    cited = {
        getattr(row, "source_id", "")
        for file, rows in kept.items()
        for row in rows
        if file != "sources.csv"
    }
    kept["sources.csv"] = [row for row in kept["sources.csv"] if row.source_id in cited]
    for file in ("payers.csv", "plans.csv", "covered_lives.csv"):
        kept[file] = [row for row in kept[file] if row.payer_id != NEW_PAYER]
    with one_writer(folder):
        write_dataset(folder, kept)
    assert validate(folder) == []
    return folder


@pytest.fixture(scope="module")
def practice(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("keepers")
    with open_practice(folder, f"sqlite:///{folder / 'office.sqlite'}", 1, data) as opened:
        yield opened


def press(page, name, *, exact=True):
    page.get_by_role("button", name=name, exact=exact).first.click()
    settle(page)


def type_in(page, label, text):
    """Fills a field, where there is something to fill in."""
    if text:
        fill(page, label, text)


def several(page, label, names):
    for name in names:
        pick(page, label, name)
        page.keyboard.press("Escape")


def enter(page, rule, line, data):
    """Fills the form with one policy."""
    cited = rule.citation
    if any(row.title == cited.title for row in rows_at(data)["sources.csv"]):
        pick(page, "Which document?", cited.title)
    else:
        enter_document(page, cited)
    type_in(page, "Section or heading", cited.section or "Compounded drugs")
    pick(page, "Who speaks?", words.LEVELS[Level(rule.level)])
    lines = sorted(rule.lines_of_business)
    several(page, "Kinds of insurance it reaches", [LINE_NAMES[line] for line in lines])
    several(page, "States it reaches", [STATES[state] for state in sorted(rule.states)])
    if rule.payer_id == NEW_PAYER:
        type_in(page, "Its name", load().payers[NEW_PAYER].name)
        pick(page, "What is it?", words.PAYER_KINDS["insurer"])
    elif rule.payer_id:
        pick(page, "Whose rule is it?", load().payers[rule.payer_id].name)
    type_in(page, "First day in force", rule.effective_from)
    pick(page, "What does it do?", words.EFFECTS[Effect(rule.effect)])
    if rule.binding:
        page.get_by_text("It binds: plans below can't be more generous.").click()
        settle(page)
    if line:
        pick(page, "What does it look at?", line)
        press(page, "Add this line")
    type_in(page, "What the patient reads", rule.summary)
    type_in(page, "What must be true or done for the plan to pay", rule.condition)


def enter_document(page, cited):
    rows = rows_at(BUNDLED)["sources.csv"]
    type_in(page, "Title of the document", cited.title)
    type_in(
        page, "Who published it", next(row.publisher for row in rows if row.title == cited.title)
    )
    type_in(page, "Address (https://...)", cited.url)
    type_in(page, "The date it gives itself", cited.document_date)
    type_in(page, "The day you read it", cited.last_checked)
    if not cited.document_date:
        page.get_by_text("The document gives no date.").click()
        settle(page)
    pick(page, "What kind of copy is it?", words.GRADES[Grade(cited.grade)])


def check(data, plan, source):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "compound_coverage", "--data", str(data), "check"),
            *("--plan", plan, "--medication", "ldn-capsule", "--source", source, "--json"),
            *("--compendium", "not_supported", "--literature", "not_supported"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_six_policies_from_the_form_to_the_answer(chromium, practice, data, rules):
    before = {plan: check(data, plan, source) for _, _, plan, source in POLICIES if plan}
    page = visit(chromium, practice, "/rule")
    sign_in(page, "advocate")
    page.goto("/rule")
    settle(page)
    for rule_id, line, _, _ in POLICIES:
        enter(page, rules[rule_id], line, data)
        type_in(page, "Why? What did you find?", f"Entered from {rules[rule_id].citation.title}.")
        ready = page.get_by_role("button", name="Propose", exact=True).is_enabled()
        assert ready, page.get_by_test_id("stMain").inner_text()
        press(page, "Propose")
        page.get_by_text("Another advocate must accept it now.").wait_for()
        press(page, "Start with an empty form")
    page.context.close()
    review_and_publish(chromium, practice)
    assert validate(data) == []
    published = load(data)
    for rule_id, _, plan, source in POLICIES:
        entered = the_same(published, rules[rule_id])
        assert entered.tests == rules[rule_id].tests
        assert entered.condition == rules[rule_id].condition
        assert entered.citation.url == rules[rule_id].citation.url
        answer = check(data, plan or f"{entered.payer_id}-marketplace", source)
        reasons = {reason["statement"] for reason in answer["reasons"]}
        assert entered.summary in reasons
        if plan:
            assert answer["verdict"] == check(BUNDLED, plan, source)["verdict"]
            assert answer["reasons"] != before[plan]["reasons"]
    changes = rows_at(data)["changes.csv"]
    ours = [row for row in changes if row.proposed_by == "Ada Example"]
    assert len(ours) == len(POLICIES)
    assert {row.accepted_by for row in ours} == {"Rea Example"}
    assert published.release.startswith(date.today().isoformat())


def the_same(dataset, rule):
    """The rule that was entered, whatever id it was given."""
    (found,) = [
        one
        for one in dataset.rules
        if one.summary == rule.summary
        and one.level == rule.level
        and one.effect == rule.effect
        and one.states == rule.states
        and one.lines_of_business == rule.lines_of_business
    ]
    return found


def review_and_publish(chromium, practice):
    page = visit(chromium, practice, "/proposals")
    sign_in(page, "reviewer")
    page.goto("/proposals")
    settle(page)
    for number in range(len(POLICIES)):
        page.get_by_test_id("stMain").get_by_role("button").filter(
            has_text="arrow_forward"
        ).first.click()
        page.get_by_role("heading", name="Which answers change").wait_for()
        page.get_by_role("heading", name="Your decision").wait_for(timeout=60_000)
        settle(page)
        if number == 0:
            assert ours(barriers(page)) == []
        page.get_by_text("Accept: I read the source").click()
        press(page, "Decide")
        page.get_by_text("Your decision is noted.").wait_for()
        press(page, "Back to the list", exact=False)
    press(page, f"Publish all {len(POLICIES)}")
    page.get_by_text("Published as release").wait_for(timeout=60_000)
    page.context.close()


def test_a_member_who_is_no_advocate_meets_a_closed_door(chromium, practice):
    page = visit(chromium, practice, "/proposals")
    sign_in(page, "staff")
    for path in ("/proposals", "/rule", "/tables", "/leads"):
        page.goto(path)
        settle(page)
        page.get_by_text("You can't do this here").first.wait_for()
    page.context.close()


def test_the_lines_of_business_are_all_in_the_form():
    assert set(LINE_NAMES) == set(LineOfBusiness)
