"""`python -m worker count FILE...`: the word count as a plain command, with no volume, no Job and no manifest.

The same decoding, engine and table as in a Job, so the same words; the counts of several files are added up.
Standard input is read through a temporary file, since the encoding is decided before the first word is cut.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

from worker.engines import Part, engine
from worker.errors import WorkerError
from worker.settings import Settings, bounds_of, cores, memory_bound
from worker.table import Row, first_rows
from worker.text import Text
from worker.totals import Totals

_BAR = 30


def count_files(options: Namespace) -> int:
    """Count the files that the command line names and print the result in the form that it asks for."""
    bounds = Settings(Path(), "", "", memory_bound(options.memory), bounds=bounds_of(options))
    with tempfile.TemporaryDirectory(prefix="textmill-") as folder:
        counts = _Counts(Path(folder), bounds)
        size = 0
        for name in options.files or ["-"]:
            try:
                with _opened(name) as file:
                    size += _add(file, options, counts, bounds)
            except (OSError, WorkerError) as error:
                _say(f"worker: {name}: {error.strerror if isinstance(error, OSError) else error}\n")
                return 1
        _print(counts.rows(), size, options)
    return 0


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name != "-":
        with Path(name).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile(prefix="textmill-") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        yield copy


def _add(file: IO[bytes], options: Namespace, counts: _Counts, bounds: Settings) -> int:
    """Add one file's words to the counts and return its size."""
    size = file.seek(0, 2)
    text = Text(file, size, options.encoding, strict=options.strict, bounds=bounds.bounds, hashing=False)
    counts.add(text.blocks(0, size, Path(tempfile.gettempdir())))
    return size


class _Counts:
    """Counts the words of texts, one after the other, within a bound of memory."""

    def __init__(self, folder: Path, bounds: Settings) -> None:
        self._bound = bounds.vocabulary_memory
        self._words = engine().words(bounds.largest_word, self._bound, counting=True)
        self._totals = Totals(folder, self._bound, engine(), cores())

    def add(self, blocks: Iterator[bytes]) -> None:
        """Count the words of a text."""
        words = self._words
        for block in blocks:
            at = 0
            while at < len(block):
                at = words.feed(block, at)
                if words.memory > self._bound:
                    self._totals.put_aside(words.rows(by_count=False))
        words.finish()

    def rows(self) -> Iterator[Part]:
        """Yield the table."""
        if self._totals.in_memory:
            return self._words.rows(by_count=True)
        self._totals.put_aside(self._words.rows(by_count=False))
        return self._totals.rows()


def _print(rows: Iterator[Part], size: int, options: Namespace) -> None:
    out = sys.stdout
    if options.csv:
        _print_csv(rows, options.top)
        return
    top: list[Row] = []
    tokens = distinct = 0
    for words, counts in rows:
        tokens += engine().csv(words, counts)[1]
        distinct += len(words)
        if not options.top or len(top) < options.top:
            top += first_rows([(words, counts)], options.top - len(top) if options.top else len(words))
    if options.json:
        told = {
            "bytes": size,
            "tokens": tokens,
            "distinctWords": distinct,
            "topWords": [{"word": word, "count": number} for word, number in top],
        }
        out.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    out.write(f"{size:,} bytes, {tokens:,} words, {distinct:,} of them distinct\n")
    most = top[0][1] if top else 1
    width = min(max((len(word) for word, _ in top), default=0), 40)
    for word, number in top:
        shown = word if len(word) <= width else f"{word[: width - 1]}…"
        out.write(f"{number:>12,}  {shown:<{width}}  {'█' * round(_BAR * number / most)}\n")


def _print_csv(rows: Iterator[Part], top: int) -> None:
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


def _say(text: str) -> None:
    sys.stderr.write(text)
