"""How a worker tells how far it is, without any credentials: a few lines on its standard output while it works.

The lines share the stream of the sealed reports, so the two can never be mixed within one line, and have a word of
their own in front, so a seal never covers one. The operator reads the end of the log of a pod that lasts, and shows
what it finds; nothing is decided by it, and what cannot be right is no glimpse.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from textmill.reports import PREFIX as REPORT

PREFIX = "@progress "
FIRST_SECONDS = 1.0
PART = 1 / 50
MOST = 1 << 60
LAST_LINES = 12
LAST_CHARACTERS = 600
_OURS = (PREFIX, REPORT)


class Glimpse(NamedTuple):
    """How far one pod is with one request: bytes of the input done, of how many, and bytes a second lately.

    at: when the operator saw it, in seconds since the epoch.
    """

    uid: str
    done: int
    total: int
    rate: int
    at: float = 0.0


def due(last: float, now: float) -> bool:
    """Tell whether another line may be printed, `last` and `now` in seconds of work.

    At most one a second, and each only after a fiftieth of the time so far: some six hundred in a week.
    """
    return now - last >= max(FIRST_SECONDS, now * PART)


def line(one: Glimpse) -> str:
    """Return the glimpse's line, without its line end."""
    fields = {"id": one.uid, "bytes": one.done, "of": one.total, "rate": one.rate}
    return PREFIX + json.dumps(fields, separators=(",", ":"))


def latest(log: str, at: float) -> Glimpse | None:
    """Return the last glimpse in the end of a log, None where there is none; the first line may be cut."""
    for text in reversed(log.split("\n")):
        if text.startswith(PREFIX) and (found := _parse(text, at)):
            return found
    return None


def last_words(log: str) -> str:
    """Return the last line that is meant for people, empty where there is none."""
    return next((one.strip() for one in reversed(log.split("\n")) if one.strip() and not one.startswith(_OURS)), "")


def last_lines(log: str) -> str:
    """Return the last few lines that are meant for people, as many as an event has room for."""
    lines = [one.rstrip() for one in log.split("\n") if one.strip() and not one.startswith(_OURS)]
    return "\n".join(lines[-LAST_LINES:])[-LAST_CHARACTERS:]


def _parse(text: str, at: float) -> Glimpse | None:
    try:
        fields = json.loads(text.removeprefix(PREFIX))
        uid, numbers = fields["id"], [fields[name] for name in ("bytes", "of", "rate")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(uid, str) or any(type(one) is not int or not 0 <= one <= MOST for one in numbers):
        return None
    done, total, rate = numbers
    return Glimpse(uid, min(done, total), total, rate, at)
