"""Words of a text that comes in blocks: each engine gives those of the rules, whatever the blocks are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.making import CAP, REAL, available, blocks, by_rules, fed, in_order, rows, vocabulary
from tests.worker.test_official_word_breaks import characters_of_each_class, official
from worker.engines import Engine
from worker.errors import MemoryTooSmall
from worker.plain import listed

HOSTILE = characters_of_each_class() | st.sampled_from("abAZ09_ \n\r.,:;'\"\u0301\u200d\u00ad\u0130\u03a3\u0345\u2139")


def test_official_lines_give_the_words_of_the_rules(one: Engine) -> None:
    lines = ["".join(line) for line in official()]
    for line in lines:
        assert in_order(fed(one.words(CAP, CAP), [line.encode()])) == by_rules(line), ascii(line)
    together = "\n".join(lines)
    assert in_order(fed(one.words(CAP, CAP), blocks(together, 97))) == by_rules(together)


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_real_text_in_blocks_of_any_size_gives_the_words_of_the_rules(one: Engine, size: int) -> None:
    text = REAL if size < 4096 else REAL * 20
    assert in_order(fed(one.words(CAP, CAP), blocks(text, size))) == by_rules(REAL) * (len(text) // len(REAL))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\u200d\u2139b", ["a\u200d\u2139b"]),  # the library forgets what stood before the joiner
        ("1,\u200d\u24c2", ["1", ",\u200d\u24dc"]),
        (
            "\u03b1\u03a3 \u03a3 \u02b0\u03a3",
            ["\u03b1\u03c2", "\u03c3", "\u02b0\u03c2"],
        ),  # U+02B0 is cased and ignorable
        ("\u0130", ["i\u0307"]),
        ("a  \u200d\u2139 b", ["a", "  \u200d\u2139", "b"]),
        ("__ _x_", ["_x_"]),
    ],
)
def test_known_faults_of_libraries_are_not_ours(one: Engine, text: str, words: list[str]) -> None:
    assert in_order(fed(one.words(CAP, CAP), [text.encode()])) == words


@given(text=st.text(HOSTILE, max_size=60), size=st.integers(1, 20))
def test_engines_agree_with_the_rules_on_hostile_text(text: str, size: int) -> None:
    expected = by_rules(text)
    for engine in available():
        assert in_order(fed(engine.words(CAP, CAP), blocks(text, size))) == expected


@given(start=st.integers(0, len(REAL)), length=st.integers(0, 400))
def test_engines_agree_on_any_cut_of_real_text(start: int, length: int) -> None:
    text = REAL[start : start + length]
    expected = by_rules(text)
    for engine in available():
        assert in_order(fed(engine.words(CAP, CAP), [text.encode()])) == expected


def test_text_without_any_place_to_cut_gives_the_words_of_the_rules(one: Engine) -> None:
    text = "漢字カナa.b,1;2:c'd\u0301" * 4_000
    assert in_order(fed(one.words(CAP, CAP), blocks(text, 5_000))) == by_rules(text)


def test_ids_go_on_behind_a_vocabulary_that_is_forgotten(one: Engine) -> None:
    words = fed(one.words(CAP, CAP), [b"b a b"])
    assert in_order(words) == ["b", "a", "b"]
    words.forget()
    words.feed(b" a c")
    words.finish()
    assert listed(words.ids(9)) == [2, 3]
    assert vocabulary(words) == ["a", "c"]


def test_counting_words_gives_their_counts(one: Engine) -> None:
    words = fed(one.words(CAP, CAP, counting=True), [b"b A a\n", b"c a B"])
    assert words.waiting == 0
    assert words.most(2) == (6, [("a", 3), ("b", 2)])
    assert words.most(0) == (6, [])
    assert rows(words.rows(by_count=True)) == [("a", 3), ("b", 2), ("c", 1)]
    assert rows(fed(words, [b"z y"]).rows(by_count=False)) == [("y", 1), ("z", 1)]


def test_full_vocabulary_stops_the_feed(one: Engine) -> None:
    words = one.words(CAP, 1 << 20)
    text = " ".join(f"w{number}" for number in range(60_000)).encode()
    at, stops = 0, 0
    while at < len(text):
        at = words.feed(text[: at + 200_000], at)
        if words.memory > 1 << 20:
            stops += 1
            words.ids(words.waiting)
            words.forget()
    assert stops >= 2


def test_word_that_is_open_counts_beside_a_vocabulary_that_is_not_empty(one: Engine) -> None:
    words, size = one.words(CAP, CAP), 3 << 20
    words.feed(b"x" * size)
    assert words.memory == 0
    words.feed(b" a\n")
    assert 4 * size <= words.memory < 5 * size
    words.ids(words.waiting)
    words.forget()
    words.feed(b"b\n" + b"y" * size)
    assert 2 * size <= words.memory < 3 * size


def test_word_that_is_too_long_is_refused(one: Engine) -> None:
    words = one.words(8 << 20, CAP)
    with pytest.raises(MemoryTooSmall, match="does not fit into the worker's memory"):
        fed(words, [b"a" * (1 << 20)] * 20)
