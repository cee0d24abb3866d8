"""Shape a client's object to its schema: drop what the schema does not know, fill in its defaults.

Pruning is not cosmetic: without it a misspelt field would be kept and ignored for ever. What was dropped is returned,
for the warning or the refusal that the client asked for. Defaulting fills absent members only, and descends into
objects that are there or that a default created, as structural schemas demand. Both change the object in place.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .schema import EMPTY, Schema, child, items, keeps_unknown


def prune(value: Any, node: Schema, path: str = "") -> list[str]:
    """Drop unknown members; returns their paths."""
    if isinstance(value, dict):
        return _prune_object(value, node, path)
    if isinstance(value, list):
        inner = items(node)
        if not inner:
            return []
        return [found for i, item in enumerate(value) for found in prune(item, inner, f"{path}[{i}]")]
    return []


def _prune_object(value: dict[str, Any], node: Schema, path: str) -> list[str]:
    dropped: list[str] = []
    properties = node.get("properties", EMPTY)
    keeps = keeps_unknown(node)
    if keeps and not properties:
        return dropped
    if node.get("x-kubernetes-embedded-resource"):
        properties = {"apiVersion": EMPTY, "kind": EMPTY, "metadata": EMPTY} | properties
    for key in tuple(value):
        known = properties.get(key)
        if known is None:
            known = child(node, key)
        where = f"{path}.{key}" if path else key
        if known is None:
            del value[key]
            dropped.append(where)
        elif isinstance(value[key], (dict, list)):
            dropped += prune(value[key], known, where)
    return dropped


def drop_nulls(value: Any) -> None:
    """Take null for absent, as the decoding of built-in kinds does."""
    if isinstance(value, dict):
        for key in tuple(value):
            if value[key] is None:
                del value[key]
            else:
                drop_nulls(value[key])
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The part of a schema that leads to defaults; most of a schema does not."""

    value: Any = None
    has_value: bool = False
    nullable: bool = False
    members: Mapping[str, "Defaults"] = field(default_factory=dict)
    rest: "Defaults | None" = None
    items: "Defaults | None" = None


def compile_defaults(node: Schema) -> Defaults | None:
    """The defaults of a schema as a tree; None where it has none."""
    found = {name: compile_defaults(inner) for name, inner in node.get("properties", EMPTY).items()}
    members = {name: inner for name, inner in found.items() if inner is not None}
    extra = node.get("additionalProperties")
    rest = compile_defaults(extra) if isinstance(extra, dict) else None
    inner = compile_defaults(items(node)) if items(node) else None
    if "default" not in node and not members and rest is None and inner is None:
        return None
    nullable = bool(node.get("nullable"))
    return Defaults(node.get("default"), "default" in node, nullable, members, rest, inner)


def default(value: Any, tree: Defaults) -> None:
    """Fill in the defaults; a null that is not allowed and has a default is replaced by it."""
    if isinstance(value, dict):
        for key, known in tree.members.items():
            if known.has_value and (key not in value or (value[key] is None and not known.nullable)):
                value[key] = copy.deepcopy(known.value)
            if key in value:
                default(value[key], known)
        if tree.rest is not None:
            for key in value.keys() - tree.members.keys():
                default(value[key], tree.rest)
    elif isinstance(value, list) and tree.items is not None:
        for item in value:
            default(item, tree.items)
