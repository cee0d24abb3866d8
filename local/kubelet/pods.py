"""One pod on this node, from its binding to its end.

In order: what cannot be honoured is refused; volumes are put in place; init containers run one by one,
then the others together; the status tells of every step. A pod ends by itself, or because it is deleted,
out of time, or the node stops; then its processes get SIGTERM and, when their grace is over, SIGKILL, and
only after the last status has arrived is the pod let go. Started again by a new kubelet, it goes on from
the records of the old one.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.events import Recorder
from local.kubelet import environment, records, refusals, states, volumes
from local.kubelet.configs import Configs
from local.kubelet.containers import Container, Surroundings
from local.kubelet.errors import ConfigMissing, ImageUnknown, MountFailed, PodRefused
from local.kubelet.images import find_image
from local.kubelet.mounting import Mounts
from local.kubelet.node import Config
from local.kubelet.reporting import Reporter
from local.kubelet.states import ContainerState, Verdict
from local.objects import Json

log = logging.getLogger(__name__)

_RETRY = 0.2
_LOST = "The container could not be located when the pod was terminated"


class PodWorker:
    """Brings one pod to its end."""

    def __init__(
        self,
        pod: Json,
        config: Config,
        api: client.Client,
        configs: Configs,
        mounts: Mounts,
        events: Recorder,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Take the pod and what it needs of the kubelet."""
        self.pod = pod
        self._config = config
        self._api = api
        self._configs = configs
        self._mounts = mounts
        self._events = events
        self._now = now
        self.folder = records.PodFolder(config.root, objects.uid(pod))
        self._verdict: Verdict | None = None
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        self._grace = 0.0
        self._start = objects.status(pod).get("startTime") or objects.format_time(now())
        self.reporter = Reporter(api, pod, self._status)
        policy = str(objects.spec(pod).get("restartPolicy") or "Always")
        specs = [(spec, True) for spec in objects.spec(pod).get("initContainers") or []]
        specs += [(spec, False) for spec in objects.spec(pod).get("containers") or []]
        around = Surroundings(
            folder=self.folder,
            policy=policy,
            crash_backoff=config.crash_backoff,
            containers=len(specs),
            now=now,
            changed=self.reporter.changed,
            started=lambda name: self._tell("Normal", "Started", f"Started container {name}"),
            backing_off=lambda name: self._tell("Warning", "BackOff", f"Back-off restarting failed container {name}"),
        )
        self.containers = {str(spec["name"]): self._container(spec, around, init=init) for spec, init in specs}

    def _container(self, spec: Json, around: Surroundings, *, init: bool) -> Container:
        """A container as it stands: new, or as an earlier kubelet has left it."""
        state = ContainerState(str(spec["name"]), str(spec.get("image") or ""), init)
        last = self.folder.last(state.name)
        if last is None:
            return Container(spec, state, around, 0)
        attempt, record = last
        state.end(record.get("terminated") or records.lost(record, objects.format_time(self._now())))
        state.container_id = str((state.terminated or {}).get("containerID") or "")
        restarting = Container(spec, state, around, attempt)
        if restarting.again:
            restarting.attempt = state.restarts = attempt + 1
        else:
            state.restarts = attempt
        return restarting

    def _status(self) -> Json:
        shown = [container.state for container in self.containers.values()]
        verdict = None if any(state.running for state in shown) else self._verdict
        made = states.build(self.pod, shown, self._now(), verdict, stopping=self._stop.is_set())
        return {**made, "startTime": self._start}

    def _tell(self, kind: str, reason: str, message: str) -> None:
        self._events.record({**self.pod, "apiVersion": "v1", "kind": "Pod"}, kind, reason, message)

    def update(self, pod: Json) -> None:
        """Take in a newer version of the pod."""
        self.pod = pod
        if objects.deleting(pod) and not self._stop.is_set():
            self._tell("Normal", "Killing", "Stopping the pod's containers")
            self.stop(float(objects.meta(pod).get("deletionGracePeriodSeconds") or 0))

    def stop(self, grace: float, verdict: Verdict | None = None) -> None:
        """Ask for its end; the first to ask names the reason."""
        if not self._stop.is_set():
            self._verdict, self._grace = self._verdict or verdict, grace
            self._stop.set()

    async def kill(self) -> None:
        """End its processes now: the pod is gone from the API."""
        self.stop(0)
        self.reporter.gone.set()
        await asyncio.gather(*(container.stop(0) for container in self.containers.values()))

    async def reported(self) -> None:
        """Wait until its processes have ended and the server has heard how."""
        await self._ended.wait()
        await self._arrive(self.reporter.idle)

    async def run(self) -> None:
        """The whole of it."""
        reporting = asyncio.create_task(self.reporter.run())
        helpers = [asyncio.create_task(self._stopper()), asyncio.create_task(self._deadline())]
        try:
            if objects.status(self.pod).get("phase") not in ("Succeeded", "Failed"):
                self.update(self.pod)
                await self._live()
            self._ended.set()
            await self._arrive(self.reporter.idle)
            await asyncio.to_thread(self._mounts.remove, self.folder.uid, self.folder.path)
            await self._let_go()
        finally:
            for task in (reporting, *helpers):
                task.cancel()
            await asyncio.gather(reporting, *helpers, return_exceptions=True)

    async def _arrive(self, event: asyncio.Event) -> None:
        """Wait for an event, or for the pod to be gone."""
        waits = [asyncio.create_task(event.wait()), asyncio.create_task(self.reporter.gone.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _live(self) -> None:
        """Run the containers; afterwards each has a state that is true."""
        try:
            refusals.check(self.pod)
            if await self._mount():
                await self._run_all()
        except PodRefused as error:
            self._verdict = Verdict("Failed", error.reason, error.message)
            self._tell("Warning", error.reason, error.message)
        if self._stop.is_set():
            stamp = objects.format_time(self._now())
            for container in self.containers.values():
                if container.state.terminated is None:
                    ended = {"exitCode": records.LOST_CODE, "reason": records.LOST, "message": _LOST}
                    container.state.end({**ended, "startedAt": stamp, "finishedAt": stamp})
        self.reporter.changed()

    async def _mount(self) -> bool:
        """Put the volumes in place, however long that takes; False if the pod is to stop instead."""
        while not self._stop.is_set():
            try:
                config = await self._configs.fetch(self.pod)
                steps = volumes.plan(
                    self.pod,
                    self._configs.claims(objects.namespace(self.pod)),
                    self._configs.persistent(),
                    config,
                    str(self._config.scratch),
                )
                self._mounts.put(self.folder.uid, self.folder.path, steps)
            except (MountFailed, ApiRefused, ApiUnreachable) as error:
                self._tell("Warning", "FailedMount", error.message)
                self.reporter.changed()
                await self._pause(self._config.mount_retry)
                continue
            self.folder.home().mkdir(parents=True, exist_ok=True)
            return True
        return False

    async def _run_all(self) -> None:
        for container in self.containers.values():
            if container.state.init and not container.state.succeeded:
                await self._run_one(container)
                if not container.state.succeeded:
                    return
        mains = [container for container in self.containers.values() if not container.state.init]
        async with asyncio.TaskGroup() as tasks:
            for container in mains:
                tasks.create_task(self._run_one(container))

    async def _run_one(self, container: Container) -> None:
        """Run a container once its image and its variables are there."""
        while not self._stop.is_set():
            try:
                image = find_image(self._config.images, container.state.image)
                variables = await self._variables(container)
            except ImageUnknown as error:
                await self._no_image(container, error)
                continue
            except (ConfigMissing, ApiRefused, ApiUnreachable) as error:
                container.state.wait("CreateContainerConfigError", error.message)
                self._tell("Warning", "Failed", f"Error: {error.message}")
                self.reporter.changed()
                await self._pause(self._config.mount_retry)
                continue
            await container.run(image, partial(dict, variables))
            return

    async def _no_image(self, container: Container, error: ImageUnknown) -> None:
        """There is no such image: say so as the real kubelet does, first as an error, then as a back-off."""
        name = container.state.image
        container.state.wait("ErrImagePull", error.message)
        self._tell("Warning", "Failed", f'Failed to pull image "{name}": {error.message}')
        self.reporter.changed()
        await self._pause(min(1.0, self._config.image_retry))
        if not self._stop.is_set():
            container.state.wait("ImagePullBackOff", f'Back-off pulling image "{name}": {error.message}')
            self._tell("Warning", "BackOff", f'Back-off pulling image "{name}"')
            self.reporter.changed()
            await self._pause(self._config.image_retry)

    async def _variables(self, container: Container) -> Mapping[str, str]:
        config = await self._configs.fetch(self.pod)
        home = str(self.folder.home())
        base = {**self._config.environment, "HOME": home, "TMPDIR": home}
        return environment.build(container.spec, self.pod, base, config, self._config.size)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    async def _stopper(self) -> None:
        await self._stop.wait()
        await asyncio.gather(*(container.stop(self._grace) for container in self.containers.values()))

    async def _deadline(self) -> None:
        limit = objects.spec(self.pod).get("activeDeadlineSeconds")
        if limit is None:
            return
        due = objects.parse_time(self._start) + timedelta(seconds=int(limit))
        await asyncio.sleep(max(0.0, (due - self._now()).total_seconds()))
        message = "Pod was active on the node longer than the specified deadline"
        self._tell("Normal", "DeadlineExceeded", message)
        grace = objects.spec(self.pod).get("terminationGracePeriodSeconds")
        self.stop(30.0 if grace is None else float(grace), Verdict("Failed", "DeadlineExceeded", message))

    async def _let_go(self) -> None:
        """When the pod is being deleted, tell the server that nothing of it runs here any more."""
        while not objects.deleting(self.pod):
            if self.reporter.gone.is_set():
                return
            await self._arrive(self._stop)
            if not objects.deleting(self.pod):
                return
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": objects.uid(self.pod)},
        }
        while not self.reporter.gone.is_set():
            try:
                await self._api.delete(client.path(client.CORE, "pods", *objects.key(self.pod)), options)
            except ApiRefused as error:
                if not (error.missing or error.conflict):
                    log.warning("deleting pod %s: %s", "/".join(objects.key(self.pod)), error)
                return
            except ApiUnreachable:
                await asyncio.sleep(_RETRY)
                continue
            return
