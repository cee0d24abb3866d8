"""The page's cookie: it comes for a good token alone, no script sees it, and other sites cannot use it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster

HTML = {"Accept": "text/html"}


@pytest.fixture
def client(make: Callable[..., Flask], cluster: FakeCluster) -> FlaskClient:
    """Return a browser before an API that asks about tokens."""
    cluster.tokens = {"token-a": "ada"}
    cluster.rules = {("ada", verb, "") for verb in ("list", "create", "delete")}
    return make(TEXTMILL_AUTH="kubernetes").test_client()


def test_person_without_a_token_is_shown_where_to_bring_it(client: FlaskClient) -> None:
    response = client.get("/", headers=HTML)

    assert response.status_code == 401
    assert b'action="/sign-in"' in response.data


def test_person_signs_in_uses_the_page_and_signs_out(client: FlaskClient) -> None:
    response = client.post("/sign-in", data={"token": "token-a"})

    assert (response.status_code, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"]
    assert cookie == "textmill-token=token-a; HttpOnly; Path=/; SameSite=Strict"
    assert client.get("/", headers=HTML).status_code == 200
    client.post("/sign-out")
    assert client.get("/", headers=HTML).status_code == 401


@pytest.mark.parametrize(
    ("base", "secure"), [("https://localhost", True), ("http://mill.example", True), ("http://localhost:5000", False)]
)
def test_cookie_goes_over_tls_alone_but_on_loopback(
    make: Callable[..., Flask], cluster: FakeCluster, base: str, secure: bool
) -> None:
    cluster.tokens = {"token-a": "ada"}
    client = make(TEXTMILL_AUTH="kubernetes", TEXTMILL_ALLOWED_HOSTS="*").test_client()

    response = client.post("/sign-in", data={"token": "token-a"}, base_url=base)

    assert ("Secure" in response.headers["Set-Cookie"]) is secure


@pytest.mark.parametrize(
    ("token", "reason"), [("", "TokenMissing"), ("bad", "TokenInvalid"), ("x" * 4000, "TokenInvalid")]
)
def test_bad_token_gets_no_cookie(client: FlaskClient, token: str, reason: str) -> None:
    response = client.post("/sign-in", data={"token": token})

    assert_problem(response, 401, reason)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost"}, 404),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
    ],
)
def test_change_by_cookie_needs_the_browsers_word_on_where_it_comes_from(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    client.post("/sign-in", data={"token": "token-a"})

    assert client.delete("/requests/none", headers=headers).status_code == status


def test_token_in_the_header_goes_before_the_cookie(client: FlaskClient) -> None:
    client.post("/sign-in", data={"token": "token-a"})

    assert_problem(client.get("/requests", headers={"Authorization": "Bearer bad"}), 401, "TokenInvalid")


def test_nobody_needs_to_sign_in_where_the_door_is_open(make: Callable[..., Flask]) -> None:
    client = make().test_client()

    assert b"Nobody needs to sign in here" in client.get("/sign-in").data
    assert_problem(client.post("/sign-in", data={"token": "x"}), 401, "TokenMissing")
