"""Arrow files, written and read one record batch at a time by the engine or by arro3, digested on the way out.

arro3 turns every error of a Python file or generator into a plain Exception with its text; the original is kept
here and raised in its place, so a full disk stays an OSError. The library is imported when the first file is
touched.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from textmill import arrow_file
from textmill.artefacts import File, TokensFile
from worker import engines
from worker.digests import Kind
from worker.errors import ArtefactInvalid
from worker.outputs import Output, Room

if TYPE_CHECKING:
    from arro3.core import Array, RecordBatch, Schema

    from worker.engines import Column, Part, Writer

ID = "id"
WORD = "word"
COUNT = "count"

_BLOCK = 1 << 20

RUN_ROWS = 8_192
"""Rows in a record batch of a sorted run, of which many are open at once."""


def write_ids(path: Path, batches: Iterable[Column]) -> TokensFile:
    """Write a column of u32 ids; each column becomes a record batch. The engine makes the file, where it is built."""
    if writer := engines.ids_writer(ID):
        return _write_pieces(path, TokensFile, writer, ((ids,) for ids in batches))
    from arro3.core import DataType, Field, RecordBatch, Schema

    schema = Schema([Field(ID, DataType.uint32(), nullable=False)])
    made = (RecordBatch.from_arrays([ids], schema=schema) for ids in batches)
    return _write(path, TokensFile, schema, made, "lz4")


def write_words(path: Path, words: Iterable[Column]) -> TokensFile:
    """Write a column of words; each column becomes a record batch.

    They are not compressed: it would take longer than all the rest, for a thirtieth of a shard's bytes.
    """
    if writer := engines.table_writer(WORD):
        return _write_pieces(path, TokensFile, writer, ((part,) for part in words))
    from arro3.core import DataType, Field, RecordBatch, Schema

    schema = Schema([Field(WORD, DataType.utf8(), nullable=False)])
    made = (RecordBatch.from_arrays([part], schema=schema) for part in words)
    return _write(path, TokensFile, schema, made, None)


def write_table(path: Path, rows: Iterable[Part]) -> File:
    """Write columns of words and their counts (u64); each pair of columns becomes a record batch."""
    if writer := engines.table_writer(WORD, COUNT):
        return _write_pieces(path, File, writer, rows)
    from arro3.core import RecordBatch

    schema = _table()
    made = (RecordBatch.from_arrays(list(part), schema=schema) for part in rows)
    return _write(path, File, schema, made, "lz4")


def write_run(path: Path, rows: Iterable[Part], most: int) -> int:
    """Write rows for this process alone, neither durable nor with a digest: in record batches of at most so many bytes,
    but for a row that has more alone. Return the bytes of the largest."""
    from arro3.core import RecordBatch, RecordBatchReader
    from arro3.io import write_ipc

    schema, kept = _table(), _Kept()
    largest = 0

    def pieces(room: Room) -> Iterator[RecordBatch]:
        nonlocal largest
        for part in rows:
            for piece, size in _pieces(RecordBatch.from_arrays(list(part), schema=schema), most):
                largest = max(largest, size)
                yield piece
                room.take(size)

    with path.open("xb") as file:
        try:
            write_ipc(
                RecordBatchReader.from_batches(schema, kept.iterate(pieces(Room(file.fileno())))),
                file,
                compression="lz4",
            )
        except Exception as error:
            if kept.error:
                raise kept.error from error
            raise
    return largest


def _pieces(batch: RecordBatch, most: int) -> Iterator[tuple[RecordBatch, int]]:
    at = before = 0
    while at < batch.num_rows:
        rows = min(RUN_ROWS, batch.num_rows - at)
        while (end := batch.slice(0, at + rows).nbytes) - before > most and rows > 1:  # right from the beginning alone
            rows //= 2
        yield batch.slice(at, rows), end - before
        at, before = at + rows, end


def _table() -> Schema:
    from arro3.core import DataType, Field, Schema

    return Schema([Field(WORD, DataType.utf8(), nullable=False), Field(COUNT, DataType.uint64(), nullable=False)])


def read(file: IO[bytes], *columns: str) -> Iterator[list[Array]]:
    """Yield, for each record batch, the named columns; ArtefactInvalid if the file is not of that shape."""
    from arro3.io import read_ipc

    def chosen(batch: RecordBatch) -> list[Array]:
        return [batch.column(name) for name in columns]

    _check(file)
    try:
        yield from map(chosen, read_ipc(file))  # a loop would hold what it gave, and one word may be most of the memory
    except Exception as error:  # arro3 raises no narrower class
        raise _unreadable(error) from error


def read_column(file: IO[bytes], name: str) -> Iterator[Column]:
    """Yield a column's part of each record batch, through the engine where it is built: arro3 keeps Python's lock."""
    reader = engines.reader(name)
    if reader is None:
        yield from (column for (column,) in read(file, name))
        return
    _check(file)
    try:
        while block := file.read(_BLOCK):
            reader.feed(block)
            while (column := reader.batch()) is not None:
                yield column
        reader.end()
    except ValueError as error:
        raise _unreadable(error) from error


def _check(file: IO[bytes]) -> None:
    """Refuse what tells of sizes that it cannot hold, for which a reader would ask for memory, and abort."""

    def read(at: int, length: int) -> bytes:
        file.seek(at)
        return file.read(length)

    start = file.tell()
    try:
        arrow_file.check(file.seek(0, io.SEEK_END), read)
    except arrow_file.Impossible as error:
        raise _unreadable(error) from error
    file.seek(start)


def _unreadable(error: Exception) -> ArtefactInvalid:
    return ArtefactInvalid(f"an Arrow file cannot be read: {str(error)[:200]}")


def _write(
    path: Path,
    kind: type[Kind],
    schema: Schema,
    batches: Iterable[RecordBatch],
    compression: Literal["lz4"] | None,
) -> Kind:
    from arro3.core import RecordBatchReader
    from arro3.io import write_ipc

    kept = _Kept()
    with path.open("xb") as raw:
        output = Output(raw, kind)
        written = _Written(output, kept)
        try:
            reader = RecordBatchReader.from_batches(schema, kept.iterate(batches))
            write_ipc(reader, written, compression=compression)  # type: ignore[arg-type]  # a file object, as it takes
            written.flush()
        except Exception as error:
            if kept.error:
                raise kept.error from error
            raise
        return output.end()


def _write_pieces(path: Path, kind: type[Kind], writer: Writer, batches: Iterable[Sequence[Column]]) -> Kind:
    with path.open("xb") as file:
        output = Output(file, kind)
        output.write(writer.begin())
        for _ in map(output.write, starmap(writer.batch, batches)):
            pass  # a name would hold what was written, and one word may be most of the memory
        output.write(writer.end())
        return output.end()


class _Kept:
    """The first error that Python code raised under arro3."""

    error: BaseException | None = None

    def iterate(self, batches: Iterable[RecordBatch]) -> Iterator[RecordBatch]:
        try:
            yield from batches
        except BaseException as error:
            self.error = self.error or error
            raise


class _Written(io.RawIOBase):
    """What arro3 writes to; it is only ever written from front to back."""

    def __init__(self, output: Output[Any], kept: _Kept) -> None:
        self._output = output
        self._kept = kept

    def write(self, content: Any) -> int:
        try:
            self._output.write(content)
        except OSError as error:
            self._kept.error = self._kept.error or error
            raise
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation(f"seek({offset}, {whence}) in a file that is hashed as it is written")
