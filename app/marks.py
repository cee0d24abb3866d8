"""Paths by the hundred thousand in little memory: eight bytes of a hash stand for each.

Two paths share a mark once in some hundred million volumes; what is then taken for referred to stays on the volume,
and what is taken for seen before goes a grace period early.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from math import isfinite
from struct import Struct


def mark(path: str) -> int:
    """Return what stands for a path."""
    return int.from_bytes(blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "little")


def _none() -> array[int]:
    return array("Q")


def _no_times() -> array[float]:
    return array("d")


@dataclass(frozen=True)
class Marks:
    """A set of paths that is never changed."""

    values: array[int] = field(default_factory=_none)

    @classmethod
    def of(cls, paths: Iterable[str]) -> Marks:
        """Return the marks of these paths."""
        return cls(array("Q", sorted(array("Q", map(mark, paths)))))

    def __contains__(self, path: str) -> bool:
        return _at(self.values, mark(path)) is not None


@dataclass(frozen=True)
class Looks:
    """Since when paths are known to be without a reference."""

    marks: array[int] = field(default_factory=_none)
    times: array[float] = field(default_factory=_no_times)

    @classmethod
    def of(cls, seen: Iterable[tuple[int, float]]) -> Looks:
        """Return these marks with their times."""
        marks, times = _none(), _no_times()
        for one, time in seen:
            marks.append(one)
            times.append(time)
        order = sorted(range(len(marks)), key=marks.__getitem__)
        return cls(array("Q", (marks[at] for at in order)), array("d", (times[at] for at in order)))

    def __len__(self) -> int:
        return len(self.marks)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.marks, self.times, strict=True)

    def since(self, path: str) -> float | None:
        """Return since when a path is known; None where it is not."""
        at = _at(self.marks, mark(path))
        return None if at is None else self.times[at]


_PAIR = Struct("<Qd")


def bytes_of(looks: Looks) -> bytes:
    """Return looks as they are kept in a file."""
    return b"".join(_PAIR.pack(*one) for one in looks)


def looks_of(data: bytes) -> Looks:
    """Return looks out of a file; ValueError where these are none."""
    if len(data) % _PAIR.size:
        raise ValueError("no looks")
    return Looks.of((one, time) for one, time in _PAIR.iter_unpack(data) if isfinite(time))


def _at(values: array[int], wanted: int) -> int | None:
    at = bisect_left(values, wanted)
    return at if at < len(values) and values[at] == wanted else None
