"""Schemas as a graph of plain dicts, with the few questions that pruning, defaulting and apply ask of a node.

Built-in kinds come from Kubernetes' published OpenAPI definitions (`data/builtin.json`, generated), whose `$ref`s
are replaced by the nodes they name: so a walk never looks anything up, and a recursive type is a cycle, never a copy.
Custom kinds come from their CRD, with ObjectMeta put at the root. The nodes are shared and must not be changed.
"""

import functools
import importlib.resources
from typing import Any

from .codec import decode

Schema = dict[str, Any]

EMPTY: Schema = {}
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
OBJECT_META = META + "ObjectMeta"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
PREFIX = "#/definitions/"


@functools.cache
def definitions() -> dict[str, Schema]:
    """The published definitions as they are, `$ref`s and all."""
    text = importlib.resources.files(__package__).joinpath("data", "builtin.json").read_bytes()
    found: dict[str, Schema] = decode(text)
    del found["$comment"]
    return found


@functools.cache
def named(name: str) -> Schema:
    """One definition as a graph: every `$ref` is replaced by the node that it names."""
    return _Linker().node(name)


class _Linker:
    """Follows references depth first; a node is known before it is filled, so recursive types close into cycles."""

    def __init__(self) -> None:
        self._nodes: dict[str, Schema] = {}

    def node(self, name: str) -> Schema:
        if name not in self._nodes:
            self._nodes[name] = {}
            self._nodes[name].update(self._link(definitions()[name]))
        return self._nodes[name]

    def _link(self, part: Any) -> Any:
        if isinstance(part, list):
            return [self._link(item) for item in part]
        if not isinstance(part, dict):
            return part
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return {key: self._link(value) for key, value in part.items()}
        target = self.node(reference.removeprefix(PREFIX))
        extras = {key: value for key, value in part.items() if key.startswith("x-kubernetes-")}
        return target | extras if extras else target


@functools.cache
def definition_name(group: str, version: str, kind: str) -> str:
    """The name of a built-in kind's definition; empty where there is none."""
    wanted = {"group": group, "version": version, "kind": kind}
    found = (name for name, node in definitions().items() if wanted in node.get("x-kubernetes-group-version-kind", ()))
    return next(found, "")


def of_builtin(group: str, version: str, kind: str) -> Schema | None:
    """The schema of a built-in kind."""
    name = definition_name(group, version, kind)
    return named(name) if name else None


def of_custom(root: Schema) -> Schema:
    """A CRD's schema with what every object has put at its root."""
    base = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": named(OBJECT_META)}
    return root | {"properties": root.get("properties", {}) | base}


def child(node: Schema, key: str) -> Schema | None:
    """The node of one member of an object; None where the schema does not know it."""
    found: Schema | None = node.get("properties", EMPTY).get(key)
    if found is not None:
        return found
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        return extra
    return EMPTY if extra is True or keeps_unknown(node) else None


def items(node: Schema) -> Schema:
    """The node of the elements of a list."""
    found = node.get("items", EMPTY)
    return found if isinstance(found, dict) else EMPTY


def keeps_unknown(node: Schema) -> bool:
    """Whether members that the schema does not name are kept."""
    if "properties" not in node and "additionalProperties" not in node and node.get("type") != "object":
        return True
    return bool(node.get("x-kubernetes-preserve-unknown-fields"))


def list_type(node: Schema) -> str:
    """How apply merges a list: `map`, `set` or `atomic`."""
    kind: str = node.get("x-kubernetes-list-type", "atomic")
    return kind


def list_keys(node: Schema) -> tuple[str, ...]:
    """The members that identify an element of a list of type `map`."""
    return tuple(node.get("x-kubernetes-list-map-keys", ()))


def is_atomic(node: Schema) -> bool:
    """Whether apply takes an object as one value."""
    return node.get("x-kubernetes-map-type") == "atomic"
