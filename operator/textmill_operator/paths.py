"""Where the operator's objects stand in the Kubernetes API, and by which selectors it asks for them.

The watch and the audit must ask for the same things, so both take them from here.
"""

from __future__ import annotations

from textmill import names
from textmill.request import Request
from textmill_operator.api import in_namespace
from textmill_operator.store import Kind

SETTLED = "status.settled=true"
EXPIRING = f"{SETTLED},spec.ttlSecondsAfterFinished!="
"""Settled requests that have a time to live: an absent field is the empty text."""
OURS = names.STAGE_LABEL
"""Jobs and pods that bear this label, whatever its value: every version of ours has given it to both."""


def requests(namespace: str = "") -> str:
    """Return the collection of requests, of one namespace or of all."""
    return in_namespace(namespace, names.PLURAL, group=names.API_VERSION)


def request(namespace: str, name: str, sub: str = "") -> str:
    """Return one request, or its status."""
    return in_namespace(namespace, names.PLURAL, name, sub, group=names.API_VERSION)


def status_of(one: Request) -> str:
    """Return a request's status subresource."""
    return request(one.namespace, one.name, "status")


def jobs(namespace: str = "", name: str = "") -> str:
    """Return the collection of Jobs, or one."""
    return in_namespace(namespace, "jobs", name, group="batch/v1")


def pods(namespace: str = "", name: str = "", sub: str = "") -> str:
    """Return the collection of pods, one of them, or its log."""
    return in_namespace(namespace, "pods", name, sub)


def live(kind: Kind, namespace: str = "") -> tuple[str, dict[str, str]]:
    """Return path and selector under which the live objects of a kind are listed."""
    if kind == "request":
        return requests(namespace), {"fieldSelector": names.LIVE}
    return (jobs(namespace) if kind == "job" else pods(namespace)), {"labelSelector": OURS}
