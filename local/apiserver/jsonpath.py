"""The JSONPath of printer columns and selectable fields: member names, indexes, wildcards and equality filters.

Enough for what CRDs write (`.status.conditions[?(@.type=="Ready")].status`, `.spec.containers[*].image`); anything
else is refused when the CRD is written.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

Step = Callable[[Any], Iterable[Any]]

TOKEN = re.compile(
    r"""\.(?P<name>(?:\\.|[^.\[\]\\])+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<any>\*)\]
      | \['(?P<quoted>[^']+)'\]
      | \[\?\(\s*@\.(?P<key>[\w.\-]+)\s*(?P<operator>==|!=)\s*(?P<value>"[^"]*"|'[^']*'|true|false|-?\d+)\s*\)\]""",
    re.VERBOSE,
)
WORDS = {"true": True, "false": False}


class JsonPathError(Exception):
    """A path that is not understood."""

    reason = "PathInvalid"
    hint = 'write member names with dots, [index], [*] or [?(@.name=="value")]'
    retryable = False


def parse(path: str) -> Callable[[Any], list[Any]]:
    """A function from an object to all values at a path."""
    steps: list[Step] = []
    position = 0
    text = path if path.startswith((".", "[")) else "." + path
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise JsonPathError(f'cannot read the path "{path}" from "{text[position:]}" on')
        steps.append(_step(match))
        position = match.end()

    def find(body: Any) -> list[Any]:
        found = [body]
        for step in steps:
            found = [value for item in found for value in step(item)]
        return found

    return find


def _step(match: re.Match[str]) -> Step:
    name = match["name"] or match["quoted"]
    if name is not None:
        plain = name.replace("\\.", ".")
        if plain == "*":
            return _all
        return lambda item: (item[plain],) if isinstance(item, dict) and plain in item else ()
    if match["index"] is not None:
        index = int(match["index"])
        return lambda item: item[index : index + 1 or None] if isinstance(item, list) else ()
    if match["any"]:
        return _all
    return _filter(match["key"].split("."), match["operator"] == "==", _literal(match["value"]))


def _all(item: Any) -> Iterable[Any]:
    if isinstance(item, list):
        return item
    return list(item.values()) if isinstance(item, dict) else ()


def _literal(text: str) -> Any:
    if text[0] in "\"'":
        return text[1:-1]
    return WORDS[text] if text in WORDS else int(text)


def _filter(keys: list[str], equal: bool, value: Any) -> Step:
    def step(item: Any) -> Iterable[Any]:
        if not isinstance(item, list):
            return ()
        return [element for element in item if (_member(element, keys) == value) is equal]

    return step


def _member(element: Any, keys: list[str]) -> Any:
    for key in keys:
        element = element.get(key) if isinstance(element, dict) else None
    return element
