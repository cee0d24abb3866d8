"""OpenAPI v3 and v2 documents: enough for `kubectl explain` and for kubectl's question who validates fields.

Made from the registry, a document for each group and version, kept until the registry changes. Addresses carry a hash
of the content because kubectl keeps documents on disk by address. Paths list the verbs of each type with the one
parameter that kubectl looks for; they are not meant for generating clients.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from .codec import Body, encode
from .errors import NoSuchPath
from .resources import Registry, Resource
from .schema import META, PREFIX, Schema, definition_name, definitions

COMPONENTS = "#/components/schemas/"
VERSION = {"title": "Kubernetes", "version": "v1.37.1"}
ACTIONS = {"get": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}
ON_COLLECTION, ON_OBJECT = ("list", "create", "deletecollection"), ("get", "update", "patch", "delete")
METHODS = {"list": "get", "deletecollection": "delete", **ACTIONS}


class OpenApi:
    """The documents, made of the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._revision = -1
        self._documents: dict[str, Body] = {}

    def find(self, path: str) -> tuple[Body, str] | None:
        """The document at a path with its content type; None where the path is not about OpenAPI."""
        if path == "/openapi/v2":
            return self._cached("v2", self._second), "application/json"
        if path == "/openapi/v3":
            return self._cached("v3", self._index), "application/json"
        if path.startswith("/openapi/v3/"):
            return self._document(path.removeprefix("/openapi/v3/")), "application/json"
        return None

    def _cached(self, name: str, make: Callable[[], Body]) -> Body:
        if self._revision != self._registry.revision:
            self._documents.clear()
            self._revision = self._registry.revision
        if name not in self._documents:
            self._documents[name] = make()
        return self._documents[name]

    def _index(self) -> Body:
        names = [_place(group, version) for group, versions in self._registry.groups().items() for version in versions]
        rows = {}
        for name in names:
            digest = hashlib.sha256(encode(self._document(name))).hexdigest().upper()
            rows[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
        return {"paths": rows}

    def _document(self, name: str) -> Body:
        rows = [row for row in self._registry.rows() if _place(row.group, row.version) == name]
        if not rows:
            raise NoSuchPath
        schemas = functools.partial(_schemas, rows, COMPONENTS)
        return self._cached(
            name,
            lambda: {
                "openapi": "3.0.0",
                "info": VERSION,
                "paths": _paths(rows, COMPONENTS),
                "components": {"schemas": schemas()},
            },
        )

    def _second(self) -> Body:
        rows = list(self._registry.rows())
        found = {"swagger": "2.0", "info": VERSION, "paths": _paths(rows, PREFIX)}
        return found | {"definitions": _schemas(rows, PREFIX)}


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def schema_name(row: Resource) -> str:
    """The name of a kind's schema: the group's words backwards for custom kinds, as Kubernetes has it."""
    if row.custom:
        return ".".join([*reversed(row.group.split(".")), row.version, row.kind])
    return definition_name(row.group, row.version, row.kind)


def _schemas(rows: Iterable[Resource], prefix: str) -> Body:
    found: Body = {}
    waiting = [META + "ListMeta", META + "ObjectMeta", META + "Status", META + "DeleteOptions"]
    for row in rows:
        if row.custom:
            found[schema_name(row)] = _custom(row, prefix)
        else:
            waiting.append(schema_name(row))
        found[schema_name(row) + "List"] = _list(row, prefix)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _node(definitions()[name], prefix, waiting)
    return found


def _node(node: Any, prefix: str, used: list[str]) -> Any:
    """A definition's node as a document has it, noting what it refers to."""
    if isinstance(node, list):
        return [_node(item, prefix, used) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {key: _node(value, prefix, used) for key, value in node.items()}
    name = reference.removeprefix(PREFIX)
    used.append(name)
    link = {"$ref": prefix + name}
    rest = {key: value for key, value in node.items() if key != "$ref"}
    if prefix == PREFIX or not rest:
        return link | rest
    return {"allOf": [link], "default": {}, **rest}


def _custom(row: Resource, prefix: str) -> Schema:
    schema = dict(row.definition)
    base = {
        "apiVersion": {"type": "string", "description": "APIVersion is the group and version of this object's kind."},
        "kind": {"type": "string", "description": "Kind is the REST resource that this object represents."},
        "metadata": {"description": "Standard object's metadata.", **_link(prefix, META + "ObjectMeta")},
    }
    schema["properties"] = {**schema.get("properties", {}), **base}
    return schema | _identity(row)


def _list(row: Resource, prefix: str) -> Schema:
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": _link(prefix, META + "ListMeta"),
        "items": {"type": "array", "items": _link(prefix, schema_name(row))},
    }
    identity = {"group": row.group, "version": row.version, "kind": row.list_name}
    return {"type": "object", "required": ["items"], "properties": properties,
            "x-kubernetes-group-version-kind": [identity]}  # fmt: skip


def _link(prefix: str, name: str) -> Schema:
    return {"$ref": prefix + name} if prefix == PREFIX else {"allOf": [{"$ref": prefix + name}]}


def _identity(row: Resource) -> Schema:
    return {"x-kubernetes-group-version-kind": [{"group": row.group, "version": row.version, "kind": row.kind}]}


def _paths(rows: Iterable[Resource], prefix: str) -> Body:
    paths: Body = {}
    for row in rows:
        base = f"/{_place(row.group, row.version)}"
        collection = f"{base}/namespaces/{{namespace}}/{row.plural}" if row.namespaced else f"{base}/{row.plural}"
        paths[collection] = _operations(row, ON_COLLECTION, prefix)
        if "get" in row.verbs:
            paths[f"{collection}/{{name}}"] = _operations(row, ON_OBJECT, prefix)
        if row.has_status:
            paths[f"{collection}/{{name}}/status"] = _operations(row, ("get", "update", "patch"), prefix)
        if row.namespaced:
            paths[f"{base}/{row.plural}"] = _operations(row, ("list",), prefix)
    return paths


def _operations(row: Resource, verbs: Iterable[str], prefix: str) -> Body:
    return {METHODS[verb]: _operation(row, verb, prefix) for verb in verbs if verb in row.verbs}


def _operation(row: Resource, verb: str, prefix: str) -> Body:
    name = schema_name(row) + ("List" if verb == "list" else "")
    kind = {"group": row.group, "version": row.version, "kind": row.kind}
    second = prefix == PREFIX
    answer: Body = {"description": "OK"}
    if second:
        answer["schema"] = {"$ref": prefix + name}
    else:
        answer["content"] = {"application/json": {"schema": {"$ref": prefix + name}}}
    operation: Body = {
        "operationId": f"{verb}{row.group.title().replace('.', '')}{row.version.title()}{row.kind}",
        "responses": {"200": answer},
        "x-kubernetes-action": "post" if verb == "create" else "put" if verb == "update" else verb,
        "x-kubernetes-group-version-kind": kind,
    }
    if verb in ("create", "update", "patch"):
        operation["parameters"] = [_parameter(name, second) for name in ("dryRun", "fieldManager", "fieldValidation")]
    return operation


def _parameter(name: str, second: bool) -> Body:
    shape: Body = {"type": "string"} if second else {"schema": {"type": "string", "uniqueItems": True}}
    return {"name": name, "in": "query", **shape}
