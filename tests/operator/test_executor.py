"""Actions against the API: the intent before the Job, and the right end wherever the process dies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.operator.conftest import NOW, Operator
from tests.operator.fake_api import Body, Killed, apply_merge
from textmill.actions import Collect, LookUp
from textmill.limits import Limits
from textmill.picture import Job
from textmill.planner import plan
from textmill.request import Request
from textmill_operator import paths
from textmill_operator.calls import AT_ONCE
from textmill_operator.errors import NotLeading
from textmill_operator.lookups import KEYS as KEYS_A_LOOKUP
from textmill_operator.merging import merge_patch

ROUNDS = 12
FOLLOWING = Limits(pods=2, follow_members=2)


async def run_to_end(operator: Operator, rounds: int = ROUNDS) -> None:
    """Take rounds until everything has settled and nothing is left over."""
    for _ in range(rounds):
        await operator.round()
        operator.finish_jobs()


async def test_request_runs_through_both_jobs_in_three_status_writes(operator: Operator) -> None:
    operator.submit("a")
    await run_to_end(operator)
    status = operator.request("a")["status"]
    assert (status["phase"], status["settled"], status["result"]["tokens"]) == ("Succeeded", True, 3)
    calls = [(method, path.rsplit("/", 2)[-2:]) for method, path in operator.api.writes()]
    kinds = [(method, next(one for one in ("status", "jobs") if one in tail)) for method, tail in calls]
    assert kinds == [
        ("PATCH", "status"),
        ("POST", "jobs"),
        ("PATCH", "status"),
        ("POST", "jobs"),
        ("PATCH", "status"),
        ("DELETE", "jobs"),
        ("DELETE", "jobs"),
    ]


async def test_intent_is_recorded_before_its_job_exists(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    assert operator.request("a")["status"]["jobs"]["tokenize"]["name"] == job["metadata"]["name"]
    assert operator.api.writes()[0] == ("PATCH", paths.request("ns", "a", "status"))


@pytest.mark.parametrize("limits", [Limits(pods=2), FOLLOWING], ids=["recorded", "following"])
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
async def test_death_at_any_call_still_ends_each_request_once(after: bool, limits: Limits) -> None:
    for position in range(1, 60):
        operator = Operator(limits=limits)
        for name in ("a", "b", "c"):
            operator.submit(name)
        operator.api.fail_at, operator.api.fail_after = position, after
        try:
            await run_to_end(operator)
        except Killed:
            operator.restart()
            await run_to_end(operator)
        else:
            assert position > 9, "the calls that a death can hit"
            return
        for name in ("a", "b", "c"):
            status = operator.request(name)["status"]
            assert (status["phase"], status["settled"]) == ("Succeeded", True), (position, status)
            assert status["starts"] == 2, (position, status)
        assert operator.jobs() == [], position


async def test_member_that_changed_meanwhile_is_left_out_of_the_job(operator: Operator) -> None:
    for name in ("a", "b"):
        operator.submit(name)
    await operator.round()
    operator.see()
    operator.api.objects[paths.request("ns", "b")]["metadata"]["resourceVersion"] = "999"
    await operator.executor.perform(plan(operator.store.picture(), operator.limits, NOW).actions)
    (job,) = operator.jobs()
    assert [owner["name"] for owner in job["metadata"]["ownerReferences"]] == ["a"]


async def test_job_is_kept_while_a_member_still_waits_for_it(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    operator.restart()
    await operator.executor.perform([Collect(Job.parse(job))])
    assert len(operator.jobs()) == 1


async def test_request_that_was_replaced_under_its_name_is_forgotten(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    operator.see()
    planned = plan(operator.store.picture(), operator.limits, NOW).actions
    operator.submit("a")
    operator.request("a")["metadata"]["uid"] = "another"
    await operator.executor.perform(planned)
    assert operator.store.requests() == []
    assert (operator.jobs(), operator.request("a")["status"]["phase"]) == ([], "Pending")


async def test_job_that_was_replaced_under_its_name_is_not_deleted(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    del operator.api.objects[paths.request("ns", "a")]
    old = Job.parse(job)
    job["metadata"]["uid"] = "another"
    await operator.executor.perform([Collect(old)])
    assert len(operator.jobs()) == 1


async def test_idle_job_holds_up_nobody_until_its_pods_are_gone(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = map(Job.parse, operator.jobs())
    del operator.api.objects[paths.request("ns", "a")]
    await operator.executor.perform([Collect(job, idle=True)])
    assert operator.store.picture().jobs == {}


async def test_settled_members_cost_no_look_before_their_job_is_deleted(operator: Operator) -> None:
    operator.submit("a")
    await run_to_end(operator)
    assert operator.jobs() == []
    assert ("GET", paths.request("ns", "a")) not in operator.api.log


async def test_lost_lease_stops_before_any_write() -> None:
    def fence() -> None:
        raise NotLeading("lost")

    operator = Operator(fence=fence)
    operator.submit("a")
    await operator.round()  # a look-up, which only reads
    with pytest.raises(NotLeading):
        await operator.round()
    assert operator.api.writes() == []


async def test_lease_lost_midway_stops_between_intent_and_job(operator: Operator) -> None:
    def fence() -> None:
        if any(method == "PATCH" for method, _ in operator.api.log):
            raise NotLeading("lost")

    operator.submit("a")
    await operator.round()
    operator.fence = fence
    operator.restart()
    await operator.round()
    with pytest.raises(NotLeading):
        await operator.round()
    assert [method for method, _ in operator.api.writes()] == ["PATCH"]


async def test_known_result_is_lent_to_a_request_for_the_same_content(operator: Operator) -> None:
    operator.submit("first")
    await run_to_end(operator)
    twin = {"input": {"inline": "text of first"}}
    operator.submit("second", **twin)
    await run_to_end(operator)
    status = operator.request("second")["status"]
    assert (status["phase"], status.get("starts")) == ("Succeeded", None)
    assert status["result"] == operator.request("first")["status"]["result"]


async def test_look_up_of_very_many_keeps_its_selectors_short(operator: Operator) -> None:
    for number in range(KEYS_A_LOOKUP + 1):
        operator.submit(f"r{number}", input={"upload": f"{number:064x}"})
    operator.see()
    selectors: list[str] = []
    get = operator.api.get

    async def keep(path: str, **params: str) -> dict[str, object]:
        selectors.append(params["labelSelector"])
        return await get(path, **params)

    operator.api.get = keep  # type: ignore[method-assign]  # the query is what matters
    await operator.executor.perform([LookUp("ns", tuple(operator.store.requests()))])
    assert [selector.count(",") + 1 for selector in selectors] == [KEYS_A_LOOKUP, 1]
    assert max(map(len, selectors)) < 4000


async def test_look_up_asks_once_for_many_requests(operator: Operator) -> None:
    for number in range(30):
        operator.submit(f"r{number}")
    operator.see()
    requests = tuple(operator.store.requests())
    assert all(isinstance(one, Request) for one in requests)
    await operator.executor.perform([LookUp("ns", requests)])
    assert len(operator.api.log) == 1
    assert set(operator.store.lent.values()) == {None}


JSON = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans() | st.lists(st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=2), JSON), st.dictionaries(st.text(max_size=2), JSON))
def test_merge_patch_turns_old_into_new(old: dict[str, object], new: dict[str, object]) -> None:
    assert apply_merge(old, merge_patch(old, new)) == new


async def test_job_whose_members_are_recorded_waits_for_no_other_batch(operator: Operator) -> None:
    operator.limits = Limits(pods=3, batch_members=2 * AT_ONCE)
    for number in range(6 * AT_ONCE):
        operator.submit(f"r{number}")
    await operator.round()
    patch = operator.api.patch

    async def slowly(path: str, body: Mapping[str, Any]) -> Body:
        await asyncio.sleep(0)
        return await patch(path, body)

    operator.api.patch = slowly  # type: ignore[method-assign]  # so that calls stand in line
    await operator.round()
    made = [place for place, (method, _) in enumerate(operator.api.writes()) if method == "POST"]
    assert len(made) == 3
    assert made[0] < 4 * AT_ONCE
