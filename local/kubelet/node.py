"""What a kubelet is told about itself, and the Node object that it shows.

The node's annotations name what pods may ask for here without its having any effect. Pure, but for
`detect`, which asks the machine for its size.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from local import objects
from local.kubelet.refusals import WITHOUT_EFFECT
from local.objects import Json

VERSION = "v1.37.0-textmill"
LEASE_SECONDS = 40
LEASE_NAMESPACE = "kube-node-lease"
NOT_ENFORCED = "local.textmill.dev/without-effect"


@dataclass(frozen=True)
class Config:
    """All that differs between one kubelet and another."""

    name: str
    root: Path
    scratch: Path
    images: Mapping[str, Path]
    environment: Mapping[str, str]
    cpu_milli: int
    memory: int
    max_pods: int = 110
    host: str = "127.0.0.1"
    port: int = 0
    image_retry: float = 10.0
    mount_retry: float = 2.0
    crash_backoff: float = 10.0
    stop_seconds: float = 5.0
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> dict[str, int]:
        """What a container may use that has no limit: CPU in thousandths, memory in bytes."""
        return {"cpu": self.cpu_milli, "memory": self.memory}


def detect() -> tuple[int, int]:
    """The machine's CPU in thousandths and its memory in bytes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (os.cpu_count() or 1) * 1000, memory


def manifest(config: Config) -> Json:
    """The Node as it is created."""
    labels = {
        "kubernetes.io/hostname": config.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        **config.labels,
    }
    meta = {"name": config.name, "labels": labels, "annotations": {NOT_ENFORCED: "; ".join(WITHOUT_EFFECT)}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {}}


def status(config: Config, port: int, now: datetime, *, ready: bool = True) -> Json:
    """The Node's status."""
    stamp = objects.format_time(now)
    size = {
        "cpu": f"{config.cpu_milli}m",
        "memory": str(config.memory),
        "pods": str(config.max_pods),
    }
    condition = {
        "type": "Ready",
        "status": "True" if ready else "False",
        "reason": "KubeletReady" if ready else "KubeletStopped",
        "message": "pods run as subprocesses of this machine" if ready else "the kubelet was stopped",
        "lastHeartbeatTime": stamp,
        "lastTransitionTime": stamp,
    }
    return {
        "capacity": size,
        "allocatable": size,
        "addresses": [{"type": "InternalIP", "address": config.host}, {"type": "Hostname", "address": config.name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [condition],
        "nodeInfo": {
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kernelVersion": platform.release(),
            "osImage": platform.system(),
            "containerRuntimeVersion": "subprocess://1",
            "kubeletVersion": VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": manifest(config)["metadata"]["labels"]["kubernetes.io/arch"],
        },
    }


def lease(config: Config, now: datetime) -> Json:
    """The node's Lease, whose renewal says that the kubelet lives."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": config.name, "namespace": LEASE_NAMESPACE},
        "spec": {
            "holderIdentity": config.name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": objects.format_microtime(now),
        },
    }
