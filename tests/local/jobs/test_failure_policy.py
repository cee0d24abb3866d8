"""What failed pods mean: the failure policy, and limits for each index."""

from datetime import timedelta

import pytest

from local.jobs.model import Settings
from local.jobs.sync import sync
from local.objects import Json
from tests.local.jobs.making import NOW, STAMP, job, kinds, names, pod, running

SETTINGS = Settings()
COUNT = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"


def on_exit(action: str, *values: int, operator: str = "In", **more: str) -> Json:
    """A rule on exit codes."""
    return {"action": action, "onExitCodes": {"operator": operator, "values": list(values), **more}}


def on_disruption(action: str) -> Json:
    """A rule on the condition that an eviction leaves."""
    return {"action": action, "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


DISRUPTED = [{"type": "DisruptionTarget", "status": "True"}]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [on_exit("FailJob", 42)],
            "Container main for pod default/a failed with exit code 42 matching FailJob rule at index 0",
        ),
        (
            [on_exit("Count", 1), on_exit("FailJob", 1, 2, operator="NotIn")],
            "Container main for pod default/a failed with exit code 42 matching FailJob rule at index 1",
        ),
        (
            [on_exit("FailJob", 42, containerName="other"), on_disruption("FailJob")],
            "Pod default/a has condition DisruptionTarget matching FailJob rule at index 1",
        ),
    ],
)
def test_fail_job_rule_ends_the_job(rules: list[Json], message: str) -> None:
    obj = job(running(active=1), podFailurePolicy={"rules": rules})
    plan = sync(obj, [pod("a", "Failed", exit_code=42, conditions=DISRUPTED)], NOW, SETTINGS)
    (condition,) = plan.status["conditions"]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "FailureTarget",
        "PodFailurePolicy",
        message,
    )


def test_ignored_failure_is_not_counted() -> None:
    obj = job(running(active=1), backoffLimit=0, podFailurePolicy={"rules": [on_disruption("Ignore")]})
    plan = sync(obj, [pod("a", "Failed", conditions=DISRUPTED)], NOW, SETTINGS)
    assert kinds(plan.status) == {}
    assert plan.status["uncountedTerminatedPods"] == {}
    assert names(plan.release) == ["a"]
    assert len(plan.create) == 1


def test_first_matching_rule_decides() -> None:
    rules = [on_exit("Count", 42), on_exit("FailJob", 42)]
    obj = job(running(active=1), podFailurePolicy={"rules": rules})
    plan = sync(obj, [pod("a", "Failed", exit_code=42)], NOW, SETTINGS)
    assert kinds(plan.status) == {}
    assert plan.status["uncountedTerminatedPods"] == {"failed": ["a"]}


INDEXED = {"completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1}


def test_failed_index_is_held_until_replaced() -> None:
    pods = [pod("a", "Failed", index=0, finished=STAMP), pod("b", index=1), pod("c", index=2)]
    plan = sync(job(running(), **INDEXED), pods, NOW, SETTINGS)
    assert plan.release == ()
    assert (plan.create, plan.requeue) == ((), 10.0)
    later = sync(job(running(), **INDEXED), pods, NOW + timedelta(seconds=10), SETTINGS)
    assert later.create[0]["metadata"]["annotations"][COUNT] == "1"
    replaced = sync(job(running(), **INDEXED), [*pods, pod("d", index=0)], NOW, SETTINGS)
    assert names(replaced.release) == ["a"]
    assert replaced.status["uncountedTerminatedPods"] == {"failed": ["a"]}


def test_index_past_its_limit_is_lost() -> None:
    pods = [pod("a", "Failed", index=0, annotations={COUNT: "1"}), pod("b", index=1), pod("c", index=2)]
    plan = sync(job(running(), **INDEXED), pods, NOW, SETTINGS)
    assert plan.status["failedIndexes"] == "0"
    assert names(plan.release) == ["a"]
    assert plan.create == ()
    assert kinds(plan.status) == {}


def test_all_indexes_done_with_one_lost_fails() -> None:
    status = running(completedIndexes="1,2", succeeded=2, failedIndexes="0", failed=2)
    plan = sync(job(status, **INDEXED), [], NOW, SETTINGS)
    assert kinds(plan.status) == {"FailureTarget": "FailedIndexes", "Failed": "FailedIndexes"}


def test_too_many_lost_indexes_end_the_job() -> None:
    obj = job(running(failedIndexes="0", failed=2), **INDEXED, maxFailedIndexes=1)
    pods = [pod("a", "Failed", index=1, annotations={COUNT: "1"}), pod("c", "Running", index=2)]
    plan = sync(obj, pods, NOW, SETTINGS)
    assert kinds(plan.status) == {"FailureTarget": "MaxFailedIndexesExceeded"}
    assert plan.status["failedIndexes"] == "0,1"
    assert names(plan.delete) == ["c"]


def test_fail_index_rule_loses_the_index_at_once() -> None:
    obj = job(running(), **INDEXED, podFailurePolicy={"rules": [on_exit("FailIndex", 3)]})
    plan = sync(obj, [pod("a", "Failed", index=0, exit_code=3), pod("b", index=1), pod("c", index=2)], NOW, SETTINGS)
    assert plan.status["failedIndexes"] == "0"


def test_ignored_failures_of_an_index_are_carried_on() -> None:
    obj = job(running(), **INDEXED, podFailurePolicy={"rules": [on_disruption("Ignore")]})
    notes = {COUNT: "1", IGNORED: "2"}
    pods = [pod("a", "Failed", index=0, conditions=DISRUPTED, annotations=notes), pod("b", index=1), pod("c", index=2)]
    plan = sync(obj, pods, NOW + timedelta(hours=1), SETTINGS)
    carried = plan.create[0]["metadata"]["annotations"]
    assert (carried[COUNT], carried[IGNORED]) == ("1", "3")
