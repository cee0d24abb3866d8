"""Listing, showing and deleting requests."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.answers import answer
from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster


def _make(cluster: FakeCluster, name: str, phase: str = "Pending") -> None:
    cluster.create({"metadata": {"name": name, "namespace": "default"}, "spec": {"input": {"inline": "x"}}})
    cluster.set_status(name, {"phase": phase, "settled": False, "progress": {"percent": 0}})


def test_answer_holds_exactly_what_is_promised() -> None:
    condition = {"type": "Finished", "status": "True", "reason": "Done", "message": "", "lastTransitionTime": "t"}
    result = {"bytes": 4, "tokens": 1, "distinctWords": 1, "topWords": [{"word": "fox", "count": 1}], "table": {}}
    body = {
        "metadata": {"name": "fox", "uid": "u", "creationTimestamp": "2026-11-23T00:00:00Z", "labels": {"a": "b"}},
        "spec": {"input": {"upload": "a" * 64, "name": "fox.txt", "bytes": 5}, "topWords": 1},
        "status": {
            "phase": "Succeeded",
            "settled": True,
            "progress": {"percent": 100},
            "conditions": [condition],
            "input": {"bytes": 4, "sha256": "b" * 64, "encoding": "utf-8"},
            "jobs": {},
            "result": result,
        },
    }

    assert answer(body) == {
        "name": "fox",
        "createdAt": "2026-11-23T00:00:00Z",
        "phase": "Succeeded",
        "progress": {"percent": 100},
        "conditions": [condition],
        "input": {"name": "fox.txt", "bytes": 4, "sha256": "b" * 64},
        "result": result,
        "links": {
            "self": "/requests/fox",
            "words": "/requests/fox/words",
            "tokens": "/requests/fox/tokens",
            "page": "/view/fox",
        },
    }


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"path": "books/a.txt"}, {"name": "books/a.txt", "bytes": None, "sha256": None}),
        ({"inline": ""}, {"name": "inline", "bytes": None, "sha256": None}),
        ({"configMapKeyRef": {"name": "m", "key": "k"}}, {"name": "m/k", "bytes": None, "sha256": None}),
        ({"path": "a", "sha256": "c" * 64}, {"name": "a", "bytes": None, "sha256": "c" * 64}),
        ({}, {"name": None, "bytes": None, "sha256": None}),
    ],
)
def test_input_that_nobody_has_read_yet_is_shown_as_asked(given: dict[str, object], shown: dict[str, object]) -> None:
    assert answer({"metadata": {"name": "a"}, "spec": {"input": given}})["input"] == shown


def test_one_request_is_shown_at_both_addresses(client: FlaskClient, cluster: FakeCluster) -> None:
    _make(cluster, "fox")

    body = assert_answer(client.get("/requests/fox"))

    assert body["name"] == "fox"
    body.pop("queue", None)
    assert assert_answer(client.get("/docker/result/fox")) == body
    assert client.head("/requests/fox").status_code == 200


@pytest.mark.parametrize("address", ["/requests/{}", "/docker/result/{}", "/requests/{}/words", "/requests/{}/tokens"])
@pytest.mark.parametrize("name", ["fox", "Fox", "%2e%2e", "a%00b", "x" * 254, "-", "é"])
def test_name_without_a_request_is_missing(client: FlaskClient, address: str, name: str) -> None:
    assert_problem(client.get(address.format(name)), 404, "RequestMissing")


def test_name_that_none_can_have_is_not_asked_for(client: FlaskClient, cluster: FakeCluster) -> None:
    client.get("/requests/Not_A_Name")
    client.delete("/requests/Not_A_Name")

    assert cluster.calls == []


def test_delete_removes_the_request_once(client: FlaskClient, cluster: FakeCluster) -> None:
    _make(cluster, "fox")

    response = client.delete("/requests/fox")

    assert (response.status_code, response.data) == (204, b"")
    assert cluster.names() == []
    assert_problem(client.delete("/requests/fox"), 404, "RequestMissing")


def test_list_goes_on_page_by_page(client: FlaskClient, cluster: FakeCluster) -> None:
    for number in range(5):
        _make(cluster, f"r{number}")
    seen, token = [], None
    while True:
        query = {"limit": "2"} | ({"continue": token} if token else {})
        page = client.get("/requests", query_string=query).get_json()
        assert list(page) == ["items", "continue"]
        seen.append([item["name"] for item in page["items"]])
        token = page["continue"]
        if token is None:
            break

    assert seen == [["r0", "r1"], ["r2", "r3"], ["r4"]]


def test_list_filters_by_phase(client: FlaskClient, cluster: FakeCluster) -> None:
    _make(cluster, "a", "Failed")
    _make(cluster, "b", "Pending")

    page = client.get("/requests?phase=Failed").get_json()

    assert [item["name"] for item in page["items"]] == ["a"]
    assert client.get("/requests?phase=Succeeded").get_json() == {"items": [], "continue": None}


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("phase=Done", 400, "FieldInvalid"),
        ("limit=0", 400, "FieldInvalid"),
        ("limit=501", 400, "FieldInvalid"),
        ("limit=2&limit=3", 400, "FieldRepeated"),
        ("page=2", 400, "FieldUnknown"),
        ("continue=old", 410, "ContinueExpired"),
    ],
)
def test_list_with_a_wrong_parameter_says_which(client: FlaskClient, query: str, status: int, reason: str) -> None:
    assert_problem(client.get(f"/requests?{query}"), status, reason)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/requests"),
        ("GET", "/requests/fox"),
        ("DELETE", "/requests/fox"),
        ("GET", "/requests/fox/words"),
        ("GET", "/requests/fox/tokens"),
        ("GET", "/docker/result/fox"),
        ("GET", "/readyz"),
    ],
)
def test_cluster_that_is_away_gets_503(client: FlaskClient, cluster: FakeCluster, method: str, address: str) -> None:
    cluster.away()

    problem = assert_problem(client.open(address, method=method), 503, "ClusterAway")

    assert problem["retryable"] is True
