"""Kubernetes' protobuf bodies, for the few kinds that kubectl has no other way to send.

`kubectl create namespace`, `configmap`, `secret`, `serviceaccount` and `auth can-i` send protobuf and do not fall back
to JSON. The messages are tables of field numbers. A message or field that is not in a table is refused with 415:
nothing of a body is ever dropped in silence.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from .codec import Body
from .errors import BadRequest, UnsupportedMediaType

MAGIC = b"k8s\x00"
MEDIA = "application/vnd.kubernetes.protobuf"
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
REPEATED = "*"

Fields = Mapping[int, tuple[str, str]]

MESSAGES: Mapping[str, Fields] = {
    "Unknown": {1: ("type", "TypeMeta"), 2: ("raw", "raw"), 3: ("encoding", "string"), 4: ("media", "string")},
    "TypeMeta": {1: ("apiVersion", "string"), 2: ("kind", "string")},
    "ObjectMeta": {
        1: ("name", "string"), 2: ("generateName", "string"), 3: ("namespace", "string"), 4: ("selfLink", "string"),
        5: ("uid", "string"), 6: ("resourceVersion", "string"), 7: ("generation", "int"), 8: ("", "Time"),
        9: ("", "Time"), 11: ("labels", "map"), 12: ("annotations", "map"), 13: ("ownerReferences", "*OwnerReference"),
        14: ("finalizers", "*string"),
    },
    "OwnerReference": {
        1: ("kind", "string"), 3: ("name", "string"), 4: ("uid", "string"), 5: ("apiVersion", "string"),
        6: ("controller", "bool"), 7: ("blockOwnerDeletion", "bool"),
    },
    "Time": {},
    "Namespace": {1: ("metadata", "ObjectMeta"), 2: ("spec", "NamespaceSpec"), 3: ("status", "NamespaceStatus")},
    "NamespaceSpec": {1: ("finalizers", "*string")},
    "NamespaceStatus": {1: ("phase", "string")},
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"), 2: ("data", "map"), 3: ("binaryData", "bytesmap"), 4: ("immutable", "bool"),
    },
    "Secret": {
        1: ("metadata", "ObjectMeta"), 2: ("data", "bytesmap"), 3: ("type", "string"), 4: ("stringData", "map"),
        5: ("immutable", "bool"),
    },
    "ServiceAccount": {1: ("metadata", "ObjectMeta"), 4: ("automountServiceAccountToken", "bool")},
    "SelfSubjectAccessReview": {
        1: ("metadata", "ObjectMeta"), 2: ("spec", "ReviewSpec"), 3: ("status", "ReviewStatus"),
    },
    "ReviewSpec": {1: ("resourceAttributes", "ResourceAttributes"), 2: ("nonResourceAttributes", "PathAttributes")},
    "ReviewStatus": {1: ("allowed", "bool"), 2: ("reason", "string"), 3: ("evaluationError", "string"),
                     4: ("denied", "bool")},
    "ResourceAttributes": {
        1: ("namespace", "string"), 2: ("verb", "string"), 3: ("group", "string"), 4: ("version", "string"),
        5: ("resource", "string"), 6: ("subresource", "string"), 7: ("name", "string"),
    },
    "PathAttributes": {1: ("path", "string"), 2: ("verb", "string")},
}  # fmt: skip
ROOTS = frozenset({"Namespace", "ConfigMap", "Secret", "ServiceAccount", "SelfSubjectAccessReview"})


def decode_protobuf(raw: bytes) -> Body:
    """The object in a protobuf body."""
    if not raw.startswith(MAGIC):
        raise BadRequest("the body does not begin as Kubernetes' protobuf does")
    envelope = _message(raw[len(MAGIC) :], "Unknown")
    head: Body = envelope.get("type", {})
    kind = head.get("kind", "")
    if kind not in ROOTS:
        raise UnsupportedMediaType(f"{MEDIA} is not accepted for {kind}: send application/json")
    return head | _message(envelope.get("raw", b""), kind)


def _message(raw: bytes, name: str) -> Body:
    found: Body = {}
    for number, value in _wire(raw):
        if number not in MESSAGES[name]:
            raise UnsupportedMediaType(f"{MEDIA}: field {number} of {name} is not accepted: send application/json")
        member, kind = MESSAGES[name][number]
        if not member or (value in (b"", 0) and kind in ("string", "int")):
            continue
        if kind in ("map", "bytesmap"):
            key, item = _entry(value)
            found.setdefault(member, {})[key] = item.decode() if kind == "map" else base64.b64encode(item).decode()
        elif kind.startswith(REPEATED):
            found.setdefault(member, []).append(_value(value, kind.removeprefix(REPEATED)))
        else:
            found[member] = _value(value, kind)
    return found


def _value(value: Any, kind: str) -> Any:
    if kind == "bool":
        return bool(value)
    if kind in ("int", "raw"):
        return value
    if not isinstance(value, bytes):
        raise BadRequest(f"the protobuf body has a number where {kind} is due")
    return value.decode() if kind == "string" else _message(value, kind)


def _entry(raw: bytes) -> tuple[str, bytes]:
    parts = dict(_wire(raw))
    return parts.get(1, b"").decode(), parts.get(2, b"")


def _wire(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values as they lie on the wire."""
    position = 0
    while position < len(raw):
        tag, position = _varint(raw, position)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, position = _varint(raw, position)
            yield number, value
            continue
        if kind not in (FIXED64, BYTES, FIXED32):
            raise BadRequest(f"the protobuf body has an unknown wire type {kind}")
        size = 8 if kind == FIXED64 else 4
        if kind == BYTES:
            size, position = _varint(raw, position)
        if position + size > len(raw):
            raise BadRequest("the protobuf body is cut short")
        yield number, raw[position : position + size]
        position += size


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(raw) and shift < 70:
        byte = raw[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise BadRequest("the protobuf body is cut short")
