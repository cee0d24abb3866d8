"""What the stack consists of: each part's command, its settings and how one sees that it is ready.

Pure: a layout of paths and ports in, a list of parts out. Started in this order, stopped in the opposite one.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.stack.loopback import no_proxy

IMAGE = "textmill"
CLAIM = "textmill-data"
NAMESPACE = "default"


@dataclass(frozen=True)
class Layout:
    """Where one stack lives: its state folder, the program's own folder, and the ports it was given.

    alone: Kubernetes only, without the operator and the HTTP interface.
    cluster_name: what clients elsewhere call the Kubernetes API's machine; the address where empty.
    """

    state: Path
    program: Path
    api_port: int
    cluster_port: int
    health_port: int
    host: str = "127.0.0.1"
    cluster_host: str = "127.0.0.1"
    cluster_name: str = ""
    alone: bool = False

    @property
    def volume(self) -> Path:
        """The folder that stands for the PersistentVolume."""
        return self.state / "volume"

    @property
    def scratch(self) -> Path:
        """Where pods find volumes that are not the claim."""
        return self.state / "scratch"

    @property
    def temporary(self) -> Path:
        """Where parts keep temporary files, so that one that is killed leaves no keys in the machine's own folder."""
        return self.state / "tmp"

    @property
    def kubeconfig(self) -> Path:
        """What kubectl needs."""
        return self.state / "kubeconfig"

    @property
    def url(self) -> str:
        """The address people use."""
        return f"http://{self.host if self.host.startswith('127.') else '127.0.0.1'}:{self.api_port}"


@dataclass(frozen=True)
class Part:
    """One process. ready: a URL that answers 200, or a file that appears; stop_seconds: between SIGTERM and SIGKILL."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None
    ready_file: Path | None = None
    stop_seconds: float = 10.0


def cluster(layout: Layout) -> list[Part]:
    """Return the parts of the laptop's cluster."""
    state, kubeconfig = layout.state, ("--kubeconfig", str(layout.kubeconfig))
    ready = state / "cluster" / "ready"
    server = (
        *("-m", "local.apiserver", "--state", str(state / "cluster"), "--ready-file", str(ready), *kubeconfig),
        *("--listen", f"{layout.cluster_host}:{layout.cluster_port}", "--namespace", NAMESPACE),
        *(("--advertise", layout.cluster_name) if layout.cluster_name else ()),
    )
    kubelet = (
        *("-m", "local.kubelet", *kubeconfig, "--scratch-root", str(layout.scratch)),
        *("--state", str(state / "kubelet"), "--image", f"{IMAGE}={layout.program}"),
    )
    return [
        Part("api-server", (sys.executable, *server), ready_file=ready),
        Part("job-controller", (sys.executable, "-m", "local.jobs", *kubeconfig, "--backoff-base", "1")),
        Part("kubelet", (sys.executable, *kubelet)),
    ]


def _places(layout: Layout) -> dict[str, str]:
    return {
        "KUBECONFIG": str(layout.kubeconfig),
        "TEXTMILL_VOLUME": str(layout.volume),
        "TEXTMILL_SCRATCH": str(layout.scratch),
        "TEXTMILL_CLAIM": CLAIM,
        "TEXTMILL_NAMESPACE": NAMESPACE,
        "TEXTMILL_IMAGE": IMAGE,
    }


def textmill(layout: Layout, environ: Mapping[str, str]) -> list[Part]:
    """Return the operator and the HTTP interface; settings that are given in the environment win."""
    ours = _places(layout)
    defaults = {"TEXTMILL_IDENTITY": "laptop", "TEXTMILL_MAX_PODS": str(max(2, os.cpu_count() or 2))}
    defaults |= {"TEXTMILL_WORKER_USER": "0", "TEXTMILL_RETRY_SECONDS": "1"}
    own = {name: value for name, value in defaults.items() if name not in environ}
    health = f"127.0.0.1:{layout.health_port}"
    listen = f"{layout.host}:{layout.api_port}"
    gunicorn = ("-m", "gunicorn", "-c", "app/gunicorn.conf.py", "app:create_app()")
    return [
        Part(
            "operator",
            (sys.executable, "-m", "textmill_operator"),
            ours | own | {"TEXTMILL_HEALTH_ADDRESS": health},
            ready_url=f"http://{health}/readyz",
        ),
        Part(
            "api",
            (sys.executable, *gunicorn),
            ours | {"TEXTMILL_LISTEN": listen},
            ready_url=f"{layout.url}/readyz",
        ),
    ]


def sweep(layout: Layout) -> Part:
    """Return what removes from the volume, once, what no request refers to."""
    return Part("sweep", (sys.executable, "-m", "app", "sweep"), _places(layout))


def environment(layout: Layout, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every part is started with: our commands and packages, no proxy for loopback, UTF-8."""
    bin_folder = str(Path(sys.executable).parent)
    return {
        **environ,
        **no_proxy(environ, *filter(None, (layout.cluster_name,))),
        "PATH": f"{bin_folder}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{layout.program}{os.pathsep}{layout.program / 'operator'}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",  # logs are read by us, and not by the terminal that this was started on
        "TMPDIR": str(layout.temporary),
    }
