"""`python -m cluster.inside`: the first process within the cluster's namespaces.

Whoever ends it ends everything, since it is process 1 of a process namespace: the kernel then kills all others, and
with the last of them go mounts, network and rules. It must wait for orphans too, as any process 1. It is
started by `cluster.box`, and says how it went by a file, `ready` or `failed`.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from cluster import binaries, parts
from cluster.errors import ClusterError
from cluster.keeper import Keeper
from cluster.places import Places, cache

LOOK_SECONDS = 0.2
COVERED = ("/var/lib", "/var/log")
"""Folders that programs insist on: what they write there goes to the state folder."""


def mounts(places: Places) -> None:
    """Hide what other runs on this machine may have left, and keep what this one writes to itself."""
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/run/netns").mkdir()
    Path("/run/lock").mkdir()
    for covered in COVERED:
        folder = places.state / "cover" / covered.strip("/").replace("/", "-")
        for name in ("upper", "work"):
            (folder / name).mkdir(parents=True)
        options = f"lowerdir={covered},upperdir={folder}/upper,workdir={folder}/work"
        _run("mount", "-t", "overlay", "overlay", "-o", options, covered)


def network() -> None:
    """Give the node an address that is not loopback, on a bridge that leads nowhere."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "node", "type", "bridge")
    _run("ip", "address", "add", f"{parts.NODE_ADDRESS}/32", "dev", "node")
    _run("ip", "link", "set", "node", "up")
    _run("ip", "route", "add", "default", "dev", "node")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def reap(own: set[int]) -> None:
    """Wait for orphans that ended; the keeper waits for its own."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid in own:
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(found.si_pid, 0)


def main(state: str) -> int:
    """Build the inside up, then keep it."""
    places = Places(Path(state))
    told: list[int] = []

    def tell(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    try:
        mounts(places)
        network()
        keeper = Keeper(places)
        keeper.start(parts.whole(places, binaries.build(cache(os.environ), binaries.NODE)))
    except ClusterError as error:
        (places.state / "failed").write_text(f"{error.message}\n{error.hint}")
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        (places.state / "failed").write_text(f"the inside of the cluster could not be made: {error}")
        return 1
    (places.state / "ready").touch()
    while not told:
        keeper.tick()
        reap(keeper.pids())
        time.sleep(LOOK_SECONDS)
    return 0


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise ClusterError(f"{' '.join(command)}: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
