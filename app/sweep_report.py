"""What one sweep did, or in a dry run would have done, for people and for programs.

A volume may hold hundreds of thousands of entries, and the report is one line in a log: all are counted, and of each
kind only the first are named. What waits is told too, so that nobody takes a sweep that frees nothing yet for broken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.sweep import Plan
from textmill.request import to_time

NAMED = 1000
"""Paths of each kind that are named; all are counted."""
_log = logging.getLogger("textmill.sweep")


@dataclass
class Report:
    """Paths, and how many there are in all (`counts`, where more than are named). `waiting` and `waitingBytes` have no
    request and wait for their second look or their age, none goes before `waitingUntil`. `withdrawn` are lost results
    that are not lent any more."""

    dry_run: bool
    requests: int = 0
    entries: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    waiting_until: float | None = None
    moved: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    bytes: int = 0
    withdrawn: int = 0
    more: dict[int, int] = field(default_factory=dict, repr=False)

    def take(self, plan: Plan, requests: int) -> None:
        """Take note of a plan; the last one counts."""
        self.requests, self.entries = requests, max(self.entries, plan.entries)
        waiting = plan.waiting
        self.waiting, self.waiting_bytes, self.waiting_until = waiting.entries, waiting.bytes, waiting.until

    def of_dry_run(self, plan: Plan) -> Report:
        """Say what would be done."""
        for done, paths in ((self.moved, [one.path for one in plan.move]), (self.restored, plan.restore)):
            for path in paths:
                self._add(done, path)
        for path in plan.purge:
            self._add(self.deleted, path)
        self.more[id(self.moved)] = self.more.get(id(self.moved), 0) + plan.more
        self.bytes = sum(one.size for one in plan.move)
        return self

    def attempt(self, path: str, act: Callable[[str], bool | None], done: list[str], size: int = 0) -> bool:
        """Do something to a path and note it; False where it did not take place."""
        try:
            if act(path) is False:
                return False
        except OSError as error:
            _log.warning("left alone", extra={"path": path, "error": str(error)})
            self._add(self.failed, path)
            return False
        self._add(done, path)
        self.bytes += size
        return True

    def count(self, done: list[str]) -> int:
        """Return how many paths of a kind there are."""
        return len(done) + self.more.get(id(done), 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the report for printing."""
        kinds = {"moved": self.moved, "restored": self.restored, "deleted": self.deleted, "failed": self.failed}
        return {
            "dry_run": self.dry_run,
            "requests": self.requests,
            "entries": self.entries,
            "waiting": self.waiting,
            "waitingBytes": self.waiting_bytes,
            "waitingUntil": None if self.waiting_until is None else to_time(self.waiting_until),
            **kinds,
            "counts": {name: self.count(paths) for name, paths in kinds.items()},
            "bytes": self.bytes,
            "withdrawn": self.withdrawn,
        }

    def _add(self, done: list[str], path: str) -> None:
        if len(done) < NAMED:
            done.append(path)
        else:
            self.more[id(done)] = self.more.get(id(done), 0) + 1
