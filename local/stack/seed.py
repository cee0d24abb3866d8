"""The objects that a laptop's cluster starts with: the CRD, and a volume with its claim.

Put in place at every start, so an older state gets a newer CRD; a claim and a volume that are there are left
alone. The CRD's file is handed through as it is: what it says is none of this room's business.
"""

import asyncio

import yaml

from local.client import CORE, Client, path
from local.errors import ApiRefused, LocalError
from local.objects import Json
from local.stack.parts import CLAIM, NAMESPACE, Layout

CRDS = "/apis/apiextensions.k8s.io/v1"
CAPACITY = "100Gi"
ESTABLISHED_SECONDS = 20.0
TOP_FOLDERS = ("uploads", "drop", "work", "results", "trash")


def volume(layout: Layout) -> Json:
    """Return the PersistentVolume that is a folder of this machine."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": CLAIM},
        "spec": {
            "capacity": {"storage": CAPACITY},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "local",
            "hostPath": {"path": str(layout.volume)},
            "claimRef": {"name": CLAIM, "namespace": NAMESPACE},
        },
    }


def claim() -> Json:
    """Return the claim that workers mount."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "namespace": NAMESPACE},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "resources": {"requests": {"storage": CAPACITY}},
            "volumeName": CLAIM,
        },
    }


async def plant(client: Client, layout: Layout) -> None:
    """Make the folders, and create or update the objects."""
    for folder in TOP_FOLDERS:
        (layout.volume / folder).mkdir(parents=True, exist_ok=True)
    layout.scratch.mkdir(parents=True, exist_ok=True)
    crd = yaml.safe_load((layout.program / "k8s" / "crd.yaml").read_text(encoding="utf-8"))
    await _put(client, path(CRDS, "customresourcedefinitions"), crd, update=True)
    await _put(client, path(CORE, "persistentvolumes"), volume(layout), update=False)
    await _put(client, path(CORE, "persistentvolumeclaims", NAMESPACE), claim(), update=False)
    await _await_established(client, crd["metadata"]["name"])


async def _put(client: Client, collection: str, body: Json, *, update: bool) -> None:
    try:
        await client.create(collection, body)
    except ApiRefused as error:
        if not error.conflict:
            raise
        if update:
            address = f"{collection}/{body['metadata']['name']}"
            there = await client.get(address)
            version = there["metadata"]["resourceVersion"]
            await client.replace(address, {**body, "metadata": {**body["metadata"], "resourceVersion": version}})


async def _await_established(client: Client, name: str) -> None:
    try:
        async with asyncio.timeout(ESTABLISHED_SECONDS):
            # Another process establishes it, so there is nothing to wait on but its status.
            while True:
                if _established(await client.get(path(CRDS, "customresourcedefinitions", name=name))):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise LocalError(f"the CRD {name} is not established", "see its conditions in the API server") from error


def _established(crd: Json) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
