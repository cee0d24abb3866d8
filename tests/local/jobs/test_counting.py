"""Pods are counted once: by their finalizer, then by their uid in the status, then by a number."""

from local.jobs.model import Settings
from local.jobs.sync import sync
from tests.local.jobs.making import NOW, job, names, pod, running

SETTINGS = Settings()


def test_succeeded_pod_is_remembered_before_release() -> None:
    plan = sync(job(running(active=1)), [pod("a", "Succeeded")], NOW, SETTINGS)
    assert plan.status["uncountedTerminatedPods"] == {"succeeded": ["a"]}
    assert "succeeded" not in plan.status
    assert names(plan.release) == ["a"]


def test_remembered_pod_is_released_again() -> None:
    status = running(uncountedTerminatedPods={"failed": ["a"]})
    plan = sync(job(status), [pod("a", "Failed")], NOW, SETTINGS)
    assert plan.status["uncountedTerminatedPods"] == {"failed": ["a"]}
    assert names(plan.release) == ["a"]


def test_released_pod_becomes_a_number() -> None:
    status = running(failed=2, uncountedTerminatedPods={"failed": ["a"]})
    plan = sync(job(status), [pod("a", "Failed", tracked=False)], NOW, SETTINGS)
    assert plan.status["uncountedTerminatedPods"] == {}
    assert plan.status["failed"] == 3
    assert plan.release == ()


def test_vanished_pod_becomes_a_number() -> None:
    status = running(uncountedTerminatedPods={"succeeded": ["gone"]})
    plan = sync(job(status, completions=2), [], NOW, SETTINGS)
    assert plan.status["succeeded"] == 1


def test_counted_pod_without_finalizer_is_not_counted_again() -> None:
    plan = sync(job(running(failed=1)), [pod("a", "Failed", tracked=False)], NOW, SETTINGS)
    assert plan.status["failed"] == 1


def test_succeeded_index_is_remembered_by_index() -> None:
    spec = {"completions": 3, "parallelism": 1, "completionMode": "Indexed"}
    plan = sync(job(running(), **spec), [pod("b", "Succeeded", index=1)], NOW, SETTINGS)
    assert plan.status["completedIndexes"] == "1"
    assert plan.status["succeeded"] == 1
    assert plan.status["uncountedTerminatedPods"] == {}
    assert names(plan.release) == ["b"]


def test_second_success_of_an_index_counts_no_more() -> None:
    spec = {"completions": 3, "parallelism": 1, "completionMode": "Indexed"}
    pods = [pod("a", "Succeeded", index=1), pod("b", "Succeeded", index=1)]
    plan = sync(job(running(), **spec), pods, NOW, SETTINGS)
    assert plan.status["succeeded"] == 1
    assert names(plan.release) == ["a", "b"]


def test_pod_being_deleted_counts_as_failed() -> None:
    plan = sync(job(running(active=1)), [pod("a", "Running", deleting=True)], NOW, SETTINGS)
    assert plan.status["uncountedTerminatedPods"] == {"failed": ["a"]}
    assert plan.status["terminating"] == 1


def test_pod_being_deleted_waits_under_failed_policy() -> None:
    obj = job(running(active=1), podReplacementPolicy="Failed")
    plan = sync(obj, [pod("a", "Running", deleting=True)], NOW, SETTINGS)
    assert plan.status["uncountedTerminatedPods"] == {}
    assert plan.status["terminating"] == 1
    assert plan.create == ()


def test_many_ended_pods_are_counted_in_portions() -> None:
    pods = [pod(f"p{number}", "Failed") for number in range(5)]
    plan = sync(job(running(), backoffLimit=9), pods, NOW, Settings(uncounted_per_sync=2))
    assert plan.status["uncountedTerminatedPods"] == {"failed": ["p0", "p1"]}
    assert names(plan.release) == ["p0", "p1"]


def test_pod_of_another_controller_is_left_alone() -> None:
    stranger = pod("a", "Failed")
    stranger["metadata"]["ownerReferences"][0]["uid"] = "job-0"
    plan = sync(job(running()), [stranger], NOW, SETTINGS)
    assert plan.release == ()
    assert plan.status["uncountedTerminatedPods"] == {}


def test_job_being_deleted_lets_all_pods_go() -> None:
    obj = job(running(active=1))
    obj["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    plan = sync(obj, [pod("a", "Running"), pod("b", "Failed")], NOW, SETTINGS)
    assert names(plan.release) == ["a", "b"]
    assert plan.status == running(active=1)
    assert plan.create == ()
