"""The list on the page: filtered, in pages, and never more than a bounded part of a namespace at once."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app import board
from app.board import Wanted
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster
from tests.page.reading import BROWSER, listed, read


def _make(cluster: FakeCluster, name: str, phase: str = "Succeeded", file: str = "") -> None:
    spec = {"input": {"upload": "a" * 64, "name": file or f"{name}.txt"}}
    cluster.create({"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    cluster.set_status(name, {"phase": phase, "progress": {"percent": 0}})


@pytest.fixture
def filled(cluster: FakeCluster) -> FakeCluster:
    """Fill the cluster with requests of two phases."""
    for number in range(60):
        _make(cluster, f"r{number:02d}", "Failed" if number % 3 == 0 else "Succeeded")
    return cluster


def test_filter_on_state_is_kept_over_pages_and_lines(client: FlaskClient, filled: FakeCluster) -> None:
    page = read(client.get("/?phase=Succeeded", headers=BROWSER))

    assert listed(page)[:3] == ["r59", "r58", "r56"]
    assert "/?phase=Succeeded&page=2#requests" in {one["href"] for one in page.all("a")}
    assert "kubectl -n default get processingrequests --field-selector status.phase=Succeeded" in page.text
    (chosen,) = [one for one in page.all("option") if "selected" in one]
    assert chosen == {"selected": None}


def test_page_beyond_the_last_is_the_last(client: FlaskClient, filled: FakeCluster) -> None:
    page = read(client.get("/?page=99", headers=BROWSER))

    assert listed(page) == [f"r{number:02d}" for number in range(19, -1, -1)]
    assert "Page 3 of 3" in page.text


@pytest.mark.parametrize(("text", "names"), [("r5", 10), ("BOOK", 1), ("nothing", 0)])
def test_part_of_a_name_or_file_is_enough(client: FlaskClient, filled: FakeCluster, text: str, names: int) -> None:
    _make(filled, "other", file="My book.txt")

    page = read(client.get("/", query_string={"name": text}, headers=BROWSER))

    assert len(listed(page)) == names
    assert ("Nothing fits that filter." in page.text) is (names == 0)
    assert "data-newest" not in dict(kept for one in page.all("div") for kept in one.items())


def test_one_call_is_enough_for_a_list_without_a_name(filled: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "WINDOW", 40)
    filled.calls.clear()

    seen = board.board(filled, Wanted())

    assert filled.calls == ["page"]
    assert (seen.fit, seen.looked, seen.pages) == (40, 40, 2)
    again = board.board(filled, Wanted(token=seen.rest))
    assert {one["name"] for one in again.rows} == {f"r{number}" for number in range(40, 60)}
    assert again.rest == ""


def test_search_for_a_name_ends_after_some_windows(filled: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "WINDOW", 5)
    filled.calls.clear()

    seen = board.board(filled, Wanted(name="r59"))

    assert len(filled.calls) == board.WINDOWS
    assert (seen.rows, seen.looked) == ((), 50)
    assert [one["name"] for one in board.board(filled, Wanted(name="r59", token=seen.rest)).rows] == ["r59"]


@pytest.mark.parametrize("asked", ["phase=Done", "page=0", "page=x"])
def test_wrong_filter_is_refused(client: FlaskClient, asked: str) -> None:
    assert_problem(client.get(f"/?{asked}"), 400, "FieldInvalid")


def test_continue_of_long_ago_says_so(client: FlaskClient, filled: FakeCluster) -> None:
    assert "too old" in read(client.get("/?continue=ancient", headers=BROWSER)).text
