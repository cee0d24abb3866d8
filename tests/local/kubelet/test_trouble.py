"""Pods that cannot run, or not yet: each says why."""

from __future__ import annotations

import pytest

from local import objects
from local.objects import Json
from tests.local.cluster import Space, gone, phase, until, waits


async def test_unknown_image_backs_off(space: Space) -> None:
    await space.run("one", "true", container={"image": "registry.example/other:1"})
    pulled = await until(space.api, space.pod_path("one"), waits("ErrImagePull"))
    message = pulled["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message == "registry.example/other:1: not found; the images of this machine are: words"
    pod = await until(space.api, space.pod_path("one"), waits("ImagePullBackOff"))
    assert pod["status"]["phase"] == "Pending"
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
    await space.told("one", "Failed", "BackOff")


@pytest.mark.parametrize(
    ("container", "spec", "message"),
    [
        ({"livenessProbe": {"exec": {"command": ["true"]}}}, {}, "container 'main': livenessProbe is not supported"),
        ({"lifecycle": {"preStop": {"exec": {}}}}, {}, "container 'main': lifecycle is not supported"),
        ({}, {"hostNetwork": True}, "spec.hostNetwork is not supported"),
        (
            {"securityContext": {"privileged": True}},
            {},
            "container 'main': securityContext.privileged is not supported",
        ),
        (
            {"command": None, "args": ["x"]},
            {},
            "container 'main' has no command: images are folders here, and have no entry point",
        ),
    ],
)
async def test_what_cannot_be_honoured_is_refused(space: Space, container: Json, spec: Json, message: str) -> None:
    await space.run("one", "true", container=container, **spec)
    status = (await space.ended("one"))["status"]
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "UnsupportedByLocalKubelet", message)


async def test_missing_key_of_a_secret_is_waited_for(space: Space) -> None:
    env = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "x"}}}]
    await space.run("one", "true", container={"env": env})
    pod = await until(space.api, space.pod_path("one"), waits("CreateContainerConfigError"))
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting["message"] == 'secret "absent" not found'


async def test_pod_beyond_the_room_waits_its_turn(space: Space) -> None:
    big = {"resources": {"requests": {"cpu": "3"}}}
    await space.run("first", "exec sleep 60", container=big)
    await space.running("first")
    await space.run("second", "true", container=big)

    def no_room(found: Json | None) -> bool:
        why = (objects.condition(found or {}, "PodScheduled") or {}).get("message")
        return bool(why == "0/1 nodes are available: 1 Insufficient cpu.")

    await until(space.api, space.pod_path("second"), no_room)
    await space.api.delete(space.pod_path("first"))
    await until(space.api, space.pod_path("second"), phase("Succeeded"))


async def test_always_restarting_pod_backs_off(space: Space) -> None:
    await space.run("one", "exit 1", restartPolicy="Always")
    pod = await until(space.api, space.pod_path("one"), waits("CrashLoopBackOff"))
    assert pod["status"]["phase"] == "Running"
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
