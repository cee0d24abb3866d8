"""The word count: verified shards of tokens become one table, Arrow and CSV, and the summary of a request.

Shards are merged by the words themselves, since ids mean something only within one vocabulary, so any number of
shards gives the same table, byte for byte. Shards of different inputs, versions or options are refused, and so are
gaps between them. As with tokens, a table that is there already and fits is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textmill import artefacts, layout, reports
from textmill.artefacts import ManifestRefused, TableManifest, TokensManifest
from textmill.orders import CountOrder
from worker import arrow
from worker.engines import Row, engine
from worker.errors import ArtefactInvalid, InputChanged
from worker.progress import Progress
from worker.settings import Settings, cores
from worker.shards import Shard, abreast, counted
from worker.table import Table, first_rows, shown
from worker.totals import Totals
from worker.verifying import check_files, read_manifest, verified
from worker.volume import Made, new_folder

MANY = 100_000
"""Words from which on threads that write a table gain more than their start costs."""


def count(order: CountOrder, settings: Settings, later: list[Made] | None = None) -> reports.Report:
    """Carry out one order and return its report; it holds once the folder is published, as in `tokenize`."""
    if not layout.is_output(order.tokens):
        raise ArtefactInvalid(f"{order.tokens[:200]!r} is no folder of tokens")
    folders = [settings.root / layout.shard(order.tokens, index) for index in range(order.shards)]
    shards = [Shard(folder, *read_manifest(folder, TokensManifest)) for folder in folders]
    _check_together([shard.manifest for shard in shards])
    target = settings.root / settings.out / order.id
    manifest, top = _kept(target, shards, order.top_words)
    if manifest is None:
        with new_folder(target, settings.pod_uid, later) as folder:
            manifest, top = _make(order, shards, folder, settings)
            (folder / layout.MANIFEST).write_text(manifest.text(), "utf-8")
    first = shards[0].manifest
    cut = (reports.done_tokens(order.id, 0, 1, first.observed(), first.tokens),) if len(shards) == 1 else ()
    return reports.done_count(order.id, _result(f"{settings.out}/{order.id}", manifest, top), *cut)


def _result(path: str, manifest: TableManifest, top: list[Row]) -> dict[str, Any]:
    def told(name: str) -> dict[str, Any]:
        return {"bytes": manifest.files[name].bytes, "sha256": manifest.files[name].sha256}

    return {
        "bytes": manifest.bytes,
        "tokens": manifest.tokens,
        "distinctWords": manifest.distinct_words,
        "topWords": [{"word": word, "count": number} for word, number in top],
        "table": {
            "path": path,
            "formatVersion": artefacts.FORMATS[artefacts.TABLE],
            "arrow": told(layout.TABLE_ARROW),
            "csv": told(layout.TABLE_CSV),
        },
    }


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


def _kept(target: Path, shards: list[Shard], top_words: int) -> tuple[TableManifest | None, list[Row]]:
    """Return the manifest and the top words of a table that is there already, if it is of these shards and fits."""
    try:
        manifest, _ = read_manifest(target, TableManifest)
        if manifest.shards != tuple(shard.digest for shard in shards):
            return None, []
        check_files(target, manifest.files)
        with verified(target, layout.TABLE_ARROW, manifest.files.get(layout.TABLE_ARROW)) as file:
            found = ((words, counts) for words, counts in arrow.read(file, arrow.WORD, arrow.COUNT))
            return manifest, first_rows(found, top_words, shown)
    except (ArtefactInvalid, ManifestRefused):
        return None, []


def _make(order: CountOrder, shards: list[Shard], folder: Path, settings: Settings) -> tuple[TableManifest, list[Row]]:
    threads = cores()
    told = sum(shard.manifest.tokens for shard in shards)
    progress = Progress(order.id, shards[0].manifest.source.bytes, told)
    distinct = len(shards) == 1 and len(shards[0].manifest.sections) == 1
    words = [sum(section.words for section in shard.manifest.sections) for shard in shards]
    expected = min(sum(words), 2 * max(words))  # most words of many shards are the same
    totals = Totals(folder, settings.vocabulary_memory, engine(), threads, distinct=distinct, words=expected)
    for shard in counted(shards, abreast(shards, threads, settings.vocabulary_memory // 2), progress):
        shard.add_to(totals)
    table = Table(folder, order.top_words, engine())
    rows = totals.rows()
    files = table.write(rows, abreast=threads > 1 and totals.in_memory and told >= MANY)
    first = shards[0].manifest
    manifest = TableManifest(
        unicode=first.unicode,
        bytes=first.source.bytes,
        tokens=table.tokens,
        distinct_words=table.words,
        shards=tuple(shard.digest for shard in shards),
        files=files,
    )
    if manifest.tokens != told:
        raise ArtefactInvalid(f"the tables hold {manifest.tokens:,} words and the manifests say {told:,}")
    return manifest, table.top
