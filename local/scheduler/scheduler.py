"""The scheduler: looks at what has no node and no volume yet, and binds what can be bound.

One pass over everything that waits follows any change, however many there were; a pod that was just bound
counts at its node before the watch says so. A pod that fits nowhere gets the condition that says why,
written only when it changes.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.events import Recorder
from local.objects import Json
from local.reflector import Reflector
from local.scheduler import claims, fitting

log = logging.getLogger(__name__)

NAME = "default-scheduler"
_RETRY_SECONDS = 1.0


class Scheduler:
    """Binds pods to nodes and claims to volumes."""

    def __init__(self, api: client.Client, now: Callable[[], datetime]) -> None:
        """Set up the caches; `run` starts the work."""
        self._api = api
        self._now = now
        self._wake = asyncio.Event()
        self._bound: dict[str, str] = {}
        self._events = Recorder(api, NAME, now)
        live = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}
        self._pods = Reflector(api, f"{client.CORE}/pods", self._pod_changed, live)
        self._nodes = Reflector(api, f"{client.CORE}/nodes", self._changed)
        self._claims = Reflector(api, f"{client.CORE}/persistentvolumeclaims", self._changed)
        self._volumes = Reflector(api, f"{client.CORE}/persistentvolumes", self._changed)

    async def run(self) -> None:
        """Watch and bind, for ever."""
        caches = (self._pods, self._nodes, self._claims, self._volumes)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events.run())
            for cache in caches:
                tasks.create_task(cache.run())
            for cache in caches:
                await cache.synced.wait()
            tasks.create_task(self._work())

    def _changed(self, _old: Json | None, _new: Json | None) -> None:
        self._wake.set()

    def _pod_changed(self, old: Json | None, new: Json | None) -> None:
        if new is None and old is not None:
            self._bound.pop(objects.uid(old), None)
        self._wake.set()

    async def _work(self) -> None:
        while True:
            try:
                await self._bind_claims()
                await self._bind_pods()
            except (ApiRefused, ApiUnreachable) as error:
                log.warning("%s; trying again", error)
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._wake.set)
            await self._wake.wait()
            self._wake.clear()

    async def _bind_claims(self) -> None:
        for claim in self._claims:
            volume = claims.match(claim, self._volumes) if claims.unbound(claim) else None
            if volume is not None:
                await self._bind_claim(claim, volume)

    async def _bind_claim(self, claim: Json, volume: Json) -> None:
        """First the volume, then the claim: a crash between leaves a volume that waits for this claim."""
        place = client.path(client.CORE, "persistentvolumes", name=objects.name(volume))
        self._volumes.observe(await self._api.patch(place, {"spec": {"claimRef": claims.reference(claim)}}))
        self._volumes.observe(await self._api.patch(f"{place}/status", {"status": {"phase": "Bound"}}))
        place = client.path(client.CORE, "persistentvolumeclaims", *objects.key(claim))
        self._claims.observe(await self._api.patch(place, {"spec": {"volumeName": objects.name(volume)}}))
        status = {
            "phase": "Bound",
            "accessModes": objects.spec(volume).get("accessModes"),
            "capacity": objects.spec(volume).get("capacity"),
        }
        self._claims.observe(await self._api.patch(f"{place}/status", {"status": status}))

    async def _bind_pods(self) -> None:
        waiting = [pod for pod in self._pods if self._ours(pod)]
        if not waiting:
            return
        waiting.sort(key=lambda pod: (-int(objects.spec(pod).get("priority") or 0), _age(pod)))
        at_node: dict[str, list[Json]] = defaultdict(list)
        for pod in self._pods:
            node = objects.spec(pod).get("nodeName") or self._bound.get(objects.uid(pod))
            if node:
                at_node[str(node)].append(pod)
        for pod in waiting:
            node_name, why = self._choose(pod, at_node)
            if node_name is None:
                await self._explain(pod, why)
            elif await self._bind(pod, node_name):
                at_node[node_name].append(pod)

    def _ours(self, pod: Json) -> bool:
        spec = objects.spec(pod)
        return not (
            spec.get("nodeName")
            or objects.uid(pod) in self._bound
            or objects.deleting(pod)
            or spec.get("schedulingGates")
            or spec.get("schedulerName") not in (None, NAME)
        )

    def _choose(self, pod: Json, at_node: dict[str, list[Json]]) -> tuple[str | None, str]:
        """The node with the most room among those that fit, or why there is none."""
        mine = {
            objects.name(claim): claim for claim in self._claims if objects.namespace(claim) == objects.namespace(pod)
        }
        nodes = list(self._nodes)
        trouble = fitting.claim_trouble(pod, mine)
        if trouble:
            return None, f"0/{len(nodes)} nodes are available: {trouble}."
        everywhere = [other for group in at_node.values() for other in group]
        reasons: dict[str, int] = defaultdict(int)
        fits: list[Json] = []
        for node in nodes:
            obstacle = fitting.obstacle(pod, node, at_node[objects.name(node)], everywhere)
            if obstacle is None:
                fits.append(node)
            else:
                reasons[obstacle] += 1
        if fits:
            best = max(fits, key=lambda node: fitting.free(node, at_node[objects.name(node)]))
            return objects.name(best), ""
        words = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "no nodes are registered"
        return None, f"0/{len(nodes)} nodes are available: {words}."

    async def _bind(self, pod: Json, node: str) -> bool:
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": objects.name(pod), "namespace": objects.namespace(pod), "uid": objects.uid(pod)},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self._api.create(client.path(client.CORE, "pods", *objects.key(pod), sub="binding"), binding)
        except ApiRefused as error:
            if error.missing or error.conflict:
                return False
            raise
        self._bound[objects.uid(pod)] = node
        words = f"Successfully assigned {'/'.join(objects.key(pod))} to {node}"
        self._events.record({**pod, "apiVersion": "v1", "kind": "Pod"}, "Normal", "Scheduled", words)
        return True

    async def _explain(self, pod: Json, why: str) -> None:
        """Say why the pod waits, unless that is said already."""
        old = objects.condition(pod, "PodScheduled") or {}
        if (old.get("status"), old.get("message")) == ("False", why):
            return
        self._events.record({**pod, "apiVersion": "v1", "kind": "Pod"}, "Warning", "FailedScheduling", why)
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why,
            "lastProbeTime": None,
            "lastTransitionTime": objects.format_time(self._now()),
        }
        others = [one for one in objects.status(pod).get("conditions") or [] if one.get("type") != "PodScheduled"]
        place = client.path(client.CORE, "pods", *objects.key(pod), sub="status")
        change = {"metadata": {"uid": objects.uid(pod)}, "status": {"conditions": [*others, condition]}}
        try:
            self._pods.observe(await self._api.patch(place, change))
        except ApiRefused as error:
            if not (error.missing or error.conflict):
                raise


def _age(pod: Json) -> tuple[str, str]:
    return str(objects.meta(pod).get("creationTimestamp") or ""), objects.name(pod)
