"""Shape a client's object to its schema: drop what the schema does not know, fill in its defaults.

Pruning is not cosmetic: without it a misspelt field would be kept and ignored for ever. What was dropped is returned,
for the warning or the refusal that the client asked for. Defaulting fills absent members only, and descends into
objects that are there or that a default created, as structural schemas demand. Both change the object in place.
"""

import copy
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


def default(value: Any, node: Schema) -> None:
    """Fill in the schema's defaults; a null that is not allowed and has a default is replaced by it."""
    if isinstance(value, dict):
        for key, known in node.get("properties", EMPTY).items():
            if "default" in known and (key not in value or (value[key] is None and not known.get("nullable"))):
                value[key] = copy.deepcopy(known["default"])
            if key in value:
                default(value[key], known)
        extra = node.get("additionalProperties")
        if isinstance(extra, dict):
            for key in value.keys() - node.get("properties", EMPTY).keys():
                default(value[key], extra)
    elif isinstance(value, list):
        inner = items(node)
        if inner:
            for item in value:
                default(item, inner)
