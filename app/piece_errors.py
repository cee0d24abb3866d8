"""The errors of resumable uploads: what can be wrong with a piece, its place, or the protocol's version.

They are the room's errors like those in `app/errors.py`, apart only because no other part raises them.
"""

from __future__ import annotations

from app.errors import AppError


class PiecesMissing(AppError):
    """An address of a resumable upload that is not there."""

    status, reason, title = 404, "PiecesMissing", "There is no such resumable upload"
    hint = "Begin again with POST /uploads; it was ended, has expired, or never was."


class TusVersionUnsupported(AppError):
    """The client speaks another version of the protocol."""

    status, reason, title = 412, "TusVersionUnsupported", "This version of the tus protocol is not spoken here"
    hint = "Send the header Tus-Resumable: 1.0.0."


class OffsetMismatch(AppError):
    """A piece that does not begin where the upload stands."""

    status, reason, title = 409, "OffsetMismatch", "The piece does not begin where the upload stands"
    hint = "Ask with HEAD for Upload-Offset, and go on from there."
    retryable = True


class PartsUnfinished(AppError):
    """Parts to be joined that are not whole."""

    status, reason, title = 409, "PartsUnfinished", "A part to be joined is not whole yet"
    hint = "Send the parts to their ends first."
    retryable = True


class UploadsOpen(AppError):
    """This client has too many uploads open."""

    status, reason, title = 429, "UploadsOpen", "Too many resumable uploads are open"
    hint = "Send those that were begun to their end, or end them with DELETE; what nobody goes on with expires."
    retryable = True


class AllUploadsOpen(AppError):
    """All clients together have too many uploads open."""

    status, reason, title = 507, "AllUploadsOpen", "Too many resumable uploads are open here"
    hint = "Come again after the seconds that Retry-After names, or send the file with POST /upload."
    retryable = True


class UploadBusy(AppError):
    """Somebody else sends a piece of this upload."""

    status, reason, title = 423, "UploadBusy", "Another connection is at work on this upload"
    hint = "Try again in a moment."
    retryable = True


class ChecksumMismatch(AppError):
    """A piece that is not what its checksum says."""

    status, reason, title = 460, "ChecksumMismatch", "The piece does not have the checksum that was given"
    hint = "Send the piece again; nothing of it was kept."
    retryable = True
