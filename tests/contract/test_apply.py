"""Server-side apply: ownership, conflicts, force, and what an owner gives up."""

from __future__ import annotations

from tests.contract.client import APPLY, Answer, Client, Json
from tests.contract.widgets import widget


def apply(api: Client, path: str, body: Json, manager: str, *, force: bool = False) -> Answer:
    return api.patch(path, body, media=APPLY, fieldManager=manager, force=str(force).lower())


def config(**spec: object) -> Json:
    return {"apiVersion": "contract.test/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": spec}


def managers(body: Json) -> dict[str, Json]:
    return {entry["manager"]: entry["fieldsV1"] for entry in body["metadata"]["managedFields"]}


def test_apply_makes_what_is_not_there(api: Client, home: str) -> None:
    answer = apply(api, f"{home}/one", config(size=3), "first")
    assert answer.status == 201
    assert managers(answer.body) == {"first": {"f:spec": {"f:size": {}}}}
    again = apply(api, f"{home}/one", config(size=3), "first")
    assert apply(api, f"{home}/one", config(size=3), "first").version == again.version


def test_apply_over_another_owner_conflicts(api: Client, home: str) -> None:
    apply(api, f"{home}/one", config(size=3), "first")
    answer = apply(api, f"{home}/one", config(size=4), "second")
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert answer.message == 'Apply failed with 1 conflict: conflict with "first": .spec.size'
    assert answer.causes() == [(".spec.size", 'conflict with "first"')]
    assert api.get(f"{home}/one").body["spec"]["size"] == 3


def test_apply_of_the_same_value_shares_it(api: Client, home: str) -> None:
    apply(api, f"{home}/one", config(size=3), "first")
    shared = apply(api, f"{home}/one", config(size=3), "second").body
    assert managers(shared) == {"first": {"f:spec": {"f:size": {}}}, "second": {"f:spec": {"f:size": {}}}}


def test_forced_apply_takes_ownership(api: Client, home: str) -> None:
    apply(api, f"{home}/one", config(size=3, note="mine"), "first")
    taken = apply(api, f"{home}/one", config(size=4), "second", force=True).body
    assert taken["spec"]["size"] == 4
    assert managers(taken) == {"first": {"f:spec": {"f:note": {}}}, "second": {"f:spec": {"f:size": {}}}}


def test_field_that_its_only_owner_drops_goes(api: Client, home: str) -> None:
    apply(api, f"{home}/one", config(size=3, note="x", labels={"a": "1", "b": "2"}), "first")
    apply(api, f"{home}/one", config(size=3, labels={"b": "2"}), "second")
    left = apply(api, f"{home}/one", config(size=3), "first").body
    assert left["spec"] == {"size": 3, "colour": "red", "labels": {"b": "2"}}


def test_set_list_is_merged_by_value(api: Client, home: str) -> None:
    apply(api, f"{home}/one", config(size=3, tags=["a", "b"]), "first")
    both = apply(api, f"{home}/one", config(size=3, tags=["b", "c"]), "second").body
    assert both["spec"]["tags"] == ["a", "b", "c"]
    left = apply(api, f"{home}/one", config(size=3), "first").body
    assert left["spec"]["tags"] == ["b", "c"]


def test_atomic_object_has_one_owner_and_is_replaced_whole(api: Client, home: str) -> None:
    first = apply(api, f"{home}/one", config(size=3, place={"x": 1}), "first").body
    assert managers(first) == {"first": {"f:spec": {"f:size": {}, "f:place": {}}}}
    answer = apply(api, f"{home}/one", config(size=3, place={"y": 2}), "second")
    assert answer.causes() == [(".spec.place", 'conflict with "first"')]
    taken = apply(api, f"{home}/one", config(size=3, place={"y": 2}), "second", force=True).body
    assert taken["spec"]["place"] == {"y": 2}
    assert managers(taken)["first"] == {"f:spec": {"f:size": {}}}


def test_map_list_is_merged_by_key(api: Client, home: str) -> None:
    api.create(home, widget())

    def ready(kind: str, manager: str) -> Answer:
        body: Json = {"apiVersion": "contract.test/v1", "kind": "Widget", "metadata": {"name": "one"}}
        body["status"] = {"conditions": [{"type": kind, "status": "True"}]}
        return apply(api, f"{home}/one/status", body, manager)

    ready("Ready", "first")
    both = ready("Warm", "second").body
    assert [row["type"] for row in both["status"]["conditions"]] == ["Ready", "Warm"]
    entry = next(row for row in both["metadata"]["managedFields"] if row["manager"] == "second")
    assert (entry["operation"], entry["subresource"]) == ("Apply", "status")
    assert entry["fieldsV1"] == {
        "f:status": {"f:conditions": {'k:{"type":"Warm"}': {".": {}, "f:status": {}, "f:type": {}}}}
    }


def test_plain_update_takes_what_it_changes(api: Client, home: str) -> None:
    apply(api, f"{home}/one", config(size=3, note="x"), "first")
    changed = api.patch(f"{home}/one", {"spec": {"size": 9}}, fieldManager="editor").body
    assert managers(changed) == {"first": {"f:spec": {"f:note": {}}}, "editor": {"f:spec": {"f:size": {}}}}
    answer = apply(api, f"{home}/one", config(size=3, note="x"), "first")
    assert (answer.status, answer.causes()[0][0]) == (409, ".spec.size")
    assert 'conflict with "editor" using contract.test/v1' in answer.message


def test_built_in_lists_are_merged_by_their_keys(api: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/one"

    def account(secret: str) -> Json:
        head = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "one"}}
        return head | {"secrets": [{"name": secret}]}

    apply(api, path, account("a"), "first")
    both = apply(api, path, account("b"), "second").body["secrets"]
    assert [secret["name"] for secret in both] == ["a", "b"]


def test_apply_needs_a_manager(api: Client, home: str) -> None:
    assert api.patch(f"{home}/one", config(size=3), media=APPLY).status in (400, 422)


def test_apply_of_unknown_field_is_refused(api: Client, home: str) -> None:
    answer = apply(api, f"{home}/one", config(size=3, typo=1), "first")
    assert answer.status in (400, 500)
    assert ".spec.typo" in answer.message


def test_apply_with_dry_run_keeps_nothing(api: Client, home: str) -> None:
    answer = api.patch(f"{home}/one", config(size=3), media=APPLY, fieldManager="first", dryRun="All")
    assert answer.status == 201
    assert api.get(f"{home}/one").status == 404
