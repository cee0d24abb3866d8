"""Digests of an artefact's files: taken while one is written, and again before it is read.

A table's files have SHA-256, which anybody can check who has one from the status. What one worker writes for another
is read by workers alone, and is the most of what they write, so it has BLAKE3, which takes less than half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Generic, TypeVar

from textmill.artefacts import File, TokensFile

Kind = TypeVar("Kind", bound="File | TokensFile")

_CHUNK = 1 << 20


class Digest(Generic[Kind]):
    """Tells what a file is, once all of it went by; `bytes` did, so far."""

    def __init__(self, kind: type[Kind]) -> None:
        self._kind: Callable[[int, str], Kind] = kind
        self._digest: Any
        if kind is File:
            import hashlib

            self._digest = hashlib.sha256()
        else:
            from blake3 import blake3

            self._digest = blake3()
        self.bytes = 0

    def update(self, content: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(content)
        self.bytes += len(content)

    def file(self) -> Kind:
        """Return the size and the digest of what went by."""
        return self._kind(self.bytes, self._digest.hexdigest())


def digest(file: IO[bytes], kind: type[Kind]) -> Kind:
    """Read an open file from its beginning and tell what it is; the position is at the beginning again."""
    found = Digest(kind)
    file.seek(0)
    while block := file.read(_CHUNK):
        found.update(block)
    file.seek(0)
    return found.file()
