"""What lies on the volume already: kept if it fits whole, made anew if it does not, refused as a count's input."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.runs import (
    TABLE,
    TOKENS,
    UID,
    count_settings,
    drop,
    expected_rows,
    path_order,
    run_both,
    shard_manifest,
    shard_words,
    table_rows,
    tokenize_settings,
)
from textmill import layout
from textmill.orders import CountOrder, TokenizeOrder
from worker.counting import count
from worker.errors import ArtefactInvalid, InputChanged, InputMissing
from worker.tokenizing import tokenize

TEXT = "one two two\nthree three THREE\n"
ROWS = expected_rows(TEXT)
SHARD = layout.shard(TOKENS, 0)

Harm = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A volume on which the request was tokenized and counted."""
    drop(tmp_path, TEXT.encode())
    run_both(tmp_path, path_order())
    return tmp_path


@pytest.fixture
def tokenized(root: Path) -> Path:
    """A volume on which the request waits to be counted."""
    shutil.rmtree(root / TABLE)
    return root


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def newer(path: Path) -> None:
    edit(path, format=3)


def edit(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def no_files(path: Path) -> None:
    edit(path, files={})


def elsewhere(path: Path) -> None:
    files = json.loads(path.read_text())["files"]
    edit(path, files=files | {"../../../drop/text.txt": {"bytes": 1, "blake3": "a" * 64}})


HARM: dict[str, tuple[str, Harm, str]] = {
    "ids gone": (layout.IDS, Path.unlink, "ids.arrow cannot be opened"),
    "ids cut": (layout.IDS, cut, "its manifest says"),
    "ids altered": (layout.IDS, flip, "its manifest says"),
    "vocabulary altered": (layout.VOCABULARY, flip, "its manifest says"),
    "manifest gone": (layout.MANIFEST, Path.unlink, "has no manifest"),
    "manifest cut": (layout.MANIFEST, lambda path: path.write_text('{"format": 1'), "is no JSON"),
    "manifest no text": (layout.MANIFEST, lambda path: path.write_bytes(b"\xff"), "decode"),
    "manifest of a newer version": (layout.MANIFEST, newer, "format version 3 and this program reads 2: a newer"),
    "manifest of another kind": (layout.MANIFEST, lambda path: edit(path, kind="table"), "one of 'table'"),
    "manifest without a field": (layout.MANIFEST, lambda path: edit(path, more=1), "these fields: more"),
    "manifest without files": (layout.MANIFEST, no_files, "does not name ids.arrow"),
    "manifest that names another folder": (layout.MANIFEST, elsewhere, "not beside it"),
}


@pytest.mark.parametrize("name", HARM)
def test_count_refuses_tokens_that_do_not_fit_their_manifest(tokenized: Path, name: str) -> None:
    file, harm, sentence = HARM[name]
    harm(tokenized / SHARD / file)
    with pytest.raises(ArtefactInvalid, match=sentence):
        count(CountOrder(UID, TOKENS), count_settings(tokenized))


@pytest.mark.parametrize("name", [name for name in HARM if name != "manifest without files"])
def test_tokenizer_makes_anew_what_does_not_fit(root: Path, name: str) -> None:
    file, harm, _ = HARM[name]
    harm(root / SHARD / file)
    assert tokenize(path_order(), tokenize_settings(root))["tokens"] == 6
    assert shard_words(root) == ["one", "two", "two", "three", "three", "three"]


@pytest.mark.parametrize(
    ("file", "harm"),
    [
        (layout.TABLE_ARROW, cut),
        (layout.TABLE_CSV, flip),
        (layout.TABLE_CSV, Path.unlink),
        (layout.MANIFEST, newer),
        (layout.MANIFEST, lambda path: edit(path, shards=["b" * 64])),
        (layout.MANIFEST, no_files),
    ],
)
def test_count_makes_a_table_anew_that_does_not_fit(root: Path, file: str, harm: Harm) -> None:
    harm(root / TABLE / file)
    report = count(CountOrder(UID, TOKENS), count_settings(root))
    assert table_rows(root) == ROWS
    told = report["result"]["table"]["csv"]
    assert told["bytes"] == (root / TABLE / layout.TABLE_CSV).stat().st_size


def test_kept_table_gives_as_many_top_words_as_are_asked_for(root: Path) -> None:
    for number in (0, 1, 2, 100):
        report = count(CountOrder(UID, TOKENS, top_words=number), count_settings(root))
        assert [(one["word"], one["count"]) for one in report["result"]["topWords"]] == ROWS[:number]


@pytest.mark.parametrize(
    "order",
    [path_order(encoding="latin-1"), path_order(errors="strict"), path_order("other.txt")],
    ids=["another encoding", "another way with errors", "another file"],
)
def test_tokens_of_another_order_are_not_kept(root: Path, order: TokenizeOrder) -> None:
    drop(root, b"other", "other.txt")
    before = (root / SHARD / layout.MANIFEST).stat().st_ino
    tokenize(order, tokenize_settings(root))
    assert (root / SHARD / layout.MANIFEST).stat().st_ino != before


def test_tokens_of_a_file_that_changed_are_not_kept(root: Path) -> None:
    drop(root, b"something else now")
    assert tokenize(path_order(), tokenize_settings(root))["tokens"] == 3
    assert run_both(root, path_order())["tokens"] == 3


def test_tokens_of_a_shard_that_was_cut_elsewhere_are_not_kept(root: Path) -> None:
    edit(root / SHARD / layout.MANIFEST, end=12)
    tokenize(path_order(), tokenize_settings(root))
    assert shard_manifest(root).end == len(TEXT)


@pytest.mark.parametrize("order", [path_order(), path_order(sha256=hashlib.sha256(TEXT.encode()).hexdigest())])
def test_tokens_that_fit_are_told_though_the_input_is_gone(root: Path, order: TokenizeOrder) -> None:
    before = tokenize(order, tokenize_settings(root))
    (root / layout.DROP / "text.txt").unlink()
    assert tokenize(order, tokenize_settings(root, pod_uid="pod-9")) == before


@pytest.mark.parametrize("order", [path_order(errors="strict"), path_order(sha256="a" * 64)])
def test_tokens_of_another_order_do_not_stand_for_an_input_that_is_gone(root: Path, order: TokenizeOrder) -> None:
    (root / layout.DROP / "text.txt").unlink()
    with pytest.raises(InputMissing):
        tokenize(order, tokenize_settings(root))


def test_tokens_that_fit_are_kept_and_told_as_before(root: Path) -> None:
    before = (root / SHARD / layout.IDS).stat().st_ino
    report = tokenize(path_order(), tokenize_settings(root, pod_uid="pod-9"))
    assert (report["tokens"], report["input"]["bytes"]) == (6, len(TEXT))
    assert (root / SHARD / layout.IDS).stat().st_ino == before


def test_shards_of_two_inputs_are_refused(tmp_path: Path) -> None:
    drop(tmp_path, TEXT.encode())
    tokenize(path_order(), tokenize_settings(tmp_path, shard=0, shards=2))
    drop(tmp_path, TEXT.upper().encode() * 2)
    tokenize(path_order(), tokenize_settings(tmp_path, shard=1, shards=2))
    with pytest.raises(InputChanged, match="60 bytes and shard 0 one of 30"):
        count(CountOrder(UID, TOKENS, 2), count_settings(tmp_path))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"shard": 0}, "says that it is shard 0"),
        ({"shards": 3}, "of 3"),
        ({"unicode": "18.0.0"}, "other options"),
        ({"encoding": "cp1252"}, "other options"),
        ({"start": 13}, "begins at byte 13 and the one before ends at 30"),
        ({"end": 2}, "ends at byte 2, before its beginning"),
        ({"end": 59}, "the shards end at byte 59 of 60"),
    ],
)
def test_shards_that_do_not_belong_together_are_refused(tmp_path: Path, fields: dict[str, Any], sentence: str) -> None:
    drop(tmp_path, TEXT.encode() * 2)
    for index in range(2):
        tokenize(path_order(), tokenize_settings(tmp_path, shard=index, shards=2))
    edit(tmp_path / layout.shard(TOKENS, 1) / layout.MANIFEST, **fields)
    with pytest.raises(ArtefactInvalid, match=sentence):
        count(CountOrder(UID, TOKENS, 2), count_settings(tmp_path))


@pytest.mark.parametrize("sections", [[], [[3, 5]], [[2, 6]], [[3, 7]], [[1, 1], [2, 5]]])
def test_vocabulary_whose_sections_do_not_fit_is_refused(tokenized: Path, sections: list[list[int]]) -> None:
    told = [{"words": words, "tokens": tokens} for words, tokens in sections]
    edit(tokenized / SHARD / layout.MANIFEST, sections=told)
    with pytest.raises(ArtefactInvalid):
        count(CountOrder(UID, TOKENS), count_settings(tokenized))


def test_vocabulary_that_cannot_hold_its_words_is_refused_before_memory_is_made(tokenized: Path) -> None:
    size = (tokenized / SHARD / layout.VOCABULARY).stat().st_size
    edit(tokenized / SHARD / layout.MANIFEST, sections=[{"words": size // 4 + 1, "tokens": 6}])
    with pytest.raises(ArtefactInvalid, match=f"cannot hold the {size // 4 + 1:,} words of its manifest"):
        count(CountOrder(UID, TOKENS), count_settings(tokenized))


@pytest.mark.parametrize("tokens", ["", "work", "work/../drop/x", "/etc/x/y", "uploads/aa/bb", f"work/a/{UID}/"])
def test_count_of_what_is_no_folder_of_tokens_is_refused(tokenized: Path, tokens: str) -> None:
    with pytest.raises(ArtefactInvalid, match="no folder of tokens"):
        count(CountOrder(UID, tokens), count_settings(tokenized))
