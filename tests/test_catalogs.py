"""Every string a person reads is marked, translated, and keeps its placeholders."""

import ast
import json
import re
from pathlib import Path

import pytest

from compound_coverage.language import FOLDER, LANGUAGES
from dashboard.languages import READ_IN
from tools import catalogs
from tools.catalogs import KEYWORDS, ROOT, Found, domains, faults, fill, main, translations, write

pytestmark = pytest.mark.no_cover

PAGES = [ROOT / "app.py", *sorted((ROOT / "dashboard").glob("*.py"))]
# what they hold goes to a log, to a program or to whoever starts the server
NO_PAGES = {"api", "assets", "downloads", "guards", "identity", "logs", "routes", "server"}
SEEN_BY_A_PERSON = [path for path in PAGES if path.stem not in NO_PAGES]
# where Streamlit shows its first argument, or one of these options, as text
TEXT_OPTIONS = {"label", "help", "placeholder", "text", "page_title", "title", "caption"}
# the name of the product, and what leads to a language, in that language
AS_IT_IS = {"Compound Coverage", *READ_IN.values()}
# what is kept with a case or with the data, in English for all; codes, the map's rows, a pattern
KEPT = {
    "html_parts": r"[A-Z. ]+|cc-tile cc-",
    "review": r"/s/ |, \(\?:such as.*",
    "rule": r"End of ",
    "rule_fields": r"Only the published policy is known, .*",
    "tables": r"taken out",
}
# their first argument is an address, a name or markup
NO_TEXT_FIRST = {"page_link", "Page", "columns", "form", "html", "switch_page"}
ICON = re.compile(r":[a-z]+/\w+:|:[a-z]+\[")


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_no_message_lacks_its_translation_and_none_is_left_over(language):
    assert [str(fault) for fault in faults(language)] == []


@pytest.mark.parametrize("path", SEEN_BY_A_PERSON, ids=lambda path: path.stem)
def test_no_string_that_a_person_sees_is_unmarked(path):
    assert [f"line {line}: {text!r}" for line, text in unmarked(path)] == []


def unmarked(path):
    """Text with two words or more, or text that a widget shows, outside say and to_say."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    quiet = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KEYWORDS:
            quiet |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet.add(id(node.value))  # a docstring
        if isinstance(node, ast.Assert):
            quiet |= {id(part) for part in ast.walk(node)}
    shown = {id(part) for node in ast.walk(tree) for part in _shown_by(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in quiet or node.value in AS_IT_IS:
            continue
        if re.fullmatch(KEPT.get(path.stem, ""), node.value):
            continue
        seen = id(node) in shown and re.search("[A-Za-z]", ICON.sub("", node.value))
        if seen or _reads_like_text(node.value):
            yield node.lineno, node.value


def _shown_by(node):
    """The constants that one call to Streamlit shows."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if getattr(node.func.value, "id", "") != "st":
        return
    shown = node.args[:1] if node.func.attr not in NO_TEXT_FIRST else []
    shown += [option.value for option in node.keywords if option.arg in TEXT_OPTIONS]
    for part in shown:
        if isinstance(part, ast.Constant):
            yield part
        elif isinstance(part, ast.JoinedStr):
            yield from (piece for piece in part.values if isinstance(piece, ast.Constant))


def _reads_like_text(text):
    """Two words side by side, of letters alone; markup and styles have none."""
    bare = re.sub(r"<[^>]*>?|:[a-z]+\[|[\w-]+=['\"][^'\"]*|[\w./-]+/[\w./-]+", " ", text)
    if re.search(r"[{};]|--", bare) or "='" in text or '="' in text:
        return False
    return re.search(r"[A-Za-z']{2,} [A-Za-z']{2,}", bare) is not None


EXAMPLES = {
    'st.button("Close")': ["Close"],
    'st.button(say("Close"))': [],
    'st.text_input(say("Name"), placeholder="Your name")': ["Your name"],
    'st.markdown(f"**{x}** is it")': ["** is it"],
    'st.markdown(f"- {x}")': [],
    'X = {"a": "Two words"}': ["Two words"],
    'X = {"a": to_say("Two words")}': [],
    "st.html(f'<p class=\"cc-quiet cc-x\">{x}</p>')": [],
    'st.page_link("dashboard/check.py", label="Go")': ["Go"],
    'say_many("1 plan here", "{count} plans here", n)': [],
    '"""A docstring of words."""': [],
}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_search_for_unmarked_text_finds_it(code, tmp_path):
    path = tmp_path / "page.py"
    path.write_text(code, encoding="utf-8")
    assert [text for _, text in unmarked(path)] == EXAMPLES[code]


# -- the tool ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A product with three messages, translated to nothing yet."""
    found = {
        "patient": [
            Found(("Ask {whom}.",), "dashboard/one.py"),
            Found(("1 plan", "{count} plans"), "dashboard/one.py"),
            Found(("Ask {whom}.",), "dashboard/two.py"),
        ],
        "dataset": [Found(("Covered",), "coverage_data/rules.csv")],
    }
    monkeypatch.setattr(catalogs, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogs, "domains", lambda: found)
    (tmp_path / "es").mkdir()
    return tmp_path


GIVEN: dict[str, str | list[str]] = {
    "Ask {whom}.": "Pregunte a {whom}.",
    "1 plan": ["1 plan", "{count} planes"],
}


def test_translations_are_taken_in_and_come_back(folder):
    assert fill("es", {**GIVEN, "Said nowhere": "Nada", "Covered": " "}) == 2
    assert translations("es") == {
        "Ask {whom}.": ("Pregunte a {whom}.",),
        "1 plan": ("1 plan", "{count} planes"),
    }
    text = (folder / "es" / "patient.po").read_text(encoding="utf-8")
    assert "#: dashboard/one.py dashboard/two.py" in text
    assert [fault[1:] for fault in faults("es")] == [("Covered", "has no translation")]
    before = text
    assert main(["update"]) == 0
    assert (folder / "es" / "patient.po").read_text(encoding="utf-8") == before


WRONG = [
    ("Ask {whom}.", "Pregunte.", "other placeholders: whom"),
    ("Ask {whom}.", "Pregunte a {whom} y {who}.", "other placeholders: who"),
    ("1 plan", "{count} planes", "1 forms, not 2"),
]


@pytest.mark.parametrize(("english", "spanish", "sentence"), WRONG)
def test_a_broken_translation_is_refused(folder, english, spanish, sentence):
    with pytest.raises(ValueError, match=sentence):
        fill("es", {english: spanish})
    assert not (folder / "es" / "patient.po").exists()


def test_the_command_says_what_is_wrong(folder, tmp_path, capsys):
    given = tmp_path / "given.json"
    given.write_text(json.dumps(GIVEN), encoding="utf-8")
    assert main(["fill", "es", str(given)]) == 0
    write("es", "dataset", [Found(("Not said",), "x.csv")], {"Not said": ("No dicho",)})
    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert "2 translations taken in" in told
    assert "dataset: 'Covered' has no translation" in told
    assert "dataset: 'Not said' is said nowhere" in told
    with pytest.raises(SystemExit):
        main(["fill", "es"])


def test_every_catalogue_is_about_a_room_that_is_there():
    there = {path.stem for path in (FOLDER / "es").glob("*.po")}
    assert there == set(domains())
    assert Path(FOLDER).is_dir()
