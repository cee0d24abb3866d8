"""Content packed in each of the ways that the worker unpacks, by the standard library where it can."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zstd": lambda content: zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1}),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def wide_zstd(content: bytes) -> bytes:
    """Pack so that a reader needs a window of 256 MiB."""
    parameter = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(options={parameter.window_log: 28, parameter.compression_level: 1})
    return compressor.compress(content) + compressor.flush()


def greedy_xz(content: bytes) -> bytes:
    """Pack so that a reader needs a dictionary of 256 MiB."""
    return lzma.compress(content, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 256 << 20}])
