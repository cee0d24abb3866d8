"""Resumable upload by the unmodified Python client of tus, against gunicorn: cut off, killed, over two replicas."""

from __future__ import annotations

import contextlib
import fcntl
import random
import select
import socket
import struct
import termios
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.api import live
from tests.api.conftest import Real
from tests.api.tus_live import assert_one_request, begun, content, kill, partial_piece, told, uploader
from tests.contract.server import PATIENCE, until

SETTINGS = {"TEXTMILL_STALL_SECONDS": "3", "TEXTMILL_MIN_RATE": "256Ki", "TEXTMILL_THREADS": "8"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what both replicas have in common."""
    return tmp_path_factory.mktemp("tus")


@pytest.fixture(scope="module")
def api(real: Real, folder: Path) -> Iterator[live.Api]:
    """Run one replica, which gives slow clients up soon."""
    with live.serve(folder, real[0], **SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def other(real: Real, folder: Path, api: live.Api) -> Iterator[live.Api]:
    """Run another replica on the same volume."""
    with live.serve(folder / "other", real[0], TEXTMILL_VOLUME=str(api.root)) as running:
        yield running


@pytest.mark.parametrize("checksum", [False, True], ids=["plain", "checksums"])
def test_client_uploads_in_pieces(api: live.Api, real: Real, checksum: bool) -> None:
    data = content(1 + checksum)
    one = uploader(api, data, 700_000, upload_checksum=checksum)

    one.upload()

    assert_one_request(api, real, "/uploads/" + str(one.url).rpartition("/")[2], data)


def test_pieces_cut_at_random_places_are_gone_on_from(api: live.Api, real: Real) -> None:
    data, dice = content(3), random.Random(3)
    address = begun(api, len(data))
    for _ in range(12):
        offset = int(told(api, address)["Upload-Offset"])
        some = dice.randrange(1, 400_000)
        with partial_piece(api, address, offset, data[offset : offset + some], len(data) - offset) as connection:
            if dice.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert int(told(api, address)["Upload-Offset"]) >= offset

    # The last piece may still wait for a thread, and then comes between the client's question and its own piece.
    uploader(api, data, 1_000_000, url=address, retries=5, retry_delay=0).upload()

    assert_one_request(api, real, address, data)


def test_reset_connection_leaves_every_byte_that_came(api: live.Api) -> None:
    data = content(8)
    address = begun(api, len(data))
    with partial_piece(api, address, 0, data[:2_500_000], len(data)) as connection:
        until(lambda: (api.root / f"uploads/resumable/{address[9:]}/data").stat().st_size > 0)
        until(lambda: _unsent(connection) == 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert told(api, address)["Upload-Offset"] == "2500000"


def _unsent(connection: socket.socket) -> int:
    found = array("i", [0])
    fcntl.ioctl(connection, termios.TIOCOUTQ, found)
    return found[0]


def test_new_connection_takes_over_from_a_lost_one(api: live.Api, other: live.Api, real: Real) -> None:
    data = content(4)
    address = begun(api, len(data))
    offset = 0
    with partial_piece(api, address, 0, data[:100_000], len(data)) as lost:
        until(lambda: (api.root / f"uploads/resumable/{address[9:]}/data").stat().st_size >= 65536)
        until(lambda: _unsent(lost) == 0)
        for replica in (api, other):
            offset = int(told(replica, address)["Upload-Offset"])
        assert offset == 100_000, "what came is kept, though the piece was not whole"
        assert lost.recv(100).startswith(b"HTTP/1.1 4")

    uploader(other, data, 1_000_000, url=address).upload()

    assert_one_request(api, real, address, data)


def test_two_replicas_take_pieces_in_turn(api: live.Api, other: live.Api, real: Real) -> None:
    data = content(5)
    address = begun(api, len(data))
    for number in range(6):
        replica = (api, other)[number % 2]
        one = uploader(replica, data, 500_000, url=address)
        assert one.offset == number * 500_000
        one.upload_chunk()  # type: ignore[no-untyped-call]  # untyped in there

    assert_one_request(api, real, address, data)


def test_kill_at_random_moments_loses_nothing_that_was_acknowledged(real: Real, tmp_path: Path) -> None:
    data, dice = content(6), random.Random(6)
    address, acknowledged = "", 0
    for _ in range(4):
        with live.serve(tmp_path, real[0]) as api:
            address = address or begun(api, len(data))
            one = uploader(api, data, 150_000, url=address)
            assert one.offset >= acknowledged
            for _ in range(dice.randrange(2, 5)):
                one.upload_chunk()  # type: ignore[no-untyped-call]  # untyped in there
                acknowledged = one.offset
            with partial_piece(api, address, acknowledged, data[acknowledged : acknowledged + 99_999], 150_000):
                kill(api)
    with live.serve(tmp_path, real[0]) as api:
        uploader(api, data, 1_000_000, url=address).upload()
        assert_one_request(api, real, address, data)


def test_two_clients_that_finish_the_same_upload_make_one_request(api: live.Api, other: live.Api, real: Real) -> None:
    data = content(7)
    address = begun(api, len(data))
    both = threading.Barrier(2)

    def send(replica: live.Api) -> None:
        one = uploader(replica, data, 250_000, url=address)
        both.wait(PATIENCE)
        while one.offset < len(data):
            try:
                one.upload()
            except (TusUploadFailed, TusCommunicationError):
                one = uploader(replica, data, 250_000, url=address)

    threads = [threading.Thread(target=send, args=(replica,)) for replica in (api, other)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)

    assert_one_request(api, real, address, data)


def test_client_that_trickles_is_dropped_and_what_it_brought_stays(api: live.Api) -> None:
    address = begun(api, 1_000_000)
    with partial_piece(api, address, 0, b"abc", 1_000_000) as piece:
        answer = _trickle(piece)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"BodySlow" in answer
    assert int(told(api, address)["Upload-Offset"]) >= 3
    until(lambda: b"textmill_uploads_running_count 0.0" in api.call("GET", "/metrics").body)


def _trickle(connection: socket.socket) -> bytes:
    """Send a byte now and then until the server has something to say or hangs up; return all that it says."""
    deadline = time.monotonic() + PATIENCE
    came = b""
    with contextlib.suppress(ConnectionError):  # it has our last byte unread; what it said can be read all the same
        while not select.select([connection], [], [], 0.1)[0]:
            assert time.monotonic() < deadline, "the client was not dropped"
            connection.sendall(b"x")
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            came += data
    return came
