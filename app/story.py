"""What has happened to a request, in plain words: its phase, its conditions and its events; pure.

Conditions and events are written for programs and for `kubectl describe`. A person who sees the page need not know
what `Tokenized=False` means, so each known type has a sentence for each of its values, and one that this code does
not know yet is shown as it is. The messages are the operator's own sentences and are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from textmill.conditions import of_people
from textmill.request import COUNTING, FAILED, PENDING, SUCCEEDED, SUSPENDED, TOKENIZING, from_time

PHASES = {
    PENDING: "It waits for its turn.",
    SUSPENDED: "It is put aside until somebody lets it go on.",
    TOKENIZING: "The text is being cut into words.",
    COUNTING: "The words are being counted.",
    SUCCEEDED: "All words are counted.",
    FAILED: "It could not be done.",
}
GOOD, BAD, OPEN = "good", "bad", "open"
_VALUES = ("True", "False", "Unknown")
_CONDITIONS = {
    "Accepted": ("Taken up by the operator", "Not taken up", "Waits to be taken up"),
    "Tokenized": ("Cut into words", "To be cut into words once more", "Being cut into words"),
    "Counted": ("Counted", "To be counted once more", "Being counted"),
    "Finished": ("Over", "Not over yet", "Not over yet"),
    "Succeeded": ("It went well", "It failed", "Under way"),
}


@dataclass(frozen=True)
class Step:
    """One thing that happened or holds: a short title, the operator's sentence, since when, and how it looks."""

    title: str
    text: str
    since: str
    tone: str
    reason: str
    times: int = 1


def conditions(status: Mapping[str, Any]) -> list[Step]:
    """Return a status's conditions, in the order in which they come true."""
    found = [_condition(one) for one in of_people(status)]
    # The end says the same in two conditions; once is enough for a person.
    before = ["", *(one.text for one in found)]
    return [replace(one, text="") if one.text == said else one for said, one in zip(before, found, strict=False)]


def events(found: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Return events, the oldest first."""
    return sorted((_event(one) for one in found), key=lambda step: step.since)


def took(status: Mapping[str, Any]) -> str:
    """Return how long the work took, as people say it; nothing as long as it is not over."""
    began, ended = from_time(status.get("startTime")), from_time(status.get("completionTime"))
    if began is None or ended is None:
        return ""
    seconds = max(0, int(ended - began))
    minutes, hours = seconds // 60, seconds // 3600
    if not minutes:
        return f"{seconds} s" if seconds else "less than a second"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {seconds % 60} s"


def _condition(one: Mapping[str, Any]) -> Step:
    kind, value = str(one.get("type") or ""), str(one.get("status") or "Unknown")
    titles = _CONDITIONS.get(kind)
    title = titles[_VALUES.index(value)] if titles and value in _VALUES else f"{kind}: {value}"
    tone = GOOD if value == "True" else BAD if value == "False" and kind == "Succeeded" else OPEN
    if kind == "Finished" and value == "True":
        tone = GOOD if one.get("reason") == SUCCEEDED else BAD
    text, since, reason = (str(one.get(name) or "") for name in ("message", "lastTransitionTime", "reason"))
    return Step(title, text, since, tone, reason)


def _event(one: Mapping[str, Any]) -> Step:
    since = one.get("lastTimestamp") or one.get("eventTime") or (one.get("metadata") or {}).get("creationTimestamp")
    reason = str(one.get("reason") or "")
    tone = BAD if one.get("type") == "Warning" else GOOD if reason == SUCCEEDED else OPEN
    count = one.get("count")
    times = count if isinstance(count, int) and count > 0 else 1
    return Step(reason, str(one.get("message") or ""), str(since or ""), tone, reason, times)
