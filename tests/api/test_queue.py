"""A request's place in the queue, and who leads the operator: computed when somebody asks, from what is at hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cluster import Away, Body
from app.leader import Leader
from app.room import of_application
from app.view import View, slim
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster
from textmill.queue_place import waiting_rank
from textmill.request import to_time

NOW = 1_800_000_000


def _request(name: str, priority: int = 0) -> Body:
    spec: dict[str, Any] = {"input": {"inline": "a b"}, "priority": priority}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def _lease(**changes: Any) -> Body:
    spec = {"holderIdentity": "op-1", "leaseDurationSeconds": 15, "acquireTime": "2026-01-01T00:00:00.000000Z"}
    meta = {"name": "textmill-operator", "annotations": {"textmill.dev/namespaces": "default,team"}}
    return {"metadata": meta, "spec": spec | {"renewTime": to_time(time.time()), **changes}}


@pytest.fixture
def watching(make: Callable[..., Flask], cluster: FakeCluster) -> FlaskClient:
    """Return a client of an application that knows four requests, of which one is at work."""
    for name, priority in (("first", 0), ("second", 0), ("urgent", 5), ("busy", 9)):
        cluster.create(_request(name, priority))
    cluster.set_status("busy", {"phase": "Tokenizing", "settled": False, "jobs": {"tokenize": {"name": "j"}}})
    application = make()
    parts = of_application(application)
    parts.watch.start()
    assert parts.watch.synced(30)
    return application.test_client()


def test_request_that_waits_shows_its_place_in_the_order_of_the_queue(
    watching: FlaskClient, cluster: FakeCluster
) -> None:
    cluster.calls.clear()
    told = {name: watching.get(f"/requests/{name}").get_json().get("queue") for name in cluster.names()}

    assert told == {
        "urgent": {"place": 1, "waiting": 3},
        "first": {"place": 2, "waiting": 3},
        "second": {"place": 3, "waiting": 3},
        "busy": None,
    }
    assert cluster.calls.count("page") == 0


def test_place_is_part_of_the_tag_but_no_news_to_who_waits_for_news(
    watching: FlaskClient, cluster: FakeCluster
) -> None:
    shown = watching.get("/requests/second")
    known = {"If-None-Match": shown.headers["ETag"]}
    assert watching.get("/requests/second", headers=known).status_code == 304

    cluster.delete("first")
    view = of_application(watching.application).watch.view
    deadline = time.monotonic() + 30
    while view.waiting() != 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    moved = watching.get("/requests/second", headers=known)
    assert (moved.status_code, moved.get_json()["queue"]) == (200, {"place": 2, "waiting": 2})
    assert watching.get("/requests/second?wait=0s", headers=known).status_code == 304
    assert watching.get("/requests/second?wait=0s").get_json()["queue"] == {"place": 2, "waiting": 2}


def test_nothing_is_said_of_places_while_the_watch_has_no_picture(
    make: Callable[..., Flask], cluster: FakeCluster
) -> None:
    cluster.create(_request("alone"))
    client = make().test_client()
    get, cluster.page = cluster.page, lambda **_: (_ for _ in ()).throw(Away("not yet"))  # type: ignore[method-assign]  # for this test
    assert "queue" not in client.get("/requests/alone").get_json()
    cluster.page = get  # type: ignore[method-assign]  # as it was


def test_status_tells_the_leader_and_what_is_served(watching: FlaskClient, cluster: FakeCluster) -> None:
    cluster.leases["textmill-operator"] = _lease()
    told = watching.get("/status").get_json()

    renewed = told["operator"]["leader"].pop("renewedAt")
    assert renewed == cluster.leases["textmill-operator"]["spec"]["renewTime"]
    assert told == {
        "namespace": "default",
        "waiting": 3,
        "operator": {
            "leader": {"name": "op-1", "since": "2026-01-01T00:00:00.000000Z", "current": True},
            "namespaces": ["default", "team"],
            "servesThis": True,
        },
    }


@pytest.mark.parametrize(
    ("lease", "leader", "namespaces", "serves"),
    [
        (lambda: _lease(holderIdentity=""), None, ["default", "team"], True),
        (lambda: _lease(renewTime="2026-01-01T00:00:00.000000Z"), False, ["default", "team"], True),
        (lambda: {**_lease(), "metadata": {"annotations": {"textmill.dev/namespaces": "*"}}}, True, ["*"], True),
        (lambda: {**_lease(), "metadata": {"annotations": {"textmill.dev/namespaces": "team"}}}, True, ["team"], False),
        (lambda: {**_lease(), "metadata": {}}, True, None, None),
        (lambda: {"metadata": {}, "spec": None}, None, None, None),
    ],
    ids=["given back", "not renewed", "all", "others", "older operator", "empty"],
)
def test_lease_is_read_whatever_it_says(
    client: FlaskClient,
    cluster: FakeCluster,
    lease: Callable[[], Body],
    leader: bool | None,
    namespaces: list[str] | None,
    serves: bool | None,
) -> None:
    cluster.leases["textmill-operator"] = lease()  # its times are of now
    told = client.get("/status").get_json()["operator"]
    assert (told["leader"] and told["leader"]["current"]) == leader
    assert (told["namespaces"], told["servesThis"]) == (namespaces, serves)


def test_missing_lease_is_a_problem_that_says_what_to_do(make: Callable[..., Flask]) -> None:
    problem = assert_problem(make(TEXTMILL_LEASE="mill-7").test_client().get("/status"), 404, "LeaseMissing")
    assert "mill-7" in problem["detail"]
    assert "TEXTMILL_LEASE" in problem["hint"]


def test_lease_is_read_once_a_moment_and_an_error_is_not_kept(cluster: FakeCluster) -> None:
    clock = [0.0]
    leader = Leader(cluster, "l", 1.0, lambda: clock[0])
    cluster.leases["l"] = _lease()
    cluster.away()
    with pytest.raises(Away):
        leader.ask()
    cluster.back()
    assert [leader.ask().holder for _ in range(3)] == ["op-1"] * 3
    clock[0] = 1.0
    leader.ask()
    assert cluster.calls == ["lease"] * 3


def test_picture_keeps_no_inline_texts() -> None:
    body = _request("a")
    body["metadata"] |= {"uid": "u", "resourceVersion": "1", "managedFields": [{"manager": "kubectl"}]}
    body["spec"]["input"]["inline"] = "x" * 65_536
    view = View()
    view.apply(body)
    view.replace([{**body, "metadata": {**body["metadata"], "name": "b"}}], "1")

    kept = [one.body for one in view.begin(view.subscribe())[0]]
    assert [one and one["spec"]["input"]["inline"] for one in kept] == [""]
    assert [one and "managedFields" in one["metadata"] for one in kept] == [False]
    assert body["spec"]["input"]["inline"]
    assert waiting_rank(slim(body)) == waiting_rank(body)
    assert view.waiting() == 1


def test_lists_are_ranked_while_nobody_waits_for_the_picture_and_only_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view, asked = View(), list[str]()

    def noted(body: Body) -> object:
        assert not view.lock.locked()
        asked.append(body["metadata"]["name"])
        return waiting_rank(body)

    monkeypatch.setattr("app.view.waiting_rank", noted)
    bodies = [_request(name) for name in "abc"]
    for body in bodies:
        body["metadata"] |= {"uid": body["metadata"]["name"], "resourceVersion": "1"}
    view.replace(bodies, "1")
    bodies[1]["metadata"]["resourceVersion"] = "2"
    view.replace(bodies, "2")
    bodies[2]["metadata"]["resourceVersion"] = "3"
    view.apply(bodies[2])

    assert asked == ["a", "b", "c", "b", "c"]
    assert view.waiting() == 3
