"""What the cluster is told: addresses that fit together, files that parse, keys that fit their purpose."""

from __future__ import annotations

import csv
import json
import ssl
import tomllib
from pathlib import Path

import yaml
from cryptography import x509

from cluster import keys, parts, settings, up
from cluster.places import Places

PROGRAMS = {
    name: Path("/cache") / name
    for name in (
        *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
        *("kube-proxy", "kubelet", "coredns"),
    )
}


def test_each_stage_waits_for_what_it_needs() -> None:
    stages = [[part.name for part in stage] for stage in parts.whole(Places(Path("/s")), PROGRAMS)]
    assert stages == [
        ["etcd", "containerd"],
        ["kube-apiserver"],
        ["kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "coredns"],
    ]


def test_control_plane_without_root_listens_on_loopback_alone() -> None:
    ports = parts.Ports(server=1, etcd=2, etcd_peers=3)
    stages = parts.control_plane(Places(Path("/s")), PROGRAMS, ports, with_controllers=False)
    server = stages[1][0].command
    assert [part.name for stage in stages for part in stage] == ["etcd", "kube-apiserver"]
    assert {"--bind-address=127.0.0.1", "--endpoint-reconciler-type=none", "--secure-port=1"} <= set(server)
    assert "--etcd-servers=http://127.0.0.1:2" in server


def test_files_name_the_same_socket_and_parse() -> None:
    places = Places(Path("/s"))
    files = settings.files(places)
    containerd = tomllib.loads(files["containerd.toml"])
    assert containerd["grpc"]["address"] == "/s/containerd.sock"
    assert yaml.safe_load(files["kubelet.yaml"])["containerRuntimeEndpoint"] == "unix:///s/containerd.sock"
    assert containerd["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == settings.PAUSE
    assert json.loads(files["cni/10-textmill.conflist"])["plugins"][0]["ipam"]["ranges"] == [[{"subnet": parts.PODS}]]


def test_server_certificate_names_every_address_of_the_server(tmp_path: Path) -> None:
    keys.make(tmp_path / "keys", names=parts.names(parts.NODE_ADDRESS))
    found = x509.load_pem_x509_certificate((tmp_path / "keys" / "apiserver.crt").read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.200.0.1", "127.0.0.1", "10.96.0.1"]
    assert names.get_values_for_type(x509.DNSName)[:2] == ["localhost", "kubernetes"]
    context = ssl.create_default_context(cafile=str(tmp_path / "keys" / "ca.crt"))
    context.load_cert_chain(tmp_path / "keys" / "apiserver.crt", tmp_path / "keys" / "apiserver.key")


def test_tokens_belong_to_the_users_that_kubernetes_knows(tmp_path: Path) -> None:
    tokens = keys.make(tmp_path / "keys", names=["localhost"], node="n1")
    rows = list(csv.reader((tmp_path / "keys" / "tokens.csv").read_text().splitlines()))
    assert {row[1]: row[3] for row in rows}["system:node:n1"] == "system:nodes"
    assert {row[0] for row in rows} == set(tokens.values())
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_volume_stays_on_its_node() -> None:
    spec = up.volume("one", Path("/s/volumes/one"))["spec"]
    assert spec["local"] == {"path": "/s/volumes/one"}
    term = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]
    assert term == {"key": "kubernetes.io/hostname", "operator": "In", "values": ["textmill"]}
