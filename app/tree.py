"""The sweep's hands: sees what lies on the volume, moves it to the trash and back, deletes it there.

Every step goes by descriptors of folders and follows no symbolic link, so nothing outside the volume can be reached,
whatever other pods put there; a link counts as itself. Names that Textmill does not make are left alone. Moving is
one rename and deleting happens in the trash only, so a crash leaves things in their place or in the trash, never half
deleted elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from app.marks import Looks, bytes_of, looks_of
from app.sweep import Entry
from textmill import layout

RECORD = ".looks"
NAMESPACE_UID = "namespaceUid"
"""In the marker: the uid of the namespace whose requests refer to the volume."""
_LOCK = ".lock"
_SEPARATOR = "~"
_JOB = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_FAN = re.compile(r"[0-9a-f]{2}")
_TEMPORARY = re.compile(r"\..+\.tmp(\.old)?")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Busy(Exception):
    """Another sweep holds the volume."""


class Tree:
    """The volume as the sweep handles it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the volume against other sweeps; Busy where one runs."""
        with self._folder(layout.TRASH) as trash:
            lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=trash)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy("another sweep of this volume is running") from error
            yield
        finally:
            os.close(lock)

    def marker(self) -> dict[str, object] | None:
        """Return the marker, None where the volume has none that can be read."""
        try:
            found = json.loads((self.root / layout.MARKER).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def entries(self) -> Iterator[Entry]:
        """Return everything that could go on its own, as it is found; what lies within something comes after it."""
        yield from self._uploads()
        for top in (layout.WORK, layout.RESULTS):
            yield from self._outputs(top)

    def has(self, path: str, sizes: Mapping[str, int]) -> bool:
        """Tell whether a folder holds these files in these sizes."""
        try:
            with self._folder(path) as folder:
                found = {name: os.stat(name, dir_fd=folder, follow_symlinks=False) for name in sizes}
        except (FileNotFoundError, NotADirectoryError):
            return False
        return all(stat.S_ISREG(one.st_mode) and one.st_size == sizes[name] for name, one in found.items())

    def trashed(self) -> list[str]:
        """Return the former paths of what lies in the trash."""
        return [name.replace(_SEPARATOR, "/") for name in self._names(layout.TRASH) if _SEPARATOR in name]

    def move(self, path: str, not_after: float) -> bool:
        """Move to the trash; False where it is gone, or newer than `not_after` and so back in its place."""
        above, _, name = path.rpartition("/")
        with self._folder(layout.TRASH) as trash:
            try:
                with self._folder(above) as source:
                    os.rename(name, _trash_name(path), src_dir_fd=source, dst_dir_fd=trash)
            except FileNotFoundError:  # a pod took it away, maybe with the folder that it lay in
                return False
            if _newest(trash, _trash_name(path))[0] <= not_after:
                return True
        self.restore(path)
        return False

    def restore(self, path: str) -> None:
        """Move back from the trash, unless something new has taken the place meanwhile."""
        above, _, name = path.rpartition("/")
        (self.root / above).mkdir(parents=True, exist_ok=True)
        with self._folder(above) as target, self._folder(layout.TRASH) as trash:
            try:
                os.stat(name, dir_fd=target, follow_symlinks=False)
            except FileNotFoundError:
                with contextlib.suppress(FileNotFoundError):
                    os.rename(_trash_name(path), name, src_dir_fd=trash, dst_dir_fd=target)
            else:
                _remove(trash, _trash_name(path))

    def purge(self, path: str) -> None:
        """Delete from the trash."""
        with self._folder(layout.TRASH) as trash:
            _remove(trash, _trash_name(path))

    def remove_empty(self, path: str) -> None:
        """Remove a Job's folder if nothing is in it."""
        above, _, name = path.rpartition("/")
        with self._folder(above) as folder, contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=folder)

    def read_record(self) -> Looks:
        """Return what earlier looks saw without a reference, and since when."""
        try:
            return looks_of((self.root / layout.TRASH / RECORD).read_bytes())
        except (OSError, ValueError):
            return Looks()  # the looks begin anew, which only delays

    def write_record(self, first_seen: Looks) -> None:
        """Keep what this look saw, in one step."""
        self._replace(f"{layout.TRASH}/{RECORD}", bytes_of(first_seen))

    def pin(self, uid: str) -> None:
        """Note in the marker which namespace the volume is of, by its uid."""
        marker = {**(self.marker() or {}), NAMESPACE_UID: uid}
        self._replace(layout.MARKER, json.dumps(marker).encode() + b"\n")

    def _replace(self, path: str, data: bytes) -> None:
        above, _, name = path.rpartition("/")
        temporary = self.root / above / f".{name.lstrip('.')}.{secrets.token_hex(8)}"
        temporary.write_bytes(data)
        temporary.replace(self.root / path)

    def _uploads(self) -> Iterator[Entry]:
        for name in self._names(layout.UPLOADS):
            if _FAN.fullmatch(name):
                digests = (one for one in self._names(f"{layout.UPLOADS}/{name}") if layout.DIGEST.fullmatch(one))
                yield from self._stated(f"{layout.UPLOADS}/{name}", digests)
        arriving = (one for one in self._names(layout.INCOMING) if one.endswith(".part"))
        yield from self._stated(layout.INCOMING, arriving)
        yield from self._stated(layout.RESUMABLE, self._names(layout.RESUMABLE))

    def _outputs(self, top: str) -> Iterator[Entry]:
        for job in filter(_JOB.fullmatch, self._names(top)):
            children = [name for name in self._names(f"{top}/{job}") if _SEPARATOR not in name]
            if not children:
                yield from self._stated(top, [job])
                continue
            yield from self._stated(f"{top}/{job}", children)
            for child in children:
                half_made = [name for name in self._names(f"{top}/{job}/{child}") if _TEMPORARY.fullmatch(name)]
                yield from self._stated(f"{top}/{job}/{child}", half_made)

    def _stated(self, folder: str, names: Iterable[str]) -> Iterator[Entry]:
        found = list(names)
        if not found:
            return
        with self._folder(folder) as fd:
            for name in found:
                with contextlib.suppress(FileNotFoundError):
                    modified, size = _newest(fd, name)
                    yield Entry(f"{folder}/{name}", modified, size)

    def _names(self, folder: str) -> list[str]:
        """Return the names in a folder; none where it is no folder or a link."""
        try:
            with self._folder(folder) as fd:
                return sorted(os.listdir(fd))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return []
            raise

    @contextlib.contextmanager
    def _folder(self, path: str) -> Iterator[int]:
        fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in path.split("/"):
                following = os.open(part, _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = following
            yield fd
        finally:
            os.close(fd)


def _trash_name(path: str) -> str:
    return path.replace("/", _SEPARATOR)


def _newest(folder: int, name: str) -> tuple[float, int]:
    """Return the newest modification time in something, and the bytes in it; links count as themselves."""
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    newest, size = found.st_mtime, found.st_size
    if not stat.S_ISDIR(found.st_mode):
        return newest, size
    size = 0
    for _, _, files, fd in os.fwalk(name, dir_fd=folder, follow_symlinks=False):
        newest = max(newest, os.fstat(fd).st_mtime)
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                inside = os.stat(file, dir_fd=fd, follow_symlinks=False)
                newest, size = max(newest, inside.st_mtime), size + inside.st_size
    return newest, size


def _remove(folder: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            shutil.rmtree(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
