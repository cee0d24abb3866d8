"""How many ends are told at once: as many as a namespace has places, and no namespace takes those of others."""

from __future__ import annotations

from tests.operator.conftest import Operator
from tests.operator.fake_api import away
from tests.operator.receiver import told, with_ended
from textmill_operator.messenger import AT_ONCE, SHARE


async def test_too_many_at_once_are_left_for_later(operator: Operator) -> None:
    await with_ended(operator, "http://127.0.0.1:9/")
    for number in range(SHARE):
        assert operator.messenger.reserve("ns", f"other-{number}")
    assert await operator.round()
    assert told(operator) == {"settled": False, "attempts": 0}


async def test_ends_of_one_round_take_no_more_places_than_there_are(operator: Operator) -> None:
    url = "http://127.0.0.1:9/"
    operator.submit("b", notify={"url": url, "secretRef": {"name": "hook"}})
    await with_ended(operator, url)
    for number in range(SHARE - 1):
        assert operator.messenger.reserve("ns", f"other-{number}")

    assert await operator.round()

    statuses = [operator.request(name)["status"] for name in ("a", "b")]
    assert sorted(one.get("notification", {}).get("attempts", 0) for one in statuses) == [0, 1]


async def test_place_of_an_attempt_that_was_not_written_is_free_again(operator: Operator) -> None:
    await with_ended(operator, "http://127.0.0.1:9/")
    operator.api.refuse = away

    assert not await operator.round()

    assert operator.messenger.reserve("ns", "uid-a")


async def test_dead_receivers_of_other_namespaces_take_no_place_from_this_one(operator: Operator) -> None:
    await with_ended(operator, "http://127.0.0.1:9/")
    taken = [operator.messenger.reserve(f"tenant-{at % 20}", f"other-{at}") for at in range(20 * SHARE)]
    assert sum(taken) == AT_ONCE
    assert await operator.round()
    assert told(operator)["attempts"] == 1


def test_places_that_are_given_back_leave_nothing(operator: Operator) -> None:
    for number in range(SHARE):
        assert operator.messenger.reserve("other", f"u{number}")
    assert not operator.messenger.reserve("other", "more")
    operator.messenger.release("other", "u0")
    assert operator.messenger.reserve("other", "more")
