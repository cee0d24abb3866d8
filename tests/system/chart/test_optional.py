"""The objects that only options make, whole, and the notes that a person reads after the installation."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.system.chart.rendering import CHART, NAMESPACE, Json, helm, of_kind, render

MANY = {"persistence": {"accessMode": "ReadWriteMany"}}
SELECTOR = {"app.kubernetes.io/name": "textmill", "app.kubernetes.io/instance": "textmill"}
API = SELECTOR | {"app.kubernetes.io/component": "api"}
DNS_AND_KUBERNETES = [
    {"protocol": "TCP", "port": 443},
    {"protocol": "TCP", "port": 6443},
    {"protocol": "UDP", "port": 53},
    {"protocol": "TCP", "port": 53},
]


def spec(values: Json, kind: str, name: str = "textmill-api") -> Any:
    """Return the spec of an object that some values make."""
    return of_kind(render(values), kind)[name]["spec"]


def test_ingress_leads_every_host_to_the_service() -> None:
    backend = {"service": {"name": "textmill-api", "port": {"name": "http"}}}
    http = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    assert spec({"ingress": {"enabled": True, "hosts": ["a.example", "b.example"]}}, "Ingress") == {
        "rules": [{"host": "a.example", "http": http}, {"host": "b.example", "http": http}]
    }


def test_route_leads_to_the_service_and_has_no_time_limit() -> None:
    route = {"enabled": True, "parentRefs": [{"name": "gate", "namespace": "infra"}], "hostnames": ["a.example"]}
    assert spec({"httpRoute": route, "api": {"service": {"port": 8080}}}, "HTTPRoute") == {
        "parentRefs": [{"name": "gate", "namespace": "infra"}],
        "hostnames": ["a.example"],
        "rules": [{"backendRefs": [{"name": "textmill-api", "port": 8080}], "timeouts": {"request": "0s"}}],
    }


def test_autoscaler_owns_the_number_of_pods() -> None:
    values = MANY | {"api": {"autoscaling": {"enabled": True}}}
    assert spec(values, "HorizontalPodAutoscaler") == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "textmill-api"},
        "minReplicas": 2,
        "maxReplicas": 6,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    }
    assert "replicas" not in spec(values, "Deployment")


def test_budget_lets_one_pod_go_at_a_time() -> None:
    assert spec(MANY | {"api": {"replicas": 2}}, "PodDisruptionBudget") == {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": API},
    }


def test_workers_reach_nothing_and_the_rest_the_kubernetes_api_alone() -> None:
    objects = of_kind(render({"networkPolicy": {"enabled": True}, "namespaces": ["team"]}), "NetworkPolicy")
    assert {name: (one["spec"].get("ingress"), one["spec"].get("egress")) for name, one in objects.items()} == {
        "textmill-api": (
            [{"ports": [{"protocol": "TCP", "port": 5000}, {"protocol": "TCP", "port": 5001}]}],
            [{"ports": DNS_AND_KUBERNETES}],
        ),
        "textmill-operator": ([{"ports": [{"protocol": "TCP", "port": 8081}]}], [{"ports": DNS_AND_KUBERNETES}]),
        "textmill-sweep": (None, [{"ports": DNS_AND_KUBERNETES}]),
        "textmill-worker": (None, None),
        "team/textmill-sweep": (None, [{"ports": DNS_AND_KUBERNETES}]),
        "team/textmill-worker": (None, None),
    }
    assert all(one["spec"]["policyTypes"] == ["Ingress", "Egress"] for one in objects.values())


def test_policies_are_made_in_the_namespaces_that_are_listed_alone() -> None:
    values = {"networkPolicy": {"enabled": True}, "namespaces": ["team"]}
    listed = of_kind(render(values), "NetworkPolicy")
    assert of_kind(render(values | {"allNamespaces": True}), "NetworkPolicy") == listed
    assert {name for name in listed if name.endswith("-worker")} == {"textmill-worker", "team/textmill-worker"}


def test_monitor_scrapes_both_services() -> None:
    assert spec({"serviceMonitor": {"enabled": True}}, "ServiceMonitor", "textmill") == {
        "selector": {
            "matchLabels": SELECTOR,
            "matchExpressions": [
                {"key": "app.kubernetes.io/component", "operator": "In", "values": ["api", "operator"]}
            ],
        },
        "endpoints": [
            {"port": "http", "path": "/metrics", "interval": "30s"},
            {"port": "metrics", "path": "/metrics", "interval": "30s"},
        ],
    }


def test_dashboard_is_the_file_as_it_is() -> None:
    data = of_kind(render({"dashboard": {"enabled": True}}), "ConfigMap")["textmill-dashboard"]["data"]
    assert json.loads(data["textmill.json"]) == json.loads((CHART / "dashboard.json").read_text("utf-8"))


def test_test_runs_by_helm_test_alone() -> None:
    for (kind, _, name), one in render({"api": {"auth": {"enabled": True}}}).items():
        hook = (one["metadata"].get("annotations") or {}).get("helm.sh/hook")
        assert hook == ("test" if kind == "Pod" else None), name


NOTES_PARTS = {
    "helm test textmill --namespace words": [],
    "curl -F file=@README.md http://localhost:5000/upload": [],
    "The claim is ReadWriteOnce, so all pods that mount it run on one node.": [],
    '-H "Authorization: Bearer $(kubectl --namespace words create token ACCOUNT)"': ["--set=api.auth.enabled=true"],
    "The page: http://a.example/\n": ["--set=ingress.enabled=true,ingress.hosts={a.example}"],
    "The page: https://a.example/ https://b.example/\n": [
        "--set=ingress.enabled=true,ingress.hosts={a.example,b.example}",
        "--set=ingress.tls[0].secretName=tls",
    ],
}


@pytest.mark.parametrize(("part", "settings"), NOTES_PARTS.items(), ids=str)
def test_notes_say_what_to_do_next(part: str, settings: list[str]) -> None:
    command = [helm(), "install", "textmill", str(CHART), f"--namespace={NAMESPACE}", "--dry-run=client", *settings]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\nNOTES:\n")[2]
    assert part in told
