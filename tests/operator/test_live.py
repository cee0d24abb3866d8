"""The operator with kopf's real watch on a real API server: what becomes of requests, and what their Jobs say."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.live import cluster
from tests.contract.client import Client
from tests.contract.server import until
from tests.operator.live import DIGEST, Hands, Home, operating, orders_of
from textmill.names import STAGE_LABEL


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A cluster whose namespaces are all served by one operator."""
    folder = tmp_path_factory.mktemp("live")
    # Six reports of these hands fit a termination message, so no pod needs a log.
    settings = {"NAMESPACES": "*", "MAX_PODS": "16", "BATCH_MEMBERS": "6", "TTL_SECONDS": "0.1"}
    with cluster(folder) as (config, api), operating(folder / "operator", config, **settings):
        yield api


@pytest.fixture
def home(served: Client) -> Home:
    """A namespace for a test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    served.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return Home(served, name)


@pytest.fixture
def hands(home: Home) -> Iterator[Hands]:
    """Hands that still hold back."""
    with Hands(home).at_work() as found:
        yield found


def conditions(body: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return status and reason of each condition."""
    return {one["type"]: (one["status"], one["reason"]) for one in body["status"]["conditions"]}


def test_request_ends_with_its_result_its_conditions_and_events(home: Home, hands: Hands) -> None:
    hands.free.set()
    home.submit("a")
    until(lambda: home.request("a")["status"]["settled"])
    body = home.request("a")
    assert (body["status"]["phase"], body["status"]["starts"]) == ("Succeeded", 2)
    assert body["status"]["result"]["topWords"] == [{"word": "text", "count": 2}, {"word": "of", "count": 1}]
    assert {name: value for name, (value, _) in conditions(body).items()} == dict.fromkeys(
        ("Ready", "Accepted", "Tokenized", "Counted", "Finished", "Succeeded"), "True"
    )
    owned = {one.get("subresource"): one["manager"] for one in body["metadata"]["managedFields"]}
    assert owned["status"] == "textmill-operator"
    assert "finalizers" not in body["metadata"]
    assert "annotations" not in body["metadata"]
    until(lambda: "Succeeded" in [one["reason"] for one in home.listed("events")])
    assert {one["involvedObject"]["name"] for one in home.listed("events")} == {"a"}
    until(lambda: not home.listed("jobs") and not home.listed("pods"))


def test_jobs_say_where_each_input_comes_from(home: Home, hands: Hands) -> None:
    inputs = {
        "by-text": ({"inline": "price: $(HOME)"}, ("inline", "cHJpY2U6ICQoSE9NRSk=")),
        "by-digest": ({"upload": DIGEST}, ("upload", DIGEST)),
        "by-path": ({"path": "in/a.txt"}, ("path", "in/a.txt")),
    }
    for name, (given, _) in inputs.items():
        home.submit(name, given)
    home.submit("by-key", {"configMapKeyRef": {"name": "texts", "key": "one.txt"}})
    until(lambda: sum(len(orders_of(job)) for job in hands.seen.values()) == 4)
    uids = {name: home.request(name)["metadata"]["uid"] for name in (*inputs, "by-key")}
    orders = {order["id"]: (order["source"], order["value"]) for job in hands.seen.values() for order in orders_of(job)}
    assert orders == {uids[name]: order for name, (_, order) in inputs.items()} | {
        uids["by-key"]: ("configMap", uids["by-key"])
    }
    volumes = [one for job in hands.seen.values() for one in job["spec"]["template"]["spec"]["volumes"]]
    (source,) = [one["projected"]["sources"] for one in volumes if "projected" in one]
    wanted = {"name": "texts", "optional": True, "items": [{"key": "one.txt", "path": uids["by-key"]}]}
    assert [one["configMap"] for one in source] == [wanted]


def test_small_requests_share_pods(home: Home, hands: Hands) -> None:
    for number in range(20):
        home.submit(f"r{number}")
    hands.free.set()
    until(lambda: home.settled() == 20)
    assert [one["status"]["phase"] for one in home.listed()] == ["Succeeded"] * 20
    assert [one["status"]["starts"] for one in home.listed()] == [2] * 20
    cutting = [job for job in hands.seen.values() if job["metadata"]["labels"][STAGE_LABEL] == "tokenize"]
    assert len(cutting) <= 17, "sixteen pods at once, however slowly requests come, and one for all that wait"
    until(lambda: not home.listed("jobs"))


def test_deleted_request_takes_its_job_along(home: Home, hands: Hands) -> None:
    home.submit("a")
    until(lambda: home.listed("jobs"))
    home.api.delete(f"/apis/textmill.dev/v1/namespaces/{home.namespace}/processingrequests/a")
    until(lambda: not home.listed("jobs"))
    assert home.request("a") == {}


def test_suspended_request_gives_its_job_up_and_goes_on_later(home: Home, hands: Hands) -> None:
    home.submit("a")
    until(lambda: home.listed("jobs"))
    home.change("a", suspend=True)
    until(lambda: home.phase("a") == "Suspended" and not home.listed("jobs"))
    assert conditions(home.request("a"))["Succeeded"] == ("Unknown", "Suspended")
    hands.free.set()
    home.change("a", suspend=False)
    until(lambda: home.phase("a") == "Succeeded")


def test_finished_request_goes_when_its_time_to_live_is_over(home: Home, hands: Hands) -> None:
    hands.free.set()
    home.submit("brief", ttlSecondsAfterFinished=0)
    home.submit("kept")
    until(lambda: home.phase("kept") == "Succeeded" and home.request("brief") == {})


def test_same_content_is_counted_once(home: Home, hands: Hands) -> None:
    hands.free.set()
    home.submit("first", {"upload": DIGEST})
    until(lambda: (home.request("first")["metadata"].get("labels") or {}).get("textmill.dev/reuse-key"))
    home.submit("second", {"upload": DIGEST})
    until(lambda: home.phase("second") == "Succeeded")
    first, second = home.request("first")["status"], home.request("second")["status"]
    assert second["result"] == first["result"]
    assert "starts" not in second
    assert len(hands.seen) == 2
