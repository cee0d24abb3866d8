"""Resumable upload by the unmodified Python client of tus, against gunicorn: cut off, killed, over two replicas."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tusclient import client as tusclient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader.uploader import Uploader

from tests.api import live
from tests.api.conftest import Real
from tests.contract.server import PATIENCE, until

VERSION = {"Tus-Resumable": "1.0.0"}
SIZE = 3_000_000
SETTINGS = {"TEXTMILL_STALL_SECONDS": "1", "TEXTMILL_MIN_RATE": "1Mi", "TEXTMILL_THREADS": "8"}


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


def content(seed: int, size: int = SIZE) -> bytes:
    """Return bytes that differ at each place."""
    return random.Random(seed).randbytes(size)


def uploader(api: live.Api, data: bytes, piece: int, url: str | None = None, **options: object) -> Uploader:
    """Return the client's uploader of some bytes."""
    address = f"http://127.0.0.1:{api.port}"
    metadata = {"filename": "big.txt", "filetype": "text/plain"}
    one = tusclient.TusClient(f"{address}/uploads")
    made: Uploader = one.uploader(
        file_stream=io.BytesIO(data), chunk_size=piece, metadata=metadata, url=url and address + url, **options
    )
    return made


def begun(api: live.Api, length: int) -> str:
    """Begin an upload and return its address."""
    answer = api.call("POST", "/uploads", None, **{**VERSION, "Upload-Length": str(length)})
    assert answer.status == 201
    return answer.headers["Location"]


def told(api: live.Api, address: str) -> dict[str, str]:
    """Return what HEAD says of an upload."""
    answer = api.call("HEAD", address, None, **VERSION)
    assert answer.status == 200, answer.headers
    return answer.headers


def assert_one_request(api: live.Api, real: Real, address: str, data: bytes) -> None:
    """Assert that an upload became one request of exactly these bytes."""
    digest = hashlib.sha256(data).hexdigest()
    name = told(api, address)["Textmill-Request"]
    items = real[1].get(live.REQUESTS).body["items"]
    found = [one["metadata"]["name"] for one in items if one["spec"]["input"].get("upload") == digest]
    assert found == [name]
    assert (api.root / "uploads" / digest[:2] / digest).read_bytes() == data


def partial_piece(api: live.Api, address: str, offset: int, data: bytes, announced: int) -> socket.socket:
    """Begin to send a piece and leave the rest out."""
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE)
    lines = [f"PATCH {address} HTTP/1.1", "Host: localhost", "Tus-Resumable: 1.0.0", f"Upload-Offset: {offset}"]
    lines += [f"Content-Length: {announced}", "Content-Type: application/offset+octet-stream", "", ""]
    connection.sendall("\r\n".join(lines).encode() + data)
    return connection


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

    uploader(api, data, 1_000_000, url=address).upload()

    assert_one_request(api, real, address, data)


def test_new_connection_takes_over_from_a_lost_one(api: live.Api, other: live.Api, real: Real) -> None:
    data = content(4)
    address = begun(api, len(data))
    offset = 0
    with partial_piece(api, address, 0, data[:100_000], len(data)) as lost:
        until(lambda: (api.root / f"uploads/resumable/{address[9:]}/data").stat().st_size >= 65536)
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
                _kill(api)
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
    assert b"textmill_uploads_running_count 0.0" in api.call("GET", "/metrics").body


def _trickle(connection: socket.socket) -> bytes:
    """Send a byte now and then until the server answers or hangs up."""
    connection.settimeout(0.1)
    came = b""
    for _ in range(int(PATIENCE * 10)):
        try:
            connection.sendall(b"x")
            came += (data := connection.recv(65536))
            if not data:
                return came
        except TimeoutError:
            continue
        except OSError:
            return came
    raise AssertionError("the client was not dropped")


def _kill(api: live.Api) -> None:
    children = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
    for one in (api.process.pid, *map(int, children)):
        os.kill(one, signal.SIGKILL)
    api.process.wait(PATIENCE)
    until(lambda: not any(_runs(one) for one in children))


def _runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
