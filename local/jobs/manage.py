"""Which pods a running Job lacks, and which it has too many of.

Works on one picture: whoever acts on these steps looks again afterwards. Pods that go because the Job is
suspended or wants fewer of them are let go uncounted; those that go because the Job has ended count as
failures, as they do on a real cluster. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from local import objects
from local.jobs import backoff, model, template
from local.jobs.backoff import IndexRecord
from local.jobs.tally import Tally
from local.objects import Json


@dataclass(frozen=True)
class Steps:
    """What to create and delete now, and how long to wait for what may not be done yet."""

    create: tuple[Json, ...] = ()
    delete: tuple[Json, ...] = ()
    delete_uncounted: tuple[Json, ...] = ()
    wait: float | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is created, deleted or waited for."""
        return not (self.create or self.delete or self.delete_uncounted or self.wait)


def stop(tally: Tally) -> Steps:
    """End all that is active, since the Job has ended."""
    return Steps(delete=tuple(tally.active))


def steps(
    job: model.Job,
    own: Sequence[Json],
    tally: Tally,
    *,
    records: Mapping[int, IndexRecord],
    lost: frozenset[int],
    now: datetime,
    settings: model.Settings,
) -> Steps:
    """Bring the number of active pods to what the Job wants."""
    if job.suspended:
        return Steps(delete_uncounted=tuple(tally.active))
    wanted = _wanted(job, tally)
    surplus = _surplus(job, tally.active, len(tally.active) - wanted)
    if surplus:
        return Steps(delete_uncounted=tuple(surplus[: settings.pods_per_sync]))
    waited_for = len(tally.terminating) if job.replaces_only_failed else 0
    missing = min(wanted - waited_for - len(tally.active), settings.pods_per_sync)
    if missing <= 0:
        return Steps()
    if job.per_index_limit is None:
        wait = backoff.remaining(job, own, now, settings)
        if wait > 0:
            return Steps(wait=wait)
    if not job.indexed:
        return Steps(create=(template.pod(job),) * missing)
    return _indexed(job, tally, missing, records=records, lost=lost, now=now, settings=settings)


def _wanted(job: model.Job, tally: Tally) -> int:
    """How many pods should be active."""
    if job.completions is None:
        return len(tally.active) if tally.succeeded else job.parallelism
    return max(0, min(job.completions - tally.succeeded, job.parallelism))


def _surplus(job: model.Job, active: Sequence[Json], number: int) -> list[Json]:
    """The pods to let go: doubles and strangers of an index first, then the least far along."""
    stray: list[Json] = []
    if job.indexed:
        seen: set[int] = set()
        for pod in sorted(active, key=_progress):
            index = model.index_of(pod)
            if index is None or index in seen or index >= (job.completions or 0):
                stray.append(pod)
            else:
                seen.add(index)
    if len(stray) >= number:
        return stray
    known = {objects.uid(pod) for pod in stray}
    rest = [pod for pod in sorted(active, key=_progress, reverse=True) if objects.uid(pod) not in known]
    return stray + rest[: number - len(stray)]


def _progress(pod: Json) -> tuple[bool, bool, bool, str, str]:
    """Sorts the furthest along first: bound, running, ready, oldest."""
    return (
        not objects.spec(pod).get("nodeName"),
        model.phase(pod) != "Running",
        not objects.condition_true(pod, "Ready"),
        str(objects.meta(pod).get("creationTimestamp") or ""),
        objects.name(pod),
    )


def _indexed(
    job: model.Job,
    tally: Tally,
    missing: int,
    *,
    records: Mapping[int, IndexRecord],
    lost: frozenset[int],
    now: datetime,
    settings: model.Settings,
) -> Steps:
    """One pod for each of the first indexes that are free and need not wait."""
    busy = _indexes(tally.active) | tally.completed_indexes | lost
    if job.replaces_only_failed:
        busy |= _indexes(tally.terminating)
    create: list[Json] = []
    waits: list[float] = []
    for index in range(job.completions or 0):
        if len(create) >= missing:
            break
        if index in busy:
            continue
        record = records.get(index)
        wait = record.remaining(now, settings) if record else 0.0
        if wait > 0:
            waits.append(wait)
        elif job.per_index_limit is None:
            create.append(template.pod(job, index))
        elif record is None:
            create.append(template.pod(job, index, failures=0))
        else:
            create.append(template.pod(job, index, record.failures, record.ignored))
    return Steps(create=tuple(create), wait=min(waits, default=None))


def _indexes(pods: Iterable[Json]) -> frozenset[int]:
    return frozenset(index for pod in pods if (index := model.index_of(pod)) is not None)


def held_back(records: Mapping[int, IndexRecord], tally: Tally, lost: frozenset[int]) -> list[Json]:
    """The newest failed pod of each index that waits for a replacement, which will carry the count on."""
    settled = _indexes(tally.active) | tally.completed_indexes | lost
    return [record.newest for index, record in records.items() if index not in settled]
