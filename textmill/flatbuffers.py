"""Tables of flatbuffers, read from foreign bytes: each access stays within them, or says that they are cut short.

Nothing goes deeper than it is asked to, and nothing is copied but numbers and texts.
See https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator


class Cut(ValueError):
    """Something lies outside the bytes that are there."""

    def __init__(self) -> None:
        """There is one thing to say."""
        super().__init__("a description is cut short")


class Table:
    """A table in a buffer; raises Cut where it is not whole."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at
        self._fields = at - self._unpack("<i", at)
        self._end = self._unpack("<H", self._fields)

    @classmethod
    def root(cls, content: bytes) -> Table:
        """Return the table that a buffer begins with."""
        return cls(content, int.from_bytes(content[:4], "little"))

    def number(self, field: int, form: str) -> int:
        """Return a number, 0 where it is left out, as the format has it."""
        at = self._place(field)
        return self._unpack(form, at) if at else 0

    def table(self, field: int) -> Table | None:
        """Return a table within this one, None where it is left out."""
        at = self._place(field)
        return Table(self._content, at + self._unpack("<I", at)) if at else None

    def text(self, field: int) -> str:
        """Return a text, empty where it is left out or is no UTF-8."""
        return bytes(byte for (byte,) in self.structures(field, "<B")).decode("utf-8", "ignore")

    def tables(self, field: int) -> Iterator[Table]:
        """Yield the tables of a vector, none where it is left out."""
        at = self._place(field)
        start = at + self._unpack("<I", at) + 4 if at else 0
        for index, (offset,) in enumerate(self.structures(field, "<I")):
            yield Table(self._content, start + 4 * index + offset)

    def has(self, field: int) -> bool:
        """Tell whether a field is there."""
        return self._place(field) != 0

    def structures(self, field: int, form: str) -> Iterator[tuple[int, ...]]:
        """Yield the structures of a vector, none where it is left out."""
        if not (at := self._place(field)):
            return
        at += self._unpack("<I", at)
        start = at + 4
        size = self._unpack("<I", at) * struct.calcsize(form)
        if size > len(self._content) - start:
            raise Cut
        yield from struct.iter_unpack(form, memoryview(self._content)[start : start + size])

    def _place(self, field: int) -> int:
        at = 4 + 2 * field
        offset = self._unpack("<H", self._fields + at) if at + 2 <= self._end else 0
        return self._at + offset if offset else 0

    def _unpack(self, form: str, at: int) -> int:
        if not 0 <= at <= len(self._content) - struct.calcsize(form):
            raise Cut
        (number,) = struct.unpack_from(form, self._content, at)
        return int(number)
