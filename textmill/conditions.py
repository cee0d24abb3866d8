"""The conditions of a request: its own milestones, and what tools that wait for any resource read (kstatus).

`helm --wait`, Flux and others know no phases. They take a resource for done unless it says Reconciling, and for failed
if it says Stalled; both are left out where they are false. Ready is for people and for `kubectl wait`. All three follow
from Succeeded, so nobody sets them by hand. They stand first, as the last condition is the one that changes most.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textmill.request import to_time

Raw = dict[str, Any]

OF_TOOLS = ("Reconciling", "Stalled", "Ready")
_PLACE = {
    kind: place for place, kind in enumerate((*OF_TOOLS, *"Accepted Tokenized Counted Finished Succeeded".split()))
}
_MESSAGE = 1024
_UNDER_WAY, _ENDED = "The request has not ended yet.", "The request has ended."


def put(raw: Raw, kind: str, status: str, now: float, *, reason: str, message: str) -> None:
    """Set a condition of a status that is being made; its time moves only when its value does.

    With Succeeded come those that follow from it.
    """
    before = {one["type"]: one for one in raw.get("conditions") or ()}
    found = dict(before)
    made = [(kind, status, message[:_MESSAGE])]
    if kind == "Succeeded":
        for name in ("Reconciling", "Stalled"):
            found.pop(name, None)
        made.append(("Ready", status, _UNDER_WAY if status == "Unknown" else _ENDED))
        if status != "True":
            made.append(("Reconciling" if status == "Unknown" else "Stalled", "True", message[:_MESSAGE]))
    for name, value, text in made:
        old = before.get(name)
        since = old["lastTransitionTime"] if old and old["status"] == value else to_time(now)
        found[name] = {"type": name, "status": value, "reason": reason, "message": text, "lastTransitionTime": since}
    raw["conditions"] = sorted(found.values(), key=_place)


def succeeded(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the condition Succeeded; empty as long as the operator has said nothing of a request."""
    return next((one for one in raw.get("conditions") or () if one.get("type") == "Succeeded"), {})


def of_people(raw: Mapping[str, Any]) -> list[Any]:
    """Return the conditions without those that repeat them for tools."""
    return [one for one in raw.get("conditions") or () if one.get("type") not in OF_TOOLS]


def _place(condition: Mapping[str, Any]) -> int:
    return _PLACE.get(condition["type"], len(_PLACE))
