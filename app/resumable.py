"""Uploads that may be interrupted, as they lie on the volume: `uploads/resumable/ID/`.

What is known of one is the length of its `data` and a small `info.json` beside it, both durable before a client hears
of them; nothing of it is in this process's memory but a running hash, which is made again where it is missing. So any
replica can go on at any time, whatever died. Whoever works on an upload holds the lock on its `lock` (the system frees
it with the process) for one piece; who waits for it leaves a mark, upon which the holder stops reading. Nothing here
speaks to the cluster.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.piece_errors import PiecesMissing, UploadBusy
from app.volume import Stored, Volume, begin_writing, store, sync_folder, translated
from textmill import layout

LOCK_SECONDS = 5.0
RUNNING_HASHES = 256
_READ = 1 << 20
_WRITEBACK = 1 << 20
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Info:
    """What was said at the creation; then `digest` once the data is whole, `request` once that is made.

    `nonce` tells this upload from an earlier one of the same address.
    """

    length: int
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    metadata: str = ""
    shown: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    key: str | None = None
    user: str = ""
    sha256: str | None = None
    partial: bool = False
    parts: list[str] = field(default_factory=list)
    digest: str | None = None
    request: str | None = None
    owner: str = ""


class Upload:
    """One upload, held by this thread."""

    def __init__(self, shelf: Shelf, identity: str, folder: Path, info: Info, fd: int | None) -> None:
        self.identity, self.info = identity, info
        self._shelf, self._folder, self._fd = shelf, folder, fd
        self.offset = self._begun = self._kept = info.length if fd is None else os.fstat(fd).st_size

    @property
    def whole(self) -> bool:
        """Tell whether all bytes are here."""
        return self.offset == self.info.length

    @property
    def modified(self) -> float:
        """Return when the last piece came."""
        return (self._folder if self._fd is None else self._folder / "data").stat().st_mtime

    @property
    def _data(self) -> int:
        if self._fd is None:
            raise PiecesMissing(f"The data of the resumable upload {self.identity!r} is not there any more.")
        return self._fd

    def wanted(self) -> bool:
        """Tell whether somebody waits for this upload."""
        return (self._folder / "wanted").exists()

    def append(self, data: bytes) -> None:
        """Write the next bytes."""
        running = self._shelf.running(self.info.nonce, self.offset)
        rest = memoryview(data)
        with translated("a piece was written"):
            while rest:
                rest = rest[os.write(self._data, rest) :]
        self.offset += len(data)
        if self.offset - self._begun >= _WRITEBACK:
            begin_writing(self._data, self._begun, self.offset - self._begun)
            self._begun = self.offset
        if running is not None:
            running.update(data)
            self._shelf.keep(self.info.nonce, self.offset, running)

    def cut(self, offset: int) -> None:
        """Forget what came after an offset."""
        self._shelf.forget(self.info.nonce)
        with translated("a piece was taken back"):
            os.ftruncate(self._data, offset)
        self.offset = self._begun = self._kept = offset

    def sync(self) -> None:
        """Have what came survive a power failure; the system tells once that it may not, so it is taken back then."""
        if self._fd is not None:
            with translated("a piece was kept"):
                try:
                    os.fdatasync(self._fd)
                except OSError:
                    self.cut(self._kept)
                    raise
            self._kept = self.offset

    def digest(self) -> str:
        """Return the SHA-256 of the data."""
        running = self._shelf.running(self.info.nonce, self.offset)
        if running is None:
            running = hashlib.sha256()
            for block in self.blocks():
                running.update(block)
            self._shelf.keep(self.info.nonce, self.offset, running)
        return str(running.hexdigest())

    def blocks(self) -> Iterator[bytes]:
        """Return the data, piece by piece."""
        position = 0
        while block := os.pread(self._data, _READ, position):
            yield block
            position += len(block)

    def publish(self) -> Stored | None:
        """Give whole data the address of its content; may be done again. None where it has gone since it was done."""
        if self.info.digest is None:
            self.save(digest=self.digest())
        stored = Stored(str(self.info.digest), self.info.length)
        if self._fd is None:
            return self._shelf.volume.touch(stored.digest)
        store(self._shelf.volume.root, self._folder / "data", self._fd, stored)
        os.close(self._fd)
        self._fd = None
        return stored

    def save(self, **changes: Any) -> None:
        """Remember something, durably."""
        self.info = replace(self.info, **changes)
        _write(self._folder, self.info)

    def remove(self) -> None:
        """Forget the upload."""
        self._shelf.forget(self.info.nonce)
        with translated("an upload was ended"):
            shutil.rmtree(self._folder)

    def release(self) -> None:
        """Let go of the data."""
        if self._fd is not None:
            os.close(self._fd)


class Shelf:
    """All resumable uploads of the volume."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self._hashes: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def create(self, identity: str, info: Info) -> bool:
        """Begin an upload; False where there is one of this identity already."""
        self.volume.have_room(info.length)
        place = self._folder(identity)
        making = place.with_name(f".{identity}-{secrets.token_hex(4)}")
        with translated("a resumable upload began"):
            making.mkdir()
            try:
                for name in ("lock", "data"):
                    (making / name).touch(0o644)
                _write(making, info)
                making.rename(place)
            except (OSError, AppError):
                shutil.rmtree(making, ignore_errors=True)
                if place.is_dir():
                    return False
                raise
            sync_folder(place.parent)
        return True

    @contextlib.contextmanager
    def held(self, identity: str, patience: float | None = None) -> Iterator[Upload]:
        """Hold an upload; PiecesMissing where it is none, UploadBusy where its holder does not let go in time."""
        folder = self._folder(identity)
        try:
            lock = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise PiecesMissing(f"There is no resumable upload {identity!r}.") from error
        try:
            _await_lock(lock, folder, LOCK_SECONDS if patience is None else patience)
            upload = self._opened(identity, folder)
            try:
                yield upload
            finally:
                upload.release()
        finally:
            os.close(lock)

    def has(self, identity: str) -> bool:
        """Tell whether there is such an upload."""
        return (self._folder(identity) / "info.json").is_file()

    def identities(self) -> list[str]:
        """Return which uploads there are."""
        try:
            return sorted(one for one in os.listdir(self.volume.root / layout.RESUMABLE) if not one.startswith("."))
        except OSError:
            return []

    def owners(self, since: float) -> Iterator[str]:
        """Return whose each open upload is, of those that had a piece since then."""
        for identity in self.identities():
            folder = self._folder(identity)
            try:
                if (folder / "data").lstat().st_mtime >= since:
                    yield str(json.loads((folder / "info.json").read_bytes()).get("owner", ""))
            except (OSError, ValueError, AttributeError):  # it has just ended
                continue

    def running(self, nonce: str, offset: int) -> Any:
        """Return the running hash of so many bytes, None where this process has none."""
        with self._lock:
            at, running = self._hashes.get(nonce, (0, None))
        if at == offset and running is not None:
            return running
        return hashlib.sha256() if offset == 0 else None

    def keep(self, nonce: str, offset: int, running: Any) -> None:
        """Keep a running hash for the next piece."""
        with self._lock:
            self._hashes[nonce] = (offset, running)
            self._hashes.move_to_end(nonce)
            while len(self._hashes) > RUNNING_HASHES:
                self._hashes.popitem(last=False)

    def forget(self, nonce: str) -> None:
        """Keep no running hash any more."""
        with self._lock:
            self._hashes.pop(nonce, None)

    def _folder(self, identity: str) -> Path:
        return self.volume.root / layout.RESUMABLE / identity

    def _opened(self, identity: str, folder: Path) -> Upload:
        try:
            info = Info(**json.loads((folder / "info.json").read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise PiecesMissing(f"The resumable upload {identity!r} is not there any more.") from error
        try:
            fd = os.open(folder / "data", os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return Upload(self, identity, folder, info, None)
        except OSError as error:
            raise PiecesMissing(f"The data of the resumable upload {identity!r} cannot be opened.") from error
        return Upload(self, identity, folder, info, fd)


def _await_lock(lock: int, folder: Path, patience: float) -> None:
    deadline, asked = time.monotonic() + patience, False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise UploadBusy("The upload is being worked on and was not let go in time.") from error
            if not asked:
                with contextlib.suppress(OSError):
                    (folder / "wanted").touch()
                asked = True
            time.sleep(_POLL_SECONDS)
        else:
            (folder / "wanted").unlink(missing_ok=True)
            return


def _write(folder: Path, info: Info) -> None:
    temporary = folder / ".info.json.new"
    with translated("an upload's state was kept"):
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(info), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "info.json")
        sync_folder(folder)
