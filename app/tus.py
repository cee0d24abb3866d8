"""The headers of tus 1.0 (resumable upload), read and written; pure.

Metadata carries the same options as the fields of `POST /upload`, so an upload means the same however it comes. What
generic clients add by themselves (`filetype` and the like) is left alone; anything else that is unknown is refused,
since a misspelt option must not be ignored silently.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

from app import options
from app.errors import FieldInvalid, FieldRepeated, TooLarge
from textmill.display import shown_name

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "checksum", "expiration", "termination", "concatenation")
PIECE = "application/offset+octet-stream"
CHECKSUMS = ("sha1", "sha256")
IGNORED = frozenset({"filetype", "type", "relativePath", "contentType", "lastModified"})
METADATA_BYTES = 4096
PARTS = 64
_IDENTITY = re.compile(r"[0-9a-f]{32}")


def number(text: str | None, header: str, limit: int) -> int:
    """Return a header's number of bytes; TooLarge above the limit."""
    if text is None:
        raise FieldInvalid(f"The header {header} is missing.")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise FieldInvalid(f"{header} is {text[:40]!r}; write a whole number of bytes.")
    if int(text) > limit:
        raise TooLarge(f"{header} is {int(text)}; at most {limit} bytes are taken here.")
    return int(text)


def metadata(text: str) -> tuple[options.Options, str]:
    """Return the options in Upload-Metadata, and the file's name to show."""
    if len(text) > METADATA_BYTES:
        raise FieldInvalid(f"Upload-Metadata has {len(text)} characters; at most {METADATA_BYTES} are taken.")
    pairs = {name: value for name, value in _pairs(text) if name not in IGNORED}
    if not options.may_name_a_request(pairs.get("name", "a")):
        pairs.setdefault("filename", pairs.pop("name"))  # Uppy and others call the file's name so
    given = options.read(pairs.items())
    return given, shown_name(given.filename or "")


def checksum(text: str | None) -> tuple[str, bytes] | None:
    """Return algorithm and digest of Upload-Checksum, None where there is none."""
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in CHECKSUMS:
        raise FieldInvalid(f"The checksum's algorithm is {algorithm[:40]!r}; there are: {', '.join(CHECKSUMS)}.")
    digest = _decoded(value, "Upload-Checksum")
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise FieldInvalid(f"Upload-Checksum holds {len(digest)} bytes, which is no {algorithm}.")
    return algorithm, digest


def concat(text: str | None) -> tuple[bool, tuple[str, ...]]:
    """Return whether Upload-Concat makes this a part, and the parts that it joins."""
    if text is None:
        return False, ()
    if text == "partial":
        return True, ()
    kind, _, rest = text.partition(";")
    parts = tuple(address.rstrip("/").rpartition("/")[2] for address in rest.split())
    if kind != "final" or not parts:
        raise FieldInvalid(f"Upload-Concat is {text[:80]!r}; write partial, or final; and the parts' addresses.")
    if len(parts) > PARTS or len(set(parts)) != len(parts):
        raise FieldInvalid(f"At most {PARTS} different parts can be joined; there are {len(parts)}.")
    return False, parts


def is_identity(text: str) -> bool:
    """Tell whether this could be the last part of an upload's address."""
    return _IDENTITY.fullmatch(text) is not None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for pair in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = pair.partition(" ")
        if name in seen:
            raise FieldRepeated(f"Upload-Metadata holds {name[:80]!r} more than once.")
        seen.add(name)
        yield name, _decoded(value, "Upload-Metadata").decode("utf-8", "replace")


def _decoded(text: str, header: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError as error:  # not base64's own alphabet, or no ASCII at all
        raise FieldInvalid(f"{header} holds {text[:40]!r}, which is no base64.") from error
