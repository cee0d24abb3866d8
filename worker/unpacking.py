"""Unpacking gzip, zstd, bzip2 and xz: recognised by content, streamed, and bounded against bombs.

Whole members and frames that follow each other are one content, as their own tools take it; zero bytes after the
last are padding. Anything else that follows, and an end before its time, is damage and never silently left out.
Memory is bounded by a block, and by a limit on the window that a header may ask for. What comes out is bounded in
size and, past a free amount, by its ratio to what went in. One layer only: `worker/text.py` refuses another within.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Protocol

from worker.errors import InputDamaged, InputTooLarge
from worker.raw import BLOCK
from worker.settings import Bounds

WINDOW = 128 << 20
"""Bytes of memory that a header may ask for: what zstd allows by default, and twice what `xz -9` needs."""

FREE = 64 << 20
"""Bytes that any input may expand to, whatever the ratio: the padding of a small file is no bomb."""

_FIRST = 64
"""Bytes of itself that a part is given first, then always twice as many: a decompressor copies all that lies behind its
end, so the work would be the square of the size where a block holds thousands of empty parts."""

_PADDING = re.compile(rb"\0*")

_SIGNATURES = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
)
_BZIP2 = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
"""What a block, or an empty file, begins with after `BZh` and a digit."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, _most: int, /) -> bytes: ...


def compression(head: bytes) -> str | None:
    """Return how content that begins like this is compressed, None where it is not."""
    if head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in _BZIP2:
        return "bzip2"
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return "zstd"  # a frame to be skipped, which some tools write in front
    return next((name for signature, name in _SIGNATURES if head.startswith(signature)), None)


def unpacked(name: str, raw: Iterator[bytes], bounds: Bounds) -> Iterator[bytes]:
    """Yield what `raw` unpacks to, in blocks."""
    taken = given = 0
    part: _Part | None = None
    parts = 0
    for block in raw:
        taken += len(block)
        at = 0
        while True:
            if part is None:
                at = _after_padding(block, at) if parts else at
                if at == len(block):
                    break
                part, parts = _Part(name, parts), parts + 1
            out, at = part.decompress(block, at, taken)
            given += len(out)
            check_expansion(f"{name} data", taken, given, bounds)
            if out:
                yield out
            if part.inner.eof:
                part = None
            elif at == len(block) and part.inner.needs_input:
                break
    if part is not None:
        raise InputDamaged(f"the {name} data is cut off: it ends after {taken:,} bytes, before its own end")


class _Part:
    """One member, frame or stream of several that may follow each other."""

    def __init__(self, name: str, before: int) -> None:
        self._name = name
        self._before = before
        self._most = _FIRST
        self.inner, self._error = _new(name)

    def decompress(self, block: bytes, at: int, taken: int) -> tuple[bytes, int]:
        """Return what some of a block, from a place on, unpacks to, and the place behind it."""
        data = memoryview(block)[at : at + self._most] if self.inner.needs_input else b""
        self._most *= 2
        try:
            out = self.inner.decompress(data, BLOCK)
        except (self._error, EOFError, ValueError) as error:
            if "memory" in str(error).lower():
                raise InputTooLarge(
                    f"the {self._name} data asks for more than the {WINDOW >> 20} MiB of memory that unpacking may take"
                ) from error
            where = f"after {self._before} whole part(s), near" if self._before else "near"
            raise InputDamaged(
                f"the {self._name} data is damaged {where} byte {taken:,}: {str(error)[:200]}"
            ) from error
        return out, at + len(data) - (len(self.inner.unused_data) if self.inner.eof else 0)


def _after_padding(block: bytes, at: int) -> int:
    found = _PADDING.match(block, at)
    return found.end() if found else at


def check_expansion(what: str, taken: int, given: int, bounds: Bounds) -> None:
    if given > bounds.expanded_bytes:
        raise InputTooLarge(f"the {what} expands to more than the {bounds.expanded_bytes:,} bytes that are allowed")
    if given > FREE and given > taken * bounds.expansion_ratio:
        raise InputTooLarge(
            f"the {what} expands to more than {bounds.expansion_ratio} times its size: {given:,} bytes came out "
            f"of the first {taken:,}"
        )


def _new(name: str) -> tuple[_Decompressor, type[Exception]]:
    """Return a decompressor and the error that it raises at damage; each library is imported when it is needed."""
    if name == "gzip":
        from worker import gunzip

        return gunzip.Gunzip(), gunzip.Error
    if name == "xz":
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW), lzma.LZMAError
    if name == "bzip2":
        import bz2

        return bz2.BZ2Decompressor(), OSError
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    largest = {int(zstd.DecompressionParameter.window_log_max): WINDOW.bit_length() - 1}
    return zstd.ZstdDecompressor(options=largest), zstd.ZstdError
