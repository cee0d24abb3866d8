"""What the planner can ask for. Each action is plain data; the operator's executor is the one place that performs them.

Every action can be done twice, or on a stale picture, without harm: writes are guarded by the resourceVersion
they were planned on, Jobs have names that never recur, and `Recreate` and `Collect` are checked against the
API before they act. A request waits for a Job while it exists under the recorded uid, is not being deleted,
and its `status.live_job` names that Job, or the tokenizer that the Job follows (`Follow`); a name that merely stands in
`status.jobs` is history.

The limit on pods holds as long as the picture contains what its own leader has done: views begin with a full
list, the answer to each own write of a request and to each own creation of a Job enters them at once, and
`Collect` deletes a Job that may have pods at work in the foreground, so that it is seen until they are gone. Everything
else holds on any picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from textmill.errors import BadObject
from textmill.names import Stage
from textmill.orders import TEXT_TO_COME, Order, TokenizeOrder, inline_value
from textmill.picture import Job, Member, Pod
from textmill.request import Kept, Request


@dataclass(frozen=True)
class Note:
    """An event on the request, for `kubectl describe`."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True)
class Write:
    """Replace the status of a request, if it is still at the version that was seen; `label` is then its reuse key."""

    request: Request
    status: dict[str, Any]
    notes: tuple[Note, ...] = ()
    label: str | None = None


@dataclass(frozen=True)
class ConfigMapKey:
    """A ConfigMap's key that a request names as input; mounted as a file named by the request's uid."""

    uid: str
    name: str
    key: str


@dataclass(frozen=True)
class JobPlan:
    """All that a Job is made from. timeout in seconds; shards > 1 makes an Indexed Job with that many completions."""

    name: str
    namespace: str
    stage: Stage
    members: tuple[Member, ...]
    orders: tuple[Order, ...]
    timeout: int
    shards: int = 1
    parallelism: int = 1
    config_maps: tuple[ConfigMapKey, ...] = ()

    def only(self, uids: set[str]) -> JobPlan:
        """Return the same Job for these members alone: the others' intent could not be recorded."""
        return replace(
            self,
            members=tuple(one for one in self.members if one.uid in uids),
            orders=tuple(one for one in self.orders if one.id in uids),
            config_maps=tuple(one for one in self.config_maps if one.uid in uids),
        )

    def with_texts(self, members: Iterable[Request]) -> JobPlan:
        """Return the same Job with the inline texts of these members, which are not kept; BadObject where one lacks."""
        texts = {one.uid: one.spec.input.inline for one in members}
        return replace(self, orders=tuple(_with_text(one, texts.get(one.id)) for one in self.orders))


def _with_text(order: Order, text: str | Kept | None) -> Order:
    if not isinstance(order, TokenizeOrder) or order.value != TEXT_TO_COME or order.source != "inline":
        return order
    if not isinstance(text, str):
        raise BadObject(f"the inline text of {order.id} is not at hand")
    return order._replace(value=inline_value(text))


@dataclass(frozen=True)
class Launch:
    """Record the intent in each member's status, then create the Job for those where that worked."""

    job: JobPlan
    writes: tuple[Write, ...]


@dataclass(frozen=True)
class Follow:
    """Create the count of a batch straight after its tokenizer, with nothing written: its members wait for the Job that
    bears the name which follows from their tokenizer's, so it is theirs whoever creates it, and exists once only."""

    job: JobPlan


@dataclass(frozen=True)
class Recreate:
    """Create a Job that is recorded but does not exist, after asking the API whether it is still recorded."""

    job: JobPlan


@dataclass(frozen=True)
class Grow:
    """Record that a Job may have so many pods at once, where that is not recorded yet, then tell the Job."""

    job: Job
    parallelism: int
    write: Write | None = None


@dataclass(frozen=True)
class Read:
    """Read a pod's log and unseal its reports; the plan does not wait for it."""

    pod: Pod


@dataclass(frozen=True)
class Peek:
    """Look at the end of a running pod's log for how far it is; the plan does not wait for it."""

    pod: Pod


@dataclass(frozen=True)
class ListPods:
    """List the pods of an ended Job from the API: those that the watch has not shown are lost only by its word."""

    job: Job


@dataclass(frozen=True)
class Inspect:
    """Read a Job's events for why it has no pod."""

    job: Job


@dataclass(frozen=True)
class Collect:
    """Delete a Job that no request of the picture waits for, after asking the API unless its members are known gone.

    idle: none of its pods is at work, and none can come.
    """

    job: Job
    idle: bool = False


@dataclass(frozen=True)
class Notify:
    """Write down an attempt to tell of a request's end, then make it; the plan does not wait for its answer."""

    write: Write


@dataclass(frozen=True)
class LookUp:
    """Look for known results that answer these requests (of one namespace)."""

    namespace: str
    requests: tuple[Request, ...]


Action = Write | Launch | Follow | Recreate | Grow | Read | Peek | ListPods | Inspect | Collect | Notify | LookUp


@dataclass(frozen=True)
class Fault:
    """A step of planning that raised: for what, and what it was. The others are planned for as without it."""

    what: str
    error: Exception = field(compare=False)


@dataclass(frozen=True)
class Plan:
    """Actions to perform now, and when to plan again if nothing changes before (seconds since the epoch)."""

    actions: tuple[Action, ...] = ()
    wake_at: float | None = None
    faults: tuple[Fault, ...] = ()
