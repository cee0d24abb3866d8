"""The official test file of UAX #29, and the sequences in which the library and the standard differ."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import pytest
import unicode_segmentation_rs as library
from hypothesis import given
from hypothesis import strategies as st

from worker import rules, unicode_table
from worker.characters import UNICODE, break_class, edges, is_pictographic, is_word
from worker.reference import words

FILE = Path(__file__).parent / "data" / f"WordBreakTest-{UNICODE}.txt.gz"


def official() -> list[list[str]]:
    """Return the file's lines, each as the segments that it asks for."""
    lines = gzip.decompress(FILE.read_bytes()).decode().splitlines()
    tests = (line.partition("#")[0].strip().strip("÷") for line in lines)
    return [
        ["".join(chr(int(one, 16)) for one in part.replace("×", " ").split()) for part in test.split("÷")]
        for test in tests
        if test
    ]


def test_official_file_is_of_the_pinned_version() -> None:
    first = gzip.decompress(FILE.read_bytes()).decode().splitlines()[0]
    assert first == f"# WordBreakTest-{UNICODE}.txt"
    assert unicode_table.VERSION == UNICODE
    assert len(official()) == 1944


def test_rules_pass_every_official_line() -> None:
    assert [one for one in official() if rules.segments("".join(one)) != one] == []


def test_library_passes_every_official_line() -> None:
    assert [one for one in official() if library.split_word_bounds("".join(one)) != one] == []


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("a\u200d\u2139b", ["a\u200d\u2139b"]),  # WB3c joins, and U+2139 is a letter: WB5 goes on
        ("a.\u200d\u2764", ["a", ".\u200d\u2764"]),  # no letter follows the full stop: WB6 does not hold
        ("1,\u200d\u24c2", ["1", ",\u200d\u24c2"]),  # no digit follows the comma
        ("\u200d\U0001f170x", ["\u200d\U0001f170x"]),  # U+1F170 is both pictographic and a letter
    ],
)
def test_standard_decides_where_the_library_forgets_what_stood_before_a_joiner(text: str, standard: list[str]) -> None:
    assert library.split_word_bounds(text) != standard
    assert rules.segments(text) == standard
    assert rules.needs_rules(text)
    assert words(f"x\n{text}") == ["x", *filter(is_word, standard)]


@cache
def characters_of_each_class() -> st.SearchStrategy[str]:
    """Return a strategy that takes every class of the rules as often as any other."""
    classes = [
        st.sampled_from([chr(first) for first in edges(distances)[::2]])
        for distances in (*unicode_table.BREAK.values(), unicode_table.PICTOGRAPHIC)
    ]
    pictographs = edges(unicode_table.PICTOGRAPHIC)
    spans = zip(pictographs[::2], pictographs[1::2], strict=True)
    both = [chr(one) for first, end in spans for one in range(first, end) if is_both(chr(one))]
    return st.one_of(*classes, st.sampled_from(both), st.sampled_from("!\u200d"))


def is_both(character: str) -> bool:
    """Tell whether a character is pictographic and something else to the rules."""
    return is_pictographic(character) and break_class(character) != "Other"


@given(st.text(characters_of_each_class(), max_size=12))
def test_library_agrees_with_the_rules_unless_it_is_known_to_differ(text: str) -> None:
    assert rules.needs_rules(text) or library.split_word_bounds(text) == rules.segments(text)


@given(st.text(max_size=40))
def test_segments_together_are_the_text(text: str) -> None:
    assert "".join(rules.segments(text)) == text
