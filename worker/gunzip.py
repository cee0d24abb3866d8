"""Unpacking one member of gzip, whose header goes to the library in one piece.

ISA-L's inflate is faster than zlib's, but it loses its place where a header with a checksum, or with two of a name,
a comment and extra fields, comes in two pieces: sound data is then told to be damaged, as such a header may lie across
two blocks of a file. So a header is held back here until it is whole; the checksums are the library's.
"""

from __future__ import annotations

from isal import igzip_lib

from worker.raw import BLOCK

Error: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub calls the class an instance

_MAGIC = b"\x1f\x8b\x08"
_CHECKSUM, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_FIXED = 10


class Gunzip:
    """A decompressor with the methods that those of the standard library have."""

    def __init__(self) -> None:
        self._inner = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        self._header: bytes | None = b""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out before more goes in."""
        return self._header is not None or self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        """What was given behind the member's end."""
        return self._inner.unused_data

    def decompress(self, data: bytes | memoryview, most: int, /) -> bytes:
        """Return what comes out next, at most so many bytes; ValueError for a header that has no end."""
        if self._header is None:
            return self._inner.decompress(data, most)
        header = self._header + data
        if not _is_whole(header):
            if len(header) > BLOCK:
                raise ValueError(f"its header has more than {BLOCK:,} bytes")
            self._header = header
            return b""
        self._header = None
        return self._inner.decompress(header, most)


def _is_whole(header: bytes) -> bool:
    """Tell whether these bytes hold all of a header; or what is none, which the library refuses."""
    if not header.startswith(_MAGIC[: len(header)]):
        return True
    if len(header) < _FIXED:
        return False
    flags, end = header[3], _FIXED
    if flags & _EXTRA:
        end += 2 + int.from_bytes(header[end : end + 2], "little")
    for text in (_NAME, _COMMENT):
        if flags & text:
            end = header.find(b"\0", end) + 1
            if not end:
                return False
    return len(header) >= end + (2 if flags & _CHECKSUM else 0)
