"""The definition and the domain say the same: names, defaults, phases, and every status that the planner can write."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from tests.resource.definition import CRD, ROOT, SCHEMA, V1, Json, fields, leaves
from textmill import names, notices, transitions, waiting
from textmill.actions import Write
from textmill.bounds import BOUNDS
from textmill.errors import ADVICE, Reason
from textmill.glimpses import Glimpse
from textmill.limits import Limits
from textmill.orders import OnError
from textmill.outcomes import after_failure, after_reports
from textmill.picture import Job, Member
from textmill.request import ENDS, Notify, Phase, Request, Spec, to_time

SPEC_NODES: dict[str, Json] = SCHEMA["properties"]["spec"]["properties"]
KNOWN = {"status", *fields("status")}
NOW = 1_800_000_000.0

OBSERVED = {"bytes": 5, "encoding": "cp1252", "guessed": True, "invalidBytes": 1, "sha256": "a" * 64}
OBSERVED |= {"textBytes": 9, "compression": "gzip", "format": "text"}
FILE = {"bytes": 1, "sha256": "a" * 64}
RESULT: Json = {
    "bytes": 5,
    "tokens": 2,
    "distinctWords": 1,
    "topWords": [{"word": "x", "count": 2}],
    "table": {"path": "results/a/b", "formatVersion": 1, "arrow": FILE, "csv": FILE},
}
JOB = {"name": "a-t-1", "members": 1, "shards": 2, "parallelism": 2, "startedAt": to_time(NOW)}


def _request(raw: Json | None = None, **spec: Any) -> Request:
    meta = {"uid": "u", "name": "a", "namespace": "default", "resourceVersion": "1"}
    return Request.parse({"metadata": meta, "spec": {"input": {"path": "x"}, **spec}, "status": raw or {}})


def _left(why: str) -> Json:
    job = Job("j", "a-t-1", "default", "tokenize", (Member("u", "a"),), 1, 1, NOW)
    outcome = after_reports(_request(), job, [{"id": "u", "outcome": "left", "why": why, "bytes": 5}], Limits(), NOW)
    assert isinstance(outcome, Write)
    return outcome.status


def _written(write: Write | None) -> Json:
    assert write is not None
    return write.status


def _tokenized() -> Json:
    return transitions.tokenized({}, OBSERVED, NOW, path="work/a/b", shards=2, count=2)


WRITTEN: dict[str, Callable[[], Any]] = {
    "intend tokenize": lambda: transitions.intend({}, "tokenize", JOB, NOW),
    "intend count": lambda: transitions.intend(_tokenized(), "count", JOB, NOW),
    "tokenized": _tokenized,
    "succeed": lambda: transitions.succeed(_request(_tokenized()), RESULT, NOW).status,
    "fail": lambda: transitions.fail(_request(), Reason.NOT_TEXT, "why", NOW).status,
    "suspend": lambda: transitions.suspend(_request(), NOW).status,
    "resume": lambda: transitions.resume(_request(), NOW).status,
    "split": lambda: transitions.requeue(_request(), "BatchSplit", "why", NOW, batchLimit=1).status,
    "retry": lambda: transitions.retry(_request(), Reason.POD_LOST, "why", NOW, delay=5).status,
    "progress": lambda: transitions.progress(_request(), {"percent": 5}).status,
    "bytes done": lambda: transitions.progress(_request(), _far()).status,
    "attempt": lambda: transitions.attempt(_request(), NOW).status,
    "unanswered": lambda: transitions.unanswered(_request(), "why", NOW).status,
    "delivered": lambda: transitions.delivered(_request(), NOW).status,
    "give up": lambda: transitions.give_up(_request(), "why", NOW).status,
    "try again": lambda: after_failure(_request(), Reason.INPUT_MISSING, "why", Limits(), NOW).status,
    "stop the clock": lambda: _written(waiting.stop_clock(_request(), "why", NOW)),
    "queued": lambda: _written(waiting.queued(_request({}), NOW)),
    "start over": lambda: transitions.start_over(_request(), NOW).status,
    "left slow": lambda: _left("Slow"),
    "left too big": lambda: _left("TooBig"),
    "left not shardable": lambda: _left("NotShardable"),
}


def _far() -> dict[str, Any]:
    return transitions.bytes_done(Glimpse("u", 1, 2, 3), "tokenize", NOW)


def test_names_are_the_domains() -> None:
    spec = CRD["spec"]
    assert (spec["group"], V1["name"], spec["names"]["kind"], spec["names"]["plural"]) == (
        names.GROUP,
        names.VERSION,
        names.KIND,
        names.PLURAL,
    )
    assert CRD["metadata"]["name"] == f"{names.PLURAL}.{names.GROUP}"


def test_defaults_are_the_domains() -> None:
    defaults = {name: node["default"] for name, node in SPEC_NODES.items() if "default" in node}
    assert Spec.parse({"input": {}}) == Spec.parse({"input": {}} | defaults)
    assert len(defaults) == 8
    given: Json = {"url": "https://example.org", "secretRef": {"name": "x"}}
    key = SPEC_NODES["notify"]["properties"]["secretRef"]["properties"]["key"]["default"]
    assert Spec.parse({"notify": given}).notify == Notify("https://example.org", "x", key)


def test_addresses_are_the_domains() -> None:
    rule = SPEC_NODES["notify"]["properties"]["url"]["x-kubernetes-validations"][0]["rule"]
    assert "".join(re.findall(r"r'(.*?)'", rule)) == f"^{notices.ADDRESS.pattern}$".replace('\\"', '"')
    assert SPEC_NODES["notify"]["properties"]["url"]["maxLength"] == notices.ADDRESS_LIMIT


def test_every_option_reaches_the_domain() -> None:
    changed: Json = {
        "encoding": "utf-16",
        "errors": "strict",
        "topWords": 1,
        "priority": 1,
        "suspend": True,
        "fresh": True,
        "timeoutSeconds": 1,
        "retries": 1,
        "ttlSecondsAfterFinished": 1,
        "notify": {"url": "https://example.org", "secretRef": {"name": "x"}},
    }
    assert {"input", *changed} == set(SPEC_NODES)
    plain = _request().spec  # of a whole object: what its shape does not name is lost on the way
    assert [name for name, value in changed.items() if _request(**{name: value}).spec == plain] == []


def test_bounds_are_the_definitions() -> None:
    found = {name: (node["minimum"], node["maximum"]) for name, node in SPEC_NODES.items() if node["type"] == "integer"}
    assert found == BOUNDS


def test_bounds_of_the_form_are_the_definitions() -> None:
    form = (ROOT / "app" / "templates" / "home.html").read_text(encoding="utf-8")
    shown = re.findall(r'type="number"[^>]* name="(\w+)" min="(-?\d+)" max="(\d+)"', form)
    assert shown
    assert {name: (int(low), int(high)) for name, low, high in shown}.items() <= BOUNDS.items()


def test_errors_are_the_domains() -> None:
    assert tuple(SPEC_NODES["errors"]["enum"]) == get_args(OnError)


def test_phases_are_the_domains() -> None:
    phase = fields("status")["status.phase"]
    assert tuple(phase["enum"]) == get_args(Phase)
    assert phase["x-kubernetes-validations"][0]["rule"].endswith(str(list(ENDS)) + ")")


def test_status_defaults_are_a_new_requests() -> None:
    status = _request(SCHEMA["properties"]["status"]["default"]).status
    assert replace(status, raw={}).phase == status.phase
    assert not status.settled
    nested = {name: node["default"] for name, node in fields("status").items() if "default" in node}
    assert nested == {
        "status.phase": "Pending",
        "status.settled": False,
        "status.progress": {"percent": 0},
        "status.progress.percent": 0,
    }


@pytest.mark.parametrize("name", WRITTEN)
def test_status_written_by_the_planner_is_kept_whole(name: str) -> None:
    status = WRITTEN[name]()
    assert status
    assert set(leaves("status", status)) - KNOWN == set()


def test_written_statuses_use_every_field() -> None:
    written = {found for make in WRITTEN.values() for found in leaves("status", make())}
    assert KNOWN - written == set()


def test_reasons_and_conditions_fit_their_fields() -> None:
    condition = fields("status")
    longest = max(len(reason) for reason in ADVICE)
    assert longest <= condition["status.conditions[].reason"]["maxLength"]
    assert condition["status.conditions[].message"]["maxLength"] >= 1024
    assert condition["status.conditions"]["maxItems"] >= 5
