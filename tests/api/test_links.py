"""Links to a result that work without a token: for that result alone, as it was asked for, until they expire."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api import artefacts
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster

KEY, OTHER = "k" * 32, "o" * 40
OURS = {"Authorization": "Bearer token-a"}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return the file of the keys."""
    path = tmp_path / "keys"
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture
def client(make: Callable[..., Flask], cluster: FakeCluster, root: Path, key_file: Path) -> FlaskClient:
    """Return a client of a closed API with a finished request named fox."""
    cluster.tokens = {"token-a": "ada"}
    cluster.rules = {("ada", verb, "") for verb in ("get", "create", "delete")}
    client = make(TEXTMILL_AUTH="kubernetes", TEXTMILL_LINK_KEY_FILE=key_file).test_client()
    client.post("/upload?name=fox", data=b"x", content_type="text/plain", headers=OURS)
    cluster.set_status("fox", artefacts.finished(root, b"word,count\nthe,2\nfox,1\n"))
    return client


def _link(client: FlaskClient, query: str = "format=csv") -> str:
    response = client.post(f"/requests/fox/links?{query}", headers=OURS)
    assert response.status_code == 201, response.data
    body = response.get_json()
    assert list(body) == ["href", "expiresAt"]
    assert response.headers["Cache-Control"] == "no-store"
    return str(body["href"])


def test_link_gives_the_result_without_a_token(client: FlaskClient) -> None:
    response = client.get(_link(client))

    assert (response.status_code, response.data) == (200, b"word,count\nthe,2\nfox,1\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("format=csv", "format=json"),
        ("/fox/", "/dog/"),
        ("expires=1", "expires=9"),
        ("uid=0", "uid=1"),
        ("signature=", "signature=0"),
        ("format=csv", "format=csv&limit=1"),
        ("format=csv", "format=csv&format=csv"),
    ],
)
def test_link_that_was_changed_opens_nothing(client: FlaskClient, old: str, new: str) -> None:
    link = _link(client)
    assert old in link

    assert_problem(client.get(link.replace(old, new, 1)), 403, "LinkInvalid")


def test_link_expires(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.links.time.time", lambda: 1_700_000_000.0)
    link = _link(client, "format=csv&seconds=60")
    assert "expires=1700000060" in link
    monkeypatch.setattr("app.links.time.time", lambda: 1_700_000_059.0)
    assert client.get(link).status_code == 200

    monkeypatch.setattr("app.links.time.time", lambda: 1_700_000_060.0)

    assert_problem(client.get(link), 403, "LinkExpired")


def test_link_is_for_the_request_and_not_for_its_name(client: FlaskClient, cluster: FakeCluster) -> None:
    link = _link(client)
    client.delete("/requests/fox", headers=OURS)
    client.post("/upload?name=fox", data=b"other", content_type="text/plain", headers=OURS)

    assert_problem(client.get(link), 403, "LinkInvalid")


def test_link_opens_no_other_address_and_no_other_method(client: FlaskClient) -> None:
    link = _link(client)

    assert_problem(client.get(link.replace("/words", "")), 401, "TokenMissing")
    assert_problem(client.get(link.replace("/words", "/tokens")), 401, "TokenMissing")
    assert_problem(client.delete(link), 405, "MethodNotAllowed")


def test_key_can_be_changed_while_old_links_hold(client: FlaskClient, key_file: Path) -> None:
    old = _link(client)
    key_file.write_text(f"{OTHER}\n{KEY}\n")
    new = _link(client)
    assert [client.get(link).status_code for link in (old, new)] == [200, 200]

    key_file.write_text(f"{OTHER}\n")

    assert [client.get(link).status_code for link in (old, new)] == [403, 200]


@pytest.mark.parametrize("content", [None, "", "short\n"])
def test_without_a_key_there_are_no_links(client: FlaskClient, key_file: Path, content: str | None) -> None:
    if content is None:
        key_file.unlink()
    else:
        key_file.write_text(content)

    assert_problem(client.post("/requests/fox/links", headers=OURS), 501, "LinksOff")
    assert_problem(client.get("/requests/fox/words?signature=x"), 501, "LinksOff")


@pytest.mark.parametrize("query", ["seconds=0", "seconds=604801", "format=xml", "limit=x", "format=arrow&limit=5"])
def test_link_that_cannot_be_made_says_why(client: FlaskClient, query: str) -> None:
    assert_problem(client.post(f"/requests/fox/links?{query}", headers=OURS), 400, "FieldInvalid")


def test_link_needs_a_request(client: FlaskClient) -> None:
    assert_problem(client.post("/requests/none/links", headers=OURS), 404, "RequestMissing")
