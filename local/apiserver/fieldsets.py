"""Sets of fields: which ones an object has, which ones a change touched, and the FieldsV1 form of a set.

A field is a tuple of FieldsV1 steps (`f:name`, `k:{keys}` of a map list's element, `v:value` of a set's), so a set of
fields is a plain Python set and ownership is set arithmetic. What the schema calls atomic is one field; so is a list
of unknown kind. What identifies an object or belongs to the server is never a field that somebody owns.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .codec import Body, decode, encode
from .schema import EMPTY, Schema, child, is_atomic, items, list_keys, list_type

Field = tuple[str, ...]
Fields = set[Field]

MEMBER = "."
META = "f:metadata"
UNOWNED = frozenset(
    {("f:apiVersion",), ("f:kind",)}
    | {(META, f"f:{name}") for name in ("name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
                                        "managedFields", "resourceVersion", "deletionTimestamp",
                                        "deletionGracePeriodSeconds")}
)  # fmt: skip


def owned(body: Body, node: Schema) -> Fields:
    """The fields of an object that a manager can own."""
    found: Fields = set()
    _collect(body, node, (), found)
    return {field for field in found if not _is_unowned(field)}


def _is_unowned(field: Field) -> bool:
    return field[:1] in UNOWNED or field[:2] in UNOWNED


def _collect(value: Any, node: Schema, path: Field, found: Fields) -> None:
    if isinstance(value, dict) and value and not (path and is_atomic(node)):
        for key, item in value.items():
            place = (*path, "f:" + key)
            if isinstance(item, (dict, list)):
                _collect(item, child(node, key) or EMPTY, place, found)
            else:
                found.add(place)
    elif isinstance(value, list) and value and list_type(node) in ("map", "set"):
        mapped, inner = list_type(node) == "map", items(node)
        for step, item in elements(value, node).items():
            found.add((*path, step))
            if mapped:
                _collect(item, inner, (*path, step), found)
    else:
        found.add(path)


def elements(found: Iterable[Any], node: Schema) -> dict[str, Any]:
    """The elements of a merged list by their steps."""
    if list_type(node) == "set":
        return {"v:" + encode(item).decode(): item for item in found}
    return {_key_step(item, node): item for item in found}


def _key_step(item: Any, node: Schema) -> str:
    keys: dict[str, Any] = {}
    properties = items(node).get("properties", EMPTY)
    for key in sorted(list_keys(node)):
        if isinstance(item, dict) and item.get(key) is not None:
            keys[key] = item[key]
        elif "default" in properties.get(key, EMPTY):
            keys[key] = properties[key]["default"]
    return "k:" + encode(keys).decode()


def difference(old: Body, new: Body, node: Schema) -> tuple[Fields, Fields]:
    """The fields that a change set, and those that it removed."""
    changed: Fields = set()
    removed: Fields = set()
    _compare(old, new, node, (), changed, removed)
    return {field for field in changed if not _is_unowned(field)}, {f for f in removed if not _is_unowned(f)}


def _compare(old: Any, new: Any, node: Schema, path: Field, changed: Fields, removed: Fields) -> None:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and not (is_atomic(node) and path):
        before: Mapping[str, Any] = {f"f:{key}": item for key, item in old.items()}
        after: Mapping[str, Any] = {f"f:{key}": item for key, item in new.items()}
    elif isinstance(old, list) and isinstance(new, list) and list_type(node) in ("map", "set"):
        before, after = elements(old, node), elements(new, node)
    else:
        changed.add(path)
        if isinstance(old, (dict, list)):
            _collect(old, node, path, removed)
            removed.discard(path)
        return
    for step, item in after.items():
        inner = items(node) if not step.startswith("f:") else child(node, step[2:]) or EMPTY
        if step in before:
            _compare(before[step], item, inner, (*path, step), changed, removed)
        else:
            _note(item, inner, (*path, step), changed)
    for step in before.keys() - after.keys():
        inner = items(node) if not step.startswith("f:") else child(node, step[2:]) or EMPTY
        _note(before[step], inner, (*path, step), removed)


def _note(item: Any, node: Schema, path: Field, found: Fields) -> None:
    if not path[-1].startswith("f:"):
        found.add(path)
    if not path[-1].startswith("v:"):
        _collect(item, node, path, found)


def flatten(tree: Mapping[str, Any]) -> Fields:
    """A set from its FieldsV1 form."""
    found: Fields = set()

    def walk(node: Mapping[str, Any], path: Field) -> None:
        for step, inner in node.items():
            if step == MEMBER:
                found.add(path)
            elif inner:
                walk(inner, (*path, step))
            else:
                found.add((*path, step))

    walk(tree, ())
    return found


def build(found: Iterable[Field]) -> dict[str, Any]:
    """The FieldsV1 form of a set."""
    tree: dict[str, Any] = {}
    for field in sorted(found):
        node = tree
        for step in field[:-1]:
            inner = node.get(step)
            if inner is None:
                inner = node[step] = {}
            elif not inner:
                inner[MEMBER] = {}
            node = inner
        node[field[-1]] = {}
    return tree


def dotted(field: Field) -> str:
    """A field as conflict messages name it."""
    text = ""
    for step in field:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "v":
            text += f"[={rest}]"
        else:
            keys = decode(rest.encode())
            text += "[" + ",".join(f"{key}={encode(value).decode()}" for key, value in keys.items()) + "]"
    return text
