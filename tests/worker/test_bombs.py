"""Compressed content that is out to hurt: bombs by size and by ratio, greedy headers, archives in disguise."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.packing import PACK, greedy_xz, wide_zstd
from tests.worker.runs import drop, path_order, tokenize_settings, worker
from textmill.errors import Reason
from worker import unpacking
from worker.errors import InputTooLarge, NotText
from worker.settings import Bounds
from worker.tokenizing import tokenize


def run(root: Path, content: bytes, **bounds: int) -> None:
    drop(root, content)
    tokenize(path_order(), tokenize_settings(root, bounds=Bounds(**bounds)))


@pytest.mark.parametrize("kind", PACK)
def test_more_than_the_allowed_bytes_is_refused(tmp_path: Path, kind: str) -> None:
    packed = PACK[kind](b"ten bytes\n" * 100)
    run(tmp_path, packed, expanded_bytes=1000)
    with pytest.raises(InputTooLarge, match=f"^the {kind} data expands to more than the 999 bytes that are allowed$"):
        run(tmp_path / "again", packed, expanded_bytes=999)


@pytest.mark.parametrize("kind", PACK)
def test_ratio_counts_once_the_free_amount_is_past(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = PACK[kind](b"a\n" * 500_000)
    run(tmp_path, packed, expansion_ratio=3)
    monkeypatch.setattr(unpacking, "FREE", 500_000)
    with pytest.raises(InputTooLarge, match=f"^the {kind} data expands to more than 3 times its size: "):
        run(tmp_path / "again", packed, expansion_ratio=3)


def test_gzip_bomb_ends_early_in_little_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\n" * (1 << 20), 9) * 4096  # 4 GiB in 4 MiB
    drop(tmp_path, bomb)
    ended = worker(
        *("tokenize", "--root", str(tmp_path), "--out", "work/tok-job", "--order", path_order().text()),
    )
    assert ended.code == 0
    assert '"reason":"InputTooLarge"' in ended.output
    assert "to more than 250 times its size" in ended.output
    assert ended.peak < 512 << 20
    assert not list((tmp_path / "work").rglob("*.*"))


class Measured:
    """A decompressor that adds up the bytes that every one of them was given."""

    given = 0

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def decompress(self, data: bytes, most: int) -> bytes:
        Measured.given += len(data)
        found: bytes = self._inner.decompress(data, most)
        return found


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("padding", [b"", bytes(4)], ids=["", "padded"])
def test_empty_parts_by_the_thousand_take_work_in_proportion(
    kind: str, padding: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = unpacking._new  # noqa: SLF001 - what is measured has to stand within what is handed out
    monkeypatch.setattr(unpacking, "_new", lambda name: (Measured(new(name)[0]), new(name)[1]))
    monkeypatch.setattr(Measured, "given", 0)
    part = b"\x50\x2a\x4d\x18\0\0\0\0" if kind == "zstd" else PACK[kind](b"")
    content = (part + padding) * 4_000
    assert list(unpacking.unpacked(kind, iter([content, PACK[kind](b"end")]), Bounds())) == [b"end"]
    assert Measured.given <= 8 * len(content)


@pytest.mark.parametrize(("kind", "pack"), [("zstd", wide_zstd), ("xz", greedy_xz)])
def test_header_that_asks_for_much_memory_is_refused(tmp_path: Path, kind: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InputTooLarge, match=f"^the {kind} data asks for more than the 128 MiB of memory"):
        run(tmp_path, pack(b"word\n" * 1000))


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../etc/passwd", "root")
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../evil"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (_zip(), "a zip archive"),
        (gzip.compress(_zip()), "a zip archive within gzip"),
        (_tar(), "a tar archive"),
        (PACK["xz"](_tar()), "a tar archive within xz"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        (b"Rar!\x1a\x07\1\0", "a RAR archive"),
    ],
    ids=["zip", "zip within gzip", "tar", "tar within xz", "7z", "rar"],  # an archive has the time of its making in it
)
def test_archive_is_refused_by_name(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(NotText, match=f"^the content is {what}: unpack it first, and send its texts one by one$"):
        run(tmp_path, content)
    assert NotText.reason == Reason.NOT_TEXT
