"""Completion indexes as the API writes them: "0-2,5" for 0, 1, 2 and 5.

The status of an Indexed Job says so which indexes are done, and this text is also the memory that keeps a
pod from being counted twice; so reading and writing must be exact inverses. Pure.
"""

from collections.abc import Iterable


def parse(text: str | None) -> frozenset[int]:
    """Read a list of indexes and ranges; what cannot be read is left out, as the real controller does."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, dash, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def render(indexes: Iterable[int]) -> str:
    """Write indexes in rising order, a run of three or more as first-last, two as a pair."""
    runs: list[list[int]] = []
    for index in sorted(set(indexes)):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    parts: list[str] = []
    for run in runs:
        if len(run) > 2:
            parts.append(f"{run[0]}-{run[-1]}")
        else:
            parts.extend(str(index) for index in run)
    return ",".join(parts)
