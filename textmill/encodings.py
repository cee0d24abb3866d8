"""Which names are those of encodings that a text file can have, as Python's codecs know them.

The HTTP API asks before it takes a text, and the worker before it reads one, so that a misspelt name has the same
answer from both. Nothing is decoded here but a letter.
"""

from __future__ import annotations

import codecs

from textmill.errors import DomainError

_NO_TEXT = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})


class NoEncoding(DomainError):
    """There is no encoding of that name, or no file is written in it."""


def codec_name(asked: str) -> str:
    """Return the one name that Python has for an encoding, whatever it is called; or NoEncoding."""
    try:
        found = codecs.lookup(asked)
        b"x".decode(asked, "ignore")  # base64 and its like are found too, and refuse to decode
    except (LookupError, UnicodeError, ValueError) as error:
        raise NoEncoding(f"there is no text encoding {asked[:80]!r}") from error
    if found.name in _NO_TEXT:
        raise NoEncoding(f"{asked[:80]!r} is no encoding of files")
    return found.name
