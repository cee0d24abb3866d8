"""`python -m tests.plane --state DIR --port PORT`: such a stack, until Ctrl-C.

The same parts as `python -m local run`, but that a real control plane stands where the laptop's API server, Job
controller and scheduler stand there. DIR must be empty.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from cluster import plane
from cluster.places import Places
from local import kubeconfig
from local.client import Client
from local.stack import parts, seed
from local.stack.parts import Layout, Part
from local.stack.ports import Ports
from local.stack.state import clear
from local.stack.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]


async def serve(places: Places, port: int) -> None:
    """Run the kubelet, the operator and the HTTP interface on a control plane that runs."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    with Ports() as ports:
        api_port, health_port = ports.take("127.0.0.1", port), ports.take("127.0.0.1", 0)
        where = Layout(places.state, ROOT, api_port=api_port, cluster_port=0, health_port=health_port)
        await _run(where, places, told)


async def _run(where: Layout, places: Places, told: asyncio.Event) -> None:
    clear(where.temporary)
    supervisor = Supervisor(ROOT, places.logs, parts.environment(where, os.environ))
    try:
        async with Client(kubeconfig.load(places.kubeconfig), "textmill-plane") as client:
            await seed.plant(client, where)
        await supervisor.start([kubelet(where, places), *parts.textmill(where, os.environ)])
        print(f"Textmill   {where.url}", flush=True)
        await supervisor.until_failed(asyncio.ensure_future(told.wait()))
    finally:
        await supervisor.stop()


def kubelet(where: Layout, places: Places) -> Part:
    """The laptop's kubelet as a node of a real control plane: another binds its pods, its logs go by TLS."""
    own = next(part for part in parts.cluster(where) if part.name == "kubelet")
    tls = ("--tls-cert-file", f"{places.keys}/apiserver.crt", "--tls-private-key-file", f"{places.keys}/apiserver.key")
    return replace(own, command=(*own.command, "--no-scheduler", *tls))


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.plane", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with plane.running(asked.state / "plane", with_controllers=True) as places:
        asyncio.run(serve(places, asked.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
