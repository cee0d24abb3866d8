"""What holds for every address: who may ask, unknown routes and methods, unforeseen errors, the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.guard import host_name
from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster

ADDRESSES = [
    ("POST", "/upload"),
    ("POST", "/requests"),
    ("GET", "/requests"),
    ("GET", "/requests/fox"),
    ("DELETE", "/requests/fox"),
    ("GET", "/requests/fox/words"),
    ("GET", "/requests/fox/tokens"),
    ("GET", "/docker/result/fox"),
]


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:5000", "10.0.0.7:5000", ""])
def test_foreign_host_name_gets_nothing(
    client: FlaskClient, cluster: FakeCluster, method: str, address: str, host: str
) -> None:
    assert_problem(client.open(address, method=method, headers={"Host": host}), 421, "HostNotAllowed")
    assert cluster.calls == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:5000", "127.0.0.1:80", "[::1]:5000"])
def test_own_host_names_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/requests", headers={"Host": host}).status_code == 200


def test_host_names_are_a_setting(make: Callable[..., Flask]) -> None:
    some = make(TEXTMILL_ALLOWED_HOSTS="mill.example, other").test_client()
    any_host = make(TEXTMILL_ALLOWED_HOSTS="*").test_client()

    assert some.get("/requests", headers={"Host": "mill.example:443"}).status_code == 200
    assert_problem(some.get("/requests"), 421, "HostNotAllowed")
    assert any_host.get("/requests", headers={"Host": "what.ever"}).status_code == 200


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_may_ask_by_address(client: FlaskClient, address: str) -> None:
    assert client.get(address, headers={"Host": "10.1.2.3:5000"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(("method", "address"), [one for one in ADDRESSES if one[0] != "GET"])
def test_page_of_another_site_changes_nothing(
    client: FlaskClient, cluster: FakeCluster, method: str, address: str, headers: dict[str, str]
) -> None:
    assert_problem(client.open(address, method=method, headers=headers), 403, "OriginNotAllowed")
    assert cluster.calls == []


def test_own_page_may_upload(client: FlaskClient) -> None:
    headers = {"Host": "localhost:5000", "Origin": "http://localhost:5000", "Sec-Fetch-Site": "same-origin"}

    assert_answer(client.post("/upload", data=b"x", content_type="text/plain", headers=headers), 202)


@pytest.mark.parametrize("address", ["/nothing", "/requests/a/b", "/requests//fox", "/upload/x", "/docker/result/"])
def test_unknown_address_is_a_problem(client: FlaskClient, address: str) -> None:
    assert_problem(client.get(address), 404, "RouteUnknown")


@pytest.mark.parametrize(
    ("method", "address", "allow"),
    [
        ("GET", "/upload", {"POST", "OPTIONS"}),
        ("PUT", "/requests", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PATCH", "/requests/fox", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("DELETE", "/requests/fox/words", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_wrong_method_lists_the_right_ones(client: FlaskClient, method: str, address: str, allow: set[str]) -> None:
    response = client.open(address, method=method)

    assert_problem(response, 405, "MethodNotAllowed")
    assert set(response.headers["Allow"].split(", ")) == allow


def test_unforeseen_error_is_logged_and_not_shown(
    client: FlaskClient, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(cluster, "page", broken)

    response = client.get("/requests")

    assert_problem(response, 500, "InternalError")
    assert b"secret" not in response.data
    assert "the secret inside" in caplog.text


def test_request_id_of_the_caller_is_kept_when_it_is_harmless(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    made = client.get("/healthz", headers={"X-Request-ID": "a b<c>"}).headers["X-Request-ID"]
    assert len(made) == 16


def test_log_line_tells_the_answer_and_no_secret(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="textmill.access")

    headers = {"Idempotency-Key": "s3cret", "Authorization": "Bearer s3cret"}
    client.post("/upload?filename=s3cret", data=b"s3cret", content_type="text/plain", headers=headers)

    (line,) = [one for one in caplog.records if one.name == "textmill.access"]
    told = {name: line.__dict__[name] for name in ("method", "route", "status")}
    assert told == {"method": "POST", "route": "/upload", "status": 202}
    assert "s3cret" not in str(line.__dict__)


@pytest.mark.parametrize(
    ("host", "name"), [("a:1", "a"), ("A.B", "a.b"), ("[::1]:5", "[::1]"), ("[::1]", "[::1]"), ("a:", "a"), ("", "")]
)
def test_host_is_cut_to_its_name(host: str, name: str) -> None:
    assert host_name(host) == name
