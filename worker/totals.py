"""Adding up the counts of words within a bound of memory, and giving them back in the table's order.

While all words fit into memory the engine's tally has them. Past the bound they are written to a run sorted by word and
begun anew; the runs are merged, added up on the way, and sorted once more by falling count, again in runs. Both ways
give the same rows. Runs lie in the temporary folder of the table, are never made durable, and go when they are used up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from worker import arrow
from worker.engines import Column, Engine, Part, Tally

FAN_IN = 64
"""Runs that are merged at once, as each has a record batch in memory."""
SHARE = 4
"""What part of the bound the record batches of a merge may take: each is held twice, and what was merged fills up the
rest meanwhile."""


ROOM = 64
"""Bytes of the bound for each word that room is made for at first, which takes most of them if all the words come."""


class _Run(NamedTuple):
    """A file of sorted rows, and the bytes of its largest record batch."""

    path: Path
    largest: int


class Totals:
    """Counts by word; where no word will be added twice, they are gathered and never looked up. So many `words` are
    expected."""

    def __init__(
        self, folder: Path, bound: int, engine: Engine, threads: int = 1, *, distinct: bool = False, words: int = 0
    ) -> None:
        self._folder = folder
        self._bound = bound
        self._engine = engine
        words = min(words, bound // ROOM)
        self._tally = engine.heap(words) if distinct else engine.tally(threads, words)
        self._runs: list[_Run] = []
        self._made = 0

    def add(self, words: Column, counts: Column) -> None:
        """Add a count to each word; the words are distinct."""
        self._tally.add(words, counts)
        if self._tally.memory > self._bound:
            self.put_aside(self._tally.rows(by_count=False))

    def put_aside(self, rows: Iterable[Part]) -> None:
        """Write rows that are sorted by word to a run."""
        self._runs.append(self._write(rows))

    @property
    def in_memory(self) -> bool:
        """Whether nothing was put aside."""
        return not self._runs

    @property
    def runs(self) -> tuple[Path, ...]:
        """What was put aside."""
        return tuple(run.path for run in self._runs)

    def rows(self) -> Iterator[Part]:
        """Yield each word once with its total, by falling count, then by code points."""
        if not self._runs:
            return self._tally.rows(by_count=True)
        if self._tally.memory:
            self.put_aside(self._tally.rows(by_count=False))
        return self._by_count(self._merged(self._runs, by_count=False))

    def _by_count(self, rows: Iterable[Part]) -> Iterator[Part]:
        runs: list[_Run] = []
        heap: Tally = self._engine.heap()
        for words, counts in rows:
            heap.add(words, counts)
            del words, counts  # as one word may be most of the memory
            if heap.memory > self._bound:
                runs.append(self._write(heap.rows(by_count=True)))
        if heap.memory:
            runs.append(self._write(heap.rows(by_count=True)))
        yield from self._merged(runs, by_count=True)

    def _merged(self, runs: list[_Run], *, by_count: bool) -> Iterator[Part]:
        """Merge runs, in several steps if there are many, and remove them."""
        while len(runs) > (most := self._together(runs)):
            first, runs = runs[:most], runs[most:]
            runs.append(self._write(self._merged(first, by_count=by_count)))
        yield from self._engine.merged([_read(run.path) for run in runs], by_count)
        for run in runs:
            run.path.unlink()

    def _together(self, runs: list[_Run]) -> int:
        """Return how many of the first runs can be merged at once: fewer where they hold words that are long."""
        sizes = accumulate(run.largest for run in runs[:FAN_IN])
        return max(2, sum(size <= self._bound // SHARE for size in sizes))

    def _write(self, rows: Iterable[Part]) -> _Run:
        path = self._folder / f".run-{self._made:05d}"
        self._made += 1
        return _Run(path, arrow.write_run(path, rows, self._bound // (SHARE * FAN_IN)))


def _read(path: Path) -> Iterator[Part]:
    with path.open("rb") as file:
        yield from map(_part, arrow.read(file, arrow.WORD, arrow.COUNT))


def _part(columns: Sequence[Column]) -> Part:
    words, counts = columns
    return words, counts
