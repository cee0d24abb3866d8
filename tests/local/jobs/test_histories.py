"""Random histories: pods end in any order, the controller dies between any two calls, and each pod is counted once.

The world keeps what an API server would: Jobs with a status, pods with finalizers. The controller's calls
are applied one by one in the controller's order, and a crash drops the rest of them; the next look starts
from the stored world alone.
"""

from datetime import timedelta
from typing import Any

from hypothesis import settings, stateful
from hypothesis import strategies as st

from local import objects
from local.jobs import model
from local.jobs.sync import sync
from local.objects import Json
from tests.local.jobs.making import NOW, job, kinds

SETTINGS = model.Settings(backoff_base=1.0, uncounted_per_sync=3)
COMPLETIONS, PARALLELISM, LIMIT = 5, 3, 4


class World(stateful.RuleBasedStateMachine):
    """A Job, its pods, and the truth about how many ended how."""

    indexed = False

    def __init__(self) -> None:
        """Begin with a Job that nobody has looked at."""
        super().__init__()
        mode = "Indexed" if self.indexed else "NonIndexed"
        spec: dict[str, Any] = {"completions": COMPLETIONS, "parallelism": PARALLELISM, "completionMode": mode}
        self.job = job(backoffLimit=LIMIT, **spec)
        self.pods: dict[str, Json] = {}
        self.now = NOW
        self.made = 0
        self.failures: set[str] = set()
        self.successes: set[str] = set()

    def look(self, survives: int) -> bool:
        """One look of a controller that dies after so many calls; whether it had anything to do."""
        calls = self._calls()
        for call in calls[:survives]:
            call()
        return bool(calls)

    def _calls(self) -> list[Any]:
        plan = sync(self.job, list(self.pods.values()), self.now, SETTINGS)
        moves = [lambda made=made: self._create(made) for made in plan.create]
        moves += [lambda gone=gone: self._delete(gone) for gone in plan.delete]
        if moves:
            return moves
        calls: list[Any] = []
        if plan.status != self.job["status"]:
            calls.append(lambda: self.job.update(status=plan.status))
        return calls + [lambda pod=pod: self._release(pod) for pod in plan.release]

    def _create(self, manifest: Json) -> None:
        name = f"p{self.made}"
        self.made += 1
        meta = {**manifest["metadata"], "name": name, "uid": name, "creationTimestamp": objects.format_time(self.now)}
        self.pods[name] = {**manifest, "metadata": meta, "status": {"phase": "Pending"}}

    def _delete(self, pod: Json) -> None:
        if objects.name(pod) in self.pods:
            self.pods[objects.name(pod)]["metadata"]["deletionTimestamp"] = objects.format_time(self.now)
            self.failures.add(objects.name(pod))

    def _release(self, pod: Json) -> None:
        held = self.pods.get(objects.name(pod))
        if held is not None:
            held["metadata"]["finalizers"] = []

    @stateful.rule(survives=st.integers(0, 6))
    def controller_looks(self, survives: int) -> None:
        """A look, cut short by a crash or not."""
        self.look(survives)

    @stateful.rule(which=st.integers(0, 20), code=st.sampled_from([0, 0, 0, 1]))
    def pod_ends(self, which: int, code: int) -> None:
        """One of the running pods ends."""
        running = [pod for pod in self.pods.values() if model.active(pod)]
        if running:
            self._end(running[which % len(running)], code)

    def _end(self, pod: Json, code: int) -> None:
        ended = {"exitCode": code, "finishedAt": objects.format_time(self.now)}
        status = [{"name": "main", "state": {"terminated": ended}}]
        pod["status"] = {"phase": "Failed" if code else "Succeeded", "containerStatuses": status}
        (self.failures if code else self.successes).add(objects.name(pod))

    @stateful.rule(which=st.integers(0, 20))
    def pod_is_deleted(self, which: int) -> None:
        """Somebody deletes a running pod."""
        running = [pod for pod in self.pods.values() if model.active(pod)]
        if running:
            self._delete(running[which % len(running)])

    @stateful.rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        """Back-offs run out; pods that are being deleted and are held by nothing vanish."""
        self.now += timedelta(seconds=seconds)
        for name, pod in list(self.pods.items()):
            if objects.deleting(pod):
                if model.active(pod) or not model.terminal(pod):
                    pod["status"] = {"phase": "Failed"}
                if not model.tracked(pod):
                    del self.pods[name]

    @stateful.invariant()
    def never_counts_more_than_ended(self) -> None:
        """No pod counts twice, none that has not ended counts at all."""
        status = self.job["status"]
        waiting = status.get("uncountedTerminatedPods") or {}
        assert status.get("failed", 0) + len(waiting.get("failed", [])) <= len(self.failures)
        assert status.get("succeeded", 0) + len(waiting.get("succeeded", [])) <= len(self.successes)

    @stateful.invariant()
    def never_runs_more_than_allowed(self) -> None:
        """Parallelism holds at every moment."""
        assert sum(model.active(pod) for pod in self.pods.values()) <= PARALLELISM

    def teardown(self) -> None:
        """Left alone, the Job ends, with exact numbers."""
        for _ in range(200):
            if self.look(99):
                continue
            if model.Job(self.job).finished:
                break
            self.pod_ends(0, 0)
            self.time_passes(40)
        self._check_the_end()

    def _check_the_end(self) -> None:
        status, verdict = self.job["status"], kinds(self.job["status"])
        assert model.Job(self.job).finished
        assert status.get("failed", 0) == len(self.failures)
        assert not any(model.tracked(pod) for pod in self.pods.values())
        assert "active" not in status
        if "Complete" in verdict:
            assert status["succeeded"] == COMPLETIONS
            assert status.get("failed", 0) <= LIMIT
        else:
            assert verdict["Failed"] == "BackoffLimitExceeded"
            assert status["failed"] > LIMIT


class IndexedWorld(World):
    """The same for an Indexed Job, whose successes are counted by index."""

    indexed = True


TestJobHistories = World.TestCase
TestIndexedJobHistories = IndexedWorld.TestCase
TestJobHistories.settings = TestIndexedJobHistories.settings = settings(stateful_step_count=40)
