"""Which document a content is, from its first bytes; nothing is parsed here.

A zip is told by the name of its first entry, which is what the formats' own rules and every common program put there.
HTML is text, so it is looked for once the encoding is known. Each scan goes forward and never back, so that no content
takes longer than another of its size.
"""

from __future__ import annotations

import re

_ENTRY = b"PK\x03\x04"
_EPUB = (b"mimetypeapplication/epub+zip", b"META-INF/container.xml", b"OEBPS/", b"EPUB/")
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"word/", b"docProps/")
_LOOK = 8192
_DECLARATION, _COMMENT, _COMMENTS = 200, 2000, 8
"""Characters within an XML declaration and within a comment, and how many comments, that may stand before the HTML."""
_META, _BEFORE_CHARSET = b"<meta", 200
_NAME = re.compile(rb"[A-Za-z0-9][\w.:-]{0,40}")


def packed_document(head: bytes) -> str | None:
    """Return `pdf`, `docx` or `epub` for content that begins like one."""
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(_ENTRY):
        name = head[30:]
        if name.startswith(_EPUB):
            return "epub"
        if name.startswith(_OFFICE):
            return "docx"
    return None


def is_html(text: str) -> bool:
    """Tell whether a text begins as a page of HTML."""
    text = text[:_LOOK]
    at = _after_spaces(text, int(text.startswith("\ufeff")))
    if text[at : at + 5].lower() == "<?xml":
        end = text.find(">", at + 5, at + 5 + _DECLARATION + 2)
        if end < 0 or text[end - 1] != "?":
            return False
        at = _after_spaces(text, end + 1)
    for _ in range(_COMMENTS):
        if not text.startswith("<!--", at):
            break
        end = text.find("-->", at + 4, at + 4 + _COMMENT + 3)
        if end < 0:
            return False
        at = _after_spaces(text, end + 3)
    return _begins_html(text[at : at + 6].lower()) or _begins_doctype(text, at)


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that a page of HTML names for itself."""
    head = head[:_LOOK]
    if not is_html(head.decode("latin-1")):
        return None
    small = head.lower()
    at = small.find(_META)
    while at >= 0:
        start = at + len(_META)
        end = small.find(b">", start)
        end = len(small) if end < 0 else end
        if found := _charset(head[start:end], small[start:end]):
            return found.decode("ascii")
        at = small.find(_META, end)
    return None


def _begins_html(start: str) -> bool:
    return start[:5] == "<html" and (start[5:] == ">" or start[5:].isspace())


def _begins_doctype(text: str, at: int) -> bool:
    name = at + len("<!doctype")
    start = _after_spaces(text, name)
    return text[at:name].lower() == "<!doctype" and start > name and text[start : start + 4].lower() == "html"


def _after_spaces(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _charset(tag: bytes, small: bytes) -> bytes | None:
    """Return the value of the first `charset` within a tag that has one."""
    at = small.find(b"charset", 1)
    while 0 <= at <= _BEFORE_CHARSET:
        end = small.find(b"charset", at + 7)
        rest = tag[at + 7 : end if end >= 0 else None].lstrip()
        if rest.startswith(b"="):
            rest = rest[1:].lstrip()
            if found := _NAME.match(rest.removeprefix(rest[:1] if rest[:1] in (b'"', b"'") else b"").lstrip()):
                return found[0]
        at = end
    return None
