"""Which document a content is, from its first bytes; nothing is parsed here.

A zip is told by the name of its first entry, which is what the formats' own rules and every common program put there.
HTML is text, so it is looked for once the encoding is known.
"""

from __future__ import annotations

import re

_ENTRY = b"PK\x03\x04"
_EPUB = (b"mimetypeapplication/epub+zip", b"META-INF/container.xml", b"OEBPS/", b"EPUB/")
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"word/", b"docProps/")
_HTML = re.compile(
    r"\ufeff?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*){0,8}(?:<!doctype\s+html|<html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9][\w.:-]{0,40})", re.IGNORECASE)
_LOOK = 8192


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
    return _HTML.match(text[:_LOOK]) is not None


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that a page of HTML names for itself."""
    if not is_html(head[:_LOOK].decode("latin-1")):
        return None
    found = _CHARSET.search(head[:_LOOK])
    return found[1].decode("ascii") if found else None
