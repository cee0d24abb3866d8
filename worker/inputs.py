"""Opening an input that strangers may have put there: regular files only, beneath their folder, through no link.

A path is walked one component at a time, each opened relative to the folder before it and never through a symbolic
link, so nothing that is swapped meanwhile can lead outside. FIFOs and devices are opened without waiting and then
refused. ConfigMap files are the exception: the kubelet itself makes those links, and nobody else writes there. What
is opened here goes to `worker/decoding.py` with what the finished reading must agree with.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from textmill import layout
from textmill.artefacts import Source
from textmill.orders import TokenizeOrder
from worker.errors import DigestMismatch, InputChanged, InputMissing, InputNotAllowed, unavailable

_BASE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = _BASE | os.O_DIRECTORY
_FILE = _BASE | os.O_NONBLOCK | os.O_NOCTTY


class Input:
    """An open input: what it is called in messages, what it is, and which digests its content must have."""

    def __init__(self, name: str, file: IO[bytes], source: Source, digests: tuple[str, ...] = ()) -> None:
        self.name = name
        self.file = file
        self.source = source
        self.digests = digests

    def check_digest(self, sha256: str) -> None:
        """Refuse content that is not what the order says."""
        for wanted in self.digests:
            if sha256 != wanted:
                raise DigestMismatch(f"{self.name} has SHA-256 {sha256}, and {wanted} was asked for")

    def check_unchanged(self) -> None:
        """Refuse a file that is no longer as it was when it was opened."""
        if self.source.inode is not None:
            now = _identity(os.fstat(self.file.fileno()))
            if now != self.source:
                raise InputChanged(
                    f"{self.name} changed while it was read: {self.source.bytes:,} bytes, then {now.bytes:,}"
                )


@contextmanager
def opened(order: TokenizeOrder, root: Path, configmaps: Path | None) -> Iterator[Input]:
    """Open what an order names."""
    pinned = (order.sha256,) if order.sha256 else ()
    with _open(order, root, configmaps) as found:
        found.digests += pinned
        yield found


def _open(order: TokenizeOrder, root: Path, configmaps: Path | None) -> _Closing:
    if order.source == "upload":
        if not layout.DIGEST.fullmatch(order.value):
            raise InputNotAllowed(f"no SHA-256 in lower-case hex: {order.value[:80]!r}")
        path = layout.upload(order.value)
        file = open_beneath(root, path, f"the upload {order.value}")
        # Its name says what it must contain, and its times change when somebody sends the same content again.
        found = Input(path, file, Source(os.fstat(file.fileno()).st_size), (order.value,))
    elif order.source == "path":
        path = f"{layout.DROP}/{order.value}"
        file = open_beneath(root, path, path)
        found = Input(path, file, _identity(os.fstat(file.fileno())))
    elif order.source == "inline":
        found = _in_memory("the inline text", _inline(order))
    elif order.source == "configMap":
        found = _in_memory("the ConfigMap's value", _configmap(order.value, configmaps))
    else:
        raise InputNotAllowed(f"no such kind of input: {order.source!r}")
    return _Closing(found)


class _Closing:
    """Closes the input's file at the end."""

    def __init__(self, found: Input) -> None:
        self._found = found

    def __enter__(self) -> Input:
        return self._found

    def __exit__(self, *_: object) -> None:
        self._found.file.close()


def open_beneath(root: Path, path: str, name: str) -> IO[bytes]:
    """Open the regular file at `path` beneath `root` for reading, following no link on the way."""
    *folders, last = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in (*folders, last)):
        raise InputNotAllowed(f"{_shown(name)} is no plain path beneath its folder")
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = _step(descriptor, part, _FOLDER, name)
            os.close(descriptor)
            descriptor = inner
        opened_file = _step(descriptor, last, _FILE, name)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(os.fstat(opened_file).st_mode):
        os.close(opened_file)
        raise InputNotAllowed(f"{_shown(name)} is no regular file")
    return os.fdopen(opened_file, "rb", buffering=0)


def _step(folder: int, part: str, flags: int, name: str) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    except (OSError, ValueError) as error:
        if trouble := unavailable(error):
            raise trouble from error
        with suppress(OSError, ValueError):
            if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
                raise InputNotAllowed(f"{_shown(name)}: {_shown(part)} is a symbolic link") from error
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise InputMissing(f"there is no {_shown(name)}") from error
        words = error.strerror if isinstance(error, OSError) else "not a name that a file can have"
        raise InputNotAllowed(f"{_shown(name)} cannot be opened: {words}") from error


def _inline(order: TokenizeOrder) -> bytes:
    try:
        return order.inline_bytes()
    except (Base64Error, ValueError) as error:
        raise InputNotAllowed("the order's inline text is no base64") from error


def _configmap(name: str, folder: Path | None) -> bytes:
    if folder is None or "/" in name or "\0" in name or name in {"", ".", ".."}:
        raise InputNotAllowed(f"no ConfigMap file can have the name {_shown(name)}")
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise InputMissing("the ConfigMap, or the key in it, does not exist") from error


def _in_memory(name: str, content: bytes) -> Input:
    return Input(name, io.BytesIO(content), Source(len(content), sha256=hashlib.sha256(content).hexdigest()))


def _identity(found: os.stat_result) -> Source:
    return Source(found.st_size, modified_ns=found.st_mtime_ns, inode=found.st_ino)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 200 else f"{name[:199]}…")
