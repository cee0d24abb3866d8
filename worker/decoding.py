"""From bytes to valid UTF-8, block by block: which encoding it is, what is no text at all, and what was not valid.

A byte order mark decides. Else the encoding that was asked for; `auto` is UTF-8 if the first 64 KiB are, else a
guess from them, reported as a guess; a few accents tell the guesser nothing, and are windows-1252. A NUL near the
beginning of what is neither UTF-16 nor UTF-32 means binary, whatever was asked. Invalid sequences are replaced by
U+FFFD, one for each maximal sequence as the standard advises, and their bytes counted; or they are refused with their
place. `worker/text.py` has unpacked what comes in here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from textmill.encodings import NoEncoding, codec_name
from worker.engines import whole_characters
from worker.errors import NotText

HEAD = 65_536
BINARY_HEAD = 8_000

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN = "cp1252"
_LATIN = ("cp1250", "cp1252", "cp1254", "cp1257", "iso8859", "latin")
"""Guesses that are as good as windows-1252 where little tells one from the other."""
_FEW = 8
_TOGETHER = re.compile(rb"[\x80-\xff]{2}|\0")
_REPLACEMENT = "\ufffd".encode()
_HANDLER = "textmill-replace"


class Encoding(NamedTuple):
    """What an input is written in, and how many bytes of mark stand before it."""

    name: str
    mark: int = 0
    guessed: bool = False

    @property
    def is_plain_utf8(self) -> bool:
        """Whether it can be cut into ranges of bytes."""
        return self.name == "utf-8"


def recognise(head: bytes, asked: str) -> Encoding:
    """Tell from an input's first bytes (HEAD of them, or all) what it is written in; NotText if it is no text."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    found = _guess(head) if asked == "auto" else Encoding(_known(asked))
    if not found.name.startswith(("utf-16", "utf-32")):
        _check_not_binary(head)
    return found


def is_known(name: str) -> bool:
    """Tell whether a name is that of an encoding of texts."""
    try:
        return bool(_known(name))
    except NotText:
        return False


class Decoder:
    """Makes valid UTF-8 of bytes, each block whole characters; then `invalid_bytes` is known."""

    def __init__(self, encoding: Encoding, *, strict: bool) -> None:
        self._encoding = encoding
        self._strict = strict
        self.invalid_bytes = 0

    def blocks(self, raw: Iterator[bytes], start: int = 0) -> Iterator[bytes]:
        """Yield blocks of bytes, of which the first begins at `start` of the text, as UTF-8."""
        if self._encoding.is_plain_utf8:
            return self._utf8(raw, start)
        return self._other(raw, start)

    def _utf8(self, raw: Iterator[bytes], start: int) -> Iterator[bytes]:
        place, rest = start, b""
        skip = self._encoding.mark if start == 0 else 0
        quick = whole_characters()
        for block, last in _with_last(raw):
            data = rest + block if rest else block
            if skip:
                data, place, skip = data[skip:], place + skip, 0
            try:
                used = quick(data) if quick else -1
                if used < 0 or (last and used < len(data)):
                    used = _whole(data, last)
                clean = data[:used] if used < len(data) else data
            except UnicodeDecodeError as error:
                if self._strict:
                    raise self._invalid(place + error.start, error) from error
                text, used = codecs.utf_8_decode(data, "replace", last)
                clean = text.encode()
                replaced = clean.count(_REPLACEMENT) - data[:used].count(_REPLACEMENT)
                self.invalid_bytes += used - (len(clean) - len(_REPLACEMENT) * replaced)
            rest = data[used:]
            place += used
            yield clean

    def _other(self, raw: Iterator[bytes], start: int) -> Iterator[bytes]:
        codecs.register_error(_HANDLER, self._replace)
        decoder = codecs.getincrementaldecoder(self._encoding.name)("strict" if self._strict else _HANDLER)
        place = start
        skip = self._encoding.mark
        for block, last in _with_last(raw):
            kept = decoder.getstate()[0]
            try:
                yield decoder.decode(block[skip:], last).encode()
            except UnicodeDecodeError as error:
                raise self._invalid(place + skip - len(kept) + error.start, error) from error
            place += len(block)
            skip = 0

    def _replace(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        self.invalid_bytes += error.end - error.start
        return "\ufffd", error.end

    def _invalid(self, place: int, error: UnicodeDecodeError) -> NotText:
        return NotText(f"the content is not valid {self._encoding.name}: {error.reason} at offset {place:,}")


def _whole(block: bytes, last: bool) -> int:
    """Tell how many bytes of a block are whole characters; UnicodeDecodeError where it is not valid."""
    return codecs.utf_8_decode(block, "strict", last)[1]


def _with_last(raw: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each block with whether it is the last; an empty one at the end if there is none."""
    before = next(raw, b"")
    for block in raw:
        yield before, False
        before = block
    yield before, True


def _check_not_binary(head: bytes) -> None:
    if b"\0" in head[:BINARY_HEAD]:
        raise NotText(f"the content is binary: a NUL byte at offset {head.index(0)}")


def _known(asked: str) -> str:
    try:
        return codec_name(asked)
    except NoEncoding as error:
        raise NotText(str(error)) from error


def _guess(head: bytes) -> Encoding:
    try:
        codecs.utf_8_decode(head, "strict", len(head) < HEAD)
    except UnicodeDecodeError:
        pass
    else:
        return Encoding("utf-8")
    from charset_normalizer import from_bytes

    best = from_bytes(head).best()
    if best is None:
        _check_not_binary(head)
        raise NotText("the content is no text in any encoding that could be guessed: name its encoding")
    name = _WESTERN if _tells_little(head) and not best.encoding.startswith(_LATIN) else best.encoding
    return Encoding(_known(name), guessed=True)


def _tells_little(head: bytes) -> bool:
    """Tell whether what is not ASCII are a few bytes that each stand alone, as accents do in a Latin script."""
    few = sum(map((128).__le__, head))
    if few > _FEW or 3 * few > len(head) or _TOGETHER.search(head):
        return False
    with suppress(UnicodeDecodeError):
        return bool(head.decode(_WESTERN))
    return False
