"""docs/security.md claims nothing that no test shows, and passes over nothing that is asked."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from compound_coverage.casework.tables import METADATA

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

CLAUSES = {
    f"164.312{part}"
    for part in (
        "(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(c)(2)",
        "(d)", "(e)(1)", "(e)(2)(i)", "(e)(2)(ii)",
    )
}  # fmt: skip

# How many requirements each section of each chapter of ASVS 5.0.0 has.
ASVS = {
    1: (2, 10, 12, 3, 3),
    2: (3, 3, 5, 2),
    3: (1, 3, 5, 8, 8, 1, 5),
    4: (5, 5, 2, 4),
    5: (1, 6, 3, 3),
    6: (3, 12, 8, 6, 8, 4, 2, 4),
    7: (3, 4, 2, 5, 3, 2),
    8: (4, 4, 3, 2),
    9: (3, 4),
    10: (2, 3, 5, 16, 5, 2, 3),
    11: (4, 5, 5, 4, 2, 2, 2),
    12: (5, 2, 5),
    13: (4, 6, 4, 7),
    14: (2, 8, 3),
    15: (5, 5, 7, 4),
    16: (1, 5, 4, 3, 4),
    17: (2, 8, 2),
}
REQUIREMENTS = {
    f"v5.0.0-{chapter}.{section}.{number}"
    for chapter, sections in ASVS.items()
    for section, most in enumerate(sections, start=1)
    for number in range(1, most + 1)
}

CITED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SHOWN = "shown by"


def tables(page):
    """Each table of a page: its heads, and its rows as lists of cells."""
    for block in re.findall(r"(?:^\|.*\n?)+", page, re.MULTILINE):
        heads, _, *rows = [
            [cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.splitlines()
        ]
        yield heads, rows


def claims(page):
    """The rows of every table that says by which test something is shown."""
    return [row for heads, rows in tables(page) if heads[-1] == SHOWN for row in rows]


@cache
def functions(path):
    """The tests of a file by name, as they are written."""
    file = ROOT / path
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    # a file that is skipped as a whole shows nothing
    tree = ast.parse("" if re.search(r"^pytestmark = .*mark\.skip\b", text, re.MULTILINE) else text)
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def never_runs(node):
    """Is a test skipped whatever the machine has?"""
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    lines = [ast.unparse(line) for line in node.body]
    return any(re.match(r"pytest\.mark\.(skip|xfail)\b", mark) for mark in marks) or any(
        line.startswith(("pytest.skip(", "pytest.xfail(")) for line in lines
    )


def faults(page):
    """What is wrong with the claims of a page, one sentence each."""
    found = []
    for row in claims(page):
        cited = CITED.findall(row[-1])
        if CITED.sub("", row[-1]).replace("<br>", "").strip() or not cited:
            found.append(f"{row[0]} cites something that is no test.")
        for path, name in cited:
            node = functions(path).get(name)
            if node is None:
                found.append(f"{row[0]} cites {path}::{name}, which is not there.")
            elif never_runs(node):
                found.append(f"{row[0]} cites {path}::{name}, which is never run.")
    return found


def ids(page):
    """What the first column of each table of requirements names."""
    return [
        one
        for heads, rows in tables(page)
        if heads[0] in {"id", "clause"}
        for row in rows
        for one in row[0].split(", ")
    ]


def set_aside(page):
    """What the lists of what does not apply, and what was not looked at, name."""
    text = page.partition("## What does not apply\n")[2].partition("\n## Who")[0]
    named = re.findall(r"v5\.0\.0-[\d.]+\d", text)
    sections = re.findall(r"sections? ([\d., ]+\d)", text)
    whole = [part for each in sections for part in each.split(", ")]
    whole += re.findall(r"chapter (\d+)", text)
    for part in whole:
        inside = [one for one in REQUIREMENTS if one.startswith(f"v5.0.0-{part}.")]
        assert inside, f"there is no section {part}"
        named += inside
    return named


# -- the page ------------------------------------------------------------------------------------


def test_each_row_cites_tests_that_are_there_and_run():
    assert len(claims(PAGE)) > 130
    assert faults(PAGE) == []


def test_every_cell_of_a_table_is_filled():
    for heads, rows in tables(PAGE):
        for row in rows:
            assert len(row) == len(heads), row
            assert all(row), row


def test_every_clause_and_every_requirement_is_in_exactly_one_place():
    named = Counter([*ids(PAGE), *set_aside(PAGE)])
    assert len(REQUIREMENTS) == 345
    assert set(named) == CLAUSES | REQUIREMENTS
    assert [one for one, times in named.items() if times > 1] == []


def test_each_requirement_stands_under_its_chapter():
    parts = re.split(
        r"^### V(\d+) .*$", PAGE.partition("## What is missing")[0], flags=re.MULTILINE
    )
    chapters = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(chapters) == {str(number) for number in range(1, 17)}
    for number, text in chapters.items():
        assert ids(text)
        assert all(one.startswith(f"v5.0.0-{number}.") for one in ids(text)), number


# -- what the page lists of the code -------------------------------------------------------------


def sources():
    """Every file of the program, parsed."""
    files = [ROOT / "app.py"]
    for folder in ("compound_coverage", "dashboard"):
        files += sorted((ROOT / folder).rglob("*.py"))
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]


def nodes():
    return [node for tree in sources() for node in ast.walk(tree)]


CRYPTOGRAPHY = {"hashlib", "hmac", "secrets", "uuid", "hashes", "ec", "rsa"}


def cryptography(found):
    """Each name by which code encrypts, hashes, signs or draws lots."""
    names = set()
    for node in found:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cryptography.hazmat"):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in CRYPTOGRAPHY:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names |= {f"{node.value.id}.{node.attr}"} if node.value.id in CRYPTOGRAPHY else set()
    return names


def first_column(head):
    """What stands in backticks in the first column of the table that begins with ``head``."""
    ((_, rows),) = [(heads, rows) for heads, rows in tables(PAGE) if heads[0] == head]
    return [name for row in rows for name in re.findall(r"`([\w.]+)`", row[0])]


def test_the_inventory_names_all_cryptography_in_the_code():
    used = cryptography(nodes())
    listed = first_column("in the code")
    assert used == set(listed)
    assert len(listed) == len(set(listed))
    assert not {name for name in used if re.search("md5|sha1|MD5|SHA1$|ECB|DES", name)}


def test_the_classes_name_every_table_of_casework():
    assert Counter(first_column("tables")) == Counter(list(METADATA.tables))


def dangerous(found):
    """Ways in which text could be run, or lots be drawn that can be guessed."""
    told = []
    for node in found:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            told += [node.func.id] if node.func.id in {"eval", "exec", "__import__"} else []
        if isinstance(node, ast.keyword) and node.arg == "shell":
            told.append("shell")
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.system", "os.popen"}:
            told.append(ast.unparse(node))
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            told += sorted({"pickle", "marshal", "shelve", "random"} & modules)
    return told


def test_no_code_is_run_from_text():
    assert dangerous(nodes()) == []


# -- these checks can fail -----------------------------------------------------------------------

HEAD = f"| id | what is asked | what we do | {SHOWN} |\n|---|---|---|---|\n"
HERE = "tests/test_security_map.py"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (f"`{HERE}::test_no_code_is_run_from_text`", []),
        (f"`{HERE}::test_invented`", [f"cites {HERE}::test_invented, which is not there"]),
        ("`tests/test_invented.py::test_it`", ["test_invented.py::test_it, which is not there"]),
        ("trust us", ["cites something that is no test"]),
        (f"`{HERE}::test_no_code_is_run_from_text` and more", ["something that is no test"]),
        (
            f"`{HERE}::test_no_code_is_run_from_text`<br>`{HERE}::test_invented`",
            ["test_invented, which is not there"],
        ),
        ("", ["cites something that is no test"]),
    ],
)
def test_a_row_without_a_real_test_is_found(cell, told):
    found = faults(f"{HEAD}| v5.0.0-1.1.1 | a | b | {cell} |\n")
    assert len(found) == len(told)
    assert all(words in fault for words, fault in zip(told, found, strict=True))


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("def test_it():\n    assert True", False),
        ("@pytest.mark.skipif(x, reason='y')\ndef test_it():\n    pass", False),
        ("def test_it():\n    if not x:\n        pytest.skip('y')", False),
        ("@pytest.mark.skip\ndef test_it():\n    pass", True),
        ("@pytest.mark.skip(reason='y')\ndef test_it():\n    pass", True),
        ("@pytest.mark.xfail\ndef test_it():\n    pass", True),
        ("def test_it():\n    pytest.skip('y')", True),
    ],
)
def test_a_test_that_is_always_skipped_is_known(code, never):
    assert never_runs(ast.parse(code).body[0]) is never


def test_a_requirement_named_twice_or_unknown_is_seen():
    page = f"{HEAD}| v5.0.0-1.1.1, v5.0.0-1.1.2 | a | b | c |\n| v5.0.0-1.1.1 | a | b | c |\n"
    assert Counter(ids(page)) == {"v5.0.0-1.1.1": 2, "v5.0.0-1.1.2": 1}
    aside = "## What does not apply\n- Not v5.0.0-1.2.6, sections 2.4, 12.2; chapter 9.\n## Who"
    assert len(set_aside(aside)) == 1 + 2 + 2 + 7


def test_hidden_cryptography_and_dangerous_calls_are_seen():
    code = (
        "import pickle, hashlib\nfrom hashlib import md5\n"
        "from cryptography.hazmat.primitives.ciphers import Cipher\n"
        "hashlib.new('x'); eval('1'); os.system('x'); run('x', shell=True)\n"
    )
    found = list(ast.walk(ast.parse(code)))
    assert cryptography(found) == {"hashlib.md5", "hashlib.new", "Cipher"}
    assert sorted(dangerous(found)) == ["eval", "os.system", "pickle", "shell"]
