"""Compresses an answer while it is sent, where the client takes that.

Each piece is flushed, so that the client has it at once. A compressor keeps between 25 and 200 KiB of memory for as
long as its answer lasts; both libraries let go of the interpreter's lock at work.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial

from backports import zstd
from isal import isal_zlib
from werkzeug.datastructures import Accept

ZSTD, GZIP, IDENTITY = "zstd", "gzip", ""
_WINDOW_BITS = 17
_GZIP_BITS = 31
_GZIP_LEVEL, _ZSTD_LEVEL = 1, 1
_Steps = tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]
"""What compresses a piece, what gives all that came so far, and what ends it."""


def chosen(accepted: Accept) -> str:
    """Return the coding that a client likes best, zstd before gzip; IDENTITY where it takes none of them."""
    plain = accepted.quality("identity") if "identity" in accepted.values() else 0
    best = max((ZSTD, GZIP), key=accepted.quality)
    quality = accepted.quality(best)
    return best if quality > 0 and quality >= plain else IDENTITY


def compressed(pieces: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Return the pieces in a coding; each leaves at once."""
    compress, flush, end = _gzip() if coding == GZIP else _zstd()
    for piece in pieces:
        yield compress(piece) + flush()
    yield end()


def _gzip() -> _Steps:
    made = isal_zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_BITS)
    return made.compress, partial(made.flush, zlib.Z_SYNC_FLUSH), partial(made.flush, zlib.Z_FINISH)


def _zstd() -> _Steps:
    names = zstd.CompressionParameter
    options: dict[int, int] = {names.compression_level: _ZSTD_LEVEL, names.window_log: _WINDOW_BITS}
    made = zstd.ZstdCompressor(options=options)
    return made.compress, partial(made.flush, made.FLUSH_BLOCK), partial(made.flush, made.FLUSH_FRAME)
