"""What can go wrong for a person at a terminal, each kind with the exit code that a script can tell it by.

The codes are a promise: `docs/cli.md` has the table and a test holds the two together. A reason that the service sent
stays as it is; these classes only sort it. Messages may hold text from elsewhere, so whoever prints one cleans it.
"""

from __future__ import annotations

OK = 0
FAULT = 70
INTERRUPTED = 130
PIPE_CLOSED = 141


class CliError(Exception):
    """Base of this room's errors. Not one of ours when raised by itself: the service answered what nobody expected."""

    exit_code = 6
    reason = "ServiceBroken"
    hint = "Ask who runs the service; the message is what it said."
    meaning = "the service cannot be reached, or its answer cannot be used"

    def __init__(self, message: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.reason
        self.hint = hint or self.hint


class RequestFailed(CliError):
    """A request that was waited for, or whose words were asked for, has failed."""

    exit_code, reason = 1, "RequestFailed"
    hint = "`textmill get NAME` shows the reason and what to do."
    meaning = "a request has failed"


class NotFound(CliError):
    """There is no such request."""

    exit_code, reason = 3, "RequestMissing"
    hint = "`textmill list` shows the requests that there are."
    meaning = "there is no such request"


class Refused(CliError):
    """The service does not take what was asked."""

    exit_code, reason = 4, "Refused"
    hint = "Change what the message names."
    meaning = "the service refuses what was asked: the message says why"


class Denied(CliError):
    """The service does not know or does not allow this person."""

    exit_code, reason = 5, "Denied"
    hint = "Give a token of somebody who may do that: --token-file, TEXTMILL_TOKEN, or a kubeconfig."
    meaning = "not allowed: no token, a wrong one, or one without the right"


class Away(CliError):
    """The service cannot be reached, or asks to come again later, for longer than we tried."""

    exit_code, reason = 6, "ServiceAway"
    hint = "Check the address (--server, TEXTMILL_SERVER) and that the service runs; then try again."
    meaning = CliError.meaning


class TooSlow(CliError):
    """A request has not ended within the time that was given."""

    exit_code, reason = 7, "WaitedTooLong"
    hint = "It goes on without us: `textmill get NAME --wait` waits again."
    meaning = "--timeout is over and a request has not ended"


class FileUnusable(CliError):
    """A file of this machine cannot be read or written."""

    exit_code, reason = 8, "FileUnusable"
    hint = "Check the file's name and rights."
    meaning = "a file of this machine cannot be read or written"


class NotOffered(CliError):
    """What was asked cannot be done by this way to the service, or with what is installed."""

    exit_code, reason = 9, "NotOffered"
    hint = "See `textmill COMMAND --help`."
    meaning = "that cannot be done this way, or needs something that is not installed"


KINDS = (RequestFailed, NotFound, Refused, Denied, Away, TooSlow, FileUnusable, NotOffered)
