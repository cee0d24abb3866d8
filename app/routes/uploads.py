"""`POST /upload` and `POST /requests`: content in, a request out.

The second makes a request of content that is already stored; it exists so that an upload whose request could not be
made (the Kubernetes API was away) need not be sent again. Both answer 202 with what `GET /requests/NAME` says.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app import intake, options
from app.answers import answer
from app.cluster import Away, Denied, QuotaReached
from app.creation import Created, checked_key, create
from app.errors import BodyBroken, FieldInvalid, FieldsTooLarge, MediaTypeUnsupported, UploadMissing
from app.rates import client
from app.room import room
from app.traces import current
from app.volume import Stored
from textmill.display import shown_name

uploads = Blueprint("uploads", __name__)
JSON_BYTES = 64 << 10


@uploads.post("/upload")
def upload() -> Response:
    """Store a file and make a request for it."""
    return accepted(take_upload())


def take_upload(*, blanks: bool = False) -> Created:
    """Store the current request's file and make a request for it; the page uses this too."""
    key = checked_key(request.headers.get("Idempotency-Key"))
    parts = room()
    patience = intake.Patience(parts.settings.stall_seconds, parts.settings.min_rate)
    with (
        parts.admission.upload(client(), request.content_length or 0),
        parts.metrics.uploads_running.track_inprogress(),
    ):
        taken = intake.take(request, parts.volume, parts.settings.max_upload_bytes, patience, blanks=blanks)
    parts.metrics.upload_bytes.inc(taken.stored.size)
    return _create(taken.stored, taken.shown, taken.options, key)


@uploads.post("/requests")
def request_for_stored() -> Response:
    """Make a request for content that is already on the volume."""
    key = checked_key(request.headers.get("Idempotency-Key"))
    asked = options.read(_pairs(_document()), allow_upload=True)
    if asked.upload is None:
        raise FieldInvalid("upload is missing; write the stored content's SHA-256.")
    stored = room().volume.touch(asked.upload)
    if stored is None:
        raise UploadMissing(f"Content with the SHA-256 {asked.upload} is not on the volume.")
    room().admission.check(stored.size)
    return accepted(_create(stored, shown_name(asked.filename or ""), asked, key))


def accepted(created: Created) -> Response:
    """Answer 202 with the request and its address."""
    body = answer(created.body)
    response = jsonify(body)
    response.status_code = 202
    response.headers["Location"] = body["links"]["self"]
    if created.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _create(stored: Stored, shown: str, asked: options.Options, key: str | None) -> Created:
    try:
        made = create(room().cluster, stored, shown, asked, key=key, user=request.remote_user or "", trace=current())
    except (Away, Denied, QuotaReached) as error:
        given = {"upload": stored.digest, "filename": shown, "name": asked.name, **asked.fields()}
        body = {name: value for name, value in given.items() if value is not None}
        error.members |= {
            "upload": {"sha256": stored.digest, "bytes": stored.size},
            "next": {"method": "POST", "href": "/requests", "contentType": "application/json", "body": body},
        }
        raise
    if not made.replayed:
        room().admission.made(stored.size)
    return made


def _document() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise MediaTypeUnsupported(f"The body's type is {request.mimetype[:80]!r}; it must be application/json.")
    if (request.content_length or 0) > JSON_BYTES:
        raise FieldsTooLarge(f"The body has {request.content_length} bytes; at most {JSON_BYTES} are taken.")
    request.max_content_length = JSON_BYTES
    try:
        document = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as error:
        raise BodyBroken("The body is no JSON.") from error
    if not isinstance(document, dict):
        raise BodyBroken("The body must be a JSON object.")
    return document


def _pairs(document: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, value in document.items():
        if name == "fresh" and isinstance(value, bool):
            found.append((name, "true" if value else "false"))
            continue
        whole = isinstance(value, float) and value.is_integer()  # JSON does not tell 5 from 5.0
        if isinstance(value, bool) or not (whole or isinstance(value, (str, int))):
            raise FieldInvalid(f"{name[:80]} must be a string or a whole number.")
        found.append((name, str(int(value) if whole else value)))
    return found
