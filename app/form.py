"""Reads a multipart form from its blocks: fields go into a list, the file goes to a sink as it comes.

Werkzeug's parser reads the form. Where what it has ends inside a delimiter, it may take the line end before that for
content: the stored file would depend on how its bytes were cut. So it never gets such an end: what may still become a
delimiter is held back until it is one or is none. How much that is depends on what came; a fixed number of bytes would
only move the cut, since the line of a delimiter may have spaces at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio import multipart

from app.errors import BodyBroken, FieldsTooLarge, FieldUnknown, FileMissing, FileRepeated
from app.sent_headers import of_part

WAITING_BYTES = 4 << 20
"""What the parser may hold: a block, and the head of a part that is not whole yet."""
FIELD_BYTES = 64 << 10
PARTS = 32
BOUNDARY_BYTES = 1024
"""The standard allows 70."""
PADDING_BYTES = 4096
"""Spaces that may follow a delimiter on its line; the standard allows any number."""
_PADDING = b" \t\v\f"


class Sink(Protocol):
    """What takes the file."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""


class File(NamedTuple):
    """What a form says of its file: name and Content-Type, either may be empty."""

    name: str
    content_type: str


class _Decoder(multipart.MultipartDecoder):
    """Werkzeug's parser, for heads of parts as they are sent and not as the standard has them."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(of_part(bytes(data)))


def read(request: Request, blocks: Iterable[bytes], sink: Sink, fields: list[tuple[str, str]]) -> File:
    """Read a form to its end and return what it says of the file; the fields are appended."""
    boundary = parse_options_header(request.headers.get("Content-Type"))[1].get("boundary", "")
    if not boundary or not boundary.isascii() or len(boundary) > BOUNDARY_BYTES:
        raise BodyBroken("The Content-Type of the form has no usable boundary.")
    form = _Form(sink, fields)
    decoder = _Decoder(boundary.encode(), WAITING_BYTES, max_parts=PARTS)
    try:
        for block in beside_delimiters(blocks, boundary.encode()):
            decoder.receive_data(block)
            form.handle(decoder)
        decoder.receive_data(None)
        form.handle(decoder)
    except ValueError as error:
        raise BodyBroken(f"The form cannot be read: {str(error)[:200]}.") from error
    except RequestEntityTooLarge as error:
        raise FieldsTooLarge(f"The form has more than {PARTS} parts, or the head of one has no end.") from error
    return form.file()


def beside_delimiters(blocks: Iterable[bytes], boundary: bytes) -> Iterator[bytes]:
    """Return a line feed and the same bytes, in blocks of which none but the last ends in a delimiter's line."""
    mark, held = b"--" + boundary, b"\n"  # the first delimiter begins a line as all others do
    for block in blocks:
        data = held + block if held else block
        end = _begun(data, mark)
        held = data[end:]
        if len(held) > len(mark) + PADDING_BYTES:
            raise BodyBroken(f"More than {PADDING_BYTES} spaces follow a delimiter of the form.")
        if end:
            yield data[:end] if held else data
    if held:
        yield held


def _begun(data: bytes, mark: bytes) -> int:
    """Return where a delimiter begins that is not whole yet, the data's length where there is none."""
    at = _last_line_end(data, len(data))
    if at is None:
        return len(data)
    line = data[at:].lstrip(b"\r\n")
    if line:
        return at if _may_be(line, mark) else len(data)
    before = _last_line_end(data, at)
    if before is not None and _is(data[before:at].lstrip(b"\r\n"), mark):
        return before if data.endswith(b"\r") else len(data)  # the line feed of its end may still come
    return at


def _last_line_end(data: bytes, end: int) -> int | None:
    """Return where the last line end before `end` begins."""
    at = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end))
    if at < 0:
        return None
    return at - 1 if at and data[at - 1 : at + 1] == b"\r\n" else at


def _is(line: bytes, mark: bytes) -> bool:
    return line.startswith(mark) and not line[len(mark) :].strip(_PADDING)


def _may_be(line: bytes, mark: bytes) -> bool:
    """Tell whether more bytes may make a delimiter of a line; one that ends the form is whole as it is."""
    return mark.startswith(line) or line == mark + b"-" or _is(line, mark)


class _Form:
    """What came of a form so far."""

    def __init__(self, sink: Sink, fields: list[tuple[str, str]]) -> None:
        self._sink, self._fields = sink, fields
        self._field: str | None = None
        self._value = b""
        self._bytes = 0
        self._file: File | None = None
        self._file_bytes = 0

    def handle(self, decoder: multipart.MultipartDecoder) -> None:
        """Take everything that the decoder has ready."""
        event: Any = decoder.next_event()
        while not isinstance(event, (multipart.NeedData, multipart.Epilogue)):
            if isinstance(event, multipart.File):
                self._begin_file(event.name, File(event.filename, event.headers.get("Content-Type", "")))
            elif isinstance(event, multipart.Field):
                self._begin_field(event.name)
            elif isinstance(event, multipart.Data):
                self._data(event.data, last=not event.more_data)
            event = decoder.next_event()

    def file(self) -> File:
        """Return what the file came with; FileMissing where none came."""
        if self._file is None:
            raise FileMissing("The form has no field `file` with a file in it.")
        if not self._file.name and not self._file_bytes:
            raise FileMissing("The field `file` is empty: no file was chosen.")
        return self._file

    def _begin_file(self, name: str | None, file: File) -> None:
        if name != "file":
            raise FieldUnknown(f"A file came in the field {str(name)[:80]!r}; it belongs into `file`.")
        if self._file is not None:
            raise FileRepeated("The field `file` came more than once.")
        self._field, self._file = None, file

    def _begin_field(self, name: str | None) -> None:
        if name == "file":
            raise FileMissing("The field `file` holds text and no file; with curl it is -F file=@NAME.")
        self._field, self._value = name or "", b""

    def _data(self, data: bytes, *, last: bool) -> None:
        if self._field is None:
            self._file_bytes += len(data)
            self._sink.write(data)
            return
        self._bytes += len(data)
        if self._bytes > FIELD_BYTES:
            raise FieldsTooLarge(f"The fields beside the file have more than {FIELD_BYTES} bytes.")
        self._value += data
        if last:
            self._fields.append((self._field, self._value.decode("utf-8", "replace")))
