"""Lists: selectors, pages of one snapshot, and versions that are asked for."""

from __future__ import annotations

import pytest

from tests.contract.client import Client
from tests.contract.widgets import widget


@pytest.fixture
def five(api: Client, home: str) -> str:
    """Five widgets in every phase that the tests ask for."""
    states = {"a": {}, "b": {"phase": "Running"}, "c": {"phase": "Running", "settled": False},
              "d": {"phase": "Succeeded", "settled": True}, "e": {"phase": "Failed", "settled": True}}  # fmt: skip
    for i, (name, status) in enumerate(states.items()):
        body = widget(name)
        body["metadata"]["labels"] = {"tier": "front" if i < 2 else "back", "rank": str(i)}
        api.create(home, body)
        if status:
            assert api.patch(f"{home}/{name}/status", {"status": status}).status == 200
    return home


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("tier=front", "ab"),
        ("tier==front,rank!=0", "b"),
        ("tier in (front, back)", "abcde"),
        ("tier notin (front)", "cde"),
        ("rank", "abcde"),
        ("!rank", ""),
        ("missing!=x", "abcde"),
        ("rank>2", "de"),
        ("rank<1", "a"),
    ],
)
def test_label_selector_selects(api: Client, five: str, selector: str, names: str) -> None:
    assert api.get(five, labelSelector=selector).names == list(names)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.name=c", "c"),
        ("metadata.name!=c", "abde"),
        ("status.phase=Running", "bc"),
        ("status.phase!=Running,status.phase!=Pending", "de"),
        ("status.settled!=true", "abc"),
        ("status.settled=true", "de"),
        ("status.settled=false", "c"),
    ],
)
def test_field_selector_selects(api: Client, five: str, selector: str, names: str) -> None:
    assert api.get(five, fieldSelector=selector).names == list(names)


def test_field_that_is_not_selectable_is_refused(api: Client, five: str) -> None:
    answer = api.get(five, fieldSelector="spec.size=5")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert "spec.size" in answer.message


def test_broken_label_selector_is_refused(api: Client, five: str) -> None:
    assert api.get(five, labelSelector="tier in (front").status == 400


def test_list_over_all_namespaces_holds_this_one(api: Client, five: str, widget_kind: str, namespace: str) -> None:
    items = api.get(widget_kind).body["items"]
    assert [item["metadata"]["name"] for item in items if item["metadata"]["namespace"] == namespace] == list("abcde")


def test_list_has_kind_and_version(api: Client, five: str) -> None:
    body = api.get(five).body
    assert (body["kind"], body["apiVersion"]) == ("WidgetList", "contract.test/v1")
    assert int(body["metadata"]["resourceVersion"]) > 0


def test_pages_show_one_snapshot(api: Client, five: str) -> None:
    first = api.get(five, limit=2)
    assert (first.names, first.body["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    api.delete(f"{five}/c")
    api.create(five, widget("bb"))
    second = api.get(five, limit=2, **{"continue": first.body["metadata"]["continue"]})
    assert (second.names, second.version) == (["c", "d"], first.version)
    last = api.get(five, limit=2, **{"continue": second.body["metadata"]["continue"]})
    assert last.names == ["e"]
    assert not last.body["metadata"].get("continue")
    assert api.get(five).names == ["a", "b", "bb", "d", "e"]


def test_broken_continue_is_refused(api: Client, five: str) -> None:
    assert api.get(five, limit=2, **{"continue": "nonsense"}).status == 400


def test_list_at_exact_version_shows_the_past(api: Client, five: str) -> None:
    then = api.get(five).version
    api.delete(f"{five}/a")
    assert api.get(five, resourceVersion=then, resourceVersionMatch="Exact").names == list("abcde")
    assert api.get(five, resourceVersion=then, resourceVersionMatch="NotOlderThan").names == list("bcde")


def test_selector_and_pages_go_together(api: Client, five: str) -> None:
    first = api.get(five, limit=1, fieldSelector="status.settled=true")
    assert first.names == ["d"]
    assert "remainingItemCount" not in first.body["metadata"]
    token = first.body["metadata"]["continue"]
    assert api.get(five, limit=1, fieldSelector="status.settled=true", **{"continue": token}).names == ["e"]


def test_delete_of_a_selection_leaves_the_rest(api: Client, five: str) -> None:
    assert api.delete(five, labelSelector="tier=front").status == 200
    assert api.get(five).names == list("cde")
