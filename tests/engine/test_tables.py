"""Counts by word: bins, tallies, merges and CSV are the same in every engine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from arro3.core import DataType
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.making import available, numbers, part, rows, strings
from worker.engines import Engine, Row
from worker.plain import listed
from worker.totals import Totals

WORDS = st.text('ab\u00e9\u6f22\U0001f170,"', min_size=1, max_size=20)
TABLE = st.dictionaries(WORDS, st.integers(1, 1 << 40), min_size=1, max_size=30)


def ordered(counts: Counter[str]) -> list[Row]:
    """Return a table's rows in its order."""
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def test_bins_count_each_id(one: Engine) -> None:
    bins = one.bins(5, 4)
    bins.add(numbers([5, 8, 5], DataType.uint32()))
    bins.add(numbers([6], DataType.uint32()))
    assert listed(bins.counts(0, 4)) == [2, 1, 0, 1]
    assert listed(bins.counts(3, 1)) == [1]


@pytest.mark.parametrize("outside", [4, 9])
def test_id_outside_the_vocabulary_is_refused(one: Engine, outside: int) -> None:
    with pytest.raises(ValueError, match=r"outside|no word"):
        one.bins(5, 4).add(numbers([5, outside], DataType.uint32()))


@given(tables=st.lists(TABLE, min_size=1, max_size=4), threads=st.integers(1, 3))
def test_tally_adds_up_and_sorts(tables: list[dict[str, int]], threads: int) -> None:
    expected: Counter[str] = Counter()
    for table in tables:
        expected.update(table)
    for engine in available():
        for by_count in (True, False):
            tally = engine.tally(threads)
            for table in tables:
                tally.add(*part(table.items()))
            found = rows(tally.rows(by_count))
            assert found == (ordered(expected) if by_count else sorted(expected.items()))
            assert rows(tally.rows(by_count)) == []


@given(tables=st.lists(TABLE, max_size=5))
def test_runs_by_word_are_merged_and_added_up(tables: list[dict[str, int]]) -> None:
    expected: Counter[str] = Counter()
    for table in tables:
        expected.update(table)
    for engine in available():
        runs = [iter([part([row]) for row in sorted(table.items())]) for table in tables]
        assert rows(engine.merged(runs, by_count=False)) == sorted(expected.items())


@pytest.mark.parametrize("bound", [1, 5_000, 1 << 30])
def test_totals_are_the_same_within_any_bound(one: Engine, tmp_path: Path, bound: int) -> None:
    totals = Totals(tmp_path, bound, one, threads=2)
    expected: Counter[str] = Counter()
    for number in range(150):
        table = {f"w{(number * 7 + at) % 97}{'x' * (at % 30)}": at + 1 for at in range(20)}
        expected.update(table)
        totals.add(*part(table.items()))
    assert totals.in_memory == (bound == 1 << 30)
    assert rows(totals.rows()) == ordered(expected)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bound", [1, 5_000, 1 << 30])
def test_words_that_come_once_are_gathered_within_any_bound(one: Engine, tmp_path: Path, bound: int) -> None:
    totals = Totals(tmp_path, bound, one, distinct=True)
    expected = Counter({f"w{number * 7 % 3_001}": number % 9 + 1 for number in range(3_001)})
    for at in range(0, 3_001, 500):
        totals.add(*part(list(expected.items())[at : at + 500]))
    assert totals.in_memory == (bound == 1 << 30)
    assert rows(totals.rows()) == ordered(expected)
    assert list(tmp_path.iterdir()) == []


def test_csv_is_quoted_where_it_must_be(one: Engine) -> None:
    found = [("a", 10), ("1,5", 2), ('ש"ש', 1)]
    assert one.csv(*part(found)) == ('a,10\n"1,5",2\n"ש""ש",1\n'.encode(), 13)


def test_columns_of_another_shape_are_refused_by_the_compiled_engine() -> None:
    for engine in (engine for engine in available() if engine.name == "compiled"):
        tally = engine.tally(1)
        for words, counts in (
            (numbers([1]), numbers([1])),
            (strings(["a"]), strings(["a"])),
            (strings(["a"]), numbers([1, 2])),
            (strings(["a"]), numbers([1], DataType.uint32())),
        ):
            with pytest.raises(ValueError, match=r"no column|counts"):
                tally.add(words, counts)
        with pytest.raises(ValueError, match="no column of u32"):
            engine.bins(0, 1).add(numbers([0]))
