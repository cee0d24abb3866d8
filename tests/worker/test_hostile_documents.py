"""Documents that are out to hurt: bombs, entities, nesting, loops, names that lead elsewhere."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.worker.papers import docx, epub, paragraph, pdf, zipped
from tests.worker.runs import UID, drop, names_beneath, path_order, shard_words, tokenize_settings
from worker.errors import InputDamaged, InputTooLarge, NotText
from worker.settings import Bounds
from worker.tokenizing import tokenize

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;</x>'
)
TYPES = {"[Content_Types].xml": "<Types/>"}


def run(root: Path, content: bytes, **bounds: int) -> None:
    drop(root, content)
    tokenize(path_order(), tokenize_settings(root, bounds=Bounds(**bounds)))


def test_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    bomb = zipped(TYPES | {"word/document.xml": bytes(65 << 20)})
    with pytest.raises(InputTooLarge, match=r"^the document's zip would expand to 68,157,448 bytes in 2 entries"):
        run(tmp_path, bomb)
    with pytest.raises(InputTooLarge, match=r"would expand to"):
        run(tmp_path, epub({"a.xhtml": " " * (65 << 20)}))
    assert names_beneath(tmp_path, "work/tok-job") == [UID]


def test_zip_that_lies_about_its_size_gives_no_more(tmp_path: Path) -> None:
    bomb = bytearray(zipped(TYPES | {"word/document.xml": bytes(1 << 20)}))
    size = (1 << 20).to_bytes(4, "little")
    for _ in range(2):
        at = bomb.index(size)
        bomb[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(InputDamaged, match=r"^the DOCX cannot be read: "):
        run(tmp_path, bytes(bomb))


@pytest.mark.parametrize(
    "content",
    [
        zipped(TYPES | {"word/document.xml": LAUGHS}),
        epub({"a.xhtml": "<p>x"}, **{"META-INF/container.xml": LAUGHS}),
        zipped(TYPES | {"word/document.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'}),
    ],
)
def test_entities_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputDamaged, match=r"^the document's XML declares the entity 'a'"):
        run(tmp_path, content)


def test_deep_html_ends_at_a_limit(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge, match=r"^the HTML took more than the 1 s|^the HTML needs more memory than"):
        run(tmp_path, b"<html>" + b"<div>" * 200_000, document_seconds=1)


def test_nested_html_within_the_limits_is_read(tmp_path: Path) -> None:
    run(tmp_path, b"<html>" + b"<div>" * 2_000 + b"deep")
    assert shard_words(tmp_path) == ["deep"]


def test_greedy_document_ends_at_the_limit_of_memory(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge, match=r"memory"):
        run(tmp_path, b"<html>" + b"<p>a" * 2_000_000, document_memory=128 << 20)


def test_document_past_the_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge, match=r"^the PDF has 2,\d\d\d bytes or more, and 2,000 are allowed$"):
        run(tmp_path, pdf("x" * 2000), document_bytes=2000)


@pytest.mark.parametrize(("kids", "count"), [("2 0 R", 0), ("2 0 R 2 0 R", 2_000_000_000), ("1 0 R 9 0 R", -5)])
def test_pdf_whose_pages_loop_or_lie_ends(tmp_path: Path, kids: str, count: int) -> None:
    drop(tmp_path, pdf("word", kids=kids, count=count))
    try:
        tokenize(path_order(), tokenize_settings(tmp_path, bounds=Bounds(document_seconds=5)))
    except (InputDamaged, InputTooLarge):
        assert names_beneath(tmp_path, "work/tok-job") == [UID]
    else:
        assert set(shard_words(tmp_path)) <= {"word"}


@pytest.mark.parametrize("content", [b"%PDF-1.7\ngarbage", docx(paragraph("x"))[:-30], docx("<w:p>")])
def test_broken_document_is_damaged(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputDamaged, match=r"^the (PDF|DOCX) cannot be read: "):
        run(tmp_path, content)


def test_names_that_lead_out_of_the_zip_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xhtml"
    secret.write_text("<p>secret")
    up = "../" * 30 + str(secret)
    run(tmp_path, epub({up: "", "a.xhtml": "<p>open"}, **{"../../evil": "x", "/etc/evil": "x"}))
    assert shard_words(tmp_path) == ["open"]
    assert names_beneath(tmp_path, "drop") == ["text.txt"]


def test_document_with_a_password_is_no_text(tmp_path: Path) -> None:
    locked = bytearray(docx(paragraph("x")))
    at = locked.index(b"PK\1\2")
    locked[at + 8] |= 1
    with pytest.raises(NotText, match=r"^the document is protected by a password$"):
        run(tmp_path, bytes(locked))


def test_zip_with_too_many_entries_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_001):
            archive.writestr(f"word/{number}", "")
    with pytest.raises(InputTooLarge, match=r"in 20,001 entries"):
        run(tmp_path, file.getvalue())
