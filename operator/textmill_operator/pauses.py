"""Which calls of the API wait, and for how long: those like the ones that it turned away or did not answer lately.

The API server asks for a pause (429 or 503 with Retry-After) by flow, and an admission webhook may do so, be slow or
fail for the objects of one namespace. So a pause concerns calls of one method on one kind of resource in one namespace,
and a call that would have to wait fails at once instead: it holds no place that others need, and whoever made it tries
again later. After a pause only some calls are made until one of them is answered. A log comes from a node, so a pause
concerns one pod's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from textmill_operator.errors import Busy

IN_A_ROW = 3
"""Failures before calls of a kind are paused without being asked to."""
FIRST_SECONDS, LONGEST_SECONDS = 0.5, 10.0
PROBES = 4
"""Calls at once after a pause, until one is answered."""
KEPT = 1000
"""Kinds of calls among which none is looked for to forget."""
LEASES = "/apis/coordination.k8s.io/"
"""Calls that are never paused: a Lease that is not renewed in time is lost, and two small calls are no load."""

CallKind = tuple[str, str, str]
"""Method, namespace and resource."""


@dataclass
class _State:
    failures: int = 0
    until: float = 0.0
    under_way: int = 0


class Pauses:
    """Failures by kind of call."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._states: dict[CallKind, _State] = {}

    @contextmanager
    def call(self, method: str, path: str) -> Iterator[None]:
        """Make one call; Busy where its kind is paused."""
        if path.startswith(LEASES):
            yield
            return
        kind = kind_of(method, path)
        state = self._states.setdefault(kind, _State())
        seconds = state.until - self._clock()
        if seconds > 0:
            raise Busy(f"{method} {path}: calls like it are paused for {seconds:.1f} s more", seconds)
        if state.until and state.under_way >= PROBES:
            raise Busy(f"{method} {path}: others like it are tried first", FIRST_SECONDS)
        state.under_way += 1
        try:
            yield
        finally:
            state.under_way -= 1
            if not state.failures and not state.until and not state.under_way:
                self._states.pop(kind, None)

    def answered(self, method: str, path: str) -> None:
        """Note that a call of this kind was answered, well or not."""
        if state := self._states.get(kind_of(method, path)):
            state.failures, state.until = 0, 0.0

    def failed(self, method: str, path: str, asked: float = 0.0) -> None:
        """Note that a call of this kind was not answered; `asked`: for so many seconds it must not be made again."""
        state, now = self._states.get(kind_of(method, path)), self._clock()
        if state is None or (state.until > now and not asked):
            return  # what was under way when the pause began says nothing new
        state.failures += 1
        if state.failures >= IN_A_ROW:
            asked = max(asked, min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(state.failures - IN_A_ROW, 10)))
        if asked:
            state.until = max(state.until, now + asked)
        if len(self._states) > KEPT:
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Forget what was not called again for long after its pause."""
        for kind, state in list(self._states.items()):
            if not state.under_way and state.until + 10 * LONGEST_SECONDS < now:
                del self._states[kind]


def kind_of(method: str, path: str) -> CallKind:
    """Return what a call has in common with those that its failure concerns."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    resource, name, sub = (*rest, "", "", "")[:3]
    return method, namespace, f"{resource}/{name}/{sub}" if sub == "log" else f"{resource}/{sub}"
