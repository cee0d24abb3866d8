"""The search in a table of words: by a part of the word, never by the count, and bounded."""

from __future__ import annotations

import pytest

from app import search
from app.search import Row

TABLE = [b"the,1600\n", b"mill,40\n", b"miller,16\n", b'"3,000",7\n', '"ש""ס",6\n'.encode(), b"a,1\n"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mill", [Row(2, "mill", 40), Row(3, "miller", 16)]),
        ("MILL", [Row(2, "mill", 40), Row(3, "miller", 16)]),
        ("ille", [Row(3, "miller", 16)]),
        ("16", []),
        ("3,0", [Row(4, "3,000", 7)]),
        ('ש"ס', [Row(5, 'ש"ס', 6)]),
        ('"', [Row(5, 'ש"ס', 6)]),
        (",", [Row(4, "3,000", 7)]),
        ("\n", []),
        ("x", []),
    ],
)
def test_text_is_found_in_words_alone(text: str, found: list[Row]) -> None:
    answer = search.first(iter(TABLE), text, 10, 100)

    assert answer.rows == found
    assert answer.whole
    assert answer.looked == len(TABLE)


def test_no_text_gives_the_most_frequent() -> None:
    answer = search.first(iter(TABLE), "", 2, 100)

    assert answer.rows == [Row(1, "the", 1600), Row(2, "mill", 40)]
    assert not answer.whole


def test_search_ends_with_its_budget() -> None:
    answer = search.first(iter(TABLE), "a", 10, 3)

    assert answer.rows == []
    assert (answer.looked, answer.whole) == (3, False)


def test_exactly_as_many_rows_as_wanted_are_all_there_are() -> None:
    answer = search.first(iter(TABLE), "mill", 2, 100)

    assert len(answer.rows) == 2
    assert answer.whole
