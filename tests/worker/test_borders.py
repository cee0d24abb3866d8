"""Where a text may be cut: shards cover the file once, and cutting never changes a word."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.worker.runs import expected_words
from worker import cuts, ranges
from worker.ranges import border, shard_range
from worker.reference import Reference

PARTS = st.text("ab1.,' \n\r\t\u0301\u200d\u00ad\u2139\u3000é漢😀🇩🇪Σ", max_size=60)
BYTES = st.lists(st.one_of(PARTS.map(str.encode), st.binary(max_size=6)), max_size=6).map(b"".join)
SHARDS = st.integers(1, 12)
CELLS = st.sampled_from([1, 2, 3, 7, 1 << 20])


def bounds(content: bytes, shards: int, cell: int) -> list[tuple[int, int]]:
    """Return every shard's range, each found alone, in a file whose reads come in small pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "CELL", cell)
        return [shard_range(Dribble(content), len(content), index, shards) for index in range(shards)]


class Dribble(io.BytesIO):
    """A file that gives at most three bytes at a time, as a network's file system may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3 if size is None or size < 0 else min(size, 3))


def words(content: str) -> list[str]:
    """Return the words that the engine finds in a text."""
    engine = Reference()
    ids = [*engine.feed(content.encode()), *engine.finish()]
    return [engine.vocabulary[number] for number in ids]


@given(BYTES, SHARDS, CELLS)
@example(b"\xc2\xad \n", 3, 2)  # one border finds the line feed, the other the space before it, unless cells are shared
def test_shards_cover_any_bytes_once_and_in_order(content: bytes, shards: int, cell: int) -> None:
    found = bounds(content, shards, cell)
    assert [start for start, _ in found] == [0, *(end for _, end in found[:-1])]
    assert found[-1][1] == len(content)
    assert all(start <= end for start, end in found)


@given(PARTS, SHARDS, CELLS)
@example("a \u0301b", 3, 1)
@example("  \u200d\u2139", 4, 1)
@example("a b", 2, 1)
def test_words_of_the_shards_are_the_words_of_the_text(text: str, shards: int, cell: int) -> None:
    content = text.encode()
    parts = [content[start:end].decode() for start, end in bounds(content, shards, cell)]
    assert [word for part in parts for word in words(part)] == expected_words(text)


@given(PARTS, st.integers(1, 9))
def test_pieces_of_a_text_have_the_words_of_the_text(text: str, size: int) -> None:
    parts = list(cuts.pieces(text, size))
    assert "".join(parts) == text
    assert [word for part in parts for word in expected_words(part)] == expected_words(text)


@given(PARTS, PARTS)
def test_last_cut_parts_whatever_follows(text: str, following: str) -> None:
    at = cuts.last_cut(text)
    whole = expected_words(text + following)
    assert expected_words(text[:at]) + expected_words(text[at:] + following) == whole


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"aaaa\nbbbb", 5),  # the line feed is the byte before half of it
        (b"aaaaa\nbbb", 6),
        (b"aaaa bbbb", 5),
        (b"aaaa  bbb", 6),  # not between two spaces
        ("aaaa \u0301 b".encode(), 8),  # not before what belongs to the space
        (b"aaaabbbb", 8),  # nowhere: the second shard is empty
        (b"", 0),
    ],
)
def test_border_is_after_a_line_feed_or_else_a_space(content: bytes, place: int) -> None:
    assert border(io.BytesIO(content), len(content), 1, 2) == place


def test_line_feed_in_the_same_cell_goes_before_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"x" * 10 + b" " + b"y" * 10 + b"\nz" + b"z" * 20
    assert border(io.BytesIO(content), len(content), 1, 8) == 22
    monkeypatch.setattr(ranges, "CELL", 12)
    assert border(io.BytesIO(content), len(content), 1, 8) == 11
