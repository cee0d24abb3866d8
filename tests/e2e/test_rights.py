"""Each account can do what it needs and nothing else, as the API server itself sees it."""

from __future__ import annotations

import json

import pytest

from tests.e2e.kube import Json, kubectl
from tests.e2e.release import Release

RULES = {
    "textmill-api": {
        *(
            ("textmill.dev", "processingrequests", "", verb)
            for verb in ("create", "get", "list", "watch", "patch", "delete")
        ),
        ("", "events", "", "list"),
        ("", "namespaces", "NAMESPACE", "get"),
        ("coordination.k8s.io", "leases", "textmill-operator", "get"),
    },
    "textmill-operator": {
        *(("textmill.dev", "processingrequests", "", verb) for verb in ("get", "list", "watch", "patch", "delete")),
        ("textmill.dev", "processingrequests/status", "", "patch"),
        *(("batch", "jobs", "", verb) for verb in ("get", "list", "watch", "create", "patch", "delete")),
        *(("", "pods", "", verb) for verb in ("list", "watch")),
        ("", "pods/log", "", "get"),
        *(("", "events", "", verb) for verb in ("list", "create")),
        ("", "secrets", "textmill-notify", "get"),
        ("coordination.k8s.io", "leases", "", "create"),
        *(("coordination.k8s.io", "leases", "textmill-operator", verb) for verb in ("get", "update")),
    },
    "textmill-sweep": {
        *(("textmill.dev", "processingrequests", "", verb) for verb in ("list", "patch")),
        ("", "namespaces", "NAMESPACE", "get"),
    },
    "default": set(),
}
EVERYBODYS = {"authorization.k8s.io", "authentication.k8s.io", "certificates.k8s.io"}
"""Asking about oneself, and whom the cluster trusts, is every account's right."""


def as_account(mill: Release, account: str) -> str:
    return f"--as=system:serviceaccount:{mill.namespace}:{account}"


@pytest.mark.parametrize("account", RULES)
def test_account_has_exactly_its_rights(mill: Release, account: str) -> None:
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    body = json.dumps(review | {"spec": {"namespace": mill.namespace}})
    how = ("--validate=false", "--output=json", as_account(mill, account))  # it may not read the kinds that there are
    told = kubectl("create", "--filename=-", *how, text=body)
    rules: list[Json] = json.loads(told)["status"]["resourceRules"]
    wanted = {
        (group, kind, mill.namespace if name == "NAMESPACE" else name, verb)
        for group, kind, name, verb in RULES[account]
    }
    assert {one for rule in rules for one in spread(rule)} == wanted


@pytest.mark.parametrize("account", RULES)
@pytest.mark.parametrize(
    "wish",
    [
        ("get", "secrets"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("create", "serviceaccounts/token"),
        ("escalate", "roles.rbac.authorization.k8s.io"),
        ("list", "preq", "--namespace=default"),
        ("create", "jobs", "--namespace=default"),
        ("update", "customresourcedefinitions"),
        ("list", "namespaces"),
        ("list", "nodes"),
    ],
    ids=" ".join,
)
def test_account_is_refused_what_an_attacker_would_want(mill: Release, account: str, wish: tuple[str, ...]) -> None:
    where = () if len(wish) == 3 else (f"--namespace={mill.namespace}",)
    answer = kubectl("auth", "can-i", *wish, *where, as_account(mill, account), ok=False)
    assert "no" in answer.splitlines()  # beside a warning about what has no namespace


def test_worker_pods_hold_no_token(mill: Release) -> None:
    mill.create("tokenless", {"inline": "no token here"})
    spec = mill.worker_of("tokenless")["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert not [one for one in spec["volumes"] if "projected" in one or "secret" in one]


def spread(rule: Json) -> list[tuple[str, str, str, str]]:
    """A rule as rows of group, resource, name and verb."""
    return [
        (group, resource, name, verb)
        for group in rule.get("apiGroups") or [""]
        for resource in rule.get("resources") or []
        for name in rule.get("resourceNames") or [""]
        for verb in rule["verbs"]
        if group not in EVERYBODYS
    ]
