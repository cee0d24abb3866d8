"""What can go wrong in the laptop's cluster, outside the API server.

One hierarchy, so that a command has one thing to catch: it prints the message and the hint, and never a
traceback. Each class has a stable reason, which also serves as the reason of a condition or an event.
Nothing here subclasses a library's error; causes are chained where they are caught.
"""

from typing import Any, ClassVar


class LocalError(Exception):
    """The base: a sentence with the bad value, and what to do about it."""

    reason: ClassVar[str] = "LocalError"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the sentence and the advice apart: a terminal shows both, an event only the first."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class KubeconfigInvalid(LocalError):
    """The kubeconfig is missing, or says nothing that can be used."""

    reason = "KubeconfigInvalid"


class ApiUnreachable(LocalError):
    """No answer came: nobody knows whether the server has acted on the call."""

    reason = "ApiUnreachable"
    retryable = True


class ApiRefused(LocalError):
    """The server answered with a Status that is not success."""

    reason = "ApiRefused"

    def __init__(self, code: int, status: dict[str, Any]) -> None:
        """Take the HTTP code and the Status object as the server sent them."""
        super().__init__(str(status.get("message") or f"the API server answered {code}"))
        self.code = code
        self.status_reason = str(status.get("reason") or "")

    @property
    def gone(self) -> bool:
        """Whether the resourceVersion asked for is too old (410, in a watch or a list)."""
        return self.code == 410

    @property
    def missing(self) -> bool:
        """Whether the object does not exist."""
        return self.code == 404

    @property
    def conflict(self) -> bool:
        """Whether somebody else wrote first, or an object of that name is there."""
        return self.code == 409


class PortTaken(LocalError):
    """The address asked for is in use."""

    reason = "PortTaken"


class StateInUse(LocalError):
    """Another stack runs on this state folder."""

    reason = "StateInUse"


class StateUnusable(LocalError):
    """The state folder cannot be made or written, or holds other people's files."""

    reason = "StateUnusable"


class ChildFailed(LocalError):
    """A part of the stack did not come up."""

    reason = "ChildFailed"


class DemoFailed(LocalError):
    """The demo's request did not end as it should."""

    reason = "DemoFailed"


class RequestFailed(DemoFailed):
    """The demo's request ended as Failed, and its status says why."""

    reason = "RequestFailed"


class PlatformUnsupported(LocalError):
    """The machine lacks what running pods as subprocesses needs."""

    reason = "PlatformUnsupported"
