"""`x-kubernetes-validations`: CEL rules on the nodes of a custom schema, compiled once, evaluated on each write.

Only the part of the schema that leads to rules is kept, as a small tree. A rule that speaks of `oldSelf` is a
transition rule: it runs only where an old value corresponds (through properties, map keys and the keys of map lists),
or always with `optionalOldSelf`. A rule that does not is skipped where nothing changed: the value was accepted once,
and ratcheting would forgive it anyway.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import cel
from .codec import Body
from .errors import Cause
from .schema import EMPTY, Schema, items, list_keys, list_type
from .validation import shown

RESERVED = frozenset(
    "true false null in as break const continue else for function if import let loop package namespace return var "
    "void while".split()
)
ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
OLD = re.compile(r"\boldSelf\b")
ABSENT = object()
TITLES = {
    "FieldValueInvalid": "Invalid value: {}",
    "FieldValueForbidden": "Forbidden: ",
    "FieldValueRequired": "Required value: ",
    "FieldValueDuplicate": "Duplicate value: {}",
}

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule."""

    text: str
    holds: cel.Evaluate
    message: str
    compose: cel.Evaluate | None
    reason: str
    field_path: str
    transition: bool
    optional_old: bool


@dataclass(slots=True)
class Node:
    """A schema node with rules in it or beneath it."""

    schema: Schema
    path: str
    rules: list[Rule] = field(default_factory=list)
    members: dict[str, "Node"] = field(default_factory=dict)
    extra: "Node | None" = None
    items: "Node | None" = None
    convert: Convert | None = None

    def see(self, value: Any, path: str) -> Any:
        """A value of this node as its rules see it."""
        if kind_of(self.schema) == "timestamp":
            return datetime.datetime.fromisoformat(value)
        whole = value if path else _root(value)
        return whole if self.convert is None else self.convert(whole)


def compile_rules(schema: Schema) -> tuple["Node | None", list[Cause]]:
    """The rules of a schema as a tree, and what is wrong with them."""
    causes: list[Cause] = []
    return _compile(schema, "", causes), causes


def _compile(schema: Schema, path: str, causes: list[Cause]) -> Node | None:
    node = Node(schema, path, convert=converter(schema) if "x-kubernetes-validations" in schema else None)
    for i, rule in enumerate(schema.get("x-kubernetes-validations", ())):
        where = f"{path}.x-kubernetes-validations[{i}]".lstrip(".")
        try:
            node.rules.append(_rule(rule, kind_of(schema)))
        except cel.CelError as error:
            causes.append(Cause(f"{where}.rule", f'Invalid value: "{rule.get("rule")}": {error}'))
    for name, inner in schema.get("properties", EMPTY).items():
        if found := _compile(inner, f"{path}.properties[{name}]", causes):
            node.members[name] = found
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        node.extra = _compile(extra, f"{path}.additionalProperties", causes)
    if inner := items(schema):
        node.items = _compile(inner, f"{path}.items", causes)
    return node if node.rules or node.members or node.extra or node.items else None


def _rule(rule: Body, kind: str) -> Rule:
    text, composed = rule.get("rule", ""), rule.get("messageExpression", "")
    optional = bool(rule.get("optionalOldSelf"))
    if not text.strip():
        raise cel.CelError("rule is not specified")
    return Rule(
        text=text,
        holds=cel.compile_expression(text, kind, "boolean", optional_old=optional),
        message=rule.get("message", "").strip() or f"failed rule: {text.strip()}",
        compose=cel.compile_expression(composed, kind, "string", optional_old=optional) if composed else None,
        reason=rule.get("reason") or "FieldValueInvalid",
        field_path=rule.get("fieldPath", ""),
        transition=bool(OLD.search(text)) and not optional,
        optional_old=optional,
    )


def kind_of(schema: Schema) -> str:
    """The CEL type of a node's values."""
    if schema.get("x-kubernetes-int-or-string") or schema.get("nullable"):
        return cel.DYN
    kind: str = schema.get("type", cel.DYN)
    if kind == "string":
        return {"date-time": "timestamp", "date": "timestamp", "duration": "duration"}.get(
            schema.get("format", ""), kind
        )
    return kind


def rule_causes(root: Node | None, body: Body, old: Body | None) -> list[Cause]:
    """The rules that an object breaks."""
    if root is None:
        return []
    return list(_walk(root, body, ABSENT if old is None else old, ""))


def _walk(node: Node, value: Any, old: Any, path: str) -> Iterator[Cause]:
    if value is None:
        return
    unchanged = old is not ABSENT and value == old
    rules = [rule for rule in node.rules if _applies(rule, old, unchanged)]
    if rules:
        own = node.see(value, path)
        former = node.see(old, path) if old is not ABSENT else None
        for rule in rules:
            yield from _evaluate(rule, node, own, former, old is not ABSENT, path)
    if isinstance(value, dict):
        for name, item in value.items():
            inner = node.members.get(name) or node.extra
            if inner is not None:
                former = old.get(name, ABSENT) if isinstance(old, dict) else ABSENT
                yield from _walk(inner, item, former, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and node.items is not None:
        previous = _by_key(old, node.schema)
        for i, item in enumerate(value):
            yield from _walk(node.items, item, previous.get(_identity(item, node.schema), ABSENT), f"{path}[{i}]")


def _applies(rule: Rule, old: Any, unchanged: bool) -> bool:
    if rule.transition:
        return old is not ABSENT
    return rule.optional_old or not unchanged


def _evaluate(rule: Rule, node: Node, value: Any, old: Any, has_old: bool, path: str) -> Iterator[Cause]:
    seen = cel.variables(value, old, has_old=has_old, optional_old=rule.optional_old)
    where = f"{path}{rule.field_path}".lstrip(".") if rule.field_path else path
    kind = node.schema.get("type", "value")
    try:
        if rule.holds(seen):
            return
    except cel.CelError as error:
        yield Cause(where or "<nil>", f'Invalid value: "{kind}": {error} evaluating rule: {rule.text}')
        return
    title = TITLES.get(rule.reason, "{}").format(_quoted(value))
    yield Cause(where or "<nil>", title + _message(rule, seen), rule.reason)


def _quoted(value: Any) -> str:
    """The value before a message; objects and lists go without, as on a real server."""
    if isinstance(value, (dict, list)):
        return ""
    return f"{shown(value.isoformat() if isinstance(value, datetime.datetime) else value)}: "


def _message(rule: Rule, seen: dict[str, Any]) -> str:
    if rule.compose is None:
        return rule.message
    try:
        composed = str(rule.compose(seen))
    except cel.CelError:
        return rule.message
    return composed if composed.strip() and "\n" not in composed else rule.message


def _identity(item: Any, schema: Schema) -> str:
    if list_type(schema) != "map" or not isinstance(item, dict):
        return ""
    return repr([item.get(key) for key in list_keys(schema)])


def _by_key(old: Any, schema: Schema) -> dict[str, Any]:
    if not isinstance(old, list) or list_type(schema) != "map":
        return {}
    return {_identity(item, schema): item for item in old}


def converter(schema: Schema) -> Convert | None:
    """What turns a JSON value into what CEL sees: numbers by declared type, names escaped.

    None where every value may stay as it is, which is the usual case and saves walking it. Times within an object stay
    strings: the library takes a time only as the whole of `self`.
    """
    if schema.get("type") in ("number", "integer"):
        return float if schema["type"] == "number" else None
    inner = converter(items(schema)) if items(schema) else None
    if inner is not None:
        return lambda value: [inner(item) for item in value] if isinstance(value, list) else value
    names = {name: escape(name) for name in schema.get("properties", EMPTY) if escape(name) != name}
    parts = {name: part for name, node in schema.get("properties", EMPTY).items() if (part := converter(node))}
    extra = schema.get("additionalProperties")
    rest = converter(extra) if isinstance(extra, dict) else None
    if not names and not parts and rest is None:
        return None
    return lambda value: _convert_object(value, names, parts, rest)


def _convert_object(value: Any, names: dict[str, str], parts: dict[str, Convert], rest: Convert | None) -> Any:
    if not isinstance(value, dict):
        return value
    found = {names.get(key, key): item for key, item in value.items()}
    for key, item in value.items():
        part = parts.get(key, rest)
        if part is not None and item is not None:
            found[names.get(key, key)] = part(item)
    return found


def _root(body: Body) -> Body:
    """An object as rules at its root see it: of its metadata only the names."""
    meta = body.get("metadata", EMPTY)
    return body | {"metadata": {key: meta[key] for key in ("name", "generateName") if key in meta}}


def escape(name: str) -> str:
    """A property's name as an identifier."""
    if name in RESERVED:
        return f"__{name}__"
    if name.isidentifier() and "__" not in name:
        return name
    for plain, escaped in ESCAPES.items():
        name = name.replace(plain, escaped)
    return name
