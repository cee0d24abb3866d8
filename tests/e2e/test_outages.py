"""Bad days of the cluster: the leading operator killed, no API server, a new kubelet, a full volume, a quota."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes, release
from tests.e2e.kube import Json, apply, items, kubectl, run, until
from tests.e2e.release import Release, reason
from textmill.limits import Limits
from textmill.names import follower

LINE = "words that outlive an outage\n"
MIB = 1 << 20
OUTAGE_SECONDS = 30.0


@pytest.fixture(scope="module")
def middle(mill: Release) -> Path:
    """A file that has a pod of its own."""
    return mill.put("outage.txt", LINE, 32 * MIB)


def started(mill: Release, name: str, file: Path) -> list[int]:
    """Ask for a count, and stop its worker midway."""
    mill.create(name, {"path": file.name, "bytes": file.stat().st_size})
    return processes.freeze(mill.worker_of(name))


def counted_once(mill: Release, name: str, file: Path) -> bool:
    """Wait for the end, and tell whether the count is right and each stage was run once."""
    status = mill.ended(name, patience=300)
    assert (status["phase"], reason(status)) == ("Succeeded", "Counted"), status
    assert (status["starts"], status.get("attempts", 0)) == (2, 0), status
    return bool(status["result"]["tokens"] == 5 * file.stat().st_size // len(LINE))


def upload(mill: Release, address: str) -> int:
    """Upload as a client does that tries again; 0 where nobody takes the connection."""
    try:
        return mill.call("POST", "/upload?name=meanwhile", b"asked too early", address)[0]
    except OSError:
        return 0


def test_killed_leader_is_followed_within_seconds(mill: Release, middle: Path) -> None:
    held = started(mill, "orphaned", middle)
    assert mill.followed(mill.lose_leader())
    processes.thaw(held)
    assert counted_once(mill, "orphaned", middle)


def test_killed_leader_leaves_the_unrecorded_count_of_a_batch_to_the_next(mill: Release) -> None:
    names = [f"together-{number}" for number in range(Limits.follow_members)]
    mill.scale("textmill-operator", 0)
    kind = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest"}
    specs = [{"input": {"inline": f"number {number} has five words"}} for number in range(len(names))]
    made = [kind | {"metadata": {"name": name}, "spec": spec} for name, spec in zip(names, specs, strict=True)]
    apply(*made, namespace=mill.namespace)
    mill.scale("textmill-operator", 2)
    tokenizer = until(lambda: batch_of(mill, names))
    until(lambda: any(pod["spec"].get("nodeName") for pod in mill.pods(f"job-name={tokenizer}")))
    (node,) = items("nodes")
    kubectl("cordon", node["metadata"]["name"])
    try:
        until(lambda: mill.pods(f"job-name={follower(tokenizer)}"))
        assert {(one["phase"], "count" in one["jobs"]) for one in statuses(mill, names)} == {("Tokenizing", False)}
        before = mill.lose_leader()
    finally:
        kubectl("uncordon", node["metadata"]["name"])
    assert mill.followed(before)
    ended = [mill.ended(name, patience=300) for name in names]
    assert {(one["phase"], one["starts"], one.get("attempts", 0), one["result"]["tokens"]) for one in ended} == {
        ("Succeeded", 2, 0, 5)
    }
    assert {one["jobs"]["count"]["name"] for one in ended} == {follower(tokenizer)}


def batch_of(mill: Release, names: list[str]) -> str:
    """Return the one tokenizer that these requests share, '' where they do not yet."""
    jobs = {((one.get("jobs") or {}).get("tokenize") or {}).get("name", "") for one in statuses(mill, names)}
    return jobs.pop() if len(jobs) == 1 else ""


def statuses(mill: Release, names: list[str]) -> list[Json]:
    """Return the statuses of requests."""
    found = items("preq", f"--namespace={mill.namespace}")
    return [one["status"] for one in found if one["metadata"]["name"] in names]


def test_api_server_away_for_a_while_costs_nothing(mill: Release, middle: Path) -> None:
    held = started(mill, "outage", middle)
    address = mill.address()
    since = time.monotonic()
    with processes.without("kube-apiserver"):
        processes.thaw(held)
        until(lambda: upload(mill, address) == 503)
        until(lambda: time.monotonic() - since > OUTAGE_SECONDS)
    until(lambda: upload(mill, address) == 202)
    assert counted_once(mill, "outage", middle)
    assert mill.ended("meanwhile")["result"]["tokens"] == 3


def test_kubelet_restarted_midway_costs_nothing(mill: Release, middle: Path) -> None:
    held = started(mill, "restarted", middle)
    processes.restart("kubelet")
    processes.thaw(held)
    assert counted_once(mill, "restarted", middle)


def test_quota_that_refuses_pods_is_named_and_waited_for(mill: Release, middle: Path) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight"},
        "spec": {"hard": {"pods": "0"}},
    }
    apply(quota, namespace=mill.namespace)
    try:
        mill.create("refused", {"path": middle.name, "bytes": middle.stat().st_size})
        until(lambda: "QuotaExceeded" in json.dumps(mill.status("refused")))
    finally:
        mill.kubectl("delete", "resourcequota", "tight")
    assert counted_once(mill, "refused", middle)


@pytest.fixture(scope="module")
def narrow(mill: Release) -> Iterator[Release]:
    """A release on a volume of 8 MiB."""
    release.namespace("narrow")
    narrow = Release("narrow")
    run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(narrow.volume))
    yield release.install("narrow", "--set=crd.install=false", "--set=operator.replicas=1")
    run("helm", "uninstall", "textmill", "--namespace=narrow", "--wait", "--timeout=5m")
    release.clear("narrow")
    run("umount", str(narrow.volume))


def test_full_volume_is_named_and_nothing_is_left_half(narrow: Release) -> None:
    code, answer = narrow.call("POST", "/upload?name=too-big", b"x " * 5 * MIB)
    assert (code, json.loads(answer)["reason"]) == (507, "VolumeFull"), answer
    file = narrow.put("fits.txt", "".join(f"w{number:06} " for number in range(100_000)) + "\n", 1)
    filler = narrow.volume / "drop" / "filler"
    fill(filler)
    narrow.create("cramped", {"path": file.name, "bytes": file.stat().st_size}, retries=0)
    until(lambda: narrow.status("cramped").get("waiting", {}).get("reason") == "VolumeFull")
    assert reason(narrow.status("cramped")) == "VolumeFull"
    filler.unlink()
    status = narrow.ended("cramped")
    assert (status["result"]["tokens"], status.get("attempts", 0)) == (100_000, 0)


def fill(path: Path) -> None:
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536):
                pass
        except OSError:
            return
