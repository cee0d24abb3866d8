"""Names and keys: what happens when the same thing is sent again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster
from textmill import names


def _send(client: FlaskClient, data: bytes = b"text", key: str | None = "k1", **query: str) -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/upload", query_string=query, data=data, content_type="text/plain", headers=headers)


def test_same_name_twice_is_a_conflict(client: FlaskClient, cluster: FakeCluster) -> None:
    assert_answer(_send(client, key=None, name="fox"), 202)

    problem = assert_problem(_send(client, key=None, name="fox"), 409, "NameTaken")

    assert "'fox'" in problem["detail"]
    assert cluster.names() == ["fox"]


def test_same_key_and_content_get_the_first_answer_again(client: FlaskClient, cluster: FakeCluster) -> None:
    first = _send(client, topWords="3")
    second = _send(client, topWords="3")

    assert assert_answer(first, 202) == assert_answer(second, 202)
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert cluster.names() == [names.keyed_name("default", "", "k1")]


def test_same_key_shows_how_far_the_request_is(client: FlaskClient, cluster: FakeCluster) -> None:
    name = assert_answer(_send(client), 202)["name"]
    cluster.set_status(name, {"phase": "Counting", "progress": {"percent": 60}})

    assert assert_answer(_send(client), 202)["progress"] == {"percent": 60}


def test_same_key_with_other_content_is_refused(client: FlaskClient, cluster: FakeCluster) -> None:
    _send(client)

    assert "content" in assert_problem(_send(client, b"other"), 422, "KeyReused")["detail"]
    assert len(cluster.names()) == 1


def test_same_key_with_other_options_is_refused(client: FlaskClient) -> None:
    _send(client, topWords="3")

    assert "options" in assert_problem(_send(client, topWords="4"), 422, "KeyReused")["detail"]


def test_other_keys_make_other_requests_of_one_content(client: FlaskClient, cluster: FakeCluster) -> None:
    _send(client, key="k1")
    _send(client, key="k2")

    assert len(cluster.names()) == 2


def test_key_beside_a_name_replays_only_its_own_request(client: FlaskClient) -> None:
    assert_answer(_send(client, key="k1", name="fox"), 202)

    assert _send(client, key="k1", name="fox").headers["Idempotent-Replayed"] == "true"
    assert_problem(_send(client, key="k2", name="fox"), 409, "NameTaken")
    assert_problem(_send(client, b"other", key="k1", name="fox"), 422, "KeyReused")


def test_key_is_free_again_once_its_request_is_deleted(client: FlaskClient, cluster: FakeCluster) -> None:
    name = assert_answer(_send(client), 202)["name"]
    client.delete(f"/requests/{name}")

    response = _send(client, b"other")

    assert_answer(response, 202)
    assert "Idempotent-Replayed" not in response.headers


def test_key_whose_request_vanishes_in_between_makes_it_anew(
    client: FlaskClient, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = assert_answer(_send(client), 202)["name"]
    find = cluster.get

    def vanish(wanted: str) -> dict[str, object]:
        cluster.delete(wanted)
        return find(wanted)

    monkeypatch.setattr(cluster, "get", vanish)

    response = _send(client)

    assert assert_answer(response, 202)["name"] == name
    assert "Idempotent-Replayed" not in response.headers


def test_empty_or_endless_key_is_refused(client: FlaskClient, cluster: FakeCluster) -> None:
    assert_problem(_send(client, key=" "), 400, "FieldInvalid")
    assert_problem(_send(client, key="k" * 257), 431, "HeadersTooLarge")
    assert cluster.names() == []


def test_random_name_that_is_taken_is_drawn_again(
    client: FlaskClient, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    monkeypatch.setattr("app.creation.secrets", SimpleNamespace(token_hex=lambda _: next(drawn)))

    _send(client, key=None)
    _send(client, key=None)

    assert cluster.names() == ["upload-aaaaaaaa", "upload-bbbbbbbb"]


def test_random_name_that_stays_taken_is_a_conflict(
    client: FlaskClient, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.creation.secrets", SimpleNamespace(token_hex=lambda _: "aaaaaaaa"))
    _send(client, key=None)

    assert_problem(_send(client, key=None), 409, "NameTaken")
