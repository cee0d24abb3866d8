"""W3C's traceparent: whose trace something belongs to, as one short text.

It comes from outside, by a header or an annotation, and goes onto resources and into logs: so what is not exactly one
is none. It is an id and no right, and whoever calls may choose it.
"""

from __future__ import annotations

import re

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def checked(traceparent: str | None) -> str | None:
    """Return a traceparent that is one, else None."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return traceparent if found and int(found[1], 16) and int(found[2], 16) else None


def trace_id(traceparent: str | None) -> str | None:
    """Return the trace's id, None where there is no trace."""
    return traceparent.split("-")[1] if traceparent else None
