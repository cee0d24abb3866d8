"""The services of compose.yaml in their order, each started when those it depends on are healthy."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.tree import ROOT
from tests.contract.server import until

PATIENCE = 180.0
COMPOSE = str(Path(sys.executable).with_name("podman-compose"))

Json = dict[str, Any]


def run(*command: str, ok: bool = True) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0 or not ok, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Stack:
    """The running services, under a project's name and at a port of their own."""

    project: str
    port: int

    def compose(self, *arguments: str) -> str:
        """Run podman-compose."""
        return run(COMPOSE, "--no-ansi", "-p", self.project, *arguments)

    def container(self, service: str) -> str:
        """Return a service's container."""
        return f"{self.project}_{service}_1"

    def start(self, service: str) -> None:
        """Start one service and wait for its own health check to pass."""
        self.compose("up", "--detach", "--no-deps", service)
        until(lambda: self.healthy(service), PATIENCE)

    def healthy(self, service: str) -> bool:
        """Run a service's health check, which nothing does by itself without systemd; one that has none is healthy."""
        if "healthcheck" not in services()[service]:
            return True
        check = ["podman", "healthcheck", "run", self.container(service)]
        return subprocess.run(check, capture_output=True, check=False).returncode == 0

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Speak to the proxy, trusting its own certificate and no other."""
        authority = run("podman", "exec", self.container("proxy"), "cat", "/etc/textmill/tls/tls.crt")
        context = ssl.create_default_context(cadata=authority)
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=120, context=context)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def upload(self, name: str, content: bytes) -> Json:
        """Upload a text that must be taken."""
        code, answer = self.call("POST", f"/upload?name={name}&retries=2", content, {"Content-Type": "text/plain"})
        assert code == 202, answer
        found: Json = json.loads(answer)
        return found

    def ended(self, name: str) -> Json:
        """Wait for a request's end, and return it."""
        found: Json = {}

        def look() -> bool:
            code, answer = self.call("GET", f"/requests/{name}?wait=10s")
            found.update(json.loads(answer) if code == 200 else {})
            return found.get("phase") in ("Succeeded", "Failed")

        until(look, PATIENCE)
        return found


def services() -> Json:
    """Return the services as they are written."""
    found: Json = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    return found


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start every service after those it depends on; take all of it away at the end."""
    if "TEXTMILL_PROXY_IMAGE" not in os.environ:
        pytest.fail("these tests need both images: run them by `make compose-test`", pytrace=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    os.environ["TEXTMILL_PORT"] = str(port)
    running = Stack(f"textmill-{secrets.token_hex(4)}", port)
    try:
        waiting = {name: set(one.get("depends_on", ())) for name, one in services().items()}
        while waiting:
            for name in [name for name, needed in waiting.items() if not needed & waiting.keys()]:
                running.start(name)
                del waiting[name]
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "10")
