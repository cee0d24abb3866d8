"""Uploads that cannot be taken: each is refused with its own reason, and nothing stays on the volume."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.asserting import assert_answer, assert_problem, files
from tests.api.fake_cluster import FakeCluster

TEXT = b"some text\n"
RAW = {"content_type": "text/plain"}


def _file(data: bytes = TEXT, filename: str = "a.txt") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), filename


def _length(number: int) -> dict[str, str]:
    return {"CONTENT_LENGTH": str(number)}


@pytest.fixture(autouse=True)
def _nothing_is_left(root: Path, cluster: FakeCluster, client: FlaskClient) -> object:
    yield
    assert files(root) == []
    assert cluster.names() == []


@pytest.mark.parametrize(
    ("form", "detail"),
    [
        ({}, "has no field"),
        ({"name": "a"}, "has no field"),
        ({"file": "text"}, "holds text and no file"),
        ({"file": (io.BytesIO(b""), "")}, "is empty"),
    ],
)
def test_form_without_a_file_says_what_is_missing(client: FlaskClient, form: dict[str, object], detail: str) -> None:
    response = client.post("/upload", data=form, content_type="multipart/form-data")

    assert detail in assert_problem(response, 400, "FileMissing")["detail"]


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded"])
def test_empty_body_without_a_type_is_no_file(client: FlaskClient, content_type: str | None) -> None:
    assert_problem(client.post("/upload", content_type=content_type), 400, "FileMissing")


def test_two_files_are_too_many(client: FlaskClient) -> None:
    response = client.post("/upload", data={"file": [_file(), _file(filename="b.txt")]})

    assert_problem(response, 400, "FileRepeated")


def test_file_in_another_field_is_named(client: FlaskClient) -> None:
    problem = assert_problem(client.post("/upload", data={"data": _file()}), 400, "FieldUnknown")

    assert problem["detail"] == "A file came in the field 'data'; it belongs into `file`."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topWords", "101"),
        ("topWords", "ten"),
        ("topWords", ""),
        ("topWords", "٣"),
        ("errors", "ignore"),
        ("encoding", "../x"),
        ("name", "Not A Name"),
        ("name", "a" * 64),
        ("priority", "1001"),
        ("retries", "-1"),
        ("timeoutSeconds", "0"),
        ("ttlSecondsAfterFinished", "1.5"),
        ("sha256", "ABC"),
        ("notifyUrl", "ftp://example.org"),
        ("notifyUrl", "https://me:secret@example.org"),
        ("notifyUrl", f"https://example.org/{'x' * 2048}"),
    ],
)
def test_wrong_field_is_named_whether_in_form_or_query(client: FlaskClient, field: str, value: str) -> None:
    in_form = client.post("/upload", data={"file": _file(), field: value})
    in_query = client.post("/upload", query_string={field: value}, data=TEXT, **RAW)

    for response in (in_form, in_query):
        assert assert_problem(response, 400, "FieldInvalid")["detail"].startswith(f"{field} is ")


@pytest.mark.parametrize("name", ["klingon", "base64", "punycode", "AUTO"])
def test_encoding_that_there_is_not_is_refused_before_the_text_is_kept(client: FlaskClient, name: str) -> None:
    refused = client.post(f"/upload?encoding={name}", data=TEXT, **RAW)

    assert assert_problem(refused, 422, "EncodingUnknown")["detail"].startswith("encoding: ")


def test_misspelt_field_is_not_ignored(client: FlaskClient) -> None:
    problem = assert_problem(client.post("/upload?topwords=3", data=TEXT, **RAW), 400, "FieldUnknown")

    assert "'topwords'" in problem["detail"]
    assert "topWords" in problem["detail"]


def test_field_in_query_and_form_is_given_twice(client: FlaskClient) -> None:
    response = client.post("/upload?topWords=3", data={"file": _file(), "topWords": "4"})

    assert_problem(response, 400, "FieldRepeated")


def test_length_above_the_limit_is_refused_unread(make: Callable[..., Flask]) -> None:
    client = make(TEXTMILL_MAX_UPLOAD_BYTES=9).test_client()

    assert_problem(client.post("/upload", data=TEXT, **RAW), 413, "TooLarge")


def test_form_above_the_limit_is_refused_while_it_comes(make: Callable[..., Flask]) -> None:
    client = make(TEXTMILL_MAX_UPLOAD_BYTES=9).test_client()

    assert_problem(client.post("/upload", data={"file": _file()}), 413, "TooLarge")


def test_chunks_above_the_limit_are_refused_while_they_come(make: Callable[..., Flask]) -> None:
    stream, terminated = io.BytesIO(TEXT), {"wsgi.input_terminated": True}
    client = make(TEXTMILL_MAX_UPLOAD_BYTES=9).test_client()

    assert_problem(client.post("/upload", input_stream=stream, environ_overrides=terminated, **RAW), 413, "TooLarge")


def test_file_of_exactly_the_limit_is_taken(make: Callable[..., Flask], root: Path, cluster: FakeCluster) -> None:
    client = make(TEXTMILL_MAX_UPLOAD_BYTES=len(TEXT)).test_client()

    assert_answer(client.post("/upload", data={"file": _file()}), 202)

    (root / files(root)[0]).unlink()
    cluster.objects.clear()


def test_body_that_ends_early_is_cut(client: FlaskClient) -> None:
    for content_type in ("text/plain", "multipart/form-data; boundary=x"):
        response = client.post(
            "/upload", input_stream=io.BytesIO(TEXT), environ_overrides=_length(100), content_type=content_type
        )
        assert_problem(response, 400, "BodyCut")


def test_form_without_its_end_is_broken(client: FlaskClient) -> None:
    data = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'

    assert_problem(client.post("/upload", data=data, content_type="multipart/form-data; boundary=x"), 400, "BodyBroken")


def test_form_without_a_boundary_is_broken(client: FlaskClient) -> None:
    assert_problem(client.post("/upload", data=b"x", content_type="multipart/form-data"), 400, "BodyBroken")


def test_fields_beyond_their_limit_are_refused(client: FlaskClient) -> None:
    big = client.post("/upload", data={"file": _file(), "encoding": "x" * 70_000})
    many = client.post("/upload", data={"file": _file(), "encoding": ["x"] * 40})

    assert_problem(big, 413, "FieldsTooLarge")
    assert_problem(many, 413, "FieldsTooLarge")


def test_head_of_a_part_without_end_is_refused(client: FlaskClient) -> None:
    data = b"--x\r\nContent-Disposition: " + b"y" * (6 << 20)

    response = client.post("/upload", data=data, content_type="multipart/form-data; boundary=x")

    assert_problem(response, 413, "FieldsTooLarge")


def test_compressed_body_is_not_taken_for_the_file(client: FlaskClient) -> None:
    response = client.post("/upload", data=TEXT, headers={"Content-Encoding": "gzip"}, **RAW)

    assert_problem(response, 415, "MediaTypeUnsupported")


def test_other_digest_than_promised_is_refused(client: FlaskClient) -> None:
    assert_problem(client.post(f"/upload?sha256={'0' * 64}", data=TEXT, **RAW), 422, "DigestMismatch")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_volume_that_runs_full_gets_507(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("app.volume.os.write", full)

    assert_problem(client.post("/upload", data=TEXT, **RAW), 507, "VolumeFull")


def test_length_beyond_the_free_space_gets_507_unread(client: FlaskClient) -> None:
    response = client.post("/upload", input_stream=io.BytesIO(), environ_overrides=_length(99 << 30), **RAW)

    assert_problem(response, 507, "VolumeFull")


def test_volume_that_fails_gets_503(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("app.volume.os.fsync", broken)

    assert_problem(client.post("/upload", data=TEXT, **RAW), 503, "VolumeNotReady")
