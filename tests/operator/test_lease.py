"""The election on a clock of the test's own: one leader at a time, whatever the API and the machines do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.operator.fake_api import FakeApi, answer, away
from textmill.leading import leading
from textmill_operator.api import in_namespace
from textmill_operator.errors import NotLeading
from textmill_operator.lease import GROUP, LONGEST_SECONDS, Election

PATH = in_namespace("ns", "leases", "lease", group=GROUP)
DURATION = 15.0


class Clock:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def candidate(api: FakeApi, clock: Clock, identity: str) -> Election:
    """Return one candidate for the Lease."""
    return Election(api, "ns", "lease", identity, duration=DURATION, clock=clock)


def leads(one: Election) -> bool:
    """Tell whether a candidate believes that it leads now."""
    return one.leading


async def test_first_candidate_leads_and_writes_its_name() -> None:
    api, clock = FakeApi(), Clock()
    one = candidate(api, clock, "one")
    await one.step()
    assert leads(one)
    assert api.objects[PATH]["spec"]["holderIdentity"] == "one"
    assert api.objects[PATH]["spec"]["renewTime"].endswith("Z")


async def test_lease_says_which_namespaces_its_holder_serves() -> None:
    api, clock = FakeApi(), Clock()
    for served in ("a,b", "*"):  # another configuration, under the same name
        one = Election(api, "ns", "lease", "one", clock=clock, served=served)
        await one.step()
        found = leading(api.objects[PATH])
        assert (found.holder, found.namespaces) == ("one", tuple(served.split(",")))


async def test_rival_waits_until_it_has_seen_the_lease_unchanged_for_its_duration() -> None:
    api, clock = FakeApi(), Clock()
    one, two = candidate(api, clock, "one"), candidate(api, clock, "two")
    await one.step()
    await two.step()
    clock.now += DURATION - 0.1
    await two.step()
    assert not leads(two)
    clock.now += 0.2
    await two.step()
    assert leads(two)
    assert api.objects[PATH]["spec"]["leaseTransitions"] == 1


async def test_renewal_makes_the_rival_wait_anew() -> None:
    api, clock = FakeApi(), Clock()
    one, two = candidate(api, clock, "one"), candidate(api, clock, "two")
    await one.step()
    await two.step()
    clock.now += DURATION - 1
    await one.step()
    await two.step()
    clock.now += DURATION - 1
    await two.step()
    assert not leads(two)


async def test_leader_fences_itself_when_the_api_is_away() -> None:
    api, clock = FakeApi(), Clock()
    one = candidate(api, clock, "one")
    await one.step()
    api.refuse = away
    clock.now += DURATION - 0.1
    await one.step()
    assert leads(one)
    clock.now += 0.2
    assert not leads(one)
    await one.step()
    assert not one.won.is_set()


async def test_renewal_counts_from_when_it_began() -> None:
    api, clock = FakeApi(), Clock()
    one = candidate(api, clock, "one")

    def slow(method: str, path: str) -> None:
        clock.now += 2.0

    api.refuse = slow
    began = clock.now
    await one.step()
    clock.now = began + DURATION - 0.1
    assert leads(one)
    clock.now = began + DURATION
    assert not leads(one)


@pytest.mark.parametrize(("seconds", "written"), [(0.4, 1), (2.0, 2), (2.4, 3), (15.0, 15)])
async def test_rival_is_never_told_less_than_the_holder_believes(seconds: float, written: int) -> None:
    api = FakeApi()
    await Election(api, "ns", "lease", "one", duration=seconds).step()
    assert api.objects[PATH]["spec"]["leaseDurationSeconds"] == written


async def test_fence_that_falls_is_noticed_before_the_next_renewal() -> None:
    api, clock = FakeApi(), Clock()
    one = candidate(api, clock, "one")
    await one.step()
    one.check()
    clock.now += DURATION
    with pytest.raises(NotLeading, match="ns/lease is not held by one"):
        one.check()
    assert not one.won.is_set()
    await one.step()
    assert one.won.is_set()


async def test_renewal_that_hangs_ends_by_itself() -> None:
    class Hanging(FakeApi):
        async def get(self, path: str, **params: str) -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

    one = Election(Hanging(), "ns", "lease", "one", duration=0.03)
    async with asyncio.timeout(5):
        await one.step()
    assert (leads(one), one.tried) == (False, False)


async def test_same_identity_leads_at_once_after_a_restart() -> None:
    api, clock = FakeApi(), Clock()
    await candidate(api, clock, "laptop").step()
    again = candidate(api, clock, "laptop")
    await again.step()
    assert leads(again)
    assert api.objects[PATH]["spec"]["leaseTransitions"] == 0


async def test_lease_of_another_hand_is_taken_over_at_last_and_its_numbers_stay_valid() -> None:
    api, clock = FakeApi(), Clock()
    most = 2**31 - 1
    forged = {"holderIdentity": "nobody", "leaseDurationSeconds": most, "leaseTransitions": most}
    api.seed(PATH, {"metadata": {"name": "lease", "namespace": "ns"}, "spec": forged})
    one = candidate(api, clock, "one")
    await one.step()
    clock.now += LONGEST_SECONDS - 1
    await one.step()
    assert not leads(one)
    clock.now += 1
    await one.step()
    assert leads(one)
    assert api.objects[PATH]["spec"]["leaseTransitions"] == most


async def test_clean_stop_gives_the_lease_back() -> None:
    api, clock = FakeApi(), Clock()
    one, two = candidate(api, clock, "one"), candidate(api, clock, "two")
    task = asyncio.create_task(one.run())
    await one.won.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not leads(one)
    await two.step()
    assert leads(two)


async def test_lost_race_for_the_lease_leads_nobody_astray() -> None:
    api, clock = FakeApi(), Clock()
    one, two = candidate(api, clock, "one"), candidate(api, clock, "two")
    await one.step()
    await two.step()
    clock.now += DURATION + 1

    def meanwhile(method: str, path: str) -> None:
        if method == "PUT":
            api.refuse = answer
            api.seed(PATH, api.objects[PATH])

    api.refuse = meanwhile
    await two.step()
    assert not leads(two)


MOVES = st.lists(
    st.tuples(st.sampled_from(["one", "two", "away", "back"]), st.floats(0, DURATION)), min_size=1, max_size=60
)


@given(MOVES)
def test_two_candidates_never_lead_at_once(moves: list[tuple[str, float]]) -> None:
    async def play() -> None:
        api, clock = FakeApi(), Clock()
        both = {name: candidate(api, clock, name) for name in ("one", "two")}
        for move, pause in moves:
            clock.now += pause
            if move in both:
                await both[move].step()
            else:
                api.refuse = away if move == "away" else answer
            assert sum(leads(one) for one in both.values()) <= 1

    asyncio.run(play())
