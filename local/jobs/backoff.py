"""How long a failed pod's replacement waits.

The delay doubles with each failure since the last success. It is worked out from the pods themselves,
which stay until the Job goes, so a controller that was killed waits no shorter. With a limit for each
index, each index waits for itself, and the newest failed pod of an index is held back from counting until
its replacement carries its failures on. Pure.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from local import objects
from local.jobs import model, policy, tally
from local.objects import Json


def finish_time(pod: Json) -> datetime | None:
    """When the pod ended: its last container's end, or when its deletion was asked for."""
    ends = [
        objects.parse_time(ended["finishedAt"])
        for container in objects.status(pod).get("containerStatuses") or []
        if (ended := (container.get("state") or {}).get("terminated")) and ended.get("finishedAt")
    ]
    if ends:
        return max(ends)
    meta = objects.meta(pod)
    if meta.get("deletionTimestamp"):
        grace = timedelta(seconds=int(meta.get("deletionGracePeriodSeconds") or 0))
        return objects.parse_time(meta["deletionTimestamp"]) - grace
    ready = objects.condition(pod, "Ready") or {}
    stamp = ready.get("lastTransitionTime") or meta.get("creationTimestamp")
    return objects.parse_time(stamp) if stamp else None


def delay(failures: int, settings: model.Settings) -> float:
    """The wait after so many failures in a row."""
    if failures < 1:
        return 0.0
    return float(min(settings.backoff_base * 2 ** min(failures - 1, 30), settings.backoff_limit))


def remaining(job: model.Job, pods: Iterable[Json], now: datetime, settings: model.Settings) -> float:
    """How much longer the Job waits before it may create a pod."""
    ended = [(finish_time(pod), tally.failed(job, pod)) for pod in pods if _ended(job, pod)]
    successes = [when for when, bad in ended if when is not None and not bad]
    since = max(successes, default=None)
    failures = [when for when, bad in ended if when is not None and bad and (since is None or when > since)]
    if not failures:
        return 0.0
    return _left(max(failures), delay(len(failures), settings), now)


def _ended(job: model.Job, pod: Json) -> bool:
    return model.terminal(pod) or tally.failed(job, pod)


def _left(start: datetime, wait: float, now: datetime) -> float:
    return max(0.0, wait - (now - start).total_seconds())


class IndexRecord:
    """The failures of one index, as its failed pods tell them."""

    def __init__(self, job: model.Job, pods: Sequence[Json]) -> None:
        """Take the pods of this index that have failed, at least one."""
        self.newest = max(pods, key=lambda pod: _failures(job, pod))
        self.failures, self.ignored = _failures(job, self.newest)[:2]
        verdicts = [policy.judge(job.rules, pod).action for pod in pods if model.phase(pod) == "Failed"]
        limit = job.per_index_limit
        self.lost = policy.FAIL_INDEX in verdicts or (limit is not None and self.failures > limit)

    def remaining(self, now: datetime, settings: model.Settings) -> float:
        """How much longer this index waits."""
        start = finish_time(self.newest)
        return 0.0 if start is None else _left(start, delay(self.failures + self.ignored, settings), now)


def _failures(job: model.Job, pod: Json) -> tuple[int, int, str]:
    """What a failed pod inherited plus its own failure; the uid breaks ties."""
    notes = objects.annotations(pod)
    counted = int(notes.get(model.INDEX_FAILURES) or 0)
    ignored = int(notes.get(model.INDEX_IGNORED) or 0)
    if model.phase(pod) == "Failed" and policy.judge(job.rules, pod).action == policy.IGNORE:
        return counted, ignored + 1, objects.uid(pod)
    return counted + 1, ignored, objects.uid(pod)


def by_index(job: model.Job, pods: Iterable[Json]) -> dict[int, IndexRecord]:
    """The failures of each index that has any."""
    grouped: dict[int, list[Json]] = {}
    for pod in pods:
        index = model.index_of(pod)
        if index is not None and tally.failed(job, pod):
            grouped.setdefault(index, []).append(pod)
    return {index: IndexRecord(job, found) for index, found in grouped.items()}
