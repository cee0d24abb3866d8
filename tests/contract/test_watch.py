"""Watches: where they start, what a selection makes of a change, and how a client learns that it is late."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tests.contract.client import TABLE, Client, Json
from tests.contract.widgets import widget


def seen(events: Iterator[Json], count: int) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in itertools.islice(events, count)]


def test_watch_from_a_list_shows_what_came_after(api: Client, home: str) -> None:
    api.create(home, widget("before"))
    since = api.get(home).version
    api.create(home, widget("after"))
    with api.watching(home, resourceVersion=since) as events:
        assert seen(events, 1) == [("ADDED", "after")]
        api.patch(f"{home}/before", {"spec": {"size": 6}})
        api.delete(f"{home}/after")
        assert seen(events, 2) == [("MODIFIED", "before"), ("DELETED", "after")]


def test_watch_without_version_begins_with_what_is_there(api: Client, home: str) -> None:
    api.create(home, widget("one"))
    api.create(home, widget("two"))
    with api.watching(home) as events:
        assert sorted(seen(events, 2)) == [("ADDED", "one"), ("ADDED", "two")]
        api.create(home, widget("three"))
        assert seen(events, 1) == [("ADDED", "three")]


def test_leaving_the_selection_is_deletion_with_the_former_content(api: Client, home: str) -> None:
    api.create(home, widget())
    since = api.get(home).version
    with api.watching(home, resourceVersion=since, fieldSelector="status.settled!=true") as events:
        running = api.patch(f"{home}/one/status", {"status": {"phase": "Running"}}).body
        settled = api.patch(f"{home}/one/status", {"status": {"phase": "Succeeded", "settled": True}}).body
        api.patch(f"{home}/one", {"metadata": {"labels": {"unseen": "yes"}}})
        api.patch(f"{home}/one/status", {"status": {"settled": False}})
        first, second, third = itertools.islice(events, 3)
    assert (first["type"], first["object"]["status"]) == ("MODIFIED", running["status"])
    assert (second["type"], second["object"]["status"]) == ("DELETED", running["status"])
    assert second["object"]["metadata"]["resourceVersion"] == settled["metadata"]["resourceVersion"]
    assert (third["type"], third["object"]["status"]["settled"]) == ("ADDED", False)


def test_end_of_an_object_has_the_version_of_its_end(api: Client, home: str) -> None:
    made = api.create(home, widget()).body
    with api.watching(home, resourceVersion=made["metadata"]["resourceVersion"]) as events:
        api.delete(f"{home}/one")
        event = next(events)
    assert event["type"] == "DELETED"
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_watch_of_one_name_sees_that_one(api: Client, home: str) -> None:
    since = api.get(home).version
    with api.watching(home, resourceVersion=since, fieldSelector="metadata.name=two") as events:
        api.create(home, widget("one"))
        api.create(home, widget("two"))
        assert seen(events, 1) == [("ADDED", "two")]


def test_watch_from_long_ago_is_told_that_it_is_gone(api: Client, home: str) -> None:
    with api.watching(home, resourceVersion=1) as events:
        event = next(events)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_watch_ends_at_its_time(api: Client, home: str) -> None:
    since = api.get(home).version
    with api.watching(home, resourceVersion=since, timeoutSeconds=1) as events:
        assert list(events) == []


def test_streaming_list_marks_its_end(api: Client, home: str) -> None:
    api.create(home, widget())
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with api.watching(home, **query) as events:
        first, mark = itertools.islice(events, 2)
    assert (first["type"], mark["type"]) == ("ADDED", "BOOKMARK")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(mark["object"]["metadata"]["resourceVersion"]) >= int(first["object"]["metadata"]["resourceVersion"])


def test_streaming_list_needs_its_match(api: Client, home: str) -> None:
    assert api.get(home, watch="true", sendInitialEvents="true").status in (400, 422)


def test_watch_as_table_has_rows(api: Client, home: str) -> None:
    api.create(home, widget())
    with api.watching(home, accept=TABLE) as events:
        first = next(events)["object"]
        api.patch(f"{home}/one/status", {"status": {"phase": "Running"}})
        second = next(events)["object"]
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Phase", "Size", "Ready", "Age"]
    assert (first["kind"], first["rows"][0]["cells"][:2]) == ("Table", ["one", "Pending"])
    assert second["rows"][0]["cells"][:2] == ["one", "Running"]
