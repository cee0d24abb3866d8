"""Ids and words in Arrow files: what either engine wrote, and any other writer, either reads, block by block.

What is no such file is refused.
"""

from __future__ import annotations

import io
import random
from contextlib import suppress
from pathlib import Path

import pyarrow  # type: ignore[import-untyped]  # it has no types
import pytest
from arro3.core import DataType

from tests.engine.making import numbers, strings
from worker import arrow, engines
from worker.errors import ArtefactInvalid
from worker.plain import listed

IDS = [[1, 2, 3], [7] * 70_000, [], [4], [one * one % 4_294_967_291 for one in range(9_000)] * 7, [1, 2] * 9]


@pytest.fixture(params=["engine", "reference"])
def ids(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return a file of ids, as it is written with the engine, and without it."""
    if request.param == "reference":
        monkeypatch.setattr(engines, "ids_writer", lambda _: None)
    arrow.write_ids(tmp_path / "ids", (numbers(some, DataType.uint32()) for some in IDS))
    return (tmp_path / "ids").read_bytes()


TABLE = [(["the", "été", "漢" * 50], [9, 7, 7]), ([], []), (["a", "b"] * 5_000, [1 << 63, 1] * 5_000)]


@pytest.fixture(params=["engine", "reference"])
def writers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have words and tables written with the engine, and without it."""
    if request.param == "reference":
        monkeypatch.setattr(engines, "table_writer", lambda *_: None)


def read(content: bytes, name: str) -> list[list[object]]:
    """Return a column, batch by batch."""
    return [listed(column) for column in arrow.read_column(io.BytesIO(content), name)]


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
def test_blocks_of_any_size_give_the_batches_that_were_written(
    ids: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(arrow, "_BLOCK", block)
    assert read(ids, arrow.ID) == IDS
    arrow.write_words(tmp_path / "words", [strings(["a", "été", "漢" * 50]), strings(["b"])])
    assert read((tmp_path / "words").read_bytes(), arrow.WORD) == [["a", "été", "漢" * 50], ["b"]]
    arrow.write_ids(tmp_path / "none", [])
    assert read((tmp_path / "none").read_bytes(), arrow.ID) == []


def test_ids_are_read_by_the_reference_and_by_others(ids: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "reader", lambda _: None)
    assert read(ids, arrow.ID) == IDS
    table = pyarrow.ipc.open_file(ids).read_all()
    assert table.schema == pyarrow.schema([pyarrow.field("id", pyarrow.uint32(), nullable=False)])
    assert [part.to_pylist() for part in table["id"].chunks] == IDS
    table.validate(full=True)


def test_ids_that_come_again_take_less_room(ids: bytes) -> None:
    assert len(ids) < sum(map(len, IDS))  # a byte for each, where there were four


@pytest.mark.parametrize("size", [-1, 0, 4, 1 << 60])
def test_batch_that_tells_of_another_size_is_refused(ids: bytes, size: int) -> None:
    told = (4 * len(IDS[1])).to_bytes(8, "little")
    assert ids.count(told) == 1
    with pytest.raises(ArtefactInvalid, match="an Arrow file cannot be read"):
        read(ids.replace(told, size.to_bytes(8, "little", signed=True)), arrow.ID)


@pytest.mark.parametrize("seed", range(40))
def test_broken_file_is_read_or_refused_and_ends_nothing(ids: bytes, seed: int) -> None:
    content = bytearray(ids)
    for _ in range(3):
        at = random.Random(seed).randrange(len(content) if seed % 2 else 2000)
        content[at] ^= 1 << seed % 8
        seed += 40
    with suppress(ArtefactInvalid):
        read(bytes(content), arrow.ID)


@pytest.mark.parametrize("codec", [None, "lz4"])
def test_file_of_another_writer_is_read(codec: str | None) -> None:
    batch = pyarrow.record_batch({"other": [0.5, 1.5], "id": pyarrow.array([5, 6], pyarrow.uint32())})
    file = io.BytesIO()
    with pyarrow.ipc.new_file(file, batch.schema, options=pyarrow.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write(batch)
        writer.write(batch)
    assert read(file.getvalue(), arrow.ID) == [[5, 6], [5, 6]]


@pytest.mark.parametrize("end", [0, 3, 6, 64, 70, 300, 500])
def test_file_that_is_cut_is_refused(ids: bytes, end: int) -> None:
    assert len(ids) > 1_000
    with pytest.raises(ArtefactInvalid, match="an Arrow file cannot be read"):
        read(ids[:end], arrow.ID)


def test_what_is_no_file_or_has_no_such_column_is_refused(ids: bytes) -> None:
    for content, name in (
        (b"ids, as CSV\n" * 9, arrow.ID),
        (ids, arrow.WORD),
        (b"ARROW1" + ids[6:300][::-1], arrow.ID),
    ):
        with pytest.raises(ArtefactInvalid, match="an Arrow file cannot be read"):
            read(content, name)


@pytest.mark.usefixtures("writers")
def test_table_and_vocabulary_are_read_by_others(tmp_path: Path) -> None:
    parts = [(strings(words), numbers(counts, DataType.uint64())) for words, counts in TABLE]
    told = arrow.write_table(tmp_path / "table", iter(parts))
    table = pyarrow.ipc.open_file((tmp_path / "table").read_bytes()).read_all()
    fields = [("word", pyarrow.utf8()), ("count", pyarrow.uint64())]
    assert table.schema == pyarrow.schema([pyarrow.field(*field, nullable=False) for field in fields])
    table.validate(full=True)
    batches = [(part["word"].to_pylist(), part["count"].to_pylist()) for part in table.to_batches()]
    assert [batch for batch in batches if batch[0]] == [part for part in TABLE if part[0]]
    assert told.bytes < 50_000  # of 130,000, as it is compressed
    arrow.write_words(tmp_path / "words", (words for words, _ in parts))
    words = pyarrow.ipc.open_file((tmp_path / "words").read_bytes()).read_all()
    assert words.schema == table.schema.remove(1)
    assert words["word"].to_pylist() == table["word"].to_pylist()


def test_rows_that_are_no_table_are_not_written(tmp_path: Path) -> None:
    if not engines.built():
        return  # the reference writes by arro3, which has checks of its own
    words, counts = strings(["a", "b"]), numbers([1], DataType.uint64())
    for wrong in [(words, counts), (words, words), (words, numbers([1, 2], DataType.uint32()))]:
        with pytest.raises(ValueError, match=r"columns? "):
            arrow.write_table(tmp_path / f"table-{id(wrong)}", iter([wrong]))


def test_column_that_the_engine_read_is_held_to_its_kind_as_any_other(ids: bytes) -> None:
    if not engines.built():
        return  # the reference reads by arro3, and believes what it is given
    (column, *_) = arrow.read_column(io.BytesIO(ids), arrow.ID)
    with pytest.raises(ValueError, match="no column of words"):
        engines.engine().tally(1).add(column, column)
    nulls = pyarrow.record_batch({"id": pyarrow.array([1, None], pyarrow.uint32())})
    file = io.BytesIO()
    with pyarrow.ipc.new_file(file, nulls.schema) as writer:
        writer.write(nulls)
    (column,) = arrow.read_column(io.BytesIO(file.getvalue()), arrow.ID)
    with pytest.raises(ValueError, match="a column with nulls"):
        engines.engine().bins(0, 9).add(column)
