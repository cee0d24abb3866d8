"""Actions that the API refuses, or does not answer: told, left alone for a while, and never in others' way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.operator.conftest import NOW, Operator
from tests.operator.fake_api import answer, away, quota
from textmill.actions import Collect, Inspect, Recreate
from textmill.errors import Reason
from textmill.picture import Job, Trouble
from textmill.planner import plan
from textmill_operator import paths
from textmill_operator.errors import Away
from textmill_operator.patience import FORGOTTEN_SECONDS, LONGEST_SECONDS, Patience


def posts(operator: Operator) -> int:
    """Return how often a Job was asked for."""
    return sum(method == "POST" and path.endswith("/jobs") for method, path in operator.api.log)


def why(operator: Operator, name: str) -> tuple[str, str]:
    """Return what the condition Succeeded says."""
    conditions = {one["type"]: one for one in operator.request(name)["status"]["conditions"]}
    return conditions["Succeeded"]["status"], conditions["Succeeded"]["reason"]


async def start(operator: Operator, *names: str) -> None:
    """Submit requests and take the rounds up to their Job."""
    for name in names:
        operator.submit(name)
    await operator.round()
    await operator.round()


async def test_refused_job_is_explained_in_the_request(operator: Operator) -> None:
    operator.api.refuse = quota
    await start(operator, "a")
    assert why(operator, "a") == ("Unknown", "QuotaExceeded")


async def test_refused_job_is_asked_for_again_only_after_a_while(operator: Operator) -> None:
    operator.api.refuse = quota
    await start(operator, "a")
    asked = []
    for seconds in (0.0, 1.0, 0.0, 1.0, 1.0):
        operator.ticks += seconds
        assert await operator.round()
        asked.append(posts(operator))
    assert asked == [1, 2, 2, 2, 3]
    operator.api.refuse = answer
    operator.ticks += 4.0
    await operator.round()
    (job,) = operator.jobs()
    assert operator.executor.patience.tries(f"ns/{job['metadata']['name']}") == 0


async def test_refusal_holds_up_nobody_else(operator: Operator) -> None:
    operator.api.refuse = quota
    await start(operator, "a")
    operator.api.refuse = answer
    await start(operator, "b")
    (job,) = operator.jobs()
    assert [owner["name"] for owner in job["metadata"]["ownerReferences"]] == ["b"]


async def test_job_of_the_same_name_with_other_owners_is_not_adopted(operator: Operator) -> None:
    await start(operator, "a")
    (job,) = operator.jobs()
    job["metadata"]["ownerReferences"] = [{"uid": "somebody-else"}]
    operator.restart()
    operator.store.put("request", operator.request("a"))
    await operator.executor.perform(plan(operator.store.picture(), operator.limits, NOW).actions)
    assert [one["metadata"]["uid"] for one in operator.jobs()] == [job["metadata"]["uid"]]
    assert operator.metrics.registry.get_sample_value(
        "textmill_actions_total", {"action": "Recreate", "outcome": "Conflict"}
    )


async def test_job_that_is_going_away_is_awaited_and_made_again(operator: Operator) -> None:
    await start(operator, "a")
    (job,) = operator.jobs()
    job["metadata"]["deletionTimestamp"] = "2027-01-15T09:00:00Z"
    operator.restart()
    operator.store.put("request", operator.request("a"))
    await operator.executor.perform(plan(operator.store.picture(), operator.limits, NOW).actions)
    assert len(operator.jobs()) == 1
    outcome = {"action": "Recreate", "outcome": "Conflict"}
    assert operator.metrics.registry.get_sample_value("textmill_actions_total", outcome) == 1
    del operator.api.objects[paths.jobs("ns", job["metadata"]["name"])]
    operator.api.version += 1
    operator.ticks += 1.0
    await operator.round()
    (made,) = operator.jobs()
    assert "deletionTimestamp" not in made["metadata"]


async def test_job_made_though_its_answer_was_lost_is_adopted(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    create = operator.api.create

    async def lose(path: str, body: object) -> None:
        await create(path, body)  # type: ignore[arg-type]  # handed on as it came
        raise Away("no answer")

    operator.api.create = lose  # type: ignore[method-assign,assignment]  # the answer is what gets lost
    assert not await operator.round()
    operator.api.create = create  # type: ignore[method-assign]  # the answers come again
    operator.store.drop("job", operator.jobs()[0]["metadata"]["uid"])
    requests = [operator.request("a")]
    for body in requests:
        operator.store.put("request", body)
    assert await operator.executor.perform(plan(operator.store.picture(), operator.limits, NOW).actions)
    assert len(operator.jobs()) == 1


async def recorded_without_job(operator: Operator) -> Recreate:
    """Record a Job for two requests and lose it; the action that makes it again."""
    await start(operator, "a", "b")
    (job,) = operator.jobs()
    del operator.api.objects[paths.jobs("ns", job["metadata"]["name"])]
    operator.restart()
    operator.see()
    (action,) = plan(operator.store.picture(), operator.limits, NOW).actions
    assert isinstance(action, Recreate)
    return action


async def test_job_is_made_again_for_those_who_still_wait_alone(operator: Operator) -> None:
    action = await recorded_without_job(operator)
    operator.request("a")["status"]["phase"] = "Suspended"
    await operator.executor.perform([action])
    (job,) = operator.jobs()
    assert [owner["name"] for owner in job["metadata"]["ownerReferences"]] == ["b"]


async def test_job_is_not_made_again_while_somebody_cannot_be_asked(operator: Operator) -> None:
    action = await recorded_without_job(operator)
    unknown = paths.request("ns", "a")
    operator.api.refuse = lambda _, path: Away("500") if path == unknown else None
    assert not await operator.executor.perform([action])
    assert operator.jobs() == []


async def test_api_that_is_away_changes_nothing_and_is_told(operator: Operator) -> None:
    operator.submit("a", input={"path": "a.txt"})
    operator.api.refuse = away
    assert not await operator.round()
    assert operator.request("a")["status"]["phase"] == "Pending"


async def test_events_tell_why_a_job_has_no_pod(operator: Operator) -> None:
    await start(operator, "a")
    (job,) = map(Job.parse, operator.jobs())
    for number, text in enumerate(["older", 'pods "x" is forbidden: exceeded quota: small']):
        operator.api.seed(
            f"/api/v1/namespaces/ns/events/e{number}",
            {
                "metadata": {"name": f"e{number}", "namespace": "ns"},
                "reason": "FailedCreate",
                "message": text,
                "lastTimestamp": f"2027-01-15T08:00:0{number}Z",
            },
        )
    later = {"name": "later", "namespace": "ns"}
    operator.api.seed(
        "/api/v1/namespaces/ns/events/later",
        {"metadata": later, "reason": "Other", "message": "no", "lastTimestamp": "2027-01-15T08:00:09Z"},
    )
    await operator.executor.perform([Inspect(job)])
    (seen,) = operator.store.picture().jobs.values()
    assert seen.trouble == Trouble(Reason.QUOTA_EXCEEDED, 'pods "x" is forbidden: exceeded quota: small')


async def test_deleted_job_is_seen_until_its_pods_are_gone(operator: Operator) -> None:
    await start(operator, "a")
    (job,) = map(Job.parse, operator.jobs())
    del operator.api.objects[paths.request("ns", "a")]
    await operator.executor.perform([Collect(job)])
    assert [one.deleting for one in operator.store.picture().jobs.values()] == [True]


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_refusals_wait_longer_each_time_and_silence_never_waits(refusals: list[bool]) -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    expected = 0.0
    for number, refused in enumerate(refusals):
        patience.failed("x", refused=refused)
        expected = min(LONGEST_SECONDS, 2.0 ** min(number, 10)) if refused else 0.0
        assert patience.waits("x") == (expected > 0)
        now[0] += expected
        assert not patience.waits("x")
    assert patience.tries("x") == len(refusals)
    patience.forget("x")
    assert patience.tries("x") == 0


def test_what_waits_is_never_forgotten_and_what_nobody_asks_for_is() -> None:
    moment = [0.0]
    patience = Patience(lambda: moment[0])
    for number in range(12_000):
        patience.failed(str(number), refused=True)
    assert all(patience.waits(str(number)) for number in range(12_000))
    moment[0] = FORGOTTEN_SECONDS + 60
    for number in range(12_000, 40_000):
        patience.failed(str(number), refused=True)
    assert (patience.tries("0"), patience.tries("39999")) == (0, 1)
