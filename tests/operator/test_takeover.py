"""Operators that are killed, stopped, or start before the API does: what another one, or the next, makes of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.live import cluster
from tests.contract.client import Client
from tests.contract.server import until
from tests.operator.live import Hands, Home, Process, operating


@dataclass(frozen=True)
class Place:
    """A cluster, and a folder for what runs on it."""

    config: Path
    api: Client
    folder: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A cluster without an operator."""
    folder = tmp_path_factory.mktemp("takeover")
    with cluster(folder) as (config, api):
        yield Place(config, api, folder)


@pytest.fixture
def home(place: Place) -> Home:
    """A namespace for a test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    place.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return Home(place.api, name)


@pytest.fixture
def hands(home: Home) -> Iterator[Hands]:
    """Hands that are free at once."""
    with Hands(home).at_work() as found:
        found.free.set()
        yield found


def start(stack: ExitStack, place: Place, home: Home, identity: str) -> Process:
    """Start an operator of a namespace, with small batches and a short Lease."""
    settings = {"NAMESPACE": home.namespace, "IDENTITY": identity, "LEASE_SECONDS": "1"}
    folder = place.folder / home.namespace / f"{identity}-{uuid.uuid4().hex[:4]}"
    return stack.enter_context(operating(folder, place.config, BATCH_MEMBERS="3", MAX_PODS="4", **settings))


def check_all_counted_once(home: Home, number: int) -> None:
    """Check that every request has succeeded with one Job a stage, and that no Job is left."""
    ends = [(one["status"]["phase"], one["status"]["starts"]) for one in home.listed()]
    assert ends == [("Succeeded", 2)] * number
    until(lambda: not home.listed("jobs"))


def test_killed_operator_goes_on_where_it_was(place: Place, home: Home, hands: Hands) -> None:
    with ExitStack() as stack:
        first = start(stack, place, home, "one")
        for number in range(24):
            home.submit(f"r{number}")
        until(lambda: home.settled() >= 6)
        hands.free.clear()
        first.kill()
        assert home.settled() < 24
        hands.free.set()
        start(stack, place, home, "one")
        until(lambda: home.settled() == 24)
        check_all_counted_once(home, 24)


def test_another_operator_takes_over_from_a_killed_one(place: Place, home: Home, hands: Hands) -> None:
    with ExitStack() as stack:
        both = {name: start(stack, place, home, name) for name in ("one", "two")}
        until(lambda: home.holder() in both)
        leader = home.holder()
        for number in range(12):
            home.submit(f"r{number}")
        until(lambda: home.settled() >= 3)
        hands.free.clear()
        both.pop(leader).kill()
        hands.free.set()
        ((name, other),) = both.items()
        assert other.status("/readyz") == 200
        until(lambda: home.settled() == 12)
        until(lambda: home.holder() == name)
        check_all_counted_once(home, 12)


def test_namespace_goes_with_all_that_is_in_it_while_no_operator_runs(place: Place, home: Home, hands: Hands) -> None:
    hands.free.clear()
    with ExitStack() as stack:
        running = start(stack, place, home, "one")
        home.submit("counted-never")
        until(lambda: home.listed("jobs"))
        running.kill()
    namespace = f"/api/v1/namespaces/{home.namespace}"
    assert place.api.delete(namespace).status == 200
    until(lambda: place.api.get(namespace).status == 404)


def test_stopped_operator_gives_the_lease_back_and_ends_well(place: Place, home: Home) -> None:
    with ExitStack() as stack:
        running = start(stack, place, home, "one")
        until(lambda: home.holder() == "one")
        assert running.status("/healthz") == 200
        assert running.stop() == 0
        assert home.holder() == ""
        for line in running.log.read_text().splitlines():
            assert json.loads(line)["level"] in ("INFO", "WARNING"), line
