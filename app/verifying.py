"""Tells whether a result's file still holds the bytes that were written there, by reading each file once.

A table's digest stands in the status. Those of tokens are in the manifest beside them, as the count Job believes it.

A file is known by its inode, size and times; as long as these stay, what was found stays. A small file is read before
it is served. A big one is read in the background while it is served already: an answer that turns out to be of other
bytes is broken off, so that the client sees that it has not all, and the next call is told that the result is gone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from io import FileIO
from typing import Protocol

from app.background import Background

AT_ONCE = 4 << 20
"""Bytes that are read before the answer begins: some milliseconds."""
REMEMBERED = 4096
_BLOCK = 1 << 20
_log = logging.getLogger("textmill.verifying")

_Key = tuple[int, int, int, int, int, str]


class Hash(Protocol):
    """A digest that is being made; one of tokens is BLAKE3, one of a table SHA-256."""

    def update(self, content: bytes, /) -> object:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """Return what came of them."""


class Broken(Exception):
    """An answer that must not come to its end, since its file is not what the status says."""


class Verification:
    """What is known of one file: nothing yet, or whether it holds what it should."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._good: bool | None = None

    @property
    def good(self) -> bool | None:
        """Tell whether the file holds what it should; None while that is not known."""
        return self._good

    def end(self, good: bool | None) -> None:
        """Say what was found; None where the file could not be read to its end."""
        self._good = good
        self._ended.set()

    def wait(self) -> bool | None:
        """Wait for what is found."""
        self._ended.wait()
        return self._good


class Verifier:
    """Verifies files and remembers what it found of the last few thousand."""

    def __init__(self, background: Background, at_once: int = AT_ONCE) -> None:
        self._background, self._at_once = background, at_once
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, Verification] = OrderedDict()

    def check(
        self, file: FileIO, digest: str, bad: Callable[[], object], kind: Callable[[], Hash] = hashlib.sha256
    ) -> Verification:
        """Return what is known of an open file, and begin to find it out; `bad` is called once where it is damaged."""
        found = os.fstat(file.fileno())
        key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, digest)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
            made = self._known[key] = Verification()
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if key[2] <= self._at_once:
            self._verify(key, made, file.fileno(), kind(), bad)
        else:
            self._verify_later(key, made, file, kind(), bad)
        return made

    def _verify_later(
        self, key: _Key, made: Verification, file: FileIO, hashing: Hash, bad: Callable[[], object]
    ) -> None:
        copy = os.dup(file.fileno())

        def job() -> None:
            try:
                self._verify(key, made, copy, hashing, bad)
            finally:
                os.close(copy)

        if not self._background.submit(job):
            os.close(copy)
            self._forget(key)
            made.end(None)

    def _verify(self, key: _Key, made: Verification, fd: int, hashing: Hash, bad: Callable[[], object]) -> None:
        try:
            good = _digest(fd, hashing) == key[-1]
        except OSError as error:
            _log.warning("a result could not be verified", extra={"error": str(error)})
            self._forget(key)
            made.end(None)
            return
        made.end(good)
        if not good:
            _log.error("a result's file holds other bytes than were written there", extra={"digest": key[-1]})
            bad()

    def _forget(self, key: _Key) -> None:
        with self._lock:
            self._known.pop(key, None)


def guarded(pieces: Iterator[bytes], verification: Verification, *, whole: bool) -> Iterator[bytes]:
    """Return the pieces of an answer; Broken before its last one where the file turns out to be another.

    whole: the answer is made of all of the file, so its end waits until that is known; else only what is known by
    then counts.
    """
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held
        if verification.good is False:
            raise Broken("the file holds other bytes than its status says")
        held = piece
    if (verification.wait() if whole else verification.good) is False:
        raise Broken("the file holds other bytes than its status says")
    if held is not None:
        yield held


def _digest(fd: int, hashing: Hash) -> str:
    position = 0
    while block := os.pread(fd, _BLOCK, position):
        hashing.update(block)
        position += len(block)
    return hashing.hexdigest()
