"""How far running requests are: which logs are looked at, when, and what the status then says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.planner.build import LIMITS, NOW, after, job, kinds, of, only_write, planned, pod, recorded, request
from textmill import glimpses, reports
from textmill.actions import Peek
from textmill.glimpses import Glimpse
from textmill.picture import Job, Pod
from textmill.request import Request, to_time


def long_run(**more: Any) -> tuple[Request, Job, Pod]:
    """Return a request that has a pod of its own, which has run for ten seconds."""
    one = request(size=900, status=recorded(started=20, **more))
    there = job(one)
    return one, there, pod(there, started=NOW - 10)


def seen(one: Request, done: int, total: int = 900, rate: int = 30) -> dict[str, Any]:
    """Return what a look at a pod's log has brought, a moment ago."""
    return {"looked_at": NOW - 0.1, "glimpse": Glimpse(one.uid, done, total, rate, NOW - 0.1)}


def test_pod_that_runs_for_long_is_looked_at_and_then_left_alone_for_a_while() -> None:
    one, there, running = long_run()
    assert planned(one, jobs=(there,), pods=(running,)).actions == (Peek(running),)
    looked = replace(running, looked_at=NOW - 0.5)
    later = planned(one, jobs=(there,), pods=(looked,))
    assert (later.actions, later.wake_at) == ((), NOW + 1.5)


@pytest.mark.parametrize(
    ("started", "limit"), [(NOW - 1, 2.0), (0.0, 2.0), (NOW - 10, 0.0)], ids=["short", "waiting", "turned off"]
)
def test_pod_is_not_looked_at_when_it_is(started: float, limit: float) -> None:
    one, there, running = long_run()
    limits = replace(LIMITS, progress_every=limit)
    made = planned(one, jobs=(there,), pods=(replace(running, started=started),), limits=limits)
    assert made.actions == ()


def test_shared_pod_is_never_looked_at() -> None:
    both = [request(f"u{n}", status=recorded()) for n in range(2)]
    there = job(*both)
    assert planned(*both, jobs=(there,), pods=(pod(there, started=NOW - 900),)).actions == ()


def test_old_pods_and_many_pods_are_looked_at_more_seldom() -> None:
    one, there, running = long_run()
    old = replace(running, started=NOW - 1000, looked_at=NOW)
    assert planned(one, jobs=(there,), pods=(old,)).wake_at == NOW + 20
    many = [request(f"m{n}", status=recorded(job=f"j{n}")) for n in range(100)]
    jobs = tuple(job(one, name=f"j{n}") for n, one in enumerate(many))
    pods = tuple(pod(one, started=NOW - 10, looked_at=NOW) for one in jobs)
    assert planned(*many, jobs=jobs, pods=pods).wake_at == NOW + 10


def test_what_was_seen_is_written_once_and_not_again_before_its_time() -> None:
    one, there, running = long_run(progress={"percent": 0})
    looked = replace(running, **seen(one, 300))
    write = only_write(planned(one, jobs=(there,), pods=(looked,)))
    assert of(planned(one, jobs=(there,), pods=(looked,)), one)["progress"] == {
        "percent": 16,
        "bytesDone": 300,
        "bytesTotal": 900,
        "bytesPerSecond": 30,
        "observedAt": to_time(NOW),
    }
    told = after(one, write)
    assert planned(told, jobs=(there,), pods=(looked,)).actions == ()
    more = replace(running, **seen(one, 400))
    soon = planned(told, jobs=(there,), pods=(more,))
    assert (soon.actions, soon.wake_at) == ((), NOW + 1.9)
    late = planned(told, jobs=(there,), pods=(replace(more, looked_at=NOW + 1.8),), now=NOW + 2)
    assert only_write(late).status["progress"]["bytesDone"] == 400


def test_count_shows_the_second_half() -> None:
    one = request(size=900, status=recorded("count", started=20, progress={"percent": 50}))
    there = job(one, stage="count")
    done = pod(there, started=NOW - 10, **seen(one, 900))
    assert of(planned(one, jobs=(there,), pods=(done,)), one)["progress"]["percent"] == 99


def test_shards_show_the_sum_over_their_pods() -> None:
    one = request(size=4000, status=recorded(started=20, shards=4, pods=3, progress={"percent": 0}))
    there = job(one, shards=4, parallelism=3)
    pods = (
        pod(there, 0, exit_code=0, finished=NOW - 1),
        pod(there, 1, started=NOW - 10, **seen(one, 500, 1000)),
        pod(there, 2, started=NOW - 10, **seen(one, 250, 1000)),
        pod(there, 3, started=NOW - 1),
    )
    found = of(planned(one, jobs=(there,), pods=pods), one)["progress"]
    assert (found["bytesDone"], found["bytesTotal"], found["bytesPerSecond"]) == (1750, 4000, 60)
    assert found["percent"] == 49 * 1750 // 4000


def test_glimpse_of_another_request_is_none() -> None:
    one, there, running = long_run(progress={"percent": 0})
    looked = replace(running, looked_at=NOW - 0.1, glimpse=Glimpse("somebody else", 1, 2, 3, NOW))
    assert planned(one, jobs=(there,), pods=(looked,)).actions == ()


def test_request_that_is_suspended_keeps_its_percent_alone() -> None:
    one, there, running = long_run(progress={"percent": 16, "bytesDone": 300, "bytesPerSecond": 30})
    made = planned(replace(one, spec=replace(one.spec, suspend=True)), jobs=(there,), pods=(running,))
    assert kinds(made) == ["Write", "Collect"]
    assert of(made, one)["progress"] == {"percent": 16}


def test_lines_of_a_week_are_some_hundred_and_none_is_in_the_first_second() -> None:
    told, last, now = 0, 0.0, 0.0
    while now < 604_800:
        now += 0.5
        if glimpses.due(last, now):
            assert now >= 1
            told, last = told + 1, now
    assert told < 700
    longest = glimpses.line(Glimpse("u" * 36, glimpses.MOST, glimpses.MOST, glimpses.MOST))
    assert told * (len(longest) + 1) < 1 << 17


def test_lines_of_progress_never_break_a_seal() -> None:
    lines = [reports.line(reports.failed(f"u{n}", "NotText", "no")) for n in range(40)]
    told = glimpses.line(Glimpse("u1", 1, 2, 3))
    log = "\n".join([told, *lines[:7], told, *lines[7:], told, ""])
    head = reports.seal(lines).split("\n")[0]
    assert len(reports.unseal(f"{head}\n", log)) == 40


@pytest.mark.parametrize(
    "text",
    [
        "",
        '@progress {"id":"u","bytes":-1,"of":2,"rate":3}',
        '@progress {"id":"u","bytes":true,"of":2,"rate":3}',
        '@progress {"id":"u","bytes":1e9,"of":2,"rate":3}',
        f'@progress {{"id":"u","bytes":1,"of":{1 << 61},"rate":3}}',
        '@progress {"id":7,"bytes":1,"of":2,"rate":3}',
        '@progress {"id":"u","bytes":1}',
        "@progress [1]",
        "@progress " + "[" * 30_000,
        ' @progress {"id":"u","bytes":1,"of":2,"rate":3}',
        'bytes":1,"of":2,"rate":3}',
    ],
)
def test_line_that_cannot_be_right_is_no_glimpse(text: str) -> None:
    assert glimpses.latest(text, NOW) is None


@given(st.integers(0, glimpses.MOST), st.integers(0, glimpses.MOST), st.integers(0, glimpses.MOST), st.text())
def test_last_line_is_read_back_whatever_stands_around_it(done: int, total: int, rate: int, noise: str) -> None:
    told = glimpses.line(Glimpse("u", done, total, rate))
    found = glimpses.latest(
        f"{noise.replace('@', '')}\n{glimpses.line(Glimpse('x', 1, 1, 1))}\n{told}\nlast words\n", NOW
    )
    assert found == Glimpse("u", min(done, total), total, rate, NOW)
    assert json.loads(told.removeprefix(glimpses.PREFIX))["of"] == total


def test_last_words_of_a_worker_are_those_for_people() -> None:
    one, there, _ = long_run()
    told = glimpses.line(Glimpse("u1", 1, 2, 3))
    dead = pod(there, exit_code=1, finished=NOW, message=f"MemoryError: it was too big\n{told}\n")
    made = planned(one, jobs=(replace(there, failure=("BackoffLimitExceeded", "no")),), pods=(dead,))
    assert "MemoryError: it was too big" in of(made, one)["conditions"][-1]["message"]
