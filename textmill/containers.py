"""The containers of a worker pod: the worker's own, by its name, and those that others have put beside it.

Service meshes and the like add containers to pods, before the worker's or after it, and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textmill import names

Body = Mapping[str, Any]

STARTING = ("", "ContainerCreating", "PodInitializing")
"""What a container waits for that starts as it should."""


def states(status: Body) -> tuple[Body, list[Body], list[Body]]:
    """Return the state of the worker's own container, of those beside it, and of those that start before it."""
    states = [(one.get("name"), one.get("state", {})) for one in status.get("containerStatuses", ())]
    own: Body = next((state for name, state in states if name == names.CONTAINER), {})
    early = [one.get("state", {}) for one in status.get("initContainerStatuses", ())]
    return own, [state for name, state in states if name != names.CONTAINER], early


def waiting(own: Body, early: list[Body]) -> tuple[str, str] | None:
    """Return what the worker's container waits for; where another must start before it, what that one waits for."""
    found = [state["waiting"] for state in (own, *early) if state.get("waiting")]
    if not own.get("waiting"):
        return None
    told = [(one.get("reason", ""), one.get("message", "")) for one in found]
    return next((one for one in told if one[0] not in STARTING), told[0])
