"""The operator's errors: what the Kubernetes API answered, by what can be done about it.

No class here derives from a client library's errors, so nothing above `api` depends on which library that is.
"""

from __future__ import annotations

TEXT_LIMIT = 512


class OperatorError(Exception):
    """Base of this room's errors. `reason` is a stable word; `retryable` tells whether the same call may work later."""

    reason = "OperatorError"
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message[:TEXT_LIMIT])


class Misconfigured(OperatorError):
    """A setting cannot be used."""

    reason = "Misconfigured"


class NotLeading(OperatorError):
    """The Lease is not ours any more, so nothing may be written."""

    reason = "NotLeading"
    retryable = True


class ApiError(OperatorError):
    """The API answered with an error, or not at all."""

    reason = "ApiError"


class Away(ApiError):
    """The API did not answer in time, or said that it cannot now (429, 5xx)."""

    reason = "ApiAway"
    retryable = True


class Busy(Away):
    """The API wants no such call for `seconds`: it said so, or it has not answered others of the kind."""

    reason = "ApiBusy"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotFound(ApiError):
    """There is no such object."""

    reason = "NotFound"


class Conflict(ApiError):
    """The object has changed since it was read, or exists already (409)."""

    reason = "Conflict"
    retryable = True


class Refused(ApiError):
    """The API understood and refuses: quota, permission, validation (other 4xx)."""

    reason = "Refused"


class Forbidden(Refused):
    """The API refuses by permission or admission (403), which often concerns more than one object."""


class TooLong(OperatorError):
    """An answer has more bytes than are taken at once."""

    reason = "TooLong"


class NoAnswer(OperatorError):
    """An address outside the cluster did not answer in time, or not at all."""

    reason = "NoAnswer"
    retryable = True


class NotAllowed(OperatorError):
    """An address that must not be called from here."""

    reason = "NotAllowed"
