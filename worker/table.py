"""The word table on its way out: Arrow and CSV are written in one pass, part by part, and what goes by is counted.

Only the first rows become objects of Python's, for the report; a table of fifty million words is never in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from textmill import layout
from textmill.artefacts import File
from worker import arrow
from worker.engines import Engine, Part, Row
from worker.outputs import Output

SHOWN = 64
"""Code points of a word that a report shows; the table has it whole."""


class Table:
    """Writes the rows of a table, in their order, as Arrow and as CSV, and counts what goes by."""

    def __init__(self, folder: Path, top_words: int, engine: Engine) -> None:
        self._folder = folder
        self._most = top_words
        self._engine = engine
        self.tokens = 0
        self.words = 0
        self.top: list[Row] = []

    def write(self, rows: Iterator[Part], *, abreast: bool = False) -> dict[str, File]:
        """Write both files and return what they are; abreast, each in a thread, and the rows are made in a third."""
        path = self._folder / layout.TABLE_CSV
        with path.open("xb") as csv:
            output = Output(csv, File)
            written = self._written(ahead(rows) if abreast else rows, output)
            # Closed before its file is, so that no thread still writes to it if the other file cannot be written.
            with closing(ahead(written) if abreast else written) as parts:
                arrow_file = arrow.write_table(self._folder / layout.TABLE_ARROW, self._seen(parts))
            return {layout.TABLE_ARROW: arrow_file, layout.TABLE_CSV: output.end()}

    def _written(self, rows: Iterable[Part], csv: Output[File]) -> Generator[Part]:
        """Yield the rows, once they are written as CSV."""
        csv.write(f"{arrow.WORD},{arrow.COUNT}\n".encode())
        for words, counts in rows:
            lines, tokens = self._engine.csv(words, counts)
            self.tokens += tokens
            csv.write(lines)
            del lines  # one word may be a fifth of the memory, and this is one of several copies
            yield words, counts

    def _seen(self, rows: Iterable[Part]) -> Iterator[Part]:
        """Yield the rows, counted, and with the first ones kept."""
        for words, counts in rows:
            self.words += len(words)
            if len(self.top) < self._most:
                self.top += first_rows([(words, counts)], self._most - len(self.top), shown)
            yield words, counts


def ahead(rows: Iterator[Part]) -> Generator[Part]:
    """Yield the parts of a table, the next of which is made in a thread meanwhile.

    A word so long that it is alone in its part has the memory for itself.
    """
    from concurrent.futures import ThreadPoolExecutor

    def following() -> Part | None:
        return next(rows, None)

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(following)
        while (part := coming.result()) is not None:
            alone = len(part[0]) == 1
            if not alone:
                coming = pool.submit(following)
            yield part
            if alone:
                coming = pool.submit(following)


def shown(word: str) -> str:
    """Return a word as a report shows it."""
    return word if len(word) <= SHOWN else f"{word[: SHOWN - 1]}…"


def first_rows(parts: Iterable[Part], most: int, form: Callable[[str], str] = str) -> list[Row]:
    """Return the first rows of a table, each word in a form: whole, or as it is shown where it may be of any length."""
    rows: list[Row] = []
    for words, counts in parts:
        if len(rows) >= most:
            break
        found = islice(zip(_listed(words, most), _listed(counts, most), strict=True), most - len(rows))
        rows += [(form(word), count) for word, count in found]
    return rows


def _listed(column: Any, most: int) -> list[Any]:
    from arro3.core import Array

    found: list[Any] = Array.from_arrow(column).slice(0, min(most, len(column))).to_pylist()
    return found
