"""The status of a pod, built from the states of its containers.

The same words and the same rules as the real kubelet's, since the Job controller, our operator and
`kubectl` read them. The whole status is built each time from what is known, so that one PATCH tells of
everything at once. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local import objects
from local.objects import Json

HOST_IP = "127.0.0.1"


@dataclass
class ContainerState:
    """What is known of one container: exactly one of waiting, running and terminated is set."""

    name: str
    image: str
    init: bool = False
    waiting: Json | None = field(default_factory=lambda: {"reason": "ContainerCreating"})
    running: Json | None = None
    terminated: Json | None = None
    last: Json | None = None
    restarts: int = 0
    container_id: str = ""

    def wait(self, reason: str, message: str = "") -> None:
        """It waits, for this reason; how it last ended is kept."""
        if self.terminated is not None:
            self.last = {"terminated": self.terminated}
        self.waiting = {"reason": reason, "message": message} if message else {"reason": reason}
        self.running = self.terminated = None

    def run(self, moment: datetime, container_id: str) -> None:
        """Its process has started."""
        self.waiting, self.running, self.terminated = None, {"startedAt": objects.format_time(moment)}, None
        self.container_id = container_id

    def end(self, terminated: Json) -> None:
        """Its process has ended."""
        self.waiting, self.running, self.terminated = None, None, terminated

    @property
    def failed(self) -> bool:
        """Whether it ended with another exit code than 0."""
        return self.terminated is not None and self.terminated["exitCode"] != 0

    @property
    def succeeded(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.terminated is not None and self.terminated["exitCode"] == 0

    def show(self) -> Json:
        """The containerStatus."""
        if self.running is not None:
            state: Json = {"running": self.running}
        elif self.terminated is not None:
            state = {"terminated": self.terminated}
        else:
            state = {"waiting": self.waiting}
        ready = self.succeeded if self.init else self.running is not None
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "" if self.waiting is not None and not self.container_id else f"folder://{self.image}",
            **({"containerID": self.container_id} if self.container_id else {}),
            "ready": ready,
            "started": self.running is not None,
            "restartCount": self.restarts,
            "state": state,
            "lastState": self.last or {},
        }


@dataclass(frozen=True)
class Verdict:
    """What ends a pod, or keeps it, from outside its containers."""

    phase: str
    reason: str = ""
    message: str = ""
    disrupted: bool = False


def phase_of(pod: Json, states: Sequence[ContainerState], *, stopping: bool) -> str:
    """The phase that the containers come to; a pod that is being stopped restarts nothing."""
    policy = objects.spec(pod).get("restartPolicy") or "Always"
    inits = [state for state in states if state.init]
    mains = [state for state in states if not state.init]
    never = policy == "Never" or stopping
    if never and any(state.failed for state in inits):
        return "Failed"
    if mains and all(state.terminated is not None for state in mains):
        if any(state.failed for state in mains):
            return "Failed" if never else "Running"
        return "Running" if policy == "Always" and not stopping else "Succeeded"
    started = any(state.running is not None or state.terminated is not None or state.last for state in mains)
    return "Running" if started else "Pending"


def build(
    pod: Json,
    states: Sequence[ContainerState],
    now: datetime,
    verdict: Verdict | None = None,
    *,
    stopping: bool = False,
) -> Json:
    """The whole status of a pod."""
    old = objects.status(pod)
    phase = verdict.phase if verdict else phase_of(pod, states, stopping=stopping)
    stamp = objects.format_time(now)
    status: Json = {
        "phase": phase,
        "conditions": _conditions(old, states, phase, stamp, verdict),
        "hostIP": HOST_IP,
        "hostIPs": [{"ip": HOST_IP}],
        "podIP": HOST_IP,
        "podIPs": [{"ip": HOST_IP}],
        "startTime": old.get("startTime") or stamp,
        "containerStatuses": [state.show() for state in states if not state.init],
    }
    inits = [state.show() for state in states if state.init]
    if inits:
        status["initContainerStatuses"] = inits
    if verdict and verdict.reason:
        status |= {"reason": verdict.reason, "message": verdict.message}
    return status


def _conditions(
    old: Json, states: Sequence[ContainerState], phase: str, stamp: str, verdict: Verdict | None
) -> list[Json]:
    """The kubelet's own conditions, after those of others, which stay as they are."""
    inits = [state for state in states if state.init]
    mains = [state for state in states if not state.init]
    ended = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "")
    unready = [state.name for state in mains if state.running is None]
    pending = [state.name for state in inits if not state.succeeded]
    why = f"containers with unready status: [{' '.join(unready)}]"
    ready = (
        ("True", "", "")
        if not unready and not ended
        else ("False", ended or "ContainersNotReady", "" if ended else why)
    )
    initialized = (
        ("False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(pending)}]")
        if pending
        else ("True", "PodCompleted" if phase == "Succeeded" else "", "")
    )
    wanted = {"PodScheduled": ("True", "", ""), "Initialized": initialized, "ContainersReady": ready, "Ready": ready}
    if verdict and verdict.disrupted:
        wanted["DisruptionTarget"] = ("True", "TerminationByKubelet", verdict.message)
    before = {str(one.get("type")): one for one in old.get("conditions") or []}
    shown = [one for kind, one in before.items() if kind not in wanted]
    return shown + [_condition(kind, words, before.get(kind), stamp) for kind, words in wanted.items()]


def _condition(kind: str, words: tuple[str, str, str], before: Json | None, stamp: str) -> Json:
    status, reason, message = words
    same = before is not None and before.get("status") == status
    made: Json = {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": before.get("lastTransitionTime", stamp) if before is not None and same else stamp,
    }
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made
