"""Puts a finished request's files on a volume, as the workers leave them, and its status on the cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_ipc
from blake3 import blake3

from textmill import layout
from textmill.artefacts import Source, TokensFile, TokensManifest

CSV = 'word,count\nthe,3\nfox,2\n"1,000",1\n"צה""ל",1\n'.encode()
ROWS = [
    {"word": "the", "count": 3},
    {"word": "fox", "count": 2},
    {"word": "1,000", "count": 1},
    {"word": 'צה"ל', "count": 1},
]
TABLE = layout.table("fox-c-0123456789ab", "00000000-0000-4000-8000-000000000001")
TOKENS = layout.tokens("fox-t-0123456789ab", "00000000-0000-4000-8000-000000000001")


def finished(root: Path, csv: bytes = CSV, arrow: bytes = b"ARROW1 stands for the table") -> dict[str, Any]:
    """Write a table and return the status that speaks of it."""
    folder = root / TABLE
    folder.mkdir(parents=True)
    noted = {}
    for name, key, data in ((layout.TABLE_CSV, "csv", csv), (layout.TABLE_ARROW, "arrow", arrow)):
        (folder / name).write_bytes(data)
        noted[key] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    result = {
        "bytes": 20,
        "tokens": 7,
        "distinctWords": 4,
        "topWords": ROWS[:2],
        "table": {"path": TABLE, "formatVersion": 1, **noted},
    }
    return {"phase": "Succeeded", "settled": True, "progress": {"percent": 100}, "result": result}


def tokenized(root: Path, *shards: tuple[Sequence[str], Sequence[Sequence[int]]]) -> dict[str, Any]:
    """Write shards, each a vocabulary and batches of ids, and return the status that speaks of them."""
    for index, (words, batches) in enumerate(shards):
        folder = root / layout.shard(TOKENS, index)
        folder.mkdir(parents=True)
        write(folder / layout.VOCABULARY, "word", DataType.utf8(), [words], None)
        write(folder / layout.IDS, "id", DataType.uint32(), batches)
        seal(folder, index, len(shards))
    return {
        "phase": "Counting",
        "settled": False,
        "progress": {"percent": 50},
        "tokens": {"path": TOKENS, "shards": len(shards)},
    }


def seal(folder: Path, index: int = 0, shards: int = 1) -> None:
    """Write the manifest of a shard for the files that are there now."""
    files = {}
    for name in (layout.IDS, layout.VOCABULARY):
        data = (folder / name).read_bytes()
        files[name] = TokensFile(len(data), blake3(data).hexdigest())
    made = TokensManifest(
        unicode="17.0.0",
        engine="reference",
        source=Source(1),
        start=0,
        end=1,
        shard=index,
        shards=shards,
        asked_encoding="utf-8",
        errors="replace",
        encoding="utf-8",
        guessed=False,
        invalid_bytes=0,
        compression=None,
        content="text",
        text_bytes=1,
        tokens=1,
        sections=(),
        files=files,
    )
    (folder / layout.MANIFEST).write_text(made.text(), "utf-8")


def write(
    path: Path,
    name: str,
    kind: DataType,
    batches: Sequence[Sequence[object]],
    compression: Literal["lz4"] | None = "lz4",
) -> None:
    """Write an Arrow file of one column."""
    schema = Schema([Field(name, kind)])
    made = [RecordBatch([Array(list(values), kind)], schema=schema) for values in batches]
    write_ipc(RecordBatchReader.from_batches(schema, made), path, compression=compression)
