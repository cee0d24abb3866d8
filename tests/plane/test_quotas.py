"""How many requests a namespace may hold is Kubernetes' own matter: a ResourceQuota that counts them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.bench.stack import Stack
from tests.contract.server import until

NAMESPACE = "team-with-a-quota"
COUNTED = "count/processingrequests.textmill.dev"
LEARNT = 120.0
"""Seconds: the controller of quotas looks every 30 s for kinds that are new to it, and then has to list them."""
OUTPUT = "--output=jsonpath={.status.used}"
SEEN = 10.0
"""Seconds within which it fills in a quota of kinds that it knows."""


def kubectl(running: Stack, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run kubectl against the control plane."""
    command = [str(Path(sys.executable).with_name("kubectl")), f"--kubeconfig={running.state}/plane/kubeconfig"]
    return subprocess.run([*command, *arguments], input=given, check=False, capture_output=True, text=True)


def made(running: Stack, name: str) -> subprocess.CompletedProcess[str]:
    """Create a request that only waits."""
    body = {
        "apiVersion": "textmill.dev/v1",
        "kind": "ProcessingRequest",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"input": {"inline": "a"}, "suspend": True},
    }
    return kubectl(running, "create", "--filename=-", given=json.dumps(body))


def counts(running: Stack) -> bool:
    """Make the quota anew, as a kind that was unknown when it was made is counted after minutes; tell if it is."""
    where = ("quota", "requests", f"--namespace={NAMESPACE}")
    kubectl(running, "delete", *where, "--ignore-not-found")
    kubectl(running, "create", *where, f"--hard={COUNTED}=2")
    with suppress(AssertionError):
        until(lambda: f'"{COUNTED}"' in kubectl(running, "get", *where, OUTPUT).stdout, SEEN)
        return True
    return False


def test_requests_beyond_a_namespaces_quota_are_refused_as_they_are_made(running: Stack) -> None:
    kubectl(running, "create", "namespace", NAMESPACE)
    until(lambda: counts(running), LEARNT)
    assert [made(running, name).returncode for name in ("one", "two")] == [0, 0]
    refused = made(running, "three")
    assert refused.returncode != 0
    assert f"exceeded quota: requests, requested: {COUNTED}=1, used: {COUNTED}=2" in refused.stderr
    kubectl(running, "delete", "namespace", NAMESPACE, "--wait=false")
