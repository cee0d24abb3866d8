"""Who leads the operator, since when, and which namespaces it serves: what its Lease says.

The operator notes the namespaces on its Lease, since neither the HTTP interface nor the command line has a way to its
settings. Whether the leader still renews is for the reader's clock to tell: a Lease that is older than its duration is
one that nobody has renewed, or this machine's clock is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from textmill.names import NAMESPACES_ANNOTATION
from textmill.request import from_time

ALL = "*"


class Leading(NamedTuple):
    """What a Lease says. holder: empty where nobody leads. namespaces: None where the operator did not note them."""

    holder: str
    since: str | None
    renewed: str | None
    seconds: float
    namespaces: tuple[str, ...] | None

    def current(self, now: float) -> bool:
        """Tell whether the Lease holds at this moment, in seconds since the epoch."""
        renewed = from_time(self.renewed)
        return bool(self.holder) and renewed is not None and now < renewed + self.seconds

    def serves(self, namespace: str) -> bool | None:
        """Tell whether the operator serves a namespace, None where that is not known."""
        return None if self.namespaces is None else namespace in self.namespaces or ALL in self.namespaces

    def to_dict(self, namespace: str, now: float) -> dict[str, Any]:
        """Return what is shown of it, to those of a namespace."""
        leader = {
            "name": self.holder,
            "since": self.since,
            "renewedAt": self.renewed,
            "current": self.current(now),
        }
        return {
            "leader": leader if self.holder else None,
            "namespaces": None if self.namespaces is None else list(self.namespaces),
            "servesThis": self.serves(namespace),
        }


def noted(namespaces: Iterable[str]) -> str:
    """Return the namespaces as they are noted on the Lease; none stand for all."""
    return ",".join(namespaces) or ALL


def leading(lease: Mapping[str, Any]) -> Leading:
    """Read a Lease."""
    meta, spec = lease.get("metadata") or {}, lease.get("spec") or {}
    noted_there = (meta.get("annotations") or {}).get(NAMESPACES_ANNOTATION)
    return Leading(
        holder=str(spec.get("holderIdentity") or ""),
        since=spec.get("acquireTime"),
        renewed=spec.get("renewTime"),
        seconds=float(spec.get("leaseDurationSeconds") or 0),
        namespaces=tuple(noted_there.split(",")) if noted_there else None,
    )
