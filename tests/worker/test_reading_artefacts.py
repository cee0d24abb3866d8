"""The examples of docs/artefacts.md run on what the Jobs write, with pyarrow and DuckDB alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from checks.tree import ROOT
from tests.worker.runs import TABLE, TOKENS, drop, expected_rows, expected_words, path_order, run_both
from textmill import artefacts
from textmill.artefacts import ManifestRefused, TokensManifest

DOC = (ROOT / "docs" / "artefacts.md").read_text("utf-8")
TEXT = "The cat, the dog; don't 3.14 1,000 ΟΔΟΣ\nstraße ÉTÉ été ש\"ש\n" * 5


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    drop(tmp_path, TEXT.encode())
    run_both(tmp_path, path_order())
    return tmp_path


def example(number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run one of the page's examples in a folder and return its names."""
    names: dict[str, Any] = {}
    monkeypatch.chdir(folder)
    exec(re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)[number], names)  # noqa: S102 - our own page's text
    return names


def test_tokens_are_read_by_pyarrow(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = example(0, volume / TOKENS, monkeypatch)
    assert names["tokens"].to_pylist() == expected_words(TEXT)


def test_table_is_read_by_duckdb_from_both_files(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = example(1, volume / TABLE, monkeypatch)
    expected = sorted(expected_rows(TEXT), key=lambda row: (-len(row[0]), row[0]))[:3]
    assert names["longest"] == expected
    assert names["total"] == [(len(expected_words(TEXT)),)]


def test_refusal_of_another_version_is_the_sentence_of_the_page(volume: Path) -> None:
    (manifest,) = (volume / TOKENS).glob("*/manifest.json")
    version = artefacts.FORMATS[artefacts.TOKENS]
    newer = manifest.read_text("utf-8").replace(f'"format": {version}', f'"format": {version + 1}')
    with pytest.raises(ManifestRefused) as refused:
        TokensManifest.parse(newer)
    sentence = " ".join(str(refused.value).split())
    assert sentence in " ".join(DOC.replace("`", "").split())
