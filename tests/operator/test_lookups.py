"""Known results are found at a cost that does not grow with the history, and a look-up that fails holds up nobody."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest

from tests.operator.conftest import Operator, request_body
from tests.operator.fake_api import Body, FakeApi, answer
from textmill import reuse
from textmill.actions import LookUp
from textmill.names import REUSE_LABEL
from textmill.request import Input, Spec
from textmill_operator import lookups, paths
from textmill_operator.errors import Away, Refused
from textmill_operator.lookups import KEYS, PAGES, SPARE, TRIES

COPIES = 30_000


@dataclass
class History(FakeApi):
    """An API with very many finished requests, which are made as they are listed."""

    copies: dict[str, int] = field(default_factory=dict)
    """How many finished requests bear the key of this text, by the text."""
    unfit: set[str] = field(default_factory=set)
    """Texts whose requests bear the key and have no result for it."""
    lists: list[int] = field(default_factory=list)
    """The bytes of each answer."""
    hangs: asyncio.Event | None = None

    def __post_init__(self) -> None:
        super().__init__()

    async def get(self, path: str, **params: str) -> Body:
        if not path.endswith("/processingrequests"):
            return await self._one(path)
        if self.hangs:
            await self.hangs.wait()
        self._enter("GET", path)
        keys = params["labelSelector"].partition("(")[2].rstrip(")").split(",")
        texts = [(key_of(text), text, number) for text, number in sorted(self.copies.items())]
        start, limit = int(params.get("continue", "0")), int(params["limit"])
        items: list[Body] = []
        passed = 0
        for key, text, number in texts:
            if key in keys:
                at = max(0, start - passed)
                room = limit - len(items)
                items += [self.finished(text, one) for one in range(at, min(number, at + room))]
                passed += number
        more = {"continue": str(start + limit)} if start + limit < passed else {}
        found = {"metadata": more, "items": items}
        self.lists.append(len(json.dumps(found)))
        return found

    async def _one(self, path: str) -> Body:
        name = path.rsplit("/", 1)[1]
        if not name.startswith("copy-"):
            return await super().get(path)
        self._enter("GET", path)
        text, _, number = name.removeprefix("copy-").rpartition("-")
        return self.finished(text, int(number))

    def finished(self, text: str, number: int) -> Body:
        """Return one of the finished requests for a text."""
        body = request_body(f"copy-{text}-{number}", input={"inline": text})
        body["metadata"] |= {"labels": {REUSE_LABEL: key_of(text)}, "resourceVersion": "1"}
        known = {"phase": "Succeeded", "settled": True, "result": {"tokens": 1, "distinctWords": 1}}
        digest = reuse.digest(Spec(Input(inline=text)))
        body["status"] = known | {"input": {"sha256": "0" * 64 if text in self.unfit else digest}}
        return body


def key_of(text: str) -> str:
    """Return the reuse key of a text."""
    return reuse.key(Spec(Input(inline=text))) or ""


@pytest.fixture
def history() -> History:
    """Give an API with nothing in its history yet."""
    return History()


def asking(api: History, *texts: str) -> tuple[Operator, LookUp]:
    """Return an operator that knows new requests for these texts, and the look-up for them."""
    operator = Operator(api)
    for number, text in enumerate(texts):
        operator.submit(f"new{number}", input={"inline": text})
    operator.see()
    return operator, LookUp("ns", tuple(operator.store.requests()))


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
    operator.store.lent.clear()
    await operator.executor.perform([look_up])
    assert history.log == [("GET", paths.request("ns", "copy-text-0"))]
    assert answers(operator) == [True]
    history.unfit = {"text"}
    operator.store.lent.clear()
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
