"""The manifests of what the workers write: token shards and word tables, and which of them this version can read.

A manifest is written last and names every file beside it with its size and digest, so a folder is whole exactly
when its manifest is there and fits. It also tells of what the files were made, so that a worker can keep them and a
count can refuse shards that do not belong together. Whoever reads an artefact parses the manifest here first and
gets a sentence if it is of another version. Pure: text in, text out.

A shard is `ids.arrow` (column `id`: u32, lz4) and `vocabulary.arrow` (column `word`: a word's id is its place). A
vocabulary that would not fit into memory is begun anew on the way, so a word may stand in it more than once;
`sections` says how many of its words belong together, and how many of the tokens are numbered by them, in the order
of both. No record batch of ids spans two sections. A table is `words.arrow` (columns `word`, `count`: u64) and
`words.csv`, by falling count, then by the word's code points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from textmill.errors import DomainError

TOKENS = "tokens"
TABLE = "table"

FORMATS = {TOKENS: 2, TABLE: 1}
"""The versions of the files' layouts; one goes up whenever an older reader would misread a newer file."""

_Made = TypeVar("_Made")
_OneFile = TypeVar("_OneFile", "File", "TokensFile")


class ManifestRefused(DomainError):
    """A manifest is none, or is of a version that this program does not read."""


class File(NamedTuple):
    """A file of a table, beside the manifest: what it must be. A person may check it against the status."""

    bytes: int
    sha256: str


class TokensFile(NamedTuple):
    """A file of tokens, which one worker writes for another: its digest is one that takes little time."""

    bytes: int
    blake3: str


class Section(NamedTuple):
    """A part of a shard's vocabulary: how many words it has, all distinct, and how many tokens are numbered by it."""

    words: int
    tokens: int


class Source(NamedTuple):
    """The input as it was seen: its size, and what tells it from another file of the same name."""

    bytes: int
    sha256: str | None = None
    modified_ns: int | None = None
    inode: int | None = None


class TokensManifest(NamedTuple):
    """One shard of tokens: input bytes `start` to `end`, cut under these options.

    text_bytes: how many bytes of text they were, unpacked where `compression` names how they were packed.
    content: the format that the text lay in, `text` where it was no document.
    """

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
    compression: str | None
    content: str
    text_bytes: int
    tokens: int
    sections: tuple[Section, ...]
    files: dict[str, TokensFile]

    def observed(self) -> dict[str, Any]:
        """Return what `status.input` will say, as far as this shard knows it."""
        seen = {
            "bytes": self.source.bytes,
            "textBytes": self.text_bytes,
            "format": self.content,
            "invalidBytes": self.invalid_bytes,
        }
        if self.content in ("text", "html"):
            seen |= {"encoding": self.encoding, "guessed": self.guessed}
        if self.compression:
            seen["compression"] = self.compression
        if self.shard == 0:
            seen["sha256"] = self.source.sha256
        return seen

    def text(self) -> str:
        """Return the manifest as it is written."""
        parts = {
            "source": self.source._asdict(),
            "sections": [one._asdict() for one in self.sections],
            "files": _told(self.files),
        }
        return _text(TOKENS, self._asdict() | parts)

    @classmethod
    def parse(cls, text: str) -> TokensManifest:
        """Read a manifest back; ManifestRefused says in a sentence why not."""
        values = _values(TOKENS, cls._fields, text)
        values["source"] = _make(Source, values["source"])
        values["sections"] = tuple(_make(Section, one) for one in _list(values["sections"]))
        values["files"] = _files(TokensFile, values["files"])
        return _make(cls, values)


class TableManifest(NamedTuple):
    """A word table: the totals, and the digests of the shard manifests that it was counted from."""

    unicode: str
    bytes: int
    tokens: int
    distinct_words: int
    shards: tuple[str, ...]
    files: dict[str, File]

    def text(self) -> str:
        """Return the manifest as it is written."""
        return _text(TABLE, self._asdict() | {"files": _told(self.files)})

    @classmethod
    def parse(cls, text: str) -> TableManifest:
        """Read a manifest back; ManifestRefused says in a sentence why not."""
        values = _values(TABLE, cls._fields, text)
        values["shards"] = tuple(_list(values["shards"]))
        values["files"] = _files(File, values["files"])
        return _make(cls, values)


def _text(kind: str, values: dict[str, Any]) -> str:
    return json.dumps({"format": FORMATS[kind], "kind": kind, **values}, indent=1) + "\n"


def _told(files: Mapping[str, File | TokensFile]) -> dict[str, dict[str, Any]]:
    return {name: one._asdict() for name, one in files.items()}


def _values(wanted: str, names: tuple[str, ...], text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestRefused(f"the manifest is no JSON: {text[:80]!r}") from error
    if not isinstance(values, dict) or not isinstance(version := values.pop("format", None), int):
        raise ManifestRefused(f"the manifest names no format version: {text[:80]!r}")
    if version != (reads := FORMATS[wanted]):
        age = "a newer" if version > reads else "an older"
        raise ManifestRefused(
            f"the manifest has format version {version} and this program reads {reads}: {age} Textmill wrote it; "
            "run the request again, or use one image for all Jobs"
        )
    if (kind := values.pop("kind", None)) != wanted:
        raise ManifestRefused(f"the manifest is one of {kind!r}, not of {wanted!r}")
    if missing := set(names) ^ values.keys():
        raise ManifestRefused(f"the manifest lacks or has too many of these fields: {', '.join(sorted(missing))}")
    return values


def _make(wanted: type[_Made], values: Any) -> _Made:
    try:
        return wanted(**values)
    except TypeError as error:
        raise ManifestRefused(f"the manifest cannot be read: {error}") from error


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ManifestRefused(f"the manifest has no list where one belongs: {str(value)[:80]!r}")
    return value


def _files(kind: type[_OneFile], value: Any) -> dict[str, _OneFile]:
    if not isinstance(value, dict) or any("/" in name or name.startswith(".") for name in value):
        raise ManifestRefused(f"the manifest names files that are not beside it: {str(value)[:80]!r}")
    return {name: _make(kind, one) for name, one in value.items()}
