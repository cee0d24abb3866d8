"""The status subresource: two doors to one object, and the generation that tells intent from report."""

from __future__ import annotations

from tests.contract.client import APPLY, Client
from tests.contract.widgets import widget


def test_create_ignores_status_but_defaults_it(api: Client, home: str) -> None:
    made = api.create(home, widget() | {"status": {"phase": "Failed", "tokens": 3}}).body
    assert made["status"] == {"phase": "Pending"}
    assert made["metadata"]["generation"] == 1


def test_status_door_changes_status_alone(api: Client, home: str) -> None:
    api.create(home, widget())
    patch = {"metadata": {"labels": {"a": "b"}}, "spec": {"size": 9}, "status": {"phase": "Running"}}
    changed = api.patch(f"{home}/one/status", patch).body
    assert (changed["spec"]["size"], changed["status"]) == (5, {"phase": "Running"})
    assert "labels" not in changed["metadata"]
    assert changed["metadata"]["generation"] == 1


def test_main_door_leaves_status_alone(api: Client, home: str) -> None:
    api.create(home, widget())
    changed = api.patch(f"{home}/one", {"spec": {"size": 9}, "status": {"phase": "Failed"}}).body
    assert (changed["spec"]["size"], changed["status"]) == (9, {"phase": "Pending"})
    assert changed["metadata"]["generation"] == 2


def test_labels_do_not_count_as_intent(api: Client, home: str) -> None:
    api.create(home, widget())
    changed = api.patch(f"{home}/one", {"metadata": {"labels": {"a": "b"}}}).body["metadata"]
    assert (changed["labels"], changed["generation"]) == ({"a": "b"}, 1)


def test_status_is_read_and_replaced_by_its_door(api: Client, home: str) -> None:
    api.create(home, widget())
    read = api.get(f"{home}/one/status").body
    replaced = api.call("PUT", f"{home}/one/status", read | {"status": {"phase": "Succeeded", "settled": True}})
    assert (replaced.status, replaced.body["status"]) == (200, {"phase": "Succeeded", "settled": True})


def test_status_with_stale_version_conflicts(api: Client, home: str) -> None:
    made = api.create(home, widget()).body
    api.patch(f"{home}/one/status", {"status": {"phase": "Running"}})
    guarded = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "status": {"phase": "Failed"}}
    answer = api.patch(f"{home}/one/status", guarded)
    assert (answer.status, answer.reason) == (409, "Conflict")


def test_status_of_missing_object_is_not_made(api: Client, home: str) -> None:
    body = {"apiVersion": "contract.test/v1", "kind": "Widget", "status": {"phase": "Running"}}
    assert api.patch(f"{home}/none/status", body, media=APPLY, fieldManager="test").status == 404


def test_bad_status_is_invalid(api: Client, home: str) -> None:
    api.create(home, widget())
    answer = api.patch(f"{home}/one/status", {"status": {"phase": "Lost"}})
    assert answer.status == 422
    text = 'Unsupported value: "Lost": supported values: "Pending", "Running", "Succeeded", "Failed"'
    assert answer.causes()[0] == ("status.phase", text)
