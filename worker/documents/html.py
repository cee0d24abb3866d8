"""The text of a page of HTML: what a reader would see, a line for each block.

Scripts, styles and templates are no text. The input is UTF-8 already, as `worker/decoding.py` made it. The tree is
walked without recursion, as a page may nest as deep as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from worker.errors import InputTooLarge

_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data dfn em font i ins kbd mark q s samp small span strike strong sub sup "
    "tt time u var wbr del".split()
)


def texts(file: IO[bytes], _most: int) -> Iterator[str]:
    """Yield the text in pieces."""
    return page(file.read())


def page(content: bytes) -> Iterator[str]:
    """Yield the text of a page in UTF-8."""
    try:
        root = LexborHTMLParser(content.decode("utf-8", "replace").removeprefix("\ufeff")).root
    except SelectolaxError as error:  # it takes any text, so it is memory that it lacks
        raise InputTooLarge(f"the HTML has {len(content):,} bytes, too many for the memory that it may have") from error
    node: LexborNode | None = root
    while node is not None:
        if node.is_text_node:
            yield node.text_content or ""
        elif node.is_element_node and node.tag not in _INLINE:
            yield "\n"
        below = node.first_child if node.tag not in _HIDDEN else None
        if below is not None:
            node = below
            continue
        while node is not None and node.next is None:
            node = node.parent
            if node is not None and node.is_element_node and node.tag not in _INLINE:
                yield "\n"
        node = node.next if node is not None else None
