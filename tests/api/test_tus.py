"""Resumable upload as tus 1.0 has it: creation, pieces, checksums, expiration, termination, joining."""

from __future__ import annotations

import email.utils
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.marks import Looks
from app.sweep import References, Rules, decide
from app.tree import Tree
from tests.api import tus
from tests.api.asserting import assert_problem, files
from tests.api.fake_cluster import FakeCluster

TEXT = b"to be or not to be, that is the question\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()


def test_abilities_are_told(make: Callable[..., Flask]) -> None:
    client = make(TEXTMILL_MAX_UPLOAD_BYTES="7Mi").test_client()

    for address in ("/uploads", "/uploads/" + "a" * 32):
        answer = client.options(address)
        assert (answer.status_code, answer.data) == (204, b"")
        told = {name: value for name, value in answer.headers.items() if name.startswith("Tus-")}
        assert told == {
            "Tus-Version": "1.0.0",
            "Tus-Resumable": "1.0.0",
            "Tus-Extension": "creation,creation-with-upload,checksum,expiration,termination,concatenation",
            "Tus-Max-Size": str(7 << 20),
            "Tus-Checksum-Algorithm": "sha1,sha256",
        }


def test_pieces_become_one_request_with_the_last_byte(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    address = tus.begun(client, len(TEXT), Upload_Metadata=tus.metadata(filename="Hamlet.txt", topWords="3"))
    assert tus.offset(client, address) == 0

    first = tus.patch(client, address, 0, TEXT[:10])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "10")
    assert (tus.offset(client, address), cluster.names()) == (10, [])
    last = tus.patch(client, address, 10, TEXT[10:])

    (name,) = cluster.names()
    assert name.startswith("hamlet-txt-")
    assert (last.status_code, last.headers["Textmill-Request"]) == (204, name)
    spec = cluster.get(name)["spec"]
    assert spec == {"input": {"upload": DIGEST, "name": "Hamlet.txt", "bytes": len(TEXT)}, "topWords": 3}
    assert tus.stored(root) == [DIGEST]
    assert (root / "uploads" / DIGEST[:2] / DIGEST).read_bytes() == TEXT


def test_finished_upload_stays_one_request_however_often_it_is_asked_for(
    client: FlaskClient, cluster: FakeCluster
) -> None:
    address = tus.begun(client, len(TEXT))
    tus.patch(client, address, 0, TEXT)
    (name,) = cluster.names()

    for _ in range(3):
        assert tus.head(client, address).headers["Textmill-Request"] == name
        assert tus.patch(client, address, len(TEXT), b"").status_code == 204
    client.delete(f"/requests/{name}")
    assert tus.head(client, address).headers["Textmill-Request"] == name

    assert cluster.calls.count("create") == 1


def test_creation_may_bring_the_first_bytes_or_all(client: FlaskClient, cluster: FakeCluster) -> None:
    part = tus.create(client, len(TEXT), TEXT[:7])
    whole = tus.create(client, len(TEXT), TEXT)
    empty = tus.create(client, 0)

    assert [one.status_code for one in (part, whole, empty)] == [201, 201, 201]
    assert [one.headers["Upload-Offset"] for one in (part, whole, empty)] == ["7", str(len(TEXT)), "0"]
    assert "Textmill-Request" not in part.headers
    assert sorted(one.headers["Textmill-Request"] for one in (whole, empty)) == cluster.names()


def test_creation_under_a_key_is_found_again(client: FlaskClient, cluster: FakeCluster) -> None:
    first = tus.begun(client, len(TEXT), Idempotency_Key="k")
    tus.patch(client, first, 0, TEXT[:5])
    again = tus.create(client, len(TEXT), Idempotency_Key="k")
    other = tus.create(client, 3, Idempotency_Key="k")

    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (first, "5")
    assert_problem(other, 422, "KeyReused")
    tus.patch(client, first, 5, TEXT[5:])
    plain = client.post("/upload", data=TEXT, content_type="text/plain", headers={"Idempotency-Key": "k"})
    assert plain.headers["Idempotent-Replayed"] == "true"
    assert len(cluster.names()) == 1


def test_state_tells_length_metadata_and_expiry(make: Callable[..., Flask]) -> None:
    client = make(TEXTMILL_RESUME_SECONDS=3600).test_client()
    text = tus.metadata(filename="ü.txt", filetype="text/plain")
    told = tus.head(client, tus.begun(client, 5, Upload_Metadata=text)).headers

    assert (told["Upload-Length"], told["Upload-Metadata"]) == ("5", text)
    left = email.utils.parsedate_to_datetime(told["Upload-Expires"]).timestamp() - time.time()
    assert 3500 < left <= 3600


def test_ended_upload_is_gone_and_its_request_stays(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    half, whole = tus.begun(client, 9), tus.begun(client, len(TEXT))
    tus.patch(client, whole, 0, TEXT)

    for address in (half, whole):
        assert client.delete(address, headers=tus.VERSION).status_code == 204
        assert tus.head(client, address).status_code == 404
        assert_problem(tus.patch(client, address, 0, b"x"), 404, "PiecesMissing")
        assert_problem(client.delete(address, headers=tus.VERSION), 404, "PiecesMissing")

    assert len(cluster.names()) == 1
    assert files(root) == [f"uploads/{DIGEST[:2]}/{DIGEST}"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_piece_with_a_wrong_checksum_leaves_nothing(client: FlaskClient, algorithm: str) -> None:
    address = tus.begun(client, len(TEXT))
    good = tus.patch(client, address, 0, TEXT[:9], Upload_Checksum=tus.checksum(TEXT[:9], algorithm))
    bad = tus.patch(client, address, 9, b"other bytes", Upload_Checksum=tus.checksum(TEXT[9:20], algorithm))

    assert good.status_code == 204
    assert_problem(bad, 460, "ChecksumMismatch")
    assert tus.offset(client, address) == 9
    rest = tus.patch(client, address, 9, TEXT[9:], Upload_Checksum=tus.checksum(TEXT[9:], algorithm))
    assert "Textmill-Request" in rest.headers


def test_content_of_another_digest_than_announced_makes_no_request(client: FlaskClient, cluster: FakeCluster) -> None:
    good = tus.create(client, len(TEXT), TEXT, Upload_Metadata=tus.metadata(sha256=DIGEST))
    bad = tus.create(client, 3, b"abc", Upload_Metadata=tus.metadata(sha256=DIGEST))

    assert cluster.names() == [good.headers["Textmill-Request"]]
    assert_problem(bad, 422, "DigestMismatch")


@pytest.mark.parametrize("empty", [False, True])
def test_parts_are_joined_once_in_their_order(
    client: FlaskClient, cluster: FakeCluster, root: Path, empty: bool
) -> None:
    pieces = [TEXT[:11], *([b""] if empty else []), TEXT[11:]]
    parts = [tus.create(client, len(one), one, Upload_Concat="partial").headers["Location"] for one in pieces]
    assert cluster.names() == []
    assert tus.head(client, parts[0]).headers["Upload-Concat"] == "partial"

    joined = f"final;http://localhost{parts[0]} {' '.join(parts[1:])}"
    first = tus.create(client, None, Upload_Concat=joined, Upload_Metadata=tus.metadata(filename="a.txt"))
    again = tus.create(client, None, Upload_Concat=joined, Upload_Metadata=tus.metadata(filename="a.txt"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["Textmill-Request"] == again.headers["Textmill-Request"] == cluster.names()[0]
    assert first.headers["Location"] == again.headers["Location"]
    assert tus.stored(root) == [DIGEST]
    assert tus.head(client, parts[0]).status_code == 404, "parts go when they are joined"
    told = tus.head(client, first.headers["Location"]).headers
    assert (told["Upload-Length"], told["Upload-Concat"]) == (str(len(TEXT)), "final;" + " ".join(parts))
    assert_problem(tus.patch(client, first.headers["Location"], 0, b"x"), 400, "FieldInvalid")


def test_joining_waits_for_whole_parts(client: FlaskClient, cluster: FakeCluster) -> None:
    part = tus.begun(client, 5, Upload_Concat="partial")
    usual = tus.begun(client, 0)

    for one in (part, usual):
        assert_problem(tus.create(client, None, Upload_Concat=f"final;{one}"), 409, "PartsUnfinished")
    assert len(cluster.names()) == 1


def test_client_of_get_and_post_alone_is_served(client: FlaskClient, cluster: FakeCluster) -> None:
    address = tus.begun(client, 3)
    headers = {**tus.VERSION, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}

    assert client.post(address, data=b"abc", content_type=tus.PIECE, headers=headers).status_code == 204
    told = client.post(address, headers={**tus.VERSION, "X-HTTP-Method-Override": "HEAD"})
    assert told.headers["Textmill-Request"] == cluster.names()[0]
    assert_problem(client.post(address, headers=tus.VERSION), 405, "MethodNotAllowed")
    assert client.post(address, headers={**tus.VERSION, "X-HTTP-Method-Override": "DELETE"}).status_code == 204


def test_old_upload_goes_with_the_sweep_and_a_young_one_stays(client: FlaskClient, root: Path) -> None:
    old, young = tus.begun(client, 9), tus.begun(client, 9)
    tus.patch(client, old, 0, b"abc")
    for path in [*(root / old.lstrip("/").replace("uploads/", "uploads/resumable/")).iterdir()]:
        os.utime(path, (0, 0))
    folder = root / "uploads" / "resumable" / old.rpartition("/")[2]
    os.utime(folder, (0, 0))

    plan = decide(Tree(root).entries(), [], References(1), Looks(), Rules(10, 1.0, resume=3600), time.time())

    assert [one.path for one in plan.move] == [f"uploads/resumable/{old.rpartition('/')[2]}"]
    assert tus.offset(client, young) == 0
