"""Bad input through the page's form: a page that says in words what is wrong, and nothing made and nothing kept."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.asserting import files
from tests.api.fake_cluster import FakeCluster
from tests.page.reading import BROWSER, read

TEXT = b"The quick brown fox."


def _file(name: str = "a.txt", data: bytes = TEXT) -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({}, 400, "FileMissing"),
        ({"file": _file("", b"")}, 400, "is empty"),
        ({"file": [_file(), _file("b.txt")]}, 400, "FileRepeated"),
        ({"data": _file()}, 400, "it belongs into `file`"),
        ({"file": _file(), "name": "Not A Name"}, 400, "name is "),
        ({"file": _file(), "topWords": "101"}, 400, "topWords is "),
        ({"file": _file(), "encoding": "../x"}, 400, "encoding is "),
        ({"file": _file(), "colour": "red"}, 400, "'colour'"),
        ({"file": _file("big.txt", b"word " * 300)}, 413, "TooLarge"),
    ],
    ids=["nothing", "no file", "two", "field", "name", "number", "encoding", "unknown", "big"],
)
def test_form_that_is_wrong_is_told_so(
    make: Callable[..., Flask], cluster: FakeCluster, root: Path, form: dict[str, object], status: int, words: str
) -> None:
    client = make(TEXTMILL_MAX_UPLOAD_BYTES=1000).test_client()

    page = read(client.post("/", data=form, headers=BROWSER, content_type="multipart/form-data"), status)

    assert words in page.text
    assert (files(root), cluster.names()) == ([], [])


def test_name_that_is_taken_is_told(client: FlaskClient, cluster: FakeCluster) -> None:
    client.post("/", data={"file": _file(), "name": "fox"}, headers=BROWSER)

    page = read(client.post("/", data={"file": _file("b.txt", b"other"), "name": "fox"}, headers=BROWSER), 409)

    assert "fox" in page.text
    assert cluster.names() == ["fox"]
    assert cluster.get("fox")["spec"]["input"]["name"] == "a.txt"


def test_volume_that_is_full_is_told(
    client: FlaskClient, cluster: FakeCluster, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("app.volume.os.write", full)

    page = read(client.post("/", data={"file": _file()}, headers=BROWSER), 507)

    assert "VolumeFull" in page.text
    assert (files(root), cluster.names()) == ([], [])


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b.txt", "n" * 300, "📄.txt", "CON", ".."])
def test_hostile_name_is_kept_off_the_volume(client: FlaskClient, cluster: FakeCluster, root: Path, name: str) -> None:
    response = client.post("/", data={"file": _file(name)}, headers=BROWSER)

    read(client.get(response.headers["Location"], headers=BROWSER))
    (kept,) = files(root)
    (made,) = cluster.names()
    assert Path(kept).name == cluster.get(made)["spec"]["input"]["upload"]
    shown = cluster.get(made)["spec"]["input"].get("name", "")
    assert not set("/\x00") & set(shown)
    assert len(shown.encode()) <= 255
