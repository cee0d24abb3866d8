"""What the tests of resumable upload over a network share: uploads begun, asked for, broken off; a replica killed."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import socket
from pathlib import Path

from tusclient import client as tusclient
from tusclient.uploader.uploader import Uploader

from tests.api import live
from tests.api.conftest import Real
from tests.contract.server import PATIENCE, until

VERSION = {"Tus-Resumable": "1.0.0"}
SIZE = 3_000_000


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


def kill(api: live.Api) -> None:
    """Kill a replica, its worker too, and wait until both are gone."""
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
