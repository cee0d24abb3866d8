"""Opens a finished request's table and its tokens, and says how to get them anew where they are lost or damaged.

What is gone, of another size or of other bytes is taken out of what is lent to new requests, and the error
names the call that makes it again.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from blake3 import blake3

from app.arrow_files import ArrowFile
from app.cluster import Body
from app.errors import AppError, ArtefactInvalid, ResultGone
from app.reuse_labels import table, withdraw
from app.room import Room
from app.tokens import Shard
from app.verifying import Verification
from textmill import layout
from textmill.artefacts import ManifestRefused, TokensManifest

MOST_MANIFEST = 4 << 20
"""Bytes of a shard's manifest that are read; it has one or two thousand, and some forty for each section more."""
_OPTIONS = ("topWords", "encoding", "errors")


class Opened(NamedTuple):
    """A table's file, and what is known of its bytes."""

    file: io.FileIO
    verification: Verification


def open_table(parts: Room, body: Body, filename: str, noted: str) -> Opened:
    """Open a file of a request's table; ResultGone or ArtefactInvalid, with the way on, where it cannot be served."""
    try:
        return _opened(parts, body, filename, noted)
    except (ResultGone, ArtefactInvalid) as error:
        parts.background.submit(lambda: withdraw(parts.cluster, body))
        raise _with_way_on(error, body) from error.__cause__


class Shards:
    """The shards of a request's tokens, each opened when its turn comes, but for the first."""

    def __init__(self, first: Shard | None, others: Iterator[Shard]) -> None:
        self._first, self._others = first, others

    def __iter__(self) -> Iterator[Shard]:
        """Hand the shards over; who takes one closes it."""
        first, self._first = self._first, None
        return chain((first,) if first else (), self._others)

    def close(self) -> None:
        """Close what nobody has taken."""
        if self._first:
            self._first.close()
            self._first = None


def token_shards(parts: Room, body: Body, place: Mapping[str, Any]) -> Shards:
    """Return the shards of a request's tokens; to be closed.

    Whether all are there, and the first one holds what it should, is found out before the first: so that this is an
    error, and not an answer that breaks off.
    """
    path = str(place["path"])
    folders = [layout.shard(path, index).removeprefix(f"{path}/") for index in range(int(place["shards"]))]
    try:
        for folder in folders:
            for filename in (layout.IDS, layout.VOCABULARY, layout.MANIFEST):
                parts.volume.open_output(path, folder, filename).close()
        first = _shard(parts, body, path, folders[0]) if folders else None
    except (ResultGone, ArtefactInvalid) as error:
        parts.background.submit(lambda: withdraw(parts.cluster, body))
        raise _with_way_on(error, body) from error.__cause__
    return Shards(first, (_shard(parts, body, path, folder) for folder in folders[1:]))


def _shard(parts: Room, body: Body, path: str, folder: str) -> Shard:
    """Open a shard; what its files hold is looked at no further than what says where it lies."""
    manifest = _manifest(parts, path, folder)
    with ExitStack() as stack:
        files, found = [], []
        for name in (layout.IDS, layout.VOCABULARY):
            file = stack.enter_context(parts.volume.open_output(path, folder, name))
            wanted = manifest.files.get(name)
            if wanted is None or os.fstat(file.fileno()).st_size != wanted.bytes:
                raise ArtefactInvalid(f"{folder}/{name} has another size than its manifest says.")
            bad = partial(parts.background.submit, partial(withdraw, parts.cluster, body))
            verification = parts.verifier.check(file, wanted.blake3, bad, blake3)
            if verification.good is False:
                raise ResultGone(f"{folder}/{name} on the volume holds other bytes than its manifest says.")
            files.append(file)
            found.append(verification)
        ids, vocabulary = files
        made = Shard(
            ArrowFile(ids.fileno()), parts.vocabularies.open(vocabulary.fileno()), (ids, vocabulary), tuple(found)
        )
        stack.pop_all()
        return made


def _manifest(parts: Room, path: str, folder: str) -> TokensManifest:
    with parts.volume.open_output(path, folder, layout.MANIFEST) as file:
        content = file.read(MOST_MANIFEST + 1)
    try:
        if len(content) > MOST_MANIFEST:
            raise ManifestRefused(f"the manifest has more than {MOST_MANIFEST} bytes")
        return TokensManifest.parse(content.decode())
    except (ManifestRefused, UnicodeDecodeError) as error:
        raise ArtefactInvalid(f"{folder}/: {error}.") from error


def _opened(parts: Room, body: Body, filename: str, noted: str) -> Opened:
    told = table(body)
    file = parts.volume.open_output(str(told.get("path")), filename)
    try:
        size = os.fstat(file.fileno()).st_size
        if size != told[noted]["bytes"]:
            raise ArtefactInvalid(f"{filename} has {size} bytes where the status says {told[noted]['bytes']}.")
        found = parts.verifier.check(
            file,
            told[noted]["sha256"],
            lambda: parts.background.submit(lambda: withdraw(parts.cluster, body)),
        )
        if found.good is False:
            raise ResultGone(f"{filename} on the volume holds other bytes than the status says.")
    except BaseException:
        file.close()
        raise
    return Opened(file, found)


def _with_way_on(error: AppError, body: Body) -> AppError:
    spec = body.get("spec") or {}
    given = spec.get("input") or {}
    if "upload" not in given:
        return error
    asked: dict[str, Any] = {"upload": given["upload"], "fresh": True}
    asked |= {"filename": given["name"]} if given.get("name") else {}
    asked |= {name: spec[name] for name in _OPTIONS if name in spec}
    error.members |= {
        "next": {"method": "POST", "href": "/requests", "contentType": "application/json", "body": asked},
    }
    return error
