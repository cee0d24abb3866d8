"""Deletion: preconditions, finalizers that hold, pods that wait for their kubelet."""

from __future__ import annotations

from tests.contract.client import Client, Json
from tests.contract.widgets import widget

POD: Json = {
    "metadata": {"name": "one"},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none:1"}], "nodeName": "no-such-node"},
}


def finalized(*names: str) -> Json:
    body = widget()
    body["metadata"]["finalizers"] = list(names)
    return body


def test_delete_answers_success_with_the_uid(api: Client, home: str) -> None:
    uid = api.create(home, widget()).body["metadata"]["uid"]
    answer = api.delete(f"{home}/one")
    assert (answer.status, answer.body["status"]) == (200, "Success")
    assert answer.body["details"] == {"name": "one", "group": "contract.test", "kind": "widgets", "uid": uid}
    assert api.get(f"{home}/one").status == 404
    assert api.delete(f"{home}/one").status == 404


def test_delete_with_other_uid_conflicts(api: Client, home: str) -> None:
    api.create(home, widget())
    answer = api.delete(f"{home}/one", {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}})
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert api.get(f"{home}/one").status == 200


def test_delete_with_stale_version_conflicts(api: Client, home: str) -> None:
    stale = api.create(home, widget()).version
    current = api.patch(f"{home}/one", {"spec": {"size": 6}}).version
    assert api.delete(f"{home}/one", {"preconditions": {"resourceVersion": stale}}).status == 409
    assert api.delete(f"{home}/one", {"preconditions": {"resourceVersion": current}}).status == 200


def test_finalizer_holds_until_it_is_taken_away(api: Client, home: str) -> None:
    api.create(home, finalized("contract.test/hold"))
    marked = api.delete(f"{home}/one").body["metadata"]
    assert "deletionTimestamp" in marked
    assert (marked["deletionGracePeriodSeconds"], marked["generation"]) == (0, 2)
    assert api.delete(f"{home}/one").body["metadata"]["deletionTimestamp"] == marked["deletionTimestamp"]
    released = api.patch(f"{home}/one", {"metadata": {"finalizers": None}})
    assert released.status == 200
    assert api.get(f"{home}/one").status == 404


def test_no_finalizer_is_added_to_the_dying(api: Client, home: str) -> None:
    api.create(home, finalized("contract.test/hold"))
    api.delete(f"{home}/one")
    answer = api.patch(f"{home}/one", {"metadata": {"finalizers": ["contract.test/hold", "contract.test/more"]}})
    assert (answer.status, answer.causes()[0][0]) == (422, "metadata.finalizers")
    api.patch(f"{home}/one", {"metadata": {"finalizers": None}})


def test_unscheduled_pod_goes_at_once(api: Client, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    body = {**POD, "spec": {key: value for key, value in POD["spec"].items() if key != "nodeName"}}
    api.create(pods, body)
    assert api.delete(f"{pods}/one").body["kind"] == "Pod"
    assert api.get(f"{pods}/one").status == 404


def test_pod_on_a_node_waits_for_its_kubelet(api: Client, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    api.create(pods, POD)
    marked = api.delete(f"{pods}/one").body["metadata"]
    assert marked["deletionGracePeriodSeconds"] == 30
    shorter = api.delete(f"{pods}/one", {"gracePeriodSeconds": 5}).body["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5
    assert shorter["deletionTimestamp"] <= marked["deletionTimestamp"]
    assert api.delete(f"{pods}/one", {"gracePeriodSeconds": 0}).status == 200
    assert api.get(f"{pods}/one").status == 404


def test_ended_pod_goes_at_once(api: Client, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    api.create(pods, POD)
    api.patch(f"{pods}/one/status", {"status": {"phase": "Succeeded"}})
    api.delete(f"{pods}/one")
    assert api.get(f"{pods}/one").status == 404


def test_bad_delete_options_are_refused(api: Client, home: str) -> None:
    api.create(home, widget())
    answer = api.delete(f"{home}/one", {"propagationPolicy": "Sideways"})
    assert answer.status in (400, 422)
    assert api.get(f"{home}/one").status == 200
