"""What one process counts when files are counted without a cluster: portions of texts, into one vocabulary.

A portion is a range of a plain UTF-8 file, cut as the shards of a Job are (`worker/ranges.py`), or a whole file of any
other kind. So the words are the same ones, however many processes share the work.
"""

from __future__ import annotations

import heapq
import os
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from worker.engines import Part, Row, engine
from worker.errors import WorkerError
from worker.settings import Bounds, Settings
from worker.table import first_rows
from worker.text import Text
from worker.totals import Totals

Moved = Callable[[int], None]
"""Is told how many more bytes of the files were read."""


class Source(NamedTuple):
    """A file to be counted: the name that a person knows it by, where it lies, and whether it can be cut."""

    name: str
    path: str
    size: int
    divisible: bool


class Portion(NamedTuple):
    """So many bytes of a file, from `start` to `end`."""

    name: str
    path: str
    start: int
    end: int


class Order(NamedTuple):
    """How texts are read, and the bytes of memory to keep within; `plain` can be sent to another process."""

    encoding: str
    strict: bool
    memory: int
    bounds: Bounds

    @classmethod
    def of(cls, options: Namespace, memory: int, bounds: Bounds) -> Order:
        """Return what a command line says."""
        return cls(options.encoding, options.strict, memory, bounds)

    @classmethod
    def parse(cls, told: dict[str, Any]) -> Order:
        """Return an order from its plain form."""
        return cls(**{**told, "bounds": Bounds(**told["bounds"])})

    def plain(self) -> dict[str, Any]:
        """Return the order as JSON can hold it."""
        return {**self._asdict(), "bounds": self.bounds._asdict()}

    def text(self, file: Any, size: int) -> Text:
        """Return an open file as text; a WorkerError if it is none."""
        return Text(file, size, self.encoding, strict=self.strict, bounds=self.bounds, hashing=False)


class PortionFailed(Exception):
    """A file that cannot be counted, by its name, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


def shared_out(sources: Iterable[Source], processes: int) -> list[list[Portion]]:
    """Return for each process what it counts: about as many bytes each, as far as files can be cut."""
    found = list(sources)
    share = max(1, -(-sum(one.size for one in found) // processes))
    portions = [portion for one in found for portion in _cut(one, share)]
    loads: list[tuple[int, int, list[Portion]]] = [(0, number, []) for number in range(processes)]
    for portion in sorted(portions, key=lambda one: one.start - one.end):
        load, number, own = heapq.heappop(loads)
        heapq.heappush(loads, (load + portion.end - portion.start, number, [*own, portion]))
    return [own for _, _, own in loads if own]


def _cut(source: Source, share: int) -> Iterator[Portion]:
    shards = -(-source.size // share) if source.divisible else 1
    if shards <= 1:
        yield Portion(source.name, source.path, 0, source.size)
        return
    from worker.ranges import shard_range

    with Path(source.path).open("rb") as file:
        for index in range(shards):
            start, end = shard_range(file, source.size, index, shards)
            if start < end:
                yield Portion(source.name, source.path, start, end)


class Summary(NamedTuple):
    """How many words there are, how many of them are distinct, and the first rows of the table."""

    tokens: int
    distinct: int
    top: list[Row]


class Merged:
    """Rows that were counted by several processes."""

    def __init__(self, rows: Iterator[Part]) -> None:
        self._rows = rows

    def rows(self) -> Iterator[Part]:
        """Yield the table."""
        return self._rows

    def summary(self, most: int) -> Summary:
        """Return the table's summary with so many rows, or all."""
        return _summary(self._rows, most)


class Counts:
    """Counts the words of portions, one after the other, within a bound of memory."""

    def __init__(self, folder: Path, order: Order, threads: int) -> None:
        settings = Settings(folder, "", "", order.memory)
        self._order, self._folder = order, folder
        self._bound = settings.vocabulary_memory
        self._words = engine().words(settings.largest_word, self._bound, counting=True)
        self._totals = Totals(folder, self._bound, engine(), threads)

    def add(self, portion: Portion, moved: Moved) -> None:
        """Count a portion; PortionFailed if its file is no text that can be read."""
        try:
            with Path(portion.path).open("rb", buffering=0) as file:  # as a document's reader shares its place
                text = self._order.text(file, os.fstat(file.fileno()).st_size)
                before = portion.start
                for block in text.blocks(portion.start, portion.end, self._folder):
                    self._feed(block)
                    at = file.tell()
                    moved(max(0, at - before))
                    before = at
                self._words.finish()
        except OSError as error:
            raise PortionFailed(portion.name, error.strerror or str(error)) from error
        except WorkerError as error:
            raise PortionFailed(portion.name, str(error)) from error

    def _feed(self, block: bytes) -> None:
        words, at = self._words, 0
        while at < len(block):
            at = words.feed(block, at)
            if words.memory > self._bound:
                self._totals.put_aside(words.rows(by_count=False))

    def rows(self) -> Iterator[Part]:
        """Yield the table."""
        if self._totals.in_memory:
            return self._words.rows(by_count=True)
        self._totals.put_aside(self._words.rows(by_count=False))
        return self._totals.rows()

    def summary(self, most: int) -> Summary:
        """Return the table's summary with so many rows, or all; where it can be, without a table that is sorted."""
        if not most or not self._totals.in_memory:
            return _summary(self.rows(), most)
        tokens, top = self._words.most(most)
        return Summary(tokens, len(self._words), top)

    def runs(self) -> tuple[Path, ...]:
        """Write what was counted to files of rows that are sorted by word, and return them."""
        self._totals.put_aside(self._words.rows(by_count=False))
        return self._totals.runs


def _summary(rows: Iterator[Part], most: int) -> Summary:
    top: list[Row] = []
    tokens = distinct = 0
    for words, counts in rows:
        tokens += engine().csv(words, counts)[1]
        distinct += len(words)
        if not most or len(top) < most:
            top += first_rows([(words, counts)], most - len(top) if most else len(words))
    return Summary(tokens, distinct, top)
