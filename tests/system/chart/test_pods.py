"""Every pod of the chart meets Pod Security `restricted`, and goes to the one node where a volume can be mounted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.chart.rendering import Json, render
from tests.system.chart.test_access import template

SETTINGS: dict[str, Json] = {
    "default": {},
    "everything": {
        "namespaces": ["team"],
        "persistence": {"accessMode": "ReadWriteMany"},
        "api": {
            "auth": {"enabled": True, "audiences": ["textmill"]},
            "linkKeySecret": "keys",
            "autoscaling": {"enabled": True},
        },
        "networkPolicy": {"enabled": True},
        "serviceMonitor": {"enabled": True},
        "dashboard": {"enabled": True},
    },
}
VOLUMES = {"configMap", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def pods(request: pytest.FixtureRequest) -> list[Json]:
    return [spec for one in render(SETTINGS[request.param]).values() if (spec := template(one))]


def test_pods_are_restricted(pods: list[Json]) -> None:
    for spec in pods:
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "initContainers"}
        assert all(one.keys() <= VOLUMES | {"name"} for one in spec.get("volumes", ()))


def test_containers_are_restricted_and_say_what_they_need(pods: list[Json]) -> None:
    for spec in pods:
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {*container["resources"]["requests"]} == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]
            assert not any("hostPort" in port for port in container.get("ports", ()))


def test_user_left_to_the_cluster_is_named_nowhere() -> None:
    for one in render({"runAsUser": 0}).values():
        if spec := template(one):
            assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
            for container in spec["containers"]:
                assert "runAsUser" not in container["securityContext"]


def mounting(values: Json) -> dict[str, Any]:
    """Return the affinity of every pod that mounts the claim, the workers' among them."""
    found = {}
    for (_, _, name), one in render(values).items():
        if not (spec := template(one)):
            continue
        if any("persistentVolumeClaim" in volume for volume in spec.get("volumes", ())):
            found[name] = spec.get("affinity")
        for container in spec["containers"]:
            for variable in container.get("env", ()):
                if variable["name"] == "TEXTMILL_WORKER_AFFINITY":
                    found["workers"] = json.loads(variable["value"])
    return found


TOGETHER = {
    "labelSelector": {"matchLabels": {"textmill.dev/volume": "mounted"}},
    "topologyKey": "kubernetes.io/hostname",
}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def test_pods_on_a_claim_of_one_node_are_kept_together() -> None:
    together = {"podAffinity": {REQUIRED: [TOGETHER]}}
    assert mounting({}) == {"textmill-api": together, "textmill-sweep": together, "workers": together}


def test_pods_on_a_claim_of_many_nodes_are_free() -> None:
    found = mounting({"persistence": {"accessMode": "ReadWriteMany"}})
    assert found == {"textmill-api": {}, "textmill-sweep": {}, "workers": {}}


def test_affinity_that_is_set_is_kept_beside_what_the_claim_needs() -> None:
    other = {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "zone"}
    nodes = {
        "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]}}
    }
    found = mounting({"api": {"affinity": {"podAffinity": {REQUIRED: [other]}}}, "worker": {"affinity": nodes}})
    assert found["textmill-api"] == {"podAffinity": {REQUIRED: [other, TOGETHER]}}
    assert found["workers"] == nodes | {"podAffinity": {REQUIRED: [TOGETHER]}}


def test_pods_that_mount_the_claim_carry_the_label_that_keeps_them_together(pods: list[Json]) -> None:
    for one in render().values():
        outer = one["spec"].get("jobTemplate", one).get("spec", {}).get("template") if "spec" in one else None
        if outer and any("persistentVolumeClaim" in volume for volume in outer["spec"].get("volumes", ())):
            assert outer["metadata"]["labels"]["textmill.dev/volume"] == "mounted"
