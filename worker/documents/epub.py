"""The text of an EPUB: its pages of XHTML in reading order, each read as HTML.

The container names the package, the package the pages. A name that leads out of the zip is no entry of it, so it is
passed over like any page that is missing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import IO
from urllib.parse import unquote
from zipfile import ZipFile

from worker.documents.html import page
from worker.documents.zipped import Events, opened
from worker.errors import InputDamaged

_CONTAINER = "META-INF/container.xml"


def texts(file: IO[bytes], most: int) -> Iterator[str]:
    """Yield the text in pieces."""
    with opened(file, most) as archive:
        names = set(archive.namelist())
        for name in filter(names.__contains__, _pages(archive, names)):
            yield from page(archive.read(name))
            yield "\n"


def _pages(archive: ZipFile, names: set[str]) -> list[str]:
    package = next((one["full-path"] for one in _elements(archive, _CONTAINER, "rootfile") if "full-path" in one), "")
    if package not in names:
        raise InputDamaged(f"the EPUB lacks its package {package[:80]!r}")
    items = {one["id"]: one["href"] for one in _elements(archive, package, "item") if {"id", "href"} <= one.keys()}
    order = [one.get("idref", "") for one in _elements(archive, package, "itemref")]
    folder = posixpath.dirname(package)
    hrefs = [items[one].partition("#")[0] for one in order if one in items]
    return [posixpath.normpath(posixpath.join(folder, unquote(href))) for href in hrefs]


def _elements(archive: ZipFile, name: str, wanted: str) -> list[dict[str, str]]:
    """Return the attributes of each element of this local name."""
    found: list[dict[str, str]] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(" ")[2] == wanted:
            found.append(attributes)

    try:
        content = archive.read(name)
    except KeyError as error:
        raise InputDamaged(f"the EPUB lacks {name}") from error
    Events(start).feed(content, last=True)
    return found
