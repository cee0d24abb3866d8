"""What pods refer to: config maps and secrets, fetched when a pod needs them, claims and volumes, kept by a watch.

Config maps and secrets are read afresh for each pod, so a pod never starts with content older than
itself. Claims are asked for by nearly every pod, so their volumes are at hand.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from local import client, objects
from local.errors import ApiRefused
from local.kubelet.environment import Config
from local.objects import Json
from local.reflector import Reflector

_RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}


class Configs:
    """Answers what pods ask for by name."""

    def __init__(self, api: client.Client) -> None:
        """Set up the watches; `run` starts them."""
        self._api = api
        self._claims = Reflector(api, f"{client.CORE}/persistentvolumeclaims", _ignore)
        self._volumes = Reflector(api, f"{client.CORE}/persistentvolumes", _ignore)

    async def run(self) -> None:
        """Watch, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._claims.run())
            tasks.create_task(self._volumes.run())

    async def synced(self) -> None:
        """Wait for the first lists."""
        await self._claims.synced.wait()
        await self._volumes.synced.wait()

    def claims(self, namespace: str) -> dict[str, Json]:
        """The claims of a namespace."""
        return {objects.name(claim): claim for claim in self._claims if objects.namespace(claim) == namespace}

    def persistent(self) -> dict[str, Json]:
        """All persistent volumes."""
        return {objects.name(volume): volume for volume in self._volumes}

    async def fetch(self, pod: Json) -> Config:
        """Read every config map and secret that a pod names; those that are missing are None."""
        wanted = sorted(set(references(pod)))
        found = await asyncio.gather(*(self._read(objects.namespace(pod), *one) for one in wanted))
        known = dict(zip(wanted, found, strict=True))
        return lambda kind, name: known.get((kind, name))

    async def _read(self, namespace: str, kind: str, name: str) -> Json | None:
        try:
            found = await self._api.get(client.path(client.CORE, _RESOURCES[kind], namespace, name))
        except ApiRefused as error:
            if error.missing:
                return None
            raise
        return {**found, "kind": kind}


def _ignore(old: Json | None, new: Json | None) -> None:
    """Claims and volumes are looked up when they are needed."""


def references(pod: Json) -> Iterator[tuple[str, str]]:
    """The config maps and secrets that a pod names, by kind and name."""
    spec = objects.spec(pod)
    for volume in spec.get("volumes") or []:
        yield from _volume(volume)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _volume(source)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        sources = [
            *(container.get("envFrom") or []),
            *(one.get("valueFrom") or {} for one in container.get("env") or []),
        ]
        for source in sources:
            for field, kind in (
                ("configMapRef", "ConfigMap"),
                ("configMapKeyRef", "ConfigMap"),
                ("secretRef", "Secret"),
                ("secretKeyRef", "Secret"),
            ):
                if source.get(field):
                    yield kind, str(source[field].get("name"))


def _volume(source: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if source.get("configMap"):
        yield "ConfigMap", str(source["configMap"].get("name"))
    if source.get("secret"):
        yield "Secret", str(source["secret"].get("secretName") or source["secret"].get("name"))
