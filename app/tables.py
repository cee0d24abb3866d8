"""Reads the table of words that the workers wrote, some rows at a time, and makes JSON and CSV of the rows.

The table is read from its CSV: a word never holds a line feed (every line break ends a word), so a line is a row. What
goes from one function here to the next are blocks: whole lines, one behind the other, some 32 KiB. A block is looked
through and turned into JSON as a whole, without a step of Python for each row, so that a table of millions of rows
costs a second and not half a minute.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import NamedTuple

from app.errors import ArtefactInvalid

HEADER = b"word,count\n"
BLOCK = 32 << 10
_PLAIN = re.compile(r'(?:[^",\\\x00-\x1f]*+,[0-9]++\n)++')
"""Rows whose word stands in JSON as it stands in CSV."""
_COUNT = re.compile("[0-9]{1,20}")


class Part(NamedTuple):
    """Which rows of a table are wanted: of those whose word contains a text, `limit` from `offset` on."""

    limit: int | None = None
    contains: str = ""
    offset: int = 0

    @property
    def whole(self) -> bool:
        """Tell whether this is the whole table."""
        return self.limit is None and not self.contains and not self.offset

    @property
    def mark(self) -> str:
        """Return what sets this part apart in an ETag."""
        sought = hashlib.sha256(self.contains.encode("utf-8", "replace")).hexdigest()[:16] if self.contains else ""
        limit = "" if self.limit is None else str(self.limit)
        offset = f"from{self.offset}" if self.offset else ""
        return "".join(f"-{one}" for one in (limit, offset, sought) if one)


def blocks(file: RawIOBase, size: int = BLOCK) -> Iterator[bytes]:
    """Return a file's lines, as many at a time as a read brings, each ended by a line feed."""
    begun: list[bytes] = []
    while data := file.read(size):
        end = data.rfind(b"\n") + 1
        if not end:
            begun.append(data)
            continue
        yield b"".join((*begun, data[:end]))
        begun = [data[end:]] if end < len(data) else []
    if begun:
        yield b"".join((*begun, b"\n"))


def skip_header(file: RawIOBase) -> None:
    """Leave the file behind the header of the table; ArtefactInvalid where there is none."""
    if file.read(len(HEADER)) != HEADER:
        raise ArtefactInvalid("The table's first line is not word,count.")


def row(line: bytes) -> tuple[str, int]:
    """Return the word and the count of a line."""
    word, _, count = line.decode("utf-8", "replace").rstrip("\n").rpartition(",")
    if not _COUNT.fullmatch(count):
        raise ArtefactInvalid("A line of the table has no count.")
    quoted = len(word) > 1 and word[0] == word[-1] == '"'
    return (word[1:-1].replace('""', '"') if quoted else word), int(count)


def cut(lines: Iterable[bytes], offset: int, limit: int | None) -> Iterator[bytes]:
    """Return `limit` lines (None for all) from `offset` on; an empty block where one was only passed over."""
    left = limit
    if left == 0:
        return
    for block in lines:
        count = block.count(b"\n")
        first, offset = min(offset, count), max(0, offset - count)
        wanted = count - first if left is None else min(left, count - first)
        yield block if wanted == count else _some(block, first, wanted)
        if left is not None:
            left -= wanted
            if not left:
                return


def _some(block: bytes, first: int, count: int) -> bytes:
    if not count:
        return b""
    return b"".join(line + b"\n" for line in block.split(b"\n", first + count)[first : first + count])


def json_rows(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return rows as one JSON array of objects; an empty piece where a block is empty."""
    yield b"["
    mark = ""
    for block in lines:
        if not block:
            yield b""
            continue
        yield (mark + _json(block.decode("utf-8", "replace"))).encode()
        mark = ",\n"
    yield b"]\n"


def _json(lines: str) -> str:
    """Return lines as JSON objects with commas between them."""
    made: list[str] = []
    at = 0
    while at < len(lines):
        found = _PLAIN.match(lines, at)
        if found:
            rows = found[0][:-1].replace(",", '","count":').replace("\n", '},\n{"word":"')
            made.append(f'{{"word":"{rows}}}')
            at = found.end()
        else:
            end = lines.index("\n", at) + 1
            word, count = row(lines[at:end].encode())
            made.append(f'{{"word":{json.dumps(word, ensure_ascii=False)},"count":{count}}}')
            at = end
    return ",\n".join(made)
