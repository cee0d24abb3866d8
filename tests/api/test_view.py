"""The picture in memory: who hears of what, what is kept, and how one goes on after having been cut off."""

from __future__ import annotations

from typing import Any

import pytest

from app.cluster import Body
from app.view import BACKLOG, Change, View, newer


def _body(name: str, version: int, **status: Any) -> Body:
    return {"metadata": {"name": name, "resourceVersion": str(version)}, "spec": {}, "status": status}


def _seen(changes: list[Change]) -> list[tuple[str, str, bool]]:
    return [(one.name, one.version, one.body is None) for one in changes]


def test_subscription_hears_of_its_own_request_only() -> None:
    view = View()
    fox, every = view.subscribe("fox"), view.subscribe()

    view.apply(_body("fox", 1))
    view.apply(_body("hen", 2))

    assert _seen(fox.take(0)) == [("fox", "1", False)]
    assert _seen(every.take(0)) == [("fox", "1", False), ("hen", "2", False)]
    assert fox.take(0) == every.take(0) == []


def test_slow_reader_of_one_gets_its_newest_state() -> None:
    view = View()
    fox = view.subscribe("fox")

    for version in range(1, 5000):
        view.apply(_body("fox", version))

    assert _seen(fox.take(0)) == [("fox", "4999", False)]
    assert not fox.lost


def test_slow_reader_of_all_is_told_that_it_lost_some() -> None:
    view = View()
    every = view.subscribe()

    for version in range(1, BACKLOG + 2):
        view.apply(_body(f"r{version}", version))

    assert every.lost
    assert len(every.take(0)) == 1
    live, last = view.begin(every)
    assert (len(live), last, every.lost) == (BACKLOG + 1, str(BACKLOG + 1), False)


def test_old_news_changes_nothing() -> None:
    view = View()
    every = view.subscribe()

    view.apply(_body("fox", 10))
    view.apply(_body("fox", 9))
    view.apply(_body("fox", 10))

    assert _seen(every.take(0)) == [("fox", "10", False)]


def test_settled_request_is_told_once_and_not_kept() -> None:
    view = View()
    fox, every = view.subscribe("fox"), view.subscribe()

    view.apply(_body("fox", 1))
    view.apply(_body("fox", 2, settled=True))

    assert _seen(fox.take(0)) == [("fox", "2", False)]
    assert view.begin(every) == ([], "2")


def test_deletion_is_told_to_all_who_listen() -> None:
    view = View()
    view.apply(_body("fox", 1))
    fox, every = view.subscribe("fox"), view.subscribe()

    view.remove("fox", "2")

    assert _seen(fox.take(0)) == _seen(every.take(0)) == [("fox", "2", True)]
    assert view.begin(every) == ([], "2")


def test_client_goes_on_after_the_event_it_knows() -> None:
    view = View()
    view.replace([_body("old", 3)], "5")
    view.apply(_body("fox", 6))
    view.apply(_body("hen", 7))
    every = view.subscribe()
    view.apply(_body("owl", 8))

    assert [_seen(view.resume(every, after) or []) for after in ("5", "6", "8")] == [
        [("fox", "6", False), ("hen", "7", False), ("owl", "8", False)],
        [("hen", "7", False), ("owl", "8", False)],
        [],
    ]
    assert every.take(0) == [], "what was pending is part of what was returned"


@pytest.mark.parametrize("after", ["1", "4", "99"])
def test_version_that_is_not_known_cannot_be_gone_on_from(after: str) -> None:
    view = View(history=2)
    view.replace([], "1")
    for version in (2, 3, 4, 5, 6):
        view.apply(_body(f"r{version}", version))
    every = view.subscribe()

    found = view.resume(every, after)

    assert (None if found is None else _seen(found)) == (
        [("r5", "5", False), ("r6", "6", False)] if after == "4" else None
    )


def test_new_list_names_what_must_be_asked_for() -> None:
    view = View()
    view.apply(_body("fox", 1))
    view.apply(_body("hen", 2))
    hen, owl, every = view.subscribe("hen"), view.subscribe("owl"), view.subscribe()

    missing = view.replace([_body("hen", 5), _body("new", 4)], "9")

    assert missing == {"fox", "owl"}
    assert _seen(hen.take(0)) == [("hen", "5", False)]
    assert owl.take(0) == []
    assert every.lost
    live, version = view.begin(every)
    assert ([one.name for one in live], version) == (["hen", "new"], "9")


def test_who_left_hears_nothing_and_leaves_nothing() -> None:
    view = View()
    fox, again, every = view.subscribe("fox"), view.subscribe("fox"), view.subscribe()

    for one in (fox, every, fox):
        one.close()
    view.apply(_body("fox", 1))

    assert fox.take(0) == every.take(0) == []
    assert len(again.take(0)) == 1
    again.close()
    assert view.replace([_body("fox", 1)], "2") == set()


def test_end_reaches_those_who_are_here_and_those_who_come() -> None:
    view = View()
    early = view.subscribe("fox")

    view.end()

    assert early.ended
    assert view.subscribe().ended
    assert early.take(60) == [], "nobody waits for an end that was told"


@pytest.mark.parametrize(("one", "other", "is_newer"), [("10", "9", True), ("9", "10", False), ("9", "9", False)])
def test_versions_are_compared_as_numbers(one: str, other: str, is_newer: bool) -> None:
    assert newer(one, other) is is_newer


def test_versions_that_are_no_numbers_are_only_equal_or_not() -> None:
    assert newer("b", "a")
    assert not newer("a", "a")
