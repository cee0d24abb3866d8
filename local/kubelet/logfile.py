"""A container's log, in the format of the container runtime interface, and how it is read.

Each line is `TIME stdout F TEXT`; a line too long for one record is cut into parts tagged P. Only the
current file is ever served, as by the real kubelet: at 10 MiB the file is set aside (one is kept) and a
new one begun. So a reader that wants everything must not let its output grow past that.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

LARGEST = 10 * 1024 * 1024
_RECORD = 16 * 1024


@dataclass(frozen=True)
class Selection:
    """Which part of a log is asked for."""

    tail: int | None = None
    since: datetime | None = None
    limit: int | None = None
    timestamps: bool = False


class LogWriter:
    """Takes a process's output and writes records."""

    def __init__(self, path: Path, now: Callable[[], datetime], largest: int = LARGEST) -> None:
        """Open the file for appending."""
        self._path = path
        self._now = now
        self._largest = largest
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        self._size = self._file.tell()
        self._rest = b""
        self.grown = asyncio.Event()
        self.closed = False

    def write(self, data: bytes) -> None:
        """Take output as it comes; a line is written when it is whole, or too long."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        records = [part for line in lines for part in _parts(line, whole=True)]
        while len(self._rest) >= _RECORD:
            records.append((b"P", self._rest[:_RECORD]))
            self._rest = self._rest[_RECORD:]
        self._append(records)

    def close(self) -> None:
        """Write what is left, as a line without an end, and close."""
        if self._rest:
            self._append(list(_parts(self._rest, whole=False)))
            self._rest = b""
        self._file.close()
        self.closed = True
        self.grown.set()

    def _append(self, records: list[tuple[bytes, bytes]]) -> None:
        if not records:
            return
        stamp = _stamp(self._now())
        for tag, text in records:
            if self._size >= self._largest:
                self._rotate()
            self._size += self._file.write(b"%s stdout %s %s\n" % (stamp, tag, text))
        self._file.flush()
        self.grown.set()

    def _rotate(self) -> None:
        self._file.close()
        os.replace(self._path, self._path.with_suffix(".log.1"))
        self._file = self._path.open("ab")
        self._size = 0


def _parts(line: bytes, *, whole: bool) -> Iterator[tuple[bytes, bytes]]:
    while len(line) > _RECORD:
        yield b"P", line[:_RECORD]
        line = line[_RECORD:]
    yield b"F" if whole else b"P", line


def _stamp(moment: datetime) -> bytes:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()


def select(content: bytes, wanted: Selection) -> bytes:
    """The text of a log file that was asked for."""
    records = [record.split(b" ", 3) for record in content.split(b"\n") if record.count(b" ") >= 3]
    if wanted.since is not None:
        first = _stamp(wanted.since)
        records = [record for record in records if record[0] >= first]
    if wanted.tail is not None:
        records = records[_tail_start(records, wanted.tail) :]
    text = b"".join(_text(record, timestamps=wanted.timestamps) for record in records)
    return text if wanted.limit is None else text[: wanted.limit]


def _text(record: list[bytes], *, timestamps: bool) -> bytes:
    stamp, _, tag, text = record
    return (stamp + b" " if timestamps else b"") + text + (b"\n" if tag == b"F" else b"")


def _tail_start(records: list[list[bytes]], lines: int) -> int:
    """Where the last so many lines begin; the parts of a long line belong together."""
    start = len(records)
    while lines > 0 and start > 0:
        start -= 1
        while start > 0 and records[start - 1][2] == b"P":
            start -= 1
        lines -= 1
    return start


def last_output(path: Path, most_bytes: int = 2048, most_lines: int = 80) -> str:
    """The end of the output, for a termination message that falls back to the log."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    return select(content, Selection(tail=most_lines))[-most_bytes:].decode(errors="replace")


def since_seconds(now: datetime, seconds: int) -> datetime:
    """The moment so many seconds ago."""
    return now - timedelta(seconds=seconds)
