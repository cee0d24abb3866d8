"""Adding up: the same rows whether all words fit into memory or nearly none do, by each engine there is."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.making import available, part, rows
from tests.worker.runs import drop, expected_rows, path_order, run_both, shard_manifest, table_rows
from worker.engines import Part
from worker.plain import ROWS, parts
from worker.settings import Settings
from worker.table import ahead
from worker.totals import Totals

PARTS = st.lists(
    st.dictionaries(st.text("abé漢😀", min_size=1, max_size=3), st.integers(1, 2**40), min_size=1), max_size=12
)


@given(PARTS, st.sampled_from([0, 500, 2_000, 1 << 30]))
def test_rows_are_the_same_at_every_bound(tables: list[dict[str, int]], bound: int) -> None:
    counts: Counter[str] = Counter()
    for table in tables:
        counts.update(table)
    for engine in available():
        with tempfile.TemporaryDirectory() as folder:
            totals = Totals(Path(folder), bound, engine)
            for table in tables:
                totals.add(*part(table.items()))
            assert rows(totals.rows()) == sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def test_order_of_equal_counts_is_that_of_code_points(tmp_path: Path) -> None:
    words = ["\uffee", "\U00010000", "é", "z", "Z", "漢"]  # UTF-16 would put U+10000 before U+FFEE
    for engine in available():
        for bound in (0, 1 << 30):
            totals = Totals(tmp_path, bound, engine)
            totals.add(*part((word, 1) for word in words))
            assert [word for word, _ in rows(totals.rows())] == ["Z", "z", "é", "漢", "\uffee", "\U00010000"]
            assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shards", [1, 3])
def test_vocabulary_larger_than_its_share_of_memory_is_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    monkeypatch.setattr(Settings, "vocabulary_memory", 4_000)
    text = "".join(f"word{number % 311} and{number % 7}\n" for number in range(60_000))
    drop(tmp_path, text.encode())
    run_both(tmp_path, path_order(), shards)
    assert len(shard_manifest(tmp_path, shards - 1).sections) > 1
    assert table_rows(tmp_path) == expected_rows(text)


def test_record_batches_stay_small_however_long_the_words_are() -> None:
    words = ["a" * 5_000_000, "b" * 5_000_000, "c", "d"]
    for engine in available():
        totals = engine.tally(1)
        totals.add(*part((word, 1) for word in words))
        assert [len(counts) for _, counts in totals.rows(by_count=True)] == [1, 3]
    assert [len(counts) for _, counts in parts([("w", 1)] * (ROWS + 1))] == [ROWS, 1]
    assert list(parts([])) == []


def test_next_rows_are_made_while_the_last_ones_are_written_but_beside_one_long_word() -> None:
    tables = [[("a", 3), ("b", 2)], [("long", 2)], [("c", 1), ("d", 1)], [("e", 1), ("f", 1)]]
    asked = [threading.Event() for _ in tables]

    def made() -> Iterator[Part]:
        for table, event in zip(tables, asked, strict=True):
            event.set()
            yield part(table)

    found = ahead(made())
    assert rows([next(found)]) == tables[0]
    assert asked[1].wait(10)
    assert rows([next(found)]) == tables[1]
    assert not asked[2].is_set()
    assert rows([next(found)]) == tables[2]
    assert asked[3].wait(10)
    assert rows(found) == tables[3]


def test_what_goes_wrong_while_rows_are_made_ahead_is_told() -> None:
    def made() -> Iterator[Part]:
        yield part([("a", 1), ("b", 1)])
        raise OSError("the disk is gone")

    found = ahead(made())
    next(found)
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)
