"""Zip files, as DOCX and EPUB are: opened with a bound on all that they say they hold, and nothing is ever unpacked
to a disk.

Entries are read by their names into memory or piece by piece, so a name such as ../../etc/passwd leads nowhere. A
zip's reader gives no more of an entry than its head says, so the sum of what the heads say is a bound that holds,
also where entries overlap. XML is read as events: no tree, no entities of the document's own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from worker.errors import InputDamaged, InputTooLarge, NotText

MOST_ENTRIES = 20_000
PIECE = 65_536


def opened(file: IO[bytes], most: int) -> zipfile.ZipFile:
    """Open a zip whose entries have at most so many bytes together."""
    archive = zipfile.ZipFile(file)
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or total > most:
        raise InputTooLarge(
            f"the document's zip would expand to {total:,} bytes in {len(entries):,} entries; {most:,} and "
            f"{MOST_ENTRIES:,} are allowed"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise NotText("the document is protected by a password")
    return archive


class Events:
    """A parser of XML that tells element starts, ends and characters, and refuses entity declarations."""

    def __init__(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        characters: Callable[[str], None] | None = None,
    ) -> None:
        """Names come as the namespace, a space and the local name."""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = start
        self._parser.EndElementHandler = end
        self._parser.CharacterDataHandler = characters
        self._parser.EntityDeclHandler = _refuse_entities

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Parse the next piece."""
        self._parser.Parse(data, last)


def _refuse_entities(name: str, *_: object) -> None:
    raise InputDamaged(f"the document's XML declares the entity {name[:80]!r}, which no such document does")
