"""The tokens as JSON lines: in the order of the text, numbered on over shards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api import artefacts
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster

TOKENS = "/requests/fox/tokens"


@pytest.fixture
def made(client: FlaskClient) -> FlaskClient:
    """Return a client beside a request named fox."""
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    return client


def test_tokens_are_numbered_on_over_batches_and_shards(made: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    shards = ((["the", "fox"], [[0, 1], [0]]), ((['צה"ל', "the"], [[1, 0]])))
    cluster.set_status("fox", artefacts.tokenized(root, *shards))

    response = made.get(TOKENS)

    assert response.mimetype == "application/x-ndjson"
    assert [json.loads(line) for line in response.get_data(as_text=True).splitlines()] == [
        {"position": 0, "word": "the"},
        {"position": 1, "word": "fox"},
        {"position": 2, "word": "the"},
        {"position": 3, "word": "the"},
        {"position": 4, "word": 'צה"ל'},
    ]


def test_long_shard_is_cut_into_pieces_without_loss(made: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    cluster.set_status("fox", artefacts.tokenized(root, (["a", "b"], [[0, 1] * 10_000])))

    lines = made.get(TOKENS).get_data().splitlines()

    assert len(lines) == 20_000
    assert json.loads(lines[-1]) == {"position": 19_999, "word": "b"}


@pytest.mark.parametrize(
    ("first", "limit"), [(0, 3), (1, 1), (2, 9), (3, None), (4, 1), (5, None), (99, 2), (1, 0), (20_004, 2)]
)
def test_first_and_limit_leave_some_tokens(
    made: FlaskClient, cluster: FakeCluster, root: Path, first: int, limit: int | None
) -> None:
    shards = ((["the", "fox"], [[0, 1], [0]]), (["dog", "the"], [[1, 0] * 10_010]))
    cluster.set_status("fox", artefacts.tokenized(root, *shards))
    whole = made.get(TOKENS).get_data().splitlines()

    query = {"first": first} | ({} if limit is None else {"limit": limit})
    part = made.get(TOKENS, query_string=query)

    assert part.get_data().splitlines() == whole[first : None if limit is None else first + limit]
    assert part.headers["ETag"] != made.get(TOKENS).headers["ETag"]


@pytest.mark.parametrize("query", [{"first": "-1"}, {"limit": "x"}, {"offset": "3"}])
def test_wrong_parameter_is_refused(made: FlaskClient, cluster: FakeCluster, root: Path, query: dict[str, str]) -> None:
    cluster.set_status("fox", artefacts.tokenized(root, (["a"], [[0]])))

    reason = "FieldUnknown" if "offset" in query else "FieldInvalid"
    assert_problem(made.get(TOKENS, query_string=query), 400, reason)


def test_long_words_are_written_out_piece_by_piece(made: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    words = ['ä"' * 100_000, "b", "c\\" * 300]
    cluster.set_status("fox", artefacts.tokenized(root, (words, [[0, 1, 2, 0]])))

    answer = made.get(TOKENS, buffered=False)
    pieces = list(answer.iter_encoded())
    answer.close()

    assert max(map(len, pieces)) < 200_000
    told = [json.loads(line)["word"] for line in b"".join(pieces).splitlines()]
    assert told == [words[0], "b", words[2], words[0]]


def test_text_without_words_has_no_lines(made: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    cluster.set_status("fox", artefacts.tokenized(root, ([], [])))

    response = made.get(TOKENS)

    assert (response.status_code, response.data) == (200, b"")


def test_request_without_tokens_is_not_finished(made: FlaskClient) -> None:
    assert_problem(made.get(TOKENS), 409, "NotFinished")


def test_missing_shard_is_gone_before_anything_is_sent(made: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    status = artefacts.tokenized(root, (["a"], [[0]]))
    status["tokens"]["shards"] = 2
    cluster.set_status("fox", status)

    assert_problem(made.get(TOKENS), 410, "ResultGone")
