"""The tokenizer: one input, or one shard of it, becomes a folder of ids, vocabulary and manifest.

The folder is written under a temporary name and renamed when all of it is durable. One that is there already and
fits, its digests included, is kept and reported again, so a pod that runs a second time does no harm; one that does
not fit is made anew. Text goes through in blocks, and when the vocabulary grows past its share of memory it is
written out and begun anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from textmill import layout, reports
from textmill.artefacts import ManifestRefused, Section, Source, TokensFile, TokensManifest
from textmill.orders import TokenizeOrder
from worker import arrow
from worker.budget import OutOfTime
from worker.engines import Column, engine
from worker.errors import ArtefactInvalid, InputMissing
from worker.inputs import Input, opened
from worker.progress import Progress
from worker.ranges import shard_range
from worker.settings import Settings
from worker.text import Text
from worker.verifying import check_files, read_manifest
from worker.volume import Made, new_folder

BATCH = 131_072
"""Ids in a record batch, at the least but for a section's last, and half of the most."""


def tokenize(order: TokenizeOrder, settings: Settings, later: list[Made] | None = None) -> reports.Report:
    """Carry out one order, as far as it concerns this shard, and return its report.

    It holds once the folder is published: already, or with those that wait in `later`. Where the input is gone, what an
    earlier pod of the same Job has made of it is as good: the folder is this order's own.
    """
    try:
        return _tokenize(order, settings, later)
    except InputMissing:
        manifest = _made_before(_target(order, settings), order, settings)
        if manifest is None:
            raise
        return _report(order, manifest)


def _tokenize(order: TokenizeOrder, settings: Settings, later: list[Made] | None) -> reports.Report:
    with opened(order, settings.root, settings.configmaps) as found:
        size = found.source.bytes
        if order.leave_above is not None and size > order.leave_above:
            return reports.left(order.id, reports.LEFT_TOO_BIG, size)
        target = _target(order, settings)
        text = None
        try:
            manifest = _kept(target, order, found, settings)
            if manifest is None:
                strict, hashing = order.errors == "strict", settings.shard == 0
                text = Text(found.file, size, order.encoding, strict=strict, bounds=settings.bounds, hashing=hashing)
                if settings.shards > 1 and not text.shardable:
                    return reports.left(order.id, reports.LEFT_NOT_SHARDABLE, size)
                with new_folder(target, settings.pod_uid, later) as folder:
                    manifest = _Shard(order, found, text, settings, folder).write()
                    (folder / layout.MANIFEST).write_text(manifest.text(), "utf-8")
        except OutOfTime as late:
            late.why, late.bytes = _what(text), size
            raise
    return _report(order, manifest)


def _target(order: TokenizeOrder, settings: Settings) -> Path:
    return settings.root / layout.shard(f"{settings.out}/{order.id}", settings.shard)


def _report(order: TokenizeOrder, manifest: TokensManifest) -> reports.Report:
    return reports.done_tokens(order.id, manifest.shard, manifest.shards, manifest.observed(), manifest.tokens)


def _made_before(target: Path, order: TokenizeOrder, settings: Settings) -> TokensManifest | None:
    """Return the manifest of a shard that is there already, if it is of this order and all of it fits."""
    try:
        manifest, _ = read_manifest(target, TokensManifest)
        asked = (manifest.asked_encoding, manifest.errors, manifest.shard, manifest.shards)
        digests = {order.sha256, order.value if order.source == "upload" else None, manifest.source.sha256} - {None}
        if asked != (order.encoding, order.errors, settings.shard, settings.shards) or len(digests) > 1:
            return None
        check_files(target, manifest.files)
    except (ArtefactInvalid, ManifestRefused):
        return None
    return manifest


def _what(text: Text | None) -> str:
    """Tell what an input is that took too long."""
    if text is None:
        return reports.LEFT_SLOW
    if text.format != "text":
        return reports.LEFT_DOCUMENT
    return reports.LEFT_COMPRESSED if text.compression else reports.LEFT_SLOW


def _kept(target: Path, order: TokenizeOrder, found: Input, settings: Settings) -> TokensManifest | None:
    """Return the manifest of a shard that is there already, if it is of this input and order and all of it fits."""
    try:
        manifest, _ = read_manifest(target, TokensManifest)
        asked = (manifest.asked_encoding, manifest.errors, manifest.shard, manifest.shards)
        if asked != (order.encoding, order.errors, settings.shard, settings.shards):
            return None
        if found.source != manifest.source._replace(sha256=found.source.sha256):
            return None
        if (manifest.start, manifest.end) != _range(found, settings):  # another version may have cut elsewhere
            return None
        if manifest.source.sha256 and any(one != manifest.source.sha256 for one in _digests(found)):
            return None
        check_files(target, manifest.files)
    except (ArtefactInvalid, ManifestRefused):
        return None
    return manifest


def _range(found: Input, settings: Settings) -> tuple[int, int]:
    return shard_range(found.file, found.source.bytes, settings.shard, settings.shards, hashing=True)


def _digests(found: Input) -> tuple[str, ...]:
    return (*found.digests, found.source.sha256) if found.source.sha256 else found.digests


class _Shard:
    """One shard while it is being written."""

    def __init__(self, order: TokenizeOrder, found: Input, text: Text, settings: Settings, folder: Path) -> None:
        self._order = order
        self._found = found
        self._text = text
        self._settings = settings
        self._folder = folder
        self._engine = engine()
        self._words = self._engine.words(settings.largest_word, settings.vocabulary_memory)
        self._sections: list[Section] = []
        self._aside: list[Path] = []
        self._files: dict[str, TokensFile] = {}
        self._tokens = 0

    def write(self) -> TokensManifest:
        """Write ids and vocabularies into the folder and return what the manifest will say."""
        settings = self._settings
        start, end = _range(self._found, settings)
        self._files[layout.IDS] = arrow.write_ids(self._folder / layout.IDS, self._batches(start, end))
        self._files[layout.VOCABULARY] = arrow.write_words(self._folder / layout.VOCABULARY, self._vocabulary())
        for path in self._aside:
            path.unlink()
        return TokensManifest(
            unicode=self._engine.unicode,
            engine=self._engine.name,
            source=self._observed(),
            start=start,
            end=end,
            shard=settings.shard,
            shards=settings.shards,
            asked_encoding=self._order.encoding,
            errors=self._order.errors,
            encoding=self._text.encoding.name,
            guessed=self._text.encoding.guessed,
            invalid_bytes=self._text.invalid_bytes,
            compression=self._text.compression,
            content=self._text.format,
            text_bytes=self._text.text_bytes,
            tokens=sum(section.tokens for section in self._sections),
            sections=tuple(self._sections),
            files=self._files,
        )

    def _observed(self) -> Source:
        """Finish reading, check the input against all that is known of it, and return what was seen."""
        found = self._found
        if self._settings.shard > 0:
            found.check_unchanged()
            return found.source
        sha256 = self._text.sha256()
        found.check_unchanged()
        found.check_digest(sha256)
        return found.source._replace(sha256=sha256)

    def _batches(self, start: int, end: int) -> Iterator[Column]:
        """Yield the ids in record batches, none of which spans two sections; put full vocabularies aside on the
        way."""
        words, progress = self._words, Progress(self._order.id, end - start)
        for block in self._text.blocks(start, end, self._folder):
            progress.at(self._text.read_bytes)
            at = 0
            while at < len(block):
                at = words.feed(block, at)
                while words.waiting >= BATCH:
                    yield self._taken()
                if words.memory > self._settings.vocabulary_memory:
                    if words.waiting:
                        yield self._taken()
                    self._put_aside()
        words.finish()
        while words.waiting:
            yield self._taken()
        if self._aside and len(words):
            self._put_aside()  # so that nothing lies in memory beside what is read again
        elif not self._aside:
            self._end_section()

    def _taken(self) -> Column:
        ids = self._words.ids(2 * BATCH)
        self._tokens += len(ids)
        return ids

    def _end_section(self) -> None:
        self._sections.append(Section(len(self._words), self._tokens))
        self._tokens = 0

    def _put_aside(self) -> None:
        """Write the vocabulary to a temporary file and begin a new one."""
        path = self._folder / f".words-{len(self._aside):05d}"
        arrow.write_words(path, self._section())
        self._aside.append(path)
        self._end_section()
        self._words.forget()

    def _section(self) -> Iterator[Column]:
        """Yield the vocabulary that the engine holds."""
        start = 0
        while len(part := self._words.vocabulary(start)):
            yield part
            start += len(part)

    def _vocabulary(self) -> Iterator[Column]:
        """Yield the whole vocabulary: what was put aside, else what the engine holds."""
        for path in self._aside:
            with path.open("rb") as file:
                yield from map(itemgetter(0), arrow.read(file, arrow.WORD))
        yield from self._section()
