"""Where a text may be cut: shards cover the file once, and cutting never changes a word."""

from __future__ import annotations

import io
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.worker.runs import drop, expected_words, path_order, tokenize_settings
from worker import cuts, ranges
from worker.ranges import border, shard_range
from worker.raw import Raw
from worker.reference import Reference
from worker.tokenizing import tokenize

PARTS = st.text("ab1.,' \n\r\t\u0301\u200d\u00ad\u2139\u3000é漢😀🇩🇪Σ", max_size=60)
BYTES = st.lists(st.one_of(PARTS.map(str.encode), st.binary(max_size=6)), max_size=6).map(b"".join)
SHARDS = st.integers(1, 12)
CELLS = st.sampled_from([1, 2, 3, 7, 1 << 20])


def bounds(content: bytes, shards: int, cell: int, *, hashing: bool) -> list[tuple[int, int]]:
    """Return every shard's range, each found alone, in a file whose reads come in small pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "CELL", cell)
        size = len(content)
        return [shard_range(Dribble(content), size, index, shards, hashing=hashing) for index in range(shards)]


class Dribble(io.BytesIO):
    """A file that gives at most three bytes at a time, as a network's file system may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3 if size is None or size < 0 else min(size, 3))


def words(content: str) -> list[str]:
    """Return the words that the engine finds in a text."""
    engine = Reference()
    ids = [*engine.feed(content.encode()), *engine.finish()]
    return [engine.vocabulary[number] for number in ids]


@pytest.mark.parametrize("hashing", [False, True])
@given(content=BYTES, shards=SHARDS, cell=CELLS)
# One border finds the line feed, the other the space before it, unless cells are shared.
@example(content=b"\xc2\xad \n", shards=3, cell=2)
def test_shards_cover_any_bytes_once_and_in_order(content: bytes, shards: int, cell: int, hashing: bool) -> None:
    found = bounds(content, shards, cell, hashing=hashing)
    assert [start for start, _ in found] == [0, *(end for _, end in found[:-1])]
    assert found[-1][1] == len(content)
    assert all(start <= end for start, end in found)


@pytest.mark.parametrize("hashing", [False, True])
@given(text=PARTS, shards=SHARDS, cell=CELLS)
@example(text="a \u0301b", shards=3, cell=1)
@example(text="  \u200d\u2139", shards=4, cell=1)
@example(text="a b", shards=2, cell=1)
def test_words_of_the_shards_are_the_words_of_the_text(text: str, shards: int, cell: int, hashing: bool) -> None:
    content = text.encode()
    parts = [content[start:end].decode() for start, end in bounds(content, shards, cell, hashing=hashing)]
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


@pytest.mark.parametrize("shards", [2, 3, 4, 5])
def test_hashing_the_file_and_the_first_shard_take_as_long_as_any_other_shard(shards: int) -> None:
    size = 420_000
    first, *others = (end - start for start, end in bounds(b"a\n" * (size // 2), shards, 1 << 20, hashing=True))
    assert {abs(size // ranges.HASHED + first - one) <= 4 for one in others} == {True}


def test_first_of_many_shards_is_almost_nothing_as_it_hashes_the_file() -> None:
    found = bounds(b"a\n" * 500, 100, 1 << 20, hashing=True)
    assert (found[0], found[-1][1]) == ((0, 2), 1000)
    assert {end - start for start, end in found[1:]} <= {8, 10, 12}


@pytest.mark.parametrize(("shard", "hashed"), [(0, True), (1, False)])
def test_shard_that_need_not_tell_the_digest_does_not_hash(tmp_path: Path, shard: int, hashed: bool) -> None:
    drop(tmp_path, b"a b\n" * 1000)
    with mock.patch("worker.raw.Raw.blocks", autospec=True, side_effect=Raw.blocks) as read:
        tokenize(path_order(), tokenize_settings(tmp_path, shard=shard, shards=2))
    assert {bool(call.args[0].sha256) for call in read.call_args_list} == {hashed}
