"""The engine over a text that comes in blocks: the words of the whole, wherever the blocks end."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.worker.runs import expected_words
from worker import reference, stretch
from worker.errors import MemoryTooSmall
from worker.reference import Reference

# Characters of every class that a rule of UAX #29 asks about, more often than nature has them; line feeds and spaces
# are rare, so that stretches are long.
CHARACTERS = st.sampled_from("aB1_.,':\"א漢カ\u0301\u200d\u00ad\u2139😀🇩🇪🇫Σσ\u0130!\u24c2")
RARE = st.sampled_from("\n \r\u3000\t")
TEXT = st.lists(st.one_of(*[CHARACTERS] * 9, RARE), max_size=80).map("".join)
SIZES = st.lists(st.integers(1, 9), max_size=40)


def blocks(text: str, sizes: list[int]) -> list[bytes]:
    """Return a text in blocks of so many characters, and the rest."""
    found = []
    for size in sizes:
        found.append(text[:size].encode())
        text = text[size:]
    return [*found, text.encode()]


def words(parts: list[bytes]) -> list[str]:
    """Return the words that come out of one engine when it is fed these blocks."""
    engine = Reference()
    ids: array[int] = array("I")
    for part in parts:
        ids.extend(engine.feed(part))
    ids.extend(engine.finish())
    return [engine.vocabulary[number] for number in ids]


@given(TEXT, SIZES)
def test_words_do_not_depend_on_where_blocks_end(text: str, sizes: list[int]) -> None:
    assert words(blocks(text, sizes)) == expected_words(text)


@given(TEXT, SIZES, st.integers(1, 6), st.integers(1, 6))
@example("a" * 9 + "." + "b" * 9, [10, 1, 3], 1, 1)
@example("🇩🇪🇫🇩🇪" * 4, [1] * 20, 1, 1)
@example("a\u200d\u2139b" * 5, [3, 1, 1, 2], 1, 2)
def test_words_of_a_stretch_do_not_depend_on_its_windows(text: str, sizes: list[int], opens: int, live: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "OPEN", opens)
        patch.setattr(stretch, "LIVE", live)
        patch.setattr(reference, "LIVE", live)
        assert words(blocks(text, sizes)) == expected_words(text)


@given(TEXT, st.integers(1, 20))
def test_forgetting_begins_with_id_zero_and_changes_no_word(text: str, size: int) -> None:
    engine = Reference()
    found: list[str] = []
    for part in blocks(text, [size] * 8):
        found += [engine.vocabulary[number] for number in engine.feed(part)]
        engine.forget()
        assert (engine.vocabulary, engine.memory) == ([], 0)
    found += [engine.vocabulary[number] for number in engine.finish()]
    assert found == expected_words(text)


def test_word_of_more_bytes_than_allowed_is_refused() -> None:
    engine = Reference(largest_word=3_000_000)
    for _ in range(6):
        engine.feed(b"x" * 500_000)
    with pytest.raises(MemoryTooSmall, match=r"more than 3,500,000 bytes that cannot be cut does not fit"):
        engine.feed(b"x" * 500_000)


def test_long_line_of_short_words_is_no_long_word() -> None:
    engine = Reference(largest_word=3_000_000)
    for _ in range(9):
        engine.feed(b"ab!" * 200_000)
    engine.finish()
    assert engine.vocabulary == ["ab"]
