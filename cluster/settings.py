"""The files that the parts of the node read when they start.

Pure: folders in, texts out. What is unusual here has its reason beside it; most of it is owed to machines that
are virtual, small, without systemd and perhaps still on control groups of the first version.
"""

import json
from typing import Any

from cluster.parts import DOMAIN, NODE_ADDRESS, PODS
from cluster.places import Places

PAUSE = "localhost/textmill/pause:1"
CGROUP = "textmill-cluster"


def files(places: Places) -> dict[str, str]:
    """Return every file by its name in the folder of settings."""
    return {
        "containerd.toml": containerd(places),
        "kubelet.yaml": json.dumps(kubelet(places), indent=2),
        "Corefile": corefile(places),
        "cni/10-textmill.conflist": json.dumps(network(places), indent=2),
        "resolv.conf": "",
    }


def containerd(places: Places) -> str:
    """Return containerd's settings; what it cannot have here (AppArmor, negative OOM scores) is switched off."""
    return f"""\
version = 2
root = "{places.state}/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
address = "{places.containerd}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "runc"
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{places.config}/cni"
"""


def kubelet(places: Places) -> dict[str, Any]:
    """Return the kubelet's settings."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": f"{places.keys}/ca.crt"},
        },
        "authorization": {"mode": "AlwaysAllow"},  # whoever shows a certificate of the authority: the API server
        "cgroupDriver": "cgroupfs",  # systemd need not be there
        "cgroupRoot": f"/{CGROUP}",  # one folder a controller, so that `down` knows what to remove
        "clusterDNS": [NODE_ADDRESS],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": f"unix://{places.containerd}",
        "enforceNodeAllocatable": ["pods"],
        "eventRecordQPS": 0,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,  # images come by hand, so none may go
        "maxOpenFiles": 20000,
        "oomScoreAdj": 0,
        "readOnlyPort": 0,
        "registryPullQPS": 0,
        "resolvConf": f"{places.config}/resolv.conf",  # a pod asks the cluster's DNS and nobody else
        "serializeImagePulls": False,
        "volumePluginDir": f"{places.state}/volume-plugins",
    }


def corefile(places: Places) -> str:
    """Return the settings of the cluster's DNS, which runs as a process of the node."""
    return f"""\
.:53 {{
  bind {NODE_ADDRESS}
  errors
  ready 127.0.0.1:8181
  kubernetes {DOMAIN} in-addr.arpa {{
    kubeconfig {places.config}/coredns.kubeconfig
  }}
}}
"""


def network(places: Places) -> dict[str, Any]:
    """Return the pods' network: a cable for each to the node, so that all traffic passes the node's rules."""
    address = {"type": "host-local", "ranges": [[{"subnet": PODS}]], "dataDir": f"{places.state}/addresses"}
    plugins = [
        {"type": "ptp", "ipam": address | {"routes": [{"dst": "0.0.0.0/0"}]}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return {"cniVersion": "1.0.0", "name": "textmill", "plugins": plugins}
