"""The compiled engine, the crate in `engine/`, as `worker/engines.py` wants it.

The module `textmill_engine` has the classes already; what is here turns its one refusal into the worker's and reads
the runs of a merge, which it asks for by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import textmill_engine

from worker.engines import Bins, Column, Part, Tally, Words
from worker.errors import MemoryTooSmall


class Compiled:
    """The makers of the compiled engine."""

    name = "compiled"
    unicode = textmill_engine.UNICODE

    def words(self, largest_word: int, memory_cap: int, *, counting: bool = False) -> Words:
        """Make what cuts a text."""
        return _Words(largest_word, memory_cap, counting)

    def bins(self, first: int, ids: int) -> Bins:
        """Make bins for so many ids."""
        return textmill_engine.Bins(first, ids)

    def tally(self, threads: int, words: int = 0) -> Tally:
        """Make a tally that uses so many threads."""
        return textmill_engine.Tally(threads, words)

    def heap(self, words: int = 0) -> Tally:
        """Make a tally for words that are known to be distinct."""
        return textmill_engine.Heap(words)

    def merged(self, runs: Sequence[Iterator[Part]], by_count: bool) -> Iterator[Part]:
        """Merge sorted runs; nothing is held beside what is given, as one word may be most of the memory."""
        merge = textmill_engine.Merge(len(runs), by_count)

        def following() -> Part | None:
            while isinstance(step := merge.step(), int):
                _feed(merge, next(runs[step], None))
            return step

        return iter(following, None)

    def csv(self, words: Column, counts: Column) -> tuple[bytes, int]:
        """Return rows as lines of CSV, and the sum of their counts."""
        return textmill_engine.csv(words, counts)


class _Words:
    """`textmill_engine.Words` that refuses a word as the worker does."""

    def __init__(self, largest_word: int, memory_cap: int, counting: bool) -> None:
        self._words = textmill_engine.Words(largest_word, memory_cap, counting)
        self.ids = self._words.ids
        self.vocabulary = self._words.vocabulary
        self.forget = self._words.forget
        self.rows = self._words.rows
        self.most = self._words.most

    @property
    def waiting(self) -> int:
        return self._words.waiting

    @property
    def memory(self) -> int:
        return self._words.memory

    def __len__(self) -> int:
        return len(self._words)

    def feed(self, block: bytes, start: int = 0) -> int:
        try:
            return self._words.feed(block, start)
        except textmill_engine.WordTooLong as error:
            raise _too_long(error) from error

    def finish(self) -> None:
        try:
            self._words.finish()
        except textmill_engine.WordTooLong as error:
            raise _too_long(error) from error


def _feed(merge: textmill_engine.Merge, part: Part | None) -> None:
    if part is None:
        merge.end()
    else:
        merge.feed(*part)


def _too_long(error: textmill_engine.WordTooLong) -> MemoryTooSmall:
    return MemoryTooSmall(f"a run of {error.args[0]:,} bytes that cannot be cut does not fit into the worker's memory")
