"""Compressed inputs: recognised by content, whole or refused, the digest that of the file as it lies there."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import pytest

from tests.worker.packing import PACK
from tests.worker.runs import (
    UID,
    drop,
    expected_rows,
    path_order,
    run_both,
    shard_manifest,
    table_rows,
    tokenize_settings,
)
from textmill.reports import Report
from worker.errors import InputDamaged, NotText
from worker.settings import Bounds
from worker.tokenizing import tokenize
from worker.unpacking import unpacked

TEXT = "The cat, the dog; don't 3.14 ΟΔΟΣ\nété\n" * 2_500
every_kind = pytest.mark.parametrize("kind", PACK)


def report_of(root: Path, content: bytes, **fields: str) -> Report:
    drop(root, content)
    return tokenize(path_order(**fields), tokenize_settings(root))


@every_kind
def test_packed_text_gives_the_table_of_the_text(tmp_path: Path, kind: str) -> None:
    drop(tmp_path, PACK[kind](TEXT.encode()), "no-suffix")
    run_both(tmp_path, path_order("no-suffix"))
    assert table_rows(tmp_path) == expected_rows(TEXT)


@every_kind
def test_report_tells_what_was_recognised(tmp_path: Path, kind: str) -> None:
    packed = PACK[kind](TEXT.encode("utf-16"))
    assert report_of(tmp_path, packed)["input"] == {
        "bytes": len(packed),
        "textBytes": len(TEXT.encode("utf-16")),
        "compression": kind,
        "format": "text",
        "encoding": "utf-16-le",
        "guessed": False,
        "invalidBytes": 0,
        "sha256": hashlib.sha256(packed).hexdigest(),
    }


@every_kind
def test_parts_one_after_the_other_are_one_text(tmp_path: Path, kind: str) -> None:
    halves = TEXT[: len(TEXT) // 2 + 1].encode(), TEXT[len(TEXT) // 2 + 1 :].encode()
    drop(tmp_path, b"".join([PACK[kind](halves[0]), PACK[kind](b""), PACK[kind](halves[1]), bytes(512)]))
    run_both(tmp_path, path_order())
    assert table_rows(tmp_path) == expected_rows(TEXT)


@every_kind
@pytest.mark.parametrize("cut", [1, 9, 400])
def test_cut_off_data_is_damaged(tmp_path: Path, kind: str, cut: int) -> None:
    with pytest.raises(InputDamaged, match=f"^the {kind} data is cut off: it ends after"):
        report_of(tmp_path, PACK[kind](random_text())[:-cut])


@every_kind
def test_altered_data_is_damaged(tmp_path: Path, kind: str) -> None:
    packed = bytearray(PACK[kind](random_text()))
    packed[len(packed) // 2] ^= 0x55
    with pytest.raises(InputDamaged, match=f"^the {kind} data is (damaged near|cut off)"):
        report_of(tmp_path, bytes(packed))


def member(flags: int, content: bytes, name: bytes = b"a name") -> bytes:
    """Return a member of gzip with these fields in its header, in order extra, name, comment, checksum."""
    header = b"\x1f\x8b\x08" + bytes([flags, 0, 0, 0, 0, 0, 255])
    header += b"\6\0BC\2\0\1\2" if flags & 4 else b""
    header += name + b"\0" if flags & 8 else b""
    header += b"a comment\0" if flags & 16 else b""
    header += zlib.crc32(header).to_bytes(4, "little")[:2] if flags & 2 else b""
    return header + gzip.compress(content, mtime=0)[10:]


@pytest.mark.parametrize("flags", [0, 2, 4, 8, 12, 16, 24, 30])
def test_header_of_gzip_may_lie_across_blocks(flags: int) -> None:
    packed = member(flags, b"one\n") + member(flags, b"two\n", b"name" * 100)
    for size in (1, 2, 3, 5, 63, 64, 65, 400):
        blocks = (packed[at : at + size] for at in range(0, len(packed), size))
        assert b"".join(unpacked("gzip", blocks, Bounds())) == b"one\ntwo\n"


def test_header_of_gzip_that_has_no_end_is_damaged() -> None:
    packed = member(8, b"", b"n" * (1 << 20))
    with pytest.raises(InputDamaged, match=r"near byte 1,048,\d\d\d: its header has more than 262,144 bytes$"):
        list(unpacked("gzip", iter([packed]), Bounds()))


def test_wrong_checksum_is_damage(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"a word\n"))
    packed[-8] ^= 1
    with pytest.raises(InputDamaged, match="checksum"):
        report_of(tmp_path, bytes(packed))


@every_kind
@pytest.mark.parametrize("garbage", [b"garbage that is no packed data", b"\x1f\x8b", b"\0\0x"])
def test_what_follows_the_data_is_damage(tmp_path: Path, kind: str, garbage: bytes) -> None:
    with pytest.raises(InputDamaged, match=f"^the {kind} data is (damaged after 1 whole part|cut off)"):
        report_of(tmp_path, PACK[kind](TEXT.encode()) + garbage)
    assert not list((tmp_path / "work").rglob("*.tmp"))


@pytest.mark.parametrize("outer", PACK)
@pytest.mark.parametrize("inner", PACK)
def test_packed_twice_is_refused(tmp_path: Path, outer: str, inner: str) -> None:
    with pytest.raises(NotText, match=f"^the content is {inner} data within {outer}: one layer"):
        report_of(tmp_path, PACK[outer](PACK[inner](b"a word\n")))


@every_kind
def test_binary_within_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(NotText, match=r"^the content is binary: a NUL byte at offset 4$"):
        report_of(tmp_path, PACK[kind](b"\x89PNG\0\0"))


@every_kind
def test_packed_text_stays_whole_where_shards_were_planned(tmp_path: Path, kind: str) -> None:
    packed = PACK[kind](TEXT.encode())
    drop(tmp_path, packed)
    for index in (0, 1):
        report = tokenize(path_order(), tokenize_settings(tmp_path, shard=index, shards=2))
        assert report == {"id": UID, "outcome": "left", "why": "NotShardable", "bytes": len(packed)}


def test_empty_text_within_gives_no_words(tmp_path: Path) -> None:
    report = report_of(tmp_path, gzip.compress(b""))
    assert (report["tokens"], report["input"]["textBytes"], report["input"]["compression"]) == (0, 0, "gzip")


def test_pinned_digest_is_that_of_the_file(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT.encode(), mtime=0)
    assert report_of(tmp_path, packed, sha256=hashlib.sha256(packed).hexdigest())["outcome"] == "done"
    assert shard_manifest(tmp_path).source.sha256 == hashlib.sha256(packed).hexdigest()


def random_text() -> bytes:
    """Return text that no packing makes much smaller, so that a change anywhere hits content."""
    return "\n".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(200)).encode()
