"""A Job gets more pods: recorded first, guarded by its version, and told again where the answer was lost."""

from __future__ import annotations

import pytest

from tests.operator.conftest import Operator
from tests.operator.fake_api import Body, Killed
from textmill.limits import Limits
from textmill.planner import plan
from textmill_operator import paths

LIMITS = Limits(pods=4, small_bytes=100, shard_bytes=1000)


@pytest.fixture
async def growing(operator: Operator) -> Operator:
    """Give an operator with a Job over four shards, of an input that a worker has seen, while another Job runs."""
    operator.limits = LIMITS
    operator.submit("a", input={"path": "a.txt"})
    operator.request("a")["status"]["input"] = {"bytes": 4000}
    for name in ("b", "c", "d"):
        operator.submit(name, input={"path": f"{name}.txt", "bytes": 500}, priority=5)
    await operator.round()
    assert spread(operator) == [1, 1]
    for name in ("b", "c", "d"):
        del operator.api.objects[paths.request("ns", name)]
    for one in [one for one in operator.jobs() if one["metadata"]["ownerReferences"][0]["name"] != "a"]:
        del operator.api.objects[paths.jobs("ns", one["metadata"]["name"])]
    seed_pod(operator, job(operator))
    return operator


def job(operator: Operator) -> Body:
    """Return the Job of request a."""
    return next(one for one in operator.jobs() if one["metadata"]["ownerReferences"][0]["name"] == "a")


def seed_pod(operator: Operator, body: Body) -> None:
    """Let the Job have a pod."""
    owner = [{"uid": body["metadata"]["uid"], "controller": True, "apiVersion": "batch/v1", "kind": "Job"}]
    meta = {"name": "pod", "namespace": "ns", "ownerReferences": owner, "labels": body["metadata"]["labels"]}
    operator.api.seed(paths.pods("ns", "pod"), {"metadata": meta, "status": {"phase": "Running"}})


def spread(operator: Operator) -> list[int]:
    """Return how many pods are recorded for request a, and how many its Job may have."""
    recorded = operator.request("a")["status"]["jobs"]["tokenize"]["parallelism"]
    return [recorded, job(operator)["spec"]["parallelism"]]


async def test_job_gets_what_is_free_after_that_is_recorded(growing: Operator) -> None:
    growing.api.log.clear()
    await growing.round()
    assert spread(growing) == [3, 3]
    name = job(growing)["metadata"]["name"]
    assert growing.api.writes() == [
        ("PATCH", paths.request("ns", "a", "status")),
        ("PATCH", paths.jobs("ns", name)),
    ]


async def test_operator_that_dies_between_record_and_job_leaves_that_to_the_next(growing: Operator) -> None:
    growing.api.log.clear()
    growing.api.fail_at, growing.api.fail_after = 1, True
    with pytest.raises(Killed):
        await growing.round()
    assert spread(growing) == [3, 1]
    growing.restart()
    await growing.round()
    assert spread(growing) == [3, 3]


async def test_job_that_has_changed_meanwhile_is_read_and_told_in_the_next_round(growing: Operator) -> None:
    growing.see()
    picture = growing.store.picture()
    growing.api.seed(paths.jobs("ns", job(growing)["metadata"]["name"]), job(growing))
    await growing.executor.perform(plan(picture, growing.limits, growing.now).actions)
    assert spread(growing) == [3, 1]
    await growing.round()
    assert spread(growing) == [3, 3]
