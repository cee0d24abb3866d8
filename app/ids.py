"""Unpacks the ids of a record batch: numbers of 32 bits, as an LZ4 frame or as they are.

The library that unpacks a frame ends the whole process where a head makes it ask for more memory than there is. So it
never meets a head out of a file: it is given one that is made here, with the bytes of one frame behind it, of which
it is known how much they can become at the most.
"""

from __future__ import annotations

import io
import struct
from array import array
from functools import cache

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_ipc_stream, write_ipc_stream

from app.arrow_files import ArrowFile, Batch, Span, Table
from app.errors import ArtefactInvalid

MOST_ROWS = 1 << 20
"""Ids of a record batch; the workers make it a quarter of that."""
_WIDTH = 4
_SLACK = 8 << 20
_MAGIC = b"\x04\x22\x4d\x18"
_PLAIN = 1 << 31
_END = b"\xff\xff\xff\xff\0\0\0\0"
_AS_IT_IS = -1
_PREFIX, _SIZE, _SPAN = struct.Struct("<q"), struct.Struct("<I"), struct.Struct("<qq")


def unpacked(file: ArrowFile, batch: Batch, start: int, count: int) -> array[int]:
    """Return so many ids of a batch; ArtefactInvalid where they do not fit what is said of them."""
    size = _WIDTH * batch.rows
    place = batch.buffers[-1] if len(batch.buffers) == 2 else None
    if place is None or batch.rows > MOST_ROWS or place.length > 2 * size + 1024:
        raise ArtefactInvalid("The ids have a record batch of another shape.")
    if not size:
        return array("I")
    if not batch.compressed:
        return _plain(file, place, start, count)
    prefix = file.read(place._replace(length=min(_PREFIX.size, place.length)))
    told = _PREFIX.unpack(prefix)[0] if len(prefix) == _PREFIX.size else 0
    if told == _AS_IT_IS:
        return _plain(file, Span(place.start + _PREFIX.size, place.length - _PREFIX.size), start, count)
    if told != size:
        raise ArtefactInvalid("The ids of a record batch are not as many as they should be.")
    return _unpacked(file.read(place), batch.rows, start, count)


def _plain(file: ArrowFile, place: Span, start: int, count: int) -> array[int]:
    if _WIDTH * (start + count) > place.length:
        raise ArtefactInvalid("A record batch has fewer ids than it says.")
    return array("I", file.read(Span(place.start + _WIDTH * start, _WIDTH * count)))


def _unpacked(data: bytes, rows: int, start: int, count: int) -> array[int]:
    frame = _frame(data, _WIDTH * rows)
    stream = io.BytesIO(b"".join((*_heads(rows, len(frame)), frame, bytes(-len(frame) % 8), _END)))
    try:
        (found,) = read_ipc_stream(stream)
        return array("I", RecordBatch.from_arrow(found).column(0).slice(start, count).to_pylist())
    except Exception as error:  # the library raises no narrower class
        raise ArtefactInvalid(f"The ids cannot be unpacked: {str(error)[:200]}.") from error


def _frame(data: bytes, size: int) -> bytes:
    """Return the prefix and the one frame behind it, without what follows; its blocks must not hold too much."""
    at = _PREFIX.size
    if data[at : at + 4] != _MAGIC or len(data) < at + 7:
        raise ArtefactInvalid("The ids are no LZ4 frame.")
    flags, largest = data[at + 4], 1 << (8 + 2 * (data[at + 5] >> 4 & 7))
    at += 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    whole = 0
    while at + _SIZE.size <= len(data):
        length = _SIZE.unpack_from(data, at)[0] & ~_PLAIN
        at += _SIZE.size
        if not length:
            return data[: at + (4 if flags & 4 else 0)]
        at += length + (4 if flags & 16 else 0)
        whole += largest
        if whole > 4 * size + _SLACK:
            raise ArtefactInvalid("The ids of a record batch could become more than they should.")
    raise ArtefactInvalid("The ids of a record batch end too early.")


def _heads(rows: int, length: int) -> tuple[bytes, bytes]:
    """Return the heads of a stream and of a record batch of so many ids, which take so many bytes in a frame."""
    stream, head = _template()
    made = bytearray(head)
    message = Table.root(made[8:])
    batch = message.table(2)
    body = length + -length % 8
    nodes, buffers = batch.vector(1, _SPAN.size)[0], batch.vector(2, _SPAN.size)[0]
    _PREFIX.pack_into(made, 8 + message.place(3), body)
    _PREFIX.pack_into(made, 8 + batch.place(0), rows)
    _SPAN.pack_into(made, 8 + nodes, rows, 0)
    _SPAN.pack_into(made, 8 + buffers, 0, 0)
    _SPAN.pack_into(made, 8 + buffers + _SPAN.size, 0, length)
    return stream, bytes(made)


@cache
def _template() -> tuple[bytes, bytes]:
    """Return what the library writes before a column of ids: the stream's head, and a record batch's."""
    schema, made = Schema([Field("id", DataType.uint32(), nullable=False)]), io.BytesIO()
    batch = RecordBatch.from_arrays([Array([0] * 64, DataType.uint32())], schema=schema)
    write_ipc_stream(RecordBatchReader.from_batches(schema, [batch]), made, compression="lz4")
    data = made.getvalue()
    first = 8 + _SIZE.unpack_from(data, 4)[0]
    second = first + 8 + _SIZE.unpack_from(data, first + 4)[0]
    return data[:first], data[first:second]
