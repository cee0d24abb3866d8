"""Looks words up in a shard's vocabulary by their number, without loading it.

A vocabulary may have millions of words, and many clients may read tokens at the same time. So what is kept of one is
where its record batches lie and the words that were asked for first, which are the frequent ones; all clients share it,
and only the newest few vocabularies are kept. All else is read from the file, neighbours in one read. The file is not
mapped into memory: where a mapped file is cut short or its disk fails, the system ends the whole process.
"""

from __future__ import annotations

import os
import struct
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.arrow_files import ArrowFile, Batch, Span
from app.errors import ArtefactInvalid

LONG = 512
"""Bytes from which on a word is read only where it is written out, a piece at a time."""
KEPT_WORDS, KEPT_BYTES, KEPT = 16_384, 1 << 20, 4
_MOST_WORDS = 1 << 32
_GAP, _RUN, _RUN_BYTES = 64, 4096, 256 << 10
_Key = tuple[int, int, int, int]


class Long(NamedTuple):
    """A word that is too long to be kept: where it lies in the file."""

    place: Span


@dataclass
class Shared:
    """What is known of a vocabulary: its record batches, the number of each one's first word, and some words.

    places: of each batch, where its words' ends begin, where its letters begin and how many bytes those are. These are
    numbers side by side and no objects: a file may name a million batches, and takes not much more here than there.
    """

    places: array[int]
    firsts: array[int]
    count: int
    words: dict[int, bytes] = field(default_factory=dict)
    size: int = 0

    def keep(self, number: int, word: bytes) -> None:
        """Keep a word while there is room."""
        if len(self.words) < KEPT_WORDS and self.size + len(word) <= KEPT_BYTES:
            self.words[number] = word
            self.size += len(word)


class Vocabularies:
    """What is shared of the vocabularies that were read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Shared] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def open(self, file: int) -> Vocabulary:
        """Return a vocabulary in an open file, which stays the caller's; ArtefactInvalid where it is none."""
        found = os.fstat(file)
        key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        arrow = ArrowFile(file)
        with self._lock:
            shared = self._kept.get(key)
        if shared is None:
            shared = _shared(arrow.batches())
        with self._lock:
            shared = self._kept.setdefault(key, shared)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return Vocabulary(arrow, shared)


def _shared(batches: Iterable[Batch]) -> Shared:
    places, firsts, count = array("q"), array("q"), 0
    for batch in batches:
        if batch.compressed:
            raise ArtefactInvalid("A vocabulary is compressed, which no vocabulary of Textmill is.")
        if batch.rows and (len(batch.buffers) != 3 or batch.buffers[1].length < 4 * (batch.rows + 1)):
            raise ArtefactInvalid("A vocabulary has fewer words than it says.")
        if batch.rows:
            places.extend((batch.buffers[1].start, *batch.buffers[2]))
            firsts.append(count)
            count += batch.rows
            if count > _MOST_WORDS:
                raise ArtefactInvalid("A vocabulary has more words than an id has numbers.")
    return Shared(places, firsts, count)


class Vocabulary:
    """One client's look at a vocabulary."""

    def __init__(self, arrow: ArrowFile, shared: Shared) -> None:
        self._arrow, self._shared = arrow, shared

    def words(self, numbers: Iterable[int]) -> dict[int, bytes | Long]:
        """Return the words of these numbers; those that are long only as where they lie."""
        wanted = set(numbers)
        kept = self._shared.words
        found: dict[int, bytes | Long] = {number: kept[number] for number in wanted if number in kept}
        missing = sorted(wanted - found.keys())
        if missing and (missing[0] < 0 or missing[-1] >= self._shared.count):
            raise ArtefactInvalid("A token is the number of no word in the vocabulary.")
        for run in _runs(missing):
            for number, word in self._read(run):
                found[number] = word
                if isinstance(word, bytes):
                    self._shared.keep(number, word)
        return found

    def pieces(self, word: Long, size: int) -> Iterator[bytes]:
        """Return a long word, so many bytes at a time."""
        start, length = word.place
        for at in range(0, length, size):
            yield self._arrow.read(Span(start + at, min(size, length - at)))

    def _read(self, run: Sequence[int]) -> Iterator[tuple[int, bytes | Long]]:
        """Return words that stand near each other, those of a batch by one read where they are short."""
        while run:
            index = bisect_right(self._shared.firsts, run[0]) - 1
            firsts = self._shared.firsts
            last = firsts[index + 1] if index + 1 < len(firsts) else self._shared.count
            inside = bisect_right(run, last - 1)
            yield from self._of_batch(index, run[:inside])
            run = run[inside:]

    def _of_batch(self, index: int, run: Sequence[int]) -> Iterator[tuple[int, bytes | Long]]:
        ends_at, data_at, length = self._shared.places[3 * index : 3 * index + 3]
        low, count = run[0] - self._shared.firsts[index], run[-1] - run[0] + 2
        ends = struct.unpack(f"<{count}i", self._arrow.read(Span(ends_at + 4 * low, 4 * count)))
        data = Span(data_at, length)
        begin, end = ends[0], ends[-1]
        if not 0 <= begin <= end <= data.length:
            raise ArtefactInvalid("A vocabulary has a word beyond its end.")
        block = self._arrow.read(Span(data.start + begin, end - begin)) if end - begin <= _RUN_BYTES else None
        for number in run:
            start, stop = ends[number - run[0]], ends[number - run[0] + 1]
            if not begin <= start <= stop <= end:
                raise ArtefactInvalid("A vocabulary has a word beyond its end.")
            place = Span(data.start + start, stop - start)
            if place.length > LONG:
                yield number, Long(place)
            else:
                yield number, block[start - begin : stop - begin] if block is not None else self._arrow.read(place)


def _runs(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Return numbers, which are sorted, in groups of neighbours."""
    begun = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] - numbers[at - 1] > _GAP or numbers[at] - numbers[begun] >= _RUN:
            yield numbers[begun:at]
            begun = at
