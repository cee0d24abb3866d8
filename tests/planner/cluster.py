"""What Kubernetes does with Jobs and pods, in the model: controller, kubelet, garbage collector, a call at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tests.planner.api import Api, Book
from tests.planner.worker_model import OutOfMemory
from textmill import reports
from textmill.picture import Job, Key, Pod
from textmill.request import Request

Fate = Literal["well", "crash", "oom", "evict", "node lost", "unsealed", "log cut"]
SHARD_RETRIES = 2


@dataclass
class Cluster(Api):
    """The API and all that acts on it but for users and operators."""

    job_ttl: float = 600.0
    waited: bool = False

    def harm(self, job_uid: str) -> None:
        """Note that the members of a Job had bad luck."""
        self.hurt |= {one.uid for one in self.books[job_uid].plan.members}

    def known(self, namespace: str, key: str | None) -> list[Request]:
        """Return the settled requests of a namespace whose result is found under this key."""
        there = [one for one in self.requests.values() if one.namespace == namespace and one.status.settled]
        return [one for one in there if one.reuse_label == key]

    def pods_of(self, job: Job) -> list[Pod]:
        """Return a Job's pods."""
        return [pod for pod in self.pods.values() if pod.job_uid == job.uid]

    def control(self, key: Key) -> None:
        """Let the Job controller look at one Job."""
        job, pods = self.jobs[key], self.pods_of(self.jobs[key])
        book = self.books[job.uid]
        if job.deleting:
            if pods:
                self.put("pods", pods[0].uid, None)
            else:
                self.put("jobs", key, None)
        elif job.ended:
            if self.now > job.ended_at + self.job_ttl:
                self.forget(key)
        else:
            self._count(book, pods)
            if len(book.succeeded) == job.shards:
                self.put("jobs", key, replace(job, complete=True, ended_at=self.now))
            elif book.failures > (SHARD_RETRIES if job.shards > 1 else 0):
                self._fail(key, "BackoffLimitExceeded")
            elif self.now > job.created + book.plan.timeout:
                self._fail(key, "DeadlineExceeded")
            elif "quota" not in self.trouble:
                self._fill(job, book, pods)

    @staticmethod
    def _count(book: Book, pods: list[Pod]) -> None:
        for pod in pods:
            if pod.ended and pod.uid not in book.counted:
                book.counted.add(pod.uid)
                if pod.exit_code == 0:
                    book.succeeded.add(pod.index)
                else:
                    book.failures += 0 if pod.evicted else 1

    def _fail(self, key: Key, why: str) -> None:
        job = self.jobs[key]
        for pod in self.pods_of(job):
            if not pod.ended:
                self.put("pods", pod.uid, replace(pod, exit_code=137, exit_reason="Error", finished=self.now))
        self.put("jobs", key, replace(job, failure=(why, "the model says so"), ended_at=self.now))

    def _fill(self, job: Job, book: Book, pods: list[Pod]) -> None:
        active = {pod.index for pod in pods if not pod.ended}
        for index in range(job.shards):
            if len(active) < job.parallelism and index not in active | book.succeeded:
                active.add(index)
                uid = f"pod-{self.version}"
                pod = Pod(uid, f"{job.name}-{uid}", job.namespace, job.uid, index, float(int(self.now)))
                if not self.trouble & {"image", "claim"}:
                    pod = replace(pod, started=self.now)
                if self.trouble & {"image", "claim"}:
                    self.harm(job.uid)
                    self.waited = True
                if "image" in self.trouble:
                    pod = replace(pod, waiting=("ImagePullBackOff", "no such image"))
                if "claim" in self.trouble:
                    pod = replace(pod, unschedulable='persistentvolumeclaim "textmill-data" not found')
                self.put("pods", uid, pod)

    def mend(self) -> None:
        """End all trouble."""
        self.trouble.clear()
        for pod in list(self.pods.values()):
            if pod.waiting or pod.unschedulable:
                self.put("pods", pod.uid, replace(pod, waiting=None, unschedulable=None, started=self.now))

    def finish(self, uid: str, fate: Fate) -> None:
        """End a pod's container, if it runs."""
        pod = self.pods[uid]
        if pod.ended or pod.waiting or pod.unschedulable:
            return
        end = replace(pod, exit_code=0, finished=self.now)
        if fate not in {"well", "evict"}:
            self.harm(pod.job_uid)
        try:
            lines = self.volume.work(self.books[pod.job_uid].plan, pod.index)
        except OutOfMemory:
            lines, fate = [], "oom"
        if fate in {"well", "unsealed", "log cut"}:
            text = "".join(f"{one}\n" for one in lines)
            seal = reports.seal(lines).splitlines(keepends=True)[0]
            self.logs[uid] = "noise\n" + (text[text.find("\n") + 1 :] if fate == "log cut" else text)
            inside = reports.seal(lines) if pod.index % 2 == 0 and fate == "well" and self.version % 2 else seal
            end = replace(end, message="" if fate == "unsealed" else inside)
            end = end.read("") if end.unread and (reports.sealed_inside(end.message) or not end.message) else end
        elif fate == "node lost":
            end = replace(pod, failed=True)
        else:
            code, reason = {"oom": (137, "OOMKilled"), "evict": (143, "Error"), "crash": (1, "Error")}[fate]
            end = replace(end, exit_code=code, exit_reason=reason, evicted=fate == "evict")
        self.put("pods", uid, end)

    def drop_pod(self, uid: str, counted: bool) -> None:
        """Delete a pod, before or after the Job controller has counted it."""
        pod = self.pods[uid]
        self.harm(pod.job_uid)
        job = next((one for one in self.jobs.values() if one.uid == pod.job_uid), None)
        if job and not job.ended:
            end = pod if pod.ended and counted else replace(pod, exit_code=137, evicted=False)
            if pod.exit_code == 0 and not counted:
                self.robbed.add(job.uid)
            self._count(self.books[job.uid], [end])
        self.put("pods", uid, None)

    def forget(self, key: Key) -> None:
        """Delete a Job in the background: its pods go later."""
        self.put("jobs", key, None)

    def collect(self) -> None:
        """Let the garbage collector delete Jobs without owners, one pod without Job, and what lingered."""
        for key, request in list(self.requests.items()):
            if request.deleting:
                self.put("requests", key, None)
        alive = {request.uid for request in self.requests.values()}
        for key, job in list(self.jobs.items()):
            if not alive & {one.uid for one in job.members}:
                self.forget(key)
        jobs = {job.uid for job in self.jobs.values()}
        orphan = next((pod for pod in self.pods.values() if pod.job_uid not in jobs), None)
        if orphan:
            self.put("pods", orphan.uid, None)

    def at_work(self) -> int:
        """Count the pods at work that the limit is for: not those of Jobs made late, or deleted by others.

        Nor those that wait for an image or a claim, nor those of a Job that lost a pod which had ended well: what the
        leader gave away meanwhile is gone.
        """
        meant = {job.uid for job in self.jobs.values() if not self.books[job.uid].late} - self.robbed
        return sum(
            1
            for pod in self.pods.values()
            if pod.job_uid in meant and not (pod.ended or pod.waiting or pod.unschedulable)
        )
