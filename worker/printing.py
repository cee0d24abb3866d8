"""The counter's result as a person or a program wants it: a table with bars, JSON, or CSV.

What a terminal is shown cannot move its cursor or turn the direction of its text: words may hold invisible
formatting characters, and file names anything. JSON and CSV hold the words as they are.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice

from worker.engines import Part, engine
from worker.portions import Counts, Merged, Summary

BAR = 30
WIDEST = 40
"""Columns that a word may take in the table."""
_JOINERS = "\u200c\u200d"


def show(counted: Counts | Merged, size: int, options: Namespace) -> None:
    """Print the result in the form that was asked for."""
    if options.csv:
        _csv(counted.rows(), options.top)
        return
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # it is a text file
    summary = counted.summary(options.top)
    if options.json:
        _json(size, summary)
    else:
        _table(size, summary)
    sys.stdout.flush()


def _json(size: int, summary: Summary) -> None:
    told = {
        "bytes": size,
        "tokens": summary.tokens,
        "distinctWords": summary.distinct,
        "topWords": [{"word": word, "count": number} for word, number in summary.top],
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")


def _table(size: int, summary: Summary) -> None:
    told = f"{_counted(size, 'byte')}, {_counted(summary.tokens, 'word')}"
    sys.stdout.write(f"{told}, {summary.distinct:,} of them distinct\n")
    shown = [(_cut(clean(word)), number) for word, number in summary.top]
    width = max((cells(word) for word, _ in shown), default=0)
    for word, number in shown:
        gap = " " * (width - cells(word))
        sys.stdout.write(f"{number:>12,}  {word}{gap}  {'█' * round(BAR * number / shown[0][1])}\n")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _csv(rows: Iterator[Part], top: int) -> None:
    out = sys.stdout.buffer
    out.write(b"word,count\n")
    left = top
    for words, counts in rows:
        lines = engine().csv(words, counts)[0]
        if top and left < len(words):
            lines = b"".join(islice(lines.splitlines(keepends=True), left))
        out.write(lines)
        left -= len(words)
        if top and left <= 0:
            break
    out.flush()


def clean(text: str) -> str:
    """Return a text with nothing in it that a terminal would obey."""
    return "".join(one if one in _JOINERS or unicodedata.category(one)[0] != "C" else "\ufffd" for one in text)


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(_cells(one) for one in text)


def _cells(one: str) -> int:
    if unicodedata.category(one) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def _cut(word: str) -> str:
    if cells(word) <= WIDEST:
        return word
    kept, room = "", WIDEST - 1
    for one in word:
        room -= _cells(one)
        if room < 0:
            break
        kept += one
    return f"{kept}…"
