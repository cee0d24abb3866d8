"""Rates over several replicas, counted in a real Redis: two see one count, and each counts alone while it is away."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from app import create_app
from local.stack.ports import Ports
from tests.api.fake_cluster import FakeCluster
from tests.contract.server import PATIENCE, until


@dataclass(frozen=True)
class Redis:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    def stop(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(PATIENCE)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """Run a Redis on loopback that keeps nothing."""
    with Ports() as ports:
        port = ports.take("127.0.0.1", 0)
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
        with (tmp_path / "log").open("wb") as log:
            server = Redis(subprocess.Popen(command, stdout=log, stderr=log), port)
        try:
            until(lambda: _answers(port))
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _replica(folder: Path, port: int) -> FlaskClient:
    config = {
        "TEXTMILL_VOLUME": folder,
        "TEXTMILL_RATE_LIMIT": "3/hour",
        "TEXTMILL_RATE_STORAGE": f"redis://127.0.0.1:{port}",
    }
    return create_app(config, cluster=FakeCluster(), registry=CollectorRegistry()).test_client()


def test_replicas_count_together_and_alone_while_redis_is_away(redis: Redis, tmp_path: Path) -> None:
    one, other = _replica(tmp_path / "volume", redis.port), _replica(tmp_path / "volume", redis.port)

    assert [client.get("/requests").status_code for client in (one, other, one, other, one)] == [200] * 3 + [429] * 2

    redis.stop()

    assert [client.get("/requests").status_code for client in (one, one, one, one, other)] == [200] * 3 + [429, 200]
