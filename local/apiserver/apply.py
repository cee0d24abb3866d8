"""Server-side apply: what one manager wants of an object, merged into what is there.

The schema says how: objects by member, map lists by key, sets by value, all else as one value. A value that another
manager owns and that would change is a conflict, unless it is forced. What the manager listed the last time and no
longer lists goes, unless somebody else owns it, too. Who owns what afterwards is written down by `ownership`.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codec import Body
from .errors import BadRequest, Cause, Conflict
from .fieldsets import Field, Fields, build, difference, dotted, elements, flatten, owned
from .ownership import APPLY, Manager, identity, schema_of
from .pruning import drop_nulls, prune
from .routing import Target
from .schema import EMPTY, Schema, child, is_atomic, items, list_type


@dataclass(frozen=True, slots=True)
class Applied:
    """One manager's wish."""

    config: Body
    node: Schema
    name: str
    fields: frozenset[Field]
    subresource: str
    force: bool

    def manager(self) -> Manager:
        """The manager, with what it lists."""
        return Manager(self.name, self.fields)

    def fresh(self) -> Body:
        """The first version of an object that is not there."""
        return copy.deepcopy(self.config)

    def merge(self, live: Body) -> Body:
        """The next version of an object that is there."""
        entries = live["metadata"].get("managedFields") or []
        merged: Body = _merge(copy.deepcopy(live), self.config, self.node, root=True)
        own = (self.name, APPLY, self.subresource)
        mine = next((flatten(entry["fieldsV1"]) for entry in entries if identity(entry) == own), set())
        others = {identity(entry): entry for entry in entries if identity(entry) != own}
        lost = mine - self.fields
        for entry in others.values():
            lost -= flatten(entry.get("fieldsV1") or {})
        kept = set(self.fields).union(*(flatten(entry.get("fieldsV1") or {}) for entry in others.values()))
        _drop(merged, build(lost), kept, (), self.node)
        if not self.force:
            changed, _ = difference(live, merged, self.node)
            _refuse_conflicts(changed, others)
        return merged


def prepare_apply(patch: Any, target: Target, name: str, *, force: bool) -> Applied:
    """Check a client's configuration and take what it lists."""
    resource = target.resource
    if not isinstance(patch, dict):
        raise BadRequest("an apply configuration must be an object")
    for member, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        if patch.get(member) != expected:
            raise BadRequest(f"the {member} in the configuration ({patch.get(member)}) must be {expected}")
    meta = patch.setdefault("metadata", {})
    if not isinstance(meta, dict):
        raise BadRequest("metadata must be an object")
    if meta.get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    node = schema_of(resource)
    if not resource.custom:
        drop_nulls(patch)
    unknown = prune(patch, node)
    if unknown:
        raise BadRequest(f"failed to create typed patch object: .{unknown[0]}: field not declared in schema")
    listed = frozenset(field for field in owned(patch, node) if _is_in_reach(field, target))
    return Applied(patch, node, name, listed, target.subresource, force)


def _is_in_reach(field: Field, target: Target) -> bool:
    """Whether this door lets the field through at all."""
    if target.subresource == "status":
        return field[0] == "f:status"
    return field[0] != "f:status" or not target.resource.has_status


def _merge(live: Any, wish: Any, node: Schema, *, root: bool = False) -> Any:
    if isinstance(live, dict) and isinstance(wish, dict) and (root or not is_atomic(node)):
        for key, value in wish.items():
            live[key] = _merge(live.get(key), value, child(node, key) or EMPTY)
        return live
    if isinstance(live, list) and isinstance(wish, list) and list_type(node) in ("map", "set"):
        present, wanted = elements(live, node), elements(wish, node)
        for step, item in wanted.items():
            mapped = step in present and list_type(node) == "map"
            present[step] = _merge(present[step], item, items(node)) if mapped else copy.deepcopy(item)
        return list(present.values())
    return copy.deepcopy(wish)


def _drop(value: Any, lost: Mapping[str, Any], kept: Fields, path: Field, node: Schema) -> Any:
    """Remove the fields of a FieldsV1 tree, but nothing that holds a field somebody keeps."""
    if isinstance(value, dict):
        for step, inner in lost.items():
            key, place = step[2:], (*path, step)
            if step == "." or key not in value:
                continue
            value[key] = _drop(value[key], inner, kept, place, child(node, key) or EMPTY)
            if _goes(inner, value[key], kept, place):
                del value[key]
    elif isinstance(value, list) and list_type(node) in ("map", "set"):
        remaining = elements(value, node)
        for step, inner in lost.items():
            place = (*path, step)
            if step in remaining:
                remaining[step] = _drop(remaining[step], inner, kept, place, items(node))
                if _goes(inner, remaining[step], kept, place):
                    del remaining[step]
        return list(remaining.values())
    return value


def _goes(inner: Mapping[str, Any], value: Any, kept: Fields, place: Field) -> bool:
    """Whether a field that was given up can go: it was a field itself, or it is empty now, and nobody keeps it."""
    given_up = not inner or "." in inner or value in ({}, [])
    return given_up and not any(field[: len(place)] == place for field in kept)


def _refuse_conflicts(changed: Fields, others: Mapping[tuple[str, str, str], Body]) -> None:
    causes: list[Cause] = []
    for entry in others.values():
        title = f'conflict with "{entry.get("manager")}"'
        if entry.get("subresource"):
            title += f' with subresource "{entry["subresource"]}"'
        if entry.get("operation") != APPLY:
            title += f" using {entry.get('apiVersion')} at {entry.get('time')}"
        shared = changed & flatten(entry.get("fieldsV1") or {})
        causes += [Cause(dotted(field), title, "FieldManagerConflict") for field in sorted(shared)]
    if not causes:
        return
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    lines = [f"{cause.message}: {cause.field}" for cause in causes]
    text = lines[0] if len(lines) == 1 else "conflicts:\n- " + "\n- ".join(lines)
    raise Conflict(f"Apply failed with {count}: {text}", causes=causes)
