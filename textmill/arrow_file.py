"""Whether the sizes that an Arrow file states can be true, asked before any reader makes memory for them.

A reader of Arrow believes what a file says: one forged number of eight bytes has it ask for 2^60 bytes, and the
process aborts, with all the others' work. So each size is held against the bytes that are there: the footer, each
message, its body, each buffer, what a compressed buffer says it becomes, and the rows. Only descriptions are read, no
content. What Textmill's files never have (dictionaries, nested columns, another compression than LZ4) is refused.

The descriptions are flatbuffers: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textmill.flatbuffers import Cut, Table

Read = Callable[[int, int], bytes]
"""Returns so many bytes from a place of the file."""

MARK = b"ARROW1"
MOST_FOOTER = 64 << 20
"""Bytes of a footer, which has 24 for each record batch."""
MOST_DESCRIPTION = 1 << 20
"""Bytes that describe one record batch."""
MOST_BECOMES = 255
"""Bytes that one byte of LZ4 can stand for."""
_TRAILER = 4 + len(MARK)
_CONTINUES = b"\xff\xff\xff\xff"
_HEAD = 8
_RECORD_BATCH = 3
_LZ4 = 0
_PREFIX = 8
_INT, _FLOAT, _UTF8 = 2, 3, 5
_TEXT_BUFFERS = 3
_AS_IT_IS = -1


class Impossible(ValueError):
    """A file whose sizes cannot be true, or that is no Arrow file; the message says which."""


def check(size: int, read: Read) -> None:
    """Raise Impossible unless every size that a file of `size` bytes states fits into it."""
    try:
        _check(size, read)
    except Cut as error:
        raise Impossible(str(error)) from error


def _check(size: int, read: Read) -> None:
    end = size - _TRAILER
    if end < 2 * _HEAD or read(0, len(MARK)) != MARK:
        raise Impossible("it does not begin as an Arrow file")
    trailer = read(end, _TRAILER)
    if len(trailer) != _TRAILER or trailer[4:] != MARK:
        raise Impossible("it does not end as an Arrow file")
    length = int.from_bytes(trailer[:4], "little", signed=True)
    if not 0 < length <= min(end - _HEAD, MOST_FOOTER):
        raise Impossible("its footer has another size than can be")
    end -= length
    footer = Table.root(_exactly(read, end, length))
    if any(footer.structures(2, "<qi4xq")):
        raise Impossible("it has dictionaries")
    widths = _widths(footer.table(1))
    before = _HEAD
    for offset, described, body in footer.structures(3, "<qi4xq"):
        if not (before <= offset and _HEAD < described <= MOST_DESCRIPTION and 0 <= body <= end - offset - described):
            raise Impossible("a record batch lies where it cannot be")
        batch = _batch(_exactly(read, offset, described), body)
        _check_batch(batch, body, widths, partial(_prefix, read, offset + described))
        before = offset + described + body


def _widths(schema: Table | None) -> list[tuple[int, ...]]:
    """Return, for each column, the bits that a row has in each of its buffers; 0 for the bytes of texts."""
    if schema is None or schema.number(0, "<h") != 0 or schema.has(2):
        raise Impossible("its schema is not one that is read here")
    return list(map(_width, schema.tables(1)))


def _width(field: Table) -> tuple[int, ...]:
    kind, told, name = field.number(2, "<B"), field.table(3), field.text(0)
    if not name or "\0" in name or told is None or field.has(4) or field.has(6) or any(field.tables(5)):
        raise Impossible("a column is not one that is read here")
    if kind == _UTF8:
        return (1, 32, 0)
    bits = told.number(0, "<i") if kind == _INT else 16 << told.number(0, "<H") if kind == _FLOAT else 0
    if bits not in (8, 16, 32, 64):
        raise Impossible("a column is of a kind that is not read here")
    return (1, bits)


def _batch(described: bytes, body: int) -> Table:
    length = int.from_bytes(described[4:_HEAD], "little", signed=True)
    if described[:4] != _CONTINUES or not 0 < length <= len(described) - _HEAD:
        raise Impossible("a message has another size than can be")
    message = Table.root(described[_HEAD : _HEAD + length])
    if message.number(1, "<B") != _RECORD_BATCH or message.number(3, "<q") != body:
        raise Impossible("a message is no record batch of the size that the footer says")
    batch = message.table(2)
    if batch is None:
        raise Impossible("a record batch is missing")
    return batch


def _check_batch(
    batch: Table, body: int, widths: Sequence[tuple[int, ...]], read_prefix: Callable[[int], bytes]
) -> None:
    compression = batch.table(3)
    if compression and (compression.number(0, "<b") != _LZ4 or compression.number(1, "<b") != 0):
        raise Impossible("it is compressed in another way than by LZ4")
    sizes, used = [], 0
    for offset, length in batch.structures(2, "<qq"):
        if not (0 <= offset <= body and 0 <= length <= body - offset):
            raise Impossible("a buffer lies outside its record batch")
        used += length
        sizes.append(_becomes(length, offset, read_prefix) if compression and length else length)
    if used > body:
        raise Impossible("buffers lie upon each other")
    rows, nodes, rest = batch.number(0, "<q"), list(batch.structures(1, "<qq")), iter(sizes)
    if len(nodes) != len(widths) or len(sizes) != sum(map(len, widths)) or batch.has(4):
        raise Impossible("a record batch has other columns than the schema says")
    for (length, nulls), bits in zip(nodes, widths, strict=True):
        validity, *content = (8 * next(rest) for _ in bits)
        fits = 0 <= nulls <= length == rows and (nulls == 0 or validity >= length)
        more = 1 if len(bits) == _TEXT_BUFFERS and (length or content[0]) else 0  # where the last text ends
        if not fits or any(has < (length + more) * each for has, each in zip(content, bits[1:], strict=True)):
            raise Impossible("a record batch tells of more rows than its bytes can hold")


def _becomes(length: int, offset: int, read_prefix: Callable[[int], bytes]) -> int:
    """Return the bytes that a compressed buffer says it has; Impossible where it cannot have them."""
    packed = length - _PREFIX
    prefix = read_prefix(offset) if packed >= 0 else b""
    told = int.from_bytes(prefix, "little", signed=True)
    if len(prefix) != _PREFIX or not _AS_IT_IS <= told <= MOST_BECOMES * packed:
        raise Impossible("a buffer tells of more bytes than it can become")
    return packed if told == _AS_IT_IS else told


def _prefix(read: Read, start: int, offset: int) -> bytes:
    return read(start + offset, _PREFIX)


def _exactly(read: Read, at: int, length: int) -> bytes:
    content = read(at, length)
    if len(content) != length:
        raise Impossible("it is shorter than it was")
    return content
