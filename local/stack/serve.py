"""`python -m local run`: the stack on one state folder, until Ctrl-C.

The state folder is locked, so two stacks never share one. Ports: the one that was asked for, else the default or the
next that is free; the API server keeps its own over restarts, so that a kubeconfig somebody exported stays true.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from local import kubeconfig
from local.client import Client
from local.stack import engine, parts, room, seed, signals
from local.stack.lock import locked
from local.stack.parts import Layout
from local.stack.ports import Ports
from local.stack.showing import say
from local.stack.state import clear
from local.stack.supervisor import Supervisor

FIRST_SWEEP_SECONDS = 60.0
PROGRAM = Path(__file__).resolve().parents[2]


def layout(ports: Ports, state: Path, host: str, port: int, *, exactly: bool = False) -> Layout:
    """Return where a stack on this state folder lives, with ports that are kept for it."""
    kept = state / "cluster-port"
    before = kept.read_text() if kept.exists() else ""
    usable = before.isascii() and before.isdigit()  # a kill may have left it empty
    cluster_port = ports.take("127.0.0.1", int(before) if usable else 0)
    kept.write_text(str(cluster_port))
    return Layout(
        state=state,
        program=PROGRAM,
        api_port=ports.take(host, port, exactly=exactly),
        cluster_port=cluster_port,
        health_port=ports.take("127.0.0.1", 0),
        host=host,
    )


def layout_alone(ports: Ports, state: Path, host: str, port: int, name: str = "", *, exactly: bool = False) -> Layout:
    """Return where a Kubernetes without Textmill on it lives."""
    port = ports.take(host, port, exactly=exactly)
    (state / "cluster-port").write_text(str(port))
    return Layout(
        state, PROGRAM, api_port=0, cluster_port=port, health_port=0, cluster_host=host, cluster_name=name, alone=True
    )


@contextlib.asynccontextmanager
async def running(where: Layout, supervisor: Supervisor) -> AsyncIterator[None]:
    """Start everything, and stop it at the end, whatever happens in between."""
    try:
        clear(where.temporary)
        api_server, *rest = parts.cluster(where)
        await supervisor.start([api_server])
        async with Client(kubeconfig.load(where.kubeconfig), "textmill-stack") as client:
            await seed.plant(client, where)
        ours = [] if where.alone else parts.textmill(where, os.environ)
        await supervisor.start([*rest, *ours])
        yield
    finally:
        await supervisor.stop()


def supervising(where: Layout, hurried: asyncio.Event) -> Supervisor:
    """Return what will keep the parts of a stack running; once `hurried`, it kills instead of waiting."""
    return Supervisor(where.program, where.state / "logs", parts.environment(where, os.environ), hurried)


async def serve(
    state: Path,
    host: str,
    port: int,
    *,
    exactly: bool = False,
    alone: bool = False,
    name: str = "",
    sweep_seconds: float = 0,
) -> None:
    """Run the stack, or its Kubernetes alone, until a signal tells it to stop.

    exactly: refuse to start where the port is taken, because somebody asked for this one.
    name: what clients elsewhere call this machine, if the Kubernetes is to serve them.
    sweep_seconds: the pause between two sweeps of the volume; 0 leaves them to whoever starts them.
    ChildFailed where a part cannot be started; one that ran before is started again for as long as it takes.
    """
    with locked(state), Ports() as ports:
        where = (
            layout_alone(ports, state, host, port, name, exactly=exactly)
            if alone
            else layout(ports, state, host, port, exactly=exactly)
        )
        found = where.cluster_port if alone else where.api_port
        if port and found != port:
            say(
                f"port {port} is another program's, so this is at {found}: write {found} where the documents say {port}"
            )
        hurried = asyncio.Event()
        supervisor = supervising(where, hurried)
        await signals.until_told(_serve(where, supervisor, sweep_seconds), hurried.set)
        say("stopped")


async def _serve(where: Layout, supervisor: Supervisor, sweep_seconds: float) -> None:
    say(f"starting; state and logs in {where.state}")
    async with running(where, supervisor):
        if not where.alone:
            say(f"Textmill   {where.url}")
            slow = await asyncio.to_thread(engine.why_slow, where.program, parts.environment(where, os.environ))
            for line in filter(None, (slow, room.little(where.state, os.environ))):
                say(line)
        if sweep_seconds and not where.alone:
            supervisor.repeat(parts.sweep(where), min(FIRST_SWEEP_SECONDS, sweep_seconds), sweep_seconds)
        say(f"Kubernetes KUBECONFIG={where.kubeconfig}")
        say("Ctrl-C stops it")
        await supervisor.until_failed()
