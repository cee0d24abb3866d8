"""Bytes to text: what is recognised, what is no text, and what becomes of bytes that are not valid."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.worker.runs import drop, path_order, run_both, shard_manifest, shard_words, tokenize_settings
from worker.decoding import BINARY_HEAD, HEAD, Decoder, Encoding, recognise
from worker.errors import NotText
from worker.tokenizing import tokenize

TEXT = "Grüße aus Köln, naïve Café! "
WORDS = ["grüße", "aus", "köln", "naïve", "café"]


@pytest.mark.parametrize(
    ("asked", "content"),
    [
        ("auto", TEXT.encode()),
        ("auto", codecs.BOM_UTF8 + TEXT.encode()),
        ("auto", TEXT.encode("utf-16")),
        ("auto", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("auto", TEXT.encode("utf-32")),
        ("auto", codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be")),
        ("utf-8", TEXT.encode("utf-16")),  # a mark decides, whatever was asked for
        ("utf-16-le", TEXT.encode("utf-16-le")),
        ("UTF-16BE", TEXT.encode("utf-16-be")),
        ("utf-32-le", TEXT.encode("utf-32-le")),
        ("latin-1", TEXT.encode("latin-1")),
        ("windows-1252", TEXT.encode("cp1252")),
        ("cp437", TEXT.encode("cp437")),
        ("utf_8_sig", TEXT.encode("utf-8-sig")),
    ],
)
def test_text_is_the_same_in_every_encoding(tmp_path: Path, asked: str, content: bytes) -> None:
    drop(tmp_path, content)
    result = run_both(tmp_path, path_order(encoding=asked))
    assert shard_words(tmp_path) == WORDS
    assert (result["bytes"], result["tokens"]) == (len(content), 5)
    assert shard_manifest(tmp_path).invalid_bytes == 0


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("gb18030", "汉字漢", "漢"),
        ("shift_jis", "カタカナ", "カタカナ"),
        ("euc_kr", "한국어", "한국어"),
        ("koi8-r", "ПРИВЕТ", "привет"),
        ("iso8859-7", "ΟΔΟΣ", "οδος"),
    ],
)
def test_encoding_of_several_bytes_or_another_script_is_read(tmp_path: Path, name: str, text: str, word: str) -> None:
    drop(tmp_path, text.encode(name))
    run_both(tmp_path, path_order(encoding=name))
    assert shard_words(tmp_path)[-1] == word


def test_guess_is_reported_as_a_guess(tmp_path: Path) -> None:
    text = "Übermäßig größere Äpfel können überall für Ärger sorgen, schöne Grüße aus München.\n" * 20
    drop(tmp_path, text.encode("cp1252"))
    order = path_order(encoding="auto")
    observed = tokenize(order, tokenize_settings(tmp_path))["input"]
    assert observed["guessed"] is True
    assert shard_words(tmp_path)[:3] == ["übermäßig", "größere", "äpfel"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cp1252", "café latte\n"),
        ("cp1252", "naïve\n"),
        ("cp1252", "résumé\n"),
        ("cp1252", "price 5£\n"),
        ("cp1252", "“quoted” text\n"),
        ("cp1252", "François"),
        ("cp1252", "Le cœur a ses raisons que la raison ne connaît point."),
        ("cp1250", "Dvořák composed"),
        ("cp1250", "The Škoda factory near Plzeň"),
        ("shift_jis", "print('hello') # コメント"),
        ("shift_jis", "カタカナ"),
        ("cp437", "Grüße aus Köln " * 5),
        ("cp1253", "καλημέρα κόσμε"),
        ("utf-16-le", "café latte"),
    ],
)
def test_guess_from_a_short_text_reads_it_as_it_was_written(name: str, text: str) -> None:
    content = text.encode(name)
    found = recognise(content, "auto")
    assert (content.decode(found.name), found.guessed) == (text, True)


@pytest.mark.parametrize(
    ("asked", "content", "sentence"),
    [
        ("auto", b"\x89PNG\r\n\x1a\n\0\0", "binary: a NUL byte at offset 8"),
        ("utf-8", b"a\0b", "binary: a NUL byte at offset 1"),
        ("latin-1", b"\x7fELF\0", "binary: a NUL byte at offset 4"),
        ("klingon", b"x", "no text encoding 'klingon'"),
        ("base64", b"eA==", "no text encoding 'base64'"),
        ("rot13", b"x", "no text encoding 'rot13'"),
        ("punycode", b"x", "no encoding of files"),
        ("undefined", b"x", "no encoding of files|no text encoding"),
        ("unicode_escape", b"x", "no encoding of files"),
        ("a\0b", b"x", "no text encoding"),
        ("../../etc/passwd", b"x", "no text encoding"),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(tmp_path: Path, asked: str, content: bytes, sentence: str) -> None:
    drop(tmp_path, content)
    with pytest.raises(NotText, match=sentence):
        tokenize(path_order(encoding=asked), tokenize_settings(tmp_path))
    assert not [path for path in (tmp_path / "work").rglob("*") if path.is_file()]


def test_late_nul_is_a_character_like_any_other(tmp_path: Path) -> None:
    drop(tmp_path, b"a " * BINARY_HEAD + b"end\0ing")
    run_both(tmp_path, path_order())
    assert shard_words(tmp_path)[-2:] == ["end", "ing"]


@pytest.mark.parametrize(
    ("encoding", "content", "place"),
    [
        ("utf-8", b"good \xff bad", "invalid start byte at offset 5"),
        ("utf-8", b"cut \xe2\x82", "at offset 4"),
        ("utf-8", b"surrogate \xed\xa0\x80", "at offset 10"),
        ("utf-8", b"long \xc0\xaf", "at offset 5"),
        ("utf-8", b"x" * 300_000 + b"\xff", "at offset 300,000"),
        ("utf-8", codecs.BOM_UTF8 + b"abc\xff", "at offset 6"),
        ("utf-16-le", b"a\0b\0\0\xd8", "at offset 4"),
        ("ascii", b"abc\x80", "at offset 3"),
        ("cp1252", b"ab\x81", "at offset 2"),
    ],
)
def test_strict_names_the_place_of_the_first_bad_byte(
    tmp_path: Path, encoding: str, content: bytes, place: str
) -> None:
    drop(tmp_path, content)
    with pytest.raises(NotText, match=f"not valid .*{place}"):
        tokenize(path_order(encoding=encoding, errors="strict"), tokenize_settings(tmp_path))


@pytest.mark.parametrize(
    ("encoding", "content", "words", "invalid"),
    [
        ("utf-8", b"good \xff\xfe bad", ["good", "bad"], 2),
        ("utf-8", b"ab\xffcd", ["ab", "cd"], 1),
        ("utf-8", b"cut \xe2\x82", ["cut"], 2),
        ("utf-8", "real \ufffd too".encode(), ["real", "too"], 0),
        ("utf-8", "both \ufffd ".encode() + b"\xe2\x82 x", ["both", "x"], 2),
        ("utf-8", b"\xed\xa0\x80", [], 3),
        ("utf-8", b"\xff" * 1000, [], 1000),
        ("ascii", b"abc\x80\x81d", ["abc", "d"], 2),
        ("utf-16-le", b"a\0\0\xd8b\0", ["a", "b"], 2),
        ("shift_jis", b"a\x81", ["a"], 1),
    ],
)
def test_replace_counts_the_bad_bytes_and_goes_on(
    tmp_path: Path, encoding: str, content: bytes, words: list[str], invalid: int
) -> None:
    drop(tmp_path, content)
    run_both(tmp_path, path_order(encoding=encoding))
    assert (shard_words(tmp_path), shard_manifest(tmp_path).invalid_bytes) == (words, invalid)


def pieces(content: bytes, most: int) -> Iterator[bytes]:
    """Yield the content in blocks of so many bytes."""
    return (content[at : at + most] for at in range(0, len(content), most))


PIECES = st.lists(
    st.one_of(st.text("aé漢😀\ufffd\n", max_size=4).map(str.encode), st.binary(max_size=3), st.just(b"\xf0\x9f\x98")),
    max_size=12,
).map(b"".join)


@given(PIECES, st.integers(1, 5))
@example(b"\xef\xbb\xbf\xef\xbb\xbf", 1)
def test_blocks_of_any_size_give_the_text_that_python_gives(content: bytes, most: int) -> None:
    decoder = Decoder(Encoding("utf-8"), strict=False)
    text = b"".join(decoder.blocks(pieces(content, most))).decode()
    assert text == content.decode("utf-8", "replace")
    valid = content.decode("utf-8", "ignore").encode()
    assert decoder.invalid_bytes == len(content) - len(valid)


@given(st.sampled_from(["utf-16-le", "utf-32-be", "shift_jis", "gb18030", "cp1252"]), st.binary(max_size=40))
def test_other_encodings_give_the_same_text_in_any_blocks(name: str, content: bytes) -> None:
    whole = Decoder(Encoding(name), strict=False)
    text = b"".join(whole.blocks(iter([content])))
    for most in (1, 2, 3):
        decoder = Decoder(Encoding(name), strict=False)
        assert b"".join(decoder.blocks(pieces(content, most))) == text
        assert decoder.invalid_bytes == whole.invalid_bytes


@given(st.binary(max_size=60), st.sampled_from(["auto", "utf-8", "latin-1", "utf-16"]))
def test_any_bytes_are_recognised_or_refused(head: bytes, asked: str) -> None:
    try:
        found = recognise(head, asked)
    except NotText:
        return
    assert codecs.lookup(found.name)


def test_character_that_the_head_cuts_in_two_is_no_error() -> None:
    assert recognise(b"x" * (HEAD - 1) + "é".encode()[:1], "auto") == Encoding("utf-8")
