"""Check the values of an object against its schema, in Kubernetes' words.

jsonschema-rs does the checking (microseconds an object, all errors at once); here its errors become the causes that a
real API server would give. A built-in kind whose types are wrong could not even be decoded there: that is 400. On an
update, what was already wrong and has not been touched is let through (CRD validation ratcheting), so that a schema
that became stricter does not lock up the objects that exist.
"""

import functools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import jsonschema_rs

from .codec import Body
from .errors import BadRequest, Cause
from .schema import META, OBJECT_META, Schema, definition_name, definitions

FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "byte"})
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
PASSED = ("description", "default", "example", "title", "externalDocs", "nullable", "id", "$schema")
MISSING = object()
SHORT = 300

Path = Sequence[str | int]


class Checker:
    """A compiled schema."""

    def __init__(self, schema: Schema, *, builtin: bool) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=not builtin)
        self._builtin = builtin

    def causes(self, body: Body, old: Body | None = None) -> list[Cause]:
        """What is wrong; nothing in the usual case, at the price of one fast call."""
        if self._validator.is_valid(body):
            return []
        found: list[Cause] = []
        for error in self._validator.iter_errors(body):
            path = tuple(error.instance_path)
            value = at(body, path)
            if self._builtin and error.kind.name == "type":
                kind = json_type(value)
                raise BadRequest(
                    f"cannot decode {dotted(path)}: {kind} where {error.kind.as_dict().get('types')} is due"
                )
            if old is not None and value is not MISSING and at(old, path) == value:
                continue
            found += _causes(error, path, value)
        return found


@functools.cache
def builtin_checker(group: str, version: str, kind: str) -> Checker:
    """The checker of a built-in kind."""
    name = definition_name(group, version, kind)
    return Checker({"$ref": f"#/definitions/{name}", "definitions": _builtin_definitions()}, builtin=True)


@functools.cache
def _builtin_definitions() -> Schema:
    return {name: plain(node) for name, node in definitions().items()}


def custom_checker(root: Schema) -> Checker:
    """The checker of a custom kind; what is in metadata is checked as for any object."""
    shaped = plain(root)
    meta = {name: plain(node) for name, node in definitions().items() if name.startswith(META)}
    base = {"metadata": {"$ref": f"#/definitions/{OBJECT_META}"}, "kind": {"type": "string"}}
    shaped["properties"] = shaped.get("properties", {}) | base
    return Checker(shaped | {"definitions": meta}, builtin=False)


def plain(node: Any) -> Any:
    """JSON Schema from a structural schema: nullable, int-or-string and unknown formats are said differently there."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    shaped = {key: _part(key, value) for key, value in node.items() if not _is_passed(key)}
    if node.get("x-kubernetes-int-or-string"):
        shaped.pop("type", None)
        shaped.setdefault("anyOf", INT_OR_STRING)
    if shaped.get("format") not in FORMATS:
        shaped.pop("format", None)
    _separate_limits(shaped)
    if node.get("nullable") is True:
        return {"anyOf": [{"type": "null"}, shaped]} if "type" not in shaped else _with_null(shaped)
    return shaped


def _is_passed(key: str) -> bool:
    return key in PASSED or key.startswith("x-kubernetes-")


def _part(key: str, value: Any) -> Any:
    if key in ("properties", "definitions") and isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value if key == "enum" else plain(value)


def _separate_limits(shaped: Schema) -> None:
    """Say exclusive limits as JSON Schema does since draft 6."""
    for limit in ("minimum", "maximum"):
        exclusive = "exclusive" + limit.capitalize()
        if shaped.get(exclusive) is True:
            shaped[exclusive] = shaped.pop(limit)
        elif shaped.get(exclusive) is False:
            del shaped[exclusive]


def _with_null(shaped: Schema) -> Schema:
    widened = shaped | {"type": [shaped["type"], "null"]}
    if "enum" in shaped:
        widened["enum"] = [*shaped["enum"], None]
    return widened


def at(body: Any, path: Path) -> Any:
    """The value at a path, or MISSING."""
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return body


def dotted(path: Path) -> str:
    """A path as causes write it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def shown(value: Any) -> str:
    """A value as messages quote it, cut short."""
    quoted = json.dumps(value, ensure_ascii=False) if value is not MISSING else "null"
    return quoted if len(quoted) <= SHORT else quoted[:SHORT] + "..."


def _causes(error: jsonschema_rs.ValidationError, path: Path, value: Any) -> Iterable[Cause]:
    field, detail = dotted(path), error.kind.as_dict()
    inner = field or "<root>"
    match error.kind.name:
        case "required":
            name = detail["property"]
            yield Cause(dotted([*path, name]), "Required value", "FieldValueRequired")
        case "enum":
            options = ", ".join(shown(option) for option in detail["options"] if option is not None)
            yield Cause(
                field, f"Unsupported value: {shown(value)}: supported values: {options}", "FieldValueNotSupported"
            )
        case "type":
            wanted, found = error_types(detail), shown(json_type(value))
            text = f"Invalid value: {found}: {inner} in body must be of type {wanted}: {found}"
            yield Cause(field, text, "FieldValueTypeInvalid")
        case "maxLength":
            yield Cause(field, f"Too long: may not be more than {detail['limit']} bytes", "FieldValueTooLong")
        case "maxItems" | "maxProperties":
            size = len(value)
            yield Cause(field, f"Too many: {size}: must have at most {detail['limit']} items", "FieldValueTooMany")
        case name:
            text = f"{inner} in body {_rule(name, detail)}"
            yield Cause(field, f"Invalid value: {shown(value)}: {text}")


def error_types(detail: dict[str, Any]) -> str:
    """The wanted type; null goes without saying."""
    types = detail.get("types") or [detail.get("type", "")]
    return ",".join(str(name) for name in types if name != "null")


def _rule(name: str, detail: dict[str, Any]) -> str:
    limit = detail.get("limit")
    rules = {
        "minLength": f"should be at least {limit} chars long",
        "minimum": f"should be greater than or equal to {limit}",
        "maximum": f"should be less than or equal to {limit}",
        "exclusiveMinimum": f"should be greater than {limit}",
        "exclusiveMaximum": f"should be less than {limit}",
        "pattern": f"should match '{detail.get('pattern')}'",
        "minItems": f"should have at least {limit} items",
        "minProperties": f"should have at least {limit} properties",
        "multipleOf": f"should be a multiple of {detail.get('multiple_of')}",
        "format": f"must be of type {detail.get('format')}",
        "uniqueItems": "shouldn't contain duplicates",
        "anyOf": "must validate at least one schema (anyOf)",
        "oneOf": "must validate one and only one schema (oneOf)",
        "oneOfNotValid": "must validate one and only one schema (oneOf)",
        "oneOfMultipleValid": "must validate one and only one schema (oneOf)",
        "not": "must not validate the schema (not)",
    }
    return rules.get(name, f"breaks the rule {name}")
