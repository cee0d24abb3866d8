"""A form's file is stored as it was sent, wherever the blocks of the body end."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator

import pytest
from flask import Request
from flask.testing import FlaskClient

from app import form, intake
from tests.api.asserting import assert_answer, assert_problem

HEAD = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
BOUNDARIES = (1, 40)
EPILOGUES = (b"", b"\r\n" + b"x" * 62)
PADDINGS = (b"", b" \t" * 25)


class _Kept:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        """Keep some more."""
        self.data += data


def _body(boundary: bytes, content: bytes, epilogue: bytes = b"\r\n", padding: bytes = b"") -> bytes:
    field = b'\r\nContent-Disposition: form-data; name="name"\r\n\r\nfox'
    end = b"\r\n--" + boundary
    return b"--" + boundary + padding + b"\r\n" + HEAD + content + end + padding + field + end + b"--" + epilogue


def _read(boundary: bytes, blocks: Iterator[bytes] | list[bytes]) -> bytes:
    kept, fields = _Kept(), list[tuple[str, str]]()
    kind = f'multipart/form-data; boundary="{boundary.decode()}"'
    request = Request({"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind})
    assert form.read(request, iter(blocks), kept, fields) == form.File("a.txt", "")
    assert fields == [("name", "fox")]
    return kept.data


def _contents(boundary: bytes) -> tuple[bytes, ...]:
    near = b"\r\n--" + boundary
    return (
        *(b"", b"\r", b"\n", b"\r\n\r\n", b"\r\r\n"),
        *(near[:-1], near[:-1] + b"\r\n", b" " + near[2:] + b"--", near + b"c", near + b"-", near[:3] * 3),
    )


@pytest.mark.parametrize("length", BOUNDARIES)
@pytest.mark.parametrize("epilogue", EPILOGUES, ids=range(len(EPILOGUES)))
@pytest.mark.parametrize("padding", PADDINGS, ids=range(len(PADDINGS)))
def test_file_is_the_same_wherever_a_block_ends(length: int, epilogue: bytes, padding: bytes) -> None:
    boundary = b"b" * length
    for content in _contents(boundary):
        body = _body(boundary, content, epilogue, padding)
        for end in range(1, len(body)):
            assert _read(boundary, [body[:end], body[end:]]) == content, (content, end)


def test_file_is_the_same_in_random_blocks() -> None:
    chance = random.Random(32)
    for _ in range(300):
        boundary = b"-" * chance.randint(0, 20) + b"%d" % chance.getrandbits(chance.choice((3, 60)))
        bits = (*_contents(boundary), bytes(chance.getrandbits(8) for _ in range(50)))
        content = b"".join(chance.choices(bits, k=chance.randint(0, 12)))
        if re.search(rb"[\r\n]--%b(--|\s*[\r\n])" % re.escape(boundary), b"\n" + content + b"\r"):
            continue  # that is a delimiter
        body = _body(boundary, content, chance.choice(EPILOGUES), chance.choice(PADDINGS))
        cuts = sorted(chance.sample(range(1, len(body)), chance.randint(1, min(20, len(body) - 1))))
        assert _read(boundary, [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]) == content


@pytest.mark.parametrize("size", [intake.LEAST_BLOCK, 5 * intake.LEAST_BLOCK])
@pytest.mark.parametrize("within", range(1, 12))
@pytest.mark.parametrize("epilogue", [b"\r\n", b"x" * 62], ids=["none", "long"])
def test_digest_holds_where_a_block_ends_in_the_closing_delimiter(
    client: FlaskClient, size: int, within: int, epilogue: bytes
) -> None:
    boundary = b"boundary"
    around = len(_body(boundary, b"", b""))
    content = b"w" * (size + within - around)
    digest = hashlib.sha256(content).hexdigest()

    response = client.post(
        f"/upload?sha256={digest}",
        data=_body(boundary, content, epilogue),
        content_type="multipart/form-data; boundary=boundary",
    )

    assert assert_answer(response, 202)["input"]["sha256"] == digest


def test_preamble_and_epilogue_are_no_content() -> None:
    assert _read(b"b", [b"a preamble\r\n", _body(b"b", b"word", b"\r\nan epilogue\r\n--b\r\n")]) == b"word"


def test_line_feeds_alone_end_lines_too() -> None:
    body = _body(b"b", b"word\ntwo").replace(b"\r\n", b"\n")
    for end in range(1, len(body)):
        assert _read(b"b", [body[:end], body[end:]]) == b"word\ntwo"


def test_empty_file_may_leave_out_its_line_end() -> None:
    body = _body(b"b", b"").replace(b"\r\n\r\n\r\n--b", b"\r\n\r\n--b")
    for end in range(1, len(body)):
        assert _read(b"b", [body[:end], body[end:]]) == b""


@pytest.mark.parametrize(
    "body",
    [_body(b"b", b"word")[: -len(b"--\r\n")], b"--b\r\n" + HEAD + b"word", b"no form at all"],
    ids=["end cut", "no end", "no form"],
)
def test_form_without_its_end_is_refused(client: FlaskClient, body: bytes) -> None:
    response = client.post("/upload", data=body, content_type="multipart/form-data; boundary=b")

    assert_problem(response, 400, "BodyBroken")


def test_padding_without_end_is_refused(client: FlaskClient) -> None:
    body = _body(b"b", b"word", padding=b" " * (3 * intake.BLOCK))

    assert_problem(client.post("/upload", data=body, content_type="multipart/form-data; boundary=b"), 400, "BodyBroken")


def test_boundary_that_is_too_long_is_refused(client: FlaskClient) -> None:
    boundary = "b" * (form.BOUNDARY_BYTES + 1)

    response = client.post(
        "/upload", data=_body(boundary.encode(), b"word"), content_type=f"multipart/form-data; boundary={boundary}"
    )

    assert_problem(response, 400, "BodyBroken")
