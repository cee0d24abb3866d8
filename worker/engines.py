"""Which engine cuts the words: the reference, until a compiled one is installed that gives the same words.

An engine keeps what it has seen between two calls of `feed` and knows nothing of files. Whatever it is, the
artefacts name it and the version of Unicode that it goes by, and a count refuses shards of different versions.
"""

from __future__ import annotations

from array import array
from typing import Protocol


class Engine(Protocol):
    """Cuts a text that comes in blocks into words, and numbers the words."""

    name: str
    unicode: str

    @property
    def vocabulary(self) -> list[str]:
        """The words since the last `forget`, in lower case; a word's id is its place."""

    @property
    def memory(self) -> int:
        """Roughly the bytes that the vocabulary takes."""

    def feed(self, block: bytes) -> array[int]:
        """Take the next block of valid UTF-8, whole characters, and return the ids of the words that it made
        certain."""

    def finish(self) -> array[int]:
        """Return the ids of the words that were still open at the text's end."""

    def forget(self) -> None:
        """Begin a new vocabulary with id 0; the ids given so far belong to the one before."""


def engine(largest_word: int) -> Engine:
    """Return an engine that refuses a single word of more bytes than this, as it would not fit into memory."""
    from worker.reference import Reference

    return Reference(largest_word)
