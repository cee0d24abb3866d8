"""Rounds are bounded: urgent work first, and the rest at once in the next."""

from __future__ import annotations

import json

from tests.operator.conftest import Operator, request_body
from tests.planner.build import job, planned, request
from textmill import transitions
from textmill.actions import Action, Collect, Inspect, Launch, LookUp, Write
from textmill.errors import Reason
from textmill.names import MEMBERS_ANNOTATION, STAGE_LABEL
from textmill.request import SUSPENDED
from textmill_operator import paths, rounds
from textmill_operator.rounds import MOST, OTHERS

NOW = 1_800_000_000.0


def test_ends_go_before_starts_and_starts_before_suspensions() -> None:
    aside: list[Action] = [transitions.suspend(request(f"s{n}"), NOW) for n in range(5 * MOST)]
    ended = [transitions.fail(request(f"e{n}"), Reason.NOT_TEXT, "no", NOW) for n in range(10)]
    (start,) = planned(request("new"), lent={"new": None}).actions
    now, left = rounds.cut([*aside, start, *ended])
    assert [type(one) for one in now[:11]] == [Write] * 10 + [Launch]
    assert now[:10] == ended
    assert len(now) + left == 5 * MOST + 11
    assert len(now) <= MOST


def test_much_urgent_work_does_not_keep_the_rest_out_for_ever() -> None:
    ended = [transitions.fail(request(f"e{n}"), Reason.NOT_TEXT, "no", NOW) for n in range(5 * MOST)]
    aside = [transitions.suspend(request(f"s{n}"), NOW) for n in range(5 * MOST)]
    now, _ = rounds.cut([*ended, *aside])
    assert [sum(one in kind for one in (now[0], now[-1])) for kind in (ended, aside)] == [1, 1]
    assert len(now) == MOST + OTHERS


def test_launch_counts_with_all_its_members() -> None:
    asked = [LookUp("ns", tuple(request(f"u{n}") for n in range(40))) for _ in range(MOST)]
    now, left = rounds.cut(asked)
    assert (len(now), left) == (MOST // 2, MOST // 2)


async def test_suspending_many_leaves_rounds_short_and_all_are_suspended_at_last(operator: Operator) -> None:
    for number in range(MOST + 500):
        operator.api.seed(paths.request("ns", f"r{number}"), request_body(f"r{number}", suspend=True))
    await operator.round()
    assert len(operator.api.writes()) == MOST
    assert operator.executor.left == 500
    await operator.round()
    assert operator.executor.left == 0
    there = [body for path, body in operator.api.objects.items() if "processingrequests" in path]
    assert {body["status"]["phase"] for body in there} == {SUSPENDED}


async def test_events_of_a_job_without_pods_are_not_read_in_each_round(operator: Operator) -> None:
    podless = job(request(), name="podless")
    for _ in range(5):
        await operator.executor.perform([Inspect(podless)])
    assert len(operator.api.log) == 1
    operator.ticks += 1.5
    await operator.executor.perform([Inspect(podless)])
    assert len(operator.api.log) == 2


async def test_job_that_names_many_members_costs_no_call_for_each(operator: Operator) -> None:
    many = json.dumps([[f"u{number}", "n"] for number in range(20_000)])
    meta = {"namespace": "ns", "labels": {STAGE_LABEL: "count"}, "annotations": {MEMBERS_ANNOTATION: many}}
    operator.api.seed(paths.jobs("ns", "forged"), {"metadata": {"name": "forged", **meta}})
    await operator.round()
    assert operator.api.log == []
    assert operator.store.bad()["job"] == 1


def test_collections_count_with_all_whom_they_ask_about() -> None:
    there = [job(*(request(f"{n}-{m}") for m in range(199)), name=f"j{n}") for n in range(50)]
    now, left = rounds.cut([Collect(one) for one in there])
    assert (len(now), left) == (MOST // 200, 50 - MOST // 200)
