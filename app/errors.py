"""The errors that callers of the API meet: one class for each reason, with its HTTP status and what to do about it.

`reason` is stable and meant for programs, the message is a sentence with the bad value, `hint` says what to do. This
is the one table behind every `application/problem+json` answer; `docs/api.md` lists it and a test compares the two.
The cluster's errors are in `app/cluster.py` and share this base. No class here subclasses a library's error.
"""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """Base of the room's errors. `members` are further fields of the problem, `headers` go into the answer."""

    status: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"
    title: ClassVar[str] = "Something went wrong here"
    hint: ClassVar[str] = "Try again; if it stays, give the operator of this service the request id."
    retryable: ClassVar[bool] = False

    def __init__(
        self, detail: str, *, members: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members or {}
        self.headers = headers or {}


class FileMissing(AppError):
    """The body holds no file."""

    status, reason, title = 400, "FileMissing", "No file was sent"
    hint = "Send it as the form field `file` (curl -F file=@NAME) or as the raw body (curl --data-binary @NAME)."


class FileRepeated(AppError):
    """The body holds more than one file."""

    status, reason, title = 400, "FileRepeated", "More than one file was sent"
    hint = "Send one file a request; several requests may run at the same time."


class FieldUnknown(AppError):
    """An option that does not exist."""

    status, reason, title = 400, "FieldUnknown", "Unknown field"
    hint = "See docs/api.md for the fields; their names are case-sensitive."


class FieldRepeated(AppError):
    """An option was given twice."""

    status, reason, title = 400, "FieldRepeated", "A field was given twice"
    hint = "Give each field once, either in the query or in the body."


class FieldInvalid(AppError):
    """An option's value cannot be used."""

    status, reason, title = 400, "FieldInvalid", "A field has a value that cannot be used"
    hint = "Correct the field that the detail names."


class BodyBroken(AppError):
    """The body cannot be parsed."""

    status, reason, title = 400, "BodyBroken", "The body cannot be read"
    hint = "Check the Content-Type and how the body was made."


class BodyCut(AppError):
    """The connection ended before the body did."""

    status, reason, title = 400, "BodyCut", "The body ended too early"
    hint = "Send it again; nothing of it was kept."
    retryable = True


class OriginNotAllowed(AppError):
    """A web page of another site asked for a change."""

    status, reason, title = 403, "OriginNotAllowed", "This page may not ask for that"
    hint = "Changes are taken from this service's own page and from programs, not from other web sites."


class PreconditionFailed(AppError):
    """`If-Match` names another state than there is."""

    status, reason, title = 412, "PreconditionFailed", "It is not what you know"
    hint = "Ask for it again, and decide by what it is now."


class RouteUnknown(AppError):
    """There is nothing at this address."""

    status, reason, title = 404, "RouteUnknown", "There is nothing at this address"
    hint = "See docs/api.md for the addresses."


class UploadMissing(AppError):
    """A digest that is not on the volume."""

    status, reason, title = 404, "UploadMissing", "This content is not here"
    hint = "Send the file itself with POST /upload."


class MethodNotAllowed(AppError):
    """The address exists, but not for this method."""

    status, reason, title = 405, "MethodNotAllowed", "This address does not take that method"
    hint = "The Allow header lists the methods that it takes."


class BodyStalled(AppError):
    """Nothing came for too long."""

    status, reason, title = 408, "BodyStalled", "The upload stood still for too long"
    hint = "Send it again over a steadier connection; nothing of it was kept."
    retryable = True


class BodySlow(AppError):
    """It comes, but too slowly."""

    status, reason, title = 408, "BodySlow", "The upload came too slowly"
    hint = "Send it again over a faster connection, or have TEXTMILL_MIN_RATE lowered; nothing of it was kept."
    retryable = True


class NotFinished(AppError):
    """A result was asked for before there is one."""

    status, reason, title = 409, "NotFinished", "There is no result yet"
    hint = "Ask for the request until its phase is Succeeded, or `kubectl wait --for=condition=Finished`."
    retryable = True


class RequestFailed(AppError):
    """A result was asked for that will never be."""

    status, reason, title = 409, "RequestFailed", "The request failed, so it has no result"
    hint = "The detail says why; make a new request once that is mended."


class ResultGone(AppError):
    """The status names files that are no longer there."""

    status, reason, title = 410, "ResultGone", "The result's files are gone"
    hint = (
        "Make the request again with fresh: true, so that it is worked on anew; `next` names the call where one does."
    )


class TooLarge(AppError):
    """More than the limit."""

    status, reason, title = 413, "TooLarge", "The file is too large"
    hint = "Split the file, or have TEXTMILL_MAX_UPLOAD_BYTES raised."


class FieldsTooLarge(AppError):
    """The fields beside the file are too big or too many."""

    status, reason, title = 413, "FieldsTooLarge", "The fields are too large"
    hint = "Fields beside the file may have 64 KiB in all, and there may be 32 of them."


class MediaTypeUnsupported(AppError):
    """A body of a type that this address does not take."""

    status, reason, title = 415, "MediaTypeUnsupported", "This type of body is not taken here"
    hint = "POST /upload takes a form (multipart/form-data) or the raw file; POST /requests takes application/json."


class RangeUnsatisfiable(AppError):
    """A part of a file that lies beyond its end."""

    status, reason, title = 416, "RangeUnsatisfiable", "The file has no such part"
    hint = "Content-Range says how long the file is; ask within that, or for the whole without Range."


class HostNotAllowed(AppError):
    """The request was addressed to a name that is not this service's."""

    status, reason, title = 421, "HostNotAllowed", "This service does not go by that name"
    hint = "Use localhost, or add the name to TEXTMILL_ALLOWED_HOSTS."


class KeyReused(AppError):
    """An Idempotency-Key came back with something else."""

    status, reason, title = 422, "KeyReused", "This Idempotency-Key stands for another upload"
    hint = "Use a new key for other content or other options."


class DigestMismatch(AppError):
    """The content is not what the caller said it is."""

    status, reason, title = 422, "DigestMismatch", "The content does not have the digest that was given"
    hint = "Send it again; if the digests differ once more, correct the sha256 field."
    retryable = True


class EncodingUnknown(AppError):
    """The encoding has a name as encodings have them, and there is none of that name."""

    status, reason, title = 422, "EncodingUnknown", "There is no such encoding"
    hint = "Correct the encoding, or let it be guessed: auto."


class HeadersTooLarge(AppError):
    """The head of the request is larger than what is taken."""

    status, reason, title = 431, "HeadersTooLarge", "The headers are too large"
    hint = "Idempotency-Key may have 256 characters."


class RateExceeded(AppError):
    """This client asks too often."""

    status, reason, title = 429, "RateExceeded", "Too many requests in too short a time"
    hint = "Come again after the seconds that Retry-After names."
    retryable = True


class UploadsRunning(AppError):
    """This client has too many uploads running."""

    status, reason, title = 429, "UploadsRunning", "Too many uploads at the same time"
    hint = "Wait until one of them is through."
    retryable = True


class QueueFull(AppError):
    """As many requests wait as may."""

    status, reason, title = 429, "QueueFull", "Too many requests wait already"
    hint = "Come again when some have finished, or have TEXTMILL_QUEUE_REQUESTS raised."
    retryable = True


class ArtefactInvalid(AppError):
    """What lies on the volume is not what the status says."""

    status, reason, title = 502, "ArtefactInvalid", "The result's files do not fit its status"
    hint = "Make the request again with fresh: true, and have the volume checked."


class VolumeNotReady(AppError):
    """The volume cannot be used."""

    status, reason, title = 503, "VolumeNotReady", "The volume cannot be used"
    hint = "Check TEXTMILL_VOLUME and its mount; `python -m app init` takes over a folder that holds other things."
    retryable = True


class TooManyStreams(AppError):
    """Every place for an event stream is taken."""

    status, reason, title = 503, "TooManyStreams", "Too many clients are waiting for events"
    hint = "Come again after the seconds that Retry-After names, ask without `wait`, or have TEXTMILL_STREAMS raised."
    retryable = True


class TooManyUploads(AppError):
    """Every place for a long upload is taken, and as many wait for one as may, or this one has waited too long."""

    status, reason, title = 503, "TooManyUploads", "Too many uploads are coming in"
    hint = "Send it again after the seconds that Retry-After names, or have TEXTMILL_THREADS raised."
    retryable = True


class QueueBytesFull(AppError):
    """The requests that wait hold as many bytes as they may."""

    status, reason, title = 507, "QueueBytesFull", "Too much content waits already"
    hint = "Come again when some requests have finished, or have TEXTMILL_QUEUE_BYTES raised."
    retryable = True


class VolumeFull(AppError):
    """No room on the volume."""

    status, reason, title = 507, "VolumeFull", "The volume is full"
    hint = (
        "Delete finished requests and run the sweep with --now, or enlarge the claim; nothing of this upload was kept."
    )
    retryable = True
