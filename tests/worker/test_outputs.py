"""A file on its way out: what it is told to be, and what of it the disk is asked to begin with."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from textmill.artefacts import File
from worker import outputs
from worker.outputs import Output, begin_to_write

PIECES = [b"a" * 5, b"b" * 4, b"", b"c" * 20, b"d"]


def test_output_has_all_that_was_written_and_tells_what_it_is(tmp_path: Path) -> None:
    with (tmp_path / "file").open("xb") as file:
        output = Output(file, File)
        for piece in PIECES:
            output.write(piece)
        told = output.end()
    content = b"".join(PIECES)
    assert (tmp_path / "file").read_bytes() == content
    assert told == File(len(content), hashlib.sha256(content).hexdigest())


def test_disk_begins_with_what_the_file_has_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []

    def begin(file: int, start: int) -> int:
        begun.append((start, (tmp_path / "file").stat().st_size))
        return -1  # which is as good as done: nothing depends on it

    monkeypatch.setattr(outputs, "_STEP", 8)
    monkeypatch.setattr(outputs, "_sync_file_range", lambda: begin)
    with (tmp_path / "file").open("xb") as file:
        output = Output(file, File)
        for piece in PIECES:
            output.write(piece)
        output.end()
    assert begun == [(0, 9), (9, 29), (29, 30)]


def test_any_file_may_be_begun_with_and_no_fault_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "file").open("wb") as file:
        begin_to_write(file.fileno())
    begin_to_write(-1)
    monkeypatch.setattr(outputs, "_sync_file_range", lambda: None)  # as outside Linux
    begin_to_write(-1)
