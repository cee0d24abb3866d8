"""Lists of type `map` and `set` hold each key once, in Kubernetes' words.

JSON Schema cannot say it of a map list's keys. Apply merges such lists by key, so a list that holds one twice would
merge into something that nobody asked for. Custom kinds are looked at, but for their metadata, as on a real server.
"""

import json
from collections.abc import Iterator
from typing import Any

from .errors import Cause
from .schema import Schema, child, items, list_keys, list_type


def duplicate_causes(value: Any, node: Schema, path: str = "") -> Iterator[Cause]:
    """The first repetition of each key or element, list by list."""
    if isinstance(value, dict):
        for name, item in value.items():
            inner = child(node, name) if isinstance(item, (dict, list)) else None
            if inner:
                yield from duplicate_causes(item, inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield from _repeated(value, node, path)
        inner = items(node)
        for i, item in enumerate(value if inner else ()):
            yield from duplicate_causes(item, inner, f"{path}[{i}]")


def _repeated(value: list[Any], node: Schema, path: str) -> Iterator[Cause]:
    kind, keys = list_type(node), list_keys(node)
    if kind not in ("map", "set"):
        return
    seen: dict[str, int] = {}
    for i, item in enumerate(value):
        whole = kind == "set" or not isinstance(item, dict)
        shown = json.dumps(item if whole else {key: item.get(key) for key in keys}, ensure_ascii=False, sort_keys=True)
        seen[shown] = seen.get(shown, 0) + 1
        if seen[shown] == 2:
            yield Cause(f"{path}[{i}]", f"Duplicate value: {shown}", "FieldValueDuplicate")
