"""Pods and Jobs as their controllers rely on them."""

from __future__ import annotations

import pytest

from tests.contract.client import Client, Json

CONTAINER: Json = {"name": "main", "image": "none:1", "command": ["true"]}


def job(**spec: object) -> Json:
    template = {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}
    return {"metadata": {"name": "one"}, "spec": {"suspend": True, "template": template, **spec}}


def test_job_is_defaulted_and_tied_to_its_pods(api: Client, namespace: str) -> None:
    made = api.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", job()).body
    spec, uid = made["spec"], made["metadata"]["uid"]
    defaults = {name: spec[name] for name in ("completions", "parallelism", "backoffLimit", "completionMode")}
    assert defaults == {"completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed"}
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert spec["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "one",
        "controller-uid": uid,
        "job-name": "one",
    }
    assert (made["status"], made["metadata"]["generation"]) == ({}, 1)


def test_job_that_never_ends_by_itself_is_refused(api: Client, namespace: str) -> None:
    body = job()
    body["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    answer = api.call("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", body)
    assert "spec.template.spec.restartPolicy" in dict(answer.causes())


def test_indexed_job_needs_completions(api: Client, namespace: str) -> None:
    answer = api.call(
        "POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job(completionMode="Indexed", parallelism=1)
    )
    assert "spec.completions" in dict(answer.causes())


def test_job_keeps_its_template(api: Client, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    api.create(path, job(suspend=False))
    template = {"spec": {"template": {"spec": {"containers": [CONTAINER | {"image": "none:2"}]}}}}
    assert "spec.template" in dict(api.patch(f"{path}/one", template).causes())
    changed = api.patch(f"{path}/one", {"spec": {"suspend": True}}).body
    assert (changed["spec"]["suspend"], changed["metadata"]["generation"]) == (True, 2)


@pytest.mark.parametrize(
    ("pod", "status"),
    [
        ({"nodeSelector": {"disk": "fast"}}, 200),
        ({"tolerations": [{"key": "x", "operator": "Exists"}]}, 200),
        ({"containers": [CONTAINER | {"resources": {"requests": {"cpu": "1"}}}]}, 200),
        ({"containers": [CONTAINER | {"image": "none:2"}]}, 422),
        ({"priorityClassName": "high"}, 422),
    ],
    ids=["selector", "tolerations", "resources", "image", "priority"],
)
def test_job_that_never_ran_may_change_where_its_pods_go(api: Client, namespace: str, pod: Json, status: int) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    api.create(path, job())
    answer = api.patch(f"{path}/one", {"spec": {"template": {"spec": pod}}})
    assert (answer.status, [field for field, _ in answer.causes()]) == (
        status,
        [] if status == 200 else ["spec.template.spec"],
    )


def test_job_status_has_its_own_door(api: Client, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    api.create(path, job())
    status = {"status": {"startTime": "2026-01-01T00:00:00Z", "active": 1}}
    changed = api.patch(f"{path}/one/status", status).body
    assert (changed["status"]["active"], changed["metadata"]["generation"]) == (1, 1)


def pod(**spec: object) -> Json:
    return {"metadata": {"name": "one"}, "spec": {"restartPolicy": "Never", "containers": [CONTAINER], **spec}}


def test_pod_begins_pending_with_defaults(api: Client, namespace: str) -> None:
    made = api.create(f"/api/v1/namespaces/{namespace}/pods", pod()).body
    assert (made["status"]["phase"], made["status"]["qosClass"]) == ("Pending", "BestEffort")
    container = made["spec"]["containers"][0]
    assert container["terminationMessagePath"] == "/dev/termination-log"
    assert (container["imagePullPolicy"], made["spec"]["terminationGracePeriodSeconds"]) == ("IfNotPresent", 30)


def test_pod_without_containers_is_refused(api: Client, namespace: str) -> None:
    answer = api.call("POST", f"/api/v1/namespaces/{namespace}/pods", pod(containers=[]))
    assert dict(answer.causes())["spec.containers"] == "Required value"


def test_pod_with_mount_of_no_volume_is_refused(api: Client, namespace: str) -> None:
    container = CONTAINER | {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    answer = api.call("POST", f"/api/v1/namespaces/{namespace}/pods", pod(containers=[container]))
    assert dict(answer.causes())["spec.containers[0].volumeMounts[0].name"] == 'Not found: "data"'


def test_binding_puts_a_pod_on_its_node_once(api: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod(schedulerName="nobody"))  # or a scheduler that runs may call it unschedulable at the same time
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "one"},
        "target": {"kind": "Node", "name": "n1"},
    }
    assert api.call("POST", f"{path}/one/binding", binding).status == 201
    bound = api.get(path, fieldSelector="spec.nodeName=n1").body["items"][0]
    assert bound["spec"]["nodeName"] == "n1"
    assert [(row["type"], row["status"]) for row in bound["status"]["conditions"]] == [("PodScheduled", "True")]
    assert api.call("POST", f"{path}/one/binding", binding).status == 409


def test_pod_keeps_its_spec(api: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod())
    assert api.patch(f"{path}/one", {"spec": {"dnsPolicy": "Default"}}).status == 422
    assert api.patch(f"{path}/one", {"metadata": {"labels": {"a": "b"}}}).status == 200


def test_log_of_an_unscheduled_pod_is_empty(api: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod())
    assert (api.get(f"{path}/one/log").status, api.get(f"{path}/one/log").message) == (204, "")
    assert api.get(f"{path}/none/log").status == 404


def test_lease_is_guarded_by_its_version(api: Client, namespace: str) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    body = {"metadata": {"name": "one"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 5}}
    made = api.create(path, body).body
    taken = made | {"spec": {"holderIdentity": "b"}}
    assert api.call("PUT", f"{path}/one", taken).status == 200
    assert api.call("PUT", f"{path}/one", taken).status == 409
