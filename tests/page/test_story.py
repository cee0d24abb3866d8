"""Conditions and events in plain words: each known one has its sentence, an unknown one is shown as it is."""

from __future__ import annotations

import pytest

from app import story

TIME = "2026-11-27T10:00:00Z"


def _condition(kind: str, status: str, reason: str = "R", message: str = "What happened.") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": TIME}


@pytest.mark.parametrize(
    ("kind", "status", "reason", "title", "tone"),
    [
        ("Accepted", "True", "Started", "Taken up by the operator", "good"),
        ("Tokenized", "False", "PodLost", "To be cut into words once more", "open"),
        ("Counted", "Unknown", "Counting", "Being counted", "open"),
        ("Finished", "True", "Succeeded", "Over", "good"),
        ("Finished", "True", "NotText", "Over", "bad"),
        ("Succeeded", "False", "NotText", "It failed", "bad"),
        ("Succeeded", "Unknown", "Counting", "Under way", "open"),
        ("Painted", "Maybe", "R", "Painted: Maybe", "open"),
    ],
)
def test_condition_becomes_a_sentence(kind: str, status: str, reason: str, title: str, tone: str) -> None:
    (step,) = story.conditions({"conditions": [_condition(kind, status, reason)]})

    assert step == story.Step(title, "What happened.", TIME, tone, reason)


def test_same_message_twice_is_said_once() -> None:
    both = [_condition("Finished", "True"), _condition("Succeeded", "True")]

    assert [one.text for one in story.conditions({"conditions": both})] == ["What happened.", ""]


def test_request_that_nobody_has_seen_has_no_conditions() -> None:
    assert story.conditions({}) == []


def test_events_come_in_their_order_whatever_names_their_time() -> None:
    found: list[dict[str, object]] = [
        {"reason": "NotText", "message": "No.", "type": "Warning", "lastTimestamp": "2026-11-27T10:00:02Z", "count": 3},
        {"reason": "Succeeded", "message": "Yes.", "type": "Normal", "eventTime": "2026-11-27T10:00:01.000000Z"},
        {"metadata": {"creationTimestamp": TIME}, "count": None},
    ]

    steps = story.events(found)

    assert [(one.title, one.tone, one.times) for one in steps] == [
        ("", "open", 1),
        ("Succeeded", "good", 1),
        ("NotText", "bad", 3),
    ]


@pytest.mark.parametrize(
    ("ended", "text"),
    [
        ("2026-11-27T10:00:00Z", "less than a second"),
        ("2026-11-27T10:00:59Z", "59 s"),
        ("2026-11-27T10:01:05Z", "1 min 5 s"),
        ("2026-11-27T12:02:05Z", "2 h 2 min"),
        (None, ""),
    ],
)
def test_time_that_it_took_is_said_as_people_do(ended: str | None, text: str) -> None:
    assert story.took({"startTime": TIME, "completionTime": ended}) == text
