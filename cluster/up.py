"""`make cluster-up` and `make cluster-down`: one node, from nothing to Ready, and back to nothing.

Safe to run twice: a cluster that lives is left alone, what a crash left is removed first. Every phase says how long
it took. The node brings volumes that need no provisioner, since nothing here provisions.
"""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster import binaries, box, images, keys, needs, parts, settings
from cluster.errors import ClusterError, PartFailed
from cluster.keeper import tail
from cluster.places import Places, cache, state

NODE_SECONDS = 180.0
LOOK_SECONDS = 0.1
VOLUMES = 8


@contextlib.contextmanager
def phase(name: str) -> Iterator[None]:
    """Say how long something took."""
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:6.1f} s  {name}", flush=True)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let only one process at a time start or stop a cluster."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def up() -> Places:
    """Start the cluster, unless it runs already."""
    store, places = cache(os.environ), Places(state(os.environ))
    with alone(store):
        if (places.state / "up").exists() and box.process(places):
            print(f"the cluster is up, its state in {places.state}")
            return places
        with phase("the machine has what a node needs"):
            needs.check(places.state)
        with phase("programs"):
            programs = binaries.build(store, binaries.NODE)
        with phase("nothing is left of an earlier run"):
            box.remove(places)
        with phase("keys and settings"):
            _write(places)
        with phase("control plane and node processes"):
            box.start(places)
            _await_inside(places)
        with phase("node ready"):
            _equip(places, programs)
        (places.state / "up").touch()
    return places


def down() -> None:
    """Stop the cluster and leave nothing of it."""
    with alone(cache(os.environ)), phase("stopped, nothing left"):
        box.remove(Places(state(os.environ)))


def run_inside(places: Places, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in the cluster's namespaces, as its administrator, with its programs at hand."""
    environ = {**os.environ, **environment(places)}
    return subprocess.run([*box.entering(places), *command], check=False, text=True, env=environ, **options)


def environment(places: Places) -> dict[str, str]:
    """Return what a command needs to find the cluster and its programs."""
    folders = {str(path.parent) for path in binaries.build(cache(os.environ), binaries.NODE).values()}
    path = [str(Path(sys.executable).parent), *sorted(folders), os.environ.get("PATH", os.defpath)]
    return {"KUBECONFIG": str(places.kubeconfig), "PATH": os.pathsep.join(path)}


def _write(places: Places) -> None:
    places.state.mkdir(mode=0o700, parents=True)
    (places.state / box.MARK).touch()
    for folder in (places.logs, places.pids, places.held, places.volumes):
        folder.mkdir()
    tokens = keys.make(places.keys, names=parts.names(parts.NODE_ADDRESS), node=parts.NODE_NAME)
    for name, text in settings.files(places).items():
        path = places.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    server, authority = f"https://{parts.NODE_ADDRESS}:6443", places.keys / "ca.crt"
    for part, token in tokens.items():
        path = places.kubeconfig if part == "admin" else places.config / f"{part}.kubeconfig"
        keys.kubeconfig(path, server, authority, token)


def _await_inside(places: Places) -> None:
    while not (places.state / "ready").exists():
        failed = places.state / "failed"
        if failed.exists():
            message, _, hint = failed.read_text().rpartition("\n")
            raise PartFailed(message, hint)
        if box.process(places) is None:
            raise PartFailed(f"the cluster ended while it started:\n{tail(places.logs / 'inside.log')}")
        time.sleep(LOOK_SECONDS)


def _equip(places: Places, programs: dict[str, Path]) -> None:
    archive = places.state / "pause.tar"
    images.pause(programs["pause"], archive)
    images.load(places, archive)
    kubectl = str(programs["kubectl"])
    for index in range(VOLUMES):
        (places.volumes / f"local-{index}").mkdir()
    applied = run_inside(places, [kubectl, "apply", "-f", "-"], input=json.dumps(_objects(places)), capture_output=True)
    if applied.returncode:
        raise ClusterError(f"the cluster's own objects were refused: {applied.stderr.strip()}")
    end = time.monotonic() + NODE_SECONDS
    wait = [kubectl, "wait", f"node/{parts.NODE_NAME}", "--for=condition=Ready", "--timeout=30s"]
    while run_inside(places, wait, capture_output=True).returncode:
        if time.monotonic() > end:
            raise PartFailed(f"the node is not ready; the kubelet's log ends:\n{tail(places.logs / 'kubelet.log')}")
        time.sleep(LOOK_SECONDS)


def _objects(places: Places) -> dict[str, Any]:
    """Return what the cluster is born with: a default storage class and volumes."""
    items: list[dict[str, Any]] = [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "local", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "Immediate",
        },
    ]
    items += [volume(f"local-{index}", places.volumes / f"local-{index}") for index in range(VOLUMES)]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def volume(name: str, path: Path, storage_class: str = "local", size: str = "20Gi") -> dict[str, Any]:
    """Return a PersistentVolume on a folder of the node; fsGroup works on this type, as it does not on hostPath."""
    here = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [parts.NODE_NAME]}]}]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": storage_class,
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": here}},
        },
    }
