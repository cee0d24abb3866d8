"""The state on disk: one SQLite file, written by one thread in groups.

Only this thread touches SQLite, so the event loop never waits for a disk. While one group commits the next one
gathers, which makes the cost of a commit fall as load rises. A write is reported done only after its COMMIT; with
SQLite's WAL that survives kill -9 of this process at any point (and power loss too, with `fsync`). A failed commit
fails its whole group and all that was queued behind it: later writes were computed from the lost ones.
"""

import contextlib
import pathlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .records import Key

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name));
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
FORMAT = 1
GROUP = 512
UPSERT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)"
DELETE = "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?"
VERSION = "INSERT OR REPLACE INTO facts VALUES ('version', ?)"

Done = Callable[[int, BaseException | None], None]


class JournalError(Exception):
    """The state file cannot be used; the server must not start on it."""

    reason = "StateUnusable"
    hint = "stop the other server that uses this folder, or name another one with --state"
    retryable = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: a body to keep, or None for a removal; after a failure the rest of its epoch fails too."""

    key: Key
    version: int
    raw: bytes | None
    epoch: int = 0


class Journal:
    """Appends changes in groups and reports how many of them are now safe."""

    def __init__(self, path: pathlib.Path, *, fsync: bool = False) -> None:
        self._path = path
        self._fsync = fsync
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._done: Done | None = None
        self._thread: threading.Thread | None = None
        self._reader = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=2)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._fsync else 'NORMAL'}")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.executescript(SCHEMA)
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('format', ?)", (FORMAT,))
        except sqlite3.Error as error:
            raise JournalError(f"cannot use {self._path}: {error}") from error
        (found,) = connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()
        if found != FORMAT:
            raise JournalError(f"{self._path} has format {found}, this server writes format {FORMAT}")
        return connection

    def version(self) -> int:
        """The last resourceVersion that was made safe; 0 in a new file."""
        row = self._reader.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()
        return int(row[0]) if row else 0

    def load(self) -> Iterator[tuple[Key, bytes]]:
        """Everything that is kept; only before `start`."""
        for resource, namespace, name, raw in self._reader.execute("SELECT * FROM objects"):
            yield Key(resource, namespace, name), raw

    def start(self, done: Done) -> None:
        """Begin to write; `done(count, error)` is called in the writer's thread, in the order of `append`."""
        self._done = done
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, entry: Entry) -> None:
        """Queue one change."""
        self._queue.put(entry)

    def close(self) -> None:
        """Write what is queued, then stop."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        self._reader.close()

    def _run(self) -> None:
        last, failed, error = False, -1, None
        while not last:
            group, last = self._gather()
            doomed = [entry for entry in group if entry.epoch == failed]
            sound = group[len(doomed) :]
            self._tell(len(doomed), error)
            try:
                self._write(sound)
                self._tell(len(sound), None)
            except sqlite3.Error as problem:
                failed, error = sound[0].epoch, problem
                self._tell(len(sound), error)

    def _tell(self, count: int, error: sqlite3.Error | None) -> None:
        if count and self._done is not None:
            self._done(count, error)

    def _gather(self) -> tuple[list[Entry], bool]:
        group: list[Entry] = []
        entry = self._queue.get()
        while entry is not None:
            group.append(entry)
            if len(group) >= GROUP:
                return group, False
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _write(self, group: Sequence[Entry]) -> None:
        if not group:
            return
        connection = self._reader
        connection.execute("BEGIN IMMEDIATE")
        try:
            for entry in group:
                if entry.raw is None:
                    connection.execute(DELETE, entry.key)
                else:
                    connection.execute(UPSERT, (*entry.key, entry.raw))
            connection.execute(VERSION, (group[-1].version,))
            connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
