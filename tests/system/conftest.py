"""A running mill and Chromium before it. A page that logs an error or breaks its own content policy fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from local import kubeconfig
from tests.bench.stack import Stack, stack
from tests.contract.client import Client

REQUESTS = "/apis/textmill.dev/v1/namespaces/default/processingrequests"
TEXT = b"the mill, the miller and the word"
# The background services of the browser are switched off: the tests talk to loopback alone.
FLAGS = ("--no-sandbox", "--disable-quic", "--disable-sync", "--disable-background-networking", "--no-first-run")


@dataclass(frozen=True)
class Mill:
    """A running stack, and its Kubernetes API."""

    running: Stack
    kubernetes: Client

    def put_aside(self, name: str) -> None:
        """Make a request that waits until `go_on`."""
        spec = {"input": {"inline": TEXT.decode()}, "suspend": True}
        body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": {"name": name}, "spec": spec}
        self.kubernetes.create(REQUESTS, body)

    def go_on(self, name: str) -> None:
        """Let a request go on that was put aside."""
        self.kubernetes.patch(f"{REQUESTS}/{name}", {"spec": {"suspend": False}})

    def send(self, name: str, text: bytes = TEXT, **options: str) -> None:
        """Have a text counted, to its end."""
        query = "&".join(f"{key}={value}" for key, value in {"name": name, **options}.items())
        status, answer = self.running.call("POST", f"/upload?{query}", text, **{"Content-Type": "text/plain"})
        assert status == 202, answer
        self.running.wait(name)


@pytest.fixture(scope="session")
def mill() -> Iterator[Mill]:
    """Run a stack that has counted one text, has failed on another and keeps a third waiting."""
    with stack() as running:
        made = Mill(running, Client(kubeconfig.load(running.state / "kubeconfig")))
        made.send("seen", filename="seen.txt")
        made.send("unseen", b"\xff\xfe\xfd", errors="strict", encoding="utf-8")
        made.put_aside("aside")
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*FLAGS])
        yield browser
        browser.close()


Visit = Callable[..., BrowserContext]


@pytest.fixture
def visit(chromium: Browser, mill: Mill) -> Iterator[Visit]:
    """Return a maker of visitors, each with a browser of its own; what their pages log must be nothing."""
    visitors: list[BrowserContext] = []
    logged: list[str] = []

    def made(*, quiet: bool = True, **settings: object) -> BrowserContext:
        one = chromium.new_context(base_url=f"http://127.0.0.1:{mill.running.port}", **settings)  # type: ignore[arg-type]  # as playwright names them
        if quiet:  # else it meets an error that the browser notes by itself
            one.on("console", lambda message: logged.append(message.text))
        one.on("weberror", lambda error: logged.append(str(error.error)))
        visitors.append(one)
        return one

    yield made
    for one in visitors:
        one.close()
    assert logged == []


@pytest.fixture
def loud(visit: Visit) -> Page:
    """Return a page that meets errors of the network, which the browser notes by itself."""
    return visit(quiet=False).new_page()


@pytest.fixture
def page(visit: Visit) -> Page:
    """Return a page of a visitor with default settings."""
    return visit().new_page()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Return a file with a text."""
    file = tmp_path / "The mill.txt"
    file.write_bytes(TEXT)
    return file
