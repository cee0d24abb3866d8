"""Long polls: `GET /requests/NAME?wait=`, for those who cannot stream."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster


@pytest.fixture(autouse=True)
def fox(client: FlaskClient) -> str:
    """Make a request."""
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    return "fox"


def test_wait_answers_when_the_request_has_ended(client: FlaskClient, cluster: FakeCluster) -> None:
    client.get("/requests/fox?wait=0s")
    cluster.set_status("fox", {"phase": "Counting"})
    cluster.set_status("fox", {"phase": "Succeeded", "settled": True})

    assert assert_answer(client.get("/requests/fox?wait=60s"))["phase"] == "Succeeded"


def test_wait_is_over_after_its_time(client: FlaskClient) -> None:
    assert assert_answer(client.get("/requests/fox?wait=0s"))["phase"] == "Pending"


def test_wait_with_a_known_state_answers_at_the_first_other(client: FlaskClient, cluster: FakeCluster) -> None:
    client.get("/requests/fox?wait=0s")  # from now on its place in the queue is known
    tag = client.get("/requests/fox").headers["ETag"]
    assert client.get("/requests/fox", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("/requests/fox?wait=0", headers={"If-None-Match": tag}).status_code == 304

    cluster.set_status("fox", {"phase": "Counting"})

    answer = assert_answer(client.get("/requests/fox?wait=60s", headers={"If-None-Match": tag}))
    assert answer["phase"] == "Counting"


@pytest.mark.parametrize("text", ["61s", "61", "-1", "1m", "", "9999999999"])
def test_wait_that_cannot_be_read_is_named(client: FlaskClient, text: str) -> None:
    assert_problem(client.get("/requests/fox", query_string={"wait": text}), 400, "FieldInvalid")
