"""Volumes of running pods: claims, config maps and secrets, the downward API, empty folders."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local import objects
from local.client import CORE, path
from local.objects import Json
from tests.local.cluster import Cluster, Space, ending, gone, phase, pod, until

SHOW = {"env": [{"name": "F", "value": "/dev/termination-log"}]}


@pytest.fixture
async def claim(node: Cluster, space: Space) -> AsyncIterator[Path]:
    """A claim named `data` on a volume of this machine; the volume's folder."""
    folder = node.folder / space.name
    folder.mkdir()
    volume: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": space.name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": space.name,
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_laptop()]}]}},
        },
    }
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": space.name,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    await space.api.create(path(CORE, "persistentvolumes"), volume)
    body = {"metadata": {"name": "data"}, "spec": wanted}
    await space.api.create(path(CORE, "persistentvolumeclaims", space.name), body)
    yield folder
    await space.api.delete(path(CORE, "persistentvolumes", name=space.name))


def on_laptop() -> Json:
    """The node affinity that local volumes need."""
    return {"key": "kubernetes.io/hostname", "operator": "In", "values": ["laptop"]}


def with_claim(at: Path, sub: str = "") -> Json:
    """What a pod needs to mount the claim."""
    return {"volumeMounts": [{"name": "data", "mountPath": str(at), "subPath": sub}]}


CLAIMED = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]


async def test_claim_is_bound_and_mounted_at_its_path(space: Space, claim: Path) -> None:
    where = claim / "work" / "words"
    await space.run("one", f"echo kept > {where}/file", container=with_claim(where, "work/words"), volumes=CLAIMED)
    assert (await space.ended("one"))["status"]["phase"] == "Succeeded"
    assert (where / "file").read_text() == "kept\n"
    bound = await space.api.get(path(CORE, "persistentvolumeclaims", space.name, "data"))
    assert (bound["status"]["phase"], bound["spec"]["volumeName"]) == ("Bound", space.name)


async def test_claim_at_another_path_is_refused(space: Space, claim: Path) -> None:
    await space.run("one", "true", container=with_claim(Path("/data"), "work"), volumes=CLAIMED)
    status = (await space.ended("one"))["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "UnsupportedByLocalKubelet")
    assert f"claim 'data' can be mounted at {claim}/work only, not at /data" in status["message"]


async def test_sub_path_through_a_link_is_not_followed(space: Space, claim: Path) -> None:
    target = claim.parent / f"{space.name}-outside" / "x"
    (claim / "link").symlink_to(target.parent)
    where = claim / "link" / "x"
    await space.run("one", "true", container=with_claim(where, "link/x"), volumes=CLAIMED)
    pod_ = await until(
        space.api, space.pod_path("one"), lambda found: found is not None and "startTime" in found["status"]
    )
    assert pod_["status"]["phase"] == "Pending"
    assert not target.exists()
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
    await space.told("one", "FailedMount")


async def test_pod_waits_for_a_claim_that_is_missing(space: Space) -> None:
    await space.run("one", "true", volumes=CLAIMED)

    def unschedulable(found: Json | None) -> bool:
        return (objects.condition(found or {}, "PodScheduled") or {}).get("status") == "False"

    pod_ = await until(space.api, space.pod_path("one"), unschedulable)
    condition = objects.condition(pod_, "PodScheduled") or {}
    assert condition["reason"] == "Unschedulable"
    assert condition["message"] == '0/1 nodes are available: persistentvolumeclaim "data" not found.'
    assert pod_["status"]["phase"] == "Pending"


async def test_config_map_becomes_files(node: Cluster, space: Space) -> None:
    await space.api.create(path(CORE, "configmaps", space.name), {"metadata": {"name": "texts"}, "data": {"a": "one"}})
    secret = {"metadata": {"name": "hidden"}, "data": {"b": base64.b64encode(b"two").decode()}}
    await space.api.create(path(CORE, "secrets", space.name), secret)
    where = node.scratch / space.name
    sources = [
        {"configMap": {"name": "texts", "items": [{"key": "a", "path": "sub/first"}]}},
        {"secret": {"name": "hidden"}},
        {"configMap": {"name": "absent", "optional": True}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    mount = {"volumeMounts": [{"name": "all", "mountPath": str(where)}]}
    script = f"cat {where}/sub/first {where}/b {where}/name > $F"
    await space.run(
        "one", script, container={**SHOW, **mount}, volumes=[{"name": "all", "projected": {"sources": sources}}]
    )
    assert ending(await space.ended("one"))["message"] == "onetwoone"


async def test_pod_waits_for_a_config_map(node: Cluster, space: Space) -> None:
    mount = {"volumeMounts": [{"name": "all", "mountPath": str(node.scratch / space.name)}]}
    await space.run("one", "true", container=mount, volumes=[{"name": "all", "configMap": {"name": "late"}}])
    await until(space.api, space.pod_path("one"), lambda found: found is not None and "startTime" in found["status"])
    await space.api.create(path(CORE, "configmaps", space.name), {"metadata": {"name": "late"}, "data": {}})
    assert (await space.ended("one"))["status"]["phase"] == "Succeeded"
    await space.told("one", "FailedMount")


async def test_variables_come_from_config_maps(space: Space) -> None:
    data = {"GREETING": "good day", "plain": "value"}
    await space.api.create(path(CORE, "configmaps", space.name), {"metadata": {"name": "texts"}, "data": data})
    env = [
        *SHOW["env"],
        {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": "texts", "key": "plain"}}},
        {"name": "TWO", "value": "$(ONE) and $(GREETING)"},
    ]
    container = {"env": env, "envFrom": [{"configMapRef": {"name": "texts"}}]}
    await space.run("one", 'printf "$TWO" > $F', container=container)
    assert ending(await space.ended("one"))["message"] == "value and good day"


async def test_empty_folder_goes_with_the_pod(node: Cluster, space: Space) -> None:
    where = node.scratch / space.name / "deep"
    mount = {"volumeMounts": [{"name": "tmp", "mountPath": str(where)}]}
    await space.run("one", f"echo x > {where}/file", container=mount, volumes=[{"name": "tmp", "emptyDir": {}}])
    assert (await space.ended("one"))["status"]["phase"] == "Succeeded"
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
    await space.run("two", "true", container=mount, volumes=[{"name": "tmp", "emptyDir": {}}])
    assert (await space.ended("two"))["status"]["phase"] == "Succeeded"


async def test_path_in_use_is_waited_for(node: Cluster, space: Space) -> None:
    where = node.scratch / space.name
    spec = {"volumes": [{"name": "tmp", "emptyDir": {}}]}
    mount = {"volumeMounts": [{"name": "tmp", "mountPath": str(where)}]}
    await space.run("first", "exec sleep 60", container=mount, **spec)
    await space.running("first")
    await space.run("second", "true", container=mount, **spec)
    await until(space.api, space.pod_path("second"), lambda found: found is not None and "startTime" in found["status"])
    await space.api.delete(space.pod_path("first"))
    assert (await space.ended("second"))["status"]["phase"] == "Succeeded"
    await space.told("second", "FailedMount")


async def test_mount_outside_the_scratch_root_is_refused(space: Space) -> None:
    mount = {"volumeMounts": [{"name": "tmp", "mountPath": "/etc"}]}
    body = pod("one", "true", container=mount, volumes=[{"name": "tmp", "emptyDir": {}}])
    await space.api.create(path(CORE, "pods", space.name), body)
    found = await until(space.api, space.pod_path("one"), phase("Failed"))
    assert found["status"]["message"].startswith("volume 'tmp' is mounted at /etc: such volumes must lie beneath")
