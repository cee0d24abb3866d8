"""Writing to the volume: under a temporary name that carries the pod's uid, fsynced, then renamed in one step.

A folder of an artefact therefore is there whole or not at all, whatever kills the pod, and two pods that make the
same one do not meet. A full disk or quota becomes VolumeFull and leaves nothing behind; a TERM signal removes what
is half made. Paths inside the worker's own output are not the input's: `worker/inputs.py` opens those, without
following links.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from textmill import layout
from textmill.artefacts import File
from worker.errors import VolumeFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CHUNK = 1 << 20
_unfinished: set[Path] = set()


@contextmanager
def new_folder(target: Path, pod_uid: str) -> Iterator[Path]:
    """Give a fresh temporary folder beside `target`; it is removed at the end unless `publish` has renamed it."""
    temporary = target.with_name(f".{target.name}.{pod_uid}.tmp")
    with full_volume(temporary):
        _unfinished.add(temporary)
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            temporary.mkdir(parents=True)
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            _unfinished.discard(temporary)


def publish(temporary: Path, target: Path, manifest: str) -> None:
    """Write the manifest, make all of it durable, and give the folder its name, in the place of one that is there."""
    write(temporary / layout.MANIFEST, manifest.encode())
    _sync_folder(temporary)
    try:
        temporary.rename(target)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
            raise
        aside = temporary.with_name(f"{temporary.name}.old")
        target.rename(aside)
        temporary.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    _sync_folder(target.parent)


def write(path: Path, content: bytes) -> File:
    """Write a small file, make it durable, and tell its size and digest."""
    import hashlib

    with path.open("xb") as file:
        file.write(content)
        sync(file)
    return File(len(content), hashlib.sha256(content).hexdigest())


def sync(file: IO[bytes]) -> None:
    """Make what was written to this file durable."""
    file.flush()
    os.fdatasync(file.fileno())


def digest(file: IO[bytes]) -> File:
    """Read an open file from its beginning and tell its size and digest; the position is at the beginning again."""
    import hashlib

    sha, size = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(_CHUNK):
        sha.update(block)
        size += len(block)
    file.seek(0)
    return File(size, sha.hexdigest())


def remove_unfinished() -> None:
    """Remove every temporary folder of this process: what a TERM signal asks for."""
    for path in list(_unfinished):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def full_volume(path: Path) -> Iterator[None]:
    """Turn the system's word for a full disk or quota into VolumeFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise VolumeFull(
                f"no room left on the volume while writing {path.parent.name}/: {error.strerror}"
            ) from error
        raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
