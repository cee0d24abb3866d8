"""What the room needs of a cluster, and what can go wrong with one: plain dictionaries in and out, nine errors.

Nothing of a client's classes or of HTTP is in here, so everything above it can be tested with a cluster that lives in
memory. The real one is `app/kubernetes_cluster.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.errors import AppError, QueueFull

Body = dict[str, Any]
EVENTS = 50
"""Events of one request that are read; the operator posts far fewer."""


class ClusterError(AppError):
    """Base of what can go wrong between us and the Kubernetes API."""


class Away(ClusterError):
    """The Kubernetes API cannot be reached, or is in no state to answer."""

    status, reason, title = 503, "ClusterAway", "The Kubernetes API is away"
    hint = "Come again after the seconds that Retry-After names; uploaded content is kept."
    retryable = True


class NotFound(ClusterError):
    """There is no request of that name."""

    status, reason, title = 404, "RequestMissing", "There is no such request"
    hint = "GET /requests lists the requests that there are; finished ones go when their TTL is over."


class LeaseMissing(ClusterError):
    """There is no Lease of that name."""

    status, reason, title = 404, "LeaseMissing", "There is no such Lease"
    hint = "Start the operator, and name its Lease in TEXTMILL_LEASE of this service."


class Conflict(ClusterError):
    """The name is taken."""

    status, reason, title = 409, "NameTaken", "There is already a request of this name"
    hint = "Choose another name, leave it out, or delete the other request first."


class Refused(ClusterError):
    """The resource definition's rules do not allow this; the detail is their sentence."""

    status, reason, title = 422, "SpecRefused", "The request is not valid"
    hint = "Change what the detail names."


class Expired(ClusterError):
    """A list was continued too late."""

    status, reason, title = 410, "ContinueExpired", "This page of the list is too old"
    hint = "Begin the list again without `continue`."


class Denied(ClusterError):
    """We lack a right."""

    status, reason, title = 503, "ClusterDenied", "The Kubernetes API does not let this service do that"
    hint = "Give the service account the rights that the chart gives."


class QuotaReached(ClusterError, QueueFull):
    """The namespace's ResourceQuota allows no more requests: to a caller the same as a full queue."""

    hint = "Delete finished requests, which the quota counts too, or have it raised; uploaded content is kept."


@dataclass(frozen=True)
class Page:
    """One page of a list, the token for the next (empty at the end), and the list's resourceVersion."""

    items: list[Body]
    token: str = ""
    version: str = ""


class Watching(Protocol):
    """A watch that runs: kinds and objects of events, as they come."""

    def __iter__(self) -> Iterator[tuple[str, Body]]:
        """Return the events; ends when the server ends the watch."""

    def interrupt(self) -> None:
        """Have the events end, out of another thread."""

    def close(self) -> None:
        """Let go of the connection."""


class Cluster(Protocol):
    """What the room needs of a cluster; tests bring one that lives in memory."""

    namespace: str

    def create(self, body: Body) -> Body:
        """Create a request in our namespace; Conflict where the name is taken."""

    def get(self, name: str) -> Body:
        """Return a request of our namespace."""

    def delete(self, name: str, version: str = "") -> None:
        """Delete a request of our namespace, and in the background what it owns; Conflict if not of this version."""

    def relabel(self, body: Body, labels: Mapping[str, str | None]) -> None:
        """Set or (None) remove labels of a request as it was read; Conflict where it has changed since."""

    def page(
        self, *, fields: str = "", labels: str = "", limit: int = 500, token: str = "", namespace: str | None = None
    ) -> Page:
        """Return a page of the requests of a namespace (ours by default); `fields` and `labels` are selectors."""

    def namespace_uid(self) -> str:
        """Return the uid of our namespace, which no other namespace of this or another cluster ever has."""

    def lease(self, name: str) -> Body:
        """Return a Lease of our namespace; LeaseMissing where there is none of that name."""

    def watch(self, version: str, silence: float) -> Watching:
        """Watch our namespace's requests from a version on; Away after so many seconds without a word."""

    def events(self, uid: str) -> list[Body]:
        """Return the newest events of our namespace that are about the object of this uid, at most `EVENTS`."""

    def review(self, group: str, plural: str, body: Body) -> Body:
        """Have the API server answer a review, which it stores nowhere."""
