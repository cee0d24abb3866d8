"""Decides what the sweep may drop: one pure function over what lies there, what refers to it, and the clock.

Nothing is dropped that a request refers to, that is young, or that was seen without a reference only once: two looks
a grace period apart must agree. Where it is not sure that the list of requests is that of the volume's own namespace,
an empty list beside files, or a plan that would drop more than a set share, is taken for a mistake and refused whole.
What lies in the trash already had its two looks: it comes back when something refers to it now, and else goes.

An entry is an upload, one request's folder of a Job, a left-over temporary folder, or an empty Job folder. There may
be hundreds of thousands, so they are looked at one by one, and only those that go now are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.marks import Looks, Marks, mark
from textmill import layout
from textmill.names import follower

SHARE_FLOOR = 20
"""The share is judged from this many entries on: of three files, two may well go."""
ROUND = 20_000
"""Entries that go in one round; a sweep takes as many rounds as it needs."""


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
    """How careful to be.

    resume: how long a resumable upload is kept after its last piece; arrive: how long another one that is on its way.
    allow_empty: a person says that no request at all is right. sure: the list is that of the volume's own namespace,
    by its uid, so that no share and no empty list is taken for a mistake.
    """

    grace: float
    max_share: float
    allow_empty: bool = False
    resume: float = 86_400.0
    arrive: float = 0.0
    sure: bool = False

    def age(self, entry: Entry) -> float:
        """Return how old something must be to be looked at."""
        if entry.resumable:
            return max(self.grace, self.resume)
        return max(self.grace, self.arrive) if entry.arriving else self.grace


@dataclass(frozen=True)
class References:
    """What the requests refer to: paths with the Jobs' folders above them, and the Jobs of those not settled."""

    requests: int = 0
    paths: Marks = field(default_factory=Marks)
    jobs: Marks = field(default_factory=Marks)

    def hold(self, path: str) -> bool:
        """Tell whether a request needs what lies at this path."""
        top, _, rest = path.partition("/")
        return path in self.paths or (top in (layout.WORK, layout.RESULTS) and self.hold_job(rest.split("/")[0]))

    def hold_job(self, name: str) -> bool:
        """Tell whether a request that is not settled has this Job."""
        return name in self.jobs


@dataclass(frozen=True)
class Waiting:
    """What no request refers to and must still wait: how many entries, their bytes, and when the first may go."""

    entries: int = 0
    bytes: int = 0
    until: float | None = None

    def and_one(self, entry: Entry, until: float) -> Waiting:
        """Return this with one entry more."""
        first = until if self.until is None else min(self.until, until)
        return Waiting(self.entries + 1, self.bytes + entry.size, first)


@dataclass(frozen=True)
class Plan:
    """What to do: move to the trash, take back from it, delete from it; and what to remember for the next look.

    more: entries that are due and do not fit into this round.
    """

    move: tuple[Entry, ...] = ()
    restore: tuple[str, ...] = ()
    purge: tuple[str, ...] = ()
    first_seen: Looks = field(default_factory=Looks)
    refused: str | None = None
    entries: int = field(default=0, compare=False)
    more: int = field(default=0, compare=False)
    waiting: Waiting = field(default=Waiting(), compare=False)


def references(bodies: Iterable[Mapping[str, Any]]) -> References:
    """Return what these requests refer to."""
    count = 0
    jobs: set[str] = set()

    def paths() -> Iterator[str]:
        nonlocal count
        for body in bodies:
            count += 1
            status = body.get("status") or {}
            for path in _paths((body.get("spec") or {}).get("input") or {}, status):
                yield path
                yield path.rpartition("/")[0]
            if not status.get("settled"):
                jobs.update(_jobs(status))

    held = Marks.of(paths())
    return References(count, held, Marks.of(jobs))


def decide(
    entries: Iterable[Entry],
    trashed: Iterable[str],
    needed: References,
    first_seen: Looks,
    rules: Rules,
    now: float,
) -> Plan:
    """Return what one round of a sweep does; `trashed` are the former paths of what lies in the trash.

    What is not in `first_seen` was not seen before the requests were listed, and waits.
    """
    seen = _Seen()
    looks = Looks.of(seen.loose(entries, needed, first_seen, rules, now))
    in_trash = tuple(trashed)
    refused = _refusal(seen, in_trash, needed, rules)
    if refused:
        return Plan(first_seen=first_seen, refused=refused, entries=seen.entries, waiting=seen.waiting)
    return Plan(
        move=tuple(seen.due),
        restore=tuple(path for path in in_trash if needed.hold(path)),
        purge=tuple(path for path in in_trash if not needed.hold(path)),
        first_seen=looks,
        entries=seen.entries,
        more=seen.dropped - len(seen.due),
        waiting=seen.waiting,
    )


class _Seen:
    """What one walk over the entries found."""

    def __init__(self) -> None:
        self.entries = self.lasting = self.lasting_dropped = self.dropped = 0
        self.due: list[Entry] = []
        self.waiting = Waiting()

    def loose(
        self, entries: Iterable[Entry], needed: References, first_seen: Looks, rules: Rules, now: float
    ) -> Iterator[tuple[int, float]]:
        """Look at each entry; return what is to be remembered of those that nothing refers to and that stay."""
        outer = ""
        for one in entries:
            self.entries += 1
            self.lasting += not one.arriving
            if needed.hold(one.path):
                continue
            ripe_at = one.modified + rules.age(one)
            if one.arriving:
                if ripe_at <= now:
                    self._drop(one)
                continue
            known = first_seen.since(one.path)
            since = now if known is None or ripe_at > now else min(known, now)
            if known is None or ripe_at > now or now - since < rules.grace:
                self.waiting = self.waiting.and_one(one, max(ripe_at, since + rules.grace))
                if ripe_at <= now:
                    yield mark(one.path), since
            elif one.path.rpartition("/")[0] != outer:  # else it goes with the folder that it is in
                outer = one.path
                if not self._drop(one):
                    yield mark(one.path), since

    def _drop(self, one: Entry) -> bool:
        self.dropped += 1
        self.lasting_dropped += not one.arriving
        if len(self.due) >= ROUND:
            return False
        self.due.append(one)
        return True


def _refusal(seen: _Seen, in_trash: tuple[str, ...], needed: References, rules: Rules) -> str | None:
    if rules.sure:
        return None
    if needed.requests == 0 and (seen.entries or in_trash) and not rules.allow_empty:
        return f"there is no request at all, but {seen.entries + len(in_trash)} entries on the volume"
    dropped, of = seen.lasting_dropped, seen.lasting
    if of >= SHARE_FLOOR and dropped > rules.max_share * of:
        return f"{dropped} of {of} entries would go, which is more than the share of {rules.max_share:g}"
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
