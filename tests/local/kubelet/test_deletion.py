"""Deleting pods: SIGTERM, grace, SIGKILL, and no process left of any of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from local.errors import ApiRefused
from tests.contract import server
from tests.local.cluster import Cluster, Space, ending, gone, phase, until


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def died(pid: int) -> None:
    """Wait for the end of a process that was killed but is nobody's to wait for."""
    server.until(lambda: not alive(pid))


async def leader(space: Space, name: str) -> int:
    """The process of a running pod."""
    pod = await space.running(name)
    return int(pod["status"]["containerStatuses"][0]["containerID"].removeprefix("process://").split(".")[0])


async def test_deleted_pod_gets_sigterm_first(node: Cluster, space: Space) -> None:
    mark = node.folder / f"{space.name}.mark"
    await space.run("one", f'trap "echo asked > {mark}; exit 0" TERM; while true; do sleep 0.05; done')
    pid = await leader(space, "one")
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
    assert mark.read_text() == "asked\n"
    assert not alive(pid)


async def test_deaf_pod_is_killed_after_its_grace(space: Space) -> None:
    await space.run("one", 'trap "" TERM; while true; do sleep 0.05; done')
    pid = await leader(space, "one")
    await space.api.delete(space.pod_path("one"))
    last = await until(space.api, space.pod_path("one"), gone)
    assert not alive(pid)
    assert (ending(last)["exitCode"], last["status"]["phase"]) == (137, "Failed")


async def test_children_go_with_their_pod(node: Cluster, space: Space) -> None:
    note = node.folder / f"{space.name}.pid"
    await space.run("one", f"sleep 600 & echo $! > {note}.new; mv {note}.new {note}; exit 0")
    await space.ended("one")
    child = int(note.read_text())
    died(child)


async def test_forced_deletion_kills_at_once(space: Space) -> None:
    await space.run("one", "exec sleep 600")
    pid = await leader(space, "one")
    descriptor = os.pidfd_open(pid)
    try:
        await space.api.delete(space.pod_path("one"), {"gracePeriodSeconds": 0})
        await until(space.api, space.pod_path("one"), gone)
        os.set_blocking(descriptor, False)
        await ended(descriptor)
    finally:
        os.close(descriptor)
    assert not alive(pid)


async def ended(descriptor: int) -> None:
    """Wait for the process behind a pidfd."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, over.set)
    try:
        async with asyncio.timeout(10):
            await over.wait()
    finally:
        loop.remove_reader(descriptor)


async def test_deleted_pod_that_never_ran_is_failed(space: Space) -> None:
    await space.run("one", "true", container={"image": "absent"})
    await until(space.api, space.pod_path("one"), lambda pod: pod is not None and "startTime" in pod["status"])
    await space.api.delete(space.pod_path("one"))
    last = await until(space.api, space.pod_path("one"), gone)
    assert last["status"]["phase"] == "Failed"
    assert ending(last)["reason"] == "ContainerStatusUnknown"


async def test_name_can_be_used_again(space: Space) -> None:
    await space.run("one", "exit 1")
    await space.ended("one")
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
    await space.run("one", "exit 0")
    assert (await until(space.api, space.pod_path("one"), phase("Succeeded", "Failed")))["status"][
        "phase"
    ] == "Succeeded"


async def test_log_goes_with_the_pod(space: Space) -> None:
    await space.run("one", "echo words")
    await space.ended("one")
    await space.api.delete(space.pod_path("one"))
    await until(space.api, space.pod_path("one"), gone)
    with pytest.raises(ApiRefused, match='pods "one" not found'):
        await space.api.get(f"{space.pod_path('one')}/log")
