"""The descriptor follows the Data Package standard and the tables follow the descriptor."""

import csv
import json
import re

from compound_coverage.dataset.load import BUNDLED
from compound_coverage.dataset.package import DESCRIPTOR, descriptor


def test_every_column_is_described_and_typed():
    for resource in descriptor()["resources"]:
        for field in resource["schema"]["fields"]:
            assert field["description"], (resource["path"], field["name"])
            assert field["type"] == "string"


def test_references_point_at_columns_that_exist():
    columns = {
        resource["name"]: {field["name"] for field in resource["schema"]["fields"]}
        for resource in descriptor()["resources"]
    }
    for resource in descriptor()["resources"]:
        for key in resource["schema"]["foreignKeys"]:
            [target] = key["reference"]["fields"]
            assert target in columns[key["reference"]["resource"]]


def test_the_published_tables_fit_the_published_descriptor():
    """Read as a stranger would: from the descriptor alone, without our own models."""
    package = json.loads((BUNDLED / DESCRIPTOR).read_text(encoding="utf-8"))
    cells = 0
    for resource in package["resources"]:
        with (BUNDLED / resource["path"]).open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        for row in rows:
            for field in resource["schema"]["fields"]:
                cells += 1
                value, limits = row[field["name"]], field.get("constraints", {})
                where = (resource["path"], row, field["name"])
                assert value or not limits.get("required"), where
                if value and "enum" in limits:
                    assert value in limits["enum"], where
                if value and "pattern" in limits:
                    assert re.fullmatch(limits["pattern"], value), where
    assert cells > 1000
