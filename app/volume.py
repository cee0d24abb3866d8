"""The API's hands on the shared volume: taking uploads in, and opening results.

An upload is written to `uploads/incoming/` while it is hashed, then renamed to its content's address; so a crash
leaves a temporary file that the sweep finds, or the whole content, never a part of it under a digest. Content that is
sent again replaces what lies there, so that a file that has rotten is healed by it; its new modification time keeps
the sweep off it until the request exists.
Nothing is ever opened through a symbolic link: other pods write to this volume too.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType

from app.errors import ResultGone, TooLarge, VolumeFull, VolumeNotReady
from textmill import layout

_FULL = (errno.ENOSPC, errno.EDQUOT)
_WRITEBACK = 16 << 20
_WRITE = 2
_sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)
KEEP_FILES = 1000
"""Files that uploads leave to the work: a request takes some ten while it is worked on."""
_IGNORED = {"lost+found", ".snapshot"}


@dataclass(frozen=True)
class Stored:
    """Content that lies whole and durable on the volume."""

    digest: str
    size: int


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Have a failure of the volume raised as one of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise VolumeFull(f"The volume ran full while {doing}.") from error
        if error.errno == errno.EFBIG:
            raise TooLarge(f"The volume takes no file of that size ({doing}).") from error
        raise VolumeNotReady(f"The volume failed while {doing}: {error.strerror or error}.") from error


@dataclass(frozen=True)
class Space:
    """What is free on a volume: bytes, and files (None where its file system does not count them)."""

    bytes: int
    files: int | None
    kept: int = 0
    full: str = ""
    """What an attempt to write said, where it failed for want of room."""

    def lack(self, expected: int = 0) -> str:
        """Return what is missing for an upload of so many bytes, in a sentence; empty where nothing is."""
        if expected + self.kept > self.bytes:
            kept = f" and {self.kept} are kept for the work" if self.kept else ""
            return f"{expected or 'Unknown'} bytes do not fit: {self.bytes} are free{kept}."
        if self.files is not None and self.files < KEEP_FILES:
            return f"The volume takes only {self.files} more files (inodes); {KEEP_FILES} are kept for the work."
        return self.full


class Arrival:
    """One upload that is coming in. Write to it, then `publish`; leaving the block without that removes it."""

    def __init__(self, root: Path, limit: int, keep_free: int = 0) -> None:
        self._root, self._limit, self._keep_free = root, limit, keep_free
        self._hash = hashlib.sha256()
        self.size = self._begun = 0
        self._path = root / layout.INCOMING / f"{secrets.token_hex(16)}.part"
        with translated("an upload began"):
            self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        self._open = True

    def __enter__(self) -> Arrival:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            os.close(self._fd)
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Append data; TooLarge as soon as the limit is passed."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(f"The file has more than the {self._limit} bytes that are taken here.")
        self._hash.update(data)
        rest = memoryview(data)
        with translated("an upload was written"):
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            if self.size - self._begun >= _WRITEBACK:
                # Has the kernel begin to write now what fsync would else have to wait for at the end.
                os.posix_fadvise(self._fd, self._begun, self.size - self._begun, os.POSIX_FADV_DONTNEED)
                self._begun = self.size
                self._look_ahead()

    def _look_ahead(self) -> None:
        """Stop an upload whose length nobody told before it takes what is kept for the work."""
        found = os.fstatvfs(self._fd)
        if found.f_bavail * found.f_frsize < self._keep_free:
            raise VolumeFull(f"The volume has less than {self._keep_free} bytes free, which are kept for the work.")

    def digest(self) -> str:
        """Return the SHA-256 of what came so far."""
        return self._hash.hexdigest()

    def publish(self) -> Stored:
        """Give the content its address; when this returns it survives a power failure."""
        stored = Stored(self.digest(), self.size)
        store(self._root, self._path, self._fd, stored)
        os.close(self._fd)
        self._open = False
        return stored


def store(root: Path, path: Path, fd: int, content: Stored) -> None:
    """Give a file the address of its content, durably.

    What lies there already is replaced: it may have rotten since, and its bytes are not read to find that out. Who
    reads it goes on with the old file.
    """
    target = root / layout.upload(content.digest)
    with translated("an upload was stored"):
        os.fsync(fd)
        target.parent.mkdir(exist_ok=True)
        os.utime(fd)
        path.rename(target)
        sync_folder(target.parent)
        sync_folder(target.parent.parent)


class Volume:
    """The volume's root as this process sees it."""

    def __init__(self, root: Path, namespace: str, claim: str, keep_free: int = 0) -> None:
        self.root = root.absolute()
        self._keep_free = keep_free
        self._marker: dict[str, object] = {"format": 1, "namespace": namespace, "claim": claim}
        self.new = False
        """Whether this process has marked an empty volume, and its namespace's uid is still to be noted there."""

    def prepare(self, *, adopt: bool = False) -> None:
        """Make the top folders, and the marker by which the sweep knows that this volume is Textmill's.

        A folder that holds anything else is left alone (VolumeNotReady) unless `adopt` says that a person wants it.
        """
        with translated("the volume was prepared"):
            if not (self.root / layout.MARKER).is_file():
                self.root.mkdir(parents=True, exist_ok=True)
                found = {name for name in os.listdir(self.root) if not name.startswith(f".{layout.MARKER}")} - _IGNORED
                if not adopt and found - set(layout.TOP_FOLDERS):
                    raise VolumeNotReady("The volume's root holds something that is not Textmill's.")
                self._write_marker()
                self.new = not found
            for name in (*layout.TOP_FOLDERS, layout.INCOMING, layout.RESUMABLE):
                (self.root / name).mkdir(exist_ok=True)

    def _write_marker(self) -> None:
        temporary = self.root / f".{layout.MARKER}.{secrets.token_hex(8)}"
        temporary.write_text(json.dumps(self._marker) + "\n", encoding="utf-8")
        temporary.replace(self.root / layout.MARKER)

    def check(self) -> None:
        """Raise VolumeNotReady unless the volume is Textmill's and an upload could begin."""
        if not (self.root / layout.MARKER).is_file():
            self.prepare()
        with Arrival(self.root, 0):
            pass

    def arrival(self, limit: int, expected: int | None) -> Arrival:
        """Begin an upload of at most `limit` bytes; VolumeFull at once where `expected` bytes cannot fit."""
        self.have_room(expected)
        return Arrival(self.root, limit, self._keep_free)

    def space(self) -> Space:
        """Return what is free on the volume, and whether an upload of unknown size would be let in."""
        with translated("its free space was asked for"):
            found = os.statvfs(self.root)
        files = found.f_favail if found.f_files else None
        return Space(found.f_bavail * found.f_frsize, files, self._keep_free)

    def have_room(self, expected: int | None) -> None:
        """Raise VolumeFull where so many bytes cannot fit, VolumeNotReady where the volume is none.

        What the jobs need to go on with what waits already is left free.
        """
        if not (self.root / layout.MARKER).is_file():
            self.prepare()
        lack = self.space().lack(expected or 0)
        if lack:
            raise VolumeFull(lack)

    def touch(self, digest: str) -> Stored | None:
        """Make stored content young again, so that the sweep leaves it alone; None where it is not stored."""
        with translated("stored content was looked up"):
            size = _touched(self.root / layout.upload(digest))
        return None if size is None else Stored(digest, size)

    def open_output(self, path: str, *names: str) -> FileIO:
        """Open a file beneath a path that a status names, component by component and through no link.

        Raises ResultGone where it is missing or where the path is none that Textmill makes.
        """
        if not layout.is_output(path):
            raise ResultGone(f"The status names {path[:120]!r}, which is no path that Textmill makes.")
        parts = [*path.split("/"), *names]
        try:
            folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for part in parts[:-1]:
                folder = _step(folder, part)
            return _regular(folder, parts[-1])
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                raise ResultGone(f"{'/'.join(parts)} is not on the volume.") from error
            raise VolumeNotReady(f"The volume failed while a result was opened: {error.strerror}.") from error


def _touched(path: Path) -> int | None:
    try:
        os.utime(path, follow_symlinks=False)
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def begin_writing(fd: int, start: int, size: int) -> None:
    """Have the kernel begin to write a range, and wait for nothing: a sync later on then finds most of it done.

    posix_fadvise would do so as well, but drops the pages, which costs more than it saves where a sync is near. Systems
    without the call do without.
    """
    if _sync_file_range is not None:
        _sync_file_range(fd, ctypes.c_int64(start), ctypes.c_int64(size), _WRITE)


def sync_folder(path: Path) -> None:
    """Have a folder's names survive a power failure."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _step(folder: int, name: str) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _regular(folder: int, name: str) -> FileIO:
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.ENOENT, "not a regular file")
    return os.fdopen(fd, "rb", buffering=0)
