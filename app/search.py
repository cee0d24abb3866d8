"""Searches a table of words for those that contain a text, line by line, without holding more than what it finds.

The CSV has the words as they are counted, in lower case; so what is sought is put in lower case as well. A line that
holds the text somewhere is only then taken apart, to see that it is in the word and not in the count: most lines cost
no more than one look for some bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from app.tables import rows

LONGEST = 200


@dataclass(frozen=True)
class Row:
    """A word, how often it is there, and its place in the table."""

    place: int
    word: str
    count: int


@dataclass
class Found:
    """What a search found; `whole` tells whether it looked through the whole table and shows all."""

    rows: list[Row] = field(default_factory=list)
    looked: int = 0
    whole: bool = True


def containing(lines: Iterable[bytes], text: str) -> Iterator[tuple[int, bytes]]:
    """Return the lines whose word contains a text, with their number from 1."""
    sought = text.lower()
    needle = sought.encode("utf-8", "replace").replace(b'"', b'""')
    for place, line in enumerate(lines, 1):
        if needle in line and sought in next(rows((line,)))[0]:
            yield place, line


def first(lines: Iterator[bytes], text: str, most: int, budget: int) -> Found:
    """Return the first `most` rows whose word contains a text, looking through at most `budget` lines."""
    found = Found()
    counted = _counted(islice(lines, budget), found)
    for place, line in containing(counted, text):
        if len(found.rows) == most:
            found.whole = False
            return found
        found.rows += [Row(place, word, count) for word, count in rows((line,))]
    found.whole = next(lines, None) is None
    return found


def _counted(lines: Iterable[bytes], found: Found) -> Iterator[bytes]:
    for line in lines:
        found.looked += 1
        yield line
