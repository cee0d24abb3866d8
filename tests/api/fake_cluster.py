"""A cluster that lives in memory, behind the interface of `app/cluster.py`, for tests of everything above it.

It keeps names unique, pages lists with a token, knows the phase selector, and can be told to be away, or to refuse a
spec with a sentence as a resource definition does. What a real API server adds is tested against one in `tests/api/`.
"""

from __future__ import annotations

import copy
import itertools
from typing import Any

from app.cluster import Away, Body, ClusterError, Conflict, Expired, NotFound, Page


class FakeCluster:
    """Requests by namespace and name; `trouble`, when set, is raised by every call."""

    def __init__(self, namespace: str = "default") -> None:
        self.namespace = namespace
        self.objects: dict[tuple[str, str], Body] = {}
        self.trouble: ClusterError | None = None
        self.calls: list[str] = []
        self._numbers = itertools.count(1)

    def away(self) -> None:
        """Let every call fail from now on."""
        self.trouble = Away("The Kubernetes API did not answer (test).")

    def create(self, body: Body) -> Body:
        """Create a request; Conflict where the name is taken."""
        self._enter("create")
        meta = body["metadata"]
        key = (meta["namespace"], meta["name"])
        if key in self.objects:
            raise Conflict(f"There is already a request named {meta['name']!r}.")
        number = next(self._numbers)
        made = copy.deepcopy(body)
        made["metadata"] |= {
            "uid": f"00000000-0000-4000-8000-{number:012d}",
            "resourceVersion": str(number),
            "creationTimestamp": f"2026-11-23T00:{number // 60 % 60:02d}:{number % 60:02d}Z",
        }
        made.setdefault("status", {"phase": "Pending", "settled": False, "progress": {"percent": 0}})
        self.objects[key] = made
        return copy.deepcopy(made)

    def get(self, name: str) -> Body:
        """Return a request."""
        self._enter("get")
        return copy.deepcopy(self._found(name))

    def delete(self, name: str) -> None:
        """Delete a request."""
        self._enter("delete")
        self._found(name)
        del self.objects[self.namespace, name]

    def page(self, *, fields: str = "", limit: int = 500, token: str = "", namespace: str | None = None) -> Page:
        """Return a page of requests, in the order of their names."""
        self._enter("page")
        phase = fields.removeprefix("status.phase=") if fields else None
        wanted = [
            copy.deepcopy(body)
            for (place, _), body in sorted(self.objects.items())
            if place == (namespace or self.namespace) and phase in (None, body["status"].get("phase"))
        ]
        if token and not token.isdigit():
            raise Expired("The list cannot be continued any more.")
        start = int(token or 0)
        end = start + limit
        return Page(wanted[start:end], str(end) if end < len(wanted) else "")

    def set_status(self, name: str, status: dict[str, Any]) -> None:
        """Write a status, as the operator would."""
        self._found(name)["status"] = status

    def names(self) -> list[str]:
        """Return the names of all requests."""
        return sorted(name for _, name in self.objects)

    def _enter(self, call: str) -> None:
        self.calls.append(call)
        if self.trouble is not None:
            raise self.trouble

    def _found(self, name: str) -> Body:
        try:
            return self.objects[self.namespace, name]
        except KeyError:
            raise NotFound(f"There is no request named {name!r}.") from None
