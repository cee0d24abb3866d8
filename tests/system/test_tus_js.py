"""Resumable upload by the unmodified JavaScript client of tus: broken off at random, a server killed, two replicas."""

from __future__ import annotations

import itertools
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.api import live
from tests.api.conftest import Real
from tests.api.tus_live import assert_one_request, content, kill
from tests.contract.server import PATIENCE
from tests.system.proxy import proxy

PIECE = 400_000
SEND = Path(__file__).with_name("send.js")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Run an API server that knows the resource."""
    with live.cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@contextmanager
def sending(port: int, file: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the client; whatever it says comes line by line."""
    command = ["node", str(SEND), f"http://127.0.0.1:{port}/uploads", str(file), str(PIECE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def end(process: subprocess.Popen[str]) -> str:
    """Wait for the client's end and return the upload's address, as a path."""
    said, complained = process.communicate(timeout=10 * PATIENCE)
    assert process.returncode == 0, complained
    return "/uploads/" + said.splitlines()[-1].rpartition("/")[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of three million bytes."""
    made = tmp_path / "big.txt"
    made.write_bytes(content(11))
    return made


def test_connections_broken_at_random_bytes_lose_nothing(real: Real, tmp_path: Path, file: Path) -> None:
    dice = random.Random(11)
    with (
        live.serve(tmp_path / "api", real[0]) as api,
        proxy(lambda: api.port, lambda: dice.randrange(1_000, 700_000)) as between,
        sending(between.port, file) as client,
    ):
        address = end(client)
        assert between.broken >= 4
        assert_one_request(api, real, address, file.read_bytes())


def test_server_that_is_killed_amid_it_goes_on_after_its_start(real: Real, tmp_path: Path, file: Path) -> None:
    file.write_bytes(content(12))
    ports: list[int] = []
    with live.serve(tmp_path / "api", real[0]) as first:
        ports.append(first.port)
        with proxy(lambda: ports[-1]) as between, sending(between.port, file) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == f"taken {PIECE}\n"
            kill(first)
            with live.serve(tmp_path / "api", real[0]) as second:
                ports.append(second.port)
                address = end(client)
                assert_one_request(second, real, address, file.read_bytes())


def test_two_replicas_take_turns(real: Real, tmp_path: Path, file: Path) -> None:
    file.write_bytes(content(13))
    with (
        live.serve(tmp_path / "api", real[0]) as one,
        live.serve(tmp_path / "other", real[0], TEXTMILL_VOLUME=str(one.root)) as other,
    ):
        turns = itertools.cycle((one.port, other.port))
        with proxy(lambda: next(turns), lambda: 2 * PIECE) as between, sending(between.port, file) as client:
            address = end(client)
        assert_one_request(one, real, address, file.read_bytes())
        for replica in (one, other):
            assert b'textmill_http_answers_total{method="PATCH",route="/uploads/<identity>",status="204"}' in (
                replica.call("GET", "/metrics").body
            ), "each took a piece"
