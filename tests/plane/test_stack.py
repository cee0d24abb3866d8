"""What Textmill makes of Jobs and pods when a real Job controller and a real scheduler decide what these are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from cluster import images
from tests.bench.stack import Stack
from tests.contract.server import until
from tests.resource.definition import SCHEMA
from tests.stack.processes import descendants, runs
from textmill import reports

LINE = "a line of words for a real control plane\n"
MIB = 1 << 20
REPORTS_IN_A_MESSAGE = reports.MESSAGE_LIMIT // 100
"""At most so many fit into a termination message; those of more are read from the log."""


def upload(running: Stack, name: str, content: bytes) -> None:
    """Upload a file that must be taken."""
    status, answer = running.call("POST", f"/upload?name={name}", content, **{"Content-Type": "text/plain"})
    assert status == 202, answer


def kubectl(running: Stack, *arguments: str) -> str:
    """Run kubectl against the control plane."""
    command = [str(Path(sys.executable).with_name("kubectl")), f"--kubeconfig={running.state}/plane/kubeconfig"]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout


def objects(running: Stack, kind: str) -> list[dict[str, Any]]:
    """Return all objects of a kind in the namespace."""
    found: list[dict[str, Any]] = json.loads(kubectl(running, "get", kind, "--output=json"))["items"]
    return found


def jobs_of(running: Stack, name: str) -> list[dict[str, Any]]:
    """Return the Jobs that there are for a request."""
    return [one for one in objects(running, "jobs") if one["metadata"]["name"].startswith(f"{name}-")]


def workers(running: Stack) -> list[int]:
    """Return the worker processes."""
    return [pid for pid in descendants(running.process.pid) if runs(pid, "worker")]


def kill_workers(running: Stack) -> int:
    """Kill the workers that there are; how many were."""
    killed = 0
    for pid in workers(running):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def test_the_control_plane_is_a_real_one(running: Stack) -> None:
    told = json.loads(kubectl(running, "version", "--output=json"))["serverVersion"]
    assert (told["major"], told["platform"]) == ("1", f"linux/{images.architecture()}")
    assert [one["status"]["nodeInfo"]["containerRuntimeVersion"] for one in objects(running, "nodes")] == [
        "subprocess://1"
    ]


def test_new_request_is_under_way_before_the_operator_has_seen_it(running: Stack, tmp_path: Path) -> None:
    meta, spec = {"name": "unseen"}, {"input": {"inline": "x"}}
    body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": meta, "spec": spec}
    (tmp_path / "request.json").write_text(json.dumps(body))
    made = json.loads(kubectl(running, "create", "-f", f"{tmp_path}/request.json", "--dry-run=server", "-o", "json"))
    assert made["status"] == SCHEMA["properties"]["status"]["default"]


def test_two_hundred_files_share_pods_whose_reports_are_read_from_logs(running: Stack) -> None:
    def send(index: int) -> None:
        upload(running, f"small-{index}", f"{LINE}own{index}\n".encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(200)))
    found = [running.wait(f"small-{index}", 120)["result"] for index in range(200)]
    assert {(one["tokens"], one["distinctWords"]) for one in found} == {(10, 9)}
    statuses = [one["status"] for one in objects(running, "preq") if one["metadata"]["name"].startswith("small-")]
    members = {one["jobs"]["tokenize"]["name"]: one["jobs"]["tokenize"]["members"] for one in statuses}
    assert len(members) < 40
    assert max(members.values()) > REPORTS_IN_A_MESSAGE


def test_worker_killed_midway_is_run_again(running: Stack) -> None:
    upload(running, "killed", LINE.encode() * (16 * MIB // len(LINE)))
    until(lambda: kill_workers(running))
    assert running.wait("killed", 120)["result"]["tokens"] == 9 * (16 * MIB // len(LINE))


def test_sharded_file_is_an_indexed_job_with_one_success_an_index(running: Stack) -> None:
    path = running.state / "plane" / "volume" / "drop" / "big.txt"
    lines = 257 * MIB // len(LINE)
    with path.open("w") as file:
        for _ in range(lines // 1024):
            file.write(LINE * 1024)
    spec = {"input": {"path": "big.txt", "bytes": path.stat().st_size}}
    apply(running, "big", spec)
    modes: set[tuple[str, int]] = set()

    def noted() -> bool:
        modes.update((job["spec"]["completionMode"], job["spec"]["completions"]) for job in jobs_of(running, "big"))
        return bool(modes)

    until(noted)
    assert modes == {("Indexed", 2)}
    ended = running.wait("big", 300)
    assert (ended["phase"], ended["result"]["tokens"]) == ("Succeeded", 9 * (lines // 1024) * 1024)


def test_deleted_request_takes_job_and_pods_along_by_the_real_collector(running: Stack) -> None:
    upload(running, "gone", b"another text than before\n" * MIB)
    until(lambda: jobs_of(running, "gone"))
    status, _ = running.call("DELETE", "/requests/gone")
    assert status in (200, 202, 204)
    until(
        lambda: (
            not [
                one for kind in ("jobs", "pods") for one in objects(running, kind) if "gone-" in one["metadata"]["name"]
            ]
        )
    )


def test_nothing_is_left_when_all_is_done_but_what_failed(running: Stack) -> None:
    """Jobs that failed stay for a while, so that their log can be read."""

    def only_failed() -> bool:
        jobs = objects(running, "jobs")
        conditions = [job["status"].get("conditions", ()) for job in jobs]
        ended = [{one["type"] for one in rows if one["status"] == "True"} for rows in conditions]
        owners = {one["metadata"]["ownerReferences"][0]["uid"] for one in objects(running, "pods")}
        return all("Failed" in types for types in ended) and owners <= {job["metadata"]["uid"] for job in jobs}

    until(only_failed)


def apply(running: Stack, name: str, spec: dict[str, Any]) -> None:
    """Apply a request."""
    body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": {"name": name}, "spec": spec}
    path = running.state / f"{name}.json"
    path.write_text(json.dumps(body))
    kubectl(running, "apply", f"--filename={path}")
