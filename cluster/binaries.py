"""The programs of the cluster, built once from pinned sources into the cache.

Each Go module in `modules/` pins one project (its go.sum every source by digest), apart from the others so that
their dependencies do not have to agree. A build's folder carries a digest of what it was made from; it appears by
a rename, so a build that was cut short leaves nothing that looks finished. Nothing prebuilt is fetched.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import BuildFailed, MachineLacks
from cluster.places import MODULES

TAIL = 1500
HINT = "see that Go reaches its module proxy and that the disk is not full"


@dataclass(frozen=True)
class Module:
    """One folder of `modules/`: the module whose version counts, and the commands that are built from it."""

    name: str
    path: str
    commands: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its go.mod lies."""
        return MODULES / self.name

    @property
    def version(self) -> str:
        """The version that go.mod pins."""
        pinned = (self.folder / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"^\s*(?:require )?{re.escape(self.path)} (v\S+)", pinned, re.MULTILINE)
        return found[1] if found else "v0.0.0"

    @property
    def key(self) -> str:
        """The name of the build's folder in the cache."""
        made_of = hashlib.sha256(self.flags.encode())
        for path in sorted(self.folder.iterdir()):
            made_of.update(path.read_bytes())
        return f"{self.name}-{self.version}-{made_of.hexdigest()[:12]}"

    @property
    def flags(self) -> str:
        """What the linker is told; Kubernetes learns its own version in no other way."""
        if self.name != "kubernetes":
            return "-s -w"
        major, minor, _ = self.version[1:].split(".", 2)
        facts = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        facts |= {"gitCommit": "0" * 40, "buildDate": "1970-01-01T00:00:00Z"}
        return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{key}={value}" for key, value in facts.items())])


KUBERNETES = Module(
    "kubernetes",
    "k8s.io/kubernetes",
    tuple(
        f"k8s.io/kubernetes/cmd/{name}"
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl")
    ),
)
ETCD = Module("etcd", "go.etcd.io/etcd/server/v3", ("go.etcd.io/etcd/server/v3",))
HELM = Module("helm", "helm.sh/helm/v4", ("helm.sh/helm/v4/cmd/helm",))
COREDNS = Module("coredns", "github.com/coredns/coredns", ("github.com/coredns/coredns",))
PAUSE = Module("pause", "textmill.dev/cluster/pause", ("textmill.dev/cluster/pause",))

CONTROL_PLANE = (ETCD, KUBERNETES)
NODE = (HELM, ETCD, COREDNS, PAUSE, KUBERNETES)


def build(cache: Path, modules: Iterable[Module]) -> dict[str, Path]:
    """Return where each program is, after building what the cache lacks."""
    return {path.name: path for module in modules for path in _built(cache, module)}


def _built(cache: Path, module: Module) -> list[Path]:
    folder = cache / "bin" / module.key
    if not folder.exists():
        started = time.monotonic()
        print(f"building {module.name} {module.version} from its sources, once", flush=True)
        _build(folder, module)
        print(f"built {module.name} in {time.monotonic() - started:.0f} s", flush=True)
    return sorted(folder.iterdir())


def _build(folder: Path, module: Module) -> None:
    go = shutil.which("go")
    if go is None:
        raise MachineLacks("there is no Go to build the cluster's programs with", "install Go 1.26 or newer")
    folder.parent.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{module.name}-") as work:
        made = Path(work, "made")
        target = f"{made}/" if len(module.commands) > 1 else f"{made}/{module.name}"
        command = [go, "build", "-trimpath", "-ldflags", module.flags, "-o", target, *module.commands]
        done = subprocess.run(
            command, cwd=module.folder, env=environ, check=False, capture_output=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            tail = done.stderr.decode(errors="replace")[-TAIL:].strip()
            raise BuildFailed(f"{module.name} {module.version} could not be built:\n{tail}", HINT)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # another build was quicker
                raise
