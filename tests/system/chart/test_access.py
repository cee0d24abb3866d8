"""Who may do what: every right of every account, written out, so that a right that is added has to be added here too.

The table says what each part needs for its work (docs/install.md tells people the same). Nothing else may be granted,
no rule may hold a star, and no account but these exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.system.chart.rendering import NAMESPACE, Json, Key, of_kind, render

REQUESTS = "processingrequests.textmill.dev"
API = {
    *(f"{verb} {REQUESTS}" for verb in ("create", "get", "list", "watch", "patch", "delete")),
    "list events",
    f"get namespaces {NAMESPACE}",
    "get leases.coordination.k8s.io textmill-operator",
}
REVIEWS = {"create tokenreviews.authentication.k8s.io", "create subjectaccessreviews.authorization.k8s.io"}
OPERATOR = {
    *(f"{verb} {REQUESTS}" for verb in ("get", "list", "watch", "patch", "delete")),
    "patch processingrequests/status.textmill.dev",
    *(f"{verb} jobs.batch" for verb in ("get", "list", "watch", "create", "patch", "delete")),
    *(f"{verb} pods" for verb in ("list", "watch")),
    "get pods/log",
    *(f"{verb} events" for verb in ("list", "create")),
    "get secrets textmill-notify",
}
LEASE = {
    "create leases.coordination.k8s.io",
    "get leases.coordination.k8s.io textmill-operator",
    "update leases.coordination.k8s.io textmill-operator",
}


def sweep(namespace: str) -> set[str]:
    """Return what the sweep of a namespace may do."""
    return {f"list {REQUESTS}", f"patch {REQUESTS}", f"get namespaces {namespace}"}


TEST = {f"{verb} {REQUESTS}" for verb in ("create", "get", "delete")}

Granted = dict[tuple[str, str], set[str]]
"""Account (namespace/name) and where the right holds ("*" for everywhere): the rights."""


def _rights(role: Json) -> Iterator[str]:
    for rule in role["rules"]:
        assert rule.keys() <= {"apiGroups", "resources", "verbs", "resourceNames"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames", ("",)):
                        yield f"{verb} {resource}{f'.{group}' if group else ''} {name}".rstrip()


def granted(objects: Mapping[Key, Json]) -> Granted:
    """Return what every account may do; each binding must lead to a role and to an account that are there."""
    found: Granted = {}
    for (kind, namespace, _), one in objects.items():
        if kind not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        role = objects[one["roleRef"]["kind"], namespace, one["roleRef"]["name"]]
        for subject in one["subjects"]:
            assert ("ServiceAccount", subject["namespace"], subject["name"]) in objects
            account = f"{subject['namespace']}/{subject['name']}"
            found.setdefault((account, namespace or "*"), set()).update(_rights(role))
    return found


def expected(*extra: tuple[str, str, set[str]]) -> Granted:
    found = {
        (f"{NAMESPACE}/textmill-api", NAMESPACE): API,
        (f"{NAMESPACE}/textmill-operator", NAMESPACE): OPERATOR | LEASE,
        (f"{NAMESPACE}/textmill-sweep", NAMESPACE): sweep(NAMESPACE),
    }
    return found | {(account, where): rights for account, where, rights in extra}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, expected()),
        ({"sweep": {"enabled": False}}, {key: one for key, one in expected().items() if "sweep" not in key[0]}),
        (
            {"namespaces": ["team"]},
            expected(
                (f"{NAMESPACE}/textmill-operator", "team", OPERATOR), ("team/textmill-sweep", "team", sweep("team"))
            ),
        ),
        (
            {"allNamespaces": True},
            expected(
                (f"{NAMESPACE}/textmill-operator", NAMESPACE, LEASE), (f"{NAMESPACE}/textmill-operator", "*", OPERATOR)
            ),
        ),
        (
            {"api": {"auth": {"enabled": True}}},
            expected((f"{NAMESPACE}/textmill-api", "*", REVIEWS), (f"{NAMESPACE}/textmill-test", NAMESPACE, TEST)),
        ),
    ],
    ids=["default", "no sweep", "two namespaces", "all namespaces", "tokens"],
)
def test_accounts_have_these_rights_and_no_others(values: Json, wanted: Granted) -> None:
    assert granted(render(values)) == wanted


def test_roles_for_people_hold_requests_alone() -> None:
    roles = of_kind(render({"userRoles": {"enabled": True}}), "ClusterRole")
    assert {name: set(_rights(role)) for name, role in roles.items()} == {
        "textmill-words-view": {f"{verb} {REQUESTS}" for verb in ("get", "list", "watch")},
        "textmill-words-edit": {
            f"{verb} {REQUESTS}" for verb in ("create", "delete", "deletecollection", "patch", "update")
        },
    }
    marks = {name: [key for key in role["metadata"]["labels"] if "aggregate" in key] for name, role in roles.items()}
    assert marks == {
        "textmill-words-view": ["rbac.authorization.k8s.io/aggregate-to-view"],
        "textmill-words-edit": ["rbac.authorization.k8s.io/aggregate-to-edit"],
    }


def test_no_secret_is_in_reach_of_any_account_but_one_that_is_named() -> None:
    everything = {"allNamespaces": True, "api": {"auth": {"enabled": True}, "linkKeySecret": "k"}}
    rights = set().union(*granted(render(everything | {"userRoles": {"enabled": True}})).values())
    assert [one for one in rights if "secret" in one or "*" in one] == ["get secrets textmill-notify"]


def test_every_pod_runs_under_its_own_account_and_the_test_pod_has_no_token(default: dict[Key, Json]) -> None:
    found = {key[2]: template(one) for key, one in default.items() if template(one)}
    assert {
        name: (spec.get("serviceAccountName"), spec.get("automountServiceAccountToken")) for name, spec in found.items()
    } == {
        "textmill-api": ("textmill-api", None),
        "textmill-operator": ("textmill-operator", None),
        "textmill-sweep": ("textmill-sweep", None),
        "textmill-test": (None, False),
    }


def template(one: Json) -> Any:
    """Return the pod's spec in an object; None where it makes none."""
    match one["kind"]:
        case "Pod":
            return one["spec"]
        case "Deployment":
            return one["spec"]["template"]["spec"]
        case "CronJob":
            return one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return None


def test_secrets_that_may_be_read_are_those_that_are_named() -> None:
    named = {
        right for right in _operator_rights({"operator": {"notify": {"secrets": ["a", "b"]}}}) if "secrets" in right
    }
    assert named == {"get secrets a", "get secrets b"}
    assert not any("secrets" in right for right in _operator_rights({"operator": {"notify": {"secrets": []}}}))


def _operator_rights(values: Json) -> set[str]:
    return granted(render(values))[f"{NAMESPACE}/textmill-operator", NAMESPACE]
