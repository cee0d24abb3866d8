"""kubectl's ways to change: create, apply on both sides, edit, patch, label, annotate, replace, delete."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.contract.conftest import Kubectl

MANIFEST = """
apiVersion: contract.test/v1
kind: Widget
metadata: {name: one}
spec: {size: 5, tags: [a]}
"""


@pytest.fixture
def spec(kubectl: Kubectl, home: str) -> str:
    """A widget that was applied; its address."""
    kubectl("apply", "-f", "-", text=MANIFEST)
    return f"{home}/one"


def test_apply_creates_changes_and_rests(kubectl: Kubectl, api: Client, home: str) -> None:
    assert kubectl("apply", "-f", "-", text=MANIFEST).stdout == "widget.contract.test/one created\n"
    assert kubectl("apply", "-f", "-", text=MANIFEST).stdout == "widget.contract.test/one unchanged\n"
    changed = MANIFEST.replace("tags: [a]", "note: x")
    assert kubectl("apply", "-f", "-", text=changed).stdout == "widget.contract.test/one configured\n"
    assert api.get(f"{home}/one").body["spec"] == {"size": 5, "colour": "red", "note": "x"}


def test_apply_of_a_typo_is_refused(kubectl: Kubectl, home: str) -> None:
    error = kubectl("apply", "-f", "-", text=MANIFEST.replace("size", "sise"), ok=False).stderr
    assert 'unknown field "spec.sise"' in error


def test_apply_of_a_bad_value_says_why(kubectl: Kubectl, home: str) -> None:
    error = kubectl("apply", "-f", "-", text=MANIFEST.replace("size: 5", "size: 0"), ok=False).stderr
    assert "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1" in error


def test_apply_of_a_built_in_kind_merges_its_lists(kubectl: Kubectl, api: Client, namespace: str) -> None:
    account = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: one, labels: {a: "1"}}
secrets: [{name: kept}, {name: dropped}]
"""
    kubectl("apply", "-f", "-", text=account)
    kubectl("apply", "-f", "-", text=account.replace('{a: "1"}', '{b: "2"}').replace("name: dropped", "name: new"))
    body = api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/one").body
    assert body["metadata"]["labels"] == {"b": "2"}
    assert sorted(secret["name"] for secret in body["secrets"]) == ["kept", "new"]


def test_server_side_apply_meets_a_conflict(kubectl: Kubectl, api: Client, home: str) -> None:
    kubectl("apply", "--server-side", "-f", "-", text=MANIFEST)
    other = MANIFEST.replace("size: 5", "size: 6")
    arguments = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    error = kubectl(*arguments, text=other, ok=False).stderr
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .spec.size' in error
    kubectl(*arguments, "--force-conflicts", text=other)
    assert api.get(f"{home}/one").body["spec"]["size"] == 6


def test_apply_with_dry_run_keeps_nothing(kubectl: Kubectl, api: Client, home: str) -> None:
    shown = kubectl("apply", "--dry-run=server", "-f", "-", text=MANIFEST).stdout
    assert shown == "widget.contract.test/one created (server dry run)\n"
    assert api.get(f"{home}/one").status == 404


def test_create_by_command(kubectl: Kubectl, api: Client, namespace: str, config_maps: str) -> None:
    kubectl("create", "configmap", "one", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "one", "--from-literal=a=b")
    kubectl("create", "serviceaccount", "one")
    assert api.get(f"{config_maps}/one").body["data"] == {"a": "b"}
    assert api.get(f"/api/v1/namespaces/{namespace}/secrets/one").body["data"] == {"a": "Yg=="}


def test_create_of_what_is_there_is_refused(kubectl: Kubectl, spec: str) -> None:
    error = kubectl("create", "-f", "-", text=MANIFEST, ok=False).stderr
    assert '(AlreadyExists): error when creating "STDIN": widgets.contract.test "one" already exists' in error


def test_edit_saves_what_the_editor_wrote(kubectl: Kubectl, api: Client, spec: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/size: 5/size: 8/' \"$1\"\n")
    editor.chmod(0o755)
    assert "edited" in kubectl("edit", "wdg", "one", EDITOR=str(editor)).stdout
    assert api.get(spec).body["spec"]["size"] == 8


def test_patch_of_the_status_door(kubectl: Kubectl, api: Client, spec: str) -> None:
    patch = '{"status": {"phase": "Succeeded"}, "spec": {"size": 9}}'
    kubectl("patch", "wdg", "one", "--subresource=status", "--type=merge", "-p", patch)
    body = api.get(spec).body
    assert (body["status"]["phase"], body["spec"]["size"]) == ("Succeeded", 5)


def test_patch_by_json(kubectl: Kubectl, api: Client, spec: str) -> None:
    kubectl("patch", "wdg", "one", "--type=json", "-p", '[{"op": "add", "path": "/spec/tags/-", "value": "b"}]')
    assert api.get(spec).body["spec"]["tags"] == ["a", "b"]


def test_label_and_annotate(kubectl: Kubectl, api: Client, spec: str) -> None:
    kubectl("label", "wdg", "one", "tier=front")
    kubectl("annotate", "wdg", "one", "note=hello")
    kubectl("label", "wdg", "one", "tier=back", "--overwrite")
    meta = api.get(spec).body["metadata"]
    assert (meta["labels"], meta["annotations"]["note"]) == ({"tier": "back"}, "hello")
    kubectl("label", "wdg", "one", "tier-")
    assert "labels" not in api.get(spec).body["metadata"]


def test_replace_takes_the_whole(kubectl: Kubectl, api: Client, spec: str) -> None:
    text = kubectl("get", "wdg", "one", "-o", "yaml").stdout
    kubectl("replace", "-f", "-", text=text.replace("size: 5", "size: 7"))
    assert api.get(spec).body["spec"]["size"] == 7
    error = kubectl("replace", "-f", "-", text=text.replace("size: 5", "size: 6"), ok=False).stderr
    assert "the object has been modified" in error


def test_delete_waits_until_it_is_gone(kubectl: Kubectl, api: Client, spec: str) -> None:
    assert kubectl("delete", "wdg", "one", "--timeout=20s").stdout.startswith('widget.contract.test "one" deleted')
    assert api.get(spec).status == 404


def test_delete_in_cascade_by_foreground(kubectl: Kubectl, api: Client, spec: str) -> None:
    kubectl("delete", "wdg", "--all", "--cascade=foreground", "--timeout=20s")
    assert api.get(spec).status == 404


def test_can_i_says_yes(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "jobs").stdout == "yes\n"
