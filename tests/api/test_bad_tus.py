"""What a resumable upload must refuse or survive: the bad inputs of a plain upload once more, and its own."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api import tus
from tests.api.asserting import assert_problem, files
from tests.api.fake_cluster import FakeCluster

TEXT = b"some text\n"


def _folders(root: Path) -> list[str]:
    return os.listdir(root / "uploads" / "resumable")


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.0 "])
def test_other_version_of_the_protocol_is_named(client: FlaskClient, version: str | None) -> None:
    headers = {"Upload-Length": "3", **({"Tus-Resumable": version} if version else {})}
    for answer in (
        client.post("/uploads", headers=headers),
        client.patch("/uploads/" + "a" * 32, headers=headers),
        client.delete("/uploads/" + "a" * 32, headers=headers),
    ):
        if version != "1.0.0 ":  # white space around a header's value is none of it
            assert_problem(answer, 412, "TusVersionUnsupported")
            assert answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize("length", ["", "-1", "1.5", "many", "9" * 19, "٣"])
def test_length_that_is_no_number_is_named(client: FlaskClient, root: Path, length: str) -> None:
    answer = client.post("/uploads", headers={**tus.VERSION, "Upload-Length": length.encode().decode("latin-1")})

    assert assert_problem(answer, 400, "FieldInvalid")["detail"].startswith("Upload-Length is ")
    assert _folders(root) == []


def test_missing_length_is_named(client: FlaskClient) -> None:
    assert_problem(tus.create(client, None), 400, "FieldInvalid")
    assert_problem(tus.create(client, None, Upload_Defer_Length="1"), 400, "FieldInvalid")


def test_length_above_the_limit_or_the_space_is_refused_at_once(make: Callable[..., Flask], root: Path) -> None:
    small, usual = make(TEXTMILL_MAX_UPLOAD_BYTES=9).test_client(), make().test_client()

    assert_problem(tus.create(small, 10), 413, "TooLarge")
    assert_problem(tus.create(usual, 99 << 30), 507, "VolumeFull")
    assert _folders(root) == []
    parts = [tus.create(small, 5, b"12345", Upload_Concat="partial").headers["Location"] for _ in range(2)]
    assert_problem(tus.create(small, None, Upload_Concat=f"final;{' '.join(parts)}"), 413, "TooLarge")


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        (tus.metadata(topwords="3"), "FieldUnknown", "topWords"),
        (tus.metadata(topWords="many"), "FieldInvalid", "topWords is "),
        (tus.metadata(filename="a") + "," + tus.metadata(filename="b"), "FieldRepeated", "filename"),
        ("filename not-base64!", "FieldInvalid", "base64"),
        ("filename " + "A" * 5000, "FieldInvalid", "characters"),
    ],
)
def test_wrong_metadata_is_named_before_a_byte_is_sent(
    client: FlaskClient, root: Path, text: str, reason: str, says: str
) -> None:
    assert says in assert_problem(tus.create(client, 3, Upload_Metadata=text), 400, reason)["detail"]
    assert _folders(root) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd", "passwd"), ("a\0b.txt", "ab.txt"), ("é" * 300, None), ("🐈.txt", "🐈.txt"), ("", "upload")],
)
def test_hostile_file_name_is_only_shown(
    client: FlaskClient, cluster: FakeCluster, root: Path, name: str, shown: str | None
) -> None:
    tus.create(client, 3, b"abc", Upload_Metadata=tus.metadata(filename=name))

    (body,) = cluster.objects.values()
    assert body["spec"]["input"]["name"] == (shown or body["spec"]["input"]["name"])
    assert len(body["spec"]["input"]["name"]) <= 120
    assert len(tus.stored(root)) == 1


@pytest.mark.parametrize("identity", ["a" * 31, "A" * 32, "..%2f" + "a" * 27, "a" * 33, "." * 32, "a" * 32])
def test_address_that_is_none_is_missing(client: FlaskClient, identity: str) -> None:
    answer = tus.patch(client, f"/uploads/{identity}", 0, b"x")

    assert_problem(answer, 404, "RouteUnknown" if "%" in identity else "PiecesMissing")


def test_piece_of_another_type_is_not_taken(client: FlaskClient) -> None:
    address = tus.begun(client, 3)
    headers = {**tus.VERSION, "Upload-Offset": "0"}

    assert_problem(client.patch(address, data=b"abc", headers=headers), 415, "MediaTypeUnsupported")
    assert tus.offset(client, address) == 0


@pytest.mark.parametrize("offset", [0, 2, 9])
def test_piece_at_another_offset_changes_nothing(client: FlaskClient, offset: int) -> None:
    address = tus.begun(client, 6)
    tus.patch(client, address, 0, b"abc")

    answer = tus.patch(client, address, offset, b"def")

    assert_problem(answer, 409, "OffsetMismatch")
    assert answer.headers["Upload-Offset"] == "3"
    assert tus.offset(client, address) == 3


def test_piece_beyond_the_announced_length_is_not_kept(client: FlaskClient, cluster: FakeCluster) -> None:
    address = tus.begun(client, 6)
    chunked = {"wsgi.input_terminated": True}
    headers = {**tus.VERSION, "Upload-Offset": "0"}

    assert_problem(tus.patch(client, address, 0, b"1234567"), 413, "TooLarge")
    answer = client.patch(
        address, input_stream=io.BytesIO(b"1234567"), environ_overrides=chunked, content_type=tus.PIECE, headers=headers
    )
    assert_problem(answer, 413, "TooLarge")
    assert tus.offset(client, address) == 0
    tus.patch(client, address, 0, b"123456")
    assert_problem(tus.patch(client, address, 6, b"7"), 413, "TooLarge")
    assert len(cluster.names()) == 1


@pytest.mark.parametrize("text", ["md5 AAAA", "sha256", "sha256 AAAA", "sha256 ####", "x"])
def test_checksum_that_cannot_be_checked_is_named(client: FlaskClient, text: str) -> None:
    address = tus.begun(client, 3)

    assert_problem(tus.patch(client, address, 0, b"abc", Upload_Checksum=text), 400, "FieldInvalid")
    assert tus.offset(client, address) == 0


@pytest.mark.parametrize(
    "text", ["final", "final;", "whole", "final;" + " ".join("/uploads/" + "a" * 32 for _ in "ab")]
)
def test_joining_that_cannot_be_read_is_named(client: FlaskClient, text: str) -> None:
    assert_problem(tus.create(client, 3, Upload_Concat=text), 400, "FieldInvalid")


def test_joining_of_parts_that_are_not_there_is_named(client: FlaskClient) -> None:
    assert_problem(tus.create(client, None, Upload_Concat="final;/uploads/" + "a" * 32), 404, "PiecesMissing")
    assert_problem(tus.create(client, None, Upload_Concat="final;/uploads/../../x"), 404, "PiecesMissing")


@pytest.mark.parametrize("summed", [False, True])
def test_piece_that_is_cut_off_stays_unless_it_has_a_checksum(client: FlaskClient, summed: bool) -> None:
    address = tus.begun(client, 100)
    headers = {**tus.VERSION, "Upload-Offset": "0"} | ({"Upload-Checksum": tus.checksum(TEXT)} if summed else {})
    answer = client.patch(
        address,
        input_stream=io.BytesIO(TEXT),
        environ_overrides={"CONTENT_LENGTH": "100"},
        content_type=tus.PIECE,
        headers=headers,
    )

    assert_problem(answer, 400, "BodyCut")
    assert tus.offset(client, address) == (0 if summed else len(TEXT))


def test_volume_that_runs_full_keeps_what_came(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tus.begun(client, 100)
    tus.patch(client, address, 0, TEXT)

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("app.resumable.os.write", full)
        assert_problem(tus.patch(client, address, len(TEXT), b"more"), 507, "VolumeFull")
    assert tus.offset(client, address) == len(TEXT)


def test_link_in_place_of_the_data_is_not_followed(client: FlaskClient, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s3cret")
    address = tus.begun(client, 6)
    data = root / "uploads" / "resumable" / address.rpartition("/")[2] / "data"
    data.unlink()
    data.symlink_to(tmp_path / "secret")

    assert_problem(tus.patch(client, address, 6, b""), 404, "PiecesMissing")
    assert [path for path in files(root) if "resumable" not in path] == []


def test_page_of_another_site_begins_nothing(client: FlaskClient, root: Path) -> None:
    assert_problem(tus.create(client, 3, Origin="http://evil.example"), 403, "OriginNotAllowed")
    assert _folders(root) == []


def test_name_that_is_taken_makes_no_second_request(client: FlaskClient, cluster: FakeCluster) -> None:
    text = tus.metadata(name="fox")
    tus.create(client, 3, b"abc", Upload_Metadata=text)

    assert_problem(tus.create(client, 3, b"abc", Upload_Metadata=text), 409, "NameTaken")
    assert cluster.names() == ["fox"]


def test_spec_that_the_definition_refuses_is_told(client: FlaskClient, cluster: FakeCluster) -> None:
    address = tus.begun(client, 3)
    cluster.refuse("spec.encoding: there is no such encoding.")

    assert_problem(tus.patch(client, address, 0, b"abc"), 422, "SpecRefused")
