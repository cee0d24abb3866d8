"""From verified shards of tokens to counts by word: ids become bins, and bins meet the vocabulary.

The ids of several shards are counted at once, a thread each, while one shard's words are added; only a shard whose
vocabulary was begun anew on the way is taken section by section, since the bins of all of it might not fit into memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textmill import layout
from textmill.artefacts import Section, TokensManifest
from worker import arrow
from worker.engines import Bins, Column, engine
from worker.errors import ArtefactInvalid
from worker.progress import Progress
from worker.totals import Totals
from worker.verifying import verified

if TYPE_CHECKING:
    from concurrent.futures import Future

_LEAST_BYTES = 4
"""Bytes of a vocabulary, which is not compressed, that a word takes at the very least: where it ends."""

_BIN_BYTES = 8
"""Bytes of memory to reckon with for the count of one id: it takes 4, and 12 in a shard of over four billion tokens."""


class Shard(NamedTuple):
    """A folder of tokens, its manifest, and the digest of the manifest."""

    folder: Path
    manifest: TokensManifest
    digest: str


class Counted(NamedTuple):
    """A shard with how often each of its ids occurs, section by section."""

    shard: Shard
    bins: Iterable[Bins]

    def add_to(self, totals: Totals) -> None:
        """Add the words with their counts."""
        folder, manifest = self.shard.folder, self.shard.manifest
        with verified(folder, layout.VOCABULARY, manifest.files.get(layout.VOCABULARY)) as file:
            vocabulary = _Columns(arrow.read_column(file, arrow.WORD))
            for section, bins in zip(manifest.sections, self.bins, strict=True):
                start = 0
                while start < section.words:
                    words = vocabulary.next(section.words - start)
                    if words is None:
                        raise ArtefactInvalid(
                            f"the vocabulary of {folder.name}/ has fewer words than its manifest says"
                        )
                    try:
                        totals.add(words, bins.counts(start, len(words)))
                    except ValueError as error:
                        raise ArtefactInvalid(f"{folder.name}/{layout.VOCABULARY}: {error}") from error
                    start += len(words)


def abreast(shards: Iterable[Shard], cores: int, memory: int) -> int:
    """Return how many shards are counted at once: their bins, with those that are being added, must fit into memory."""
    words = max((section.words for shard in shards for section in shard.manifest.sections), default=0)
    return max(1, min(cores, memory // max(1, words * _BIN_BYTES) - 1))


def counted(shards: Sequence[Shard], threads: int, progress: Progress) -> Iterator[Counted]:
    """Count the ids of shards in threads, some shards ahead of the one that is given."""
    if len(shards) == 1:
        yield _counted(shards[0], progress)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Counted]] = deque()
        try:
            for shard in shards:
                ahead.append(pool.submit(_counted, shard, progress))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for one in ahead:
                one.cancel()


def _counted(shard: Shard, progress: Progress) -> Counted:
    _check_sections(shard)
    bins = _bins(shard, progress)
    return Counted(shard, bins if len(shard.manifest.sections) > 1 else list(bins))


def _check_sections(shard: Shard) -> None:
    """Refuse a manifest that says of more words than its files can hold, before memory is made for them."""
    words = sum(section.words for section in shard.manifest.sections)
    file = shard.manifest.files.get(layout.VOCABULARY)
    if file is None:
        return  # which is refused where the files are opened
    if words * _LEAST_BYTES > file.bytes or any(min(one) < 0 for one in shard.manifest.sections):
        raise ArtefactInvalid(f"the vocabulary of {shard.folder.name}/ cannot hold the {words:,} words of its manifest")


def _bins(shard: Shard, progress: Progress) -> Iterator[Bins]:
    """Yield, for each section, how often each id stands among its tokens."""
    with verified(shard.folder, layout.IDS, shard.manifest.files.get(layout.IDS)) as file:
        batches = arrow.read_column(file, arrow.ID)
        first = 0
        for section in shard.manifest.sections:
            yield _section(batches, section, first, shard.folder.name, progress)
            first += section.words


def _section(batches: Iterator[Column], section: Section, first: int, name: str, progress: Progress) -> Bins:
    bins = engine().bins(first, section.words)
    tokens = section.tokens
    while tokens > 0:
        ids = next(batches, None)
        if ids is None or len(ids) > tokens:
            raise ArtefactInvalid(f"the ids of {name}/ do not fit the sections of its vocabulary")
        try:
            bins.add(ids)
        except ValueError as error:
            raise ArtefactInvalid(f"{name}/{layout.IDS}: {error}") from error
        tokens -= len(ids)
        progress.add(len(ids))
    return bins


class _Columns:
    """Columns that are cut where a section of the vocabulary ends."""

    def __init__(self, columns: Iterator[Column]) -> None:
        self._columns = columns
        self._rest: Column | None = None

    def next(self, most: int) -> Column | None:
        """Return the next words, at most so many; None at the end."""
        column = self._rest if self._rest is not None else next(self._columns, None)
        self._rest = None
        if column is None or len(column) <= most:
            return column
        from arro3.core import Array

        array = Array.from_arrow(column)
        self._rest = array.slice(most, len(array) - most)
        return array.slice(0, most)
