"""Create, read, replace, delete: identity, versions and what a rival meets."""

from __future__ import annotations

import re

from tests.contract.client import Client, Json
from tests.contract.widgets import widget


def config_map(name: str = "one", **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_create_gives_identity_and_version(api: Client, namespace: str, config_maps: str) -> None:
    made = api.create(config_maps, config_map(a="b")).body
    meta = made["metadata"]
    assert (meta["name"], meta["namespace"]) == ("one", namespace)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", meta["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
    assert int(meta["resourceVersion"]) > 0
    assert api.get(f"{config_maps}/one").body == made


def test_create_twice_conflicts(api: Client, config_maps: str) -> None:
    api.create(config_maps, config_map())
    again = api.call("POST", config_maps, config_map())
    assert (again.status, again.reason, again.message) == (409, "AlreadyExists", 'configmaps "one" already exists')
    assert again.body["details"] == {"name": "one", "kind": "configmaps"}


def test_create_with_generated_name_adds_suffix(api: Client, config_maps: str) -> None:
    made = api.create(config_maps, {"metadata": {"generateName": "made-"}}).body["metadata"]
    assert re.fullmatch(r"made-[a-z0-9]{5}", made["name"])
    assert made["generateName"] == "made-"


def test_create_without_content_type_is_json(api: Client, home: str) -> None:
    assert api.call("POST", home, widget(), media="").status == 201


def test_create_in_missing_namespace_is_not_found(api: Client) -> None:
    answer = api.call("POST", "/api/v1/namespaces/nowhere/configmaps", config_map())
    assert (answer.status, answer.message) == (404, 'namespaces "nowhere" not found')


def test_create_with_bad_name_is_invalid(api: Client, config_maps: str) -> None:
    answer = api.call("POST", config_maps, config_map("Not_A_Name"))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes()[0][0] == "metadata.name"


def test_create_without_name_is_invalid(api: Client, config_maps: str) -> None:
    answer = api.call("POST", config_maps, {"metadata": {}})
    assert answer.causes()[-1] == ("metadata.name", "Required value: name or generateName is required")


def test_create_with_other_kind_is_bad_request(api: Client, config_maps: str) -> None:
    assert api.call("POST", config_maps, config_map() | {"kind": "Secret"}).status == 400


def test_create_with_other_namespace_is_bad_request(api: Client, config_maps: str) -> None:
    assert api.call("POST", config_maps, {"metadata": {"name": "a", "namespace": "default"}}).status == 400


def test_broken_json_is_bad_request(api: Client, config_maps: str) -> None:
    answer = api.call("POST", config_maps, b'{"metadata":')
    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_foreign_media_type_is_unsupported(api: Client, config_maps: str) -> None:
    answer = api.call("POST", config_maps, b"<xml/>", media="text/xml")
    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")


def test_read_of_missing_object_names_it(api: Client, home: str) -> None:
    answer = api.get(f"{home}/none")
    assert (answer.status, answer.message) == (404, 'widgets.contract.test "none" not found')
    assert answer.body["details"] == {"name": "none", "group": "contract.test", "kind": "widgets"}


def test_replace_moves_version_and_keeps_identity(api: Client, config_maps: str) -> None:
    made = api.create(config_maps, config_map(a="1")).body
    changed = api.call("PUT", f"{config_maps}/one", made | {"data": {"a": "2"}}).body
    assert changed["data"] == {"a": "2"}
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]


def test_replace_with_stale_version_conflicts(api: Client, config_maps: str) -> None:
    made = api.create(config_maps, config_map(a="1")).body
    api.patch(f"{config_maps}/one", {"data": {"a": "2"}})
    stale = api.call("PUT", f"{config_maps}/one", made | {"data": {"a": "3"}})
    assert (stale.status, stale.reason) == (409, "Conflict")
    assert "the object has been modified" in stale.message
    assert api.get(f"{config_maps}/one").body["data"] == {"a": "2"}


def test_replace_without_version_is_taken_for_built_in_kinds(api: Client, config_maps: str) -> None:
    api.create(config_maps, config_map(a="1"))
    assert api.call("PUT", f"{config_maps}/one", config_map(a="2")).body["data"] == {"a": "2"}


def test_replace_without_version_is_refused_for_custom_kinds(api: Client, home: str) -> None:
    api.create(home, widget())
    answer = api.call("PUT", f"{home}/one", widget())
    assert (answer.status, answer.causes()[0][0]) == (422, "metadata.resourceVersion")


def test_replace_with_other_uid_conflicts(api: Client, config_maps: str) -> None:
    made = api.create(config_maps, config_map()).body
    made["metadata"] |= {"uid": "00000000-0000-0000-0000-000000000000", "resourceVersion": ""}
    assert api.call("PUT", f"{config_maps}/one", made).status == 409


def test_change_without_effect_keeps_version(api: Client, home: str) -> None:
    api.create(home, widget())
    made = api.patch(f"{home}/one", {"spec": {"size": 6}}).body
    again = api.call("PUT", f"{home}/one", made).body
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_dry_run_keeps_nothing(api: Client, config_maps: str) -> None:
    answer = api.call("POST", config_maps, config_map(), dryRun="All")
    assert (answer.status, answer.body["metadata"]["name"]) == (201, "one")
    assert api.get(f"{config_maps}/one").status == 404
    api.create(config_maps, config_map(a="1"))
    assert api.patch(f"{config_maps}/one", {"data": {"a": "2"}}, dryRun="All").body["data"] == {"a": "2"}
    assert api.delete(f"{config_maps}/one", dryRun="All").status == 200
    assert api.get(f"{config_maps}/one").body["data"] == {"a": "1"}


def test_server_owned_metadata_is_not_the_clients(api: Client, home: str) -> None:
    made = api.create(home, widget()).body
    forged = {"uid": made["metadata"]["uid"], "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 77}
    changed = api.patch(f"{home}/one", {"metadata": forged, "spec": {"size": 6}}).body["metadata"]
    assert changed["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert changed["generation"] == 2


def test_unknown_kind_of_a_known_group_is_a_status(api: Client) -> None:
    answer = api.get("/api/v1/things")
    assert (answer.status, answer.reason) == (404, "NotFound")


def test_unknown_group_is_a_plain_page(api: Client) -> None:
    answer = api.get("/apis/none.test/v1/things")
    assert (answer.status, answer.message) == (404, "404 page not found\n")


def test_wrong_method_is_a_status(api: Client, config_maps: str) -> None:
    answer = api.call("PUT", config_maps, config_map())
    assert (answer.status, answer.reason) == (405, "MethodNotAllowed")
