"""Asks the C library to keep the memory of blocks that come and go, instead of giving it back and asking anew.

A Job reads and writes record batches by the thousand. By default most are given back to the kernel, which clears the
pages before it hands them out again: two fifths of the word count's time. What is large still goes back at once, so
the bound on memory holds.
"""

from __future__ import annotations

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of parameters in the C library's malloc.h."""
LARGE = 32 << 20
"""From this size on a block goes back at once: the most that the C library lets one choose."""


def keep_small_blocks() -> bool:
    """Tell the allocator; False where it is none that can be told."""
    import ctypes

    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    return tell is not None and tell(_TRIM_THRESHOLD, LARGE) == 1 and tell(_MMAP_THRESHOLD, LARGE) == 1
