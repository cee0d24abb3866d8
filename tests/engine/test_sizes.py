"""Sizes that an Arrow file cannot hold are refused before memory is asked for, whichever engine would read it."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pyarrow  # type: ignore[import-untyped]  # it has no types
import pytest
from arro3.core import DataType

from tests.engine.making import numbers, strings
from textmill import arrow_file
from worker import arrow, engines
from worker.errors import ArtefactInvalid

FORGED = (-1, 1 << 31, 1 << 40, 1 << 60, (1 << 63) - 1)


@pytest.fixture(params=["engine", "reference"])
def readers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read by the engine, where it is built, and by the reference."""
    if request.param == "reference":
        monkeypatch.setattr(engines, "reader", lambda _: None)


@pytest.fixture(params=[arrow.ID, arrow.WORD])
def written(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[bytes, str]:
    """Return a file as the worker writes it, and its column."""
    path = tmp_path / "file"
    if request.param == arrow.ID:
        arrow.write_ids(path, [numbers([7] * 5_000, DataType.uint32()), numbers([1, 2, 3], DataType.uint32())])
    else:
        arrow.write_words(path, [strings(["a", "été"]), strings(["漢" * 50])])
    return path.read_bytes(), request.param


def check(content: bytes) -> None:
    """Ask about a file that is in memory."""
    arrow_file.check(len(content), lambda at, length: content[at : at + length])


def _refused(content: bytes, name: str) -> bool:
    try:
        list(arrow.read_column(io.BytesIO(content), name))
    except ArtefactInvalid:
        return True
    return False


@pytest.mark.usefixtures("readers")
def test_any_number_of_a_file_may_be_forged_and_a_reader_lives(written: tuple[bytes, str]) -> None:
    content, name = written
    places = random.Random(3).sample(range(0, len(content) - 7, 4), 100)
    refused = sum(
        _refused(content[:at] + forged.to_bytes(8, "little", signed=True) + content[at + 8 :], name)
        for at in places
        for forged in FORGED
    )
    assert refused > len(places)


@pytest.mark.usefixtures("readers")
def test_name_with_a_zero_is_refused(written: tuple[bytes, str]) -> None:
    content, name = written
    for old, new in [(b"id\0\0", b"\0d\0\0"), (b"word", b"w\0rd")]:
        if old.strip(b"\0").decode() == name:
            footer = content.rindex(old)
            assert _refused(content[:footer] + new + content[footer + 4 :], name)
            with pytest.raises(arrow_file.Impossible, match="a column is not one"):
                check(content[:footer] + new + content[footer + 4 :])


def _with(content: bytes, old: int, new: int, width: int = 8) -> bytes:
    told = old.to_bytes(width, "little", signed=True)
    assert told in content
    return content.replace(told, new.to_bytes(width, "little", signed=True))


def test_size_that_a_compressed_buffer_states_is_held_against_its_bytes(tmp_path: Path) -> None:
    arrow.write_ids(tmp_path / "ids", [numbers([7] * 5_000, DataType.uint32())])
    content = (tmp_path / "ids").read_bytes()
    check(content)
    for size in FORGED[1:]:
        with pytest.raises(arrow_file.Impossible, match="more bytes than it can become"):
            check(_with(content, 4 * 5_000, size))
    with pytest.raises(arrow_file.Impossible, match="more rows than its bytes can hold"):
        check(_with(content, 5_000, 1 << 60))


def test_footer_that_is_longer_than_the_file_is_not_read(tmp_path: Path) -> None:
    arrow.write_words(tmp_path / "words", [strings(["x"])])
    content = (tmp_path / "words").read_bytes()
    asked: list[int] = []
    for length in (0, -1, len(content), (1 << 31) - 1):
        forged = content[:-10] + length.to_bytes(4, "little", signed=True) + content[-6:]
        file = io.BytesIO(forged)

        def read(at: int, size: int, file: io.BytesIO = file) -> bytes:
            asked.append(size)
            file.seek(at)
            return file.read(size)

        with pytest.raises(arrow_file.Impossible, match="footer"):
            arrow_file.check(len(forged), read)
    assert max(asked) <= 10


def test_dictionaries_and_other_compressions_are_refused() -> None:
    words = pyarrow.array(["a", "b", "a"])
    zstd = pyarrow.ipc.IpcWriteOptions(compression="zstd")
    for column, options, why in [(words.dictionary_encode(), None, "dictionaries"), (words, zstd, "than by LZ4")]:
        file = io.BytesIO()
        batch = pyarrow.record_batch({arrow.WORD: column})
        with pyarrow.ipc.new_file(file, batch.schema, options=options) as writer:
            writer.write(batch)
        with pytest.raises(arrow_file.Impossible, match=why):
            check(file.getvalue())
