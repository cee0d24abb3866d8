"""`kubectl explain` has something to say about every field, in sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.resource.api import Api
from tests.resource.definition import CRD, SCHEMA, V1, Json, fields

FIELDS: dict[str, Json] = fields("spec") | fields("status")
NODES: dict[str, Json] = {"spec": SCHEMA["properties"]["spec"], "status": SCHEMA["properties"]["status"]} | FIELDS
KUBECTL = Path(sys.executable).parent / "kubectl"


@pytest.mark.parametrize("name", NODES)
def test_field_described_in_a_sentence(name: str) -> None:
    text = NODES[name].get("description", "")
    assert len(text) >= 12, f"{name} has no description"
    assert text[0].isupper()
    assert text.endswith(".")
    assert "  " not in text


@pytest.mark.parametrize("name", [name for name, node in NODES.items() if node["type"] == "string"])
def test_string_has_a_bound(name: str) -> None:
    assert NODES[name].get("maxLength") or NODES[name].get("format") == "date-time"


@pytest.mark.parametrize("name", [name for name, node in NODES.items() if node["type"] == "integer"])
def test_number_has_a_format(name: str) -> None:
    assert NODES[name]["format"] in ("int32", "int64")


def test_status_is_never_too_big_for_the_cluster_whatever_is_counted() -> None:
    """etcd takes 1.5 MiB at once, of which a spec needs 100 KiB at most."""
    assert most_bytes(NODES["status"]) < 1 << 20


def most_bytes(node: Json) -> int:
    """Return how many bytes of JSON a value of this schema can have; a list without a bound has no such number."""
    if node["type"] == "object":
        return 2 + sum(len(name) + 4 + most_bytes(child) for name, child in node["properties"].items())
    if node["type"] == "array":
        return 2 + int(node["maxItems"]) * (1 + most_bytes(node["items"]))
    return 2 + 6 * int(node.get("maxLength", 20)) if node["type"] == "string" else 20


def test_names_of_the_kind() -> None:
    assert CRD["spec"]["names"] == {
        "kind": "ProcessingRequest",
        "listKind": "ProcessingRequestList",
        "plural": "processingrequests",
        "singular": "processingrequest",
        "shortNames": ["preq"],
        "categories": ["textmill"],
    }


def test_selectable_fields_and_subresources() -> None:
    assert [one["jsonPath"] for one in V1["selectableFields"]] == [
        ".status.phase",
        ".status.settled",
        ".spec.ttlSecondsAfterFinished",
    ]
    assert V1["subresources"] == {"status": {}}


def test_every_rule_has_a_message() -> None:
    nodes = [SCHEMA, *NODES.values()]
    rules = [rule for node in nodes for rule in node.get("x-kubernetes-validations", [])]
    assert [rule["rule"] for rule in rules if not rule.get("message") or "\n" in rule["message"]] == []


def test_kubectl_explains_the_whole_resource(api: Api, config: Path) -> None:
    assert api.access.server
    command = [str(KUBECTL), "--kubeconfig", str(config), "explain", "preq.spec.input.upload"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "FIELD: upload <string>" in said
    assert " ".join(FIELDS["spec.input.upload"]["description"].split()) in " ".join(said.split())
