"""Reads what the workers wrote, a piece at a time: the table of words, and the tokens in the order of the text.

The table is read from its CSV: a word never holds a line feed (every line break ends a word), so a line is a row and
rows cost no more memory than the longest of them. Tokens are numbers into a vocabulary; both stay in Arrow's compact
form, and only a slice at a time becomes text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from io import FileIO
from itertools import chain, islice
from typing import NamedTuple

from arro3.core import Array, RecordBatch
from arro3.io import read_ipc

from app.errors import ArtefactInvalid

HEADER = b"word,count"
_SLICE = 8192
_PIECE = 64 << 10


class Part(NamedTuple):
    """Which rows of a table are wanted: the first so many (None for all) of those whose word contains a text."""

    limit: int | None = None
    contains: str = ""

    @property
    def whole(self) -> bool:
        """Tell whether this is the whole table."""
        return self.limit is None and not self.contains

    @property
    def mark(self) -> str:
        """Return what sets this part apart in an ETag."""
        sought = hashlib.sha256(self.contains.encode("utf-8", "replace")).hexdigest()[:16] if self.contains else ""
        return "".join(f"-{one}" for one in ("" if self.limit is None else str(self.limit), sought) if one)


def header(lines: Iterator[bytes]) -> bytes:
    """Take the header line off the CSV table and return it."""
    first = next(lines, b"")
    if first.rstrip(b"\r\n") != HEADER:
        raise ArtefactInvalid("The table's first line is not word,count.")
    return first


def rows(lines: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    """Return word and count of each line after the header."""
    for line in lines:
        word, _, count = line.decode("utf-8", "replace").rstrip("\r\n").rpartition(",")
        quoted = len(word) > 1 and word[0] == word[-1] == '"'
        yield (word[1:-1].replace('""', '"') if quoted else word), int(count)


def json_rows(lines: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """Return the table as one JSON array of objects, cut after `limit` rows."""
    mark = "["
    pieces: list[str] = []
    size = 0
    for word, count in islice(rows(lines), limit):
        pieces.append(f'{mark}{{"word":{json.dumps(word, ensure_ascii=False)},"count":{count}}}')
        mark = ",\n"
        size += len(pieces[-1])
        if size >= _PIECE:
            yield "".join(pieces).encode()
            pieces, size = [], 0
    yield ("".join(pieces) + ("[]\n" if mark == "[" else "]\n")).encode()


def csv_rows(first: bytes, lines: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """Return the CSV table with its header, cut after `limit` rows."""
    return chain((first,), islice(lines, limit))


class Tokens(NamedTuple):
    """Some tokens as JSON lines, and the number of the token after them."""

    lines: bytes
    after: int


def json_tokens(ids: FileIO, vocabulary: FileIO, first: int) -> Iterator[Tokens]:
    """Return a shard's tokens, numbered from `first`."""
    words = _vocabulary(vocabulary)
    position = first
    for batch in read_ipc(ids):
        column = RecordBatch.from_arrow(batch).column(0)
        for start in range(0, len(column), _SLICE):
            part = column.slice(start, min(_SLICE, len(column) - start))
            texts = Array.from_arrow(words.take(part)).to_pylist()
            lines = [
                f'{{"position":{position + offset},"word":{json.dumps(text, ensure_ascii=False)}}}\n'
                for offset, text in enumerate(texts)
            ]
            position += len(texts)
            yield Tokens("".join(lines).encode(), position)


def _vocabulary(file: FileIO) -> Array:
    table = read_ipc(file).read_all()
    return table.column(0).combine_chunks()
