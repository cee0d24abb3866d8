"""The laptop's whole stack. `run` serves it until Ctrl-C, `cluster` its Kubernetes alone, `demo` shows the main job
once and stops.

The parts can be started by themselves as well: `python -m local.apiserver`, `local.jobs`, `local.kubelet`.
"""

import argparse
import asyncio
import logging
import math
import sys
from pathlib import Path

from local import standard_error
from local.errors import LocalError
from local.stack import showing
from local.stack.demo import demo
from local.stack.serve import serve


def main() -> int:
    """Parse the arguments, run the command, return its exit code."""
    standard_error.never_fails()
    chosen = _parser().parse_args()
    logging.basicConfig(stream=sys.stderr, level="WARNING", format="%(message)s")
    showing.any_terminal()
    try:
        if chosen.command == "demo":
            heard = asyncio.run(demo(chosen.file))
            return 128 + heard if heard else 0
        alone = chosen.command == "cluster"
        every = 0 if alone else chosen.sweep_every
        name = chosen.name if alone else ""
        where = chosen.state.resolve()
        asked = chosen.port is not None
        port = chosen.port if asked else chosen.usual_port
        asyncio.run(serve(where, chosen.host, port, exactly=asked, alone=alone, name=name, sweep_seconds=every))
    except LocalError as error:
        sys.stderr.write(f"textmill: {error.message}\n" + (f"textmill: {error.hint}\n" if error.hint else ""))
        return 1
    except OSError as error:  # a disk that is full, a folder that is not ours: whatever the machine refuses
        sys.stderr.write(f"textmill: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve until Ctrl-C")
    _add_place(run, "address to serve at", "port to serve at", usual_port=5000)
    run.add_argument(
        "--sweep-every",
        type=_seconds,
        default=3600,
        metavar="SECONDS",
        help="pause between two sweeps of the volume; 0 makes none (default: 3600)",
    )
    kubernetes = commands.add_parser(
        "cluster", help="serve the Kubernetes API alone, with its Job controller and kubelet"
    )
    _add_place(kubernetes, "address of the Kubernetes API", "its port", usual_port=6443)
    kubernetes.add_argument(
        "--name",
        default="",
        help="what clients on other machines call this one (default: they reach it by its address)",
    )
    show = commands.add_parser("demo", help="count a text on a stack of its own, and stop")
    show.add_argument("--file", type=Path, help="the text (default: the help topics that come with Python)")
    return parser


def _add_place(command: argparse.ArgumentParser, host: str, port: str, *, usual_port: int) -> None:
    """Let a command be told where its state lies and where it serves; what `host` and `port` are is said in help."""
    command.add_argument(
        "--state", type=Path, default=Path(".textmill"), help="folder of all state (default: .textmill)"
    )
    command.add_argument("--host", default="127.0.0.1", help=f"{host} (default: 127.0.0.1)")
    command.add_argument(
        "--port", type=int, help=f"{port}; 0 takes a free one (default: {usual_port} or the next free one)"
    )
    command.set_defaults(usual_port=usual_port)


def _seconds(text: str) -> float:
    found = float(text)
    if not 0 <= found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return found
