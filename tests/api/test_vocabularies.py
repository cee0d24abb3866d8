"""Words are looked up by their number, in a few reads; forged files are refused before a library meets them."""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from arro3.core import DataType

from app import vocabularies
from app.arrow_files import ArrowFile, Span, Table
from app.errors import ArtefactInvalid
from app.tokens import Shard, Wanted, json_lines
from app.vocabularies import Vocabularies, Vocabulary
from tests.api import artefacts
from textmill import layout

WORDS = [f"word{number}" for number in range(5_000)]
Open = Callable[[str], int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a shard's folder with a vocabulary of many words."""
    artefacts.tokenized(tmp_path, (WORDS, [[4, 4_999, 0], [17] * 30]))
    return tmp_path / layout.shard(artefacts.TOKENS, 0)


@pytest.fixture
def opened(folder: Path) -> Iterator[Open]:
    """Return what opens a file of the shard."""
    files: list[int] = []

    def made(name: str) -> int:
        files.append(os.open(folder / name, os.O_RDONLY))
        return files[-1]

    yield made
    for one in files:
        os.close(one)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    """Return what is read of the files."""
    found: list[Span] = []
    plain = ArrowFile.read

    def noted(self: ArrowFile, span: Span) -> bytes:
        found.append(span)
        return plain(self, span)

    monkeypatch.setattr(ArrowFile, "read", noted)
    return found


def _words(vocabulary: Vocabulary, *numbers: int) -> list[object]:
    found = vocabulary.words(numbers)
    return [found[number] for number in numbers]


def test_words_are_found_by_their_number(opened: Open) -> None:
    vocabulary = Vocabularies().open(opened(layout.VOCABULARY))

    assert _words(vocabulary, 4_999, 0, 17) == [b"word4999", b"word0", b"word17"]


def test_second_client_reads_no_more_than_where_words_lie(opened: Open, reads: list[Span]) -> None:
    shared = Vocabularies()
    _words(shared.open(opened(layout.VOCABULARY)), 1, 2, 3)
    file = opened(layout.VOCABULARY)
    reads.clear()

    again = shared.open(file)

    assert len(reads) == 2  # the footer, and its length
    assert _words(again, 1, 2, 3) == [b"word1", b"word2", b"word3"]
    assert len(reads) == 2


def test_neighbours_are_read_at_once_and_others_alone(opened: Open, reads: list[Span]) -> None:
    vocabulary = Vocabularies().open(opened(layout.VOCABULARY))
    reads.clear()

    _words(vocabulary, *range(100, 900), 3_000)

    assert len(reads) == 4
    assert sum(one.length for one in reads) < 16_000


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    shared, files = Vocabularies(), []
    for number in range(vocabularies.KEPT + 3):
        artefacts.tokenized(tmp_path / str(number), (["a"], [[0]]))
        path = tmp_path / str(number) / layout.shard(artefacts.TOKENS, 0) / layout.VOCABULARY
        files.append(os.open(path, os.O_RDONLY))
        shared.open(files[-1])
    for file in files:
        os.close(file)

    assert len(shared) == vocabularies.KEPT


def test_kept_words_are_bounded(opened: Open, reads: list[Span], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabularies, "KEPT_WORDS", 10)
    vocabulary = Vocabularies().open(opened(layout.VOCABULARY))
    _words(vocabulary, *range(1_000))
    reads.clear()

    assert _words(vocabulary, 9) == [b"word9"]
    assert not reads
    assert _words(vocabulary, 10) == [b"word10"]
    assert len(reads) == 2


def test_number_of_no_word_is_refused(opened: Open) -> None:
    vocabulary = Vocabularies().open(opened(layout.VOCABULARY))

    with pytest.raises(ArtefactInvalid):
        vocabulary.words([5_000])


@pytest.mark.parametrize("name", [layout.IDS, layout.VOCABULARY])
def test_forged_files_are_refused_and_end_nothing(folder: Path, opened: Open, name: str) -> None:
    path, chance = folder / name, random.Random(7)
    whole = path.read_bytes()
    heads = [at for at in (*range(300), *range(len(whole) - 400, len(whole))) if 0 <= at < len(whole)]
    for _ in range(600):
        data = bytearray(whole)
        for at in chance.sample(heads, 2):
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        path.write_bytes(data[: chance.choice((len(data), len(data), chance.randrange(len(data))))])
        try:
            shard = Shard(ArrowFile(opened(layout.IDS)), Vocabularies().open(opened(layout.VOCABULARY)), ())
            made = sum(map(len, json_lines([shard], Wanted(limit=10_000))))
        except ArtefactInvalid:
            continue
        assert made < 1 << 20


def _named_again(data: bytes, times: int) -> bytes:
    """Return a file whose footer names its one record batch so many times."""
    length = int.from_bytes(data[-10:-6], "little")
    footer = bytearray(data[-10 - length : -10])
    start, count = Table.root(footer).vector(3, 24)
    assert count == 1
    block, table = bytes(footer[start : start + 24]), Table.root(footer)
    vector = len(footer) + -len(footer) % 8 + 4
    footer += bytes(vector - len(footer)) + times.to_bytes(4, "little") + block * times
    place = table.place(3)
    footer[place : place + 4] = (vector - place).to_bytes(4, "little")
    return data[: -10 - length] + footer + len(footer).to_bytes(4, "little") + data[-6:]


def test_footer_that_names_a_batch_again_and_again_takes_no_memory(folder: Path, opened: Open) -> None:
    path = folder / layout.VOCABULARY
    path.write_bytes(_named_again(path.read_bytes(), 100_000))
    file = opened(layout.VOCABULARY)
    tracemalloc.start()
    try:
        clients = [ArrowFile(file) for _ in range(10)]
        held, _ = tracemalloc.get_traced_memory()
        with pytest.raises(ArtefactInvalid, match="again"):
            Vocabularies().open(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1 << 20 < path.stat().st_size
    assert peak < 4 * path.stat().st_size
    assert clients


def test_many_small_batches_take_no_more_than_their_file(folder: Path, opened: Open) -> None:
    path = folder / layout.VOCABULARY
    batches = [[f"word{number}"] for number in range(5_000)]
    artefacts.write(path, "word", DataType.utf8(), batches, None)
    file = opened(layout.VOCABULARY)
    tracemalloc.start()
    try:
        shared = Vocabularies()
        vocabulary = shared.open(file)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100 * len(batches) < path.stat().st_size
    assert _words(vocabulary, 0, 17, 4_999) == [b"word0", b"word17", b"word4999"]


def test_size_that_no_file_holds_is_refused_before_memory_is_taken(folder: Path, opened: Open) -> None:
    (folder / layout.IDS).write_bytes(_claiming((folder / layout.IDS).read_bytes(), 1 << 60))
    shard = Shard(ArrowFile(opened(layout.IDS)), Vocabularies().open(opened(layout.VOCABULARY)), ())

    with pytest.raises(ArtefactInvalid, match="not as many"):
        list(json_lines([shard], Wanted()))


def _claiming(data: bytes, size: int) -> bytes:
    """Return a file one of whose record batches says that its ids are so many bytes."""
    true = (120).to_bytes(8, "little") + b"\x04\x22\x4d\x18"
    assert true in data
    return data.replace(true, size.to_bytes(8, "little") + true[8:])
