"""The one thread that ends what takes too long goes on, whatever the volume answers it."""

from __future__ import annotations

import errno
import socket
import threading

import pytest

from app.pace import Pace
from tests.contract.server import PATIENCE


def test_volume_that_cannot_be_asked_leaves_the_deadlines_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.pace.IDLE_SECONDS", 0.0)
    pace, asked = Pace(), threading.Event()
    before = set(threading.enumerate())

    def stale() -> bool:
        asked.set()
        raise OSError(errno.ESTALE, "Stale file handle")

    ours, theirs = socket.socketpair()
    other, far = socket.socketpair()
    with ours, theirs, other, far:
        other.settimeout(PATIENCE)
        broken = pace.begin(ours, PATIENCE, stale)
        assert asked.wait(PATIENCE)
        late = pace.begin(other, 0)

        assert other.recv(1) == b""
        assert (broken.dropped, late.dropped) == (False, True)
        (looking,) = set(threading.enumerate()) - before
        pace.end(broken)
    looking.join(PATIENCE)
    assert not looking.is_alive()
