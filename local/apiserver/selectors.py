"""Label and field selectors: text to a predicate over records.

Both work on the facts that a record carries beside its bytes, so that filtering 10,000 objects decodes none of them.
A field that is not selectable for a type is refused, as a real API server does; it never silently matches nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from .errors import BadRequest
from .records import Record

Predicate = Callable[[Record], bool]

NAME = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_KEY = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?{NAME}")
LABEL_VALUE = re.compile(rf"(?:{NAME})?")
SET = re.compile(r"(?P<key>\S+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)")
NUMBER = re.compile(r"(?P<key>[^\s<>]+)\s*(?P<operator>[<>])\s*(?P<value>-?\d{1,19})")
EQUAL = re.compile(r"(?P<key>[^\s!=]+)\s*(?P<operator>==|=|!=)(?P<value>.*)", re.DOTALL)

Test = Callable[[Mapping[str, str]], bool]


def every(predicates: Iterable[Predicate]) -> Predicate | None:
    """All of them; None where there are none to ask."""
    chosen = tuple(predicates)
    if not chosen:
        return None
    if len(chosen) == 1:
        return chosen[0]
    return lambda record: all(predicate(record) for predicate in chosen)


def labels(selector: str) -> Predicate | None:
    """A predicate over labels, from the text of a request."""
    tests = [_requirement(part.strip()) for part in _parts(selector) if part.strip()]
    if not tests:
        return None
    return lambda record: all(test(record.labels) for test in tests)


def _parts(selector: str) -> list[str]:
    """The requirements of a selector: what stands between commas that are in no parentheses."""
    parts: list[str] = []
    held: list[str] = []
    for piece in selector.split(","):
        held.append(piece)
        last = max(piece.rfind("("), piece.rfind(")"))
        if piece[last : last + 1] == ")" or (last < 0 and len(held) == 1):
            parts.append(",".join(held))
            held = []
    return [*parts, ",".join(held)] if held else parts


def _requirement(part: str) -> Test:
    if match := SET.fullmatch(part):
        values = frozenset(value.strip() for value in match["values"].split(","))
        return _membership(_key(match["key"]), values, negate=match["operator"] == "notin")
    if match := NUMBER.fullmatch(part):
        return _order(_key(match["key"]), match["operator"], int(match["value"]))
    if match := EQUAL.fullmatch(part):
        values = frozenset([match["value"].strip()])
        return _membership(_key(match["key"]), values, negate=match["operator"] == "!=")
    if part.startswith("!"):
        absent = _key(part[1:].strip())
        return lambda found: absent not in found
    present = _key(part)
    return lambda found: present in found


def _key(text: str) -> str:
    if not LABEL_KEY.fullmatch(text):
        raise BadRequest(f'unable to parse requirement: "{text}" is not a label key')
    return text


def _membership(key: str, values: frozenset[str], *, negate: bool) -> Test:
    for value in values:
        if not LABEL_VALUE.fullmatch(value) or len(value) > 63:
            raise BadRequest(f'unable to parse requirement: "{value}" is not a label value')
    if negate:
        return lambda found: found.get(key) not in values
    return lambda found: found.get(key) in values


def _order(key: str, operator: str, bound: int) -> Test:
    def test(found: Mapping[str, str]) -> bool:
        try:
            value = int(found[key])
        except (KeyError, ValueError):
            return False
        return value > bound if operator == ">" else value < bound

    return test


def fields(selector: str, selectable: Iterable[str], kind: str) -> tuple[Predicate | None, str]:
    """A predicate over fields, and the one name that it asks for, if it does."""
    known = frozenset(selectable)
    tests: list[Predicate] = []
    name = ""
    for part in selector.split(","):
        match = EQUAL.fullmatch(part.strip())
        if not part.strip():
            continue
        if match is None:
            raise BadRequest(f"invalid selector: '{selector}'; can't understand '{part}'")
        key, value, negate = match["key"], match["value"], match["operator"] == "!="
        if key == "metadata.name" and not negate:
            name = value
        tests.append(_field(key, value, negate, known, kind))
    return every(tests), name


def _field(key: str, value: str, negate: bool, known: frozenset[str], kind: str) -> Predicate:
    if key == "metadata.name":
        return lambda record: (record.key.name == value) is not negate
    if key == "metadata.namespace":
        return lambda record: (record.key.namespace == value) is not negate
    if key == "source" and kind == "Event":
        key = "source.component"
    if key not in known:
        raise BadRequest(f'field label not supported: "{key}" (of {kind})')
    return lambda record: (record.fields.get(key, "") == value) is not negate
