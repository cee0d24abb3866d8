"""managedFields: who owns which field of an object, kept up to date by every write.

A plain write (create, update, patch) makes its manager the owner of what it changed and takes that from all others; an
apply owns exactly what it listed (`apply` has refused the conflicts before). Entries without fields disappear; an
entry's time moves only when its fields do, so that a write that changes nothing stays one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codec import Body, now
from .fieldsets import Fields, build, difference, flatten, owned
from .resources import Resource
from .schema import EMPTY, Schema, of_builtin

APPLY, UPDATE = "Apply", "Update"
Identity = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Manager:
    """Who writes, and in an apply, what it listed."""

    name: str = "unknown"
    applied: frozenset[tuple[str, ...]] | None = None

    @property
    def operation(self) -> str:
        """How it writes."""
        return UPDATE if self.applied is None else APPLY


def schema_of(resource: Resource) -> Schema:
    """The schema that says what is one field."""
    if resource.custom:
        return resource.schema or EMPTY
    return of_builtin(resource.group, resource.version, resource.kind) or EMPTY


def track(
    body: Body, old: Body | None, owners: list[Body], resource: Resource, manager: Manager, subresource: str
) -> list[Body]:
    """The owners of a body whose content is settled, from those of the old one."""
    node, stamp = schema_of(resource), now()
    entries = {identity(entry): entry for entry in owners}
    own: Identity = (manager.name, manager.operation, subresource)
    changed, removed = difference(old, body, node) if old is not None else (owned(body, node), set())
    lost = changed | removed
    touched = {field[0] for field in lost}
    for key, entry in list(entries.items()):
        if key != own and not touched.isdisjoint(entry.get("fieldsV1") or ()):
            _settle(entries, key, entry, flatten(entry["fieldsV1"]) - lost, stamp)
    mine = entries.get(own, {})
    if manager.applied is not None:
        wanted = set(manager.applied)
    else:
        wanted = (flatten(mine.get("fieldsV1") or {}) | changed) - removed
    base = {"manager": manager.name, "operation": manager.operation, "apiVersion": resource.api_version}
    _settle(entries, own, base | mine, wanted, stamp, subresource)
    return list(entries.values())


def identity(entry: Mapping[str, Any]) -> Identity:
    """What tells one entry from another."""
    return entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")


def _settle(
    entries: dict[Identity, Body], key: Identity, entry: Body, wanted: Fields, stamp: str, subresource: str = ""
) -> None:
    """Put an entry's new fields in its place, or drop it when none are left."""
    if not wanted:
        entries.pop(key, None)
        return
    present = entry.get("fieldsV1")
    if present is not None and flatten(present) == wanted:
        entries[key] = entry
        return
    fresh = entry | {"time": stamp, "fieldsType": "FieldsV1", "fieldsV1": build(wanted)}
    if subresource:
        fresh["subresource"] = subresource
    entries[key] = fresh
