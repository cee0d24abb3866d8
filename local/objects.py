"""Reading Kubernetes objects as the plain dictionaries they are on the wire.

No model classes: the parts pass on fields that they do not know. Only pure functions live here; the clock
is an argument wherever a time is wanted. Times are whole seconds in UTC on the wire, as metav1.Time is,
with microseconds for MicroTime.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Key = tuple[str, str]


def meta(obj: Mapping[str, Any]) -> Json:
    """The metadata, empty where an object has none."""
    found: Json = obj.get("metadata") or {}
    return found


def spec(obj: Mapping[str, Any]) -> Json:
    """The spec, empty where an object has none."""
    found: Json = obj.get("spec") or {}
    return found


def status(obj: Mapping[str, Any]) -> Json:
    """The status, empty where an object has none yet."""
    found: Json = obj.get("status") or {}
    return found


def name(obj: Mapping[str, Any]) -> str:
    """The name within its namespace."""
    return str(meta(obj).get("name") or "")


def namespace(obj: Mapping[str, Any]) -> str:
    """The namespace, empty for what belongs to the cluster."""
    return str(meta(obj).get("namespace") or "")


def uid(obj: Mapping[str, Any]) -> str:
    """The uid: another object of the same name has another."""
    return str(meta(obj).get("uid") or "")


def key(obj: Mapping[str, Any]) -> Key:
    """Namespace and name, the index of every cache."""
    return namespace(obj), name(obj)


def version(obj: Mapping[str, Any]) -> int:
    """The resourceVersion as a number: versions of one kind can be compared."""
    text = str(meta(obj).get("resourceVersion") or "0")
    return int(text) if text.isdecimal() else 0


def labels(obj: Mapping[str, Any]) -> dict[str, str]:
    """The labels, empty where there are none."""
    return meta(obj).get("labels") or {}


def annotations(obj: Mapping[str, Any]) -> dict[str, str]:
    """The annotations, empty where there are none."""
    return meta(obj).get("annotations") or {}


def deleting(obj: Mapping[str, Any]) -> bool:
    """Whether somebody has asked for its deletion."""
    return bool(meta(obj).get("deletionTimestamp"))


def controller(obj: Mapping[str, Any]) -> Json | None:
    """The owner reference of the controller, if the object has one."""
    for owner in meta(obj).get("ownerReferences") or []:
        if owner.get("controller"):
            found: Json = owner
            return found
    return None


def condition(obj: Mapping[str, Any], kind: str) -> Json | None:
    """The condition of that type, whatever its status."""
    for entry in status(obj).get("conditions") or []:
        if entry.get("type") == kind:
            found: Json = entry
            return found
    return None


def condition_true(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether the condition of that type is there and True."""
    found = condition(obj, kind)
    return found is not None and found.get("status") == "True"


def parse_time(text: str) -> datetime:
    """A metav1.Time or MicroTime as an aware datetime."""
    return datetime.fromisoformat(text)


def format_time(moment: datetime) -> str:
    """A datetime as a metav1.Time: whole seconds, rounded down."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_microtime(moment: datetime) -> str:
    """A datetime as a metav1.MicroTime, which Leases and events use."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def merge_patch(old: Any, new: Any) -> Any:
    """The JSON merge patch that turns one value into the other; an empty dictionary where nothing differs."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch: Json = {field: None for field in old if field not in new}
    for field, value in new.items():
        if field not in old:
            patch[field] = value
        elif old[field] != value:
            patch[field] = merge_patch(old[field], value)
    return patch


def selects(selector: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (matchLabels and matchExpressions) takes an object with these labels."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    if any(found.get(label) != value for label, value in wanted.items()):
        return False
    return expressions_match(selector.get("matchExpressions") or [], found)


def expressions_match(expressions: Iterable[Mapping[str, Any]], found: Mapping[str, str]) -> bool:
    """Whether all expressions hold; Gt and Lt, which only node selectors know, are included."""
    return all(_expression_holds(one, found) for one in expressions)


def _expression_holds(expression: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    label, operator = str(expression.get("key")), str(expression.get("operator"))
    values = [str(value) for value in expression.get("values") or []]
    present, value = label in found, found.get(label, "")
    if operator == "In":
        return present and value in values
    if operator == "NotIn":
        return not present or value not in values
    if operator == "Exists":
        return present
    if operator == "DoesNotExist":
        return not present
    if operator in ("Gt", "Lt") and present and value.lstrip("-").isdecimal() and len(values) == 1:
        return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    return False
