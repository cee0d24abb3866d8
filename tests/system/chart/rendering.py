"""One rendering of the chart by the real helm, as objects that can be looked up and compared.

Every rendering is held to Kubernetes' own definitions, strictly: a field that Kubernetes does not know fails here,
where the API server would drop it without a word. They come from PyPI's kubernetes-validate, as data. The kinds of
other projects (ServiceMonitor, HTTPRoute) have no definition there; tests compare those whole.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import yaml

from checks.tree import ROOT
from cluster import binaries
from cluster.places import cache

CHART = ROOT / "charts" / "textmill"
NAMESPACE = "words"
DEFINITIONS = "kubernetes-json-schema/v1.37.0-local-strict/_definitions.json"
FOREIGN = ("monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1")

Json = dict[str, Any]
Key = tuple[str, str, str]
"""Kind, namespace ("" for the cluster's) and name."""


class Refused(Exception):
    """Helm renders nothing; the message is what it says."""


@functools.cache
def helm() -> str:
    """Return the pinned helm, built from its sources where the cache lacks it."""
    return str(binaries.build(cache(os.environ), [binaries.HELM])["helm"])


def render(
    values: Mapping[str, Any] | None = None, release: str = "textmill", namespace: str = NAMESPACE
) -> dict[Key, Json]:
    """Return every object that the chart makes of some values; Refused where it makes none."""
    command = [helm(), "template", release, str(CHART), f"--namespace={namespace}", "--values=-"]
    done = subprocess.run(command, input=json.dumps(values or {}), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    found: dict[Key, Json] = {}
    for one in filter(None, yaml.safe_load_all(done.stdout)):
        key = (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
        assert key not in found, f"{key} is made twice"
        assert list(complaints(one)) == []
        found[key] = one
    return found


def of_kind(objects: Mapping[Key, Json], kind: str) -> dict[str, Json]:
    """Return the objects of one kind by `namespace/name`, or by name alone in the cluster's or the release's place."""
    return {
        name if namespace in ("", NAMESPACE) else f"{namespace}/{name}": one
        for (its_kind, namespace, name), one in objects.items()
        if its_kind == kind
    }


@functools.cache
def definitions() -> Json:
    """Return Kubernetes' definitions, all kinds in one."""
    path = importlib.resources.files("kubernetes_validate").joinpath(DEFINITIONS)
    found: Json = json.loads(path.read_text("utf-8"))
    return found


@functools.cache
def validator(api_version: str, kind: str) -> jsonschema_rs.Validator:
    """Return what judges one kind."""
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    for name, one in definitions()["$defs"].items():
        if wanted in one.get("x-kubernetes-group-version-kind", ()):
            return jsonschema_rs.validator_for(
                {"$ref": f"#/$defs/{name}", "$defs": definitions()["$defs"]}, ignore_unknown_formats=True
            )
    raise LookupError(f"Kubernetes has no {api_version} {kind}")


def complaints(one: Json) -> Iterator[str]:
    """Yield what Kubernetes' definitions have against an object."""
    if one["apiVersion"] not in FOREIGN:
        for error in validator(one["apiVersion"], one["kind"]).iter_errors(one):
            yield f"{one['kind']} {one['metadata']['name']}: {'/'.join(map(str, error.instance_path))}: {error.message}"


def changes(before: Mapping[Key, Json], after: Mapping[Key, Json]) -> dict[str, Any]:
    """Return what differs, by `Kind/name path`: new values, None for what is gone; an object made or gone is one."""
    found: dict[str, Any] = {}
    for key in sorted(before.keys() | after.keys()):
        kind, namespace, name = key
        here = f"{kind}/{name}" if namespace in ("", NAMESPACE) else f"{kind}/{namespace}/{name}"
        if key not in before or key not in after:
            found[here] = "made" if key in after else "gone"
        else:
            found |= {f"{here} {path}": value for path, value in _differences(before[key], after[key])}
    return found


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _differences(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif _named(before) and _named(after):
        yield from _differences({one["name"]: one for one in before}, {one["name"]: one for one in after}, path)
    elif before != after:
        yield path, after


def _named(found: Any) -> bool:
    """Tell whether a list's entries have names, as containers, variables and volumes do."""
    return isinstance(found, list) and bool(found) and all(isinstance(one, dict) and "name" in one for one in found)
