"""What clients say of a file in headers: its name, in the bytes of whatever system they run on, and its encoding.

Servers hand headers over as Latin-1, which most names are not in. Browsers put paths of their own system between the
quotes of a form's file name and escape nothing but the quote.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from werkzeug.http import parse_options_header

from app.errors import EncodingUnknown
from textmill.encodings import NoEncoding, codec_name

_SAYS_NOTHING = frozenset({"", "binary", "us-ascii", "ascii"})
"""Charsets that programs name where they know none; text in ASCII is the same in what would be guessed."""
_LONE_BACKSLASH = re.compile(rb'\\(?!["\\])')


def as_text(sent: bytes) -> str:
    """Return the text of a header: UTF-8 where it is that, else Latin-1, which all bytes are."""
    try:
        return sent.decode()
    except UnicodeDecodeError:
        return sent.decode("latin-1")


def file_name(header: str) -> str:
    """Return the name in `X-Filename`, as WSGI hands it over: percent-encoded or as it is."""
    return as_text(unquote_to_bytes(header.encode("latin-1", "replace")))


def of_part(head: bytes) -> bytes:
    r"""Return the head of a form's part in UTF-8, with backslashes of paths doubled, so that they stand for themselves.

    `"C:\new\a.txt"` is what browsers on Windows send; a parser that goes by the standard would drop the backslashes.
    """
    return _LONE_BACKSLASH.sub(rb"\\\\", as_text(head).encode())


def encoding(content_type: str) -> str:
    """Return the encoding that a Content-Type names, empty where it names none; EncodingUnknown for a wrong one."""
    charset = parse_options_header(content_type)[1].get("charset", "").strip()
    if charset.lower() in _SAYS_NOTHING:
        return ""
    try:
        return codec_name(charset)
    except NoEncoding as error:
        raise EncodingUnknown(
            f"The charset of the Content-Type: {error}; leave it out, or name the right one."
        ) from error
