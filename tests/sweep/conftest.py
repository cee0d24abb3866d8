"""A volume in a temporary folder, a cluster in memory, and a clock that only a test moves."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from app.creation import create
from app.options import Options
from app.sweep import Rules
from app.sweep_report import Report
from app.sweeper import sweep
from app.tree import Tree
from app.volume import Stored, Volume
from tests.api.fake_cluster import FakeCluster

GRACE = 100.0


class Mill:
    """What the API, the workers and the sweep do to one volume, step by step."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 1_000_000.0
        self.cluster = FakeCluster()
        self.volume = Volume(root, "default", "textmill-data")
        self.volume.prepare()
        self.tree = Tree(root)
        self.rules = Rules(grace=GRACE, max_share=1.0)

    def put(self, path: str, content: bytes = b"x", age: float = 0.0) -> Path:
        """Write a file as old as is said, with all folders above it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        for one in (file, *file.parents):
            if one == self.root:
                break
            os.utime(one, (self.now - age, self.now - age))
        return file

    def upload(self, text: bytes, name: str) -> str:
        """Store content and make a request for it, as the API does; return the content's path."""
        stored = self.store(text)
        create(self.cluster, stored, "a.txt", Options(name=name), key=None)
        return f"uploads/{stored.digest[:2]}/{stored.digest}"

    def store(self, text: bytes) -> Stored:
        """Store content, as the API does, at the time of this clock."""
        with self.volume.arrival(1 << 20, None) as arrival:
            arrival.write(text)
            stored = arrival.publish()
        self.touch(f"uploads/{stored.digest[:2]}/{stored.digest}")
        return stored

    def touch(self, path: str) -> None:
        """Give a file the time of this clock."""
        os.utime(self.root / path, (self.now, self.now))

    def sweep(self, *, dry_run: bool = False, rules: Rules | None = None) -> Report:
        """Sweep once."""
        return sweep(self.tree, self.cluster, rules or self.rules, lambda: self.now, dry_run=dry_run)

    def sweep_twice(self) -> Report:
        """Sweep, wait for the grace period, sweep again; return the second report."""
        self.now += GRACE
        self.sweep()
        self.now += GRACE
        return self.sweep()

    def files(self) -> list[str]:
        """Return all files but the marker and what the sweep keeps for itself."""
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if not path.is_dir())
        return sorted(path for path in found if path != "textmill-volume.json" and not path.startswith("trash/."))


def address(text: bytes) -> str:
    """Return where content with this text lies."""
    digest = hashlib.sha256(text).hexdigest()
    return f"uploads/{digest[:2]}/{digest}"


@pytest.fixture
def mill(tmp_path: Path) -> Mill:
    """Return a mill with one request that keeps the list from being empty."""
    made = Mill(tmp_path / "volume")
    made.upload(b"kept", "kept")
    return made
