"""Every object's name is one that Kubernetes takes, however the release is called and whatever begins the names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest

from tests.system.chart.rendering import CHART, Json, Key, render
from tests.system.chart.test_pods import SETTINGS

SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
OVERRIDE = SCHEMA["properties"]["fullnameOverride"]["maxLength"]
RELEASE = 53
"""Helm's own limit on the name of a release."""

LONGEST = {"CronJob": 52} | dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), 253)
"""A CronJob's name with 11 characters more is that of its Jobs, and these stand in labels; a role's is in no label."""

EVERYTHING: Json = {
    **SETTINGS["everything"],
    **{part: {"enabled": True} for part in ("userRoles", "alerts")},
    "ingress": {"enabled": True, "hosts": ["a.example"]},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "gate"}], "hostnames": ["a.example"]},
}
NAMES = (
    *("r" * RELEASE, "r" + "-" * (RELEASE - 2) + "r", "9" * RELEASE, "a.b" * 17),
    *("textmill-" + "r" * 44, "r" * 29 + "-textmill" + "-" * 14 + "r", "r" * 36 + "-textmill-" + "r" * 7),
)


def wrong(objects: Mapping[Key, Json]) -> list[str]:
    """Return what Kubernetes would not take of the names."""
    return [
        f"{kind} {name}"
        for kind, _, name in objects
        if kind != "CustomResourceDefinition"
        and (len(name) > LONGEST.get(kind, 63) or not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name))
    ]


@pytest.mark.parametrize("release", NAMES)
def test_names_fit_whatever_the_release_is_called(release: str) -> None:
    objects = render(EVERYTHING, release, namespace="n" * 63)
    assert wrong(objects) == []
    assert all("textmill" in name for _, _, name in objects)


@pytest.mark.parametrize("override", ["o" * OVERRIDE, "o" * (OVERRIDE - 9) + "-textmill"])
def test_longest_name_that_the_schema_takes_begins_all_names_whole(override: str) -> None:
    objects = render(EVERYTHING | {"fullnameOverride": override}, "r" * RELEASE, namespace="n" * 63)
    assert wrong(objects) == []
    ours = {name for kind, _, name in objects if kind not in ("CustomResourceDefinition", "PersistentVolumeClaim")}
    assert all(name.startswith(override) for name in ours)


def test_everything_that_the_chart_can_make_is_looked_at() -> None:
    templates = (CHART / "templates").rglob("*.yaml")
    kinds = {kind for path in templates for kind in re.findall(r"^kind: (\w+)", path.read_text("utf-8"), re.MULTILINE)}
    assert {kind for kind, _, _ in [*render(EVERYTHING), *render({"allNamespaces": True})]} == kinds


@pytest.mark.parametrize("claim", ["existingClaim", "claimName"])
def test_names_of_digits_alone_stay_names(claim: str) -> None:
    digits: Json = {
        "namespaces": ["123", "456"],
        "persistence": {**EVERYTHING["persistence"], claim: "007", "storageClass": "42"},
        "image": {"pullSecrets": ["11"]},
        "ingress": {"enabled": True, "hosts": ["a.example"], "className": "12"},
        "api": {**EVERYTHING["api"], "priorityClassName": "13"},
    }
    objects = render(EVERYTHING | digits, namespace="123")
    assert {place for _, place, _ in objects} == {"", "123", "456"}
