"""The pinned tables: which characters make a word, and their lower case, whatever Python runs this."""

from __future__ import annotations

import sys

import pytest
import unicode_segmentation_rs as library
from hypothesis import given
from hypothesis import strategies as st

from worker.characters import break_class, is_word, last_base, lower, lower_in_pieces

SCALARS = [chr(one) for one in range(sys.maxunicode + 1) if not 0xD800 <= one < 0xE000]


def test_library_asks_the_same_version_which_characters_make_a_word() -> None:
    assert [one for one in SCALARS if bool(library.unicode_words(one)) != is_word(one)] == []


@pytest.mark.parametrize(
    ("segment", "answer"),
    [
        ("a", True),
        ("_", False),
        ("…", False),
        ("½", True),
        ("Ⅷ", True),
        ("٣", True),
        ("漢", True),
        ("\u0301", False),
        ("\u0345", True),  # a mark that is Alphabetic
        ("\u088f", True),  # a letter since Unicode 17
        ("\U00016ea0", True),  # likewise
        ("\u0380", False),  # not assigned
        ("😀", False),
        ("!" * 100 + "é", True),
    ],
)
def test_segment_is_a_word_if_a_character_is_alphabetic_or_numeric(segment: str, answer: bool) -> None:
    assert is_word(segment) is answer


@pytest.mark.parametrize(
    ("word", "small"),
    [
        ("THE", "the"),
        ("ÉTÉ", "été"),
        ("STRASSE", "strasse"),
        ("ẞ", "ß"),
        ("İstanbul", "i\u0307stanbul"),
        ("\U00016ea0", "\U00016ebb"),  # lower case since Unicode 17
        ("\ua7dc", "\u019b"),  # since Unicode 16
        ("\u1c89", "\u1c8a"),
        ("ΟΔΟΣ", "οδος"),
        ("ΟΔΟΣΟ", "οδοσο"),
        ("Σ", "σ"),
        ("ΣΑΣ", "σας"),
        ("ΑΣ\u0301", "ας\u0301"),
        ("ΑΣ'Α", "ασ'α"),
        ("Α.Σ", "α.ς"),
        ("1Σ", "1σ"),
        ("İΣ", "i\u0307ς"),
    ],
)
def test_lower_case_is_full_and_knows_final_sigma(word: str, small: str) -> None:
    assert lower(word) == small


def test_cased_character_that_is_ignorable_too_counts_as_cased_before_sigma() -> None:
    # Table 3-17 asks for "a cased letter, then case-ignorable characters"; str.lower skips U+02B0 as ignorable first.
    assert lower("\u02b0Σ") == "\u02b0ς"


def test_older_cased_characters_agree_with_python() -> None:
    ahead = {one for one in SCALARS if lower(one) != one.lower()}
    assert all(one.lower() == one for one in ahead), "this Python knows another lower case of an old character"


@given(st.text("aΣσΑ\u0301\u02b0.\u0130x1", max_size=10), st.lists(st.integers(1, 4), max_size=10))
def test_lower_case_in_pieces_is_that_of_the_whole(word: str, sizes: list[int]) -> None:
    pieces = []
    rest = word
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert "".join(lower_in_pieces([*pieces, rest])) == lower(word)


@given(st.text("aΣΑ\u0301.\u0130x1Ж", max_size=10))
def test_lower_case_agrees_with_python_on_old_characters(word: str) -> None:
    assert lower(word) == word.lower()


@given(st.text(max_size=200))
def test_lower_case_of_lower_case_is_itself(word: str) -> None:
    assert lower(lower(word)) == lower(word)


def test_last_base_is_found_before_a_long_run_of_marks() -> None:
    assert last_base("a.b" + "\u0301" * 1000) == 2
    assert last_base("\u0301" * 300) == 0
    assert last_base("") == 0


def test_classes_of_the_rules_are_read_from_the_table() -> None:
    found = [break_class(one) for one in "a1'\".,_\n\r \u200d\u0301\u05d0\u30a2😀"]
    assert found == [
        "ALetter", "Numeric", "Single_Quote", "Double_Quote", "MidNumLet", "MidNum", "ExtendNumLet", "LF", "CR",
        "WSegSpace", "ZWJ", "Extend", "Hebrew_Letter", "Katakana", "Other",
    ]  # fmt: skip
