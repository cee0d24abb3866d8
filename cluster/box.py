"""The cluster's namespaces: made by one process, entered by its id, gone with it.

The record of that process holds when it started, so that another process that got its id later is never taken
for it. What no namespace covers is written down before the start and put back at the end: a few sysctls that
the kubelet sets, control groups, the state folder.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cluster.errors import ClusterError, NotRunning
from cluster.places import PROGRAM, Places
from cluster.settings import CGROUP

SYSCTLS = (
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)
"""What the kubelet sets of the machine it runs on."""

NAMESPACES = ("--net", "--mount", "--pid", "--ipc")
MARK = "textmill-cluster"
END_SECONDS = 30.0
LOOK_SECONDS = 0.05


def start(places: Places) -> None:
    """Start the inside, and write down by which process it lives."""
    (places.state / "sysctls.json").write_text(json.dumps(_sysctls()))
    for root in cgroup_roots():
        (root / CGROUP).mkdir(exist_ok=True)
    inside = (sys.executable, "-m", "cluster.inside", str(places.state))
    options = ("--fork", "--kill-child", "--mount-proc", "--propagation", "private")
    command = ("unshare", *NAMESPACES, *options, "--", *inside)
    with (places.logs / "inside.log").open("ab") as sink:
        outer = subprocess.Popen(
            command, cwd=PROGRAM, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        pid = _child(outer, places)
        (places.state / "process.json").write_text(json.dumps({"pid": pid, "started": _started(pid)}))
    except BaseException:  # a signal too: what is not written down, nobody would end
        outer.kill()
        outer.wait()
        raise


def _child(outer: subprocess.Popen[bytes], places: Places) -> int:
    """Wait for the first process within the namespaces."""
    end = time.monotonic() + END_SECONDS
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    while not (found := children.read_text().split()):
        if outer.poll() is not None or time.monotonic() > end:
            raise ClusterError("the namespaces could not be made", f"see {places.logs}/inside.log")
        time.sleep(LOOK_SECONDS)
    return int(found[0])


def process(places: Places) -> int | None:
    """Return the process by which the inside lives, None where it does not."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        record = json.loads((places.state / "process.json").read_text())
        pid = int(record["pid"])
        if _started(pid) == record["started"]:
            return pid
    return None


def entering(places: Places) -> list[str]:
    """Return the words before a command that make it run inside."""
    pid = process(places)
    if pid is None:
        raise NotRunning("there is no cluster", "make cluster-up starts one")
    return ["nsenter", "--target", str(pid), *NAMESPACES, f"--wd={Path.cwd()}", "--"]


def remove(places: Places) -> None:
    """End everything and put back what was changed; does nothing where there is nothing."""
    if not places.state.exists():
        return
    if not (places.state / MARK).exists():
        raise ClusterError(f"{places.state} is no folder of a cluster", "give another by TEXTMILL_CLUSTER_STATE")
    pid = process(places)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        _until(lambda: process(places) is None, "the cluster's first process does not end")
    saved = places.state / "sysctls.json"
    if saved.exists():
        for name, value in json.loads(saved.read_text()).items():
            (Path("/proc/sys") / name).write_text(value)
    for group in [root / CGROUP for root in cgroup_roots()]:
        _until(functools.partial(_removed, group), f"the control group {group} is in use")
    _until(lambda: _gone(places.state), f"{places.state} cannot be removed")


def cgroup_roots() -> list[Path]:
    """Return where control groups of each controller begin, on either version of them."""
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top]
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [Path(line[1]) for line in lines if line[2] in {"cgroup", "cgroup2"}]


def _sysctls() -> dict[str, str]:
    found = {}
    for name in SYSCTLS:
        with contextlib.suppress(OSError):
            found[name] = (Path("/proc/sys") / name).read_text().strip()
    return found


def _started(pid: int) -> str:
    """Return when a process started, in the kernel's count; '' where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


def _removed(folder: Path) -> bool:
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(path).rmdir()
    return not folder.exists()


def _gone(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _until(condition: Callable[[], bool], failure: str) -> None:
    end = time.monotonic() + END_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise ClusterError(failure, "end what still uses it, then run make cluster-down again")
        time.sleep(LOOK_SECONDS)
