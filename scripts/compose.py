"""`python -m scripts.compose`: builds both images and runs the tests of compose.yaml with podman, without a registry.

podman gets settings of its own for this: limits that the machine allows (its defaults ask for more than a container
that is itself confined may give), runc, and no systemd; and the network that resolves names, as podman keeps for good
the one that it found when it first ran. Health checks have no timer there, so the tests run them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from checks.tree import ROOT
from scripts import image

IMAGE, PROXY = f"{image.REPOSITORY}:compose", f"{image.REPOSITORY}-proxy:compose"
FILES, PROCESSES = 20000, 16384


def settings(files: int, processes: int) -> str:
    """Return podman's settings, with limits that fit beneath those of this machine."""
    most = {"nofile": min(FILES, files), "nproc": min(PROCESSES, processes)}
    limits = ", ".join(f'"{name}={limit}:{limit}"' for name, limit in most.items())
    return f"""\
[containers]
default_ulimits = [{limits}]

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"

[network]
network_backend = "netavark"
"""


def hard(limit: int) -> int:
    """Return a hard limit of this process; a great number where there is none."""
    found = resource.getrlimit(limit)[1]
    return sys.maxsize if found == resource.RLIM_INFINITY else found


def main(arguments: Sequence[str]) -> int:
    """Build, then run the tests; their exit code."""
    os.environ["BUILDER"] = "buildah"
    for tag, file in ((IMAGE, "Dockerfile"), (PROXY, "compose/Dockerfile")):
        if image.main(["--tag", tag, "--file", file]):
            return 1
    with tempfile.TemporaryDirectory(prefix="textmill-podman-") as folder:
        conf = Path(folder, "containers.conf")
        conf.write_text(settings(hard(resource.RLIMIT_NOFILE), hard(resource.RLIMIT_NPROC)), "utf-8")
        environ = {**os.environ, "CONTAINERS_CONF": str(conf), "TEXTMILL_IMAGE": IMAGE, "TEXTMILL_PROXY_IMAGE": PROXY}
        command = [sys.executable, "-m", "pytest", "tests/compose", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
