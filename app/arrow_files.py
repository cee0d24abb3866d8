"""Where the record batches of an Arrow file lie: read from its footer and heads, without a parser of Arrow.

A library reads a file from its beginning and keeps whole batches. An answer begins anywhere, and needs some rows of
some batches; and a library may end the whole process over a file that is forged. So the few fields that say where a
column's bytes lie are read here, each held against the file's size before anything is done with it. The layout is that
of Arrow's specification (File.fbs, Message.fbs) and of FlatBuffers.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.errors import ArtefactInvalid

_MAGIC = b"ARROW1"
_TAIL = 4 + len(_MAGIC)
_MOST_BATCHES = 1 << 20
_AT_ONCE = 1024
"""Record batches whose places are read from the footer at once."""
_MOST_HEAD = 64 << 10
_BLOCK = struct.Struct("<qi4xq")
_SPAN = struct.Struct("<qq")
_RECORD_BATCH = 3


class Span(NamedTuple):
    """Some bytes of a file."""

    start: int
    length: int


class Batch(NamedTuple):
    """A record batch of one column: its rows, its message as a whole, and the column's buffers."""

    rows: int
    message: Span
    buffers: Sequence[Span]
    compressed: bool


class ArrowFile:
    """An open file of one column; ArtefactInvalid at whatever does not fit. `file` stays the caller's."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.size = os.fstat(file).st_size
        self._blocks = self._footer()

    def read(self, span: Span) -> bytes:
        """Return bytes of the file; all of them."""
        found: list[bytes] = []
        start, left = span
        while left > 0:
            data = os.pread(self._file, left, start)
            if not data:
                raise ArtefactInvalid("An Arrow file ends too early.")
            found.append(data)
            start, left = start + len(data), left - len(data)
        return b"".join(found)

    def batches(self) -> Iterator[Batch]:
        """Return the record batches, each read when it is asked for; together they are no longer than the file."""
        left = self.size
        for at in range(0, self._blocks.length, _AT_ONCE * _BLOCK.size):
            size = min(_AT_ONCE * _BLOCK.size, self._blocks.length - at)
            for offset, head, body in _BLOCK.iter_unpack(self.read(Span(self._blocks.start + at, size))):
                left -= head + body
                if left < 0:
                    raise ArtefactInvalid("An Arrow file names the same record batch again.")
                yield self._batch(offset, head, body)

    def _footer(self) -> Span:
        """Return where the places of the record batches stand: there may be many, and many clients."""
        if self.size < 2 * _TAIL:
            raise ArtefactInvalid("An Arrow file ends too early.")
        tail = self.read(Span(self.size - _TAIL, _TAIL))
        length = struct.unpack_from("<i", tail)[0]
        if tail[4:] != _MAGIC or not 0 < length <= self.size - 2 * _TAIL:
            raise ArtefactInvalid("A file has no footer of Arrow.")
        if length > _MOST_BATCHES * _BLOCK.size:
            raise ArtefactInvalid("An Arrow file has too many record batches.")
        begin = self.size - _TAIL - length
        start, count = Table.root(self.read(Span(begin, length))).vector(3, _BLOCK.size)
        return Span(begin + start, count * _BLOCK.size)

    def _batch(self, offset: int, head: int, body: int) -> Batch:
        if offset < 0 or body < 0 or not 8 < head <= _MOST_HEAD or offset + head + body > self.size - _TAIL:
            raise ArtefactInvalid("An Arrow file names a record batch beyond its end.")
        message = Table.root(self.read(Span(offset + 8, head - 8)))  # behind a mark and its own length
        if message.number(1, "<B") != _RECORD_BATCH or message.number(3, "<q") != body:
            raise ArtefactInvalid("An Arrow file has something else in the place of a record batch.")
        batch = message.table(2)
        rows = batch.number(0, "<q")
        nodes, columns = batch.vector(1, _SPAN.size)
        if columns != 1 or _SPAN.unpack_from(batch.data, nodes) != (rows, 0) or rows < 0:
            raise ArtefactInvalid("An Arrow file has a record batch of another shape.")
        start, count = batch.vector(2, _SPAN.size)
        buffers = [Span(*_SPAN.unpack_from(batch.data, start + at * _SPAN.size)) for at in range(count)]
        if any(one.start < 0 or one.length < 0 or one.start + one.length > body for one in buffers):
            raise ArtefactInvalid("An Arrow file names bytes beyond its record batch.")
        own = [Span(offset + head + one.start, one.length) for one in buffers]
        return Batch(rows, Span(offset, head + body), own, compressed=batch.has(3))


class Table:
    """A table of FlatBuffers: its fields by number, zero where they are left out."""

    def __init__(self, data: bytes | bytearray, at: int) -> None:
        self.data, self._at = data, at
        self._fields = at - self._get("<i", at)
        self._size = self._get("<H", self._fields)

    @classmethod
    def root(cls, data: bytes | bytearray) -> Table:
        """Return the table that some bytes are."""
        if len(data) < 4:
            raise ArtefactInvalid("An Arrow file has an empty head.")
        return cls(data, struct.unpack_from("<I", data)[0])

    def _get(self, form: str, at: int) -> int:
        if not 0 <= at <= len(self.data) - struct.calcsize(form):
            raise ArtefactInvalid("An Arrow file has a head that points beyond itself.")
        return int(struct.unpack_from(form, self.data, at)[0])

    def place(self, number: int) -> int:
        """Return where a field stands in the data; 0 where it is left out."""
        entry = 4 + 2 * number
        offset = self._get("<H", self._fields + entry) if entry + 2 <= self._size else 0
        return self._at + offset if offset else 0

    def has(self, number: int) -> bool:
        """Tell whether a field is there."""
        return self.place(number) > 0

    def number(self, number: int, form: str) -> int:
        """Return a field that is a number."""
        at = self.place(number)
        return self._get(form, at) if at else 0

    def table(self, number: int) -> Table:
        """Return a field that is a table itself."""
        at = self.place(number)
        if not at:
            raise ArtefactInvalid("An Arrow file has a head without a record batch.")
        return Table(self.data, at + self._get("<I", at))

    def vector(self, number: int, size: int) -> tuple[int, int]:
        """Return where a vector's elements begin and how many there are, all of them within the data."""
        at = self.place(number)
        if not at:
            return 0, 0
        at += self._get("<I", at)
        count = self._get("<I", at)
        if at + 4 + count * size > len(self.data):
            raise ArtefactInvalid("An Arrow file has a head that points beyond itself.")
        return at + 4, count
