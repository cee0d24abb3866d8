"""The store: news wins over late events, what has gone stays gone, and nothing is kept for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operator.conftest import CONTROLLER, Operator, pod_body, request_body
from textmill.errors import Reason
from textmill.names import MEMBERS_ANNOTATION, STAGE_LABEL
from textmill.picture import Job, Pod, Trouble
from textmill_operator.store import GONE_KEPT, Store


def body(name: str, version: int, **status: Any) -> dict[str, Any]:
    """Return a request at a version."""
    made = request_body(name)
    made["metadata"]["resourceVersion"] = str(version)
    made["status"] |= status
    return made


@pytest.fixture
def store() -> Store:
    """Give an empty store."""
    return Store(lambda: None)


def phase(store: Store, name: str) -> str | None:
    """Return what the store says of a request."""
    known = store.request(f"uid-{name}")
    return known.status.phase if known else None


def test_late_event_does_not_undo_a_newer_one(store: Store) -> None:
    assert store.put("request", body("a", 7, phase="Counting"))
    assert not store.put("request", body("a", 6, phase="Tokenizing"))
    assert phase(store, "a") == "Counting"


def test_event_of_what_has_gone_does_not_bring_it_back(store: Store) -> None:
    store.put("request", body("a", 7))
    assert store.drop("request", "uid-a", 9)
    assert not store.put("request", body("a", 8))
    assert phase(store, "a") is None


def test_late_deletion_does_not_remove_a_newer_object(store: Store) -> None:
    store.put("request", body("a", 7))
    assert not store.drop("request", "uid-a", 6)
    assert phase(store, "a") == "Pending"


def test_settled_request_is_history(store: Store) -> None:
    store.put("request", body("a", 7))
    store.put("request", body("a", 8, phase="Succeeded", settled=True))
    assert phase(store, "a") is None
    assert store.settled("uid-a")


def test_list_drops_what_it_does_not_hold_in_its_namespace_alone(store: Store) -> None:
    other = body("b", 5)
    other["metadata"]["namespace"] = "elsewhere"
    for one in (body("a", 5), other, body("new", 12)):
        store.put("request", one)
    assert store.keep_only("request", set(), 10, "ns") == ["uid-a"]
    assert (phase(store, "b"), phase(store, "new")) == ("Pending", "Pending")


def test_every_change_is_told_once() -> None:
    told: list[None] = []
    store = Store(lambda: told.append(None))
    store.put("request", body("a", 1))
    store.put("request", body("a", 1))
    store.drop("request", "uid-a", 2)
    assert len(told) == 2


def test_job_of_somebody_else_is_left_alone(store: Store) -> None:
    strange = {"metadata": {"uid": "u", "name": "j", "namespace": "ns", "resourceVersion": "1"}, "spec": {}}
    assert not store.put("job", strange)
    assert store.counts()["job"] == 0


async def test_nothing_is_kept_for_what_has_gone(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    pod = operator.api.seed("/pods/p", pod_body(job))
    store = operator.store
    store.put("pod", pod)
    picture = store.picture()
    (known,) = picture.jobs.values()
    store.explain(known, Trouble(Reason.QUOTA_EXCEEDED, "full"))
    assert next(iter(store.picture().jobs.values())).trouble == Trouble(Reason.QUOTA_EXCEEDED, "full")
    for kind, uid in (("request", "uid-a"), ("job", known.uid), ("pod", pod["metadata"]["uid"])):
        store.drop(kind, uid)  # type: ignore[arg-type]  # the three kinds
    assert store.lent == {}
    assert store.picture().jobs == {}
    assert store.picture().pods == {}


def test_answers_that_come_too_late_are_not_kept(store: Store) -> None:
    store.lend({"uid-gone": None})
    store.read(Pod("p", "p", "ns", "j", 0, 0.0, reports=()))
    store.explain(Job("j", "j", "ns", "count", (), 1, 1, 0.0), Trouble(Reason.QUOTA_EXCEEDED, "full"))
    store.put("request", body("a", 1))
    store.lend({"uid-a": None, "uid-b": None})
    assert store.lent == {"uid-a": None}
    job = request_body("j")
    job["metadata"] |= {"uid": "j", "resourceVersion": "2", "labels": {STAGE_LABEL: "count"}}
    job["metadata"]["annotations"] = {MEMBERS_ANNOTATION: "[]"}
    store.put("job", job)
    ended = {"exitCode": 0, "message": "@seal {}"}
    pod = {"metadata": {"uid": "p", "name": "p", "namespace": "ns", "resourceVersion": "3"}}
    pod["metadata"]["ownerReferences"] = [{**CONTROLLER, "uid": "j"}]  # type: ignore[assignment]  # a body is any JSON
    store.put("pod", pod | {"status": {"containerStatuses": [{"name": "worker", "state": {"terminated": ended}}]}})
    assert [one.trouble for one in store.picture().jobs.values()] == [None]
    assert [one.reports for group in store.picture().pods.values() for one in group] == [None]


def test_request_that_is_back_counts_as_live(store: Store) -> None:
    store.put("request", body("a", 7))
    store.drop("request", "uid-a", 8)
    store.put("request", body("a", 9))
    assert not store.settled("uid-a")
    assert phase(store, "a") == "Pending"


def test_memory_of_what_has_gone_is_bounded(store: Store) -> None:
    for number in range(GONE_KEPT + 10):
        store.drop("pod", f"uid-{number}", 1)
    assert not store.settled("uid-0")
    assert store.settled(f"uid-{GONE_KEPT + 9}")


def test_pods_that_no_job_controls_cost_no_memory_and_no_plan() -> None:
    changes = []
    store = Store(lambda: changes.append(1))
    meta = {"name": "p", "namespace": "ns", "labels": {STAGE_LABEL: "count"}, "ownerReferences": []}
    for number in range(GONE_KEPT + 10):
        assert not store.put("pod", {"metadata": {**meta, "uid": f"p{number}", "resourceVersion": str(number)}})
    assert (store.counts()["pod"], changes, store.settled("p7")) == (0, [], False)
    ours = {**meta, "uid": "q", "resourceVersion": "1", "ownerReferences": [{**CONTROLLER, "uid": "j"}]}
    store.put("pod", {"metadata": ours})
    assert store.put("pod", {"metadata": {**ours, "resourceVersion": "2", "ownerReferences": []}})
    assert store.counts()["pod"] == 0
