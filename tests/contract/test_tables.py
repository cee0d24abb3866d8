"""Tables: the columns that kubectl shows."""

from __future__ import annotations

from typing import Any

from tests.contract.client import TABLE, Client, Json
from tests.contract.widgets import widget

ACCEPT = {"Accept": f"{TABLE},application/json"}


def rows(api: Client, path: str, **query: Any) -> tuple[list[str], list[list[object]]]:
    body = api.call("GET", path, headers=ACCEPT, **query).body
    assert (body["kind"], body["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    return [column["name"] for column in body["columnDefinitions"]], [row["cells"] for row in body["rows"]]


def test_custom_columns_come_from_the_definition(api: Client, home: str) -> None:
    api.create(home, widget())
    conditions = [{"type": "Warm", "status": "False"}, {"type": "Ready", "status": "True"}]
    api.patch(f"{home}/one/status", {"status": {"phase": "Running", "conditions": conditions}})
    names, cells = rows(api, home)
    assert names == ["Name", "Phase", "Size", "Ready", "Age"]
    assert cells[0][:4] == ["one", "Running", 5, "True"]


def test_absent_value_is_an_empty_cell(api: Client, home: str) -> None:
    api.create(home, widget())
    assert rows(api, home)[1][0][3] is None


def test_table_holds_as_much_of_the_object_as_asked(api: Client, home: str) -> None:
    api.create(home, widget())

    def held(include: str) -> Json:
        found: Json = api.call("GET", home, headers=ACCEPT, includeObject=include).body["rows"][0].get("object") or {}
        return found

    assert held("Metadata")["kind"] == "PartialObjectMetadata"
    assert held("Object")["spec"]["size"] == 5
    assert held("None") == {}


def test_one_object_is_a_table_too(api: Client, home: str) -> None:
    api.create(home, widget())
    assert rows(api, f"{home}/one")[1][0][:2] == ["one", "Pending"]


def test_pod_columns_tell_its_state(api: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none:1"}], "nodeName": "n1"}
    api.create(path, {"metadata": {"name": "one"}, "spec": spec})
    assert rows(api, path)[1][0][:4] == ["one", "0/1", "Pending", "0"]
    ended = {"exitCode": 137, "reason": "OOMKilled"}
    status = {"name": "main", "ready": False, "restartCount": 2, "image": "none:1", "imageID": "",
              "state": {"terminated": ended}}  # fmt: skip
    api.patch(f"{path}/one/status", {"status": {"phase": "Failed", "containerStatuses": [status]}})
    names, cells = rows(api, path)
    assert names[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert cells[0][1:3] == ["0/1", "OOMKilled"]


def test_metadata_alone_is_given_if_asked(api: Client, home: str) -> None:
    api.create(home, widget())
    accept = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    body = api.call("GET", home, headers=accept).body
    assert (body["kind"], "spec" in body["items"][0]) == ("PartialObjectMetadataList", False)


def test_form_that_nobody_speaks_is_not_acceptable(api: Client, home: str) -> None:
    assert api.call("GET", home, headers={"Accept": "text/html"}).status == 406
