"""Where a text may be cut without changing any word: what the engine, the shards and their borders agree on.

After a line feed there is always a word boundary, and nothing on its far side is seen from the near one. After a
space the same holds unless the next character is one that the rules attach to what stands before it (Extend,
Format, ZWJ) or another space (two spaces, a ZWJ and U+2139 are one segment, and so a word). Both are one byte in
UTF-8 and lie in no longer sequence, so they are found in bytes too, even in bytes that are no valid UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator

from worker.characters import SKIPPED, break_class

_ATTACHED = SKIPPED | {"WSegSpace"}


def last_cut(text: str) -> int:
    """Return the last place where the text may be cut whatever follows it, or 0."""
    at = text.rfind("\n") + 1
    return at or _last_space(text, 0, len(text))


def pieces(text: str, size: int) -> Iterator[str]:
    """Yield the text in pieces of about `size` characters, or longer where it cannot be cut; no cut changes a word."""
    start = 0
    while len(text) - start > size:
        end = text.rfind("\n", start, start + size) + 1
        end = end or _last_space(text, start, start + size) or text.find("\n", start + size) + 1
        if not end:
            break
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def parts_from_space(character: str) -> bool:
    """Tell whether a text may be cut between a space and this character."""
    return character != " " if character.isascii() else break_class(character) not in _ATTACHED


def _last_space(text: str, start: int, end: int) -> int:
    """Return the place after the last space in text[start:end] that is a cut, or 0; the next character must be
    known."""
    at = text.rfind(" ", start, min(end, len(text) - 1))
    while at >= 0:
        if parts_from_space(text[at + 1]):
            return at + 1
        at = text.rfind(" ", start, at)
    return 0
