"""The definition in k8s/crd.yaml, read once, and the names of all its fields.

A field is named as people write it: `spec.input.path`, and `status.conditions[].type` inside a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CRD_FILE = ROOT / "k8s" / "crd.yaml"
EXAMPLES = ROOT / "k8s" / "examples"

Json = dict[str, Any]

CRD: Json = yaml.safe_load(CRD_FILE.read_text(encoding="utf-8"))
V1: Json = CRD["spec"]["versions"][0]
SCHEMA: Json = V1["schema"]["openAPIV3Schema"]


def fields(part: str) -> dict[str, Json]:
    """Return every field beneath `spec` or `status`, by its name, with its schema."""
    return dict(_walk(part, SCHEMA["properties"][part]))


def _walk(name: str, node: Json) -> Iterator[tuple[str, Json]]:
    if "items" in node:
        yield from _walk(f"{name}[]", node["items"])
    for child, schema in node.get("properties", {}).items():
        yield f"{name}.{child}", schema
        yield from _walk(f"{name}.{child}", schema)


def leaves(name: str, value: Any) -> Iterator[str]:
    """Return the names of the fields that a value holds, beginning with its own."""
    yield name
    if isinstance(value, dict):
        for child, inner in value.items():
            yield from leaves(f"{name}.{child}", inner)
    elif isinstance(value, list):
        for inner in value:
            for found in leaves(f"{name}[]", inner):
                if found != f"{name}[]":
                    yield found
