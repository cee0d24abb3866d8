"""The manifests of what the workers write: token shards and word tables, and which of them this version can read.

A manifest is written last and names every file beside it with its size and digest, so a folder is whole exactly
when its manifest is there and fits. It also tells of what the files were made, so that a worker can keep them and a
count can refuse shards that do not belong together. Whoever reads an artefact parses the manifest here first and
gets a sentence if it is of another version. Pure: text in, text out.

A shard is `ids.arrow` (column `id`: u32, lz4) and one vocabulary or several (column `word`: a word's id is its
place). Several are written where one would not fit into memory: the first `tokens` ids belong to the first
vocabulary, and so on, each with ids from 0; no record batch spans two, and a word may stand in more than one. A
table is `words.arrow` (columns `word`, `count`: u64) and `words.csv`, by falling count, then by the word's code
points.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, Self, TypeVar

from textmill.errors import DomainError

FORMAT = 1
"""The version of the files' layout; goes up whenever an older reader would misread a newer file."""

Made = TypeVar("Made")


class ManifestRefused(DomainError):
    """A manifest is none, or is of a version that this program does not read."""


@dataclass(frozen=True)
class File:
    """A file beside the manifest: what it must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Vocabulary:
    """One vocabulary file of a shard: how many words it holds, and how many tokens are numbered by it."""

    file: str
    words: int
    tokens: int


@dataclass(frozen=True)
class Source:
    """The input as it was seen: its size, and what tells it from another file of the same name."""

    bytes: int
    sha256: str | None = None
    modified_ns: int | None = None
    inode: int | None = None


@dataclass(frozen=True)
class TokensManifest:
    """One shard of tokens: input bytes `start` to `end`, cut under these options."""

    kind: ClassVar[Literal["tokens"]] = "tokens"

    unicode: str
    engine: str
    source: Source
    start: int
    end: int
    shard: int
    shards: int
    asked_encoding: str
    errors: str
    encoding: str
    guessed: bool
    invalid_bytes: int
    tokens: int
    vocabularies: tuple[Vocabulary, ...]
    files: dict[str, File]

    def text(self) -> str:
        """Return the manifest as it is written."""
        return _text(self.kind, self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a manifest back; ManifestRefused says in a sentence why not."""
        values = _values(cls, text)
        values["source"] = _make(Source, values["source"])
        values["vocabularies"] = tuple(_make(Vocabulary, one) for one in _list(values["vocabularies"]))
        values["files"] = _files(values["files"])
        return _make(cls, values)


@dataclass(frozen=True)
class TableManifest:
    """A word table: the totals, and the digests of the shard manifests that it was counted from."""

    kind: ClassVar[Literal["table"]] = "table"

    unicode: str
    bytes: int
    tokens: int
    distinct_words: int
    shards: tuple[str, ...]
    files: dict[str, File]

    def text(self) -> str:
        """Return the manifest as it is written."""
        return _text(self.kind, self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a manifest back; ManifestRefused says in a sentence why not."""
        values = _values(cls, text)
        values["shards"] = tuple(_list(values["shards"]))
        values["files"] = _files(values["files"])
        return _make(cls, values)


Manifest = TokensManifest | TableManifest


def _text(kind: str, manifest: Manifest) -> str:
    return json.dumps({"format": FORMAT, "kind": kind, **asdict(manifest)}, indent=1) + "\n"


def _values(wanted: type[Manifest], text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ManifestRefused(f"the manifest is no JSON: {text[:80]!r}") from error
    if not isinstance(values, dict) or not isinstance(version := values.pop("format", None), int):
        raise ManifestRefused(f"the manifest names no format version: {text[:80]!r}")
    if version != FORMAT:
        age = "a newer" if version > FORMAT else "an older"
        raise ManifestRefused(
            f"the manifest has format version {version} and this program reads {FORMAT}: {age} Textmill wrote it; "
            "run the request again, or use one image for all Jobs"
        )
    if (kind := values.pop("kind", None)) != wanted.kind:
        raise ManifestRefused(f"the manifest is one of {kind!r}, not of {wanted.kind!r}")
    missing = {one.name for one in fields(wanted)} ^ values.keys()
    if missing:
        raise ManifestRefused(f"the manifest lacks or has too many of these fields: {', '.join(sorted(missing))}")
    return values


def _make(wanted: type[Made], values: Any) -> Made:
    try:
        return wanted(**values)
    except TypeError as error:
        raise ManifestRefused(f"the manifest cannot be read: {error}") from error


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ManifestRefused(f"the manifest has no list where one belongs: {str(value)[:80]!r}")
    return value


def _files(value: Any) -> dict[str, File]:
    if not isinstance(value, dict) or any("/" in name or name.startswith(".") for name in value):
        raise ManifestRefused(f"the manifest names files that are not beside it: {str(value)[:80]!r}")
    return {name: _make(File, one) for name, one in value.items()}
