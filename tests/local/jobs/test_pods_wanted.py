"""Which pods a Job gets, and when: parallelism, indexes, back-off, suspension."""

from datetime import timedelta

from local.jobs.model import Event, Settings
from local.jobs.sync import sync
from local.objects import Json
from tests.local.jobs.making import NOW, STAMP, job, kinds, names, pod, running

SETTINGS = Settings()
LABELS = {
    "batch.kubernetes.io/controller-uid": "job-1",
    "controller-uid": "job-1",
    "batch.kubernetes.io/job-name": "words",
    "job-name": "words",
}
OWNER = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "name": "words",
    "uid": "job-1",
    "controller": True,
    "blockOwnerDeletion": True,
}


def test_new_job_gets_its_pod_and_a_start_time() -> None:
    plan = sync(job(), [], NOW, SETTINGS)
    container = {"name": "main", "image": "textmill", "command": ["true"]}
    assert plan.create == (
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "generateName": "words-",
                "namespace": "default",
                "labels": LABELS,
                "finalizers": ["batch.kubernetes.io/job-tracking"],
                "ownerReferences": [OWNER],
            },
            "spec": {"restartPolicy": "Never", "containers": [container]},
        },
    )
    assert plan.status == {"startTime": STAMP, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}


def test_indexed_pod_knows_its_index() -> None:
    plan = sync(job(completions=2, parallelism=1, completionMode="Indexed"), [], NOW, SETTINGS)
    (made,) = plan.create
    assert made["metadata"]["generateName"] == "words-0-"
    assert made["metadata"]["annotations"] == {"batch.kubernetes.io/job-completion-index": "0"}
    assert made["metadata"]["labels"] == {**LABELS, "batch.kubernetes.io/job-completion-index": "0"}
    assert made["spec"]["hostname"] == "words-0"
    field = {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}
    assert made["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": field}}]


def indexes(plan_pods: tuple[Json, ...]) -> list[str]:
    """The completion indexes of pods in a plan."""
    return [one["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for one in plan_pods]


def test_free_indexes_are_filled_in_order() -> None:
    obj = job(running(completedIndexes="0,2"), completions=6, parallelism=3, completionMode="Indexed")
    plan = sync(obj, [pod("a", "Running", index=3)], NOW, SETTINGS)
    assert indexes(plan.create) == ["1", "4"]


def test_double_of_an_index_is_let_go() -> None:
    obj = job(running(), completions=6, parallelism=3, completionMode="Indexed")
    pods = [pod("a", "Running", index=3), pod("b", "Pending", index=3)]
    plan = sync(obj, pods, NOW, SETTINGS)
    assert names(plan.delete_uncounted) == ["b"]


def test_no_more_pods_than_are_still_to_succeed() -> None:
    obj = job(running(succeeded=3), completions=5, parallelism=4)
    assert len(sync(obj, [], NOW, SETTINGS).create) == 2


def test_surplus_pods_go_least_far_first() -> None:
    obj = job(running(active=2), completions=5, parallelism=1)
    plan = sync(obj, [pod("a", "Pending"), pod("b", "Running")], NOW, SETTINGS)
    assert names(plan.delete_uncounted) == ["a"]


def test_replacement_waits_longer_after_each_failure() -> None:
    failed = pod("a", "Failed", tracked=False, finished=STAMP)
    once = sync(job(running(failed=1)), [failed], NOW + timedelta(seconds=4), SETTINGS)
    assert (once.create, once.requeue) == ((), 6.0)
    twice = [failed, pod("b", "Failed", tracked=False, finished=STAMP)]
    assert sync(job(running(failed=2)), twice, NOW + timedelta(seconds=4), SETTINGS).requeue == 16.0
    assert len(sync(job(running(failed=1)), [failed], NOW + timedelta(seconds=10), SETTINGS).create) == 1


def test_success_ends_the_back_off() -> None:
    pods = [
        pod("a", "Failed", tracked=False, finished="2026-11-22T11:59:58Z"),
        pod("b", "Succeeded", tracked=False, finished=STAMP),
    ]
    plan = sync(job(running(failed=1, succeeded=1), completions=3, parallelism=1), pods, NOW, SETTINGS)
    assert len(plan.create) == 1


def test_suspended_job_lets_its_pods_go_uncounted() -> None:
    plan = sync(job(running(active=1), suspend=True), [pod("a", "Running")], NOW, SETTINGS)
    assert names(plan.delete_uncounted) == ["a"]
    assert kinds(plan.status) == {"Suspended": "JobSuspended"}
    assert plan.events == (Event("Normal", "Suspended", "Job suspended"),)


def test_job_made_suspended_has_no_start_time() -> None:
    plan = sync(job(suspend=True), [], NOW, SETTINGS)
    assert "startTime" not in plan.status
    assert plan.create == ()


def test_suspension_counts_no_failure() -> None:
    gone = pod("a", "Failed", tracked=False, deleting=True, exit_code=143)
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [143]}}]
    obj = job(running(), suspend=True, podFailurePolicy={"rules": rules})
    assert kinds(sync(obj, [gone], NOW, SETTINGS).status) == {"Suspended": "JobSuspended"}


def test_resumed_job_starts_its_clock_anew() -> None:
    before = sync(job(running(), suspend=True), [], NOW - timedelta(seconds=30), SETTINGS)
    plan = sync(job(before.status, activeDeadlineSeconds=10), [], NOW, SETTINGS)
    assert plan.status["startTime"] == STAMP
    assert plan.status["conditions"][0]["reason"] == "JobResumed"
    assert plan.events == (Event("Normal", "Resumed", "Job resumed"),)
    assert len(plan.create) == 1


def test_news_of_running_pods_alone_may_wait() -> None:
    ready = [{"type": "Ready", "status": "True"}]
    plan = sync(job(running(active=1)), [pod("a", "Running", conditions=ready)], NOW, SETTINGS)
    assert plan.lazy
    assert plan.status == running(active=1, ready=1)
