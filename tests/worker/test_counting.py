"""From a file beneath drop/ to its table: exact, the same in any number of shards, and kept when run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker.runs import TABLE, drop, expected_rows, names_beneath, path_order, run_both, table_rows
from textmill import layout

TEXT = "The cat, the dog; THE end. don't 3.14 1,000 ΟΔΟΣ\nstraße ÉTÉ été\n" * 40


@pytest.mark.parametrize("shards", [1, 2, 7, 1000])
def test_any_number_of_shards_gives_the_table_of_the_whole(tmp_path: Path, shards: int) -> None:
    drop(tmp_path, TEXT.encode())
    result = run_both(tmp_path, path_order(), shards)
    assert table_rows(tmp_path) == expected_rows(TEXT)
    assert result["topWords"][0] == {"word": "the", "count": 120}


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
