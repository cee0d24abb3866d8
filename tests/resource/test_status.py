"""The status: its defaults, what the API server protects in it, and what people select and see by it."""

from __future__ import annotations

import pytest

from tests.resource.api import TABLE, Api
from tests.resource.conftest import Make
from tests.resource.definition import SCHEMA, Json

SPEC: Json = {"input": {"inline": "x"}}
NEW: Json = SCHEMA["properties"]["status"]["default"]
WELL: Json = {"phase": "Succeeded", "settled": True, "progress": {"percent": 100}}
BADLY: Json = {"phase": "Failed", "settled": True, "progress": {"percent": 50}}

END_KEPT = (
    "status.phase",
    "Forbidden: this request has ended and keeps its phase: create a new request to do the work again",
)
SETTLED_KEPT = ("status.settled", "Forbidden: a settled request stays settled")


def _condition(kind: str, status: str, reason: str) -> Json:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "",
        "lastTransitionTime": "2026-11-22T00:00:00Z",
    }


def test_new_request_is_pending_on_read(api: Api, make: Make) -> None:
    assert api.read(make(SPEC))["status"] == NEW


def test_status_of_a_new_request_ignored(api: Api) -> None:
    assert api.create("with-status", SPEC, status=WELL).status == 201
    assert api.read("with-status")["status"] == NEW
    assert api.call("DELETE", api.path("with-status")).status == 200


def test_status_beside_a_spec_ignored(api: Api, make: Make) -> None:
    name = make(SPEC)
    body = api.read(name) | {"status": WELL}
    assert api.call("PUT", api.path(name), body).body["status"] == NEW


def test_status_has_one_owner_as_a_whole(api: Api, make: Make) -> None:
    name = make(SPEC)
    conditions = [_condition("Accepted", "True", "Started")]
    written = api.replace(name, "status", NEW | {"phase": "Counting", "conditions": conditions}).body
    owned = [one["fieldsV1"] for one in written["metadata"]["managedFields"] if one.get("subresource") == "status"]
    assert owned == [{"f:status": {}}]


@pytest.mark.parametrize("end", [WELL, BADLY], ids=["well", "badly"])
@pytest.mark.parametrize(
    "after", [NEW, NEW | {"phase": "Counting"}, {}], ids=["back to the start", "back to counting", "removed"]
)
def test_end_left_refused(api: Api, make: Make, end: Json, after: Json) -> None:
    name = make(SPEC)
    assert api.replace(name, "status", end).status == 200
    answer = api.replace(name, "status", after)
    assert (answer.status, sorted(answer.causes)) == (422, [END_KEPT, SETTLED_KEPT])


def test_one_end_for_the_other_refused(api: Api, make: Make) -> None:
    name = make(SPEC)
    assert api.replace(name, "status", BADLY).status == 200
    answer = api.replace(name, "status", WELL)
    assert (answer.status, answer.causes) == (422, [END_KEPT])


def test_ended_request_can_be_settled_later(api: Api, make: Make) -> None:
    name = make(SPEC)
    assert api.replace(name, "status", BADLY | {"settled": False}).status == 200
    assert api.replace(name, "status", BADLY).status == 200


def test_ended_request_takes_more_status_and_another_ttl(api: Api, make: Make) -> None:
    name = make(SPEC)
    assert api.replace(name, "status", WELL).status == 200
    assert api.replace(name, "status", WELL | {"completionTime": "2026-11-22T00:00:00Z"}).status == 200
    assert api.replace(name, "spec", SPEC | {"ttlSecondsAfterFinished": 1}).status == 200
    assert api.read(name)["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("phase", ["Pending", "Suspended", "Tokenizing", "Counting"])
def test_settled_before_the_end_refused(api: Api, make: Make, phase: str) -> None:
    answer = api.replace(make(SPEC), "status", {"phase": phase, "settled": True})
    assert answer.status == 422
    assert [field for field, _ in answer.causes] == ["status"]
    assert answer.causes[0][1].startswith("Invalid value")
    assert "only a request in phase Succeeded or Failed can be settled" in answer.causes[0][1]


def test_two_conditions_of_one_type_refused(api: Api, make: Make) -> None:
    twice = [_condition("Finished", "True", "Failed"), _condition("Finished", "False", "Failed")]
    answer = api.replace(make(SPEC), "status", BADLY | {"conditions": twice})
    assert (answer.status, [field for field, _ in answer.causes]) == (422, ["status.conditions[1]"])


def test_requests_selected_by_phase_and_settled(api: Api, make: Make) -> None:
    waiting, well, badly = make(SPEC), make(SPEC), make(SPEC)
    assert api.replace(well, "status", WELL).status == 200
    assert api.replace(badly, "status", BADLY).status == 200
    assert _names(api, "status.phase=Failed") == [badly]
    assert _names(api, "status.phase%21=Failed,status.settled=true") == [well]
    assert _names(api, "status.settled%21=true") == [waiting]
    assert _names(api, "status.settled=false,status.phase=Pending") == [waiting]


def test_requests_selected_by_whether_they_have_a_time_to_live(api: Api, make: Make) -> None:
    kept, brief, at_once = make(SPEC), *(make(SPEC | {"ttlSecondsAfterFinished": seconds}) for seconds in (60, 0))
    assert _names(api, "spec.ttlSecondsAfterFinished%21=") == sorted([brief, at_once])
    assert _names(api, "spec.ttlSecondsAfterFinished=") == [kept]
    assert _names(api, "status.settled%21=true,spec.ttlSecondsAfterFinished=60") == [brief]


def _names(api: Api, selector: str) -> list[str]:
    answer = api.call("GET", api.path(query=f"fieldSelector={selector}"))
    assert answer.status == 200, answer.body
    return [one["metadata"]["name"] for one in answer.body["items"]]


def test_columns_show_phase_progress_tokens_words(api: Api, make: Make) -> None:
    name = make(SPEC | {"priority": 7})
    status = WELL | {
        "input": {"bytes": 5},
        "progress": {"percent": 100, "bytesPerSecond": 4},
        "result": {"bytes": 5, "tokens": 2, "distinctWords": 1, "topWords": [{"word": "x", "count": 2}]},
        "conditions": [_condition("Finished", "True", "Succeeded"), _condition("Succeeded", "True", "Counted")],
    }
    assert api.replace(name, "status", status).status == 200
    table = api.call("GET", api.path(name), Accept=TABLE).body
    titles = [(column["name"], column["priority"]) for column in table["columnDefinitions"]]
    assert titles == [
        *((title, 0) for title in ("Name", "Phase", "Progress%", "Words", "Distinct", "Age")),
        *((title, 1) for title in ("Reason", "Bytes", "Bytes/s", "Priority")),
    ]
    cells = table["rows"][0]["cells"]
    assert [*cells[:5], *cells[6:]] == [name, "Succeeded", 100, 2, 1, "Counted", 5, 4, 7]
