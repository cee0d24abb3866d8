"""Makes JSON lines of a request's tokens, in the order of the text: from any token on, and not more than are wanted.

Tokens are numbers into the vocabulary of their shard. Of their record batches the rows that are passed over are not
even read; of the one that is at hand some thousand numbers are kept, not the whole batch, since many clients may read
slowly.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import json
from array import array
from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from app.arrow_files import ArrowFile, Batch
from app.ids import unpacked
from app.verifying import Broken, Verification
from app.vocabularies import Long, Vocabulary

_HELD = 16_384
_PIECE = 1024
_LONG_PIECE = 64 << 10


class Wanted(NamedTuple):
    """Which tokens are wanted: so many (None for all) from the one at the position `first` on."""

    first: int = 0
    limit: int | None = None

    def mark(self, path: str) -> str:
        """Return what sets these tokens apart in an ETag; what lies at a path never changes."""
        limit = "" if self.limit is None else f"-{self.limit}"
        return f"{hashlib.sha256(path.encode()).hexdigest()[:32]}-tokens-{self.first}{limit}"


class Shard(NamedTuple):
    """One shard's ids and vocabulary, the open files that they are read from, and what is known of their bytes."""

    ids: ArrowFile
    vocabulary: Vocabulary
    files: tuple[io.FileIO, ...]
    verifications: tuple[Verification, ...] = ()

    def check(self, *, ended: bool = False) -> None:
        """Raise Broken where the files turned out to hold other bytes; `ended` waits until that is known."""
        if any((one.wait() if ended else one.good) is False for one in self.verifications):
            raise Broken("the tokens' files hold other bytes than their manifest says")

    def close(self) -> None:
        """Close the files."""
        for file in self.files:
            file.close()


def json_lines(shards: Iterable[Shard], wanted: Wanted) -> Generator[bytes]:
    """Return the wanted tokens, some at a time; an empty piece where some were only passed over."""
    position, first, last = 0, wanted.first, None if wanted.limit is None else wanted.first + wanted.limit
    if wanted.limit == 0:
        return
    for shard in shards:
        try:
            for batch in shard.ids.batches():
                if last is not None and position >= last:
                    return
                shard.check()
                if position + batch.rows > first:
                    low = max(0, first - position)
                    high = batch.rows if last is None else min(batch.rows, last - position)
                    yield from _batch_lines(shard, batch, position, range(low, high))
                else:
                    yield b""
                position += batch.rows
            shard.check(ended=not first)  # before the answer can look whole
        finally:
            shard.close()


def _batch_lines(shard: Shard, batch: Batch, position: int, rows: range) -> Iterator[bytes]:
    for held in range(rows.start, rows.stop, _HELD):
        ids = unpacked(shard.ids, batch, held, min(_HELD, rows.stop - held))
        for at in range(0, len(ids), _PIECE):
            for piece in _lines(shard.vocabulary, ids[at : at + _PIECE], position + held + at):
                if isinstance(piece, Long):
                    yield from _long(shard.vocabulary.pieces(piece, _LONG_PIECE))
                else:
                    yield piece


def _lines(vocabulary: Vocabulary, ids: array[int], position: int) -> list[bytes | Long]:
    """Return tokens as lines, but for long words, which stand in their places.

    What it is made of is gone when it is sent: a client that reads slowly would hold ten times as much.
    """
    found = vocabulary.words(ids)
    texts = {number: word if isinstance(word, Long) else _text(word) for number, word in found.items()}
    made: list[bytes | Long] = []
    lines: list[str] = []
    for at, number in enumerate(ids, position):
        text = texts[number]
        if isinstance(text, Long):
            made += ["".join((*lines, f'{{"position":{at},"word":"')).encode(), text]
            lines = ['"}\n']
        else:
            lines.append(f'{{"position":{at},"word":"{text}"}}\n')
    made.append("".join(lines).encode())
    return made


def _text(word: bytes) -> str:
    return json.dumps(word.decode("utf-8", "replace"), ensure_ascii=False)[1:-1]


def _long(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        yield json.dumps(decoder.decode(piece), ensure_ascii=False)[1:-1].encode()
    yield decoder.decode(b"", final=True).encode()
