"""`python -m cluster`: build, up, down, exec, load, control-plane.

The Makefile's targets call this; `exec` is for everything that must run where the node's addresses exist.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from cluster import binaries, images, plane, up
from cluster.errors import ClusterError
from cluster.places import Places, cache, state


def main() -> int:
    """Run one command; a ClusterError is a sentence and a hint, not a traceback."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build programs into the cache and print where they are")
    build.add_argument("module", nargs="*", help=", ".join(one.name for one in binaries.NODE))
    commands.add_parser("up", help="start the cluster, unless it runs")
    commands.add_parser("down", help="stop it and leave nothing")
    inside = commands.add_parser("exec", help="run a command inside: exec -- kubectl get pods")
    inside.add_argument("words", nargs=argparse.REMAINDER)
    control = commands.add_parser("control-plane", help="run a command beside etcd and an API server, without root")
    control.add_argument("--controllers", action="store_true", help="with controller manager and scheduler")
    control.add_argument("words", nargs=argparse.REMAINDER)
    load = commands.add_parser("load", help="give the node an image from a docker archive")
    load.add_argument("archive", type=Path)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what was started is stopped
    try:
        return run(asked)
    except ClusterError as error:
        print(f"{error.message}\n{error.hint}".strip(), file=sys.stderr)
        return 1


def run(asked: argparse.Namespace) -> int:
    """Do what was asked, and return the exit code."""
    places = Places(state(os.environ))
    match asked.command:
        case "build":
            wanted = [one for one in binaries.NODE if not asked.module or one.name in asked.module]
            for path in binaries.build(cache(os.environ), wanted).values():
                print(path)
        case "up":
            up.up()
        case "down":
            up.down()
        case "load":
            images.load(places, asked.archive)
        case "exec":
            return up.run_inside(places, _words(asked.words)).returncode
        case "control-plane":
            return plane.run(_words(asked.words), with_controllers=asked.controllers)
    return 0


def _words(given: list[str]) -> list[str]:
    return given[1:] if given[:1] == ["--"] else given


if __name__ == "__main__":
    sys.exit(main())
