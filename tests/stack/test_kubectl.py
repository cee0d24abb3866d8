"""The main job by kubectl alone: every example applied to a running stack, and what people then see of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.stack import Stack, stack
from tests.contract.server import until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "k8s" / "examples"
Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """Run a stack on whose volume the files lie that the examples name."""
    with stack(SHARD_BYTES="1000", RETRY_SECONDS="0.1") as one:
        for path, text in (
            ("books/alice.txt", "down down down\n"),
            ("contracts/2026/final.txt", "not what was agreed"),
            ("letters/1931.txt", "naïve café\n" * 50),
            ("register/plain.txt", "plain text\n"),
            ("corpora/encyclopaedia.txt", "from aardvark to zygote\n"),
        ):
            (one.state / "volume" / "drop" / path).parent.mkdir(parents=True, exist_ok=True)
            (one.state / "volume" / "drop" / path).write_text(text, encoding="utf-8")
        yield one


@pytest.fixture(scope="module")
def kubectl(running: Stack) -> Kubectl:
    """Give kubectl, the one in the virtual environment, against the stack."""

    def call(*arguments: str, text: str | None = None) -> str:
        program = Path(sys.executable).with_name("kubectl")
        environment = os.environ | {"KUBECONFIG": str(running.state / "kubeconfig")}
        done = subprocess.run(
            [str(program), *arguments],
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def status(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """Return a request's status."""
    return dict(json.loads(kubectl("get", "preq", name, "-o", "json"))["status"])


def finish(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """Wait for a request's end and return its status."""
    kubectl("wait", "--for=condition=Finished", f"preq/{name}", "--timeout=60s")
    return status(kubectl, name)


def test_first_request_of_the_docs_reads_as_written_there(kubectl: Kubectl) -> None:
    page = (ROOT / "docs" / "resource.md").read_text(encoding="utf-8")
    transcript = page.split("## A first request")[1].split("```")[1].removeprefix("console\n")
    for part in transcript.split("$ ")[1:]:
        command, _, expected = part.partition("\n")
        arguments = shlex.split(command)[1:]
        shown = kubectl(*arguments)
        assert _without_age(shown) == _without_age(expected), command


def _without_age(text: str) -> list[str]:
    return re.sub(r"\b\d+m?\d*s\b", "AGE", text).split()


@pytest.mark.parametrize("name", ["configmap", "priority", "ttl"])
def test_example_with_its_own_text_succeeds(kubectl: Kubectl, name: str) -> None:
    kubectl("apply", "-f", str(EXAMPLES / f"{name}.yaml"))
    assert finish(kubectl, name)["phase"] == "Succeeded"


def test_file_under_drop_is_counted(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(EXAMPLES / "path.yaml"))
    ended = finish(kubectl, "path")
    assert ended["result"]["topWords"] == [{"word": "down", "count": 3}]
    assert ended["input"]["bytes"] == 15


def test_pinned_file_with_other_content_fails_by_its_digest(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(EXAMPLES / "pinned.yaml"))
    assert reason(finish(kubectl, "pinned")) == "DigestMismatch"


def test_upload_that_nobody_sent_fails_as_missing(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(EXAMPLES / "upload.yaml"))
    assert reason(finish(kubectl, "upload")) == "InputMissing"


def test_symbolic_link_on_the_way_is_not_allowed(running: Stack, kubectl: Kubectl) -> None:
    (running.state / "volume" / "drop" / "way").symlink_to("/etc")
    request(kubectl, "linked", {"path": "way/hostname"})
    assert reason(finish(kubectl, "linked")) == "InputNotAllowed"


def test_binary_file_is_refused_in_plain_words(running: Stack, kubectl: Kubectl) -> None:
    (running.state / "volume" / "drop" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    request(kubectl, "binary", {"path": "picture.png"})
    ended = finish(kubectl, "binary")
    assert reason(ended) == "NotText"
    assert "binary" in condition(ended, "Finished")["message"]


def test_suspended_request_waits_until_it_may_go_on(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(EXAMPLES / "suspended.yaml"))
    kubectl("wait", "--for=jsonpath={.status.phase}=Suspended", "preq/suspended", "--timeout=60s")
    kubectl("patch", "preq", "suspended", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    assert "phase" in finish(kubectl, "suspended")


def test_big_file_is_counted_in_shards_exactly(running: Stack, kubectl: Kubectl) -> None:
    lines = 400
    text = "".join(f"line {number % 7} of the big file\n" for number in range(lines))
    (running.state / "volume" / "drop" / "big.txt").write_text(text)
    request(kubectl, "sharded", {"path": "big.txt", "bytes": len(text)})
    ended = finish(kubectl, "sharded")
    assert ended["phase"] == "Succeeded", ended
    assert ended["tokens"]["shards"] == -(-len(text) // 1000)
    assert ended["result"]["tokens"] == 6 * lines
    assert {"word": "big", "count": lines} in ended["result"]["topWords"]


def test_size_that_is_announced_too_big_costs_one_pod(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(EXAMPLES / "big-file.yaml"))
    ended = finish(kubectl, "big-file")
    assert (ended["phase"], ended["starts"], ended["tokens"]["shards"]) == ("Succeeded", 2, 1)
    assert (ended["input"]["bytes"], ended["result"]["tokens"]) == (24, 4)


def test_deleted_request_takes_its_jobs_with_it(kubectl: Kubectl) -> None:
    request(kubectl, "short-lived", {"inline": "a word"})
    kubectl("delete", "preq", "short-lived", "--wait=true")
    until(lambda: kubectl("get", "jobs", "-o", "name") == "")


def test_second_request_for_the_same_text_is_answered_from_the_first(kubectl: Kubectl) -> None:
    request(kubectl, "once", {"inline": "the very same words"})
    first = finish(kubectl, "once")
    kubectl("wait", "--for=jsonpath={.metadata.labels.textmill\\.dev/reuse-key}", "preq/once", "--timeout=60s")
    request(kubectl, "twice", {"inline": "the very same words"})
    second = finish(kubectl, "twice")
    assert second["result"] == first["result"]
    assert condition(second, "Succeeded")["reason"] == "Reused"


def test_describe_shows_the_events_and_explain_the_fields(kubectl: Kubectl) -> None:
    request(kubectl, "told", {"inline": "some words to tell of"})
    finish(kubectl, "told")
    kubectl("wait", "--for=create", "events", "--field-selector", "involvedObject.name=told", "--timeout=60s")
    assert "Succeeded" in kubectl("describe", "preq", "told").split("Events:")[1]
    assert "SHA-256" in kubectl("explain", "preq.spec.input.upload")


def test_field_selector_finds_the_failed_ones(kubectl: Kubectl) -> None:
    request(kubectl, "nowhere", {"path": "not/there.txt"})
    finish(kubectl, "nowhere")
    names = kubectl("get", "preq", "--field-selector", "status.phase=Failed", "-o", "name").split()
    assert "processingrequest.textmill.dev/nowhere" in names


def request(kubectl: Kubectl, name: str, source: dict[str, Any]) -> None:
    """Apply a request for this input, from the server's side."""
    body = {
        "apiVersion": "textmill.dev/v1",
        "kind": "ProcessingRequest",
        "metadata": {"name": name},
        "spec": {"input": source},
    }
    kubectl("apply", "--server-side", "-f", "-", text=json.dumps(body))


def condition(ended: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return one condition."""
    return next(one for one in ended["conditions"] if one["type"] == kind)


def reason(ended: dict[str, Any]) -> str:
    """Return why a request failed."""
    assert ended["phase"] == "Failed", ended
    return str(condition(ended, "Succeeded")["reason"])
