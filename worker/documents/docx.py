"""The text of a DOCX: its body, then its notes, headers and footers, streamed from the zip's XML.

Deleted text, field codes and the second copy of a text box, for older programs, are no text. The body is never held
as a whole. This is the one reader that is ours: libraries for DOCX build the whole tree first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO
from zipfile import ZipFile

from worker.documents.zipped import PIECE, Events, opened
from worker.errors import NotText

_BODY = "word/document.xml"
_MORE = re.compile(r"word/(?:footnotes|endnotes|comments|header\d*|footer\d*)\.xml")
_SPACES = {"tab": "\t", "br": "\n", "cr": "\n", "p": "\n", "noBreakHyphen": "-"}


def texts(file: IO[bytes], most: int) -> Iterator[str]:
    """Yield the text in pieces."""
    with opened(file, most) as archive:
        names = set(archive.namelist())
        if _BODY not in names:
            raise NotText("the document is of an office program and no DOCX: save it as DOCX or as plain text")
        for name in (_BODY, *sorted(filter(_MORE.fullmatch, names))):
            yield from _Part().texts(archive, name)


class _Part:
    """One XML file of the document."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._in_text = 0
        self._in_fallback = 0

    def texts(self, archive: ZipFile, name: str) -> Iterator[str]:
        parser = Events(self._start, self._end, self._characters)
        with archive.open(name) as part:
            while data := part.read(PIECE):
                parser.feed(data)
                yield "".join(self._found)
                self._found.clear()
            parser.feed(b"", last=True)
        yield "".join(self._found) + "\n"

    def _start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._in_fallback += local == "Fallback"
        self._in_text += local == "t"
        if local in _SPACES and local != "p" and not self._in_fallback:
            self._found.append(_SPACES[local])

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        self._in_fallback -= local == "Fallback"
        self._in_text -= local == "t"
        if local == "p":
            self._found.append("\n")

    def _characters(self, text: str) -> None:
        if self._in_text and not self._in_fallback:
            self._found.append(text)
