"""Which engine cuts and counts the words: the compiled one where it is built, else the reference, which is told.

Both do the same things, as this module says them, and give the same bytes; a test holds every one of them to that.
What goes between an engine and the files is columns as Arrow knows them, so no word has to become an object of
Python's on its way. An engine knows nothing of files: sorted runs are written and read by `worker/totals.py`. The
artefacts name the engine and its version of Unicode, and a count refuses shards of different versions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Protocol

INTERFACE = 5
"""Of which shape the compiled module must be; one that was built from other sources may be of another."""

NOT_BUILT = (
    "worker: the compiled engine is not built, so the reference counts: the same words, some twenty times slower; "
    "`make engine` builds it, where Rust is"
)
OUTDATED = "worker: the compiled engine is of another version, so the reference counts; `make engine` builds it anew"


class Column(Protocol):
    """A column of ids (u32), words (UTF-8) or counts (u64)."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Hand the column over, by the Arrow PyCapsule interface."""

    def __len__(self) -> int: ...


Part = tuple[Column, Column]
"""Words and their counts."""

Row = tuple[str, int]
"""A word and its count."""


class Words(Protocol):
    """Cuts a text that comes in blocks into words, and numbers them; or, if made so, counts them."""

    @property
    def waiting(self) -> int:
        """How many ids were found and not yet taken."""

    @property
    def memory(self) -> int:
        """Roughly the bytes that the vocabulary takes, with what writing it and a word that is still open add; 0 where
        it is empty."""

    def feed(self, block: bytes, start: int = 0) -> int:
        """Take a block of valid UTF-8, whole characters, from `start` on. Return where it stopped: before the end if
        the vocabulary takes more memory than it may."""

    def finish(self) -> None:
        """Take the words that are still open at the text's end."""

    def ids(self, most: int) -> Column:
        """Take so many of the ids that wait."""

    def vocabulary(self, start: int) -> Column:
        """Return words from a place on, in order of ids, as many as go into one column."""

    def forget(self) -> None:
        """Begin a new vocabulary; the ids go on where they are. No id may wait."""

    def rows(self, by_count: bool) -> Iterator[Part]:
        """Take all words with their counts, by word or by falling count; a new vocabulary begins."""

    def most(self, most: int) -> tuple[int, list[Row]]:
        """Return the sum of all counts, and the first rows by falling count; nothing is taken."""

    def __len__(self) -> int: ...


class Bins(Protocol):
    """How often each id of a part of a vocabulary stands among a shard's tokens."""

    def add(self, ids: Column) -> None:
        """Count ids; ValueError for one that is outside."""

    def counts(self, start: int, length: int) -> Column:
        """Return so many counts from a place on."""


class Tally(Protocol):
    """Adds up counts by word."""

    @property
    def memory(self) -> int:
        """Roughly the bytes that the words take, with what sorting them and writing the longest takes."""

    def add(self, words: Column, counts: Column) -> None:
        """Add a count to each word."""

    def rows(self, by_count: bool) -> Iterator[Part]:
        """Take all rows, by word or by falling count."""


class Engine(Protocol):
    """The makers of all that."""

    name: str
    unicode: str

    def words(self, largest_word: int, memory_cap: int, *, counting: bool = False) -> Words:
        """Make what cuts a text; a single word, or run of spaces or marks, of more bytes than `largest_word` is
        refused with MemoryTooSmall."""

    def bins(self, first: int, ids: int) -> Bins:
        """Make bins for so many ids from `first` on."""

    def tally(self, threads: int, words: int = 0) -> Tally:
        """Make a tally that uses so many threads, if it can, and has room for so many words once the first come."""

    def heap(self, words: int = 0) -> Tally:
        """Make a tally for words that are known to be distinct, with room for so many once the first come."""

    def merged(self, runs: Sequence[Iterator[Part]], by_count: bool) -> Iterator[Part]:
        """Merge sorted runs; equal words are added up where the runs are sorted by word."""

    def csv(self, words: Column, counts: Column) -> tuple[bytes, int]:
        """Return rows as lines of CSV, and the sum of their counts."""


@cache
def engine() -> Engine:
    """Return the engine of this process, and say once on standard error if it is the slow one."""
    problem = _problem()
    if problem:
        sys.stderr.write(f"{problem}\n")
        from worker.plain import Plain

        return Plain()
    from worker.compiled import Compiled

    return Compiled()


def whole_characters() -> Callable[[bytes], int] | None:
    """Return the compiled check of UTF-8, if there is one: how many bytes are whole characters; -1 if not valid."""
    if _problem():
        return None
    import textmill_engine

    return textmill_engine.whole_characters


class Reader(Protocol):
    """Reads one column of an Arrow file that comes in blocks."""

    def feed(self, block: bytes) -> None:
        """Give the next block, once `batch` has returned None."""

    def batch(self) -> Column | None:
        """Return the next record batch's column; None where the next block is needed; ValueError if it is no file."""

    def end(self) -> None:
        """Say that there is no more block; ValueError if there should be."""


def reader(column: str) -> Reader | None:
    """Return the compiled reader of a column, if there is one; other threads run while it decompresses."""
    if _problem():
        return None
    import textmill_engine

    return textmill_engine.Reader(column)


class Writer(Protocol):
    """Makes an Arrow file piece by piece; the pieces go into the file one behind the other."""

    def begin(self) -> bytes:
        """Return what the file begins with."""

    @property
    def batch(self) -> Callable[..., bytes]:
        """What returns a record batch of as many columns as the file has."""

    def end(self) -> bytes:
        """Return what the file ends with."""


def ids_writer(column: str) -> Writer | None:
    """Return the compiled writer of a column of ids, if there is one; it compresses them in half the time."""
    if _problem():
        return None
    import textmill_engine

    return textmill_engine.Writer(column)


def table_writer(words: str, counts: str | None = None) -> Writer | None:
    """Return the compiled writer of words, with their counts if these have a name, if there is one; other threads run
    while it works."""
    if _problem():
        return None
    import textmill_engine

    return textmill_engine.TableWriter(words, counts)


def built() -> bool:
    """Tell whether the compiled engine is there and of the right shape."""
    return not _problem()


@cache
def _problem() -> str:
    try:
        import textmill_engine
    except ImportError:
        return NOT_BUILT
    return "" if getattr(textmill_engine, "INTERFACE", None) == INTERFACE else OUTDATED
