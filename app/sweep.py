"""Decides what the sweep may drop: one pure function over what lies there, what refers to it, and the clock.

Nothing is dropped that a request refers to, that is young, or that was seen without a reference only once: two looks
a grace period apart must agree. An empty list of requests beside files, or a plan that would drop more than a set
share, is taken for a mistake (another cluster, another volume) and refused whole. What lies in the trash already had
its two looks: it comes back when something refers to it now, and else goes.

An entry is an upload, one request's folder of a Job, a left-over temporary folder, or an empty Job folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from textmill import layout
from textmill.names import follower

SHARE_FLOOR = 20
"""The share is judged from this many entries on: of three files, two may well go."""


@dataclass(frozen=True)
class Entry:
    """Something on the volume that can go on its own; `modified` is the newest time found in it."""

    path: str
    modified: float
    size: int = 0

    @property
    def arriving(self) -> bool:
        """Tell whether this is an upload on its way, to which no request can ever refer."""
        return self.resumable or self.path.startswith(f"{layout.INCOMING}/")

    @property
    def resumable(self) -> bool:
        """Tell whether this is an upload whose client may still go on with it."""
        return self.path.startswith(f"{layout.RESUMABLE}/")


@dataclass(frozen=True)
class Rules:
    """How careful to be. `resume`: how long a resumable upload is kept after its last piece; `allow_empty`: a person
    says that no request at all is right."""

    grace: float
    max_share: float
    allow_empty: bool = False
    resume: float = 86_400.0

    def age(self, entry: Entry) -> float:
        """Return how old something must be to be looked at."""
        return max(self.grace, self.resume) if entry.resumable else self.grace


@dataclass(frozen=True)
class References:
    """What the requests refer to: paths with all folders above them, and the Jobs of those that are not settled."""

    requests: int = 0
    paths: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()

    def hold(self, path: str) -> bool:
        """Tell whether a request needs what lies at this path."""
        top, _, rest = path.partition("/")
        return path in self.paths or (top in (layout.WORK, layout.RESULTS) and rest.split("/")[0] in self.jobs)


@dataclass(frozen=True)
class Plan:
    """What to do: move to the trash, take back from it, delete from it; and what to remember for the next look."""

    move: tuple[Entry, ...] = ()
    restore: tuple[str, ...] = ()
    purge: tuple[str, ...] = ()
    first_seen: Mapping[str, float] = field(default_factory=dict)
    refused: str | None = None


def references(bodies: Iterable[Mapping[str, Any]]) -> References:
    """Return what these requests refer to."""
    paths: set[str] = set()
    jobs: set[str] = set()
    count = 0
    for body in bodies:
        count += 1
        status = body.get("status") or {}
        for path in _paths((body.get("spec") or {}).get("input") or {}, status):
            paths.add(path)
            paths.update(str(above) for above in PurePosixPath(path).parents)
        if not status.get("settled"):
            jobs.update(_jobs(status))
    return References(count, frozenset(paths), frozenset(jobs))


def decide(
    entries: Iterable[Entry],
    trashed: Iterable[str],
    needed: References,
    first_seen: Mapping[str, float],
    rules: Rules,
    now: float,
) -> Plan:
    """Return what one sweep does; `trashed` are the former paths of what lies in the trash."""
    found, in_trash = tuple(entries), tuple(trashed)
    loose = [one for one in found if not needed.hold(one.path) and one.modified <= now - rules.age(one)]
    seen = {one.path: min(first_seen.get(one.path, now), now) for one in loose if not one.arriving}
    due = tuple(one for one in loose if one.arriving or now - seen[one.path] >= rules.grace)
    refused = _refusal(found, in_trash, due, needed, rules)
    if refused:
        return Plan(first_seen=first_seen, refused=refused)
    gone = {one.path for one in due}
    return Plan(
        move=tuple(one for one in due if one.path.rpartition("/")[0] not in gone),
        restore=tuple(path for path in in_trash if needed.hold(path)),
        purge=tuple(path for path in in_trash if not needed.hold(path)),
        first_seen={path: time for path, time in seen.items() if path not in gone},
    )


def _refusal(
    found: tuple[Entry, ...], in_trash: tuple[str, ...], due: tuple[Entry, ...], needed: References, rules: Rules
) -> str | None:
    lasting = [one for one in found if not one.arriving]
    if needed.requests == 0 and (found or in_trash) and not rules.allow_empty:
        return f"there is no request at all, but {len(found) + len(in_trash)} entries on the volume"
    dropped = sum(not one.arriving for one in due)
    if len(lasting) >= SHARE_FLOOR and dropped > rules.max_share * len(lasting):
        return f"{dropped} of {len(lasting)} entries would go, which is more than the share of {rules.max_share:g}"
    return None


def _jobs(status: Mapping[str, Any]) -> Iterable[str]:
    """Return the Jobs that may be at work for a request. A count that follows its tokenizer is not recorded first."""
    for stage, job in (status.get("jobs") or {}).items():
        if job and job.get("name"):
            yield str(job["name"])
            if stage == "tokenize":
                yield follower(str(job["name"]))


def _paths(asked: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[str]:
    digest = asked.get("upload")
    if isinstance(digest, str) and layout.DIGEST.fullmatch(digest):
        yield layout.upload(digest)
    for place in (status.get("tokens"), (status.get("result") or {}).get("table")):
        if place and place.get("path"):
            yield str(place["path"]).strip("/")
