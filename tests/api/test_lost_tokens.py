"""Tokens that are lost or hold other bytes: not served whole, and the way on is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app.room import attach, of_application
from app.verifying import Broken, Verifier
from tests.api import artefacts
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster
from textmill import layout
from textmill.names import REUSE_LABEL

TOKENS = "/requests/fox/tokens"
SHARDS = ((["the", "fox"], [[0, 1], [0]]), (["dog", "the"], [[1, 0] * 100]))


@pytest.fixture
def application(make: Callable[..., Flask], cluster: FakeCluster, root: Path) -> Flask:
    """Return an application with a request whose tokens are in two shards."""
    made = make()
    made.test_client().post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.tokenized(root, *SHARDS) | artefacts.finished(root))
    return made


def _rot(root: Path, shard: int, name: str = layout.VOCABULARY) -> Path:
    """Change letters of a shard's file; its size stays, and what it is made of."""
    path = root / layout.shard(artefacts.TOKENS, shard) / name
    data = path.read_bytes()
    path.write_bytes(data.replace(b"the", b"she"))
    assert path.read_bytes() != data
    return path


def test_words_of_other_letters_are_not_served_and_the_way_on_is_told(
    application: Flask, cluster: FakeCluster, root: Path
) -> None:
    _rot(root, 0)
    problem = assert_problem(application.test_client().get(TOKENS), 410, "ResultGone")

    assert problem["next"]["body"]["fresh"] is True
    of_application(application).background.join()
    assert REUSE_LABEL not in cluster.get("fox")["metadata"]["labels"]


def test_later_shard_of_other_letters_breaks_the_answer_off_before_its_words(application: Flask, root: Path) -> None:
    _rot(root, 1)
    response = application.test_client().get(TOKENS, buffered=False)
    seen = b""
    with pytest.raises(Exception, match="other bytes"):  # noqa: PT012 - what came before counts, too
        for piece in response.iter_encoded():
            seen += piece
    response.close()

    assert len(seen.splitlines()) == 3
    assert b"she" not in seen


def test_big_file_is_verified_beside_the_answer_which_does_not_end_before(application: Flask, root: Path) -> None:
    found = of_application(application)
    attach(application, dataclasses.replace(found, verifier=Verifier(found.background, at_once=0)))
    _rot(root, 0)
    with pytest.raises(Broken):  # be it before its first bytes or before its last
        application.test_client().get(TOKENS)
    found.background.join()
    assert_problem(application.test_client().get(TOKENS), 410, "ResultGone")


def test_few_tokens_do_not_wait_for_what_is_verified_beside(application: Flask, root: Path) -> None:
    found = of_application(application)
    verifier = Verifier(found.background, at_once=0)
    attach(application, dataclasses.replace(found, verifier=verifier))
    found.background.join()
    assert len(application.test_client().get(f"{TOKENS}?limit=2").get_data().splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "content", "status", "reason"),
    [
        (layout.MANIFEST, None, 410, "ResultGone"),
        (layout.MANIFEST, b"{}", 502, "ArtefactInvalid"),
        (layout.MANIFEST, b"\xff", 502, "ArtefactInvalid"),
        (layout.MANIFEST, b"[" * 100_000, 502, "ArtefactInvalid"),
        (layout.MANIFEST, b" " * (5 << 20), 502, "ArtefactInvalid"),
        (layout.VOCABULARY, b"", 502, "ArtefactInvalid"),
        (layout.IDS, None, 410, "ResultGone"),
    ],
)
def test_shard_that_is_not_whole_is_an_error_with_the_way_on(
    application: Flask, root: Path, name: str, content: bytes | None, status: int, reason: str
) -> None:
    path = root / layout.shard(artefacts.TOKENS, 0) / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert "next" in assert_problem(application.test_client().get(TOKENS), status, reason)


def test_page_shows_no_words_of_a_table_with_other_bytes(application: Flask, root: Path) -> None:
    path = root / artefacts.TABLE / layout.TABLE_CSV
    path.write_bytes(artefacts.CSV.replace(b"fox", b"vex"))
    for address in ("/view/fox", "/view/fox?words=v"):
        shown = application.test_client().get(address).get_data(as_text=True)
        assert "vex" not in shown
        assert "The table cannot be read. The result&#39;s files are gone." in shown
