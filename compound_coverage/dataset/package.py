"""``datapackage.json``: the dataset described in the Data Package standard, from the models."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, get_args

from compound_coverage.dataset.schema import TABLES, Row
from compound_coverage.dataset.tables import columns_of

DESCRIPTOR = "datapackage.json"


Sums = Mapping[str, tuple[int, str]]


def descriptor(release: str = "", sums: Sums | None = None) -> dict[str, Any]:
    """The Data Package descriptor of the tables, ready for JSON.

    ``sums`` holds bytes and SHA-256 of each file, where they are handed out.
    """
    described: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "compound-coverage",
        "title": "How US health plans treat compounded medications",
        "description": (
            "Published coverage rules, each dated and cited, with the plans, medications and "
            "studies they bear on. An empty cell means not known."
        ),
    }
    if release:
        described["version"] = release.replace("-", ".")
        described["created"] = f"{release[:10]}T00:00:00Z"
    described["licenses"] = [
        {
            "name": "CC-BY-4.0",
            "title": "Creative Commons Attribution 4.0",
            "path": "https://creativecommons.org/licenses/by/4.0/",
        }
    ]
    described["resources"] = [_resource(model) | _sum(model, sums or {}) for model in TABLES]
    return described


def descriptor_bytes(release: str = "", sums: Sums | None = None) -> bytes:
    """The descriptor as it stands in the file."""
    return (json.dumps(descriptor(release, sums), indent=2, ensure_ascii=False) + "\n").encode()


def _sum(model: type[Row], sums: Sums) -> dict[str, Any]:
    if model.FILE not in sums:
        return {}
    size, digest = sums[model.FILE]
    return {"bytes": size, "hash": f"sha256:{digest}"}


def _resource(model: type[Row]) -> dict[str, Any]:
    return {
        "name": model.FILE.removesuffix(".csv").replace("_", "-"),
        "title": model.TITLE,
        "path": model.FILE,
        "type": "table",
        "format": "csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [field_of(model, column) for column in columns_of(model)],
            "primaryKey": list(model.KEY),
            "foreignKeys": [
                {
                    "fields": [column],
                    "reference": {
                        "resource": file.removesuffix(".csv").replace("_", "-"),
                        "fields": [target],
                    },
                }
                for column, (file, target) in model.REFERENCES.items()
            ],
            "missingValues": [""],
        },
    }


def field_of(model: type[Row], column: str) -> dict[str, Any]:
    """One column as the descriptor tells of it."""
    field = model.model_fields[column]
    described: dict[str, Any] = {
        "name": column,
        "type": "string",
        "description": field.description,
    }
    if field.examples:
        described["example"] = field.examples[0]
    constraints = _constraints(field.annotation, field.metadata)
    if constraints:
        described["constraints"] = constraints
    return described


def _constraints(annotation: Any, metadata: list[Any]) -> dict[str, Any]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return {"required": True, "enum": [member.value for member in annotation]}
    choices = [str(choice) for choice in get_args(annotation)]
    if choices:
        given = [choice for choice in choices if choice]
        return {"enum": given} if "" in choices else {"required": True, "enum": given}
    constraints: dict[str, Any] = {}
    for entry in metadata:
        pattern = getattr(entry, "pattern", None)
        if pattern:
            constraints["pattern"] = str(pattern)
            if not re.fullmatch(str(pattern), ""):
                constraints["required"] = True
        if getattr(entry, "min_length", None):
            constraints["required"] = True
    return constraints
