"""Documents: told by their content, their text counted, the digest that of the file; also compressed and in memory."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.worker.papers import docx, epub, paragraph, pdf, zipped
from tests.worker.runs import UID, drop, path_order, shard_words, tokenize_settings
from textmill.orders import TokenizeOrder, inline_value
from worker.documents.child import text_of
from worker.errors import NotText
from worker.settings import Bounds
from worker.tokenizing import tokenize

PAGE = "<html><head><title>T</title><style>s{}</style></head><body><p>one<b>two</b><p>three<script>no</script></body>"
DOCUMENTS = {
    "pdf": (pdf("First page", "Second"), ["first", "page", "second"]),
    "docx": (docx(paragraph("Hel", "lo") + "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"), ["hello"]),
    "epub": (epub({"c.xhtml": PAGE, "a.xhtml": "<p>end"}), ["t", "onetwo", "three", "end"]),
    "html": (f"\n<!-- made by hand -->\n<!DOCTYPE HTML>{PAGE}".encode(), ["t", "onetwo", "three"]),
}


def observed(root: Path, content: bytes, **fields: Any) -> dict[str, Any]:
    drop(root, content)
    report = tokenize(path_order(**fields), tokenize_settings(root))
    found: dict[str, Any] = report["input"]
    return found


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_document_gives_its_words(tmp_path: Path, kind: str) -> None:
    content, words = DOCUMENTS[kind]
    found = observed(tmp_path, content)
    assert shard_words(tmp_path) == words
    assert (found["format"], found["bytes"]) == (kind, len(content))
    assert found["sha256"] == hashlib.sha256(content).hexdigest()
    assert ("encoding" in found) == (kind == "html")


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_compressed_document_gives_its_words(tmp_path: Path, kind: str) -> None:
    content, words = DOCUMENTS[kind]
    packed = gzip.compress(content, mtime=0)
    found = observed(tmp_path, packed)
    assert shard_words(tmp_path) == words
    assert (found["format"], found["compression"]) == (kind, "gzip")
    assert found["sha256"] == hashlib.sha256(packed).hexdigest()


def test_inline_page_gives_the_same_words(tmp_path: Path) -> None:
    tokenize(TokenizeOrder(UID, "inline", inline_value(PAGE)), tokenize_settings(tmp_path))
    assert shard_words(tmp_path) == ["t", "onetwo", "three"]


def test_notes_of_a_docx_follow_its_body(tmp_path: Path) -> None:
    fallback = "<w:Fallback>" + paragraph("twice") + "</w:Fallback>"
    body = paragraph("a<w:tab/>") + fallback + "<w:p><w:r><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>"
    observed(tmp_path, docx(body, footnotes=paragraph("note"), settings=paragraph("setting")))
    assert shard_words(tmp_path) == ["a", "b", "c", "note"]


@pytest.mark.parametrize(
    ("asked", "said", "guessed"),
    [("auto", "cp1252", False), ("latin-1", "iso8859-1", False), ("utf-8", "utf-8", False)],
)
def test_page_is_read_in_its_declared_encoding_if_asked_to_guess(
    tmp_path: Path, asked: str, said: str, guessed: bool
) -> None:
    content = '<html><meta http-equiv=x content="text/html; charset=windows-1252"><p>caf\xe9 ol\xe9'.encode("cp1252")
    found = observed(tmp_path, content, encoding=asked)
    assert (found["encoding"], found["guessed"]) == (said, guessed)
    assert found["invalidBytes"] == (2 if asked == "utf-8" else 0)


@pytest.mark.parametrize("kind", ["pdf", "docx", "epub"])
def test_document_is_read_from_its_beginning_where_all_of_it_is_in_a_buffer(tmp_path: Path, kind: str) -> None:
    content, words = DOCUMENTS[kind]
    (tmp_path / "document").write_bytes(content)
    with (tmp_path / "document").open("rb", buffering=1 << 20) as file:
        assert file.read(8) == content[:8]
        assert b"".join(text_of(kind, file, Bounds(), 1 << 20)).decode().lower().split() == words


def test_document_stays_whole_where_shards_were_planned(tmp_path: Path) -> None:
    drop(tmp_path, DOCUMENTS["html"][0])
    report = tokenize(path_order(), tokenize_settings(tmp_path, shard=1, shards=2))
    assert (report["outcome"], report["why"]) == ("left", "NotShardable")


def test_text_that_speaks_of_html_is_text(tmp_path: Path) -> None:
    assert observed(tmp_path, b"A page begins with <html> and ends.")["format"] == "text"


@pytest.mark.parametrize(
    "content",
    [
        zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<x/>"}),
        zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}),
    ],
)
def test_other_office_files_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotText, match=r"no DOCX: save it as DOCX or|a zip archive: unpack it first"):
        observed(tmp_path, content)
