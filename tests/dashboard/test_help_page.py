"""Help: short pages in plain words, each of them there for every link that leads to one."""

import ast
import re
from functools import cache

import pytest
from streamlit.testing.v1 import AppTest

from compound_coverage.dataset.load import load
from compound_coverage.language import is_translated, speaking
from tests.dashboard.conftest import ran
from tools.browser import ROOT
from tools.catalogs import domains
from tools.reading import english_grade, spanish_grade

TOPICS = ("what", "verdict", "grades", "data", "privacy", "compound", "crisis")
# what a phone shows of a page at once, and the reading grade we promise
MOST_WORDS, GRADE = 175, 6


@pytest.fixture
def links():
    """What each link on the page was made of."""
    return []


@pytest.fixture
def opened(monkeypatch, links):
    """Opens a topic of help."""
    # the page is alone, without the front door
    monkeypatch.setattr("streamlit.page_link", lambda *_, **told: links.append(told))

    def opener(topic, language="en"):
        page = AppTest.from_file(str(ROOT / "dashboard" / "help.py"), default_timeout=30)
        if topic:
            page.query_params["topic"] = topic
        page.session_state["language"] = language
        with speaking(language):
            ran(page)
        return page

    return opener


def told(page, folded=True):
    """The words of a page, a full stop behind each item and title; perhaps without the folded."""
    hidden = [one.proto.body for box in page.expander for one in box.get("html")]
    texts = [f"<p>{one.value}</p>" for one in (*page.title, *page.markdown)]
    texts += [one.proto.body for one in page.get("html") if folded or one.proto.body not in hidden]
    ended = re.sub(r"(?<![.?!:])</(li|p|h2|dt|dd)>", ".", " ".join(f"{text} " for text in texts))
    return " ".join(re.sub(r"<[^>]+>", " ", ended).replace("&nbsp;", " ").split())


@cache
def messages():
    """The English of every message on the pages of help."""
    found = [one for many in domains().values() for one in many]
    return [one.english[0] for one in found if one.file == "dashboard/help.py"]


def asked_for():
    """Each topic that some page links to."""
    for path in sorted((ROOT / "dashboard").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "help_link":
                [topic, *_] = node.args
                if isinstance(topic, ast.Constant):
                    yield path.name, topic.value


def test_without_a_topic_every_topic_is_offered(opened, links):
    page = opened("")
    assert page.title[0].value == "Help"
    assert [link["query_params"]["topic"] for link in links] == list(TOPICS)
    assert opened("no such thing").title[0].value == "Help"


def test_every_link_to_help_leads_to_a_topic():
    found = set(asked_for())
    assert {topic for _, topic in found} <= set(TOPICS)
    # they are asked for at the foot of every page
    assert {("parts.py", "what"), ("parts.py", "privacy"), ("parts.py", "crisis")} <= found


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_short_and_plain(opened, topic):
    page = opened(topic)
    assert len(told(page, folded=False).split()) <= MOST_WORDS
    assert english_grade([told(page)]) <= GRADE, told(page)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_as_plain_in_spanish(opened, topic):
    with speaking("es"):
        assert [english for english in messages() if not is_translated(english)] == []
    page = opened(topic, "es")
    assert spanish_grade([told(page)]) <= GRADE, told(page)


def test_the_data_is_told_with_its_release_and_its_rules(opened):
    text = told(opened("data"))
    dataset = load()
    assert f"holds {len(dataset.rules)} rules" in text
    assert dataset.release[:4] in text
    assert "CC BY 4.0" in text


def test_in_a_crisis_the_first_thing_to_see_is_whom_to_call(opened):
    html = "".join(one.proto.body for one in opened("crisis").get("html"))
    assert html.index("tel:911") < html.index("tel:988") < html.index("sms:988")


def test_what_we_do_not_know_is_never_told_as_a_yes(opened):
    assert "Silence is never a yes." in told(opened("verdict"))
