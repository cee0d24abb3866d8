"""A file that takes a while on a running stack: what its worker tells is in its status while it works, and right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.stack import Stack, stack
from tests.stack.processes import descendants, runs

LINE = b"some words of a big file, which a slow machine takes its time for\n"
SIZE = 48 << 20


@contextmanager
def slow_workers(running: Stack) -> Iterator[None]:
    """Let workers have a tenth of their time for as long as the context lasts, as on a machine that is busy."""
    over = threading.Event()

    def slow_down() -> None:
        while not over.wait(0.005):
            workers = [pid for pid in descendants(running.process.pid) if runs(pid, "tokenize")]
            for number, seconds in ((signal.SIGSTOP, 0.05), (signal.SIGCONT, 0.0)):
                for pid in workers:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
                time.sleep(seconds)

    thread = threading.Thread(target=slow_down)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_bytes_and_rate_are_seen_while_the_tokenizer_works() -> None:
    content = LINE * (SIZE // len(LINE))
    with stack(PROGRESS_SECONDS="0.2") as running:
        with slow_workers(running):
            status, answer = running.call("POST", "/upload?name=big", content)
            assert status == 202, answer
            kubectl(running, "wait", "--for=jsonpath={.status.progress.bytesDone}", "preq/big", "--timeout=90s")
            _, seen = running.call("GET", "/requests/big")
        ended = running.wait("big", 120)
    assert (seen["phase"], seen["progress"]["bytesTotal"]) == ("Tokenizing", len(content))
    assert 0 < seen["progress"]["bytesDone"] < len(content)
    assert seen["progress"]["bytesPerSecond"] > 0
    assert 0 <= seen["progress"]["percent"] < 50
    assert ended["result"]["tokens"] == 14 * (len(content) // len(LINE))
    assert ended["progress"] == {"percent": 100}


def kubectl(running: Stack, *arguments: str) -> None:
    """Run kubectl against the stack."""
    program = Path(sys.executable).with_name("kubectl")
    environment = os.environ | {"KUBECONFIG": str(running.state / "kubeconfig")}
    done = subprocess.run(
        [str(program), *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
