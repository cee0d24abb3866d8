"""What the cluster consists of: each part's command, and how one sees that it is ready.

Pure: folders, programs and addresses in, stages of parts out; a stage starts when the one before it is ready. The
flags are those of a small node that is started often: nothing that renews, rotates or reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.places import Places

NODE_NAME = "textmill"
NODE_ADDRESS = "10.200.0.1"
SERVICES = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
PODS = "10.244.0.0/24"
DOMAIN = "cluster.local"
ENVIRON = {"GOGC": "400"}
"""What all parts are started with: their heaps are small, so Go would collect them many times a second, which takes the
API server a quarter of its CPU. They take some hundred megabytes more instead."""


@dataclass(frozen=True)
class Part:
    """One process; ready when the URL answers 200 and the file exists, where they are given."""

    name: str
    command: tuple[str, ...]
    url: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class Ports:
    """Where the control plane listens."""

    server: int = 6443
    etcd: int = 2379
    etcd_peers: int = 2380
    controllers: int = 10257
    scheduler: int = 10259


def names(address: str) -> list[str]:
    """Return the names and addresses that the API server's certificate vouches for."""
    service = [f"kubernetes{suffix}" for suffix in ("", ".default", ".default.svc", f".default.svc.{DOMAIN}")]
    return [*dict.fromkeys([address, "127.0.0.1", SERVICE_ADDRESS, "localhost", *service])]


def etcd(places: Places, programs: Mapping[str, Path], ports: Ports) -> Part:
    """Return etcd on loopback; it need not survive a power cut, so it waits for no disk."""
    clients, peers = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peers}"
    command = (
        *(str(programs["etcd"]), "--data-dir", str(places.state / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", clients, "--advertise-client-urls", clients),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"default={peers}", "--log-level", "warn", "--auto-compaction-retention", "1h"),
    )
    return Part("etcd", command, url=f"{clients}/health")


def api_server(places: Places, programs: Mapping[str, Path], ports: Ports, address: str) -> Part:
    """Return the API server, on loopback alone where that is its address; pods there need no account to be made."""
    keys, alone = places.keys, address == "127.0.0.1"
    command = (
        *(str(programs["kube-apiserver"]), f"--etcd-servers=http://127.0.0.1:{ports.etcd}"),
        f"--bind-address={'127.0.0.1' if alone else '0.0.0.0'}",  # noqa: S104 - inside a network namespace of its own
        *(() if alone else (f"--advertise-address={address}", "--allow-privileged=true")),
        *(("--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount") if alone else ()),
        *(f"--secure-port={ports.server}", f"--service-cluster-ip-range={SERVICES}"),
        *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
        *(f"--token-auth-file={keys}/tokens.csv", f"--client-ca-file={keys}/ca.crt"),
        *(f"--tls-cert-file={keys}/apiserver.crt", f"--tls-private-key-file={keys}/apiserver.key"),
        *(f"--service-account-key-file={keys}/accounts.pub", f"--service-account-signing-key-file={keys}/accounts.key"),
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        *(f"--kubelet-client-certificate={keys}/kubelet-client.crt", f"--kubelet-client-key={keys}/kubelet-client.key"),
        *(f"--requestheader-client-ca-file={keys}/ca.crt", "--requestheader-allowed-names=front-proxy"),
        *("--kubelet-preferred-address-types=InternalIP", "--profiling=false", f"--cert-dir={places.state}/certs"),
    )
    return Part("kube-apiserver", command, url=f"https://127.0.0.1:{ports.server}/readyz")


def controllers(places: Places, programs: Mapping[str, Path], ports: Ports) -> list[Part]:
    """Return the controller manager and the scheduler."""
    keys = places.keys

    def common(name: str, port: int) -> tuple[str, ...]:
        config = str(places.config / f"{name}.kubeconfig")
        return (
            *(str(programs[name]), f"--kubeconfig={config}", f"--authentication-kubeconfig={config}"),
            *(f"--authorization-kubeconfig={config}", "--leader-elect=false", "--bind-address=127.0.0.1"),
            *(f"--secure-port={port}", f"--cert-dir={places.state}/certs-{name}", "--profiling=false"),
        )

    manager = (
        *common("kube-controller-manager", ports.controllers),
        *(f"--service-account-private-key-file={keys}/accounts.key", f"--root-ca-file={keys}/ca.crt"),
        *("--use-service-account-credentials=true", "--kube-api-qps=200", "--kube-api-burst=400"),
    )
    scheduler = (*common("kube-scheduler", ports.scheduler), "--kube-api-qps=200", "--kube-api-burst=400")
    return [
        Part("kube-controller-manager", manager, url=f"https://127.0.0.1:{ports.controllers}/healthz"),
        Part("kube-scheduler", scheduler, url=f"https://127.0.0.1:{ports.scheduler}/healthz"),
    ]


def containerd(places: Places) -> Part:
    """Return Debian's containerd with a root, a state and a socket of its own."""
    command = ("containerd", "--config", str(places.config / "containerd.toml"))
    return Part("containerd", command, file=places.containerd)


def node(places: Places, programs: Mapping[str, Path]) -> list[Part]:
    """Return what a node runs beside containerd."""
    proxy = (
        *(str(programs["kube-proxy"]), f"--kubeconfig={places.config}/kube-proxy.kubeconfig", "--proxy-mode=iptables"),
        *(f"--hostname-override={NODE_NAME}", f"--cluster-cidr={PODS}", "--conntrack-max-per-core=0"),
        *("--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"),
        *("--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249"),
    )
    kubelet = (
        *(str(programs["kubelet"]), f"--kubeconfig={places.config}/kubelet.kubeconfig"),
        *(f"--config={places.config}/kubelet.yaml", f"--root-dir={places.state}/kubelet"),
        *(f"--hostname-override={NODE_NAME}", f"--node-ip={NODE_ADDRESS}", f"--cert-dir={places.state}/certs-kubelet"),
    )
    dns = (str(programs["coredns"]), "-conf", str(places.config / "Corefile"))
    return [
        Part("kube-proxy", proxy, url="http://127.0.0.1:10256/healthz"),
        Part("kubelet", kubelet, url="http://127.0.0.1:10248/healthz"),
        Part("coredns", dns, url="http://127.0.0.1:8181/ready"),
    ]


def whole(places: Places, programs: Mapping[str, Path]) -> list[list[Part]]:
    """Return the stages of the single node."""
    ports = Ports()
    return [
        [etcd(places, programs, ports), containerd(places)],
        [api_server(places, programs, ports, NODE_ADDRESS)],
        [*controllers(places, programs, ports), *node(places, programs)],
    ]


def control_plane(
    places: Places, programs: Mapping[str, Path], ports: Ports, *, with_controllers: bool
) -> list[list[Part]]:
    """Return the stages of a control plane on loopback, which needs no root."""
    stages = [[etcd(places, programs, ports)], [api_server(places, programs, ports, "127.0.0.1")]]
    return [*stages, controllers(places, programs, ports)] if with_controllers else stages
