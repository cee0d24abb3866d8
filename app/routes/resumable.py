"""`/uploads`, `/uploads/ID`: resumable upload as tus 1.0 has it, for its unmodified clients and for the page.

A piece is appended as it comes, and what came of one that was cut off stays. An upload becomes a request with its last
byte; since any client may die right then, HEAD makes the request too where it is still missing. Each call holds the
upload while it works, and another call for the same upload makes a running piece end early: a client that connects
anew must not wait for the connection that it has lost.
"""

from __future__ import annotations

import hashlib
import secrets
from wsgiref.handlers import format_date_time

from flask import Blueprint, Response, request

from app import tus
from app.creation import checked_key
from app.errors import AppError, FieldInvalid, KeyReused, MediaTypeUnsupported, MethodNotAllowed, TooLarge
from app.finishing import finish, lengths
from app.intake import Patience, checked_length, read_blocks
from app.piece_errors import ChecksumMismatch, OffsetMismatch, PiecesMissing, TusVersionUnsupported
from app.rates import client
from app.resumable import Info, Upload
from app.room import room
from textmill import names

resumable = Blueprint("resumable", __name__)
_OVERRIDES = ("PATCH", "DELETE", "HEAD")


def _check_version() -> None:
    version = request.headers.get("Tus-Resumable")
    if request.method != "OPTIONS" and version != tus.VERSION:
        raise TusVersionUnsupported(f"Tus-Resumable is {str(version)[:40]!r}.", headers={"Tus-Version": tus.VERSION})


def _tell_version(answer: Response) -> Response:
    answer.headers["Tus-Resumable"] = tus.VERSION
    return answer


resumable.before_request(_check_version)
resumable.after_request(_tell_version)


@resumable.route("/uploads", methods=["OPTIONS"], provide_automatic_options=False)
@resumable.route("/uploads/<identity>", methods=["OPTIONS"], provide_automatic_options=False)
def abilities(identity: str = "") -> Response:  # noqa: ARG001 - every address has the same abilities
    """Say what of tus is spoken here."""
    answer = Response(status=204)
    answer.headers["Tus-Version"] = tus.VERSION
    answer.headers["Tus-Extension"] = ",".join(tus.EXTENSIONS)
    answer.headers["Tus-Max-Size"] = str(room().settings.max_upload_bytes)
    answer.headers["Tus-Checksum-Algorithm"] = ",".join(tus.CHECKSUMS)
    return answer


@resumable.post("/uploads")
def create() -> Response:
    """Begin an upload, with its first bytes in the body if one likes."""
    parts = room()
    key = checked_key(request.headers.get("Idempotency-Key"))
    partial, joined = tus.concat(request.headers.get("Upload-Concat"))
    length = _length(joined)
    parts.admission.check(length)
    identity, info = _begun(key, length, partial=partial, joined=joined)
    if not parts.shelf.has(identity):
        parts.open_uploads.check(info.owner)
    fresh = parts.shelf.create(identity, info)
    if fresh:
        parts.open_uploads.add(info.owner)
    with parts.shelf.held(identity) as upload:
        if not fresh and not joined and (upload.info.length, upload.info.metadata) != (length, info.metadata):
            raise KeyReused(f"This Idempotency-Key was used for an upload of {upload.info.length} bytes.")
        if request.mimetype == tus.PIECE and not upload.offset and not joined:
            _receive(upload)
        finish(parts, upload)
        answer = _told(upload, 201)
    answer.headers["Location"] = f"/uploads/{identity}"
    return answer


@resumable.route("/uploads/<identity>", methods=["HEAD"])
def state(identity: str) -> Response:
    """Say how much is here; make the request where all is and none was made yet."""
    parts = room()
    with parts.shelf.held(_checked(identity)) as upload:
        finish(parts, upload)
        answer = _told(upload, 200)
        answer.headers["Upload-Length"] = str(upload.info.length)
        if upload.info.metadata:
            answer.headers["Upload-Metadata"] = upload.info.metadata
        if upload.info.partial:
            answer.headers["Upload-Concat"] = "partial"
        elif upload.info.parts:
            answer.headers["Upload-Concat"] = "final;" + " ".join(f"/uploads/{one}" for one in upload.info.parts)
        return answer


@resumable.patch("/uploads/<identity>")
def append(identity: str) -> Response:
    """Take the next piece."""
    if request.mimetype != tus.PIECE:
        raise MediaTypeUnsupported(f"The piece's type is {request.mimetype[:80]!r}; it must be {tus.PIECE}.")
    parts = room()
    offset = tus.number(request.headers.get("Upload-Offset"), "Upload-Offset", parts.settings.max_upload_bytes)
    with parts.shelf.held(_checked(identity)) as upload:
        if upload.info.parts:
            raise FieldInvalid("This upload joins parts; it takes no pieces of its own.")
        if offset != upload.offset:
            raise OffsetMismatch(
                f"Upload-Offset is {offset}, and the upload stands at {upload.offset}.",
                headers={"Upload-Offset": str(upload.offset)},
            )
        _receive(upload)
        finish(parts, upload)
        return _told(upload, 204)


@resumable.delete("/uploads/<identity>")
def end(identity: str) -> Response:
    """Forget an upload; a request that was made of it stays."""
    with room().shelf.held(_checked(identity)) as upload:
        upload.remove()
    return Response(status=204)


@resumable.post("/uploads/<identity>")
def override(identity: str) -> Response:
    """Serve clients that can send GET and POST alone."""
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if method not in _OVERRIDES:
        raise MethodNotAllowed("POST goes with X-HTTP-Method-Override here.", headers={"Allow": "HEAD, PATCH, DELETE"})
    return {"PATCH": append, "DELETE": end, "HEAD": state}[method](identity)


def _checked(identity: str) -> str:
    if not tus.is_identity(identity):
        raise PiecesMissing(f"There is no resumable upload {identity[:80]!r}.")
    return identity


def _joint(joined: tuple[str, ...]) -> str:
    """Return the identity of what joins these parts: the same again, so that it is not done twice."""
    for one in joined:
        _checked(one)
    return hashlib.sha256("\0".join(joined).encode()).hexdigest()[:32]


def _length(joined: tuple[str, ...]) -> int:
    limit = room().settings.max_upload_bytes
    if not joined:
        return tus.number(request.headers.get("Upload-Length"), "Upload-Length", limit)
    if room().shelf.has(_joint(joined)):
        return 0  # it was made before, and its parts may be gone
    return lengths(room(), joined, limit)


def _begun(key: str | None, length: int, *, partial: bool, joined: tuple[str, ...]) -> tuple[str, Info]:
    text, user = request.headers.get("Upload-Metadata", ""), request.remote_user or ""
    options, shown = tus.metadata(text)
    identity = secrets.token_hex(16)
    if joined:
        identity = _joint(joined)
    elif key is not None:
        identity = hashlib.sha256(f"{names.keyed_name(room().cluster.namespace, user, key)}".encode()).hexdigest()[:32]
    name = options.name
    if name is None and key is None:
        name = f"{names.slug(shown)}-{identity[:8]}"
    return identity, Info(
        length=length,
        metadata=text,
        shown=shown,
        spec=options.spec,
        name=name,
        key=key or f"tus {identity}",
        user=user,
        sha256=options.sha256,
        partial=partial,
        parts=list(joined),
        owner=client(),
    )


def _receive(upload: Upload) -> None:
    """Append the body; what came before it broke off stays, unless it has a checksum that cannot be told then."""
    parts, began = room(), upload.offset
    expected = tus.checksum(request.headers.get("Upload-Checksum"))
    summed = hashlib.new(expected[0], usedforsecurity=False) if expected else None
    length = checked_length(request, upload.info.length - began)
    if upload.whole:
        return
    patience = Patience(parts.settings.stall_seconds, parts.settings.min_rate)
    coming = read_blocks(request, length, patience, asked=upload.wanted)
    try:
        with (
            parts.admission.upload(client(), length or 0),
            parts.metrics.uploads_running.track_inprogress(),
        ):
            for block in coming:
                if upload.offset + len(block) > upload.info.length:
                    upload.cut(began)
                    raise TooLarge(f"The piece goes beyond the {upload.info.length} bytes that were announced.")
                upload.append(block)
                if summed is not None:
                    summed.update(block)
    except AppError:
        if summed is not None:
            upload.cut(began)
        raise
    finally:
        upload.sync()
    if expected is not None and summed is not None and summed.digest() != expected[1]:
        upload.cut(began)
        raise ChecksumMismatch(f"The piece's {expected[0]} is {summed.hexdigest()}.")


def _told(upload: Upload, status: int) -> Response:
    answer = Response(status=status)
    answer.headers["Upload-Offset"] = str(upload.offset)
    answer.headers["Upload-Expires"] = format_date_time(upload.modified + room().settings.resume_seconds)
    answer.headers["Cache-Control"] = "no-store"
    if upload.info.request is not None:
        answer.headers["Textmill-Request"] = upload.info.request
    return answer
