"""The least and the most that a request's numbers may be: one table for the HTTP interface, its document and the CLI.

The resource definition has the last word and says the same; a test holds the two together, since an upload that the
definition refuses afterwards has been stored for nothing.
"""

from __future__ import annotations

BOUNDS: dict[str, tuple[int, int]] = {
    "topWords": (0, 100),
    "priority": (-1000, 1000),
    "timeoutSeconds": (1, 604_800),
    "retries": (0, 10),
    "ttlSecondsAfterFinished": (0, 315_360_000),
}
"""By field of `spec`."""
