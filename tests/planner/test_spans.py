"""What a trace says of a request: its spans, read off a status however it came to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import NOW, request
from textmill import spans
from textmill.names import TRACE_ANNOTATION
from textmill.request import Request, to_time
from textmill.traceparent import checked, trace_id

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def ended(**more: Any) -> Request:
    """Return a request that has ended well."""
    status = {
        "phase": "Succeeded",
        "startTime": to_time(NOW - 9),
        "completionTime": to_time(NOW),
        "conditions": [
            {"type": "Tokenized", "status": "True", "lastTransitionTime": to_time(NOW - 4)},
            {"type": "Succeeded", "status": "True", "reason": "Counted", "message": "The words are counted."},
        ],
        "jobs": {
            "tokenize": {"name": "a-t", "members": 1, "shards": 2, "parallelism": 2, "startedAt": to_time(NOW - 9)},
            "count": {"name": "a-c", "members": 1, "shards": 1, "parallelism": 1, "startedAt": to_time(NOW - 3)},
        },
        "input": {"bytes": 10},
        "result": {"tokens": 3},
        **more,
    }
    return replace(request(age=10), status=replace(request().status, raw=status))


def test_stages_are_parts_of_the_whole() -> None:
    found = spans.of_request(ended())
    assert (found.name, found.start, found.end, found.failure) == ("process", NOW - 10, NOW, None)
    assert [(one.name, one.start, one.end) for one in found.parts] == [
        ("tokenize", NOW - 9, NOW - 4),
        ("count", NOW - 3, NOW),
    ]
    assert found.attributes == {
        "textmill.request": "default/r-u1",
        "textmill.uid": "u1",
        "textmill.phase": "Succeeded",
        "textmill.reason": "Counted",
        "textmill.bytes": 10,
        "textmill.tokens": 3,
    }
    assert found.parts[0].attributes["textmill.job.shards"] == 2


def test_failure_is_the_spans_own() -> None:
    why = {"type": "Succeeded", "status": "False", "reason": "NotText", "message": "It is binary."}
    found = spans.of_request(ended(phase="Failed", conditions=[why], jobs={}, result=None))
    assert (found.failure, found.parts) == ("It is binary.", ())


def test_times_never_run_backwards() -> None:
    late = {"tokenize": {"name": "a-t", "startedAt": to_time(NOW + 5)}}
    found = spans.of_request(ended(jobs=late, completionTime=None))
    assert found.end >= found.start
    assert all(one.end >= one.start for one in found.parts)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        TRACE.upper(),
        TRACE[3:],
        f"{TRACE}\n",
        TRACE.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "x" * 10_000,
    ],
)
def test_what_is_no_traceparent_is_none(text: str | None) -> None:
    assert checked(text) is None
    assert trace_id(checked(text)) is None


def test_traceparent_of_the_resource_reaches_the_domain() -> None:
    meta = {
        "uid": "u",
        "name": "a",
        "namespace": "ns",
        "resourceVersion": "1",
        "annotations": {TRACE_ANNOTATION: TRACE},
    }
    assert Request.parse({"metadata": meta}).trace == TRACE
    assert trace_id(TRACE) == "4bf92f3577b34da6a3ce929d0e0e4736"
