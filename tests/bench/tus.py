"""1 GiB by tus in pieces of 8 MiB against the same file as one plain POST, through gunicorn and onto the same disk.

The same client code sends both, over one kept connection, in turn and with other content each time, so that neither
finds its content stored already; the best of each counts, since a neighbour's noise only ever adds time. The API stands
before a real (our own) API server, without operator and workers.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.api import live

BYTES = 1 << 30
PIECE = 8 << 20
ROUNDS = 3
BLOCK = 1 << 20
VERSION = {"Tus-Resumable": "1.0.0"}


def run(size: int = BYTES, rounds: int = ROUNDS) -> dict[str, float]:
    """Measure the seconds of both ways, and their ratio."""
    plain: list[float] = []
    pieces: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder,
        live.cluster(Path(folder)) as (config, _),
        live.serve(Path(folder) / "api", config) as api,
    ):
        for number in range(rounds):
            for way, took in ((_plain, plain), (_in_pieces, pieces)):
                block = (f"block {number} of {way.__name__}, line after line\n" * (BLOCK // 30))[:BLOCK].encode()
                os.sync()
                with closing(http.client.HTTPConnection("127.0.0.1", api.port, timeout=600)) as connection:
                    began = time.perf_counter()
                    way(connection, block, size)
                    took.append(time.perf_counter() - began)
                for one in (api.root / "uploads").glob("[0-9a-f][0-9a-f]/*"):
                    one.unlink()
    return {"plain_s": min(plain), "in_pieces_s": min(pieces), "against_plain_ratio": min(plain) / min(pieces)}


def _plain(connection: http.client.HTTPConnection, block: bytes, size: int) -> None:
    headers = {"Content-Type": "text/plain", "Content-Length": str(size)}
    _call(connection, "POST", "/upload", (block for _ in range(size // BLOCK)), headers)


def _in_pieces(connection: http.client.HTTPConnection, block: bytes, size: int) -> None:
    address = _call(connection, "POST", "/uploads", None, {**VERSION, "Upload-Length": str(size)})["Location"]
    told: http.client.HTTPMessage | None = None
    for offset in range(0, size, PIECE):
        length = min(PIECE, size - offset)
        headers = {**VERSION, "Upload-Offset": str(offset), "Content-Length": str(length)}
        headers["Content-Type"] = "application/offset+octet-stream"
        told = _call(connection, "PATCH", address, (block for _ in range(length // BLOCK)), headers)
    if told is None or "Textmill-Request" not in told:
        raise RuntimeError("the last piece made no request")


def _call(
    connection: http.client.HTTPConnection, method: str, path: str, body: object, headers: dict[str, str]
) -> http.client.HTTPMessage:
    connection.request(method, path, body, headers)  # type: ignore[arg-type]  # an iterator is a body, too
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path} answered {answer.status}: {content[:300]!r}")
    return answer.headers
