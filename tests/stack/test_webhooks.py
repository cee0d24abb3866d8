"""Ends that are told from a running stack: the docs' own check of the signature, and a death of the operator."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.bench.stack import Stack, stack
from tests.serving import serving
from tests.stack.processes import descendants, runs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"


@dataclass
class Receiver:
    """Somebody who is told; `before_answer` is called with each message before it is acknowledged."""

    url: str = ""
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    before_answer: Callable[[], None] = lambda: None
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, number: int) -> None:
        """Wait for so many messages."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.taken) >= number, timeout=90), self.taken


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on loopback."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            found.before_answer()
            with found.came:
                found.taken.append(({name.lower(): value for name, value in self.headers.items()}, content))
                found.came.notify_all()
            with suppress(ConnectionError):
                self.send_response(204)
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    with serving(server):
        yield found


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """Run a stack that may tell somebody on loopback, and has the Secret that the docs speak of."""
    settings = {"NOTIFY_NETWORKS": "127.0.0.0/8", "NOTIFY_SECONDS": "0.2", "NOTIFY_TIMEOUT_SECONDS": "5"}
    with stack(**settings, LEASE_SECONDS="3") as one:
        made = re.search(r"\$ kubectl (create secret generic \S+) --from-literal=secret=", PAGE)
        assert made
        kubectl(one, *made[1].split(), f"--from-literal=secret={SECRET}")
        yield one


def kubectl(running: Stack, *arguments: str) -> str:
    """Run kubectl against the stack."""
    program = Path(sys.executable).with_name("kubectl")
    environment = os.environ | {"KUBECONFIG": str(running.state / "kubeconfig")}
    done = subprocess.run(
        [str(program), *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def verify(headers: dict[str, str], content: bytes) -> None:
    """Check a signature as the docs say."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    space: dict[str, Any] = {}
    exec(code, space)  # noqa: S102 - the example is what is tested
    space["verify"](SECRET, headers, content)


def test_upload_is_told_of_with_a_signature_that_the_docs_verify(running: Stack) -> None:
    with receiving() as receiver:
        status, answer = running.call("POST", f"/upload?name=told&notifyUrl={receiver.url}", b"one two two")
        assert status == 202, answer
        receiver.wait(1)
        kubectl(running, "wait", "--for=jsonpath={.status.settled}=true", "preq/told", "--timeout=60s")
    ((headers, content),) = receiver.taken
    verify(headers, content)
    said = json.loads(content)
    assert (said["type"], said["data"]["name"], said["data"]["result"]["tokens"]) == ("request.succeeded", "told", 3)
    with pytest.raises(ValueError, match="no signature fits"):
        verify(headers, content + b" ")
    with pytest.raises(ValueError, match="too old"):
        verify(headers | {"webhook-timestamp": "1800000000"}, content)


def test_operator_killed_before_it_hears_tells_once_more_under_the_same_id(running: Stack) -> None:
    with receiving() as receiver:

        def kill() -> None:
            receiver.before_answer = lambda: None
            (operator,) = (pid for pid in descendants(running.process.pid) if runs(pid, "textmill_operator"))
            os.kill(operator, signal.SIGKILL)

        receiver.before_answer = kill
        running.call("POST", f"/upload?name=killed&notifyUrl={receiver.url}", b"three words here")
        receiver.wait(2)
        kubectl(running, "wait", "--for=jsonpath={.status.settled}=true", "preq/killed", "--timeout=60s")
        told = json.loads(kubectl(running, "get", "preq", "killed", "-o", "json"))["status"]["notification"]
    (first, content), (second, again) = receiver.taken
    assert (first["webhook-id"], content) == (second["webhook-id"], again)
    assert (told["attempts"], "deliveredAt" in told) == (2, True)


def test_failure_is_told_of_as_well_and_events_say_so(running: Stack) -> None:
    with receiving() as receiver:
        running.call("POST", f"/upload?name=bad&notifyUrl={receiver.url}", b"\x89PNG\0\0")
        receiver.wait(1)
        kubectl(running, "wait", "--for=jsonpath={.status.settled}=true", "preq/bad", "--timeout=60s")
    said = json.loads(receiver.taken[0][1])
    assert (said["type"], said["data"]["reason"], said["data"]["result"]) == ("request.failed", "NotText", None)
