"""What clients learn first: health, version, groups, types, schemas."""

from __future__ import annotations

import json

from tests.contract.client import Client, Json
from tests.contract.server import until

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def by_name(rows: list[Json]) -> dict[str, Json]:
    return {row["name"]: row for row in rows}


def test_health_is_plain(api: Client) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert api.get(path).message == "ok"


def test_version_is_told(api: Client) -> None:
    assert [api.get(path).body["major"] for path in ("/version", "/version/")] == ["1", "1"]


def test_groups_name_their_preferred_version(api: Client, widget_kind: str) -> None:
    groups = by_name(api.get("/apis").body["groups"])
    preferred = {name: groups[name]["preferredVersion"]["groupVersion"] for name in ("batch", "contract.test")}
    assert preferred == {"batch": "batch/v1", "contract.test": "contract.test/v1"}
    assert api.get("/apis/contract.test").body["name"] == "contract.test"


def test_core_types_are_listed_with_their_doors(api: Client) -> None:
    rows = by_name(api.get("/api/v1").body["resources"])
    assert (rows["pods"]["kind"], rows["pods"]["namespaced"], rows["pods"]["shortNames"]) == ("Pod", True, ["po"])
    assert {"pods/log", "pods/status", "pods/binding", "nodes/status"} <= rows.keys()
    assert {"get", "list", "watch", "create", "update", "patch", "delete"} <= set(rows["pods"]["verbs"])
    assert rows["nodes"]["namespaced"] is False


def test_custom_type_is_listed(api: Client, widget_kind: str) -> None:
    row = by_name(api.get("/apis/contract.test/v1").body["resources"])["widgets"]
    assert (row["singularName"], row["shortNames"], row["categories"]) == ("widget", ["wdg"], ["all"])


def test_aggregated_discovery_holds_the_same(api: Client, widget_kind: str) -> None:
    body = api.call("GET", "/apis", headers={"Accept": AGGREGATED}).body
    assert body["kind"] == "APIGroupDiscoveryList"
    group = next(item for item in body["items"] if item["metadata"]["name"] == "contract.test")
    row = next(row for row in group["versions"][0]["resources"] if row["resource"] == "widgets")
    assert row["responseKind"] == {"group": "contract.test", "version": "v1", "kind": "Widget"}
    assert [part["subresource"] for part in row["subresources"]] == ["status"]


def published(api: Client) -> Json:
    """The document of the custom group's version, which appears some time after its kind is served."""
    index = api.get("/openapi/v3")  # a real server calls it plain text
    address = (index.body if "paths" in index.body else json.loads(index.message))["paths"].get("apis/contract.test/v1")
    return api.get(address["serverRelativeURL"]).body if address else {}


def test_schema_of_a_custom_kind_is_published(api: Client, widget_kind: str) -> None:
    until(lambda: "paths" in published(api))
    document = published(api)
    schema = document["components"]["schemas"]["test.contract.v1.Widget"]
    assert schema["properties"]["spec"]["properties"]["size"]["description"] == "How big it is."
    operation = document["paths"]["/apis/contract.test/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert "fieldValidation" in [parameter["name"] for parameter in operation["parameters"]]


def test_unknown_group_is_not_found(api: Client) -> None:
    assert api.get("/apis/none.test").status == 404
    assert api.get("/apis/none.test/v1").status == 404


def test_access_review_allows_the_holder(api: Client) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    spec = {"resourceAttributes": {"verb": "create", "resource": "pods"}}
    assert api.create(path, {"spec": spec}).body["status"]["allowed"] is True


def test_stranger_is_unauthorized(api: Client) -> None:
    answer = api.call("GET", "/api/v1/namespaces", headers={"Authorization": "Bearer wrong"})
    assert (answer.status, answer.reason) == (401, "Unauthorized")
