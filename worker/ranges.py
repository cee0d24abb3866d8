"""Where a shard of a big UTF-8 file begins: every pod finds its own borders alone, and they all fit together.

A shard begins after the first line feed at or beyond the byte before its share, sought up to the end of the cell in
which that byte lies; cells are a fixed grid over the file. With none there it begins after the first space that is
followed by a character which does not belong to it; with none of those either, the search goes on in the next cell. A
border depends on nothing but the file, and as all searches share the cells, a later start never finds an earlier
border: so the ranges cover the file once; some may be empty. Cuts fall on ASCII bytes only, so no character and no
invalid sequence is parted.

Shares are equal, but where the first shard hashes the whole file besides: then its own share is smaller by what takes
as long, down to nothing, so that the others do not wait for it.
"""

from __future__ import annotations

import codecs
from typing import IO

from worker.cuts import parts_from_space

CELL = 1 << 20
HASHED = 4
"""How many bytes are hashed in the time in which one is cut into words and written."""
_LONGEST = 4
"""Bytes of the longest character in UTF-8."""


def shard_range(file: IO[bytes], size: int, index: int, shards: int, *, hashing: bool = False) -> tuple[int, int]:
    """Return the first byte of a shard and the first one after it; `hashing` if the first shard hashes the file."""
    start, end = (border(file, size, one, shards, hashing=hashing) for one in (index, index + 1))
    return start, end


def border(file: IO[bytes], size: int, index: int, shards: int, *, hashing: bool = False) -> int:
    """Return where shard `index` of `shards` begins; where the last one ends for `index` = `shards`."""
    if index in {0, shards}:
        return 0 if index == 0 else size
    place = max(_share(size, index, shards, hashing=hashing) - 1, 0)
    while place < size:
        file.seek(place)
        end = min((place // CELL + 1) * CELL, size)
        window = _read(file, end - place + _LONGEST)
        feed = window.find(b"\n", 0, end - place)
        if feed >= 0:
            return place + feed + 1
        space = _first_space(window, end - place)
        if space:
            return place + space
        place = end
    return size


def _share(size: int, index: int, shards: int, *, hashing: bool) -> int:
    if not hashing:
        return index * size // shards
    first = max(0, size * (HASHED + 1 - shards) // (HASHED * shards))
    return first + (index - 1) * (size - first) // (shards - 1)


def _first_space(window: bytes, end: int) -> int:
    at = window.find(b" ", 0, end)
    while at >= 0:
        following = codecs.utf_8_decode(window[at + 1 : at + 1 + _LONGEST], "replace", False)[0]
        if following and parts_from_space(following[0]):
            return at + 1
        at = window.find(b" ", at + 1, end)
    return 0


def _read(file: IO[bytes], size: int) -> bytes:
    blocks = []
    while size > 0 and (block := file.read(size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)
