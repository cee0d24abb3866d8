"""The table of words, streamed from the volume as CSV, JSON or Arrow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api import artefacts
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster

WORDS = "/requests/fox/words"


@pytest.fixture
def done(client: FlaskClient, cluster: FakeCluster, root: Path) -> FlaskClient:
    """Return a client beside a request named fox that has succeeded."""
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root))
    return client


def test_json_is_the_whole_table_in_its_order(done: FlaskClient) -> None:
    response = done.get(WORDS)

    assert response.mimetype == "application/json"
    assert response.get_json() == artefacts.ROWS
    assert "Content-Disposition" not in response.headers


def test_json_of_an_empty_table_is_an_empty_array(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    client.post("/upload?name=fox", data=b"", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root, csv=b"word,count\n"))

    assert client.get(WORDS).get_json() == []


def test_json_beyond_one_piece_stays_one_array(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    client.post("/upload?name=fox", data=b"", content_type="text/plain")
    csv = "word,count\n" + "".join(f"word{number},{number}\n" for number in range(9_000))
    cluster.set_status("fox", artefacts.finished(root, csv=csv.encode()))

    rows = json.loads(client.get(WORDS).get_data())

    assert len(rows) == 9_000
    assert rows[8_999] == {"word": "word8999", "count": 8_999}


def test_csv_is_the_file_as_it_lies_there(done: FlaskClient) -> None:
    response = done.get(WORDS, query_string={"format": "csv"})

    assert response.data == artefacts.CSV
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="fox-words.csv"'
    assert response.headers["Content-Length"] == str(len(artefacts.CSV))


def test_arrow_is_the_file_as_it_lies_there(done: FlaskClient) -> None:
    response = done.get(WORDS, query_string={"format": "arrow"})

    assert response.data == b"ARROW1 stands for the table"
    assert response.headers["Content-Type"] == "application/vnd.apache.arrow.file"


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (3, 3), (99, 4)])
def test_limit_cuts_json_and_csv(done: FlaskClient, limit: int, count: int) -> None:
    as_json = done.get(WORDS, query_string={"limit": limit})
    as_csv = done.get(WORDS, query_string={"limit": limit, "format": "csv"})

    assert as_json.get_json() == artefacts.ROWS[:count]
    assert as_csv.data == b"".join(artefacts.CSV.splitlines(keepends=True)[: count + 1])


def test_contains_leaves_the_rows_whose_word_has_it(done: FlaskClient) -> None:
    sought = [row for row in artefacts.ROWS if "h" in str(row["word"])]
    assert 0 < len(sought) < len(artefacts.ROWS)

    as_json = done.get(WORDS, query_string={"contains": "H"})
    as_csv = done.get(WORDS, query_string={"contains": "H", "format": "csv"})
    cut = done.get(WORDS, query_string={"contains": "h", "limit": 1})

    assert as_json.get_json() == sought
    assert len(as_csv.data.splitlines()) == len(sought) + 1
    assert cut.get_json() == sought[:1]
    assert len({one.headers["ETag"] for one in (as_json, as_csv, cut, done.get(WORDS))}) == 4


def test_etag_that_is_known_gets_304_without_a_body(done: FlaskClient) -> None:
    for query in ({}, {"format": "csv"}, {"format": "csv", "limit": 1}):
        tag = done.get(WORDS, query_string=query).headers["ETag"]
        again = done.get(WORDS, query_string=query, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_etags_differ_between_formats_and_limits(done: FlaskClient) -> None:
    queries: list[dict[str, object]] = [{}, {"limit": 1}, {"format": "csv"}, {"format": "csv", "limit": 1}]
    assert len({done.get(WORDS, query_string=query).headers["ETag"] for query in queries}) == 4


def test_range_of_a_whole_file_is_served(done: FlaskClient) -> None:
    response = done.get(WORDS, query_string={"format": "csv"}, headers={"Range": "bytes=5-9"})

    assert response.status_code == 206
    assert response.data == artefacts.CSV[5:10]


@pytest.mark.parametrize("form", ["csv", "arrow"])
def test_range_beyond_the_file_is_refused_with_the_files_length(done: FlaskClient, form: str) -> None:
    length = done.get(WORDS, query_string={"format": form}).content_length

    response = done.get(WORDS, query_string={"format": form}, headers={"Range": "bytes=99999-"})

    assert_problem(response, 416, "RangeUnsatisfiable")
    assert response.headers["Content-Range"] == f"bytes */{length}"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"format": "xml"}, "FieldInvalid"),
        ({"limit": "-1"}, "FieldInvalid"),
        ({"limit": "many"}, "FieldInvalid"),
        ({"format": "arrow", "limit": "3"}, "FieldInvalid"),
        ({"Limit": "3"}, "FieldUnknown"),
        ({"limit": ["3", "4"]}, "FieldRepeated"),
    ],
)
def test_wrong_parameter_is_named(done: FlaskClient, query: dict[str, object], reason: str) -> None:
    assert_problem(done.get(WORDS, query_string=query), 400, reason)


def test_unfinished_request_has_no_words_yet(client: FlaskClient) -> None:
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")

    assert "Pending" in assert_problem(client.get(WORDS), 409, "NotFinished")["detail"]


def test_failed_request_says_why_it_has_no_words(client: FlaskClient, cluster: FakeCluster) -> None:
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    condition = {"type": "Succeeded", "status": "False", "reason": "NotText", "message": "byte 3 is no UTF-8"}
    cluster.set_status("fox", {"phase": "Failed", "conditions": [condition]})

    problem = assert_problem(client.get(WORDS), 409, "RequestFailed")

    assert problem["detail"] == "The request 'fox' failed with NotText: byte 3 is no UTF-8."


def test_missing_table_is_gone(done: FlaskClient, root: Path) -> None:
    (root / artefacts.TABLE / "words.csv").unlink()

    assert_problem(done.get(WORDS), 410, "ResultGone")


def test_table_of_another_size_is_not_served(done: FlaskClient, root: Path) -> None:
    (root / artefacts.TABLE / "words.csv").write_bytes(b"word,count\n")

    assert_problem(done.get(WORDS), 502, "ArtefactInvalid")


def test_table_without_its_header_is_not_served(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    client.post("/upload?name=fox", data=b"", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root, csv=b"the,3\n"))

    assert_problem(client.get(WORDS), 502, "ArtefactInvalid")


@pytest.mark.parametrize("path", ["../../etc", "/etc", "results/../uploads/x", "uploads/ab/cd", "results/job/"])
def test_path_that_no_worker_made_is_not_opened(done: FlaskClient, cluster: FakeCluster, path: str) -> None:
    status = cluster.get("fox")["status"]
    status["result"]["table"]["path"] = path
    cluster.set_status("fox", status)

    assert_problem(done.get(WORDS), 410, "ResultGone")


def test_link_on_the_way_is_not_followed(done: FlaskClient, root: Path, tmp_path: Path) -> None:
    folder = root / artefacts.TABLE
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    assert_problem(done.get(WORDS), 410, "ResultGone")


def test_link_in_place_of_the_table_is_not_followed(done: FlaskClient, root: Path) -> None:
    table = root / artefacts.TABLE / "words.csv"
    table.rename(root / "drop" / "table")
    table.symlink_to(root / "drop" / "table")

    assert_problem(done.get(WORDS), 410, "ResultGone")
