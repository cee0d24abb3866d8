"""Adding up the counts of words within a bound of memory, and giving them back in the table's order.

While all words fit into memory this is one dictionary and two sorts. Past the bound the dictionary is written to a
sorted run and begun anew; the runs are merged by the words' code points, added up on the way, and sorted once more
by falling count, again in runs. Both ways give the same rows. Runs lie in the temporary folder of the table and go
with it.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from worker import arrow

_ENTRY = 220
_RUN_ROWS = 4_096
Row = tuple[str, int]


class Totals:
    """Counts by word."""

    def __init__(self, folder: Path, bound: int) -> None:
        self._folder = folder
        self._bound = bound
        self._counts: dict[str, int] = {}
        self._memory = 0
        self._runs: list[Path] = []

    def add(self, words: Iterable[str], counts: Iterable[int]) -> None:
        """Add a count to each word."""
        totals = self._counts
        for word, count in zip(words, counts, strict=True):
            before = totals.get(word)
            if before is None:
                totals[word] = count
                self._memory += len(word) + _ENTRY
            else:
                totals[word] = before + count
        if self._memory > self._bound:
            self._spill()

    def rows(self) -> Iterator[Row]:
        """Yield each word once with its total, by falling count, then by code points."""
        if not self._runs:
            return iter(_by_count(self._counts))
        self._spill()
        merged = heapq.merge(*map(_read, self._runs), key=itemgetter(0))
        return self._sorted_by_count(
            (word, sum(map(itemgetter(1), same))) for word, same in groupby(merged, itemgetter(0))
        )

    def _spill(self) -> None:
        self._runs.append(self._write(sorted(self._counts.items())))
        self._counts, self._memory = {}, 0

    def _sorted_by_count(self, rows: Iterable[Row]) -> Iterator[Row]:
        runs: list[Path] = []
        part: dict[str, int] = {}
        memory = 0
        for word, count in rows:
            part[word] = count
            memory += len(word) + _ENTRY
            if memory > self._bound:
                runs.append(self._write(_by_count(part)))
                part, memory = {}, 0
        parts = [iter(_by_count(part)), *map(_read, runs)]
        return heapq.merge(*parts, key=lambda row: (-row[1], row[0]))

    def _write(self, rows: list[Row]) -> Path:
        path = self._folder / f".run-{sum(1 for _ in self._folder.glob('.run-*')):05d}"
        arrow.write_table(path, columns(rows, _RUN_ROWS))
        return path


def columns(rows: Iterable[Row], most: int = arrow.BATCH_ROWS) -> Iterator[tuple[list[str], array[int]]]:
    """Yield rows as columns, in pieces that are small enough for a record batch."""
    words: list[str] = []
    counts = array("Q")
    characters = 0
    for word, count in rows:
        if words and (len(words) >= most or characters + len(word) > arrow.BATCH_CHARACTERS):
            yield words, counts
            words, counts, characters = [], array("Q"), 0
        words.append(word)
        counts.append(count)
        characters += len(word)
    if words:
        yield words, counts


def _by_count(counts: dict[str, int]) -> list[Row]:
    words = sorted(counts)
    words.sort(key=counts.__getitem__, reverse=True)  # stable: equal counts stay in order of the words
    return [(word, counts[word]) for word in words]


def _read(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for words, counts in arrow.read(file, arrow.WORD, arrow.COUNT):
            yield from zip(words, counts, strict=True)
