"""What a run of the worker is given beside its orders, and how much memory it may use.

The memory bound comes from the command line, else from TEXTMILL_MEMORY_BYTES, else from the control group that the
pod runs in, else it is 512 MiB. It decides when a vocabulary or a table is put aside on disk; it is no hard limit
by itself.
"""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from textmill.errors import BadObject

MEMORY_VARIABLE = "TEXTMILL_MEMORY_BYTES"
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
DEFAULT_MEMORY = 512 << 20
_GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_UNLIMITED = 1 << 60
INTERPRETER = 64 << 20
"""What Python, the libraries and the blocks under way take."""
_LEAST_WORDS = 8 << 20
LEAST_MEMORY = INTERPRETER + 2 * _LEAST_WORDS
"""What a run takes however little it may: its words have a bound below which they would be put aside all the time."""


class Bounds(NamedTuple):
    """What compressed input may expand to (bytes in all, and for each byte that is read), and what reading one
    document may take: its size, seconds of CPU, memory."""

    expanded_bytes: int = 128 << 30
    expansion_ratio: int = 250
    document_bytes: int = 64 << 20
    document_seconds: int = 60
    document_memory: int = 256 << 20


BOUNDS = {
    "expanded_bytes": "what compressed input may expand to",
    "expansion_ratio": "to how many times its size, once that is past 64 MiB",
    "document_bytes": "size of a PDF, DOCX, EPUB or HTML",
    "document_seconds": "CPU time that reading one may take",
    "document_memory": "bytes of memory that reading one may take",
}
"""What each bound means, for the command line."""


class Settings(NamedTuple):
    """Where the volume is, where this run writes on it, and its bounds.

    out: the folder beneath the root that this run writes to. configmaps: the folder where ConfigMap files are
    mounted.
    """

    root: Path
    out: str
    pod_uid: str
    memory: int = DEFAULT_MEMORY
    configmaps: Path | None = None
    shard: int = 0
    shards: int = 1
    bounds: Bounds = Bounds()

    @property
    def vocabulary_memory(self) -> int:
        """Bytes of words above which they are written out and begun anew: half of what is left, as dictionaries
        grow."""
        return max((self.memory - INTERPRETER) // 2, _LEAST_WORDS)

    @property
    def largest_word(self) -> int:
        """Bytes of one word that a run can hold in the few copies that it needs."""
        return max((self.memory - INTERPRETER) // 4, _LEAST_WORDS)


def bounds_of(options: Namespace) -> Bounds:
    """Return the bounds that a command line gives, the defaults where it gives none."""
    given = {name: getattr(options, name) for name in Bounds._fields}
    return Bounds(**{name: value for name, value in given.items() if value is not None})


def memory_bound(asked: int | None) -> int:
    """Return the bytes of memory that this run may use."""
    if asked:
        return asked
    if variable := os.environ.get(MEMORY_VARIABLE):
        if not (variable.isascii() and variable.isdigit()):
            raise BadObject(f"{MEMORY_VARIABLE} is {variable[:40]!r}; write a number of bytes")
        return int(variable)
    for path in _GROUPS:
        try:
            found = path.read_text("ascii").strip()
        except OSError:
            continue
        if found.isdigit() and int(found) < _UNLIMITED:
            return int(found)
    return DEFAULT_MEMORY


def cores() -> int:
    """Return how many processors this run may keep busy: those it is allowed, and no more than its quota of time."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = _QUOTA.read_text("ascii").split()
    except (OSError, ValueError):
        return allowed
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() else allowed
