"""A worker leaves room on the volume to others: where little is free what is big fails, and what is small is done."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from tests.worker.runs import UID, drop, names_beneath, path_order
from tests.worker.test_commands import OTHER, run, unsealed
from textmill.orders import TokenizeOrder, inline_value
from worker import outputs

SMALL = TokenizeOrder(OTHER, "inline", inline_value("small one"))
NAMES = [f"name{number}" for number in range(1000)]
LITTLE = """
import os
from types import SimpleNamespace
os.fstatvfs = lambda _: SimpleNamespace(f_bavail=100, f_frsize=1 << 20)
"""


@pytest.mark.parametrize(
    "content",
    [
        " ".join(Random(1).choices(NAMES, k=2_500_000)).encode(),
        b"".join(b"w%07x " % number for number in range(400_000)),
    ],
    ids=["many ids", "many words"],
)
def test_big_output_leaves_room_and_small_ones_may_use_it(tmp_path: Path, content: bytes) -> None:
    drop(tmp_path, content)
    ended = run(tmp_path, "tokenize", path_order(), SMALL, before=LITTLE, more=f"--keep-free {128 << 20}")
    big, small = unsealed(tmp_path, ended)
    assert (big["id"], big["reason"]) == (UID, "VolumeFull")
    assert "less than 128 MiB are free" in big["message"]
    assert (small["id"], small["tokens"]) == (OTHER, 2)
    assert not any(name.startswith((f"{UID}/", f".{UID}")) for name in names_beneath(tmp_path, "work/tok-job"))


def test_big_output_is_written_where_there_is_room(tmp_path: Path) -> None:
    drop(tmp_path, b"word " * (1 << 20))
    ended = run(tmp_path, "tokenize", path_order(), before=LITTLE, more=f"--keep-free {64 << 20}")
    assert [one["outcome"] for one in unsealed(tmp_path, ended)] == ["done"]


def test_volume_is_asked_once_in_some_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def free(file: int) -> SimpleNamespace:
        asked.append(file)
        return SimpleNamespace(f_bavail=2 if len(asked) < 3 else 1, f_frsize=1)

    monkeypatch.setattr(os, "fstatvfs", free)
    monkeypatch.setattr(outputs, "_keep_free", 2)
    room = outputs.Room(7)
    for _ in range(5):
        room.take(1 << 20)
    assert asked == [7, 7]
    with pytest.raises(OSError, match="left to other work") as refused:
        room.take(1 << 20)
    assert refused.value.errno == errno.ENOSPC
