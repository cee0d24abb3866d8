"""Why one order cannot be done, as the worker says it; each class stands for one reason of the domain's table.

An error of this family becomes a `failed` line of that one order and never an exit code: the other orders of a
batch go on. What is done about it (another try or none) is decided elsewhere, from the reason alone.
"""

from __future__ import annotations

import errno
from typing import ClassVar

from textmill.errors import ADVICE, Reason

_PASSING = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.EMFILE,
        errno.ENFILE,
        errno.ETIMEDOUT,
        errno.EREMOTEIO,
        errno.EHOSTDOWN,
        errno.ENOTCONN,
        errno.ESHUTDOWN,
    }
)
"""What a disk, a network file system or a system short of files says; it tells nothing of the file itself."""


class WorkerError(Exception):
    """Base of the errors that end one order."""

    reason: ClassVar[Reason] = Reason.WORKER_FAILED

    @property
    def hint(self) -> str:
        """What a person can do about it."""
        return ADVICE[self.reason].hint

    @property
    def retryable(self) -> bool:
        """Whether trying again can help."""
        return ADVICE[self.reason].retryable


class InputMissing(WorkerError):
    """There is no such input."""

    reason = Reason.INPUT_MISSING


class InputNotAllowed(WorkerError):
    """The input is no regular file, or a symbolic link lies on the way to it, or it is outside its folder."""

    reason = Reason.INPUT_NOT_ALLOWED


class InputChanged(WorkerError):
    """The input is not the same file that was seen before."""

    reason = Reason.INPUT_CHANGED


class DigestMismatch(WorkerError):
    """The content does not have the digest that it must have."""

    reason = Reason.DIGEST_MISMATCH


class NotText(WorkerError):
    """The content is no text in the encoding that was asked for."""

    reason = Reason.NOT_TEXT


class InputDamaged(WorkerError):
    """The compressed content is cut off, or is not what its own beginning says."""

    reason = Reason.INPUT_DAMAGED


class InputTooLarge(WorkerError):
    """The content would expand, or need memory, past what is allowed."""

    reason = Reason.INPUT_TOO_LARGE


class ArtefactInvalid(WorkerError):
    """An artefact on the volume does not fit its manifest, or the manifest is not one of this version."""

    reason = Reason.ARTEFACT_INVALID


class VolumeUnavailable(WorkerError):
    """The volume, or the system beneath it, fails at what usually works."""

    reason = Reason.VOLUME_UNAVAILABLE


class VolumeFull(WorkerError):
    """There is no room on the volume, or the quota is used up."""

    reason = Reason.VOLUME_FULL


class MemoryTooSmall(WorkerError):
    """A word, or a run of spaces or marks, is so long that it does not fit into the worker's memory."""

    reason = Reason.OOM_KILLED


def unavailable(error: BaseException) -> VolumeUnavailable | None:
    """Return the error of the volume that an error of the system is, None where it is another."""
    if isinstance(error, OSError) and error.errno in _PASSING:
        return VolumeUnavailable(f"the volume fails: {error.strerror}")
    return None
