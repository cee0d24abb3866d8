"""Bytes on the wire that are no HTTP, or say more than a client may: what gunicorn and we make of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api import live
from tests.api.asserting import files
from tests.api.conftest import Real


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run one gunicorn for this module."""
    with live.serve(tmp_path_factory.mktemp("api"), real[0]) as running:
        yield running


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"NONSENSE\r\n\r\n", 400, "RequestUnreadable"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", 400, "RequestUnreadable"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "AddressTooLong"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431, "HeadersTooLarge"),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 65 + b"\r\n", 431, "HeadersTooLarge"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n", 501, "TransferCodingUnknown"),
    ],
)
def test_request_that_cannot_be_read_is_a_problem_too(api: live.Api, sent: bytes, status: int, reason: str) -> None:
    head, body = live.exchange(api.port, sent)

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert b"X-Content-Type-Options: nosniff" in head
    assert (body["status"], body["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("coding", "chunks", "status", "reason"),
    [
        (b"chunked", b"-1\r\nabc\r\n0\r\n\r\n", 400, "BodyBroken"),
        (b"chunked", b"0x3\r\nabc\r\n0\r\n\r\n", 400, "BodyBroken"),
        (b"chunked", b"3\r\nabcdef\r\n0\r\n\r\n", 400, "BodyBroken"),
        (b"gzip, chunked", b"3\r\nabc\r\n0\r\n\r\n", 415, "MediaTypeUnsupported"),
    ],
)
def test_body_in_wrong_chunks_leaves_nothing(
    api: live.Api, coding: bytes, chunks: bytes, status: int, reason: str
) -> None:
    before = files(api.root)
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: "

    _, body = live.exchange(api.port, head + coding + b"\r\n\r\n" + chunks)

    assert (body["status"], body["reason"]) == (status, reason)
    assert files(api.root) == before


def test_token_in_a_broken_header_stands_in_no_log(api: live.Api) -> None:
    for line, reason in (
        (b"Authorization Bearer secret-1", "RequestUnreadable"),
        (b"Authorization: Bearer secret-1\x01", "RequestUnreadable"),
        (b"Expect: secret-1", "ExpectationUnknown"),
        (b"Expect: 100-continue, secret-1", "ExpectationUnknown"),
    ):
        head, body = live.exchange(api.port, b"GET /requests HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n")
        assert (body["reason"], body["status"]) == (reason, 417 if reason == "ExpectationUnknown" else 400)
        assert b"secret" not in head + str(body).encode()
    assert api.log.read_text().count("unreadable request") >= 3
    assert "secret" not in api.log.read_text()


def test_headers_of_a_proxy_that_nobody_named_change_nothing(api: live.Api) -> None:
    honest = api.call("GET", "/requests?limit=1")
    head = b"GET /requests?limit=1 HTTP/1.1\r\nHost: localhost\r\nSCRIPT_NAME: /requests\r\nConnection: close\r\n\r\n"

    _, body = live.exchange(api.port, head)

    assert (honest.status, body) == (200, honest.json())
