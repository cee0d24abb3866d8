"""What is sent at a request's end to whoever asked to be told, and how it is signed: standard webhooks, all of it pure.

The identity and the body are made from the request's end alone, so they are the same at each attempt; only time and
signature differ. A secret is `whsec_` and base64, as the standard has it, or several with white space between them
while one takes the place of another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from textmill import conditions
from textmill.errors import BadObject
from textmill.request import SUCCEEDED, Request

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret of the standard begins with, none itself
ADDRESS = re.compile(
    r"https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!\"$-\[\]-~]*)?"
)
"""What the definition lets a request name: http or https, no user, no fragment, nothing that needs an escape."""
ADDRESS_LIMIT = 2048
KEY_BYTES = range(16, 65)
KEYS = 4

End = Literal["delivered", "gone", "failed"]


class Outcome(NamedTuple):
    """How an attempt ended: `gone` says that no other is wanted; retry_after in seconds, as the receiver asks."""

    attempt: int
    end: End
    message: str
    retry_after: float = 0.0


def identity(request: Request) -> str:
    """Return the webhook-id: one for each end of a request, so for each request."""
    return f"msg_{request.uid}"


def body(request: Request) -> bytes:
    """Return the content."""
    raw = request.status.raw
    why = conditions.succeeded(raw)
    data = {
        "namespace": request.namespace,
        "name": request.name,
        "uid": request.uid,
        "phase": request.status.phase,
        "reason": why.get("reason"),
        "message": why.get("message"),
        "input": raw.get("input"),
        "result": raw.get("result"),
    }
    kind = "request.succeeded" if request.status.phase == SUCCEEDED else "request.failed"
    content = {"type": kind, "timestamp": raw.get("completionTime"), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def keys(secret: str) -> list[bytes]:
    """Return the keys that a secret holds; BadObject says what is wrong with it, without a character of it."""
    words = secret.split()
    if not 0 < len(words) <= KEYS or any(not word.startswith(SECRET_PREFIX) for word in words):
        raise BadObject(f"the secret must be {SECRET_PREFIX} and base64, or up to {KEYS} of them with spaces between")
    try:
        found = [base64.b64decode(word.removeprefix(SECRET_PREFIX), validate=True) for word in words]
    except binascii.Error as error:
        raise BadObject(f"what follows {SECRET_PREFIX} in the secret is no base64") from error
    if any(len(key) not in KEY_BYTES for key in found):
        raise BadObject(f"the secret must have {KEY_BYTES.start} to {KEY_BYTES.stop - 1} bytes")
    return found


def headers(identifier: str, timestamp: int, content: bytes, signing: Sequence[bytes]) -> dict[str, str]:
    """Return the headers that go with the content; a signature for each key."""
    signed = b"%s.%d.%s" % (identifier.encode(), timestamp, content)
    codes = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in signing)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{code}" for code in codes),
    }
