"""What a machine must have before a cluster is tried on it, each lack in one sentence.

Asked at the start, since a kubelet on a machine without an overlay file system says so only after minutes, and in
words about something else. Nothing here changes the machine.
"""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster.errors import MachineLacks

FREE_BYTES = 8 << 30
UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers")
CONTROLLERS = Path("/proc/cgroups")
"""Those of the first version; the last column tells whether one is switched on."""


def check(state: Path) -> None:
    """Raise MachineLacks for the first thing that is missing."""
    if platform.system() != "Linux":
        raise MachineLacks(f"a node needs Linux, and this is {platform.system()}", "use make run, the laptop's cluster")
    if os.geteuid() != 0:
        hint = "run it as root; without root there is `python -m cluster control-plane`"
        raise MachineLacks("a node needs root: it makes namespaces, mounts and control groups", hint)
    for path in ("unshare", "nsenter", "ip", "iptables", "containerd", "runc", "/usr/lib/cni/ptp"):
        if shutil.which(path) is None:
            raise MachineLacks(f"a node needs {path}", "apt-get install the packages that `make cluster-up` names")
    if not {"memory", "cpu", "pids"} <= _controllers():
        raise MachineLacks("the kernel has no control groups for memory, cpu and pids", "boot one that has them")
    folder = state.parent
    if shutil.disk_usage(folder).free < FREE_BYTES:
        raise MachineLacks(f"{folder} has less than 8 GiB free", "make room, or set TEXTMILL_CLUSTER_STATE")
    _try(folder)


def _controllers() -> set[str]:
    """Return the controllers of control groups that are there to use, in either version of them."""
    if UNIFIED.exists():
        return set(UNIFIED.read_text().split())
    lines = [line.split() for line in CONTROLLERS.read_text().splitlines()] if CONTROLLERS.exists() else []
    return {line[0] for line in lines if line[-1] == "1"}


def _try(folder: Path) -> None:
    """Try in namespaces of a moment what cannot be seen from outside."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="textmill-needs-") as name:
        for part in ("lower", "upper", "work", "all"):
            Path(name, part).mkdir()
        overlay = (
            f"mount -t overlay overlay -o lowerdir={name}/lower,upperdir={name}/upper,workdir={name}/work {name}/all"
        )
        trials = (
            ("true", "the machine lets nobody make namespaces", "run it outside a restricted container"),
            (overlay, f"the kernel cannot mount an overlay file system in {folder}", "set TEXTMILL_CLUSTER_STATE"),
            ("ip link add node type bridge", "the kernel has no network bridge", "load the module bridge"),
            ("ip link add try0 type veth peer name try1", "the kernel has no veth interfaces", "load the module veth"),
            (
                "iptables -t nat -A OUTPUT -p tcp -m comment --comment try -j DNAT --to-destination 10.0.0.1:1",
                "iptables cannot translate addresses on this kernel",
                "load the modules of nf_tables and nf_nat, or try the other iptables by update-alternatives",
            ),
        )
        for script, message, hint in trials:
            command = ("unshare", "--net", "--mount", "--pid", "--fork", "--", "sh", "-c", script)
            done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode:
                raise MachineLacks(f"{message}: {done.stderr.strip() or 'no reason given'}", hint)
