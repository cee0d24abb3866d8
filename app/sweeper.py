"""Runs one sweep: looks at the files first, then at the requests, decides, moves, looks again, deletes.

The order is what makes it safe. A file goes only when it was seen before the requests were listed, so one whose request
comes later is never missed: a request (or a Job that it records) comes before its files, and the API touches stored
content before it makes a request of it; a move that meets a file grown young is undone. The requests are listed once
more right before the first move, so that one that was made while the files were looked at never misses its content,
and again before anything is deleted. Any failure leaves the rest in the trash for the next sweep, which begins with it.

Whether the list can be believed tells the uid of the namespace, which the volume's marker holds: with another one
nothing is touched, with the same any share may go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from app.cluster import Cluster, Denied, NotFound
from app.errors import AppError
from app.listing import Listing
from app.marks import Looks, mark
from app.reuse_labels import take_off
from app.sweep import Plan, References, Rules, decide
from app.sweep_report import Report
from app.tree import NAMESPACE_UID, Busy, Tree
from textmill import layout


class SweepRefused(AppError):
    """A sweep that will not touch anything."""

    status, reason, title = 409, "SweepRefused", "The sweep does nothing here"
    hint = (
        "See that TEXTMILL_VOLUME, TEXTMILL_NAMESPACE and KUBECONFIG belong together. Where they do and all requests "
        "were deleted, add --allow-empty; --help lists what else overrides a refusal."
    )


def sweep(
    tree: Tree,
    cluster: Cluster,
    rules: Rules,
    clock: Callable[[], float],
    *,
    namespaces: Iterable[str] = (),
    dry_run: bool = False,
) -> Report:
    """Sweep the volume once; SweepRefused, or the cluster's error, where nothing may be judged."""
    marker = tree.marker()
    if marker is None:
        raise SweepRefused(f"{tree.root} has no {layout.MARKER}, so it is not known to be Textmill's volume.")
    if marker.get("namespace") != cluster.namespace:
        raise SweepRefused(f"The volume is that of namespace {marker.get('namespace')!r}, not {cluster.namespace!r}.")
    uid, noted = _uid(cluster), marker.get(NAMESPACE_UID)
    if noted and uid and uid != noted:
        raise SweepRefused(
            f"The volume is that of another namespace {cluster.namespace!r}, with the uid {noted}; this one has {uid}. "
            "Where it is right that this one takes it over, run `python -m app init`."
        )
    one = _Sweep(tree, Listing(cluster, [cluster.namespace, *namespaces]), clock, dry_run=dry_run)
    try:
        with tree.locked():
            report = one.run(replace(rules, sure=bool(noted and uid)))
            if uid and not noted and not dry_run:
                tree.pin(uid)
            return report
    except Busy as error:
        raise SweepRefused(f"The sweep was not begun: {error}.") from error


def _uid(cluster: Cluster) -> str:
    """Return the uid of the cluster's namespace; empty where we may not read it."""
    try:
        return cluster.namespace_uid()
    except (Denied, NotFound):
        return ""


class _Sweep:
    """One sweep under way."""

    def __init__(self, tree: Tree, listing: Listing, clock: Callable[[], float], *, dry_run: bool) -> None:
        self._tree, self._listing, self._clock = tree, listing, clock
        self._report = Report(dry_run)

    def run(self, rules: Rules) -> Report:
        tree, report = self._tree, self._report
        now = self._clock()
        # What was seen in an earlier look was there before this list. Without a grace period there is none to wait for.
        seen = tree.read_record() if rules.grace else Looks.of((mark(one.path), now) for one in tree.entries())
        wanted = self._listing.references(lost=self._is_lost)
        while True:
            plan = decide(tree.entries(), tree.trashed(), wanted, seen, rules, now)
            if plan.refused:
                raise SweepRefused(f"Nothing was swept: {plan.refused}.")
            report.take(plan, wanted.requests)
            if report.dry_run:
                return report.of_dry_run(plan)
            for path in plan.restore:
                report.attempt(path, tree.restore, report.restored)
            wanted, moved = self._move(plan, rules, now)
            tree.write_record(plan.first_seen)
            if wanted.requests or rules.allow_empty or rules.sure:
                self._empty_trash(wanted)
            if not plan.more or not moved:
                break
            seen = plan.first_seen
        self._withdraw()
        return report

    def _move(self, plan: Plan, rules: Rules, now: float) -> tuple[References, bool]:
        """Move what is due and has no request now; return what the requests refer to then."""
        report, tree, before = self._report, self._tree, self._report.count(self._report.moved)
        if plan.move:
            wanted = self._listing.references()
            believed = wanted.requests or rules.allow_empty or rules.sure
            for one in plan.move if believed else ():
                if not wanted.hold(one.path):
                    move = partial(tree.move, not_after=now - rules.age(one))
                    report.attempt(one.path, move, report.moved, one.size)
        return self._listing.references(), report.count(report.moved) > before

    def _empty_trash(self, wanted: References) -> None:
        """Delete what lies in the trash, but give back what something refers to by now."""
        tree, report = self._tree, self._report
        jobs: set[str] = set()
        for path in tree.trashed():
            if wanted.hold(path):
                report.attempt(path, tree.restore, report.restored)
            elif report.attempt(path, tree.purge, report.deleted):
                top, job = path.split("/")[:2]
                if top in (layout.WORK, layout.RESULTS) and not wanted.hold_job(job):
                    jobs.add(f"{top}/{job}")
        for path in sorted(jobs):
            tree.remove_empty(path)

    def _is_lost(self, path: str, sizes: dict[str, int]) -> bool:
        return not self._tree.has(path, sizes)

    def _withdraw(self) -> None:
        """Have results that are lost lent no more."""
        for one in self._listing.lost:
            if not self._tree.has(one.path, one.sizes) and take_off(self._listing.cluster, one.body):
                self._report.withdrawn += 1
