"""`python -m local.kubelet`: the kubelet as a command, with a scheduler beside it unless a real one is there.

The two share a process to save memory, and nothing else: each has its own view of the API. Everything that
differs from machine to machine is an option; what a pod's processes find in their environment is the options
too, never the kubelet's own environment, but for PATH.
"""

import argparse
import asyncio
import os
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

from local import command, kubeconfig, quantity
from local.client import Client
from local.errors import LocalError
from local.kubelet import node
from local.kubelet.kubelet import Kubelet
from local.scheduler.scheduler import Scheduler


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local.kubelet", description="A kubelet that runs pods as subprocesses.")
    add = parser.add_argument
    add("--kubeconfig", type=Path, required=True, help="where the API server is")
    add("--scratch-root", type=Path, required=True, metavar="DIR", help="beneath it pods may have files of their own")
    add(
        "--state",
        type=Path,
        metavar="DIR",
        help="the kubelet's own files (default: .kubelet beside the scratch root)",
    )
    add("--image", type=_pair, action="append", default=[], metavar="NAME=DIR", help="an image is a folder; repeatable")
    add("--env", type=_pair, action="append", default=[], metavar="NAME=VALUE", help="for every container; repeatable")
    add("--node-name", default="laptop", help="the node's name (laptop)")
    add("--label", type=_pair, action="append", default=[], metavar="NAME=VALUE", help="of the node; repeatable")
    add("--cpu", type=quantity.milli, help="CPU to hand out (this machine's)")
    add("--memory", type=quantity.whole, help="memory to hand out (this machine's)")
    add("--max-pods", type=int, default=110, help="pods at the same time (110)")
    add("--host", default="127.0.0.1", help="where to serve logs (127.0.0.1)")
    add("--port", type=int, default=0, help="where to serve logs (a free port)")
    add("--tls-cert-file", type=Path, help="serve logs by TLS, as a real API server wants it")
    add("--tls-private-key-file", type=Path)
    add("--crash-backoff", type=float, default=10.0, help="seconds before a failed container's first restart (10)")
    add("--retry", type=float, default=2.0, help="seconds between looks for a missing volume or config map (2)")
    add("--stop-seconds", type=float, default=5.0, help="grace of pods when the node stops (5)")
    add("--no-scheduler", action="store_true", help="another scheduler binds the pods")
    add("--log-level", default="INFO")
    return parser


def _config(given: argparse.Namespace) -> node.Config:
    cpu, memory = node.detect()
    scratch = given.scratch_root.resolve()
    variables = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **dict(given.env)}
    return node.Config(
        name=given.node_name,
        root=(given.state or scratch.parent / ".kubelet").resolve(),
        scratch=scratch,
        images={name: Path(folder).resolve() for name, folder in given.image},
        environment=variables,
        cpu_milli=cpu if given.cpu is None else given.cpu,
        memory=memory if given.memory is None else given.memory,
        max_pods=given.max_pods,
        host=given.host,
        port=given.port,
        mount_retry=given.retry,
        crash_backoff=given.crash_backoff,
        stop_seconds=given.stop_seconds,
        labels=dict(given.label),
    )


def _tls(given: argparse.Namespace) -> ssl.SSLContext | None:
    if given.tls_cert_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(given.tls_cert_file, given.tls_private_key_file)
    except OSError as error:
        raise LocalError(f"cannot use the certificate {given.tls_cert_file}: {error}") from error
    return context


async def _serve(given: argparse.Namespace) -> None:
    def now() -> datetime:
        return datetime.now(UTC)

    async with Client(kubeconfig.load(given.kubeconfig), "textmill-local-kubelet") as api:
        kubelet = Kubelet(api, _config(given), now)
        if given.no_scheduler:
            await kubelet.run(_tls(given))
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Scheduler(api, now).run())
            tasks.create_task(kubelet.run(_tls(given)))


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop."""
    given = _parser().parse_args(arguments)
    return command.run("kubelet", _serve(given), given.log_level)


if __name__ == "__main__":
    sys.exit(main())
