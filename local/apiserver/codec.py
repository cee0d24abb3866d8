"""Bytes to plain dicts and back, and the one place that reads the clock for API timestamps.

JSON goes through msgspec, which is several times faster than the standard library on bodies of this size. YAML is
taken only where Kubernetes takes it (apply patches and `application/yaml` bodies). Nothing here knows any kind.
"""

import datetime
import json
from typing import Any

import msgspec
import yaml

from .errors import BadRequest

Body = dict[str, Any]

_decoder = msgspec.json.Decoder()
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
        return decode(json.dumps(yaml.safe_load(raw), default=_timestamp).encode())
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise BadRequest(f"the body is not valid YAML: {error}") from error


def duplicate_fields(raw: bytes) -> list[str]:
    """Names that occur twice in one object of a JSON text; only asked for where a client wants strictness."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                found.append(key)
            seen[key] = value
        return seen

    json.loads(raw, object_pairs_hook=note)
    return found


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
