"""What a Job is told to do: one order a request, as a JSON argument of the worker's command line.

The operator writes orders, the worker reads them; both use these classes, so the two cannot drift apart. An
order names places on the volume relative to its root and never carries a host's path. Linux caps one argument
at 128 KiB and all of them at about 2 MiB, so inline text is capped by the CRD (16,384 characters, at most 64
KiB) and a batch by `order_bytes`. They are named tuples since a pod that counts a small file is mostly imports.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Literal, NamedTuple

from textmill.errors import BadObject

Source = Literal["upload", "path", "inline", "configMap"]
OnError = Literal["replace", "strict"]

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class TokenizeOrder(NamedTuple):
    """Cut one input into words.

    value: for `upload` the digest, for `path` the path beneath drop/, for `inline` the text's UTF-8 in
    base64, for `configMap` the file's name in the folder that `--configmaps` names (the request's uid).
    sha256: the digest that the whole input must have, or None. leave_above: leave inputs of more bytes than
    this unread and say so; None reads any size.
    """

    id: str
    source: Source
    value: str
    encoding: str = "utf-8"
    errors: OnError = "replace"
    sha256: str | None = None
    leave_above: int | None = None

    def text(self) -> str:
        """Return the order as the compact JSON of one argument."""
        return _text(self._asdict())

    @classmethod
    def parse(cls, text: str) -> TokenizeOrder:
        """Read an order back; BadObject says what is wrong with it."""
        return cls(**_fields(text, {"id", "source", "value"}, set(cls._fields)))

    def inline_bytes(self) -> bytes:
        """Return the content of an inline order."""
        return base64.b64decode(self.value, validate=True)


class CountOrder(NamedTuple):
    """Count one request's tokens: `tokens` is their folder on the volume, in `shards` shards.

    top_words: how many of the most frequent words the report carries.
    """

    id: str
    tokens: str
    shards: int = 1
    top_words: int = 10

    def text(self) -> str:
        """Return the order as the compact JSON of one argument."""
        return _text(self._asdict())

    @classmethod
    def parse(cls, text: str) -> CountOrder:
        """Read an order back; BadObject says what is wrong with it."""
        return cls(**_fields(text, {"id", "tokens"}, set(cls._fields)))


TEXT_TO_COME = "?"
"""The `value` of an inline order before its text is put in; no base64."""

Order = TokenizeOrder | CountOrder


def inline_value(text: str) -> str:
    """Return the `value` of an inline order."""
    return base64.b64encode(text.encode()).decode()


def _text(fields: dict[str, Any]) -> str:
    return _COMPACT.encode({k: v for k, v in fields.items() if v is not None})


def _fields(text: str, required: set[str], known: set[str]) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise BadObject(f"an order is no JSON: {text[:120]!r}") from error
    if not isinstance(fields, dict) or not required <= fields.keys() <= known:
        raise BadObject(f"an order lacks a field or has one too many: {text[:120]!r}")
    if not all(isinstance(fields[name], str) for name in required):
        raise BadObject(f"an order's {', '.join(sorted(required))} are no texts: {text[:120]!r}")
    return fields
