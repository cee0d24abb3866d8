"""The schema of `status` from the custom resource definition, checked strictly: what it does not name is an error.

The API server would drop an unknown field without a word; here the test that wrote it fails. Only what the
schema uses is understood: types, properties, required, enum, the bounds of strings, numbers and lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CRD = Path(__file__).parents[2] / "k8s" / "crd.yaml"
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
}


@cache
def status_schema() -> Mapping[str, Any]:
    """Return the schema of `status`."""
    body = yaml.safe_load(CRD.read_text())
    schema = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return dict(schema["properties"]["status"])


def faults(value: Any, schema: Mapping[str, Any], path: str = "status") -> Iterator[str]:
    """Yield what the schema has against this value."""
    if not isinstance(value, TYPES[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        yield f"{path} is {value!r} and no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is {value!r}"
    if isinstance(value, str) and len(value) > schema.get("maxLength", 1 << 30):
        yield f"{path} has {len(value)} characters"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path} is {value}"
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", 1 << 30):
            yield f"{path} has {len(value)} items"
        for number, item in enumerate(value):
            yield from faults(item, schema["items"], f"{path}[{number}]")
    if isinstance(value, dict):
        yield from (f"{path} lacks {name}" for name in schema.get("required", ()) if name not in value)
        known = schema.get("properties", {})
        for name, item in value.items():
            if name in known:
                yield from faults(item, known[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is unknown"


def check_status(status: Mapping[str, Any]) -> None:
    """Fail for a status that the API server would refuse or cut."""
    assert list(faults(dict(status), status_schema())) == []
