"""A real API server takes everything that chart and kustomize base make, strictly: no unknown field, no wrong value.

A server's dry run goes through admission and validation and stores nothing, so this needs no node: `python -m cluster
control-plane -- ...` is enough to run it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.kube import kubectl, run
from tests.e2e.release import CHART, ROOT

NAMESPACE = "textmill"
STRICT = ("--server-side", "--dry-run=server", "--validate=strict")
SETTINGS = {
    "default": ("fullnameOverride=mill",),
    "tokens": ("api.auth.enabled=true", "userRoles.enabled=true", "api.linkKeySecret=links"),
    "extras": (
        "networkPolicy.enabled=true",
        "dashboard.enabled=true",
        "ingress.enabled=true,ingress.hosts={a.example}",
    ),
    "many nodes": ("allNamespaces=true,persistence.accessMode=ReadWriteMany,api.autoscaling.enabled=true",),
    "least": ("runAsUser=0,persistence.existingClaim=mine,sweep.enabled=false,crd.install=false",),
}


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    kubectl("create", "namespace", NAMESPACE)
    # Admission looks for the account of a bare pod, which is the chart's test, and a dry run stores none.
    kubectl(f"--namespace={NAMESPACE}", "create", "serviceaccount", "textmill-test")
    yield NAMESPACE
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_kustomize_base_is_taken(namespace: str) -> None:
    taken = kubectl("apply", *STRICT, "--kustomize", str(ROOT / "k8s"))
    assert taken.count("serverside-applied") == len(taken.splitlines()) > 10


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_everything_of_the_chart_is_taken(namespace: str, settings: tuple[str, ...]) -> None:
    chosen = [f"--set={one}" for one in settings]
    rendered = run("helm", "template", "textmill", str(CHART), f"--namespace={namespace}", *chosen)
    taken = kubectl("apply", *STRICT, "--filename=-", text=rendered)
    assert taken.count("serverside-applied") == len(taken.splitlines()) > 10
