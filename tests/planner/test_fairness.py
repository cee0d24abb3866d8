"""Who gets the free pods: no namespace by its own priorities, no big input by a claim that nobody can meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, after, job, kinds, planned, pod, recorded, request
from tests.planner.crd import check_status
from textmill.actions import Grow, Launch, Plan, Recreate, Write
from textmill.glimpses import Glimpse
from textmill.picture import Job, Pod
from textmill.request import Request

SEEN = Glimpse("u1", 10, 100, 1, NOW)


def big(uid: str, **more: Any) -> Request:
    """Return a request that takes a pod of its own."""
    return request(uid, size=500, **more)


def started(made: Plan) -> list[str]:
    """Return the first member of each Job that a plan launches."""
    return [one.job.members[0].uid for one in made.actions if isinstance(one, Launch)]


def grown(made: Plan) -> list[int]:
    """Return how many pods the plan gives to Jobs at work, whose statuses are valid."""
    found = [one for one in made.actions if isinstance(one, Grow)]
    for one in found:
        if one.write:
            check_status(one.write.status)
            assert one.write.status["jobs"]["tokenize"]["parallelism"] == one.parallelism
    return [one.parallelism for one in found]


def sharded(shards: int = 4, pods: int = 1, *, size: int | None = None, **spec: Any) -> tuple[Request, Job, Pod]:
    """Return a request at work over shards, whose size a worker has seen where one is given, with Job and first pod."""
    learnt: dict[str, Any] = {} if size is None else {"input": {"bytes": size}}
    one = request(status=recorded(shards=shards, pods=pods, progress={"percent": 45}, **learnt), size=4000, **spec)
    there = job(one, shards=shards, parallelism=pods)
    return one, there, pod(there, started=NOW - 1)


def test_priority_counts_within_its_namespace_only() -> None:
    greedy = [big(f"g{n:02}", namespace="greedy", priority=1000 - n) for n in range(20)]
    quiet = [big("old", namespace="quiet", age=9), big("new", namespace="quiet", age=5, priority=1)]
    assert started(planned(*greedy, *quiet)) == ["g00", "new", "g01", "old"]


def test_namespace_with_fewer_pods_at_work_goes_before_any_priority() -> None:
    running = [request(f"r{n}", status=recorded(job=f"job{n}")) for n in range(3)]
    jobs = tuple(job(one, name=f"job{n}") for n, one in enumerate(running))
    waiting = [big("urgent", priority=1000), big("other", namespace="other")]
    made = planned(*running, *waiting, jobs=jobs, pods=tuple(pod(one) for one in jobs))
    assert started(made) == ["other"]


@pytest.mark.parametrize(("share", "expected"), [(0, 4), (1, 1), (3, 3), (9, 4)])
def test_no_namespace_has_more_pods_than_its_share(share: int, expected: int) -> None:
    made = planned(*[big(f"u{n}") for n in range(6)], limits=replace(LIMITS, namespace_pods=share))
    assert len(started(made)) == expected


def test_what_one_namespace_may_not_have_goes_to_the_others() -> None:
    left = [big(f"l{n}", namespace="left") for n in range(6)]
    right = [big(f"r{n}", namespace="right") for n in range(6)]
    made = planned(*left, *right[:1], limits=replace(LIMITS, namespace_pods=2))
    assert sorted(started(made)) == ["l0", "l1", "r0"]


def test_size_that_only_the_request_tells_claims_one_pod_and_blocks_nobody() -> None:
    running = [big(f"r{n}", status=recorded(job=f"job{n}")) for n in range(2)]
    jobs = tuple(job(one, name=f"job{n}") for n, one in enumerate(running))
    liar = request("liar", size=3000, age=900)
    made = planned(*running, liar, big("other", namespace="other"), jobs=jobs, pods=tuple(pod(one) for one in jobs))
    assert sorted(started(made)) == ["liar", "other"]
    launch = next(one for one in made.actions if isinstance(one, Launch) and one.job.members[0].uid == "liar")
    assert (launch.job.shards, launch.job.parallelism) == (3, 1)
    assert launch.writes[0].status["jobs"]["tokenize"]["parallelism"] == 1


@pytest.mark.parametrize(("at_work", "pods"), [(0, 3), (2, 2), (3, 1)])
def test_input_of_known_size_starts_with_the_pods_that_are_free(at_work: int, pods: int) -> None:
    running = [big(f"r{n}", status=recorded(job=f"job{n}"), namespace="other") for n in range(at_work)]
    jobs = tuple(replace(job(one, name=f"job{n}"), namespace="other") for n, one in enumerate(running))
    huge = request("huge", status={"input": {"bytes": 9000}}, size=9000)
    made = planned(*running, huge, jobs=jobs, pods=tuple(pod(one) for one in jobs))
    (launch,) = [one for one in made.actions if isinstance(one, Launch)]
    assert launch.job.parallelism == pods


def test_job_of_a_size_that_was_only_told_grows_once_a_worker_has_seen_the_input() -> None:
    one, there, first = sharded()
    assert planned(one, jobs=(there,), pods=(replace(first, looked_at=NOW),)).actions == ()
    seen = replace(first, looked_at=NOW, glimpse=SEEN)
    told = next(a for a in planned(one, jobs=(there,), pods=(seen,)).actions if isinstance(a, Write))
    shown = after(one, told)
    assert grown(planned(shown, jobs=(there,), pods=(seen,))) == [3]
    through = replace(first, exit_code=0, reports=())
    assert grown(planned(one, jobs=(there,), pods=(through, pod(there, 1)))) == [3]


def test_job_of_a_known_size_grows_as_pods_get_free_and_no_further() -> None:
    one, there, first = sharded(size=4000)
    assert grown(planned(one, jobs=(there,), pods=(first,))) == [3]
    other = request("other", status=recorded(job="other"))
    busy = job(other, name="other", shards=2, parallelism=2)
    assert grown(planned(one, other, jobs=(there, busy), pods=(first, pod(busy)))) == [2]
    done = [pod(there, n, exit_code=0, reports=()) for n in range(1, 3)]
    assert grown(planned(one, jobs=(there,), pods=(first, *done))) == [2]


def test_growth_takes_its_turn_with_others() -> None:
    one, there, first = sharded(size=4000)
    waiting = [big(f"o{n}", namespace="other") for n in range(3)]
    made = planned(one, *waiting, jobs=(there,), pods=(first,))
    assert (started(made), grown(made)) == (["o0", "o1"], [2])
    urgent = big("urgent", priority=9)
    assert started(planned(one, urgent, jobs=(there,), pods=(first,), limits=replace(LIMITS, pods=2))) == ["urgent"]


def test_pods_that_are_recorded_count_though_the_job_is_yet_to_be_told() -> None:
    one, there, first = sharded(pods=3, size=4000)
    behind = replace(there, parallelism=1)
    made = planned(one, big("w0"), big("w1"), jobs=(behind,), pods=(first,))
    assert (started(made), made.actions[-1]) == (["w0"], Grow(behind, 3))
    fewer = planned(one, jobs=(behind,), pods=(first,), limits=replace(LIMITS, pods=2))
    assert kinds(fewer) == []


def test_missing_job_is_made_with_the_pods_that_are_free() -> None:
    one, _, _ = sharded(pods=3, size=4000)
    gone = job(request("x"), name="gone")
    (again,) = planned(one, pods=tuple(pod(gone, n) for n in range(3))).actions
    assert isinstance(again, Recreate)
    assert again.job.parallelism == 1


def test_of_two_namespaces_with_as_many_pods_the_older_request_goes_first_whatever_its_priority() -> None:
    old, loud = big("old", namespace="a", age=9), big("loud", namespace="b", age=5, priority=1000)
    assert started(planned(loud, old, limits=replace(LIMITS, pods=1))) == ["old"]
