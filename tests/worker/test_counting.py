"""From a file beneath drop/ to its table: exact, the same in any number of shards, and kept when run again."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent import futures
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.worker.runs import TABLE, drop, expected_rows, names_beneath, path_order, run_both, table_rows
from textmill import layout
from textmill.artefacts import Section, TokensManifest
from worker import counting, raw, shards, table
from worker.engines import Part
from worker.settings import Settings

TEXT = "The cat, the dog; THE end. don't 3.14 1,000 ΟΔΟΣ\nstraße ÉTÉ été\n" * 40


@pytest.mark.parametrize(
    ("block", "shards", "copies"), [(1, 1, 1), (7, 2, 1), (4096, 7, 900), (1 << 20, 2, 900), (1 << 20, 1000, 1)]
)
def test_any_blocks_and_shards_give_the_table_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, shards: int, copies: int
) -> None:
    tables = []
    expected = [(word, number * copies) for word, number in expected_rows(TEXT)]
    for place, blocks, number in ((tmp_path / "whole", raw.BLOCK, 1), (tmp_path / "cut", block, shards)):
        monkeypatch.setattr(raw, "BLOCK", blocks)
        drop(place, TEXT.encode() * copies)
        result = run_both(place, path_order(), number)
        assert result["topWords"][0] == {"word": "the", "count": 120 * copies}
        assert table_rows(place) == expected
        tables.append([(place / TABLE / name).read_bytes() for name in (layout.TABLE_CSV, layout.TABLE_ARROW)])
    assert tables[0] == tables[1]


def test_run_again_keeps_the_table_that_is_there(tmp_path: Path) -> None:
    drop(tmp_path, TEXT.encode())
    first = run_both(tmp_path, path_order())
    inode = (tmp_path / TABLE / layout.TABLE_CSV).stat().st_ino
    assert run_both(tmp_path, path_order()) == first
    assert (tmp_path / TABLE / layout.TABLE_CSV).stat().st_ino == inode


def test_empty_file_gives_a_table_of_nothing(tmp_path: Path) -> None:
    drop(tmp_path, b"")
    assert run_both(tmp_path, path_order())["tokens"] == 0
    assert names_beneath(tmp_path, TABLE) == ["manifest.json", "words.arrow", "words.csv"]


@pytest.mark.parametrize(
    ("words", "memory", "expected"), [(4 << 20, 112 << 20, 2), (4 << 20, 1, 1), (1_000, 112 << 20, 64), (0, 1, 1)]
)
def test_shards_are_counted_at_once_as_memory_allows(words: int, memory: int, expected: int) -> None:
    sections = (Section(0, 1), Section(words, 1))
    manifest = cast("TokensManifest", SimpleNamespace(sections=sections))
    assert shards.abreast([shards.Shard(Path("one"), manifest, "")], 64, memory) == expected


@pytest.mark.parametrize(("bin_bytes", "expected"), [(8, 64), (1 << 30, 1)])
def test_many_cores_do_not_count_beyond_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bin_bytes: int, expected: int
) -> None:
    made: list[int] = []
    real = futures.ThreadPoolExecutor

    def pool(threads: int) -> futures.ThreadPoolExecutor:
        made.append(threads)
        return real(threads)

    monkeypatch.setattr(counting, "cores", lambda: 64)
    monkeypatch.setattr(shards, "_BIN_BYTES", bin_bytes)
    monkeypatch.setattr(futures, "ThreadPoolExecutor", pool)
    drop(tmp_path, TEXT.encode())
    run_both(tmp_path, path_order(), 3)
    assert (made, table_rows(tmp_path)) == ([expected], expected_rows(TEXT))


@pytest.mark.parametrize(
    ("cores", "memory", "many", "expected"),
    [(2, 1 << 28, 1, 2), (1, 1 << 28, 1, 0), (2, 100, 1, 0), (2, 1 << 28, counting.MANY, 0)],
)
def test_rows_are_made_ahead_where_there_is_a_core_and_memory_for_many_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int, memory: int, many: int, expected: int
) -> None:
    made: list[Iterator[Part]] = []

    before = table.ahead

    def ahead(rows: Iterator[Part]) -> Generator[Part]:
        made.append(rows)
        return before(rows)

    monkeypatch.setattr(counting, "cores", lambda: cores)
    monkeypatch.setattr(counting, "MANY", many)
    monkeypatch.setattr(table, "ahead", ahead)
    monkeypatch.setattr(Settings, "vocabulary_memory", memory)
    drop(tmp_path, TEXT.encode())
    run_both(tmp_path, path_order(), 2)
    assert (len(made), table_rows(tmp_path)) == (expected, expected_rows(TEXT))
