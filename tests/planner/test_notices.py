"""What is sent at an end and how it is signed: the standard's own example, and secrets of every kind."""

from __future__ import annotations

import base64
import json

import pytest

from textmill import notices
from textmill.errors import BadObject
from textmill.request import Notify, Request, Spec, Status

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"  # of the standard's own example
OTHER = "whsec_" + base64.b64encode(b"k" * 24).decode()


def request(phase: str = "Succeeded") -> Request:
    """Return a request that has ended."""
    why = {"type": "Succeeded", "status": "True", "reason": "Counted", "message": "The words are counted."}
    status = {"phase": phase, "completionTime": "2027-01-15T08:00:00Z", "conditions": [why], "result": {"tokens": 3}}
    return Request("u1", "a", "ns", "7", 0.0, Spec.parse({"notify": None}), Status(status))


def test_signature_is_that_of_the_standards_example() -> None:
    content = b'{"event_type":"ping","data":{"success":true}}'
    made = notices.headers("msg_loFOjxBNrRLzqYUf", 1731705121, content, notices.keys(SECRET))
    assert made == {
        "webhook-id": "msg_loFOjxBNrRLzqYUf",
        "webhook-timestamp": "1731705121",
        "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    }


def test_two_secrets_give_two_signatures() -> None:
    both = notices.headers("m", 1, b"x", notices.keys(f"{SECRET} {OTHER}\n"))["webhook-signature"]
    one = notices.headers("m", 1, b"x", notices.keys(OTHER))["webhook-signature"]
    assert both.split()[1] == one
    assert len(both.split()) == 2


@pytest.mark.parametrize(
    "secret",
    ["", "  ", "secret", "whsec_", "whsec_%%%", "whsec_c2hvcnQ=", f"whsec_{'A' * 92}", " ".join([SECRET] * 5)],
)
def test_secret_that_is_none_is_refused_without_a_character_of_it(secret: str) -> None:
    with pytest.raises(BadObject) as refused:
        notices.keys(secret)
    shown = [word.removeprefix("whsec_") for word in secret.split() if word.startswith("whsec_") and len(word) > 6]
    assert not any(word in str(refused.value) for word in shown)


def test_body_is_the_same_at_each_attempt_and_holds_the_result() -> None:
    content = notices.body(request())
    assert content == notices.body(request())
    said = json.loads(content)
    assert (said["type"], said["timestamp"]) == ("request.succeeded", "2027-01-15T08:00:00Z")
    assert said["data"] == {
        "namespace": "ns",
        "name": "a",
        "uid": "u1",
        "phase": "Succeeded",
        "reason": "Counted",
        "message": "The words are counted.",
        "input": None,
        "result": {"tokens": 3},
    }
    assert notices.identity(request()) == "msg_u1"


def test_failure_has_a_type_of_its_own() -> None:
    assert json.loads(notices.body(request("Failed")))["type"] == "request.failed"


def test_spec_names_the_secret_and_its_key() -> None:
    given = {"url": "https://example.org", "secretRef": {"name": "hook"}}
    assert Spec.parse({"notify": given}).notify == Notify("https://example.org", "hook", "secret")
