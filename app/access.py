"""Who may do what: off on a laptop; on a cluster a bearer token says who asks, and Kubernetes' own RBAC what he may.

The token goes to the API server as a TokenReview, the wish as a SubjectAccessReview on processingrequests in our
namespace: whoever may do a thing with kubectl may do it here, and nobody else. Answers are kept for some seconds, by
the token's digest, in a bounded store; the token itself is kept nowhere. Which address needs which right is
`app/door.py`'s.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.cluster import Away, Cluster
from app.errors import RateExceeded
from app.refusals import NotPermitted, TokenInvalid
from app.settings import KUBERNETES, Settings
from textmill import names

_OF_THE_TOKEN = re.compile(
    r"(?!.*(?:x509|dial|deadline|timeout|webhook)).*(?:token|expired|malformed|audience|issuer|claim|signature|jw[st])",
    re.IGNORECASE | re.DOTALL,
)
"""Errors of a TokenReview that speak of the token, such as one that has expired; all others speak of who checks it."""
FAILURES_A_MINUTE = 300
KEPT = 4096
Value = TypeVar("Value")


@dataclass(frozen=True)
class User:
    """Whom a token stands for, as the API server says it."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Kept(Generic[Value]):
    """Answers that hold for some seconds; the oldest go when there are too many."""

    def __init__(self, seconds: float, most: int, clock: Callable[[], float]) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[Any, tuple[float, Value]] = OrderedDict()

    def get(self, key: Any) -> Value | None:
        """Return a kept answer, None where there is none that still holds."""
        with self._lock:
            found = self._answers.get(key)
            return found[1] if found and self._clock() < found[0] else None

    def put(self, key: Any, value: Value) -> None:
        """Keep an answer from now on."""
        with self._lock:
            self._answers.pop(key, None)
            self._answers[key] = (self._clock() + self._seconds, value)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)

    def __len__(self) -> int:
        return len(self._answers)


class Doorkeeper:
    """Asks the API server who somebody is and what he may, and remembers it for a moment."""

    def __init__(self, cluster: Cluster, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.on = settings.auth == KUBERNETES
        self._cluster, self._audiences = cluster, settings.auth_audiences
        self._users: Kept[User | str] = Kept(settings.auth_cache_seconds, KEPT, clock)
        self._verdicts: Kept[tuple[bool, str]] = Kept(settings.auth_cache_seconds, KEPT, clock)
        self._clock = clock
        self._failures: Kept[int] = Kept(120.0, 2 * KEPT, clock)

    def user(self, token: str, client: str) -> User:
        """Return whom a token stands for; TokenInvalid where it stands for nobody."""
        key = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = self._users.get(key)
        if found is None:
            if self._failures_lately(client) >= FAILURES_A_MINUTE:
                raise RateExceeded("Too many tokens of this client were wrong.", headers={"Retry-After": "60"})
            found = self._review(token)
            self._users.put(key, found)
            if isinstance(found, str):
                self._count_failure(client)
        if isinstance(found, str):
            raise TokenInvalid(f"The API server does not take this token: {found.rstrip('.')}.")
        return found

    def check(self, user: User, verb: str, name: str) -> None:
        """Raise NotPermitted unless the user may do this to requests (to the one of this name, if one is named)."""
        key = (user, verb, name)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._ask(user, verb, name)
            self._verdicts.put(key, verdict)
        allowed, why = verdict
        if not allowed:
            what = f"{names.PLURAL}.{names.GROUP}" + (f" {name!r}" if name else "")
            reason = f": {why[:200].rstrip('.')}" if why else ""
            raise NotPermitted(
                f"{user.name[:200]!r} may not {verb} {what} in namespace {self._cluster.namespace!r}{reason}.",
                members={"missing": {"verb": verb, "resource": f"{names.PLURAL}.{names.GROUP}"}},
            )

    def _failures_lately(self, client: str) -> float:
        """Return the failures of the last minute: this minute's, and of the one before the share that is not over."""
        minute, seconds = divmod(self._clock(), 60.0)
        before, now = (self._failures.get((client, one)) or 0 for one in (minute - 1, minute))
        return now + before * (60.0 - seconds) / 60.0

    def _count_failure(self, client: str) -> None:
        key = (client, self._clock() // 60.0)
        self._failures.put(key, (self._failures.get(key) or 0) + 1)

    def _review(self, token: str) -> User | str:
        spec: dict[str, Any] = {"token": token}
        if self._audiences:
            spec["audiences"] = list(self._audiences)
        status = self._status("authentication.k8s.io", "tokenreviews", "TokenReview", spec)
        error = str(status.get("error") or "")
        if error and not _OF_THE_TOKEN.match(error):
            raise Away(f"The API server could not check the token: {error[:200].rstrip('.')}.")
        if not status.get("authenticated"):
            return error[:200] or "it stands for nobody"
        if self._audiences and not set(self._audiences) & set(status.get("audiences") or ()):
            return "it is meant for another audience"
        user = status.get("user") or {}
        extra = tuple(sorted((key, tuple(values)) for key, values in (user.get("extra") or {}).items()))
        return User(str(user.get("username") or ""), tuple(user.get("groups") or ()), str(user.get("uid") or ""), extra)

    def _ask(self, user: User, verb: str, name: str) -> tuple[bool, str]:
        wish = {
            "namespace": self._cluster.namespace,
            "group": names.GROUP,
            "version": names.VERSION,
            "resource": names.PLURAL,
            "verb": verb,
            "name": name,
        }
        who: dict[str, Any] = {"user": user.name, "groups": list(user.groups), "uid": user.uid}
        who["extra"] = {key: list(values) for key, values in user.extra}
        spec = {**who, "resourceAttributes": wish}
        status = self._status("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", spec)
        return bool(status.get("allowed")) and not status.get("denied"), str(status.get("reason") or "")

    def _status(self, group: str, plural: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {}, "spec": spec}
        return dict(self._cluster.review(group, plural, body).get("status") or {})
