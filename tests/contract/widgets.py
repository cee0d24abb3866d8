"""A custom kind with everything that the suite asks of custom kinds, and objects of it."""

from __future__ import annotations

import copy

from tests.contract.client import Json

GROUP = "contract.test"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ALL = f"/apis/{GROUP}/v1/widgets"

CONDITION: Json = {
    "type": "object",
    "required": ["type", "status"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "reason": {"type": "string"},
    },
}
STATUS: Json = {
    "type": "object",
    "default": {"phase": "Pending"},
    "properties": {
        "phase": {"type": "string", "enum": ["Pending", "Running", "Succeeded", "Failed"]},
        "settled": {"type": "boolean"},
        "tokens": {"type": "integer", "format": "int64"},
        "conditions": {
            "type": "array",
            "items": CONDITION,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    },
}
SPEC: Json = {
    "description": "What is wanted of the widget.",
    "type": "object",
    "required": ["size"],
    "x-kubernetes-validations": [
        {"rule": "self.colour == oldSelf.colour", "message": "colour cannot be changed"},
        {
            "rule": "!has(self.low) || self.low <= self.size",
            "messageExpression": "'low is too high for a ' + self.colour + ' one'",
        },
    ],
    "properties": {
        "size": {"description": "How big it is.", "type": "integer", "minimum": 1, "maximum": 100},
        "colour": {"type": "string", "default": "red", "maxLength": 10},
        "low": {"type": "integer"},
        "note": {"type": "string", "nullable": True},
        "tags": {"type": "array", "maxItems": 3, "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "port": {"x-kubernetes-int-or-string": True},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "place": {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "x-kubernetes-map-type": "atomic",
        },
        "mode": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "default": "plain"},
                "at": {"type": "string", "format": "date-time"},
            },
        },
    },
}
COLUMNS: list[Json] = [
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def definition(plural: str = "widgets", kind: str = "Widget", spec: Json | None = None, **version: object) -> Json:
    """A definition; further arguments change its one version."""
    schema = {
        "description": "A widget is a thing for tests.",
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": SPEC if spec is None else spec, "status": STATUS},
    }
    found: Json = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "selectableFields": [{"jsonPath": ".status.phase"}, {"jsonPath": ".status.settled"}],
        "additionalPrinterColumns": COLUMNS,
        "schema": {"openAPIV3Schema": schema},
    }
    names: Json = {"plural": plural, "singular": kind.lower(), "kind": kind}
    if plural == "widgets":
        names |= {"shortNames": ["wdg"], "categories": ["all"]}
    return copy.deepcopy(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [found | version]},
        }
    )


def collection(namespace: str, plural: str = "widgets") -> str:
    """The address of the widgets of a namespace."""
    return f"/apis/{GROUP}/v1/namespaces/{namespace}/{plural}"


def widget(name: str = "one", kind: str = "Widget", **spec: object) -> Json:
    """A widget."""
    body: Json = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name}}
    return body | {"spec": {"size": 5, **spec}}
