"""When the cluster is away an upload is kept, and the answer says how to go on without sending it again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cluster import Denied, Refused
from tests.api.asserting import assert_answer, assert_problem, files
from tests.api.fake_cluster import FakeCluster

TEXT = b"kept\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()
ADDRESS = f"uploads/{DIGEST[:2]}/{DIGEST}"


def _upload(client: FlaskClient) -> TestResponse:
    query = {"filename": "kept.txt", "topWords": "3", "encoding": "latin-1"}
    return client.post("/upload", query_string=query, data=TEXT, content_type="text/plain")


def test_upload_without_a_cluster_is_kept_and_can_be_continued(
    client: FlaskClient, cluster: FakeCluster, root: Path
) -> None:
    cluster.away()

    problem = assert_problem(_upload(client), 503, "ClusterAway")

    assert files(root) == [ADDRESS]
    assert problem["upload"] == {"sha256": DIGEST, "bytes": len(TEXT)}
    assert problem["next"] == {
        "method": "POST",
        "href": "/requests",
        "contentType": "application/json",
        "body": {"upload": DIGEST, "filename": "kept.txt", "topWords": 3, "encoding": "latin-1"},
    }
    cluster.trouble = None
    following = client.open(problem["next"]["href"], method=problem["next"]["method"], json=problem["next"]["body"])
    body = assert_answer(following, 202)
    assert body["input"] == {"name": "kept.txt", "bytes": len(TEXT), "sha256": DIGEST}
    assert following.headers["Location"] == f"/requests/{body['name']}"
    assert cluster.get(body["name"])["spec"]["topWords"] == 3


def test_address_to_notify_is_kept_in_what_continues(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.away()
    address = "https://example.org/done"
    query = {"notifyUrl": address}
    problem = assert_problem(
        client.post("/upload", query_string=query, data=TEXT, content_type="text/plain"), 503, "ClusterAway"
    )
    cluster.trouble = None

    following = client.post(problem["next"]["href"], json=problem["next"]["body"])

    assert cluster.get(assert_answer(following, 202)["name"])["spec"]["notify"]["url"] == address


def test_upload_without_rights_is_kept_too(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    cluster.trouble = Denied("requests is forbidden.")

    assert assert_problem(_upload(client), 503, "ClusterDenied")["upload"]["sha256"] == DIGEST
    assert files(root) == [ADDRESS]


def test_spec_that_the_definition_refuses_gets_its_sentence(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.trouble = Refused("spec.encoding: write the name of a character encoding.")

    problem = assert_problem(_upload(client), 422, "SpecRefused")

    assert problem["detail"] == "spec.encoding: write the name of a character encoding."


def test_request_for_stored_content_makes_it_young_again(client: FlaskClient, root: Path) -> None:
    _upload(client)
    os.utime(root / ADDRESS, (1_000, 1_000))

    assert_answer(client.post("/requests", json={"upload": DIGEST, "name": "again"}), 202)

    assert (root / ADDRESS).stat().st_mtime > 1_000


def test_request_for_stored_content_honours_its_key(client: FlaskClient, cluster: FakeCluster) -> None:
    _upload(client)
    sent = [client.post("/requests", json={"upload": DIGEST}, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert assert_answer(sent[0], 202) == assert_answer(sent[1], 202)
    assert len(cluster.names()) == 2


def test_digest_that_is_not_stored_is_missing(client: FlaskClient, cluster: FakeCluster) -> None:
    assert_problem(client.post("/requests", json={"upload": DIGEST}), 404, "UploadMissing")
    assert cluster.names() == []


def test_link_in_place_of_content_is_no_content(client: FlaskClient, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(TEXT)
    (root / ADDRESS).parent.mkdir()
    (root / ADDRESS).symlink_to(tmp_path / "secret")

    assert_problem(client.post("/requests", json={"upload": DIGEST}), 404, "UploadMissing")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "BodyBroken"),
        (b"{", "BodyBroken"),
        (b"\xff", "BodyBroken"),
        (b"[]", "BodyBroken"),
        (b"[" * 50_000, "BodyBroken"),
        (b"{}", "FieldInvalid"),
        (b'{"upload": "../x"}', "FieldInvalid"),
        (b'{"upload": null}', "FieldInvalid"),
        (b'{"upload": "a", "suspend": true}', "FieldInvalid"),
        (b'{"uploads": "a"}', "FieldUnknown"),
    ],
)
def test_body_that_cannot_be_used_says_why(client: FlaskClient, body: bytes, reason: str) -> None:
    assert_problem(client.post("/requests", data=body, content_type="application/json"), 400, reason)


def test_body_of_another_type_is_not_taken(client: FlaskClient) -> None:
    assert_problem(client.post("/requests", data={"upload": DIGEST}), 415, "MediaTypeUnsupported")


def test_body_beyond_the_limit_is_not_read(client: FlaskClient) -> None:
    response = client.post("/requests", data=b"x" * 70_000, content_type="application/json")

    assert_problem(response, 413, "FieldsTooLarge")
