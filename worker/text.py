"""An input as text: what it was found to be, and its content as valid UTF-8, whatever it came packed in.

The bytes of the file go through layers: `worker/raw.py` hashes them, `worker/unpacking.py` unpacks them if they are
compressed, `worker/decoding.py` makes UTF-8 of them, `worker/documents/` finds the text in a document. What each layer
is, is decided from its first bytes when a Text is made, so that binary content, archives and packing within packing are
refused before any work. Only text that is plain UTF-8 can be read in ranges.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NoReturn

from worker.decoding import HEAD, Decoder, Encoding, is_known, recognise
from worker.documents.child import NAMES, text_of
from worker.documents.kinds import declared_encoding, is_html, packed_document
from worker.errors import InputTooLarge, NotText
from worker.raw import Raw
from worker.settings import Bounds
from worker.unpacking import FREE, compression, unpacked

_TAR = 257
_OTHERS = (
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (_TAR, b"ustar", "a tar archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\x04\x22\x4d\x18", "an lz4 file"),
    (0, b"\x1f\x9d\x90", "a file of compress (.Z)"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old office program"),
)


class Text:
    """Reads an input once, from front to back or one range of it."""

    def __init__(
        self, file: IO[bytes], size: int, asked: str, *, strict: bool, bounds: Bounds, hashing: bool = True
    ) -> None:
        """`asked` is the encoding that the order names; what is no text is refused at once."""
        self._file = file
        self._raw = Raw(file, hashing=hashing)
        self._size = size
        self._bounds = bounds
        self._unpacked: Iterator[bytes] | None = None
        self._unread = False
        self.text_bytes = 0
        file.seek(0)
        head = file.read(HEAD)
        self.compression = compression(head)
        if self.compression:
            stream = unpacked(self.compression, self._raw.blocks(0, size), bounds)
            head = b"".join(_until(stream, HEAD))
            self._unpacked = chain((head,), stream)
        self.format, self.encoding = _recognise(head[:HEAD], self.compression, asked)
        if self.format != "text" and not self.compression and size > bounds.document_bytes:
            self._refuse_size(size)
        self._decoder = Decoder(self.encoding, strict=strict)

    @property
    def shardable(self) -> bool:
        """Whether it can be read in ranges of bytes."""
        return self.compression is None and self.format == "text" and self.encoding.is_plain_utf8

    @property
    def read_bytes(self) -> int:
        """How many bytes of the file were read, so far."""
        return self._raw.bytes

    @property
    def invalid_bytes(self) -> int:
        """How many bytes were no text and were replaced, so far."""
        return self._decoder.invalid_bytes

    def blocks(self, start: int, end: int, scratch: Path) -> Iterator[bytes]:
        """Yield the text of the bytes from `start` to `end` of the file, as UTF-8; all of it unless it is plain.

        A document may need a temporary file in the folder `scratch`.
        """
        raw = self._unpacked or self._raw.blocks(start, end)
        if self.format == "text":
            return self._decoder.blocks(self._counted(raw), start)
        return self._document(raw, scratch)

    def sha256(self) -> str:
        """Read the rest of the file and return the digest of the whole, if `blocks` began at its beginning."""
        if self._unread:
            self._file.seek(0)
        self._raw.read_on(self._size)
        return self._raw.sha256

    def _document(self, raw: Iterator[bytes], scratch: Path) -> Iterator[bytes]:
        import tempfile

        bounds = self._bounds
        most = max(FREE, min(bounds.expanded_bytes, self._size * bounds.expansion_ratio))
        with tempfile.TemporaryFile(dir=scratch) as copy:
            file = self._file
            if self.compression or self.format == "html" or isinstance(file, io.BytesIO):
                self._copy(self._decoder.blocks(raw) if self.format == "html" else raw, copy)
                file = copy
            else:
                self._unread = True
            found = self._counted(text_of(self.format, file, bounds, most))
            yield from Decoder(Encoding("utf-8"), strict=False).blocks(found)

    def _copy(self, blocks: Iterator[bytes], copy: IO[bytes]) -> None:
        size = 0
        for block in blocks:
            size += len(block)
            if size > self._bounds.document_bytes:
                self._refuse_size(size)
            copy.write(block)
        copy.flush()

    def _refuse_size(self, size: int) -> NoReturn:
        raise InputTooLarge(
            f"the {NAMES[self.format]} has {size:,} bytes or more, and {self._bounds.document_bytes:,} are allowed"
        )

    def _counted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.text_bytes += len(block)
            yield block


def _until(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield blocks until they have so many bytes."""
    while size > 0 and (block := next(blocks, b"")):
        size -= len(block)
        yield block


def _recognise(head: bytes, packed: str | None, asked: str) -> tuple[str, Encoding]:
    """Tell what format and encoding the content is in; NotText if it is none that can be read."""
    if document := packed_document(head):
        return document, Encoding("utf-8")
    _refuse_archives(head, packed)
    declared = declared_encoding(head) if asked == "auto" else None
    encoding = recognise(head, declared if declared and is_known(declared) else asked)
    return "html" if is_html(head.decode(encoding.name, "ignore")) else "text", encoding


def _refuse_archives(head: bytes, packed: str | None) -> None:
    within = f" within {packed}" if packed else ""
    again = compression(head) if packed else None
    if again:
        raise NotText(f"the content is {again} data{within}: one layer is unpacked, so unpack the outer one first")
    for place, signature, what in _OTHERS:
        if head[place : place + len(signature)] == signature:
            raise NotText(f"the content is {what}{within}: unpack it first, and send its texts one by one")
