"""Work of every size: a hundred small files in a few pods, one big file over many, and changes of mind midway."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.kube import until
from tests.e2e.release import Release, reason, workers_seen

SMALL = 100
LINE = "the quick brown fox jumps over the lazy dog and the mill grinds on\n"
MIB = 1 << 20


@pytest.fixture(scope="module")
def big(mill: Release) -> Path:
    """More than the size at which a file is cut."""
    return mill.put("big.txt", LINE, 257 * MIB)


@pytest.fixture(scope="module")
def middle(mill: Release) -> Path:
    """A file that has a pod of its own."""
    return mill.put("middle.txt", LINE, 32 * MIB)


def test_hundred_small_files_share_a_few_pods(mill: Release) -> None:
    def send(index: int) -> None:
        mill.upload(f"small-{index}", f"file {index} has five words\n".encode())

    with workers_seen(mill) as seen, ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(SMALL)))
        found = [mill.ended(f"small-{index}", patience=300)["result"]["tokens"] for index in range(SMALL)]
    assert found == [5] * SMALL
    pods = [name for name in seen if name.startswith("small-")]
    assert 2 <= len(pods) <= SMALL // 5, sorted(pods)


def test_big_file_is_cut_over_an_indexed_job(mill: Release, big: Path) -> None:
    with workers_seen(mill) as seen:
        mill.create("big", {"path": big.name, "bytes": big.stat().st_size})
        indexes = until(lambda: indexes_of(mill, "big"))
        status = mill.ended("big", patience=600)
    assert indexes == {"0", "1"}
    lines = big.stat().st_size // len(LINE)
    assert (status["phase"], status["tokens"]["shards"]) == ("Succeeded", 2)
    assert status["result"]["tokens"] == 14 * lines
    assert status["result"]["topWords"][0] == {"word": "the", "count": 3 * lines}
    assert status["input"]["sha256"] == hashlib.sha256(big.read_bytes()).hexdigest()
    assert sorted(stage for name, stage in seen.items() if name.startswith("big-")) == ["count", "tokenize", "tokenize"]


def test_request_deleted_midway_takes_its_pod_along(mill: Release, middle: Path) -> None:
    mill.create("gone", {"path": middle.name, "bytes": middle.stat().st_size})
    pod = mill.worker_of("gone")
    processes.freeze(pod)
    mill.kubectl("delete", "preq", "gone", "--timeout=60s")
    until(lambda: pod["metadata"]["uid"] not in mill.worker_uids())
    assert "NotFound" in mill.kubectl("get", "preq", "gone", ok=False)


def test_suspended_midway_it_stops_and_goes_on_when_resumed(mill: Release, middle: Path) -> None:
    mill.create("held", {"path": middle.name, "bytes": middle.stat().st_size})
    pod = mill.worker_of("held")
    processes.freeze(pod)
    mill.kubectl("patch", "preq", "held", "--type=merge", "--patch", '{"spec":{"suspend":true}}')
    until(lambda: mill.status("held")["phase"] == "Suspended")
    until(lambda: pod["metadata"]["uid"] not in mill.worker_uids())
    mill.kubectl("patch", "preq", "held", "--type=merge", "--patch", '{"spec":{"suspend":false}}')
    status = mill.ended("held", patience=600)
    assert (status["phase"], reason(status)) == ("Succeeded", "Counted")
    assert status["result"]["tokens"] == 14 * middle.stat().st_size // len(LINE)


def indexes_of(mill: Release, name: str) -> set[str]:
    """Return the indexes that the pods at work for a request have from their Job, once they are two."""
    pods = (pod["metadata"]["labels"] for pod in mill.workers() if pod["metadata"]["name"].startswith(f"{name}-"))
    found = {index for labels in pods if (index := labels.get("batch.kubernetes.io/job-completion-index"))}
    return found if len(found) > 1 else set()
