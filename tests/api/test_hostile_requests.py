"""Requests that nobody sends by mistake: each gets an answer that says what is wrong, none an error of ours."""

from __future__ import annotations

import random

import pytest
from flask.testing import FlaskClient

BOUNDARY = "multipart/form-data; boundary=x"
DIGEST = b'"' + b"a" * 64 + b'"'
BITS = (
    *(
        b"form-data",
        b"attachment",
        b"; ",
        b";" * 50,
        b"=",
        b'"',
        b"\\",
        b"\0",
        b"\xff\xfe",
        b"\t",
        b"a" * 300,
        b"\r\n x",
    ),
    *(b'name="file"', b'filename="a"', b"filename*=", b"name*0=fi; name*1=le", b"name*=utf-16''ab", b"name"),
    *(b"idna''x", b"punycode''%ff", b"utf-8''%ff%fe", b"undefined''a", b"utf-7''+AAA-", b"unicode_escape''\\ud800"),
    *(b"hex''zz", b"base64''eA==", b"zlib''x", b"filename*0*=rot13''x", b"\r\nContent-Type: text/plain; charset=idna"),
)
BODIES = (
    *(b"[" * 60_000, b'{"upload":' * 5_000, b'{"a":' + b"9" * 5_000 + b"}", b"NaN", b"\xff", b'"x"', b"null", b"[]"),
    *(b'{"upload":1e999}', b'{"upload":"\\ud800"}', b'{"upload":%s,"name":"\\ud800"}' % DIGEST),
    b'{"upload":%s,"filename":"\\ud800x"}' % DIGEST,
)
PATHS = (
    *("/requests?limit=\u0661", "/requests/%ff", "/requests/a%00b", "/requests/" + "a" * 3_000, "/requests?phase=%ff"),
    *("/requests/a/words?limit=99999999999999999999", "/requests/a/words?format=%00", "/requests?continue=%ff%00"),
    *("/%2e%2e/%2e%2e/etc/passwd", "/static/../app/settings.py", "/static/%2e%2e/settings.py", "/uploads/%2e%2e"),
)
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}
HEADERS: tuple[dict[str, str], ...] = (
    *({"X-Filename": "%ED%A0%80"}, {"X-Filename": "%00%0a%0d"}, {"Idempotency-Key": "\xff"}, {"Cookie": "a=\xff; b"}),
    *({"Origin": "http://[::1"}, {"Origin": "http://a b"}, {"Origin": "http://localhost:99999999"}, {"Host": "[::1"}),
    *(
        {"Authorization": "Bearer"},
        {"Authorization": "Basic \xff"},
        {"If-None-Match": 'W/"\xff'},
        {"Range": "bytes=9-1"},
    ),
    *(
        {"Content-Encoding": "\xff"},
        {"Accept": "\xff;q=zz"},
        {"Content-Type": "\xff/\xfe"},
        {"X-Forwarded-For": "\xff"},
    ),
    *(TUS | {"Upload-Metadata": "filename 7aCA"}, TUS | {"Upload-Metadata": "name w7Y=,\xff \xff"}),
)


def test_heads_of_parts_are_refused_or_taken(client: FlaskClient) -> None:
    chance = random.Random(5)
    for _ in range(500):
        head = b"".join(chance.choices(BITS, k=chance.randint(1, 6)))
        body = b"--x\r\nContent-Disposition: " + head + b"\r\n\r\nhello\r\n--x--\r\n"
        assert client.post("/upload", data=body, content_type=BOUNDARY).status_code in (202, 400, 413), head


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bodies_of_json_are_refused(client: FlaskClient, body: bytes) -> None:
    for kind in ("application/json", "application/json; charset=utf-16"):
        assert 400 <= client.post("/requests", data=body, content_type=kind).status_code < 500


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:30])
def test_addresses_are_refused_by_every_method(client: FlaskClient, path: str) -> None:
    for method in ("GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"):
        assert 400 <= client.open(path, method=method).status_code < 500


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_headers_do_no_harm(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/upload", "/uploads", "/requests", "/", "/requests/none"):
        for method in ("GET", "POST"):
            status = client.open(path, method=method, data=b"text" if method == "POST" else None, headers=headers)
            assert status.status_code < 500
