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
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

from worker.counting import csv_lines
from worker.engines import engine
from worker.errors import WorkerError
from worker.settings import Settings, bounds_of, memory_bound
from worker.text import Text
from worker.totals import Row, Totals

_BAR = 30


def count_files(options: Namespace) -> int:
    """Count the files that the command line names and print the result in the form that it asks for."""
    bounds = Settings(Path(), "", "", memory_bound(options.memory), bounds=bounds_of(options))
    with tempfile.TemporaryDirectory(prefix="textmill-") as folder:
        totals = Totals(Path(folder), bounds.vocabulary_memory)
        size = 0
        for name in options.files or ["-"]:
            try:
                with _opened(name) as file:
                    size += _add(file, options, totals, bounds)
            except (OSError, WorkerError) as error:
                _say(f"worker: {name}: {error.strerror if isinstance(error, OSError) else error}\n")
                return 1
        _print(totals, size, options)
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


def _add(file: IO[bytes], options: Namespace, totals: Totals, bounds: Settings) -> int:
    """Add one file's words to the totals and return its size."""
    size = file.seek(0, 2)
    text = Text(file, size, options.encoding, strict=options.strict, bounds=bounds.bounds)
    words = engine(bounds.largest_word)
    counts: Counter[int] = Counter()
    for block in text.blocks(0, size, Path(tempfile.gettempdir())):
        counts.update(words.feed(block))
        if words.memory > bounds.vocabulary_memory:
            _move(words.vocabulary, counts, totals)
            words.forget()
    counts.update(words.finish())
    _move(words.vocabulary, counts, totals)
    return size


def _move(vocabulary: list[str], counts: Counter[int], totals: Totals) -> None:
    totals.add(vocabulary, map(counts.__getitem__, range(len(vocabulary))))
    counts.clear()


def _print(totals: Totals, size: int, options: Namespace) -> None:
    out = sys.stdout
    rows = totals.rows()
    if options.csv:
        out.write("word,count\n")
        for word, number in islice(rows, options.top or None):
            out.write(csv_lines([word], [number]))
        return
    top: list[Row] = []
    tokens = distinct = 0
    for word, number in rows:
        tokens += number
        distinct += 1
        if not options.top or len(top) < options.top:
            top.append((word, number))
    if options.json:
        words = [{"word": word, "count": number} for word, number in top]
        told = {"bytes": size, "tokens": tokens, "distinctWords": distinct, "topWords": words}
        out.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    out.write(f"{size:,} bytes, {tokens:,} words, {distinct:,} of them distinct\n")
    most = top[0][1] if top else 1
    width = min(max((len(word) for word, _ in top), default=0), 40)
    for word, number in top:
        shown = word if len(word) <= width else f"{word[: width - 1]}…"
        out.write(f"{number:>12,}  {shown:<{width}}  {'█' * round(_BAR * number / most)}\n")


def _say(text: str) -> None:
    sys.stderr.write(text)
