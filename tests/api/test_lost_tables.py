"""A table that is lost or holds other bytes: not served whole, not lent any more, and the way on is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.background import Background
from app.reuse_labels import withdraw
from app.room import attach, of_application
from app.verifying import Broken, Verification, Verifier
from tests.api import artefacts
from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster
from textmill.names import REUSE_LABEL

WORDS = "/requests/fox/words"
CSV = artefacts.CSV
ROTTEN = CSV[:-2] + b"7\n"


@pytest.fixture
def application(make: Callable[..., Flask], cluster: FakeCluster, root: Path) -> Flask:
    """Return an application that has done one request, and has answered another of the same content with its result."""
    made = make()
    for name in ("fox", "copy"):
        query = {"name": name, "topWords": "3", "filename": "fox.txt"}
        made.test_client().post("/upload", query_string=query, data=b"x", content_type="text/plain")
    status = artefacts.finished(root)
    for name in ("fox", "copy"):
        cluster.set_status(name, status)
    return made


def _verifying_in_background(application: Flask) -> None:
    found = of_application(application)
    attach(application, dataclasses.replace(found, verifier=Verifier(found.background, at_once=0)))


def _lent(cluster: FakeCluster) -> list[str]:
    bodies = ((name, cluster.get(name)) for name in cluster.names())
    return [name for name, body in bodies if REUSE_LABEL in body["metadata"]["labels"]]


def test_lost_table_is_not_lent_any_more_and_the_answer_names_the_call_that_makes_it_again(
    application: Flask, cluster: FakeCluster, root: Path
) -> None:
    application.test_client().post("/upload?name=other", data=b"y", content_type="text/plain")
    (root / artefacts.TABLE / "words.csv").unlink()
    client = application.test_client()

    problem = assert_problem(client.get(WORDS), 410, "ResultGone")
    of_application(application).background.join()

    assert _lent(cluster) == ["other"]
    following = client.open(problem["next"]["href"], method=problem["next"]["method"], json=problem["next"]["body"])
    spec = cluster.get(assert_answer(following, 202)["name"])["spec"]
    assert (spec["fresh"], spec["topWords"], spec["input"]["name"]) == (True, 3, "fox.txt")


def test_request_that_changed_meanwhile_keeps_its_label(
    application: Flask, cluster: FakeCluster, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / artefacts.TABLE / "words.csv").unlink()
    relabel = cluster.relabel

    def late(body: dict[str, object], labels: dict[str, str | None]) -> None:
        if body["metadata"]["name"] == "copy":  # type: ignore[index]  # a body of the cluster in memory
            cluster.set_status("copy", {"phase": "Succeeded"})
        relabel(body, labels)

    monkeypatch.setattr(cluster, "relabel", late)
    assert_problem(application.test_client().get(WORDS), 410, "ResultGone")
    of_application(application).background.join()

    assert _lent(cluster) == ["copy"]


def test_cluster_that_is_away_leaves_the_label_for_the_next_call(
    application: Flask, cluster: FakeCluster, root: Path
) -> None:
    body = cluster.get("fox")
    found = of_application(application)
    cluster.away()

    found.background.submit(lambda: withdraw(cluster, body))
    found.background.join()
    cluster.back()

    assert _lent(cluster) == ["copy", "fox"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_small_table_of_other_bytes_is_never_served(
    application: Flask, cluster: FakeCluster, root: Path, form: str
) -> None:
    (root / artefacts.TABLE / "words.csv").write_bytes(ROTTEN)

    assert_problem(application.test_client().get(WORDS, query_string={"format": form}), 410, "ResultGone")
    of_application(application).background.join()

    assert _lent(cluster) == []


@pytest.mark.parametrize("form", ["csv", "json"])
def test_big_table_of_other_bytes_is_broken_off_and_gone_at_the_next_call(
    application: Flask, cluster: FakeCluster, root: Path, form: str
) -> None:
    _verifying_in_background(application)
    (root / artefacts.TABLE / "words.csv").write_bytes(ROTTEN)
    client = application.test_client()

    with pytest.raises(Broken):
        client.get(WORDS, query_string={"format": form})
    of_application(application).background.join()

    assert_problem(client.get(WORDS, query_string={"format": form}), 410, "ResultGone")
    assert _lent(cluster) == []


@pytest.mark.parametrize("query", [{"format": "json"}, {"format": "csv", "limit": "2"}, {"limit": "1"}])
def test_bytes_that_turn_out_to_be_others_before_the_answer_begins_are_not_sent(
    application: Flask, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    class Late(Verification):
        looks = iter([None])

        @property
        def good(self) -> bool | None:
            return next(self.looks, False)

        def wait(self) -> bool | None:
            return False

    monkeypatch.setattr(Verifier, "check", lambda *_: Late())

    with pytest.raises(Broken):
        application.test_client().get(WORDS, query_string=query)


def test_table_is_read_once_for_as_long_as_it_stays_the_same(
    application: Flask, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _verifying_in_background(application)
    read: list[int] = []
    real = Background.submit

    def counted(self: Background, job: Callable[[], object]) -> bool:
        read.append(1)
        return real(self, job)

    monkeypatch.setattr(Background, "submit", counted)
    client = application.test_client()

    assert [client.get(WORDS, query_string={"format": "csv"}).data for _ in range(3)] == [CSV] * 3
    assert len(read) == 1
    (root / artefacts.TABLE / "words.csv").touch()
    assert client.get(WORDS, query_string={"format": "csv"}).data == CSV
    assert len(read) == 2


def test_table_that_finds_no_place_to_be_verified_is_served_and_tried_again(
    application: Flask, cluster: FakeCluster, root: Path
) -> None:
    found = of_application(application)
    attach(application, dataclasses.replace(found, verifier=Verifier(Background(waiting=0), at_once=0)))

    assert application.test_client().get(WORDS, query_string={"format": "csv"}).data == CSV
    attach(application, found)
    (root / artefacts.TABLE / "words.csv").write_bytes(ROTTEN)
    assert_problem(application.test_client().get(WORDS, query_string={"format": "csv"}), 410, "ResultGone")


def test_damaged_table_still_has_its_other_file(application: Flask, root: Path) -> None:
    (root / artefacts.TABLE / "words.csv").write_bytes(ROTTEN)
    client: FlaskClient = application.test_client()

    assert client.get(WORDS, query_string={"format": "arrow"}).status_code == 200
