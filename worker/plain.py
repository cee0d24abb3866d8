"""The reference engine as `worker/engines.py` wants it: dictionaries and sorts of Python's, and nothing clever.

It is what a machine without the compiled engine counts with, and the oracle that the compiled one is held to. Bytes of
UTF-8 sort as code points do, so both engines have one order.
"""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from worker import characters
from worker.engines import Bins, Column, Part, Row, Tally, Words
from worker.reference import WRITING, Reference

ROWS = 16_384
"""Rows in a column, as each is an object of Python's meanwhile."""
CHARACTERS = 8 << 20
_ENTRY = 200
"""Bytes that a word costs beside its characters, in a dictionary that may be growing, and while it is sorted."""


class Plain:
    """The makers of the reference engine."""

    name = "reference"
    unicode = characters.UNICODE

    def words(self, largest_word: int, memory_cap: int, *, counting: bool = False) -> Words:
        """Make what cuts a text."""
        return _Words(largest_word, memory_cap, counting)

    def bins(self, first: int, ids: int) -> Bins:
        """Make bins for so many ids."""
        return _Bins(first, ids)

    def tally(self, threads: int, words: int = 0) -> Tally:  # noqa: ARG002 - neither would help it
        """Make a tally."""
        return _Tally()

    def heap(self, words: int = 0) -> Tally:  # noqa: ARG002 - a list needs no room ahead
        """Make a tally for words that are known to be distinct."""
        return _Tally()

    def merged(self, runs: Sequence[Iterator[Part]], by_count: bool) -> Iterator[Part]:
        """Merge sorted runs."""
        rows = [_rows(run) for run in runs]
        if not by_count:
            return parts(_added_up(heapq.merge(*rows)))
        turned = [((-count, word) for word, count in one) for one in rows]
        return parts((word, -count) for count, word in heapq.merge(*turned))

    def csv(self, words: Column, counts: Column) -> tuple[bytes, int]:
        """Return rows as lines of CSV, and the sum of their counts."""
        numbers = listed(counts)
        lines = "".join(f"{_field(word)},{number}\n" for word, number in zip(listed(words), numbers, strict=True))
        return lines.encode(), sum(numbers)


class _Words:
    """The reference with its ids in columns."""

    def __init__(self, largest_word: int, memory_cap: int, counting: bool) -> None:
        self._reference = Reference(largest_word)
        self._cap = memory_cap
        self._first = 0
        self._waiting: array[int] = array("I")
        self._counts: Counter[int] | None = Counter() if counting else None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def memory(self) -> int:
        return self._reference.memory

    def __len__(self) -> int:
        return len(self._reference.vocabulary)

    def feed(self, block: bytes, start: int = 0) -> int:
        self._take(self._reference.feed(block[start:]))
        return len(block)

    def finish(self) -> None:
        self._take(self._reference.finish())

    def _take(self, ids: array[int]) -> None:
        if self._counts is None:
            self._waiting.extend(map(self._first.__add__, ids) if self._first else ids)
        else:
            self._counts.update(ids)

    def ids(self, most: int) -> Column:
        found, self._waiting = self._waiting[:most], self._waiting[most:]
        return _array(found)

    def vocabulary(self, start: int) -> Column:
        rows = ((word, 0) for word in islice(self._reference.vocabulary, start, None))
        return _strings([word for word, _ in next(_lists(rows), [])])

    def forget(self) -> None:
        self._first += len(self)
        self._reference.forget()

    def rows(self, by_count: bool) -> Iterator[Part]:
        found = self._by_word()
        if self._counts:
            self._counts.clear()
        self._reference.forget()
        return parts(_ordered(found, by_count))

    def most(self, most: int) -> tuple[int, list[Row]]:
        found = self._by_word()
        return sum(found.values()), heapq.nsmallest(most, found.items(), key=lambda row: (-row[1], row[0]))

    def _by_word(self) -> dict[str, int]:
        counts = self._counts if self._counts is not None else Counter[int]()
        return {word: counts[number] for number, word in enumerate(self._reference.vocabulary)}


class _Bins:
    def __init__(self, first: int, ids: int) -> None:
        self._first = first
        self._ids = ids
        self._counts: Counter[int] = Counter()

    def add(self, ids: Column) -> None:
        found = listed(ids)
        if any(not 0 <= one - self._first < self._ids for one in found):
            raise ValueError(f"an id lies outside {self._first:,} to {self._first + self._ids:,}")
        self._counts.update(found)

    def counts(self, start: int, length: int) -> Column:
        first = self._first + start
        return _array(array("Q", map(self._counts.__getitem__, range(first, first + length))))


class _Tally:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._size = self._longest = 0

    @property
    def memory(self) -> int:
        return self._size + WRITING * self._longest

    def add(self, words: Column, counts: Column) -> None:
        totals = self._counts
        for word, count in zip(listed(words), listed(counts), strict=True):
            if word in totals:
                totals[word] += count
            else:
                totals[word] = count
                self._size += len(word) + _ENTRY
                self._longest = max(self._longest, len(word))

    def rows(self, by_count: bool) -> Iterator[Part]:
        counts, self._counts, self._size, self._longest = self._counts, {}, 0, 0
        return parts(_ordered(counts, by_count))


def parts(rows: Iterable[Row]) -> Iterator[Part]:
    """Yield rows as columns, in pieces that are small enough for a record batch."""
    for some in _lists(rows):
        words, counts = zip(*some, strict=True)
        yield _strings(list(words)), _array(array("Q", counts))


def listed(column: Column) -> list[Any]:
    """Return a column as a list."""
    from arro3.core import Array

    found: list[Any] = Array.from_arrow(column).to_pylist()
    return found


def _lists(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists that are small enough for columns; a very long word is alone in its list."""
    some: list[Row] = []
    characters_in_it = 0
    for row in rows:
        size = len(row[0])
        if some and (len(some) >= ROWS or characters_in_it + size > CHARACTERS):
            yield some
            some, characters_in_it = [], 0
        some.append(row)
        characters_in_it += size
    if some:
        yield some


def _strings(words: list[str]) -> Column:
    from arro3.core import Array, DataType

    return Array(words, DataType.utf8())


def _array(numbers: array[int]) -> Column:
    from arro3.core import Array, DataType

    if not numbers:  # of which arro3 makes no column
        return Array([], DataType.uint32() if numbers.typecode == "I" else DataType.uint64())
    return Array.from_buffer(numbers)


def _ordered(counts: dict[str, int], by_count: bool) -> Iterator[Row]:
    words = sorted(counts)
    if by_count:
        words.sort(key=counts.__getitem__, reverse=True)  # stable: equal counts stay in order of the words
    return ((word, counts[word]) for word in words)


def _rows(run: Iterator[Part]) -> Iterator[Row]:
    for words, counts in run:
        yield from zip(listed(words), listed(counts), strict=True)


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


def _field(word: str) -> str:
    if '"' in word:
        return '"' + word.replace('"', '""') + '"'
    return f'"{word}"' if "," in word else word
