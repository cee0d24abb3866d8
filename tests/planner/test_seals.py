"""Seals of worker reports that do not hold: each is told as such, and none stops the operator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from textmill import reports
from textmill.errors import BadObject, SealBroken
from textmill.picture import Job, Pod

UID = "11111111-2222-4333-8444-555555555555"
GOOD = reports.line(reports.failed(UID, "NotText", "no text"))
DEEP = "[" * 100_000


def sealed(*lines: str, **changes: Any) -> str:
    """Return a termination message whose seal says something else than it should."""
    head, _, rest = reports.seal(lines).partition("\n")
    claim = {**json.loads(head.removeprefix(reports.SEAL)), **changes}
    return f"{reports.SEAL}{json.dumps(claim)}\n{rest}"


def test_good_seal_gives_its_reports() -> None:
    assert reports.unseal(sealed(GOOD)) == [reports.failed(UID, "NotText", "no text")]
    assert reports.unseal(sealed()) == []


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("", "no seal in the termination message: ''"),
        ("Killed", "no seal in the termination message: 'Killed'"),
        (reports.SEAL, "unreadable seal"),
        (f"{reports.SEAL}3", "unreadable seal"),
        (f"{reports.SEAL}{{}}", "unreadable seal"),
        (f"{reports.SEAL}{DEEP}", "unreadable seal"),
        (sealed(GOOD, format=2), "report format 2, this operator reads 1"),
        (sealed(GOOD, lines=2), "1 report lines where the seal says 2"),
        (sealed(GOOD, sha256="0" * 64), "the report lines do not have the digest"),
    ],
    ids=range(9),
)
def test_seal_that_does_not_hold_says_why(message: str, told: str) -> None:
    with pytest.raises(SealBroken, match=told):
        reports.unseal(message)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "a report line is no JSON"),
        (DEEP, "a report line is no JSON"),
        ("3", "a report line names no request"),
        ("{}", "a report line names no request"),
        ('{"id":1}', "a report line names no request"),
    ],
    ids=range(5),
)
def test_sealed_line_that_is_no_report_says_why(text: str, told: str) -> None:
    line = f"{reports.PREFIX}{text}"
    with pytest.raises(SealBroken, match=told):
        reports.unseal(reports.seal([line]), f"{line}\n")


def test_log_may_hold_anything_else() -> None:
    lines = [reports.line(reports.failed(f"{number:08d}", "NotText", "x" * 500)) for number in range(20)]
    message = reports.seal(lines)
    log = "\n".join(["Traceback", *lines[:7], "", *lines[7:], "bye"])
    assert not reports.sealed_inside(message)
    assert len(reports.unseal(message, log)) == 20
    with pytest.raises(SealBroken, match="19 report lines where the seal says 20"):
        reports.unseal(message, "\n".join(lines[1:]))


def test_members_of_a_job_that_cannot_be_read_are_a_bad_object() -> None:
    body: dict[str, Any] = {"metadata": {"name": "j", "namespace": "n", "uid": UID}, "spec": {}}
    body["metadata"]["labels"] = {"textmill.dev/stage": "count"}
    for text in ("", "3", DEEP, '[["a"]]', "[[[], 1]]", '[["a", 5]]'):
        body["metadata"]["annotations"] = {"textmill.dev/members": text}
        with pytest.raises(BadObject):
            Job.parse(body)


@pytest.mark.parametrize("index", ["x", "", "-1", "٣"])
def test_pod_of_no_index_is_a_bad_object(index: str) -> None:
    annotations = {"batch.kubernetes.io/job-completion-index": index}
    body = {"metadata": {"name": "p", "namespace": "n", "uid": UID, "annotations": annotations}}
    with pytest.raises(BadObject, match="Pod n/p does not say which index"):
        Pod.parse(body)
