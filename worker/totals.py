"""Adding up the counts of words within a bound of memory, and giving them back in the table's order.

While all words fit into memory this is one dictionary and two sorts. Past the bound the dictionary is written to a
sorted run and begun anew; the runs are merged by the words' code points, added up on the way, and sorted once more
by falling count, again in runs. Both ways give the same rows. Runs lie in the temporary folder of the table and go
with it.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from worker import arrow

_ENTRY = 200
"""Bytes that a word costs beside its characters, in a dictionary that may be growing, and while it is sorted."""

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

    def add(self, words: Sequence[str], counts: Iterable[int]) -> None:
        """Add a count to each word; the words are distinct."""
        totals = self._counts
        before = len(totals)
        new = dict(zip(words, counts, strict=True))
        for word in totals.keys() & new.keys():
            new[word] += totals[word]
        totals |= new
        self._memory += (len(totals) - before) * _ENTRY + sum(map(len, new))
        if self._memory > self._bound:
            self._spill()

    def rows(self) -> Iterator[Row]:
        """Yield each word once with its total, by falling count, then by code points."""
        if not self._runs:
            return _by_count(self._counts)
        self._spill()
        return self._sorted_by_count(_added_up(heapq.merge(*map(_read, self._runs))))

    def _spill(self) -> None:
        self._runs.append(self._write((word, self._counts[word]) for word in sorted(self._counts)))
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
        parts = [_by_count(part), *map(_read, runs)]
        turned = (((-count, word) for word, count in rows) for rows in parts)
        return ((word, -count) for count, word in heapq.merge(*turned))

    def _write(self, rows: Iterable[Row]) -> Path:
        path = self._folder / f".run-{sum(1 for _ in self._folder.glob('.run-*')):05d}"
        arrow.write_table(path, columns(rows, _RUN_ROWS))
        return path


def columns(rows: Iterable[Row], most: int = arrow.BATCH_ROWS) -> Iterator[tuple[Sequence[str], array[int]]]:
    """Yield rows as columns, in pieces that are small enough for a record batch."""
    rows = iter(rows)
    while part := list(islice(rows, most)):
        if sum(len(word) for word, _ in part) <= arrow.BATCH_CHARACTERS:
            words, counts = zip(*part, strict=True)
            yield list(words), array("Q", counts)
        else:
            yield from (([word], array("Q", [count])) for word, count in part)


def _added_up(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield sorted rows with the counts of equal words added up."""
    before, total = "", 0
    for word, count in rows:
        if word == before:
            total += count
        else:
            if total:
                yield before, total
            before, total = word, count
    if total:
        yield before, total


def _by_count(counts: dict[str, int]) -> Iterator[Row]:
    words = sorted(counts)
    words.sort(key=counts.__getitem__, reverse=True)  # stable: equal counts stay in order of the words
    return ((word, counts[word]) for word in words)


def _read(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for words, counts in arrow.read(file, arrow.WORD, arrow.COUNT):
            yield from zip(words, counts, strict=True)
