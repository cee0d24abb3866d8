"""The kubelet itself: registers its node, renews its Lease, and gives every pod bound to it a worker.

At its start it first cleans up after the one before: what that one's pods left running is killed, and
what it has written down is known again. At its end it stops its pods and reports how they ended, with the
condition that marks a disruption, so that a Job's failure policy can tell it from a failure.
"""

import asyncio
import logging
import shutil
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.events import Recorder
from local.kubelet import node, processes, records
from local.kubelet.configs import Configs
from local.kubelet.containers import Container
from local.kubelet.logserver import LogServer
from local.kubelet.mounting import Mounts
from local.kubelet.pods import PodWorker
from local.kubelet.states import Verdict
from local.objects import Json
from local.reflector import Reflector

log = logging.getLogger(__name__)

_RENEW_SECONDS = 10.0
_RETRY_SECONDS = 0.2
_SHUTDOWN = "Pod was terminated in response to imminent node shutdown."


class Kubelet:
    """One node."""

    def __init__(self, api: client.Client, config: node.Config, now: Callable[[], datetime]) -> None:
        """Set up; `run` starts the work."""
        self._api = api
        self._config = config
        self._now = now
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._mounts = Mounts(config.scratch)
        self._configs = Configs(api)
        self._events = Recorder(api, "kubelet", now)
        selectors = {"fieldSelector": f"spec.nodeName={config.name}"}
        self._pods = Reflector(api, f"{client.CORE}/pods", self._pod_changed, selectors)
        self._server = LogServer(self._find, {"localhost", config.host, config.name}, now)

    async def run(self, tls: ssl.SSLContext | None = None) -> None:
        """Run until cancelled; then stop the pods and report them."""
        processes.check_platform()
        self._config.scratch.mkdir(parents=True, exist_ok=True)
        self._clean_up()
        port = await self._server.start(self._config.host, self._config.port, tls)
        background = [asyncio.create_task(self._events.run()), asyncio.create_task(self._configs.run())]
        try:
            await self._configs.synced()
            await self._insist(lambda: self._register(port))
            background.append(asyncio.create_task(self._renew()))
            background.append(asyncio.create_task(self._pods.run()))
            await self._pods.synced.wait()
            self._forget_strangers()
            log.info("node %s is ready, logs at port %d", self._config.name, port)
            await asyncio.gather(*background)
        finally:
            await self._shut_down()
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await self._server.stop()

    def _clean_up(self) -> None:
        """Kill what an earlier kubelet's pods have left running, and know their mounts again."""
        for folder in records.pod_folders(self._config.root):
            for record in folder.unfinished():
                if record.get("pid"):
                    processes.kill_leftovers(int(record["pid"]), int(record["ticks"]))
            self._mounts.restore(folder.uid, folder.path)

    def _forget_strangers(self) -> None:
        """Remove the folders of pods that the API no longer has."""
        known = {objects.uid(pod) for pod in self._pods}
        for folder in records.pod_folders(self._config.root):
            if folder.uid not in known:
                self._mounts.remove(folder.uid, folder.path)
                folder.remove()

    def _pod_changed(self, old: Json | None, new: Json | None) -> None:
        if old is not None and (new is None or objects.uid(new) != objects.uid(old)):
            self._removed(old)
        if new is None:
            return
        worker = self._workers.get(objects.uid(new))
        if worker is not None:
            worker.update(new)
        elif objects.status(new).get("phase") in ("Succeeded", "Failed") and not objects.deleting(new):
            self._mounts.remove(objects.uid(new), records.PodFolder(self._config.root, objects.uid(new)).path)
        else:
            self._begin(new)

    def _begin(self, pod: Json) -> None:
        worker = PodWorker(pod, self._config, self._api, self._configs, self._mounts, self._events, now=self._now)
        uid = objects.uid(pod)
        self._workers[uid] = worker
        task = asyncio.create_task(worker.run())
        self._tasks[uid] = task
        task.add_done_callback(lambda done: self._finished(uid, done))

    def _finished(self, uid: str, task: "asyncio.Task[None]") -> None:
        """A worker is done; one that broke is a fault of ours, and is told as such."""
        self._tasks.pop(uid, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("the worker of pod %s broke", uid, exc_info=task.exception())

    def _removed(self, pod: Json) -> None:
        """The pod is gone from the API: nothing of it may be left here."""
        uid = objects.uid(pod)
        worker = self._workers.pop(uid, None)
        folder = records.PodFolder(self._config.root, uid)
        task = asyncio.create_task(self._bury(worker, self._tasks.get(uid), folder))
        self._tasks[f"bury {uid}"] = task
        task.add_done_callback(lambda done: self._finished(f"bury {uid}", done))

    async def _bury(
        self, worker: PodWorker | None, task: "asyncio.Task[None] | None", folder: records.PodFolder
    ) -> None:
        if worker is not None:
            await worker.kill()
        if task is not None:
            await asyncio.wait([task])
        self._mounts.remove(folder.uid, folder.path)
        await asyncio.to_thread(shutil.rmtree, folder.path, True)

    def _find(self, namespace: str, name: str) -> tuple[records.PodFolder, dict[str, Container]] | None:
        """What the log server needs to know of a pod."""
        pod = self._pods.get((namespace, name))
        if pod is None:
            return None
        worker = self._workers.get(objects.uid(pod))
        return records.PodFolder(self._config.root, objects.uid(pod)), worker.containers if worker else {}

    async def _register(self, port: int) -> None:
        """Create the node, or take over the one that is there, and say that it is ready."""
        nodes = client.path(client.CORE, "nodes")
        try:
            await self._api.create(nodes, node.manifest(self._config))
        except ApiRefused as error:
            if not error.conflict:
                raise
            meta = node.manifest(self._config)["metadata"]
            change = {"metadata": {"labels": meta["labels"], "annotations": meta["annotations"]}}
            await self._api.patch(f"{nodes}/{self._config.name}", change)
        status = node.status(self._config, port, self._now())
        await self._api.patch(f"{nodes}/{self._config.name}/status", {"status": status})

    async def _renew(self) -> None:
        """Keep the Lease fresh."""
        while True:
            await self._insist(self._renew_once)
            await asyncio.sleep(_RENEW_SECONDS)

    async def _renew_once(self) -> None:
        leases = client.path(client.LEASES, "leases", node.LEASE_NAMESPACE)
        wanted = node.lease(self._config, self._now())
        try:
            await self._api.patch(f"{leases}/{self._config.name}", {"spec": wanted["spec"]})
        except ApiRefused as error:
            if not error.missing:
                raise
            await self._make_lease(leases, wanted)

    async def _make_lease(self, leases: str, wanted: Json) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": node.LEASE_NAMESPACE}}
        try:
            await self._api.create(client.path(client.CORE, "namespaces"), namespace)
        except ApiRefused as error:
            if not error.conflict:
                raise
        await self._api.create(leases, wanted)

    async def _insist(self, call: Callable[[], Awaitable[None]]) -> None:
        """Make a call until it succeeds: a node that is not registered is of no use."""
        while True:
            try:
                await call()
            except (ApiRefused, ApiUnreachable) as error:
                log.warning("%s; trying again", error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _shut_down(self) -> None:
        """Stop all pods, report how they ended, and say that the node is not ready."""
        workers = {uid: self._workers[uid] for uid in self._tasks if uid in self._workers}
        for worker in workers.values():
            worker.stop(self._config.stop_seconds, Verdict("Failed", "Terminated", _SHUTDOWN, disrupted=True))
        stopped = [asyncio.create_task(worker.reported()) for worker in workers.values()]
        if stopped:
            await asyncio.wait(stopped, timeout=self._config.stop_seconds + 2)
        for task in [*stopped, *self._tasks.values()]:
            task.cancel()
        await asyncio.gather(*stopped, *self._tasks.values(), return_exceptions=True)
        try:
            status = node.status(self._config, 0, self._now(), ready=False)
            change = {"status": {"conditions": status["conditions"]}}
            await self._api.patch(client.path(client.CORE, "nodes", name=self._config.name, sub="status"), change)
        except (ApiRefused, ApiUnreachable) as error:
            log.info("the API server did not hear of our end: %s", error)
