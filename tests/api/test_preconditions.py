"""What a client makes an answer depend on: a state that it knows, a part that it wants, a page of a list."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster
from tests.page.reading import BROWSER


@pytest.fixture
def name(client: FlaskClient) -> str:
    """Make a request and return its name."""
    return str(assert_answer(client.post("/upload?name=fox", data=b"x", content_type="text/plain"), 202)["name"])


def _tag(client: FlaskClient, name: str) -> str:
    return client.get(f"/requests/{name}").headers["ETag"]


def test_request_is_deleted_only_in_the_state_that_is_known(
    client: FlaskClient, cluster: FakeCluster, name: str
) -> None:
    before = _tag(client, name)
    cluster.set_status(name, {"phase": "Counting"})

    problem = assert_problem(
        client.delete(f"/requests/{name}", headers={"If-Match": before}), 412, "PreconditionFailed"
    )
    assert "has changed since" in problem["detail"]
    assert cluster.names() == [name]
    assert client.delete(f"/requests/{name}", headers={"If-Match": _tag(client, name)}).status_code == 204
    assert cluster.names() == []


def test_any_state_is_deleted_but_not_what_is_gone(client: FlaskClient, name: str) -> None:
    anything = {"If-Match": "*"}
    assert client.delete(f"/requests/{name}", headers=anything).status_code == 204
    assert_problem(client.delete(f"/requests/{name}", headers=anything), 404, "RequestMissing")


def test_change_in_the_moment_of_deleting_counts(
    client: FlaskClient, cluster: FakeCluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag, delete = _tag(client, name), cluster.delete

    def late(*what: str) -> None:
        cluster.set_status(name, {"phase": "Counting"})
        delete(*what)

    monkeypatch.setattr(cluster, "delete", late)
    assert_problem(client.delete(f"/requests/{name}", headers={"If-Match": tag}), 412, "PreconditionFailed")
    assert cluster.names() == [name]


@pytest.mark.parametrize("wish", ["items=0-1", "bytes=0-1,3-4", "bytes", "bytes=a-b", "seconds=1-"])
def test_wish_for_a_part_that_is_not_understood_is_ignored(client: FlaskClient, wish: str) -> None:
    whole = client.get("/static/page.css")
    found = client.get("/static/page.css", headers={"Range": wish})
    assert (found.status_code, found.data) == (200, whole.data)


def test_head_knows_no_parts(client: FlaskClient) -> None:
    whole = client.head("/static/page.css")
    found = client.head("/static/page.css", headers={"Range": "bytes=0-1"})
    assert (found.status_code, found.headers["Content-Length"]) == (200, whole.headers["Content-Length"])
    assert client.get("/static/page.css", headers={"Range": "bytes=0-1"}).status_code == 206


@pytest.mark.parametrize("address", ["/", "/api", "/view/fox"])
def test_pages_ignore_what_links_bring_along(client: FlaskClient, name: str, address: str) -> None:
    assert client.get(f"{address}?utm_source=mail&utm_source=x", headers=BROWSER).status_code == 200
    assert_problem(client.get("/requests?utm_source=mail"), 400, "FieldUnknown")
