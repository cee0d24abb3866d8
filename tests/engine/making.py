"""The engines of this machine, and what the tests ask of them in Python's own words."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from arro3.core import Array, DataType

from worker import engines, rules
from worker.characters import is_word, lower
from worker.engines import Column, Engine, Part, Row, Words
from worker.plain import Plain, listed

REAL = (Path(__file__).parent / "data" / "article1.txt").read_text("utf-8")
"""The first article of the Universal Declaration of Human Rights in 28 languages, with what else is met in the wild."""

CAP = sys.maxsize


def available() -> list[Engine]:
    """Return the engines of this machine, the reference first."""
    found: list[Engine] = [Plain()]
    if engines.built():
        from worker.compiled import Compiled

        found.append(Compiled())
    return found


def by_rules(text: str) -> list[str]:
    """Return the words of a text by the rules alone."""
    return [lower(segment) for segment in rules.segments(text) if is_word(segment)]


def fed(words: Words, blocks: Iterable[bytes]) -> Words:
    """Feed blocks, which hold whole characters, and finish."""
    for block in blocks:
        at = 0
        while at < len(block):
            at = words.feed(block, at)
    words.finish()
    return words


def blocks(text: str, size: int) -> Iterator[bytes]:
    """Cut a text into blocks of so many characters."""
    return (text[at : at + size].encode() for at in range(0, len(text), size))


def in_order(words: Words) -> list[str]:
    """Return the words in order of the text."""
    ids = listed(words.ids(words.waiting))
    found = vocabulary(words)
    return [found[number] for number in ids]


def vocabulary(words: Words) -> list[str]:
    """Return the vocabulary."""
    found: list[str] = []
    while part := listed(words.vocabulary(len(found))):
        found += part
    return found


def rows(parts: Iterable[Part]) -> list[Row]:
    """Return the rows of a table."""
    return [row for words, counts in parts for row in zip(listed(words), listed(counts), strict=True)]


def part(found: Iterable[Row]) -> Part:
    """Make columns of rows."""
    words, counts = zip(*found, strict=True)
    return strings(words), numbers(counts)


def strings(words: Iterable[str]) -> Column:
    """Make a column of words."""
    return Array(list(words), DataType.utf8())


def numbers(counts: Iterable[int], kind: Any = None) -> Column:
    """Make a column of counts, or of numbers of another kind."""
    return Array(list(counts), kind or DataType.uint64())
