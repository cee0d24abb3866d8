"""What clients learn before they ask for objects: groups, versions, resource types, in the old form and the new.

kubectl 1.26 and later asks for the aggregated form by Accept header; kopf and the Python client use the plain lists.
All of it is computed from the registry, so a CRD shows up as soon as its write is answered.
"""

from typing import Any

from .codec import Body
from .errors import NoSuchPath
from .resources import Registry, Resource

AGGREGATED = ("v2", "v2beta1")
VERSION: Body = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.1+textmill",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}
SUBRESOURCE_KINDS = {
    "log": ("", "Pod", ("get",)),
    "binding": ("v1", "Binding", ("create",)),
    "finalize": ("", "Namespace", ("update",)),
    "status": ("", "", ("get", "patch", "update")),
}


def find(path: str, accept: str, registry: Registry) -> tuple[Body, str] | None:
    """The document at a discovery path with its content type; None where the path is not about discovery."""
    parts = path.strip("/").split("/")
    aggregated = next((version for version in AGGREGATED if f"v={version};as=APIGroupDiscoveryList" in accept), "")
    if parts in (["api"], ["apis"]) and aggregated:
        content = f"application/json;g=apidiscovery.k8s.io;v={aggregated};as=APIGroupDiscoveryList"
        return _aggregated(registry, core=parts == ["api"], version=aggregated), content
    plain = _plain(parts, registry)
    return (plain, "application/json") if plain is not None else None


def _plain(parts: list[str], registry: Registry) -> Body | None:
    match parts:
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            groups = [_group(name, versions) for name, versions in registry.groups().items() if name]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["api", version]:
            return _resources("", version, registry)
        case ["apis", group]:
            versions = registry.groups().get(group)
            if versions is None:
                raise NoSuchPath
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}
        case ["apis", group, version]:
            return _resources(group, version, registry)
    return None


def _group(name: str, versions: list[str]) -> Body:
    rows = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": rows, "preferredVersion": rows[0]}


def _resources(group: str, version: str, registry: Registry) -> Body:
    rows = [row for row in registry.rows() if (row.group, row.version) == (group, version)]
    if not rows:
        raise NoSuchPath
    entries = [entry for row in rows for entry in _entries(row)]
    api_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": entries}


def _entries(row: Resource) -> list[Body]:
    main: Body = {
        "name": row.plural,
        "singularName": row.singular_name,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": sorted(row.verbs),
    }
    if row.short_names:
        main["shortNames"] = list(row.short_names)
    if row.categories:
        main["categories"] = list(row.categories)
    entries = [main]
    for name in sorted(row.subresources):
        version, kind, verbs = SUBRESOURCE_KINDS[name]
        entry: Body = {"name": f"{row.plural}/{name}", "singularName": "", "namespaced": row.namespaced}
        if version:
            entry["version"] = version
        entries.append(entry | {"kind": kind or row.kind, "verbs": list(verbs)})
    return entries


def _aggregated(registry: Registry, *, core: bool, version: str) -> Body:
    groups = [
        {
            "metadata": {"name": name, "creationTimestamp": None},
            "versions": [_version(name, v, registry) for v in versions],
        }
        for name, versions in registry.groups().items()
        if core is (name == "")
    ]
    api_version = f"apidiscovery.k8s.io/{version}"
    return {"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": groups}


def _version(group: str, version: str, registry: Registry) -> Body:
    rows = [row for row in registry.rows() if (row.group, row.version) == (group, version)]
    return {"version": version, "resources": [_discovered(row) for row in rows], "freshness": "Current"}


def _discovered(row: Resource) -> Body:
    found: dict[str, Any] = {
        "resource": row.plural,
        "responseKind": {"group": row.group, "version": row.version, "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular_name,
        "verbs": sorted(row.verbs),
    }
    if row.short_names:
        found["shortNames"] = list(row.short_names)
    if row.categories:
        found["categories"] = list(row.categories)
    if row.subresources:
        found["subresources"] = [_discovered_part(row, name) for name in sorted(row.subresources)]
    return found


def _discovered_part(row: Resource, name: str) -> Body:
    _, kind, verbs = SUBRESOURCE_KINDS[name]
    response = {"group": row.group, "version": row.version, "kind": kind or row.kind}
    return {"subresource": name, "responseKind": response, "verbs": list(verbs)}
