"""Container images without a registry: the pause image made here, others brought as an archive.

The pause image is one static program, so its archive is written by hand: a layer, its digest, two small documents.
"""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path

from cluster import box
from cluster.errors import ClusterError
from cluster.places import Places
from cluster.settings import PAUSE

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What images and Go call a machine that the kernel calls otherwise."""


def architecture() -> str:
    """Return this machine's architecture by the name that it has in images."""
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def pause(program: Path, archive: Path) -> None:
    """Write the archive of the image that holds a pod's namespaces open."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        _add(tar, "pause", program.read_bytes(), 0o755)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, "layer.tar", layer.getvalue(), 0o644)
        _add(tar, "config.json", json.dumps(config).encode(), 0o644)
        _add(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)


def load(places: Places, archive: Path) -> None:
    """Give the node an image from an archive, as `buildah push IMAGE docker-archive:FILE:IMAGE` writes it."""
    command = ["ctr", "--address", str(places.containerd), "--namespace", "k8s.io"]
    command += ["images", "import", str(archive)]
    done = subprocess.run(
        [*box.entering(places), *command], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise ClusterError(f"the image in {archive} was refused: {done.stderr.strip()}")


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
