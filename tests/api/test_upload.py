"""An upload becomes a file under its content's address and a request that names it."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api.asserting import assert_answer, files
from tests.api.fake_cluster import FakeCluster
from textmill import reuse
from textmill.request import Spec

TEXT = b"the quick brown fox\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()
ADDRESS = f"uploads/{DIGEST[:2]}/{DIGEST}"


def _form(data: bytes = TEXT, filename: str = "fox.txt", **fields: str) -> dict[str, object]:
    return {"file": (io.BytesIO(data), filename), **fields}


def test_form_upload_makes_the_whole_resource(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    response = client.post("/upload", data=_form(name="fox", topWords="5", encoding="utf-8", errors="strict"))

    body = assert_answer(response, 202)
    assert response.headers["Location"] == "/requests/fox"
    assert body["input"] == {"name": "fox.txt", "bytes": len(TEXT), "sha256": DIGEST}
    assert (body["phase"], body["progress"], body["result"]) == ("Pending", {"percent": 0}, None)
    assert files(root) == [ADDRESS]
    assert (root / ADDRESS).read_bytes() == TEXT
    resource = cluster.get("fox")
    spec = {
        "input": {"upload": DIGEST, "name": "fox.txt", "bytes": len(TEXT)},
        "topWords": 5,
        "encoding": "utf-8",
        "errors": "strict",
    }
    assert resource["apiVersion"] == "textmill.dev/v1"
    assert resource["kind"] == "ProcessingRequest"
    assert resource["spec"] == spec
    assert resource["metadata"]["labels"] == {"textmill.dev/reuse-key": reuse.key(Spec.parse(spec))}
    assert resource["metadata"]["annotations"]["textmill.dev/content-sha256"] == DIGEST


def test_raw_body_with_query_options_is_the_same_upload(client: FlaskClient, cluster: FakeCluster) -> None:
    response = client.post(
        "/upload?name=fox&topWords=3",
        data=TEXT,
        content_type="application/octet-stream",
        headers={"X-Filename": "caf%C3%A9.txt"},
    )

    assert assert_answer(response, 202)["input"]["name"] == "café.txt"
    assert cluster.get("fox")["spec"] == {
        "input": {"upload": DIGEST, "name": "café.txt", "bytes": len(TEXT)},
        "topWords": 3,
    }


def test_fields_before_and_after_the_file_all_count(client: FlaskClient, cluster: FakeCluster) -> None:
    parts = [
        b'Content-Disposition: form-data; name="priority"\r\n\r\n7',
        b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + TEXT,
        b'Content-Disposition: form-data; name="retries"\r\n\r\n1',
    ]
    data = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"

    response = client.post("/upload?name=both", data=data, content_type="multipart/form-data; boundary=x")

    assert_answer(response, 202)
    assert cluster.get("both")["spec"] == {
        "input": {"upload": DIGEST, "name": "a.txt", "bytes": len(TEXT)},
        "priority": 7,
        "retries": 1,
    }


def test_upload_without_a_name_is_named_after_its_file(client: FlaskClient, cluster: FakeCluster) -> None:
    first = assert_answer(client.post("/upload", data=_form(filename="War & Peace.txt")), 202)
    second = assert_answer(client.post("/upload", data=_form(filename="War & Peace.txt")), 202)

    assert first["name"].startswith("war-peace-txt-")
    assert len(first["name"]) == len("war-peace-txt-") + 8
    assert first["name"] != second["name"]
    assert cluster.names() == sorted([first["name"], second["name"]])


def test_empty_file_is_content_like_any_other(client: FlaskClient, root: Path) -> None:
    body = assert_answer(client.post("/upload", data=_form(b"", "empty.txt")), 202)

    empty = hashlib.sha256(b"").hexdigest()
    assert body["input"] == {"name": "empty.txt", "bytes": 0, "sha256": empty}
    assert files(root) == [f"uploads/{empty[:2]}/{empty}"]


def test_content_that_is_stored_is_young_again_when_it_is_sent_again(
    client: FlaskClient, cluster: FakeCluster, root: Path
) -> None:
    client.post("/upload", data=_form())
    stored = root / ADDRESS
    os.utime(stored, (1_000, 1_000))

    assert_answer(client.post("/upload", data=_form(filename="again.txt")), 202)

    assert stored.stat().st_mtime > 1_000
    assert files(root) == [ADDRESS]
    assert len(cluster.names()) == 2


@pytest.mark.parametrize("rotten", [TEXT[:3], TEXT[:-1] + b"?"], ids=["cut off", "of the same size"])
def test_stored_content_that_has_rotten_is_replaced(client: FlaskClient, root: Path, rotten: bytes) -> None:
    client.post("/upload", data=_form())
    (root / ADDRESS).write_bytes(rotten)

    assert_answer(client.post("/upload", data=_form()), 202)

    assert (root / ADDRESS).read_bytes() == TEXT


def test_body_in_chunks_without_a_length_is_taken(client: FlaskClient, root: Path) -> None:
    response = client.post(
        "/upload",
        input_stream=io.BytesIO(TEXT),
        content_type="text/plain",
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert assert_answer(response, 202)["input"]["bytes"] == len(TEXT)
    assert files(root) == [ADDRESS]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..", "upload"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ("a\0b.txt", "ab.txt"),
        ("x" * 300 + ".txt", "x" * 99 + "…" + "x" * 16 + ".txt"),
        ("🦊 report.txt", "🦊 report.txt"),
        ("CON", "CON"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        (" \t\u200b ", "upload"),
    ],
)
def test_hostile_file_name_is_only_ever_shown(client: FlaskClient, root: Path, sent: str, shown: str) -> None:
    response = client.post("/upload", query_string={"filename": sent}, data=TEXT, content_type="text/plain")

    assert assert_answer(response, 202)["input"]["name"] == shown
    assert files(root) == [ADDRESS]


def test_right_digest_is_accepted(client: FlaskClient) -> None:
    assert_answer(client.post("/upload", data=_form(sha256=DIGEST)), 202)


def test_upload_is_counted_in_bytes(client: FlaskClient) -> None:
    client.post("/upload", data=_form())

    assert f"textmill_upload_bytes_total {len(TEXT)}.0" in client.get("/metrics").get_data(as_text=True)
