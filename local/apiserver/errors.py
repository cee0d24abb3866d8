"""Every refusal of the API server, as one hierarchy that renders to a Kubernetes Status.

Clients decide by `code` and `reason`, people read `message`; so each class fixes the first two and each raise gives
the third with the bad value in it. `hint` goes to the server's log, where a person looks next; `retryable` says
whether the same request may succeed later. No class here derives from a library's error: causes are chained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of `status.details.causes`: which field, and what is wrong with it."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def body(self) -> dict[str, str]:
        """The cause as the Status carries it."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """A request that is refused; the base of all others."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"
    hint: ClassVar[str] = "this is a fault of the API server; its log has the traceback"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None, causes: Sequence[Cause] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = dict(details or {})
        self.causes = tuple(causes)

    def status(self) -> dict[str, Any]:
        """The Status object that the client receives."""
        details = dict(self.details)
        if self.causes:
            details["causes"] = [cause.body() for cause in self.causes]
        if self.retryable:
            details.setdefault("retryAfterSeconds", 1)
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body |= {"message": self.message, "reason": self.reason}
        if details:
            body["details"] = details
        return body | {"code": self.code}


class InternalError(ApiError):
    """Our own fault, or the disk's."""

    retryable = True


class BadRequest(ApiError):
    """The request cannot be understood."""

    code, reason, hint = 400, "BadRequest", "correct the request; sending it again changes nothing"


class Unauthorized(ApiError):
    """No token, or a wrong one."""

    code, reason, hint = 401, "Unauthorized", "use the kubeconfig that this server wrote at its start"

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Forbidden(ApiError):
    """Understood and not allowed."""

    code, reason, hint = 403, "Forbidden", "see the message for the rule that forbids it"


class NotFound(ApiError):
    """No such object."""

    code, reason, hint = 404, "NotFound", "look at the names with kubectl get"

    def __init__(self, resource: str, name: str, group: str = "") -> None:
        super().__init__(f'{resource} "{name}" not found', details=about(name, group, resource.partition(".")[0]))


class NoSuchPath(ApiError):
    """No such resource type or path."""

    code, reason, hint = 404, "NotFound", "kubectl api-resources lists what is served"

    def __init__(self) -> None:
        super().__init__("the server could not find the requested resource")


class MethodNotAllowed(ApiError):
    """The path exists, the verb does not."""

    code, reason, hint = 405, "MethodNotAllowed", "kubectl api-resources -o wide lists the verbs"


class NotAcceptable(ApiError):
    """The client accepts none of the forms that are spoken here."""

    code, reason, hint = 406, "NotAcceptable", "send Accept: application/json"


class AlreadyExists(ApiError):
    """The name is taken."""

    code, reason, hint = 409, "AlreadyExists", "choose another name, or update what is there"


class Conflict(ApiError):
    """Somebody else changed the object first, or owns the field."""

    code, reason, hint = 409, "Conflict", "read the object again and repeat the change on it"


class Expired(ApiError):
    """History from that resourceVersion on is no longer kept."""

    code, reason, hint = 410, "Expired", "list again and go on from the list's resourceVersion"


class TooLarge(ApiError):
    """The body is over the size limit."""

    code, reason, hint = 413, "RequestEntityTooLarge", "send a smaller object; the limit is 3 MiB"


class UnsupportedMediaType(ApiError):
    """The body is of a form that is not spoken here."""

    code, reason, hint = 415, "UnsupportedMediaType", "send JSON"


class Invalid(ApiError):
    """The object breaks the rules of its kind."""

    code, reason, hint = 422, "Invalid", "correct the fields that the causes name"

    def __init__(self, kind: str, group: str, name: str, causes: Sequence[Cause]) -> None:
        lines = [f"{cause.field}: {cause.message}" for cause in causes]
        text = lines[0] if len(lines) == 1 else "[" + ", ".join(lines) + "]"
        title = f"{kind}.{group}" if group else kind
        super().__init__(f'{title} "{name}" is invalid: {text}', details=about(name, group, kind), causes=causes)


class Unavailable(ApiError):
    """Something behind this server does not answer."""

    code, reason, hint, retryable = 503, "ServiceUnavailable", "try again; is the kubelet running?", True


class FutureVersion(ApiError):
    """The asked resourceVersion has not happened yet."""

    code, reason, hint, retryable = 504, "Timeout", "list without a resourceVersion", True

    def __init__(self, asked: int, current: int) -> None:
        message = f"Too large resource version: {asked}, current: {current}"
        super().__init__(message, causes=[Cause("", "Too large resource version", "ResourceVersionTooLarge")])


def about(name: str, group: str, kind: str) -> dict[str, str]:
    """The details that name the object in question."""
    details = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in details.items() if value}
