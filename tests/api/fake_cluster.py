"""A cluster that lives in memory, behind the interface of `app/cluster.py`, for tests of everything above it.

It keeps names unique, pages lists with a token, knows the phase selector, and can be told to be away, or to refuse a
spec with a sentence as a resource definition does. What a real API server adds is tested against one in `tests/api/`.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from app.cluster import Away, Body, ClusterError, Conflict, Expired, LeaseMissing, NotFound, Page, QuotaReached, Refused


class FakeCluster:
    """Requests by namespace and name; `trouble`, when set, is raised by every call."""

    def __init__(self, namespace: str = "default") -> None:
        self.namespace = namespace
        self.quota: int | None = None
        self.uid = "00000000-0000-4000-8000-00000000cafe"
        self.objects: dict[tuple[str, str], Body] = {}
        self.trouble: ClusterError | None = None
        self.tokens: dict[str, str] = {}
        self.rules: set[tuple[str, str, str]] = set()
        self.audiences: list[str] = []
        self.calls: list[str] = []
        self.leases: dict[str, Body] = {}
        self.noted: list[Body] = []
        """Events, for `events`."""
        self.log: list[tuple[str, Body]] = []
        """Every change as a watch tells it; a watch from a version on begins after that version's entry."""
        self.oldest = 0
        """Watches from before this version are expired."""
        self.changed = threading.Condition()
        self._numbers = itertools.count(1)

    def away(self) -> None:
        """Let every call fail from now on."""
        with self.changed:
            self.trouble = Away("The Kubernetes API did not answer (test).")
            self.changed.notify_all()

    def refuse(self, sentence: str) -> None:
        """Refuse from now on whatever is made, as a definition's rules do."""
        self.trouble = Refused(sentence)

    def back(self) -> None:
        """Let calls succeed again."""
        self.trouble = None

    def forget(self) -> None:
        """Keep no history: whoever watches from an earlier version must list again."""
        with self.changed:
            self.oldest = next(self._numbers)
            self.log.append(("BOOKMARK", {"metadata": {"resourceVersion": str(self.oldest)}}))
            self.changed.notify_all()

    def create(self, body: Body) -> Body:
        """Create a request; Conflict where the name is taken."""
        self._enter("create")
        if self.quota is not None and len(self.objects) >= self.quota:  # as a server does, before it looks at the name
            raise QuotaReached(f"The quota allows {self.quota} requests.")
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
        self._tell("ADDED", made)
        return copy.deepcopy(made)

    def get(self, name: str) -> Body:
        """Return a request."""
        self._enter("get")
        return copy.deepcopy(self._found(name))

    def delete(self, name: str, version: str = "") -> None:
        """Delete a request."""
        self._enter("delete")
        gone = self._found(name)
        if version not in ("", gone["metadata"]["resourceVersion"]):
            raise Conflict(f"{name} is another by now")
        del self.objects[self.namespace, name]
        gone["metadata"]["resourceVersion"] = str(next(self._numbers))
        self._tell("DELETED", gone)

    def relabel(self, body: Body, labels: Mapping[str, str | None]) -> None:
        """Change labels; Conflict where the request has changed since it was read."""
        self._enter("relabel")
        meta = body["metadata"]
        found = self.objects.get((meta["namespace"], meta["name"]))
        if found is None:
            raise NotFound(f"There is no request named {meta['name']!r}.")
        held = found["metadata"]
        if (held["uid"], held["resourceVersion"]) != (meta["uid"], meta["resourceVersion"]):
            raise Conflict(f"{meta['name']!r} has changed.")
        merged = {**(held.get("labels") or {}), **labels}
        held["labels"] = {name: value for name, value in merged.items() if value is not None}
        held["resourceVersion"] = str(next(self._numbers))
        self._tell("MODIFIED", found)

    def page(
        self, *, fields: str = "", labels: str = "", limit: int = 500, token: str = "", namespace: str | None = None
    ) -> Page:
        """Return a page of requests, in the order of their names."""
        self._enter("page")
        field, _, value = fields.partition("=")
        name, _, wish = labels.partition("=")
        wanted = [
            copy.deepcopy(body)
            for (place, _), body in sorted(self.objects.items())
            if place == (namespace or self.namespace)
            and _selected(body["status"], field, value)
            and (not name or (body["metadata"].get("labels") or {}).get(name) == wish)
        ]
        if token and not token.isdigit():
            raise Expired("The list cannot be continued any more.")
        start = int(token or 0)
        end = start + limit
        version = self.log[-1][1]["metadata"]["resourceVersion"] if self.log else "0"
        return Page(wanted[start:end], str(end) if end < len(wanted) else "", version)

    def namespace_uid(self) -> str:
        """Return the uid of the namespace."""
        self._enter("namespace_uid")
        return self.uid

    def lease(self, name: str) -> Body:
        """Return a Lease."""
        self._enter("lease")
        if name not in self.leases:
            raise LeaseMissing(f"There is no Lease {name!r}.")
        return copy.deepcopy(self.leases[name])

    def watch(self, version: str, silence: float) -> FakeWatch:
        """Watch from a version on."""
        self._enter("watch")
        return FakeWatch(self, int(version))

    def events(self, uid: str) -> list[Body]:
        """Return the events about an object."""
        self._enter("events")
        return [copy.deepcopy(one) for one in self.noted if one["involvedObject"]["uid"] == uid]

    def review(self, group: str, plural: str, body: Body) -> Body:
        """Say who a token is for (`tokens`), or whether somebody may do something (`rules`: user, verb, name or "")."""
        self._enter(plural)
        spec = body["spec"]
        if plural == "tokenreviews":
            user = self.tokens.get(spec["token"])
            if user is None:
                return {"status": {"error": "no such token"}}
            who = {"username": user, "groups": ["people"], "uid": f"uid-{user}"}
            return {"status": {"authenticated": True, "user": who, "audiences": self.audiences}}
        wish = spec["resourceAttributes"]
        assert (wish["group"], wish["resource"]) == ("textmill.dev", "processingrequests")
        assert wish["namespace"] == self.namespace
        asked = {(spec["user"], wish["verb"], name) for name in ("", wish["name"])}
        return {"status": {"allowed": bool(asked & self.rules), "reason": "" if asked & self.rules else "no rule"}}

    def set_status(self, name: str, status: dict[str, Any]) -> str:
        """Write a status, as the operator would; return the new version."""
        found = self._found(name)
        found["status"] = status
        found["metadata"]["resourceVersion"] = version = str(next(self._numbers))
        self._tell("MODIFIED", found)
        return version

    def names(self) -> list[str]:
        """Return the names of all requests."""
        return sorted(name for _, name in self.objects)

    def _tell(self, kind: str, body: Body) -> None:
        with self.changed:
            self.log.append((kind, copy.deepcopy(body)))
            self.changed.notify_all()

    def _enter(self, call: str) -> None:
        self.calls.append(call)
        if self.trouble is not None:
            raise self.trouble

    def _found(self, name: str) -> Body:
        try:
            return self.objects[self.namespace, name]
        except KeyError:
            raise NotFound(f"There is no request named {name!r}.") from None


class FakeWatch:
    """A watch over the log of a cluster in memory."""

    def __init__(self, cluster: FakeCluster, version: int) -> None:
        self._cluster, self._version = cluster, version
        self.interrupted = False

    def __iter__(self) -> Iterator[tuple[str, Body]]:
        """Return the events after the version, and wait for more until it is interrupted or the cluster goes away."""
        while (found := self._next()) is not None:
            self._version = int(found[1]["metadata"]["resourceVersion"])
            yield found

    def _next(self) -> tuple[str, Body] | None:
        with self._cluster.changed:
            while not self.interrupted:
                if self._cluster.trouble is not None:
                    raise self._cluster.trouble
                if self._version < self._cluster.oldest:
                    raise Expired("The version is too old.")
                for kind, body in self._cluster.log:
                    if int(body["metadata"]["resourceVersion"]) > self._version:
                        return kind, copy.deepcopy(body)
                self._cluster.changed.wait()
        return None

    def interrupt(self) -> None:
        """Have the events end."""
        with self._cluster.changed:
            self.interrupted = True
            self._cluster.changed.notify_all()

    def close(self) -> None:
        """Let go of the connection."""


def _selected(status: Body, field: str, value: str) -> bool:
    name = field.removeprefix("status.").removesuffix("!")
    if not name:
        return True
    held = status.get(name)
    return (str(held).lower() == value.lower()) != field.endswith("!")
