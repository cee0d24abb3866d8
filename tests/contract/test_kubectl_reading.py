"""kubectl's ways to look: get in its forms, describe, explain, wait, watch."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.contract.client import Client
from tests.contract.conftest import Kubectl
from tests.contract.widgets import widget


@pytest.fixture
def one(api: Client, home: str) -> str:
    """A widget that has come some way."""
    body = widget()
    body["metadata"]["labels"] = {"tier": "front"}
    api.create(home, body)
    status = {"phase": "Running", "tokens": 7, "conditions": [{"type": "Ready", "status": "True"}]}
    assert api.patch(f"{home}/one/status", {"status": status}).status == 200
    return f"{home}/one"


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_get_shows_the_columns(kubectl: Kubectl, one: str) -> None:
    head, row = words(kubectl("get", "wdg").stdout)
    assert head == ["NAME", "PHASE", "READY", "AGE"]
    assert row[:3] == ["one", "Running", "True"]


def test_get_wide_shows_more(kubectl: Kubectl, one: str) -> None:
    head, row = words(kubectl("get", "widget", "one", "-o", "wide").stdout)
    assert (head[:4], row[:4]) == (["NAME", "PHASE", "SIZE", "READY"], ["one", "Running", "5", "True"])


def test_get_as_data(kubectl: Kubectl, one: str) -> None:
    assert json.loads(kubectl("get", "wdg", "one", "-o", "json").stdout)["status"]["tokens"] == 7
    assert "tokens: 7" in kubectl("get", "wdg", "one", "-o", "yaml").stdout
    assert kubectl("get", "wdg", "-o", "jsonpath={.items[*].status.tokens}").stdout == "7"
    assert kubectl("get", "wdg", "-o", "name").stdout == "widget.contract.test/one\n"


def test_get_by_selectors(kubectl: Kubectl, one: str) -> None:
    assert kubectl("get", "wdg", "-l", "tier=front", "--field-selector", "status.phase=Running", "-o", "name").stdout
    assert not kubectl("get", "wdg", "--field-selector", "status.phase=Failed", "-o", "name").stdout


def test_get_of_missing_says_so(kubectl: Kubectl, one: str) -> None:
    error = kubectl("get", "wdg", "none", ok=False).stderr
    assert error == 'Error from server (NotFound): widgets.contract.test "none" not found\n'


def test_get_in_chunks_shows_all(kubectl: Kubectl, api: Client, home: str) -> None:
    for i in range(5):
        api.create(home, widget(f"w{i}"))
    shown = kubectl("get", "wdg", "--chunk-size=2", "--no-headers").stdout
    assert [row[0] for row in words(shown)] == ["w0", "w1", "w2", "w3", "w4"]


def test_describe_shows_object_and_events(kubectl: Kubectl, api: Client, one: str, namespace: str) -> None:
    meta = api.get(one).body["metadata"]
    involved = {"apiVersion": "contract.test/v1", "kind": "Widget", "name": "one", "namespace": namespace,
                "uid": meta["uid"]}  # fmt: skip
    event = {"metadata": {"name": "one.1"}, "involvedObject": involved, "reason": "Grown", "message": "it grew",
             "type": "Normal", "firstTimestamp": meta["creationTimestamp"], "lastTimestamp": meta["creationTimestamp"],
             "count": 1, "source": {"component": "tests"}}  # fmt: skip
    api.create(f"/api/v1/namespaces/{namespace}/events", event)
    text = kubectl("describe", "wdg", "one").stdout
    assert ["Phase:", "Running"] in words(text)
    assert next(row for row in words(text) if row[1:2] == ["Grown"])[-2:] == ["it", "grew"]
    assert {"Normal", "Grown"} <= set(words(kubectl("get", "events").stdout)[1])


def test_explain_tells_each_field(kubectl: Kubectl, widget_kind: str) -> None:
    text = kubectl("explain", "widget.spec.size").stdout
    assert "FIELD: size <integer>" in text
    assert "How big it is." in text
    assert "backoffLimit" in kubectl("explain", "job.spec").stdout
    assert "does not exist" in kubectl("explain", "widget.spec.none", ok=False).stderr


def test_api_resources_lists_kinds(kubectl: Kubectl, widget_kind: str) -> None:
    rows = words(kubectl("api-resources", "--no-headers").stdout)
    assert ["widgets", "wdg", "contract.test/v1", "true", "Widget"] in rows
    assert ["jobs", "batch/v1", "true", "Job"] in rows


def test_wait_sees_condition_field_and_end(kubectl: Kubectl, api: Client, one: str) -> None:
    kubectl("wait", "wdg/one", "--for=condition=Ready", "--timeout=20s")
    kubectl("wait", "wdg/one", "--for=jsonpath={.status.phase}=Running", "--timeout=20s")
    with following(kubectl, "wait", "wdg/one", "--for=delete", "--timeout=20s") as process:
        api.delete(one)
        assert process.wait(30) == 0


@contextmanager
def following(kubectl: Kubectl, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """kubectl as a process beside the test."""
    command: list[str] = kubectl("options", ok=True).args[:-1]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_get_watch_follows_changes(kubectl: Kubectl, api: Client, one: str) -> None:
    with following(kubectl, "get", "wdg", "-w", "--no-headers") as process:
        assert process.stdout is not None
        assert process.stdout.readline().split()[:2] == ["one", "Running"]
        api.patch(f"{one}/status", {"status": {"phase": "Succeeded"}})
        assert process.stdout.readline().split()[:2] == ["one", "Succeeded"]
