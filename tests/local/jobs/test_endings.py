"""How Jobs end: the two steps, the reasons, and what is left to do afterwards."""

import pytest

from local.jobs.model import Event, Settings
from local.jobs.sync import sync
from local.objects import Json
from tests.local.jobs.making import EARLIER, NOW, STAMP, job, kinds, names, pod, running

SETTINGS = Settings()


def condition(kind: str, reason: str, message: str, when: str = STAMP) -> Json:
    """A condition that is True."""
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": when,
        "lastTransitionTime": when,
        "reason": reason,
        "message": message,
    }


REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")


def test_success_shows_criteria_before_completion() -> None:
    plan = sync(job(running(active=1)), [pod("a", "Succeeded")], NOW, SETTINGS)
    assert plan.status == running(
        uncountedTerminatedPods={"succeeded": ["a"]}, conditions=[condition("SuccessCriteriaMet", *REACHED)]
    )
    assert plan.events == ()
    assert not plan.lazy


def test_counted_success_is_complete() -> None:
    met = condition("SuccessCriteriaMet", *REACHED, EARLIER)
    status = running(uncountedTerminatedPods={"succeeded": ["a"]}, conditions=[met])
    plan = sync(job(status), [pod("a", "Succeeded", tracked=False)], NOW, SETTINGS)
    assert plan.status == running(succeeded=1, completionTime=STAMP, conditions=[met, condition("Complete", *REACHED)])
    assert plan.events == (Event("Normal", "Completed", "Job completed"),)


def test_last_failure_ends_running_pods_first() -> None:
    pods = [pod("a", "Failed"), pod("b", "Running")]
    plan = sync(job(running(active=2), backoffLimit=0, completions=2, parallelism=2), pods, NOW, SETTINGS)
    assert kinds(plan.status) == {"FailureTarget": "BackoffLimitExceeded"}
    assert names(plan.delete) == ["b"]
    assert plan.create == ()


def test_failure_waits_for_terminating_pods() -> None:
    status = running(failed=2, conditions=[condition("FailureTarget", *LIMIT, EARLIER)])
    pods = [pod("a", "Failed", tracked=False), pod("b", "Running", tracked=False, deleting=True)]
    plan = sync(job(status, backoffLimit=0), pods, NOW, SETTINGS)
    assert kinds(plan.status) == {"FailureTarget": "BackoffLimitExceeded"}


def test_failure_is_final_when_all_pods_are_counted() -> None:
    target = condition("FailureTarget", *LIMIT, EARLIER)
    plan = sync(job(running(failed=1, conditions=[target])), [], NOW, SETTINGS)
    assert plan.status["conditions"] == [target, condition("Failed", *LIMIT)]
    assert "completionTime" not in plan.status
    assert plan.events == (Event("Warning", *LIMIT),)


def test_stored_verdict_outlives_a_later_success() -> None:
    status = running(conditions=[condition("FailureTarget", *LIMIT, EARLIER)])
    plan = sync(job(status), [pod("a", "Succeeded")], NOW, SETTINGS)
    assert kinds(plan.status) == {"FailureTarget": "BackoffLimitExceeded"}


@pytest.mark.parametrize(("limit", "reason"), [(60, "DeadlineExceeded"), (61, None)])
def test_deadline_ends_a_job_that_runs_too_long(limit: int, reason: str | None) -> None:
    plan = sync(job(running(active=1), activeDeadlineSeconds=limit), [pod("a", "Running")], NOW, SETTINGS)
    assert kinds(plan.status).get("FailureTarget") == reason
    assert names(plan.delete) == (["a"] if reason else [])
    assert plan.requeue == (None if reason else 1.0)


def test_restarts_in_place_count_against_the_limit() -> None:
    obj = job(running(active=1), backoffLimit=2)
    obj["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    statuses = [{"name": "main", "restartCount": 2, "state": {"running": {}}}]
    plan = sync(obj, [pod("a", "Running", containerStatuses=statuses)], NOW, SETTINGS)
    assert kinds(plan.status) == {"FailureTarget": "BackoffLimitExceeded"}


def test_finished_job_lets_go_of_what_is_left() -> None:
    done = running(succeeded=1, conditions=[condition("Complete", *REACHED, EARLIER)])
    plan = sync(job(done), [pod("a", "Succeeded"), pod("b", "Running")], NOW, SETTINGS)
    assert names(plan.release) == ["a", "b"]
    assert plan.status == done
    assert plan.create == ()
    assert plan.delete == ()


@pytest.mark.parametrize(("ttl", "gone", "wait"), [(60, True, None), (0, True, None), (61, False, 1.0)])
def test_ttl_removes_a_finished_job(ttl: int, gone: bool, wait: float | None) -> None:
    done = running(conditions=[condition("Failed", *LIMIT, EARLIER)])
    plan = sync(job(done, ttlSecondsAfterFinished=ttl), [], NOW, SETTINGS)
    assert (plan.delete_job, plan.requeue) == (gone, wait)


def test_job_for_no_completions_is_done_at_once() -> None:
    plan = sync(job(completions=0), [], NOW, SETTINGS)
    assert kinds(plan.status) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}


def test_work_queue_ends_when_the_last_pod_has() -> None:
    first = sync(job(running(active=2), parallelism=2), [pod("a", "Succeeded"), pod("b", "Running")], NOW, SETTINGS)
    assert kinds(first.status) == {}
    assert first.create == ()
    status = running(succeeded=1)
    pods = [pod("a", "Succeeded", tracked=False), pod("b", "Failed")]
    last = sync(job(status, parallelism=2), pods, NOW, SETTINGS)
    assert kinds(last.status) == {"SuccessCriteriaMet": "CompletionsReached"}


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        (
            {"successPolicy": {"rules": []}, "manualSelector": True},
            "UnsupportedByLocalController",
            "spec.manualSelector: pods are selected by the Job's own labels only",
        ),
        (
            {"successPolicy": {"rules": [{}]}},
            "UnsupportedByLocalController",
            "spec.successPolicy is not supported here",
        ),
        (
            {"completionMode": "Indexed"},
            "InvalidJob",
            "spec.completions is missing: an Indexed Job needs it",
        ),
        (
            {"maxFailedIndexes": 1},
            "InvalidJob",
            "spec.maxFailedIndexes needs backoffLimitPerIndex",
        ),
        (
            {"backoffLimit": -1},
            "InvalidJob",
            "spec.backoffLimit is -1: it must be a whole number, 0 or more",
        ),
    ],
)
def test_what_is_not_done_here_fails_with_its_field(spec: Json, reason: str, message: str) -> None:
    plan = sync(job(**spec), [], NOW, SETTINGS)
    assert plan.status["conditions"] == [
        condition("FailureTarget", reason, message),
        condition("Failed", reason, message),
    ]
    assert plan.events == (Event("Warning", reason, message),)
    assert plan.create == ()


def test_job_of_another_manager_is_left_alone() -> None:
    plan = sync(job(managedBy="example.com/other"), [], NOW, SETTINGS)
    assert plan.create == ()
    assert plan.status == {}
