"""RFC 6902 JSON Patch and RFC 7386 merge patch, on plain values.

Both change the document they are given and return it (a patch may replace the whole). A patch that does not fit is
the client's fault and names the operation that failed.
"""

import copy
from typing import Any

from .codec import encode
from .errors import ApiError, BadRequest, TooLarge

OPERATIONS = frozenset({"add", "remove", "replace", "move", "copy", "test"})
LIMIT = 10_000
COPIED_BYTES = 3 << 20
"""What all copies of a patch may hold: each can double the object."""


class PatchFailed(ApiError):
    """A JSON patch whose test or path does not fit the object."""

    code, reason, hint = 422, "Invalid", "read the object again; the patch was made for another state of it"


def apply_json_patch(document: Any, patch: Any) -> Any:
    """The document after all operations."""
    if not isinstance(patch, list):
        raise BadRequest("a JSON patch must be a list of operations")
    if len(patch) > LIMIT:
        raise BadRequest(f"the allowed maximum operations in a JSON patch is {LIMIT}, got {len(patch)}")
    copied = 0
    for operation in patch:
        if not isinstance(operation, dict) or operation.get("op") not in OPERATIONS:
            raise BadRequest(f"not a JSON patch operation: {operation!r}")
        if operation["op"] == "copy":
            copied += len(encode(_get(document, _pointer(operation.get("from")))))
            if copied > COPIED_BYTES:
                raise TooLarge(f"the copies of the JSON patch have more than {COPIED_BYTES} bytes")
        document = _operate(document, operation)
    return document


def _operate(document: Any, operation: dict[str, Any]) -> Any:
    kind, path = operation["op"], _pointer(operation.get("path"))
    if kind in ("add", "replace", "test") and "value" not in operation:
        raise BadRequest(f"the JSON patch operation {kind} needs a value")
    if kind == "test":
        if not _equal(_get(document, path), operation["value"]):
            raise PatchFailed(f"the server rejected our request: testing value {operation['path']} failed")
        return document
    if kind == "remove":
        return _remove(document, path)
    if kind == "add":
        return _add(document, path, copy.deepcopy(operation["value"]))
    if kind == "replace":
        _get(document, path)
        return _add(_remove(document, path), path, copy.deepcopy(operation["value"]))
    source = _pointer(operation.get("from"))
    value = copy.deepcopy(_get(document, source))
    if kind == "move":
        if path[: len(source)] == source and path != source:
            raise PatchFailed(f"cannot move {operation['from']} into itself")
        document = _remove(document, source)
    return _add(document, path, value)


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise BadRequest(f"not a JSON pointer: {text!r}")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _equal(left: Any, right: Any) -> bool:
    return (type(left) is type(right) and bool(left == right)) or (
        isinstance(left, (int, float)) and isinstance(right, (int, float))
        and isinstance(left, bool) == isinstance(right, bool) and left == right
    )  # fmt: skip


def _missing(path: list[str]) -> PatchFailed:
    return PatchFailed(f"the server rejected our request: the path /{'/'.join(path)} does not exist")


def _index(step: str, length: int, path: list[str]) -> int:
    if not (step.isascii() and step.isdigit()) or (len(step) > 1 and step[0] == "0") or int(step) >= length:
        raise _missing(path)
    return int(step)


def _get(document: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list):
            document = document[_index(step, len(document), path)]
        else:
            raise _missing(path)
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _get(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1, path), value)
    else:
        raise _missing(path)
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    parent, last = _get(document, path[:-1]), path[-1]
    if isinstance(parent, dict) and last in parent:
        del parent[last]
    elif isinstance(parent, list):
        del parent[_index(last, len(parent), path)]
    else:
        raise _missing(path)
    return document


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """The document with the patch's members; null removes."""
    if not isinstance(patch, dict):
        return patch
    target = document if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = apply_merge_patch(target.get(key), value)
    return target
