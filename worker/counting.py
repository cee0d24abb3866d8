"""The word count: verified shards of tokens become one table, Arrow and CSV, and the summary of a request.

Shards are merged by the words themselves, since ids mean something only within one vocabulary, so any number of
shards gives the same table, byte for byte. Shards of different inputs, versions or options are refused, and so are
gaps between them. As with tokens, a table that is there already and fits is kept.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from textmill import artefacts, layout, reports
from textmill.artefacts import File, ManifestRefused, TableManifest, TokensManifest
from textmill.orders import CountOrder
from worker import arrow
from worker.errors import ArtefactInvalid, InputChanged
from worker.settings import Settings
from worker.totals import Row, Totals, columns
from worker.verifying import check_files, read_manifest, verified
from worker.volume import new_folder, publish, sync

SHOWN = 64
"""Code points of a word that a report shows; the table has it whole."""


def count(order: CountOrder, settings: Settings) -> reports.Report:
    """Carry out one order and return its report."""
    if not layout.is_output(order.tokens):
        raise ArtefactInvalid(f"{order.tokens[:200]!r} is no folder of tokens")
    folders = [settings.root / layout.shard(order.tokens, index) for index in range(order.shards)]
    shards = [_Shard(folder, *read_manifest(folder, TokensManifest)) for folder in folders]
    _check_together([shard.manifest for shard in shards])
    target = settings.root / settings.out / order.id
    manifest, top = _kept(target, shards, order.top_words)
    if manifest is None:
        with new_folder(target, settings.pod_uid) as folder:
            manifest, top = _make(shards, folder, settings, order.top_words)
            publish(folder, target, manifest.text())
    return reports.done_count(order.id, _result(f"{settings.out}/{order.id}", manifest, top))


class _Shard(NamedTuple):
    folder: Path
    manifest: TokensManifest
    digest: str


def _result(path: str, manifest: TableManifest, top: list[Row]) -> dict[str, Any]:
    def told(name: str) -> dict[str, Any]:
        return {"bytes": manifest.files[name].bytes, "sha256": manifest.files[name].sha256}

    return {
        "bytes": manifest.bytes,
        "tokens": manifest.tokens,
        "distinctWords": manifest.distinct_words,
        "topWords": [{"word": shown(word), "count": number} for word, number in top],
        "table": {
            "path": path,
            "formatVersion": artefacts.FORMAT,
            "arrow": told(layout.TABLE_ARROW),
            "csv": told(layout.TABLE_CSV),
        },
    }


def shown(word: str) -> str:
    """Return a word as a report shows it."""
    return word if len(word) <= SHOWN else f"{word[: SHOWN - 1]}…"


def _check_together(manifests: list[TokensManifest]) -> None:
    """Refuse shards that were not made of one input under one set of options, or that do not cover it."""
    first = manifests[0]
    end = 0
    for index, one in enumerate(manifests):
        if one.source._replace(sha256=None) != first.source._replace(sha256=None):
            raise InputChanged(
                f"shard {index} read a file of {one.source.bytes:,} bytes and shard 0 one of {first.source.bytes:,}: "
                "the input changed between them"
            )
        same = (one.unicode, one.encoding, one.errors, one.shards) == (
            first.unicode,
            first.encoding,
            first.errors,
            first.shards,
        )
        if not same or one.shard != index or one.shards != len(manifests):
            raise ArtefactInvalid(
                f"shard {index} says that it is shard {one.shard} of {one.shards}, or has other options"
            )
        if one.start != end:
            raise ArtefactInvalid(f"shard {index} begins at byte {one.start:,} and the one before ends at {end:,}")
        if one.end < one.start:
            raise ArtefactInvalid(f"shard {index} ends at byte {one.end:,}, before its beginning at {one.start:,}")
        end = one.end
    if end != first.source.bytes:
        raise ArtefactInvalid(f"the shards end at byte {end:,} of {first.source.bytes:,}")


def _kept(target: Path, shards: list[_Shard], top_words: int) -> tuple[TableManifest | None, list[Row]]:
    """Return the manifest and the top words of a table that is there already, if it is of these shards and fits."""
    try:
        manifest, _ = read_manifest(target, TableManifest)
        if manifest.shards != tuple(shard.digest for shard in shards):
            return None, []
        check_files(target, manifest.files)
        with verified(target, layout.TABLE_ARROW, manifest.files.get(layout.TABLE_ARROW)) as file:
            rows = (zip(*batch, strict=True) for batch in arrow.read(file, arrow.WORD, arrow.COUNT))
            return manifest, list(islice((row for batch in rows for row in batch), top_words))
    except (ArtefactInvalid, ManifestRefused):
        return None, []


def _make(shards: list[_Shard], folder: Path, settings: Settings, top_words: int) -> tuple[TableManifest, list[Row]]:
    totals = Totals(folder, settings.vocabulary_memory)
    for shard in shards:
        _add(shard, totals)
    table = Table(folder, top_words)
    files = table.write(totals.rows())
    for run in folder.glob(".run-*"):
        run.unlink()
    first = shards[0].manifest
    manifest = TableManifest(
        unicode=first.unicode,
        bytes=first.source.bytes,
        tokens=table.tokens,
        distinct_words=table.words,
        shards=tuple(shard.digest for shard in shards),
        files=files,
    )
    counted = sum(shard.manifest.tokens for shard in shards)
    if manifest.tokens != counted:
        raise ArtefactInvalid(f"the tables hold {manifest.tokens:,} words and the manifests say {counted:,}")
    return manifest, table.top


def _add(shard: _Shard, totals: Totals) -> None:
    """Add one shard's words: for each section of its vocabulary, how often each id stands among its tokens."""
    manifest, folder = shard.manifest, shard.folder
    files = manifest.files
    with (
        verified(folder, layout.IDS, files.get(layout.IDS)) as ids,
        verified(folder, layout.VOCABULARY, files.get(layout.VOCABULARY)) as words,
    ):
        batches = (batch for (batch,) in arrow.read(ids, arrow.ID))
        vocabulary = (word for (part,) in arrow.read(words, arrow.WORD) for word in part)
        first = 0
        for section in manifest.sections:
            counts = _count_section(batches, section.tokens, folder)
            for part in arrow.batched(islice(vocabulary, section.words)):
                totals.add(part, [counts.pop(number, 0) for number in range(first, first + len(part))])
                first += len(part)
            if counts:
                raise ArtefactInvalid(f"an id of {folder.name}/ lies outside its part of the vocabulary")


def _count_section(batches: Iterator[list[int]], tokens: int, folder: Path) -> Counter[int]:
    counts: Counter[int] = Counter()
    while tokens > 0:
        ids = next(batches, None)
        if ids is None or len(ids) > tokens:
            raise ArtefactInvalid(f"the ids of {folder.name}/ do not fit the sections of its vocabulary")
        counts.update(ids)
        tokens -= len(ids)
    return counts


class Table:
    """Writes the rows of a table, in their order, as Arrow and as CSV, and counts what goes by."""

    def __init__(self, folder: Path, top_words: int) -> None:
        self._folder = folder
        self._most = top_words
        self.tokens = 0
        self.words = 0
        self.top: list[Row] = []

    def write(self, rows: Iterable[Row]) -> dict[str, File]:
        """Write both files and return what they are."""
        path = self._folder / layout.TABLE_CSV
        with path.open("xb") as csv:
            sha = hashlib.sha256()
            arrow_file = arrow.write_table(self._folder / layout.TABLE_ARROW, self._both(rows, csv, sha))
            sync(csv)
            return {layout.TABLE_ARROW: arrow_file, layout.TABLE_CSV: File(csv.tell(), sha.hexdigest())}

    def _both(self, rows: Iterable[Row], csv: IO[bytes], sha: Any) -> Iterator[tuple[Sequence[str], array[int]]]:
        _put(csv, sha, f"{arrow.WORD},{arrow.COUNT}\n")
        for words, counts in columns(rows):
            if len(self.top) < self._most:
                self.top.extend(islice(zip(words, counts, strict=True), self._most - len(self.top)))
            self.words += len(words)
            self.tokens += sum(counts)
            _put(csv, sha, csv_lines(words, counts))
            yield words, counts


def csv_lines(words: Iterable[str], counts: Iterable[int]) -> str:
    """Return rows of CSV; a word with a comma or a quotation mark in it is quoted as RFC 4180 says."""
    return "".join(f"{_csv_field(word)},{number}\n" for word, number in zip(words, counts, strict=True))


def _csv_field(word: str) -> str:
    if '"' in word:
        return '"' + word.replace('"', '""') + '"'
    return f'"{word}"' if "," in word else word


def _put(csv: IO[bytes], sha: Any, text: str) -> None:
    content = text.encode()
    csv.write(content)
    sha.update(content)
