"""Who may do what: the cluster says whom a token stands for and what he may; nothing else opens a door."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.access import Doorkeeper, Kept, User
from app.door import OPEN, RIGHTS
from app.errors import AppError
from app.settings import BadSetting, Settings
from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster

Make = Callable[..., Flask]
CALLS = {
    "create": [
        *(("POST", "/uploads"), ("PATCH", "/uploads/x"), ("DELETE", "/uploads/x")),
        ("POST", "/uploads/x"),
        ("POST", "/upload"),
        ("POST", "/requests"),
        ("POST", "/"),
    ],
    "get": [
        ("GET", "/requests/fox"),
        ("GET", "/requests/fox/words"),
        ("GET", "/requests/fox/tokens"),
        ("GET", "/requests/fox/events"),
        ("GET", "/docker/result/fox"),
        ("GET", "/view/fox"),
        ("POST", "/requests/fox/links"),
    ],
    "list": [("GET", "/requests"), ("GET", "/")],
    "watch": [("GET", "/requests/events")],
    "delete": [("DELETE", "/requests/fox")],
}


@pytest.fixture
def client(make: Make, cluster: FakeCluster) -> FlaskClient:
    """Return a client of an API that asks about tokens; ada's token is `token-a`."""
    cluster.tokens = {"token-a": "ada"}
    return make(TEXTMILL_AUTH="kubernetes").test_client()


def ask(client: FlaskClient, method: str, path: str, token: str = "token-a", **more: str) -> TestResponse:
    """Call with a token."""
    return client.open(path, method=method, headers={"Authorization": f"Bearer {token}", **more})


def test_every_address_says_which_right_it_needs(make: Make) -> None:
    assert {rule.endpoint for rule in make().url_map.iter_rules()} == RIGHTS.keys()


@pytest.mark.parametrize(("method", "path"), [call for calls in CALLS.values() for call in calls])
def test_without_a_token_nothing_is_done(client: FlaskClient, cluster: FakeCluster, method: str, path: str) -> None:
    response = client.open(path, method=method)

    assert_problem(response, 401, "TokenMissing")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="textmill"'
    assert cluster.calls == []


@pytest.mark.parametrize(("verb", "method", "path"), [(v, *call) for v, calls in CALLS.items() for call in calls])
def test_each_address_needs_its_verb(
    client: FlaskClient, cluster: FakeCluster, verb: str, method: str, path: str
) -> None:
    cluster.rules = {("ada", other, "") for other in CALLS if other != verb}

    problem = assert_problem(ask(client, method, path), 403, "NotPermitted")

    assert problem["missing"] == {"verb": verb, "resource": "processingrequests.textmill.dev"}
    assert problem["detail"].startswith(f"'ada' may not {verb} processingrequests.textmill.dev")
    assert problem["detail"].endswith("in namespace 'default': no rule.")


def test_right_to_one_name_opens_that_name_alone(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.rules = {("ada", "get", "fox")}

    assert_problem(ask(client, "GET", "/requests/fox"), 404, "RequestMissing")
    assert_problem(ask(client, "GET", "/requests/dog"), 403, "NotPermitted")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/sign-in", "/static/page.css"])
def test_probes_and_the_way_in_are_open(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_address_that_nobody_listed_is_closed(make: Make, cluster: FakeCluster) -> None:
    cluster.tokens = {"token-a": "ada"}
    application = make(TEXTMILL_AUTH="kubernetes")
    application.add_url_rule("/new", "new", lambda: "secret")

    assert_problem(ask(application.test_client(), "GET", "/new"), 403, "NotPermitted")


@pytest.mark.parametrize("token", ["wrong", "x" * 9000, "a\tb"])
def test_token_of_nobody_is_refused(client: FlaskClient, token: str) -> None:
    response = ask(client, "GET", "/requests", token)

    assert_problem(response, 401, "TokenInvalid")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="textmill", error="invalid_token"'


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "token-a"])
def test_other_schemes_are_no_token(client: FlaskClient, header: str) -> None:
    assert_problem(client.get("/requests", headers={"Authorization": header}), 401, "TokenMissing")


def test_answers_of_the_cluster_are_kept_for_their_time(cluster: FakeCluster) -> None:
    now = [0.0]
    cluster.tokens, cluster.rules = {"t": "ada"}, {("ada", "get", "")}
    door = Doorkeeper(cluster, Settings.load({"TEXTMILL_AUTH": "kubernetes"}), lambda: now[0])
    for _ in range(3):
        door.check(door.user("t", "1"), "get", "fox")
    assert cluster.calls == ["tokenreviews", "subjectaccessreviews"]

    now[0], cluster.tokens = 10.0, {}

    with pytest.raises(AppError, match="no such token"):
        door.user("t", "1")


def test_cluster_that_is_away_opens_nothing(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.away()

    assert_problem(ask(client, "GET", "/requests"), 503, "ClusterAway")


def test_client_that_guesses_tokens_is_stopped_before_the_cluster_is_asked(
    client: FlaskClient, cluster: FakeCluster
) -> None:
    for number in range(300):
        assert ask(client, "GET", "/requests", f"guess-{number}").status_code == 401

    assert_problem(ask(client, "GET", "/requests", "guess-300"), 429, "RateExceeded")
    assert len(cluster.calls) == 300


def test_kept_answers_are_bounded() -> None:
    kept: Kept[int] = Kept(10.0, 3, lambda: 0.0)
    for number in range(10):
        kept.put(number, number)

    assert (len(kept), kept.get(6), kept.get(7)) == (3, None, 7)


@pytest.mark.parametrize(("audiences", "status"), [(["textmill"], 200), (["other"], 401), ([], 401)])
def test_token_must_be_meant_for_this_service(
    make: Make, cluster: FakeCluster, audiences: list[str], status: int
) -> None:
    cluster.tokens, cluster.rules, cluster.audiences = {"token-a": "ada"}, {("ada", "list", "")}, audiences
    client = make(TEXTMILL_AUTH="kubernetes", TEXTMILL_AUTH_AUDIENCES="textmill,mill").test_client()

    assert ask(client, "GET", "/requests").status_code == status


def test_keys_of_two_users_do_not_meet(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.tokens = {"token-a": "ada", "token-b": "bob"}
    cluster.rules = {(user, "create", "") for user in ("ada", "bob")}
    names = set()
    for token in ("token-a", "token-b", "token-a"):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        response = client.post("/upload", data=b"x", content_type="text/plain", headers=headers)
        names.add(assert_answer(response, 202)["name"])

    assert len(names) == 2


def test_users_have_rates_of_their_own(make: Make, cluster: FakeCluster) -> None:
    cluster.tokens = {"token-a": "ada", "token-b": "bob"}
    cluster.rules = {(user, "list", "") for user in ("ada", "bob")}
    client = make(TEXTMILL_AUTH="kubernetes", TEXTMILL_RATE_LIMIT="1/hour").test_client()

    statuses = [ask(client, "GET", "/requests", token).status_code for token in ("token-a", "token-b", "token-a")]

    assert statuses == [200, 200, 429]


def test_mode_that_does_not_exist_stops_the_start(make: Make) -> None:
    with pytest.raises(BadSetting, match="TEXTMILL_AUTH='on'"):
        make(TEXTMILL_AUTH="on")


def test_secrets_are_in_no_log_no_answer_and_no_metric(
    client: FlaskClient, cluster: FakeCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cluster.tokens = {"sesame-good": "ada"}
    told = ""
    for token in ("sesame-good", "sesame-bad", "sesame" * 2000):
        told += ask(client, "GET", "/requests/fox", token, Cookie="textmill-token=sesame-cookie").get_data(as_text=True)
        told += client.get("/requests", headers={"Cookie": f"textmill-token={token}"}).get_data(as_text=True)
    told += client.get("/requests/fox/words?expires=1&uid=1&signature=sesame").get_data(as_text=True)
    told += client.post("/sign-in", data={"token": "sesame-bad"}).get_data(as_text=True)
    told += client.get("/metrics").get_data(as_text=True)
    told += "".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)

    assert "tokenreviews" in cluster.calls
    assert not re.search("sesame", told)


def test_open_addresses_are_few() -> None:
    assert sorted(name for name, right in RIGHTS.items() if right == OPEN) == [
        "api.described",
        "api.page",
        "health.healthz",
        "health.metrics",
        "health.readyz",
        "resumable.abilities",
        "session.begin",
        "session.end",
        "session.form",
        "static",
    ]


def test_users_differ_by_all_that_the_cluster_says() -> None:
    assert len({User("ada"), User("ada", ("people",)), User("ada", uid="1"), User("ada", extra=(("a", ("b",)),))}) == 4
