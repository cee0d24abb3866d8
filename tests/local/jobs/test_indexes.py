"""The text that stands for a set of completion indexes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.jobs import indexes


@pytest.mark.parametrize(
    ("text", "found"),
    [("", set()), ("0", {0}), ("1,2", {1, 2}), ("0-2,5", {0, 1, 2, 5}), ("x,3,4-", {3}), (None, set())],
)
def test_text_is_read_as_indexes(text: str | None, found: set[int]) -> None:
    assert indexes.parse(text) == found


@pytest.mark.parametrize(("found", "text"), [(set(), ""), ({7}, "7"), ({2, 1}, "1,2"), ({0, 1, 2, 5, 6}, "0-2,5,6")])
def test_indexes_are_written_as_ranges(found: set[int], text: str) -> None:
    assert indexes.render(found) == text


@given(st.frozensets(st.integers(0, 300)))
def test_written_indexes_read_back(found: frozenset[int]) -> None:
    assert indexes.parse(indexes.render(found)) == found
