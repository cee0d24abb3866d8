"""The three patches that change what is there."""

from __future__ import annotations

from tests.contract.client import JSON_PATCH, STRATEGIC, Client, Json
from tests.contract.widgets import widget

ACCOUNT: Json = {"metadata": {"name": "one"}, "secrets": [{"name": "a"}, {"name": "b"}]}


def test_merge_patch_sets_and_removes(api: Client, home: str) -> None:
    api.create(home, widget(note="x", labels={"a": "1", "b": "2"}))
    patch = {"spec": {"labels": {"a": None, "c": "3"}, "tags": ["t"]}}
    assert api.patch(f"{home}/one", patch).body["spec"] == {
        "size": 5, "colour": "red", "note": "x", "labels": {"b": "2", "c": "3"}, "tags": ["t"],
    }  # fmt: skip


def test_json_patch_operates_in_order(api: Client, home: str) -> None:
    api.create(home, widget(tags=["a", "b"]))
    operations = [
        {"op": "test", "path": "/spec/size", "value": 5},
        {"op": "add", "path": "/spec/tags/0", "value": "z"},
        {"op": "remove", "path": "/spec/tags/2"},
        {"op": "add", "path": "/metadata/labels", "value": {"x~y/z": "1"}},
        {"op": "replace", "path": "/spec/size", "value": 6},
    ]
    answer = api.patch(f"{home}/one", operations, media=JSON_PATCH)
    assert answer.status == 422  # a label's name may not hold ~
    operations[3] = {"op": "add", "path": "/metadata/annotations", "value": {}}
    operations.insert(4, {"op": "add", "path": "/metadata/annotations/a.b~1c", "value": "1"})
    changed = api.patch(f"{home}/one", operations, media=JSON_PATCH).body
    assert (changed["spec"]["tags"], changed["spec"]["size"]) == (["z", "a"], 6)
    assert changed["metadata"]["annotations"] == {"a.b/c": "1"}


def test_json_patch_with_failing_test_changes_nothing(api: Client, home: str) -> None:
    made = api.create(home, widget()).body
    operations = [
        {"op": "replace", "path": "/spec/size", "value": 6},
        {"op": "test", "path": "/spec/colour", "value": "blue"},
    ]
    answer = api.patch(f"{home}/one", operations, media=JSON_PATCH)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert api.get(f"{home}/one").body == made


def test_strategic_patch_merges_lists_by_key(api: Client, namespace: str) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api.create(accounts, ACCOUNT)
    patch = {"secrets": [{"name": "b", "$patch": "delete"}, {"name": "c"}]}
    secrets = api.patch(f"{accounts}/one", patch, media=STRATEGIC).body["secrets"]
    assert sorted(one["name"] for one in secrets) == ["a", "c"]


def test_merge_patch_replaces_lists_of_built_in_kinds(api: Client, namespace: str) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api.create(accounts, ACCOUNT)
    assert api.patch(f"{accounts}/one", {"secrets": [{"name": "only"}]}).body["secrets"] == [{"name": "only"}]


def test_strategic_patch_is_not_for_custom_kinds(api: Client, home: str) -> None:
    api.create(home, widget())
    answer = api.patch(f"{home}/one", {"spec": {"size": 6}}, media=STRATEGIC)
    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")


def test_patch_with_stale_version_conflicts(api: Client, home: str) -> None:
    stale = api.create(home, widget()).version
    api.patch(f"{home}/one", {"spec": {"size": 6}})
    answer = api.patch(f"{home}/one", {"metadata": {"resourceVersion": stale}, "spec": {"size": 7}})
    assert (answer.status, answer.reason) == (409, "Conflict")


def test_patch_of_missing_object_is_not_found(api: Client, home: str) -> None:
    assert api.patch(f"{home}/none", {"spec": {"size": 6}}).status == 404


def test_patch_may_not_rename(api: Client, home: str) -> None:
    api.create(home, widget())
    assert api.patch(f"{home}/one", {"metadata": {"name": "two"}}).status == 400
