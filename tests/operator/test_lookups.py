"""Known results are found at a cost that does not grow with the history, and a look-up that fails holds up nobody."""

from __future__ import annotations

import asyncio

import pytest

from tests.operator.conftest import Operator
from tests.operator.fake_api import answer
from tests.operator.history import History, asking
from textmill.actions import LookUp
from textmill_operator import lookups, paths
from textmill_operator.errors import Away, Refused
from textmill_operator.lookups import KEYS, PAGES, SPARE, TRIES
from textmill_operator.store import LENT_SECONDS

COPIES = 30_000


@pytest.fixture
def history() -> History:
    """Give an API with nothing in its history yet."""
    return History()


def answers(operator: Operator) -> list[bool]:
    """Return for each request whether something was found, in the order of their names."""
    return [bool(found) for _, found in sorted(operator.store.lent.items(), key=lambda one: int(one[0][7:]))]


async def test_thirty_thousand_copies_cost_as_little_as_one(history: History) -> None:
    texts = [f"text{number:02}" for number in range(KEYS)]
    costs = []
    for copies in (1, COPIES):
        history.copies = dict.fromkeys(texts[1:], 1) | {texts[0]: copies}
        history.log.clear()
        history.lists.clear()
        operator, look_up = asking(history, *texts)
        history.log.clear()
        await operator.executor.perform([look_up])
        assert answers(operator) == [True] * KEYS
        costs.append((len(history.log), sum(history.lists)))
    (calls, size), (many_calls, many_size) = costs
    assert (calls, many_calls) == (1, 2)
    assert many_size <= 3 * size


@pytest.mark.parametrize("place", [0, 17, 39])
async def test_copies_that_do_not_fit_are_given_up_and_hide_no_other(history: History, place: int) -> None:
    texts = [f"text{number:02}" for number in range(KEYS)]
    history.copies = dict.fromkeys(texts, 1) | {texts[place]: COPIES}
    history.unfit = {texts[place]}
    operator, look_up = asking(history, *texts)
    history.log.clear()
    await operator.executor.perform([look_up])
    assert answers(operator) == [number != place for number in range(KEYS)]
    assert len(history.log) <= 1 + PAGES
    assert sum(history.lists) < 4 * (KEYS + SPARE) * 2000


async def test_every_key_with_many_copies_that_do_not_fit_costs_its_pages_and_no_more(history: History) -> None:
    texts = [f"text{number:02}" for number in range(KEYS)]
    history.copies, history.unfit = dict.fromkeys(texts, COPIES), set(texts)
    operator, look_up = asking(history, *texts)
    history.log.clear()
    await operator.executor.perform([look_up])
    assert answers(operator) == [False] * KEYS
    assert len(history.log) <= PAGES * KEYS


async def test_what_was_found_is_remembered_while_it_is_there(history: History) -> None:
    history.copies = {"text": COPIES}
    operator, look_up = asking(history, "text")
    await operator.executor.perform([look_up])
    history.log.clear()
    operator.ticks += LENT_SECONDS
    await operator.executor.perform([look_up])
    assert history.log == [("GET", paths.request("ns", "copy-text-0"))]
    assert answers(operator) == [True]
    history.unfit = {"text"}
    operator.ticks += LENT_SECONDS
    await operator.executor.perform([look_up])
    assert answers(operator) == [False]


@pytest.mark.parametrize("error", [Refused("no"), Away("no")])
async def test_request_whose_look_up_fails_takes_no_pod_and_starts_without_it_at_last(
    history: History, error: Exception
) -> None:
    operator, _ = asking(history, "text")
    operator.api.refuse = lambda _, path: error if path.endswith("/processingrequests") else None
    operator.submit("other", input={"path": "a.txt"}, timeoutSeconds=5000)
    await operator.round()
    await operator.round()
    assert [job["spec"]["activeDeadlineSeconds"] for job in operator.jobs()] == [5000]
    for _ in range(TRIES):
        operator.now += 60
        await operator.round()
    assert sum(path.endswith("/processingrequests") for _, path in history.log) == TRIES
    assert len(operator.jobs()) == 2


async def test_failed_look_up_leaves_other_keys_of_its_namespace_alone(history: History) -> None:
    operator, look_up = asking(history, "text")
    operator.api.refuse = lambda *_: Refused("no")
    await operator.executor.perform([look_up])
    operator.api.refuse = answer
    operator.submit("new1", input={"inline": "another"})
    operator.see()
    fresh = operator.store.request("uid-new1")
    assert fresh
    await operator.executor.perform([LookUp("ns", (fresh,))])
    assert operator.store.lent == {"uid-new1": None}


async def test_slow_look_up_holds_up_no_round(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "ROUND_SECONDS", 0.01)
    changed = asyncio.Event()
    operator, _ = asking(history, "text")
    operator.on_change = changed.set
    operator.restart()
    operator.submit("other", input={"path": "a.txt"}, timeoutSeconds=5000)
    history.hangs = asyncio.Event()
    await operator.round()
    await operator.round()
    assert [job["spec"]["activeDeadlineSeconds"] for job in operator.jobs()] == [5000]
    changed.clear()
    history.hangs.set()
    async with asyncio.timeout(10):
        await changed.wait()
    await operator.round()
    assert len(operator.jobs()) == 2
    await operator.executor.close()
