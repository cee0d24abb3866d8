"""What is started, in what company and in what order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, job, kinds, planned, pod, recorded, request
from tests.planner.crd import check_status
from textmill.actions import ConfigMapKey, Launch, Plan
from textmill.conditions import of_people
from textmill.limits import Limits
from textmill.orders import CountOrder, TokenizeOrder
from textmill.request import Input, Request, to_time


def groups(made: Plan) -> list[list[str]]:
    """Return the uids of each launched Job's members, in order."""
    return [[one.uid for one in action.job.members] for action in made.actions if isinstance(action, Launch)]


def launched(made: Plan) -> Launch:
    """Return the only launch of a plan."""
    (action,) = made.actions
    assert isinstance(action, Launch)
    return action


def test_single_pending_request_records_intent_and_job() -> None:
    one = request()
    action = launched(planned(one))
    name = action.job.name
    assert action.job.orders == (TokenizeOrder("u1", "path", "u1.txt", leave_above=100),)
    assert (action.job.namespace, action.job.stage, action.job.timeout) == ("default", "tokenize", 3600)
    (write,) = action.writes
    check_status(write.status)
    assert write.request is one
    moment = to_time(NOW)
    said = {"reason": "Started", "message": "The operator has taken the request.", "lastTransitionTime": moment}
    work = {"reason": "Tokenizing", "message": f"Job {name} is at work.", "lastTransitionTime": moment}
    assert {**write.status, "conditions": of_people(write.status)} == {
        "phase": "Tokenizing",
        "startTime": moment,
        "starts": 1,
        "jobs": {"tokenize": {"name": name, "members": 1, "shards": 1, "parallelism": 1, "startedAt": moment}},
        "conditions": [
            {"type": "Accepted", "status": "True", **said},
            {"type": "Succeeded", "status": "Unknown", **work},
        ],
    }


def test_every_start_gives_another_name() -> None:
    first = launched(planned(request()))
    again = launched(planned(request(status={"phase": "Pending", "starts": 1})))
    assert first.job.name != again.job.name
    assert first.job.name.startswith("r-u1-t-")


def test_tokenized_request_starts_its_count() -> None:
    status = {"phase": "Counting", "tokens": {"path": "work/a/u1", "shards": 3, "count": 9}, "input": {"bytes": 10}}
    action = launched(planned(request(status=status, top_words=5)))
    assert action.job.stage == "count"
    assert action.job.orders == (CountOrder("u1", "work/a/u1", 3, 5),)
    assert action.writes[0].status["phase"] == "Counting"


def test_config_map_is_mounted_for_the_tokenizer_alone() -> None:
    given = Input(config_map=("texts", "a.txt"))
    action = launched(planned(request(given=given)))
    assert action.job.config_maps == (ConfigMapKey("u1", "texts", "a.txt"),)
    status = {"phase": "Counting", "tokens": {"path": "work/a/u1", "shards": 1, "count": 9}}
    assert launched(planned(request(given=given, status=status))).job.config_maps == ()


def many(number: int, size: int | None = 10, namespace: str = "default") -> list[Request]:
    """Return requests of falling age."""
    return [request(f"{namespace[0]}{n}", size=size, namespace=namespace, age=100 - n) for n in range(number)]


BATCHES = {
    "members": (many(6), LIMITS, [["d0", "d1", "d2", "d3"], ["d4", "d5"]]),
    "bytes": (many(4, size=100), LIMITS, [["d0", "d1", "d2"], ["d3"]]),
    "unknown sizes": (many(4, size=None), LIMITS, [["d0", "d1", "d2", "d3"]]),
    "order bytes": (many(3), replace(LIMITS, order_bytes=800), [["d0", "d1"], ["d2"]]),
    "report bytes": (many(3), replace(LIMITS, report_bytes=2 * (1024 + 3000)), [["d0", "d1"], ["d2"]]),
    "time-out": ([request("a"), request("b", timeout=9), request("c")], LIMITS, [["a", "c"], ["b"]]),
    "namespace": ([*many(2), *many(2, namespace="other")], LIMITS, [["d0", "d1"], ["o0", "o1"]]),
    "big alone": ([*many(2), request("big", size=101)], LIMITS, [["big"], ["d0", "d1"]]),
    "two big": ([request("b1", size=101), request("b2", size=101)], LIMITS, [["b1"], ["b2"]]),
    "split": (
        [request("a", status={"batchLimit": 1}), *many(2)],
        LIMITS,
        [["a"], ["d0", "d1"]],
    ),
    "one too big for the order bytes": (many(2), replace(LIMITS, order_bytes=10), [["d0"], ["d1"]]),
}


@pytest.mark.parametrize(("requests", "limits", "expected"), BATCHES.values(), ids=list(BATCHES))
def test_requests_share_pods_within_bounds(requests: list[Request], limits: Limits, expected: list[list[str]]) -> None:
    assert sorted(groups(planned(*requests, limits=limits))) == sorted(expected)


def test_observed_size_bounds_a_batch_of_counts() -> None:
    status = {"phase": "Counting", "tokens": {"path": "work/a/u", "shards": 1, "count": 9}, "input": {"bytes": 100}}
    waiting = [request(f"u{n}", size=1, status=status, age=9 - n) for n in range(4)]
    assert groups(planned(*waiting)) == [["u0", "u1", "u2"], ["u3"]]


@pytest.mark.parametrize(
    ("size", "encoding", "shards", "pods", "leave_above"),
    [
        (100, "utf-8", 1, 1, 100),
        (101, "utf-8", 1, 1, 1000),
        (1000, "utf-8", 1, 1, 1000),
        (1001, "utf-8", 2, 1, None),
        (1001, "UTF8", 2, 1, None),
        (3000, "utf-8", 3, 1, None),
        (3001, "utf-8", 1, 1, 1000),
        (1 << 40, "utf-8", 1, 1, 1000),
        (1001, "latin-1", 1, 1, None),
        (1001, "auto", 1, 1, None),
        (101, "latin-1", 1, 1, None),
        (None, "utf-8", 1, 1, 100),
        (None, "latin-1", 1, 1, 100),
    ],
)
def test_size_and_encoding_decide_on_shards(
    size: int | None, encoding: str, shards: int, pods: int, leave_above: int | None
) -> None:
    action = launched(planned(request(size=size, encoding=encoding)))
    order = action.job.orders[0]
    assert isinstance(order, TokenizeOrder)
    assert (action.job.shards, action.job.parallelism, order.leave_above) == (shards, pods, leave_above)
    told = action.writes[0].status["jobs"]["tokenize"]
    assert (told["shards"], told["parallelism"]) == (shards, pods)


def huge(size: int, **more: Any) -> Request:
    """Return a request for an input that a worker has seen to be so big."""
    return request("huge", size=size, status={"phase": "Pending", "input": {"bytes": size}}, **more)


def test_observed_size_goes_before_the_hint() -> None:
    seen = request(size=10, status={"phase": "Pending", "input": {"bytes": 5000}})
    assert launched(planned(seen)).job.shards == 5
    assert launched(planned(huge(1 << 40))).job.shards == LIMITS.max_shards
    whole = request(size=10, status={"phase": "Pending", "input": {"bytes": 5000, "shardable": False}})
    assert launched(planned(whole)).job.shards == 1


def test_one_pod_stays_for_small_inputs() -> None:
    assert launched(planned(huge(9000), limits=replace(LIMITS, pods=3))).job.parallelism == 2
    assert launched(planned(huge(9000), limits=replace(LIMITS, pods=1))).job.parallelism == 1


def big(uid: str, **more: Any) -> Request:
    """Return a request that fills a pod of its own."""
    return request(uid, size=500, **more)


def test_limit_leaves_the_rest_pending() -> None:
    made = planned(*[big(f"u{n}", age=100 - n) for n in range(6)])
    assert groups(made) == [["u0"], ["u1"], ["u2"], ["u3"]]


def test_no_pods_start_nothing() -> None:
    assert planned(big("u"), limits=replace(LIMITS, pods=0)).actions == ()


def test_pods_at_work_leave_fewer_free() -> None:
    running = big("r", status=recorded())
    there = job(running)
    made = planned(running, *[big(f"u{n}", age=100 - n) for n in range(6)], jobs=(there,), pods=(pod(there),))
    assert groups(made) == [["u0"], ["u1"], ["u2"]]


def test_pods_of_a_vanished_job_leave_fewer_free() -> None:
    gone = job(big("r"))
    made = planned(big("u"), pods=tuple(pod(gone, n) for n in range(4)))
    assert made.actions == ()
    ended = tuple(pod(gone, n, failed=True) for n in range(4))
    assert groups(planned(big("u"), pods=ended)) == [["u"]]


def test_priority_goes_before_age() -> None:
    made = planned(big("old", age=9), big("new", age=1, priority=1), limits=replace(LIMITS, pods=1))
    assert groups(made) == [["new"]]


def test_age_decides_among_equals_then_uid() -> None:
    waiting = [big("c", age=1), big("b", age=5), big("a", age=5)]
    assert groups(planned(*waiting)) == [["a"], ["b"], ["c"]]


def test_count_goes_before_tokenizer() -> None:
    tokenized = {"phase": "Counting", "tokens": {"path": "work/a/c", "shards": 1, "count": 9}}
    made = planned(big("t", age=9), big("c", age=1, status=tokenized), limits=replace(LIMITS, pods=1))
    assert groups(made) == [["c"]]


def test_namespaces_take_turns() -> None:
    left = [big(f"l{n}", namespace="left", age=100 - n) for n in range(5)]
    right = [big(f"r{n}", namespace="right", age=50 - n) for n in range(5)]
    assert groups(planned(*left, *right)) == [["l0"], ["r0"], ["l1"], ["r1"]]


def test_namespace_with_fewer_pods_at_work_is_next() -> None:
    running = big("r", status=recorded())
    there = job(running)
    waiting = [big("d", age=90), big("o", age=10, namespace="other")]
    made = planned(running, *waiting, jobs=(there,), pods=(pod(there),), limits=replace(LIMITS, pods=2))
    assert groups(made) == [["o"]]


@pytest.mark.parametrize("deleting", [True, False])
def test_settled_and_deleted_requests_are_left_alone(deleting: bool) -> None:
    status = None if deleting else {"phase": "Failed", "settled": True}
    made = planned(request(status=status, deleting=deleting, suspend=True))
    assert kinds(made) == []
