"""Runs one sweep: looks at the files first, then at the requests, decides, moves, looks again, deletes.

The order is what makes it safe. A file seen now whose request is listed later is never missed, since a request (or a
Job that it records) comes before its files, and the API touches stored content before it makes a request of it: a
move that meets a file grown young is undone. What was moved is deleted only after a second list, so a request made in
between still gets its content back. Any failure leaves the rest in the trash for the next sweep, which begins with
it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial

from app.cluster import Body, Cluster
from app.errors import AppError
from app.sweep import References, Rules, decide, references
from app.tree import Busy, Tree
from textmill import layout

_log = logging.getLogger("textmill.sweep")


class SweepRefused(AppError):
    """A sweep that will not touch anything."""

    status, reason, title = 409, "SweepRefused", "The sweep does nothing here"
    hint = (
        "See that TEXTMILL_VOLUME, TEXTMILL_NAMESPACE and KUBECONFIG belong together; --help lists what overrides it."
    )


@dataclass
class Report:
    """What one sweep did, or in a dry run would have done."""

    dry_run: bool
    requests: int = 0
    entries: int = 0
    waiting: int = 0
    moved: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    bytes: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the report for printing."""
        return asdict(self)


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
    places = [cluster.namespace, *namespaces]
    try:
        with tree.locked():
            return _sweep(tree, cluster, rules, clock, places, dry_run=dry_run)
    except Busy as error:
        raise SweepRefused(f"The sweep was not begun: {error}.") from error


def needed(cluster: Cluster, namespaces: Iterable[str]) -> References:
    """Return what the requests of these namespaces refer to, listed page by page to the end."""
    return references(body for namespace in namespaces for body in _all(cluster, namespace))


def _all(cluster: Cluster, namespace: str) -> Iterator[Body]:
    token = ""
    while True:
        page = cluster.page(token=token, namespace=namespace)
        yield from page.items
        token = page.token
        if not token:
            return


def _sweep(
    tree: Tree, cluster: Cluster, rules: Rules, clock: Callable[[], float], places: list[str], *, dry_run: bool
) -> Report:
    entries, trashed, record = tree.entries(), tree.trashed(), tree.read_record()
    wanted = needed(cluster, places)
    now = clock()
    plan = decide(entries, trashed, wanted, record, rules, now)
    if plan.refused:
        raise SweepRefused(f"Nothing was swept: {plan.refused}.")
    report = Report(dry_run, wanted.requests, len(entries), len(plan.first_seen))
    if dry_run:
        report.moved = [one.path for one in plan.move]
        report.restored, report.deleted = list(plan.restore), list(plan.purge)
        report.bytes = sum(one.size for one in plan.move)
        return report
    for path in plan.restore:
        _try(report, path, tree.restore, report.restored)
    for one in plan.move:
        _try(report, one.path, partial(tree.move, not_after=now - rules.age(one)), report.moved)
    tree.write_record(dict(plan.first_seen))
    report.bytes = sum(one.size for one in plan.move if one.path in set(report.moved))
    again = needed(cluster, places)
    if again.requests or rules.allow_empty:
        _empty_trash(tree, again, report)
        _remove_empty(tree, report.deleted, again)
    return report


def _empty_trash(tree: Tree, wanted: References, report: Report) -> None:
    """Delete what lies in the trash, but give back what something refers to by now."""
    for path in tree.trashed():
        if wanted.hold(path):
            _try(report, path, tree.restore, report.restored)
        else:
            _try(report, path, tree.purge, report.deleted)


def _remove_empty(tree: Tree, deleted: Iterable[str], wanted: References) -> None:
    tops = {layout.WORK, layout.RESULTS}
    for top, job in sorted({(path.split("/")[0], path.split("/")[1]) for path in deleted}):
        if top in tops and job not in wanted.jobs:
            tree.remove_empty(f"{top}/{job}")


def _try(report: Report, path: str, act: Callable[[str], bool | None], done: list[str]) -> None:
    try:
        if act(path) is not False:
            done.append(path)
    except OSError as error:
        _log.warning("left alone", extra={"path": path, "error": str(error)})
        report.failed.append(path)
