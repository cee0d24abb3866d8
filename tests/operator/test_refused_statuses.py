"""A request whose status the API refuses: it holds no pod, is tried again ever later, and is written off at last."""

from __future__ import annotations

import pytest

from tests.operator.conftest import Operator
from tests.operator.fake_api import answer
from textmill.limits import Limits
from textmill.planner import REFUSALS
from textmill_operator import paths
from textmill_operator.errors import Forbidden, Refused
from textmill_operator.statuses import LONGEST_SECONDS

LATER = LONGEST_SECONDS + 1


def refuse(operator: Operator, error: Exception, *names: str) -> None:
    """Refuse every write of these requests' statuses."""
    statuses = {paths.request("ns", name, "status") for name in names}
    operator.api.refuse = lambda method, path: error if method == "PATCH" and path in statuses else None


def tries(operator: Operator, name: str) -> int:
    """Return how often a status was written, or was to be."""
    return sum(one == ("PATCH", paths.request("ns", name, "status")) for one in operator.api.log)


async def later(operator: Operator, rounds: int) -> None:
    """Take rounds, each after what was refused has waited for long enough."""
    for _ in range(rounds):
        operator.now += LATER
        operator.ticks += LATER
        await operator.round()


async def test_eight_refused_requests_hold_no_pod(operator: Operator) -> None:
    operator.limits = Limits(pods=2, batch_members=1)
    bad = [f"bad{number}" for number in range(8)]
    refuse(operator, Refused("422 invalid"), *bad)
    for name in (*bad, "good"):
        operator.submit(name, input={"path": f"{name}.txt"})
    for _ in range(6):
        await operator.round()
    assert [job["metadata"]["ownerReferences"][0]["name"] for job in operator.jobs()] == ["good"]


async def test_refused_status_is_written_again_only_after_a_while(operator: Operator) -> None:
    operator.submit("a", input={"path": "a.txt"})
    refuse(operator, Refused("422 invalid"), "a")
    seen = []
    for seconds in (0.0, 0.5, 0.6, 1.0, 1.1):
        operator.now += seconds
        operator.ticks += seconds
        await operator.round()
        seen.append(tries(operator, "a"))
    assert seen == [1, 1, 2, 2, 3]
    operator.api.refuse = answer
    await later(operator, 1)
    assert operator.request("a")["status"]["phase"] == "Tokenizing"
    assert operator.store.held("uid-a") is None


async def test_what_is_refused_for_good_ends_with_the_least_that_a_status_says(operator: Operator) -> None:
    operator.submit("a", input={"path": "a.txt"})
    operator.request("a")["status"]["result"] = {"of": 10**9}
    refuse(operator, Refused("422 invalid: status.result"), "a")
    await later(operator, REFUSALS)
    operator.api.refuse = answer
    await later(operator, 1)
    status = operator.request("a")["status"]
    assert set(status) == {"phase", "settled", "completionTime", "progress", "conditions"}
    assert (status["phase"], status["settled"]) == ("Failed", True)
    assert {one["reason"] for one in status["conditions"]} == {"StatusRefused"}
    assert "422 invalid: status.result" in status["conditions"][-1]["message"]


async def test_where_even_that_is_refused_an_event_a_metric_and_the_log_tell(
    operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    operator.submit("a", input={"path": "a.txt"})
    refuse(operator, Refused("422 invalid"), "a")
    await later(operator, REFUSALS + 3)
    assert tries(operator, "a") == REFUSALS + 3
    assert operator.metrics.registry.get_sample_value("textmill_status_writes_refused_total") == REFUSALS + 3
    assert caplog.text.count("the status was refused: 422 invalid") == REFUSALS + 3
    assert operator.recorder.waiting == 1


async def test_missing_permission_is_no_verdict_on_its_requests(operator: Operator) -> None:
    operator.submit("a", input={"path": "a.txt"})
    operator.submit("b", input={"path": "b.txt"})
    refuse(operator, Forbidden("403 forbidden"), "a", "b")
    await later(operator, REFUSALS + 2)
    operator.api.refuse = answer
    await later(operator, 1)
    assert {operator.request(name)["status"]["phase"] for name in "ab"} == {"Tokenizing"}


async def test_request_that_admission_alone_refuses_is_written_off(operator: Operator) -> None:
    operator.submit("a", input={"path": "a.txt"})
    refuse(operator, Forbidden("403 denied by a webhook"), "a")
    for number in range(REFUSALS):
        operator.submit(f"other{number}", input={"path": f"{number}.txt"})
        operator.limits = Limits(pods=99)
        await later(operator, 1)
    operator.api.refuse = answer
    await later(operator, 1)
    assert operator.request("a")["status"]["phase"] == "Failed"


async def test_end_that_is_refused_keeps_its_job_and_takes_no_pod(operator: Operator) -> None:
    operator.limits = Limits(pods=1)
    operator.submit("a", input={"path": "a.txt"})
    await operator.round()
    operator.finish_jobs()
    refuse(operator, Refused("422 invalid"), "a")
    await operator.round()
    await operator.round()
    operator.submit("b", input={"path": "b.txt"})
    await operator.round()
    assert sorted(job["metadata"]["ownerReferences"][0]["name"] for job in operator.jobs()) == ["a", "b"]
