"""A box that cannot be made leaves no process, however its making ends."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cluster import box
from cluster.errors import ClusterError
from cluster.places import Places
from tests.stand_ins import stand_in

UNSHARE = """#!/bin/sh
echo $$ > "$TOLD"
while read -r _; do :; done < "$BLOCKED"
"""
"""Makes no namespaces and waits."""


class Interrupted(BaseException):
    """Stands for a signal."""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A state folder, and an `unshare` that starts nothing."""
    stand_in("unshare", UNSHARE, tmp_path, monkeypatch)
    os.mkfifo(tmp_path / "blocked")
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("BLOCKED", str(tmp_path / "blocked"))
    monkeypatch.setattr(box, "cgroup_roots", list)
    found = Places(tmp_path / "state")
    found.logs.mkdir(parents=True)
    return found


def started(places: Places) -> int:
    """Return the process that `unshare` was, 0 before it has told."""
    told = places.state.parent / "told"
    return int(told.read_text() or 0) if told.exists() else 0


def test_signal_while_the_box_is_made_ends_what_was_started(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        if started(places):
            raise Interrupted

    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(Interrupted):
        box.start(places)
    assert not Path(f"/proc/{started(places)}").exists()
    assert box.process(places) is None


def test_box_that_is_never_made_is_given_up(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "END_SECONDS", 0.0)
    with pytest.raises(ClusterError, match="could not be made"):
        box.start(places)
    assert box.process(places) is None
