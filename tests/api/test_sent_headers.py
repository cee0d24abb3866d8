"""What a client says of a file in headers: its name from any system, its encoding, and what generic clients add."""

from __future__ import annotations

import base64

import pytest
from flask.testing import FlaskClient

from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster

FORM = "multipart/form-data; boundary=x"


def _form(disposition: bytes, kind: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename=' + disposition
    return b"--x\r\n" + head + (b"\r\nContent-Type: " + kind if kind else b"") + b"\r\n\r\nwords\r\n--x--\r\n"


def _spec(client: FlaskClient, cluster: FakeCluster, **sent: object) -> dict[str, object]:
    name = assert_answer(client.post("/upload", **sent), 202)["name"]
    return dict(cluster.get(name)["spec"])


@pytest.mark.parametrize(
    ("disposition", "shown"),
    [
        (rb'"C:\fakepath\a.txt"', "a.txt"),
        (rb'"C:\new\table\n.txt"', "n.txt"),
        (rb'"\\server\share\a.txt"', "a.txt"),
        (rb'"C:\\quoted\\a.txt"', "a.txt"),
        (rb'"a\"b.txt"', 'a"b.txt'),
        ('"café.txt"'.encode(), "café.txt"),
        ('"café.txt"'.encode("latin-1"), "café.txt"),
        (b"bare.txt", "bare.txt"),
    ],
)
def test_name_of_a_forms_file_is_its_last_part(client: FlaskClient, disposition: bytes, shown: str) -> None:
    answer = client.post("/upload", data=_form(disposition), content_type=FORM)
    assert assert_answer(answer, 202)["input"]["name"] == shown


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("caf%C3%A9%20b.txt", "café b.txt"),
        ("caf%E9.txt", "café.txt"),
        ("café.txt".encode().decode("latin-1"), "café.txt"),
        ("café.txt", "café.txt"),
    ],
    ids=["percent", "percent latin", "utf-8", "latin-1"],
)
def test_name_in_a_header_is_read_in_what_it_is_sent_in(client: FlaskClient, header: str, shown: str) -> None:
    answer = client.post("/upload", data=b"words", content_type="text/plain", headers={"X-Filename": header})
    assert assert_answer(answer, 202)["input"]["name"] == shown


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("text/plain; charset=windows-1252", "cp1252"),
        ('text/plain; charset="UTF-8"', "utf-8"),
        ("text/plain; charset=binary", None),
        ("text/plain; charset=us-ascii", None),
        ("text/plain", None),
    ],
)
def test_charset_of_the_content_type_is_the_encoding(
    client: FlaskClient, cluster: FakeCluster, kind: str, encoding: str | None
) -> None:
    assert _spec(client, cluster, data=b"words", content_type=kind).get("encoding") == encoding
    assert _spec(client, cluster, data=_form(b"a.txt", kind.encode()), content_type=FORM).get("encoding") == encoding


def test_field_goes_before_the_charset(client: FlaskClient, cluster: FakeCluster) -> None:
    sent = {"data": b"words", "content_type": "text/plain; charset=utf-8", "query_string": {"encoding": "cp1251"}}
    assert _spec(client, cluster, **sent)["encoding"] == "cp1251"


def test_charset_that_is_none_is_refused_with_its_header_named(client: FlaskClient, cluster: FakeCluster) -> None:
    for sent in (
        {"data": b"words", "content_type": "text/plain; charset=klingon"},
        {"data": _form(b"a.txt", b"text/plain; charset=klingon"), "content_type": FORM},
    ):
        problem = assert_problem(client.post("/upload", **sent), 422, "EncodingUnknown")
        assert "charset of the Content-Type" in problem["detail"]
    assert cluster.names() == []


@pytest.mark.parametrize(
    ("pairs", "name", "shown"),
    [
        ({"name": "My Report.txt", "type": "text/plain", "filetype": "text/plain"}, None, "My Report.txt"),
        ({"name": "a b.txt", "filename": "c d.txt", "relativePath": "null"}, None, "c d.txt"),
        ({"name": "events", "filename": "a.txt"}, None, "a.txt"),
        ({"name": "report", "filename": "a.txt"}, "report", "a.txt"),
    ],
    ids=["Uppy", "both", "reserved", "a request's"],
)
def test_name_that_no_request_can_have_is_the_files(
    client: FlaskClient, cluster: FakeCluster, pairs: dict[str, str], name: str | None, shown: str
) -> None:
    described = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "0", "Upload-Metadata": described}
    made = client.post("/uploads", headers=headers)
    assert made.status_code == 201, made.get_data(as_text=True)
    (found,) = cluster.names()
    assert cluster.get(found)["spec"]["input"]["name"] == shown
    assert name in (None, found)
