"""Event streams: what they say first, what then, when they end, and how many there may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.room import of_application
from tests.api.asserting import ANSWER_FIELDS, assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster

ONE = "/requests/fox/events"
ALL = "/requests/events"
DONE = {"phase": "Succeeded", "settled": True, "progress": {"percent": 100}}


class Stream:
    """An open stream, read an event at a time."""

    def __init__(self, response: TestResponse) -> None:
        self._texts = response.iter_encoded()

    def next(self) -> tuple[str, str, Any]:
        """Return kind, id and data of the next event; a heartbeat is of the kind `:`."""
        text = next(self._texts).decode()
        assert text.endswith("\n\n")
        if text.startswith(":"):
            return ":", "", None
        fields = dict(line.split(": ", 1) for line in text.strip().splitlines())
        if "retry" in fields:
            assert fields == {"retry": "2000"}
            return self.next()
        return fields["event"], fields.get("id", ""), json.loads(fields["data"])

    def rest(self) -> list[str]:
        """Return the kinds of all events until the end."""
        kinds = []
        while True:
            try:
                kinds.append(self.next()[0])
            except StopIteration:
                return kinds


@contextmanager
def streaming(client: FlaskClient, address: str, seen: str = "") -> Iterator[Stream]:
    """Open a stream and close it at the end, as a client that goes away does."""
    headers = {"Last-Event-ID": seen} if seen else {}
    response = client.get(address, headers=headers, buffered=False)
    try:
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        yield Stream(response)
    finally:
        response.close()


@pytest.fixture
def fox(client: FlaskClient, cluster: FakeCluster) -> str:
    """Make a request; its version."""
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    return str(cluster.get("fox")["metadata"]["resourceVersion"])


def test_stream_of_one_begins_with_its_state_and_ends_with_its_end(
    client: FlaskClient, cluster: FakeCluster, fox: str
) -> None:
    with streaming(client, ONE) as stream:
        kind, number, first = stream.next()
        assert (kind, number, first["phase"], list(first)) == ("request", fox, "Pending", ANSWER_FIELDS)

        second = cluster.set_status("fox", {"phase": "Counting", "progress": {"percent": 60}})
        kind, number, body = stream.next()
        assert (kind, number, body["progress"]) == ("request", second, {"percent": 60})

        third = cluster.set_status("fox", DONE)
        kind, number, body = stream.next()
        assert (kind, number, body["phase"]) == ("request", third, "Succeeded")
        assert body == client.get("/requests/fox").get_json()
        assert stream.rest() == ["end"]


def test_state_that_is_known_is_not_told_again(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    with streaming(client, ONE, seen=fox) as stream:
        version = cluster.set_status("fox", DONE)
        assert stream.next()[:2] == ("request", version)
    with streaming(client, ONE, seen=fox) as stream:
        assert stream.next()[:2] == ("request", version)
    response = client.get(ONE, headers={"Last-Event-ID": version})
    assert (response.status_code, response.data) == (204, b"")


def test_deletion_ends_the_stream_of_one(client: FlaskClient, fox: str) -> None:
    with streaming(client, ONE) as stream:
        stream.next()
        client.delete("/requests/fox")
        kind, _, data = stream.next()
        assert (kind, data) == ("deleted", {"name": "fox"})
        assert stream.rest() == ["end"]
    assert_problem(client.get(ONE), 404, "RequestMissing")


def test_quiet_stream_says_that_it_is_there(make: Callable[..., Flask], cluster: FakeCluster, fox: str) -> None:
    client = make(TEXTMILL_HEARTBEAT_SECONDS=0.01).test_client()

    for address, before in ((ONE, 1), (ALL, 2)):
        with streaming(client, address) as stream:
            assert [stream.next()[0] for _ in range(before + 2)][before:] == [":", ":"]


def test_stream_of_all_begins_with_what_is_live_and_goes_on(
    client: FlaskClient, cluster: FakeCluster, fox: str
) -> None:
    client.post("/upload?name=old", data=b"x", content_type="text/plain")
    last = cluster.set_status("old", DONE)

    with streaming(client, ALL) as stream:
        kind, number, body = stream.next()
        assert (kind, number, body["name"]) == ("request", "", "fox")
        assert stream.next() == ("synced", last, {})
        version = cluster.set_status("fox", DONE)
        assert stream.next()[:2] == ("request", version)
        client.delete("/requests/fox")
        assert stream.next()[0] == "deleted"


def test_stream_of_all_goes_on_where_it_was_cut(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    with streaming(client, ALL) as stream:
        stream.next()
        _, seen, _ = stream.next()
        missed = cluster.set_status("fox", {"phase": "Counting"})
        stream.next()

    with streaming(client, ALL, seen=seen) as stream:
        assert stream.next()[:2] == ("request", missed)
        version = cluster.set_status("fox", DONE)
        assert stream.next()[:2] == ("request", version)


def test_stream_of_all_says_when_it_cannot_go_on(client: FlaskClient, fox: str) -> None:
    with streaming(client, ALL, seen="77777") as stream:
        assert [stream.next()[0] for _ in range(3)] == ["reset", "request", "synced"]


def test_new_list_resets_those_who_follow_all(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    with streaming(client, ALL) as stream:
        assert [stream.next()[0] for _ in range(2)] == ["request", "synced"]
        cluster.forget()
        assert [stream.next()[0] for _ in range(3)] == ["reset", "request", "synced"]


def test_one_watch_serves_all_streams(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    with streaming(client, ONE) as one, streaming(client, ALL) as every, streaming(client, ONE) as other:
        for stream in (one, every, other):
            stream.next()
    assert cluster.calls.count("watch") == 1


def test_streams_past_the_last_place_are_told_to_come_again(make: Callable[..., Flask], fox: str) -> None:
    application = make(TEXTMILL_STREAMS=2)
    client = application.test_client()

    with streaming(client, ONE), streaming(client, ALL):
        for address in (ONE, ALL, "/requests/fox?wait=1s"):
            problem = assert_problem(client.get(address), 503, "TooManyStreams")
            assert problem["retryable"] is True
        assert_answer(client.get("/requests/fox"))
        assert b"textmill_streams_open_count 2.0" in client.get("/metrics").data

    assert b"textmill_streams_open_count 0.0" in client.get("/metrics").data
    for _ in range(3):
        assert_problem(client.get("/requests/none/events"), 404, "RequestMissing")
    with streaming(client, ONE), streaming(client, ALL):
        pass


def test_stop_ends_every_stream_without_an_end_event(make: Callable[..., Flask], fox: str) -> None:
    application = make()
    client = application.test_client()

    with streaming(client, ONE) as one, streaming(client, ALL) as every:
        one.next()
        every.next()
        every.next()
        of_application(application).watch.begin_to_stop()
        assert one.rest() == every.rest() == []


def test_stream_without_a_cluster_is_a_problem(make: Callable[..., Flask], cluster: FakeCluster) -> None:
    cluster.away()
    client = make(TEXTMILL_CLUSTER_TIMEOUT=0.05).test_client()

    for address in (ONE, ALL, "/requests/fox?wait=1s"):
        assert_problem(client.get(address), 503, "ClusterAway")
    assert b"textmill_streams_open_count 0.0" in client.get("/metrics").data


def test_watch_that_was_away_tells_what_was_missed(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    with streaming(client, ONE) as stream:
        stream.next()
        cluster.away()
        version = cluster.set_status("fox", DONE)
        cluster.back()
        assert stream.next()[:2] == ("request", version)


@pytest.mark.parametrize("address", [ONE, ALL])
def test_streams_take_no_parameters(client: FlaskClient, fox: str, address: str) -> None:
    assert_problem(client.get(address, query_string={"wait": "1"}), 400, "FieldUnknown")


def test_request_cannot_take_the_name_of_an_address(client: FlaskClient, cluster: FakeCluster) -> None:
    assert_problem(client.post("/upload?name=events", data=b"x", content_type="text/plain"), 400, "FieldInvalid")
    assert cluster.names() == []
