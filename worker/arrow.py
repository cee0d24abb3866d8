"""Arrow files, written and read one record batch at a time through arro3, hashed on the way out.

arro3 turns every error of a Python file or generator into a plain Exception with its text; the original is kept
here and raised in its place, so a full disk stays an OSError. The library is imported when the first file is
touched.
"""

from __future__ import annotations

import hashlib
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from textmill.artefacts import File
from worker.errors import ArtefactInvalid
from worker.volume import sync

if TYPE_CHECKING:
    from arro3.core import RecordBatch, Schema

ID = "id"
WORD = "word"
COUNT = "count"

BATCH_ROWS = 65_536
BATCH_CHARACTERS = 8 << 20


def write_ids(path: Path, batches: Iterable[array[int]]) -> File:
    """Write a column of u32 ids; each array becomes a record batch."""
    from arro3.core import Array, DataType, Field, RecordBatch, Schema

    schema = Schema([Field(ID, DataType.uint32(), nullable=False)])
    return _write(path, schema, (RecordBatch.from_arrays([Array.from_buffer(ids)], schema=schema) for ids in batches))


def write_words(path: Path, words: Iterable[str]) -> File:
    """Write a column of words."""
    from arro3.core import Array, DataType, Field, RecordBatch, Schema

    schema = Schema([Field(WORD, DataType.utf8(), nullable=False)])
    return _write(
        path,
        schema,
        (RecordBatch.from_arrays([Array(part, DataType.utf8())], schema=schema) for part in batched(words)),
    )


def write_table(path: Path, rows: Iterable[tuple[Sequence[str], array[int]]]) -> File:
    """Write columns of words and their counts (u64); each pair of columns becomes a record batch."""
    from arro3.core import Array, DataType, Field, RecordBatch, Schema

    schema = Schema([Field(WORD, DataType.utf8(), nullable=False), Field(COUNT, DataType.uint64(), nullable=False)])
    return _write(
        path,
        schema,
        (
            RecordBatch.from_arrays([Array(words, DataType.utf8()), Array.from_buffer(counts)], schema=schema)
            for words, counts in rows
        ),
    )


def batched(words: Iterable[str]) -> Iterator[list[str]]:
    """Yield words in lists that are small enough for a record batch; a very long word is alone in its list."""
    part: list[str] = []
    characters = 0
    for word in words:
        if part and (len(part) >= BATCH_ROWS or characters + len(word) > BATCH_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(word)
        characters += len(word)
    if part:
        yield part


def read(file: IO[bytes], *columns: str) -> Iterator[list[Any]]:
    """Yield, for each record batch, the named columns as lists; ArtefactInvalid if the file is not of that shape."""
    from arro3.io import read_ipc

    try:
        for batch in read_ipc(file):
            yield [batch.column(name).to_pylist() for name in columns]
    except Exception as error:  # arro3 raises no narrower class
        raise ArtefactInvalid(f"an Arrow file cannot be read: {str(error)[:200]}") from error


def _write(path: Path, schema: Schema, batches: Iterable[RecordBatch]) -> File:
    from arro3.core import RecordBatchReader
    from arro3.io import write_ipc

    kept = _Kept()
    with path.open("xb") as raw:
        hashing = _Hashing(raw, kept)
        try:
            reader = RecordBatchReader.from_batches(schema, kept.iterate(batches))
            write_ipc(reader, hashing, compression="lz4")  # type: ignore[arg-type]  # a file object, as it takes
            hashing.flush()
        except Exception as error:
            if kept.error:
                raise kept.error from error
            raise
        sync(raw)
    return File(hashing.written, hashing.sha.hexdigest())


class _Kept:
    """The first error that Python code raised under arro3."""

    error: BaseException | None = None

    def iterate(self, batches: Iterable[RecordBatch]) -> Iterator[RecordBatch]:
        try:
            yield from batches
        except BaseException as error:
            self.error = self.error or error
            raise


class _Hashing(io.RawIOBase):
    """What arro3 writes to: hashes and counts what passes; it is only ever written from front to back."""

    def __init__(self, file: IO[bytes], kept: _Kept) -> None:
        self._file = file
        self._kept = kept
        self.sha = hashlib.sha256()
        self.written = 0

    def write(self, content: Any) -> int:
        try:
            self._file.write(content)
        except OSError as error:
            self._kept.error = self._kept.error or error
            raise
        self.sha.update(content)
        self.written += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation(f"seek({offset}, {whence}) in a file that is hashed as it is written")
