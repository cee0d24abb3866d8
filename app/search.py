"""Searches a table of words for those that contain a text, a block of lines at a time.

The CSV has the words as they are counted, in lower case; so what is sought is put in lower case as well. A block is
searched for the bytes as a whole. Only a line that has them somewhere is looked at by itself, to see that they are in
the word and not in the count: a block without them costs no step of Python for each of its lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from app.computing import in_turn
from app.tables import cut, row

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


class Sought:
    """A text that is sought in the words."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        self._needle = self._text.encode("utf-8", "replace").replace(b'"', b'""')
        self._quotes = b'"' in self._needle

    def lines(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """Return the lines of a block whose word contains the text, each with where it begins."""
        at = 0
        while at < len(block) and (hit := block.find(self._needle, at)) >= 0:
            start, at = block.rfind(b"\n", 0, hit) + 1, block.index(b"\n", hit) + 1
            line = block[start:at]
            if self._is_in_word(line, hit - start):
                yield start, line

    def _is_in_word(self, line: bytes, hit: int) -> bool:
        """Tell whether the text is in the line's word, its bytes being in the line first at `hit`."""
        if self._quotes:  # which stand around a word as well
            return self._text in row(line)[0]
        return hit + len(self._needle) <= line.rfind(b",")


def containing(lines: Iterable[bytes], text: str) -> Iterator[bytes]:
    """Return, of each block, the lines whose word contains a text; an empty block where there are none."""
    sought = Sought(text)
    for block in lines:
        yield b"".join(line for _, line in sought.lines(block))


def first(lines: Iterator[bytes], text: str, most: int, budget: int) -> Found:
    """Return the first `most` rows whose word contains a text, looking through at most `budget` lines.

    One more is looked for, to tell whether there are more.
    """
    found = Found()
    for rows in in_turn(_found(cut(lines, 0, budget if text else most + 1), text, most + 1, found)):
        found.rows += rows
        if len(found.rows) > most:
            del found.rows[most:]
            found.whole = False
            return found
    found.whole = next(lines, None) is None
    return found


def _found(lines: Iterable[bytes], text: str, most: int, found: Found) -> Iterator[list[Row]]:
    sought = Sought(text)
    for block in lines:
        rows: list[Row] = []
        place, counted = found.looked + 1, 0
        for start, line in islice(sought.lines(block), most):
            place, counted = place + block.count(b"\n", counted, start), start
            rows.append(Row(place, *row(line)))
        found.looked += block.count(b"\n")
        yield rows
