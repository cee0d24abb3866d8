"""Bytes to plain dicts and back, and the one place that reads the clock for API timestamps.

JSON goes through msgspec, which is several times faster than the standard library on bodies of this size. YAML is
taken only where Kubernetes takes it (apply patches and `application/yaml` bodies). Nothing here knows any kind.
"""

import datetime
import json
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from .errors import BadRequest

Body = dict[str, Any]

_INT64 = 1 << 63


def _number(text: str) -> int | float:
    """Read a number with a point or an exponent as Kubernetes stores it: a whole one has neither when it is written."""
    value = float(text)
    if not math.isfinite(value):
        raise msgspec.DecodeError(f"the number {text[:40]} is out of range")
    return int(value) if value.is_integer() and abs(value) < _INT64 else value


_decoder = msgspec.json.Decoder(float_hook=_number)
_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return _encoder.encode(value)


def decode(raw: bytes) -> Any:
    """JSON that this server wrote itself."""
    return _decoder.decode(raw)


def decode_json(raw: bytes) -> Any:
    """JSON from a client."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not valid JSON: {error}") from error


def decode_yaml(raw: bytes) -> Any:
    """JSON or YAML from a client; a JSON body, by far the usual case, does not pay for the YAML parser."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return decode(json.dumps(yaml.load(raw, _Loader), default=_timestamp).encode())  # noqa: S506 - a SafeLoader that takes less
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise BadRequest(f"the body is not valid YAML: {error}") from error


class _Loader(yaml.SafeLoader):
    """YAML without aliases: a few lines of them can stand for more nodes than any memory holds. kubectl resolves
    those of a manifest itself."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Make the next node."""
        if self.check_event(yaml.AliasEvent):
            raise BadRequest("aliases are not taken in a YAML body; write out what they stand for")
        return super().compose_node(parent, index)


class _Pairs(list[tuple[str, Any]]):
    """The members of one JSON object, doubled ones included."""


def duplicate_fields(raw: bytes) -> list[str]:
    """Paths that occur twice in a JSON text; only asked for where a client wants strictness."""
    return list(_doubled(json.loads(raw, object_pairs_hook=_Pairs), ""))


def _doubled(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            where = f"{path}.{key}" if path else key
            if key in seen:
                yield where
            seen.add(key)
            yield from _doubled(item, where)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _doubled(item, f"{path}[{i}]")


def now() -> str:
    """The wall clock as metav1.Time writes it."""
    return stamp(datetime.datetime.now(datetime.UTC))


def stamp(moment: datetime.datetime) -> str:
    """A moment as metav1.Time writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_from_now(seconds: int) -> str:
    """The wall clock some seconds ahead."""
    return stamp(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds))


def _timestamp(value: object) -> str:
    if isinstance(value, datetime.datetime):
        return stamp(value.astimezone(datetime.UTC))
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
