"""Whether a CRD's schema is structural: types everywhere, and no construct that pruning could not follow.

Kubernetes refuses others, and so must this server: pruning, defaulting and apply walk the schema and rely on it.
Defaults are checked against the schema that they stand in.
"""

from collections.abc import Iterator
from typing import Any

from .errors import Cause
from .schema import EMPTY, Schema, list_keys
from .validation import Checker, plain

FORBIDDEN = ("$ref", "definitions", "dependencies", "deprecated", "discriminator", "id", "patternProperties",
             "readOnly", "writeOnly", "xml", "additionalItems")  # fmt: skip
TYPES = frozenset({"array", "boolean", "integer", "number", "object", "string"})


def structural_causes(schema: Schema, path: str) -> Iterator[Cause]:
    """What is wrong with the schema of a whole object."""
    if schema.get("type") != "object":
        yield Cause(f"{path}.type", f'Invalid value: "{schema.get("type", "")}": must be object at the root')
    yield from _node(schema, path)


def _node(node: Any, path: str) -> Iterator[Cause]:
    if not isinstance(node, dict):
        yield Cause(path, "Invalid value: must be a schema object")
        return
    for member in FORBIDDEN:
        if node.get(member):
            yield Cause(f"{path}.{member}", f"Forbidden: {member} is not supported", "FieldValueForbidden")
    free = node.get("x-kubernetes-int-or-string") or node.get("x-kubernetes-preserve-unknown-fields")
    kind = node.get("type", "")
    if kind not in TYPES and not (free and not kind):
        yield Cause(
            f"{path}.type", "Required value: must not be empty for specified object fields", "FieldValueRequired"
        )
    if node.get("uniqueItems"):
        yield Cause(f"{path}.uniqueItems", "Forbidden: uniqueItems cannot be set to true", "FieldValueForbidden")
    if node.get("properties") and isinstance(node.get("additionalProperties"), dict):
        text = "Forbidden: additionalProperties and properties are mutual exclusive"
        yield Cause(f"{path}.additionalProperties", text, "FieldValueForbidden")
    if kind == "array" and "items" not in node:
        yield Cause(f"{path}.items", "Required value: must be specified", "FieldValueRequired")
    yield from _list_causes(node, path)
    yield from _default_causes(node, path)
    for name, inner in node.get("properties", EMPTY).items():
        yield from _node(inner, f"{path}.properties[{name}]")
    if isinstance(node.get("additionalProperties"), dict):
        yield from _node(node["additionalProperties"], f"{path}.additionalProperties")
    if isinstance(node.get("items"), dict):
        yield from _node(node["items"], f"{path}.items")


def _list_causes(node: Schema, path: str) -> Iterator[Cause]:
    kind = node.get("x-kubernetes-list-type")
    if kind is None:
        return
    if kind not in ("atomic", "map", "set"):
        text = f'Unsupported value: "{kind}": supported values: "atomic", "map", "set"'
        yield Cause(f"{path}.x-kubernetes-list-type", text, "FieldValueNotSupported")
    if kind == "map":
        where = f"{path}.x-kubernetes-list-map-keys"
        if not list_keys(node):
            yield Cause(
                where, "Required value: must not be empty if x-kubernetes-list-type is map", "FieldValueRequired"
            )
        inner = node.get("items", EMPTY)
        for i, key in enumerate(list_keys(node)):
            if key not in inner.get("properties", EMPTY):
                yield Cause(f"{where}[{i}]", f'Invalid value: "{key}": entries must all be names of item properties')
            elif key not in inner.get("required", ()) and "default" not in inner["properties"][key]:
                text = "Required value: a property in x-kubernetes-list-map-keys must have a default or be required"
                yield Cause(f"{path}.items.properties[{key}].default", text, "FieldValueRequired")


def _default_causes(node: Schema, path: str) -> Iterator[Cause]:
    if "default" not in node:
        return
    for cause in Checker(plain({"type": "object", "properties": {"default": node}}), builtin=False).causes(
        {"default": node["default"]}
    ):
        yield Cause(f"{path}.{cause.field}", cause.message, cause.reason)
