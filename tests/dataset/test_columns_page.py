"""``coverage_data/README.md`` speaks of every column in the models' words, with an example."""

import re
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from compound_coverage.dataset.load import BUNDLED
from compound_coverage.dataset.schema import TABLES
from compound_coverage.dataset.tables import columns_of, read_tables
from tools.columns import PAGE, with_columns

LINE = re.compile(r"^\| `(\w+)` \| (.+) \| (`.+`) \|$", re.MULTILINE)


def sections():
    page = PAGE.read_text(encoding="utf-8")
    return dict(
        re.findall(r"^### (\S+\.csv)\n(.*?)(?=^### |<!-- end)", page, re.MULTILINE | re.DOTALL)
    )


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.FILE)
def test_each_column_is_explained_with_an_example_that_fits(model):
    lines = LINE.findall(sections()[model.FILE])
    assert [name for name, _, _ in lines] == columns_of(model)
    for name, described, example in lines:
        field = model.model_fields[name]
        assert described.replace("\\|", "|").startswith(field.description)
        shown = example.strip("`").replace("\\|", "|")
        if not shown.endswith(" ..."):
            kind: Any = (
                Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            )
            TypeAdapter(kind).validate_python(shown)


def test_writing_it_anew_keeps_the_words_around(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    again = with_columns(page, read_tables(BUNDLED)[0])
    assert again.split("## Columns")[0] == page.split("## Columns")[0]
    assert again.endswith("<!-- end of columns -->\n")
