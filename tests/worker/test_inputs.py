"""Inputs that strangers put there: only regular files beneath their folder are read, and only as they were pinned."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.worker.runs import UID, drop, path_order, run_both, shard_words, tokenize_settings
from textmill import layout, reports
from textmill.orders import TokenizeOrder, inline_value
from worker.errors import DigestMismatch, InputChanged, InputMissing, InputNotAllowed, WorkerError
from worker.inputs import opened
from worker.tokenizing import tokenize

CONTENT = b"some words\n"
SHA = hashlib.sha256(CONTENT).hexdigest()
A = "a" * 64


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A volume with a file, beside a secret that no order may reach."""
    volume = tmp_path / "volume"
    drop(volume, CONTENT, "good/text.txt")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (volume / "uploads" / "in").mkdir(parents=True)
    (volume / "uploads" / "in" / "text.txt").write_bytes(b"of others")
    return volume


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../uploads/in/text.txt", InputNotAllowed),
        ("../../secret.txt", InputNotAllowed),
        ("/etc/hostname", InputNotAllowed),
        ("good/../good/text.txt", InputNotAllowed),
        ("good//text.txt", InputNotAllowed),
        ("./good/text.txt", InputNotAllowed),
        ("good/text.txt/", InputNotAllowed),
        ("", InputNotAllowed),
        ("good/te\0xt.txt", InputNotAllowed),
        ("good", InputNotAllowed),
        ("x" * 300, InputNotAllowed),
        ("\udcff", InputMissing),
        ("good/none.txt", InputMissing),
        ("none/text.txt", InputMissing),
        ("good/text.txt/more", InputMissing),
    ],
)
def test_path_that_is_no_file_beneath_drop_is_refused(root: Path, path: str, error: type[WorkerError]) -> None:
    with pytest.raises(error):
        tokenize(path_order(path), tokenize_settings(root))


@pytest.mark.parametrize("target", ["../secret.txt", "../volume/drop/good/text.txt", "nothing", "."])
def test_link_in_the_place_of_the_file_is_refused(root: Path, target: str) -> None:
    (root / "drop" / "link").symlink_to(root / target)
    with pytest.raises(InputNotAllowed, match="'link' is a symbolic link"):
        tokenize(path_order("link"), tokenize_settings(root))


def test_link_on_the_way_is_refused(root: Path) -> None:
    (root / "drop" / "way").symlink_to("good")
    with pytest.raises(InputNotAllowed, match="'way' is a symbolic link"):
        tokenize(path_order("way/text.txt"), tokenize_settings(root))


def test_drop_that_is_a_link_itself_is_refused(root: Path) -> None:
    (root / "drop").rename(root / "moved")
    (root / "drop").symlink_to("moved")
    with pytest.raises(InputNotAllowed, match="symbolic link"):
        tokenize(path_order("good/text.txt"), tokenize_settings(root))


def test_pipe_is_refused_without_waiting_for_a_writer(root: Path) -> None:
    os.mkfifo(root / "drop" / "pipe")
    with pytest.raises(InputNotAllowed, match="no regular file"):
        tokenize(path_order("pipe"), tokenize_settings(root))


def test_file_that_grows_while_it_is_read_is_refused(root: Path) -> None:
    order = path_order("good/text.txt")
    with opened(order, root, None) as found:
        with (root / "drop" / "good" / "text.txt").open("ab") as file:
            file.write(b"more\n")
        with pytest.raises(InputChanged, match="11 bytes, then 16"):
            found.check_unchanged()


def test_file_that_is_put_in_its_place_does_not_matter_once_it_is_open(root: Path) -> None:
    order = path_order("good/text.txt")
    with opened(order, root, None) as found:
        (root / "drop" / "good" / "new").write_bytes(b"other")
        (root / "drop" / "good" / "new").rename(root / "drop" / "good" / "text.txt")
        assert found.file.read() == CONTENT


def test_pinned_digest_must_be_that_of_the_content(root: Path) -> None:
    assert run_both(root, path_order("good/text.txt", sha256=SHA))["tokens"] == 2
    with pytest.raises(DigestMismatch, match=f"SHA-256 {SHA}, and {A} was asked for"):
        tokenize(path_order("good/text.txt", sha256=A), tokenize_settings(root))


def test_upload_whose_content_does_not_have_its_name_is_refused(root: Path) -> None:
    path = root / layout.upload(A)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    with pytest.raises(DigestMismatch):
        tokenize(TokenizeOrder(UID, "upload", A), tokenize_settings(root))


def test_upload_is_read_by_its_digest(root: Path) -> None:
    path = root / layout.upload(SHA)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    report = tokenize(TokenizeOrder(UID, "upload", SHA), tokenize_settings(root))
    assert (report["tokens"], report["input"]["sha256"]) == (2, SHA)


@pytest.mark.parametrize("value", ["../../secret.txt", SHA.upper(), SHA[1:], ""])
def test_upload_that_is_no_digest_is_refused(root: Path, value: str) -> None:
    with pytest.raises(InputNotAllowed):
        tokenize(TokenizeOrder(UID, "upload", value), tokenize_settings(root))


@pytest.mark.parametrize("text", ["", "one", "Grüße 😀 two\n", "\n" * 100])
def test_inline_text_is_the_content(root: Path, text: str) -> None:
    order = TokenizeOrder(UID, "inline", inline_value(text))
    report = tokenize(order, tokenize_settings(root))
    assert report["input"]["bytes"] == len(text.encode())
    assert report["input"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_inline_text_that_is_no_base64_is_refused(root: Path) -> None:
    with pytest.raises(InputNotAllowed, match="no base64"):
        tokenize(TokenizeOrder(UID, "inline", "#!"), tokenize_settings(root))


def test_config_map_is_read_through_the_links_that_the_kubelet_makes(root: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "configmaps"
    (mounted / "..data").mkdir(parents=True)
    (mounted / "..data" / UID).write_bytes(CONTENT)
    (mounted / UID).symlink_to(f"..data/{UID}")
    order = TokenizeOrder(UID, "configMap", UID)
    assert tokenize(order, tokenize_settings(root, configmaps=mounted))["tokens"] == 2
    assert shard_words(root) == ["some", "words"]


@pytest.mark.parametrize(
    ("value", "mounted", "error"),
    [
        ("none", True, InputMissing),
        ("none", False, InputNotAllowed),
        ("../secret.txt", True, InputNotAllowed),
        ("", True, InputNotAllowed),
        ("..", True, InputNotAllowed),
        ("a\0", True, InputNotAllowed),
    ],
)
def test_config_map_key_that_is_no_plain_name_is_refused(
    root: Path, tmp_path: Path, value: str, mounted: bool, error: type[WorkerError]
) -> None:
    folder = tmp_path if mounted else None
    with pytest.raises(error):
        tokenize(TokenizeOrder(UID, "configMap", value), tokenize_settings(root, configmaps=folder))


def test_unknown_kind_of_input_is_refused(root: Path) -> None:
    fields: dict[str, Any] = {"id": UID, "source": "url", "value": "http://127.0.0.1/"}
    with pytest.raises(InputNotAllowed, match="no such kind"):
        tokenize(TokenizeOrder(**fields), tokenize_settings(root))


def test_input_above_the_limit_is_left_unread(root: Path) -> None:
    report = tokenize(path_order("good/text.txt", leave_above=10), tokenize_settings(root))
    assert report == reports.left(UID, reports.LEFT_TOO_BIG, 11)
    assert tokenize(path_order("good/text.txt", leave_above=11), tokenize_settings(root))["outcome"] == "done"


def test_text_that_cannot_be_cut_in_bytes_is_left_when_shards_are_asked_for(root: Path) -> None:
    (root / "drop" / "wide.txt").write_bytes("some words".encode("utf-16"))
    report = tokenize(path_order("wide.txt", encoding="auto"), tokenize_settings(root, shards=2))
    assert report == reports.left(UID, reports.LEFT_NOT_SHARDABLE, 22)
