"""What the chart's objects say of each other holds, whatever is set: selectors find pods, names lead to objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.chart.rendering import NAMESPACE, Json, Key, of_kind, render
from tests.system.chart.test_pods import SETTINGS

RELEASES = ("textmill", "my-textmill", "words")


@pytest.fixture(scope="module", params=[(key, release) for key in SETTINGS for release in RELEASES], ids=str)
def objects(request: pytest.FixtureRequest) -> dict[Key, Json]:
    key, release = request.param
    return render(SETTINGS[key], release)


def _labels(objects: dict[Key, Json]) -> Iterator[tuple[str, dict[str, str], Json]]:
    """Yield namespace, labels and spec of every pod that is made."""
    for (kind, namespace, _), one in objects.items():
        match kind:
            case "Deployment":
                yield namespace, one["spec"]["template"]["metadata"]["labels"], one["spec"]["template"]["spec"]
            case "CronJob":
                inner = one["spec"]["jobTemplate"]["spec"]["template"]
                yield namespace, inner["metadata"]["labels"], inner["spec"]
            case "Pod":
                yield namespace, one["metadata"]["labels"], one["spec"]


def _found(objects: dict[Key, Json], namespace: str, selector: dict[str, str]) -> list[Json]:
    return [spec for its, labels, spec in _labels(objects) if its == namespace and selector.items() <= labels.items()]


def test_services_lead_to_one_kind_of_pod_and_a_port_that_it_has(objects: dict[Key, Json]) -> None:
    services = of_kind(objects, "Service")
    assert len(services) == 2
    for one in services.values():
        (spec,) = _found(objects, NAMESPACE, one["spec"]["selector"])
        ports = {port["name"] for container in spec["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= ports


def test_budgets_and_deployments_select_their_own_pods_alone(objects: dict[Key, Json]) -> None:
    for kind in ("PodDisruptionBudget", "Deployment"):
        assert of_kind(objects, kind)
        for one in of_kind(objects, kind).values():
            assert len(_found(objects, NAMESPACE, one["spec"]["selector"]["matchLabels"])) == 1


def test_accounts_and_claims_that_pods_name_are_made(objects: dict[Key, Json]) -> None:
    for namespace, _, spec in _labels(objects):
        if account := spec.get("serviceAccountName"):
            assert ("ServiceAccount", namespace, account) in objects
        for volume in spec.get("volumes", ()):
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", namespace, claim["claimName"]) in objects


def test_mounts_and_volumes_belong_to_each_other(objects: dict[Key, Json]) -> None:
    for _, _, spec in _labels(objects):
        mounted = {mount["name"] for container in spec["containers"] for mount in container.get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in spec.get("volumes", ())}


def test_network_policies_select_pods_that_there_are(objects: dict[Key, Json]) -> None:
    for (kind, namespace, name), one in objects.items():
        if kind == "NetworkPolicy" and not name.endswith("-worker"):
            assert len(_found(objects, namespace, one["spec"]["podSelector"]["matchLabels"])) == 1


def test_test_pod_speaks_to_the_service(objects: dict[Key, Json]) -> None:
    (pod,) = of_kind(objects, "Pod").values()
    address = pod["spec"]["containers"][0]["args"][1]
    assert address.removesuffix(":80").removeprefix("http://") in of_kind(objects, "Service")


def test_everything_is_labelled_and_placed(objects: dict[Key, Json]) -> None:
    for (kind, namespace, _), one in objects.items():
        if kind != "CustomResourceDefinition":
            assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "textmill"
            assert bool(namespace) is not kind.startswith("Cluster")
