"""Results are made while they are sent: nothing is made for a head alone, and a piece is all that is made ahead."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from backports import zstd
from flask.testing import FlaskClient
from werkzeug.datastructures import Accept

from app import compression, tables
from tests.api import artefacts
from tests.api.fake_cluster import FakeCluster

WORDS, TOKENS = "/requests/fox/words", "/requests/fox/tokens"
ROWS = 60_000
CSV = b"word,count\n" + b"".join(f"word{number},{ROWS - number}\n".encode() for number in range(ROWS))
MADE = [WORDS, f"{WORDS}?format=csv&offset=1", f"{WORDS}?contains=word", TOKENS]


class Counted(io.FileIO):
    """A file that counts what is read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size) or b""
        Counted.read_bytes += len(data)
        return data


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> type[Counted]:
    """Have what is read of tables counted."""
    Counted.read_bytes = 0
    plain = tables.blocks
    monkeypatch.setattr(tables, "blocks", lambda file: plain(Counted(file.fileno(), closefd=False)))
    return Counted


@pytest.fixture
def big(client: FlaskClient, cluster: FakeCluster, root: Path) -> FlaskClient:
    """Return a client beside a request named fox with a table of many blocks and tokens of many pieces."""
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    tokens = artefacts.tokenized(root, (["the", "fox"], [[0, 1] * 20_000]))["tokens"]
    cluster.set_status("fox", artefacts.finished(root, csv=CSV) | {"tokens": tokens})
    return client


def _first(client: FlaskClient, path: str, **headers: str) -> bytes:
    answer = client.get(path, buffered=False, headers={name.replace("_", "-"): one for name, one in headers.items()})
    assert answer.status_code == 200
    assert "Content-Length" not in answer.headers
    piece = next(answer.iter_encoded())
    answer.close()
    return piece


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("path", MADE)
def test_first_piece_comes_before_the_rest_is_read(
    big: FlaskClient, read: type[Counted], path: str, coding: str
) -> None:
    assert _first(big, path, Accept_Encoding=coding)

    assert read.read_bytes <= 2 * tables.BLOCK


@pytest.mark.parametrize("path", MADE)
def test_head_and_304_read_nothing(big: FlaskClient, read: type[Counted], path: str) -> None:
    head = big.head(path)
    known = big.get(path, headers={"If-None-Match": head.headers["ETag"]})

    assert (head.status_code, known.status_code, known.data) == (200, 304, b"")
    assert known.headers["Vary"] == "Accept-Encoding"
    assert read.read_bytes == 0


def test_limit_reads_no_further_than_its_rows(big: FlaskClient, read: type[Counted]) -> None:
    assert len(big.get(f"{WORDS}?limit=10").get_json()) == 10

    assert read.read_bytes <= 2 * tables.BLOCK


def test_csv_with_a_limit_comes_in_blocks_and_not_by_rows(big: FlaskClient) -> None:
    answer = big.get(f"{WORDS}?format=csv&limit={ROWS - 1}", buffered=False)
    pieces = list(answer.iter_encoded())
    answer.close()

    assert b"".join(pieces) == CSV[: CSV.rstrip().rindex(b"\n") + 1]
    assert len(pieces) <= len(CSV) // tables.BLOCK + 3


@pytest.mark.parametrize("path", [f"{WORDS}?format=csv", *MADE])
def test_answers_are_compressed_when_that_is_asked_for(big: FlaskClient, path: str) -> None:
    plain = big.get(path)
    zipped = big.get(path, headers={"Accept-Encoding": "gzip"})
    packed = big.get(path, headers={"Accept-Encoding": "gzip, deflate, zstd"})

    assert "Content-Encoding" not in plain.headers
    assert (zipped.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == ("gzip", "zstd")
    assert gzip.decompress(zipped.data) == zstd.decompress(packed.data) == plain.data
    assert len({one.headers["ETag"] for one in (plain, zipped, packed)}) == 3
    assert {one.headers["Vary"] for one in (plain, zipped, packed)} == {"Accept-Encoding"}
    again = big.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": zipped.headers["ETag"]})
    assert again.status_code == 304


def test_part_by_bytes_is_of_the_file_as_it_lies_there(big: FlaskClient) -> None:
    answer = big.get(f"{WORDS}?format=csv", headers={"Range": "bytes=5-9", "Accept-Encoding": "gzip"})

    assert (answer.status_code, answer.data) == (206, CSV[5:10])
    assert "Content-Encoding" not in answer.headers


def test_arrow_is_compressed_already(big: FlaskClient) -> None:
    answer = big.get(f"{WORDS}?format=arrow", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
    assert answer.content_length == len(answer.data)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ([], ""),
        ([("gzip", 1)], "gzip"),
        ([("gzip", 1), ("zstd", 1)], "zstd"),
        ([("gzip", 1), ("zstd", 0.5)], "gzip"),
        ([("gzip", 0)], ""),
        ([("gzip", 0.5), ("identity", 1)], ""),
        ([("*", 1), ("zstd", 0)], "gzip"),
        ([("br", 1)], ""),
    ],
)
def test_coding_is_the_clients_choice(accepted: list[tuple[str, float]], coding: str) -> None:
    assert compression.chosen(Accept(accepted)) == coding


def test_broken_line_ends_the_answer_and_says_so(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root, csv=b"word,count\nthe,3\nfox,many\n"))

    with pytest.raises(Exception, match="no count"):
        client.get(WORDS)


@pytest.mark.parametrize(("offset", "limit"), [(0, 4), (1, 2), (3, 9), (4, 1), (99, 1), (2, 0)])
def test_offset_passes_over_rows(
    client: FlaskClient, cluster: FakeCluster, root: Path, offset: int, limit: int
) -> None:
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root))

    query: dict[str, object] = {"offset": offset, "limit": limit}
    lines = artefacts.CSV.splitlines(keepends=True)

    assert client.get(WORDS, query_string=query).get_json() == artefacts.ROWS[offset : offset + limit]
    as_csv = client.get(WORDS, query_string={**query, "format": "csv"})
    assert as_csv.data == b"".join([lines[0], *lines[1 + offset : 1 + offset + limit]])
    found = client.get(WORDS, query_string={"contains": "h", "offset": 1})
    assert found.get_json() == [row for row in artefacts.ROWS if "h" in str(row["word"])][1:]
