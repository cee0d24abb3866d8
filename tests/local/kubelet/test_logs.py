"""Containers' logs, as `kubectl logs` asks for them through the API server."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import aiohttp

from tests.contract.server import PATIENCE
from tests.local.cluster import Cluster, Space


async def kubectl_logs(node: Cluster, space: Space, *flags: str) -> str:
    """What `kubectl logs` prints."""
    kubectl = Path(sys.executable).parent / "kubectl"
    command = [str(kubectl), "--kubeconfig", str(node.server.kubeconfig), "-n", space.name, "logs", *flags]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE)
    return done.stdout + done.stderr


async def log(space: Space, name: str, **query: str) -> str:
    """A pod's log, as the API server passes it on."""
    access = space.api.access
    address = f"{access.server}{space.pod_path(name)}/log"
    ssl = access.tls or True
    async with (
        aiohttp.ClientSession(headers=access.headers) as session,
        session.get(address, params=query, ssl=ssl) as answer,
    ):
        return await answer.text()


async def test_kubectl_shows_both_streams(node: Cluster, space: Space) -> None:
    await space.run("one", "echo out; echo err >&2; printf unfinished")
    await space.ended("one")
    assert await kubectl_logs(node, space, "one") == "out\nerr\nunfinished"


async def test_tail_and_limit_cut_the_log(space: Space) -> None:
    await space.run("one", "seq 1 100")
    await space.ended("one")
    assert await log(space, "one", tailLines="2") == "99\n100\n"
    assert await log(space, "one", limitBytes="3") == "1\n2"
    assert await log(space, "one", tailLines="0") == ""


async def test_timestamps_stand_before_lines(space: Space) -> None:
    await space.run("one", "echo hello")
    await space.ended("one")
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT[\d:.]+Z hello\n", await log(space, "one", timestamps="true"))


async def test_long_lines_come_back_whole(space: Space) -> None:
    await space.run("one", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo after")
    await space.ended("one")
    assert await log(space, "one") == "x" * 100_000 + "\nafter\n"


async def test_each_container_has_its_own_log(space: Space) -> None:
    containers = [
        {"name": name, "image": "words", "command": ["sh", "-c", f"echo I am {name}"]} for name in ("first", "second")
    ]
    await space.run("one", "", containers=containers)
    await space.ended("one")
    assert await log(space, "one", container="second") == "I am second\n"


async def test_previous_attempt_keeps_its_log(space: Space) -> None:
    script = 'echo x >> "$HOME/tries"; cat "$HOME/tries" | wc -l; test $(wc -l < "$HOME/tries") -gt 1'
    await space.run("one", script, restartPolicy="OnFailure")
    await space.ended("one")
    assert await log(space, "one", previous="true") == "1\n"
    assert await log(space, "one") == "2\n"


async def test_follow_ends_with_the_container(node: Cluster, space: Space) -> None:
    go_on = node.folder / f"{space.name}.go"
    await space.run("one", f"echo begun; while [ ! -e {go_on} ]; do sleep 0.05; done; echo done")
    await space.running("one")
    access = space.api.access
    lines = []
    async with aiohttp.ClientSession(headers=access.headers) as session:
        address = f"{access.server}{space.pod_path('one')}/log"
        async with session.get(address, params={"follow": "true"}, ssl=access.tls or True) as answer:
            async for line in answer.content:
                lines.append(line.decode())
                go_on.touch()
    assert lines == ["begun\n", "done\n"]


async def test_log_server_answers_to_its_own_names_only(space: Space) -> None:
    found = await space.api.get("/api/v1/nodes/laptop")
    port = found["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
    address = f"http://127.0.0.1:{port}/containerLogs/default/one/main"
    async with aiohttp.ClientSession() as session:
        for headers, status in (
            ({"Host": "evil.example:80"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({}, 404),
        ):
            async with session.get(address, headers=headers) as answer:
                assert answer.status == status
