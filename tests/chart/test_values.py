"""The chart's values: each has a sentence and a line in its schema, and what is generated is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from checks import tree
from scripts import chart

TEXT = (chart.CHART / "values.yaml").read_text("utf-8")
VALUES: dict[str, Any] = yaml.safe_load(TEXT)
SCHEMA: dict[str, Any] = json.loads((chart.CHART / "values.schema.json").read_text("utf-8"))
TABLE = list(chart.values(TEXT))


def leaves(found: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every value, going down only where the schema lists the keys."""
    for key, value in found.items():
        below = schema["properties"][key]
        if isinstance(value, dict) and value and below.get("properties") and key != "resources":
            yield from leaves(value, below, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def closed(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, bool]]:
    """Yield each object of the schema that lists its keys, and whether it refuses others."""
    if "properties" in schema:
        yield path, schema.get("additionalProperties") is False
        for key, below in schema["properties"].items():
            yield from closed(below, f"{path}.{key}")


def with_value(path: str, value: Any) -> dict[str, Any]:
    changed = json.loads(json.dumps(VALUES))
    *above, last = path.split(".")
    place = changed
    for key in above:
        place = place[key]
    place[last] = value
    return dict(changed)


def test_every_value_has_its_sentence_and_no_sentence_is_left_over() -> None:
    assert [one.path for one in TABLE] == list(leaves(VALUES, SCHEMA))
    assert TEXT.count("# -- ") == len(TABLE)
    assert [one.path for one in TABLE if not one.help.endswith(".")] == []


def test_schema_lists_every_key_and_refuses_others_everywhere() -> None:
    listed = set(SCHEMA["properties"]) - {"global"}
    assert listed == set(VALUES)
    assert [path for path, refuses in closed(SCHEMA) if not refuses] == []


def test_default_values_fit_the_schema() -> None:
    assert list(jsonschema_rs.validator_for(SCHEMA).iter_errors(VALUES)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", 2),
        ("api.replica", 2),
        ("api.replicas", "2"),
        ("api.replicas", -1),
        ("api.service.nodePort", 30000),
        ("api.resources", {"limit": {"memory": "1Gi"}}),
        ("api.env", [{"name": "bad name"}]),
        ("image.tag", "a b"),
        ("image.digest", "sha256:12"),
        ("image.pullPolicy", "Sometimes"),
        ("namespaces", ["Team_A"]),
        ("namespaces", ["*"]),
        ("namespaces", ["a", "a"]),
        ("persistence.accessMode", "ReadOnlyMany"),
        ("persistence.size", "much"),
        ("operator.batchMembers", 201),
        ("operator.leaseSeconds", 0),
        ("operator.logLevel", "loud"),
        ("worker.memoryBytes", 1000),
        ("worker.memoryBytes", "much"),
        ("worker.memoryBytes", "512m"),
        ("operator.leaseSeconds", 3601),
        ("operator.leaseSeconds", "3600.5"),
        ("operator.leaseSeconds", "0.5"),
        ("api.auth.cacheSeconds", "3601"),
        ("sweep.maxShare", "0.0"),
        ("sweep.maxShare", "1.5"),
        ("sweep.graceSeconds", "59.5"),
        ("sweep.maxShare", 0),
        ("sweep.maxShare", 2),
        ("ingress.hosts", ["https://a"]),
        ("networkPolicy.apiServerPorts", []),
        ("serviceMonitor.interval", "often"),
        ("dashboard.labels", {"a": 1}),
    ],
)
def test_wrong_key_or_value_is_refused(path: str, value: Any) -> None:
    assert not jsonschema_rs.is_valid(SCHEMA, with_value(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("global", {"storageClass": "x"}),
        ("image.digest", f"sha256:{'0' * 64}"),
        ("persistence.storageClass", "-"),
        ("api.maxUploadBytes", 1000),
        ("api.auth.cacheSeconds", "0.5"),
        ("operator.leaseSeconds", 3600),
        ("operator.leaseSeconds", "7.5"),
        ("operator.leaseSeconds", "3600.0"),
        ("operator.smallBytes", "1Mi"),
        ("operator.shardBytes", "0.5Gi"),
        ("sweep.maxShare", "0.25"),
        ("sweep.maxShare", "1"),
        ("sweep.graceSeconds", "60.5"),
        ("worker.memoryBytes", "512Mi"),
        ("api.allowedHosts", ["*", "a.example", "[::1]"]),
        ("api.env", [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
    ],
)
def test_right_value_is_taken(path: str, value: Any) -> None:
    assert jsonschema_rs.is_valid(SCHEMA, with_value(path, value))


def test_page_has_a_row_for_every_value() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|", chart.PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [one.path for one in TABLE]


def test_defaults_are_those_of_the_operator() -> None:
    from textmill_operator.settings import SETTINGS

    ours = {
        "MAX_PODS": VALUES["operator"]["maxPods"],
        "NAMESPACE_PODS": VALUES["operator"]["namespacePods"],
        "BATCH_MEMBERS": VALUES["operator"]["batchMembers"],
        "SMALL_BYTES": VALUES["operator"]["smallBytes"],
        "SHARD_BYTES": VALUES["operator"]["shardBytes"],
        "SHARD_PODS": VALUES["operator"]["shardPods"],
        "LEASE_SECONDS": VALUES["operator"]["leaseSeconds"],
        "WORKER_MEMORY_BYTES": VALUES["worker"]["memoryBytes"],
        "WORKER_CPU": VALUES["worker"]["cpu"],
        "WORKER_USER": VALUES["runAsUser"],
        "CLAIM": VALUES["persistence"]["claimName"],
    }
    assert ours == {name: SETTINGS[name].default for name in ours}


def test_crd_template_is_the_crd_with_the_keep_annotation() -> None:
    crd = yaml.safe_load((tree.ROOT / "k8s" / "crd.yaml").read_text("utf-8"))
    text = (chart.CHART / "templates" / "crd.yaml").read_text("utf-8")
    made = yaml.safe_load("\n".join(line for line in text.splitlines() if not line.startswith("{{")))
    assert made["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert made == crd


def test_crd_that_helm_would_read_as_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit into a template"):
        chart.template("kind: X\nmetadata:\n  name: x\nspec: {{ }}\n")


def test_generator_writes_version_template_and_page(tmp_path: Path) -> None:
    made = tmp_path / "chart"
    (made / "templates").mkdir(parents=True)
    (made / "Chart.yaml").write_text("name: x\nversion: 9\nappVersion: 9\n")
    (made / "values.yaml").write_text("# -- What.\nword: {}\nplace:\n  # -- Where.\n  here: 3\n")
    (tmp_path / "crd.yaml").write_text("kind: X\nmetadata:\n  name: x\nspec: {}\n")
    assert chart.main(made, tmp_path / "crd.yaml", tmp_path / "values.md") == 0
    version = tree.settings()["project"]["version"]
    assert (made / "Chart.yaml").read_text() == f"name: x\nversion: {version}\nappVersion: {version}\n"
    page = (tmp_path / "values.md").read_text()
    assert page.endswith("|---|---|---|\n| `word` | `{}` | What. |\n| `place.here` | `3` | Where. |\n")
