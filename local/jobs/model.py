"""The words of the Job API, a Job read with its defaults, and what a sync may ask for.

Kept apart from `sync` so that each rule (indexes, failure policy, template) can be read and tested alone.
Everything here is a value: no clock, no client.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local import objects
from local.objects import Json

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
MANAGED_BY = "kubernetes.io/job-controller"
UNLIMITED = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """What differs between a cluster and a laptop."""

    backoff_base: float = 10.0
    backoff_limit: float = 600.0
    pods_per_sync: int = 500
    uncounted_per_sync: int = 500


@dataclass(frozen=True)
class Event:
    """An event on the Job, to be posted once the status that it tells of is stored."""

    kind: str
    reason: str
    message: str


@dataclass(frozen=True)
class Plan:
    """What one look at a Job asks for.

    `status` describes the picture that was looked at: whoever creates or deletes pods looks again before
    writing it. Finalizers in `release` may go only after this status is stored, for it is what remembers
    those pods. `lazy` marks a status whose only news is how many pods are active or ready: it may wait a
    little, so that a short Job costs one write less.
    """

    status: Json
    create: tuple[Json, ...] = ()
    delete: tuple[Json, ...] = ()
    delete_uncounted: tuple[Json, ...] = ()
    release: tuple[Json, ...] = ()
    events: tuple[Event, ...] = ()
    requeue: float | None = None
    lazy: bool = False
    delete_job: bool = False


@dataclass(frozen=True)
class Job:
    """A Job object with its defaults filled in, whether or not the API server did so."""

    obj: Json = field(repr=False)

    @cached_property
    def spec(self) -> Json:
        """The spec as it was written."""
        return objects.spec(self.obj)

    @cached_property
    def status(self) -> Json:
        """The status as it is stored."""
        return objects.status(self.obj)

    def _number(self, name: str, default: int) -> int:
        value: Any = self.spec.get(name)
        return default if value is None else int(value)

    @property
    def indexed(self) -> bool:
        """Whether each completion has an index of its own."""
        return bool(self.spec.get("completionMode") == "Indexed")

    @property
    def completions(self) -> int | None:
        """How many pods must succeed; None is a work queue, done when one has succeeded and none is active."""
        if self.spec.get("completions") is not None:
            return int(self.spec["completions"])
        return None if self.spec.get("parallelism") is not None else 1

    @property
    def parallelism(self) -> int:
        """How many pods may be active at once."""
        return self._number("parallelism", 1)

    @property
    def per_index_limit(self) -> int | None:
        """How many failures each index may have, if they are counted by index."""
        value = self.spec.get("backoffLimitPerIndex")
        return None if value is None else int(value)

    @property
    def backoff_limit(self) -> int:
        """How many failures the Job may have."""
        return self._number("backoffLimit", 6 if self.per_index_limit is None else UNLIMITED)

    @property
    def max_failed_indexes(self) -> int | None:
        """How many indexes may fail before the Job is given up."""
        value = self.spec.get("maxFailedIndexes")
        return None if value is None else int(value)

    @property
    def suspended(self) -> bool:
        """Whether no pod may run for now."""
        return bool(self.spec.get("suspend"))

    @property
    def rules(self) -> list[Json]:
        """The rules of the pod failure policy, in their order."""
        return list((self.spec.get("podFailurePolicy") or {}).get("rules") or [])

    @property
    def replaces_only_failed(self) -> bool:
        """Whether a pod that is being deleted is replaced only when it has ended."""
        policy = self.spec.get("podReplacementPolicy")
        return bool(policy == "Failed" or (policy is None and self.spec.get("podFailurePolicy")))

    @property
    def template(self) -> Json:
        """What its pods look like."""
        found: Json = self.spec.get("template") or {}
        return found

    @property
    def restarts_in_place(self) -> bool:
        """Whether failed containers are restarted in their pod."""
        return bool(objects.spec(self.template).get("restartPolicy") == "OnFailure")

    @property
    def finished(self) -> Json | None:
        """The condition that ended it, if it has ended."""
        for kind in ("Complete", "Failed"):
            found = objects.condition(self.obj, kind)
            if found is not None and found.get("status") == "True":
                return found
        return None


def tracked(pod: Json) -> bool:
    """Whether the pod is still held until it has been counted."""
    return FINALIZER in (objects.meta(pod).get("finalizers") or [])


def phase(pod: Json) -> str:
    """The pod's phase; one that nobody has looked at is Pending."""
    return str(objects.status(pod).get("phase") or "Pending")


def terminal(pod: Json) -> bool:
    """Whether its containers have all ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def active(pod: Json) -> bool:
    """Whether it runs, or will."""
    return not terminal(pod) and not objects.deleting(pod)


def index_of(pod: Json) -> int | None:
    """The completion index of a pod, None where it carries none that can be read."""
    text = objects.annotations(pod).get(INDEX, "")
    return int(text) if text.isdecimal() else None
