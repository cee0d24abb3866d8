"""The operator's `Api`, over dictionaries in memory: versions, guards, and faults at any call.

It has the same methods and raises the same errors, so the parts under test cannot tell. `fail_at` ends the process at
the call of that number, before it takes effect or after it.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from textmill_operator.api import Api
from textmill_operator.errors import Away, Conflict, NotFound, Refused

Body = dict[str, Any]

CREATED = "2027-01-15T08:00:00Z"


class Killed(BaseException):
    """The process ends here."""


class FakeApi(Api):
    """Objects by path; lists know no selector but the ones that tests set in `views`."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, Body] = {}
        self.logs: dict[str, str] = {}
        self.log: list[tuple[str, str]] = []
        self.version = 100
        self.fail_at: int | None = None
        self.fail_after = False
        self.dead = False
        self.refuse: Callable[[str, str], Exception | None] = answer
        self.heard = False

    @property
    def answers(self) -> bool:
        """Tell what a test says of whether others are answered."""
        return self.heard

    def seed(self, path: str, body: Mapping[str, Any]) -> Body:
        """Put an object in place."""
        self.version += 1
        kept = copy.deepcopy(dict(body))
        kept["metadata"] = {"uid": f"uid-{path}", **kept["metadata"], "resourceVersion": str(self.version)}
        self.objects[path] = kept
        return copy.deepcopy(kept)

    def writes(self) -> list[tuple[str, str]]:
        """Return the calls that change something, without the events."""
        return [one for one in self.log if one[0] != "GET" and not one[1].endswith("/events")]

    def _enter(self, method: str, path: str) -> None:
        self.log.append((method, path))
        self.dead = self.dead or (self.fail_at == len(self.log) and not self.fail_after)
        if self.dead:
            raise Killed
        refused = self.refuse(method, path)
        if refused:
            raise refused

    def _leave(self) -> None:
        self.dead = self.fail_at == len(self.log) and self.fail_after
        if self.dead:
            raise Killed

    def _there(self, path: str) -> Body:
        if path not in self.objects:
            raise NotFound(path)
        return self.objects[path]

    async def get(self, path: str, **params: str) -> Body:
        self._enter("GET", path)
        if path in self.objects:
            found = copy.deepcopy(self.objects[path])
        elif path.rsplit("/", 1)[-1] in ("processingrequests", "jobs", "pods", "events"):
            items = [one for name, one in self.objects.items() if name.rsplit("/", 1)[0] == path]
            found = {"metadata": {"resourceVersion": str(self.version)}, "items": copy.deepcopy(items)}
        else:
            raise NotFound(path)
        self._leave()
        return found

    async def text(self, path: str, **params: str) -> str:
        self._enter("GET", path)
        if path not in self.logs:
            raise NotFound(path)
        return self.logs[path]

    async def create(self, path: str, body: Mapping[str, Any]) -> Body:
        self._enter("POST", path)
        target = f"{path}/{body['metadata']['name']}"
        if target in self.objects:
            raise Conflict(target)
        made = self.seed(target, {**body, "metadata": {"creationTimestamp": CREATED, **body["metadata"]}})
        self._leave()
        return made

    async def replace(self, path: str, body: Mapping[str, Any]) -> Body:
        self._enter("PUT", path)
        if self._there(path)["metadata"]["resourceVersion"] != body["metadata"].get("resourceVersion"):
            raise Conflict(path)
        made = self.seed(path, body)
        self._leave()
        return made

    async def patch(self, path: str, body: Mapping[str, Any]) -> Body:
        self._enter("PATCH", path)
        target = path.removesuffix("/status")
        there = self._there(target)
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted and wanted != there["metadata"]["resourceVersion"]:
            raise Conflict(path)
        if body.get("metadata", {}).get("uid", there["metadata"]["uid"]) != there["metadata"]["uid"]:
            raise Conflict(path)
        made = self.seed(
            target, apply_merge(there, {k: v for k, v in body.items() if k != "metadata" or "labels" in v})
        )
        self._leave()
        return made

    async def delete(self, path: str, body: Mapping[str, Any]) -> Body:
        self._enter("DELETE", path)
        there = self._there(path)
        guards = body.get("preconditions", {})
        if any(there["metadata"][name] != value for name, value in guards.items()):
            raise Conflict(path)
        del self.objects[path]
        self.version += 1
        going = {"deletionTimestamp": "2027-01-15T09:00:00Z", "resourceVersion": str(self.version)}
        self._leave()
        if body.get("propagationPolicy") == "Foreground":
            return there | {"metadata": there["metadata"] | going}
        return {"kind": "Status", "status": "Success"}

    async def pages(self, path: str, **params: str) -> AsyncIterator[Body]:
        yield await self.get(path, **params)


def apply_merge(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396), written from its text."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_merge(result.get(name), value)
    return result


def answer(_method: str, _path: str) -> Exception | None:
    """Refuse nothing."""
    return None


def quota(method: str, path: str) -> Exception | None:
    """Refuse Jobs as a quota does."""
    refused = method == "POST" and path.endswith("/jobs")
    return Refused('jobs.batch "x" is forbidden: exceeded quota: small') if refused else None


def away(method: str, path: str) -> Exception | None:
    """Answer nothing at all."""
    return Away(f"{method} {path}: no answer")
