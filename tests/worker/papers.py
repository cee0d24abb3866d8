"""Small documents of each format that the worker reads, written out by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def zipped(entries: Mapping[str, str | bytes]) -> bytes:
    """Return a zip with these entries, in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return file.getvalue()


def docx(body: str, **more: str) -> bytes:
    """Return a DOCX with this XML in its body, and more files beneath word/."""
    document = f"<w:document {_W}><w:body>{body}</w:body></w:document>"
    parts = {f"word/{name}.xml": f"<w:notes {_W}>{xml}</w:notes>" for name, xml in more.items()}
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": document} | parts)


def paragraph(*runs: str) -> str:
    """Return a paragraph whose text is split into runs, as Word splits even words."""
    return "<w:p>" + "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs) + "</w:p>"


def epub(pages: dict[str, str], **others: str) -> bytes:
    """Return an EPUB with these pages, by their href, in this order."""
    items = "".join(f'<item id="p{n}" href="{href}"/>' for n, href in enumerate(pages))
    order = "".join(f'<itemref idref="p{n}"/>' for n in range(len(pages)))
    package = f"<package><manifest>{items}</manifest><spine>{order}</spine></package>"
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    entries = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": package}
    return zipped(entries | {f"OEBPS/{href}": page for href, page in pages.items() if ".." not in href} | others)


def pdf(*pages: str, kids: str = "", count: int = 0) -> bytes:
    """Return a PDF with a line of text on each page; `kids` puts more references into the tree of pages."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    refs = ""
    for text in pages:
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        font = "<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        number = len(objects) + 1
        refs += f"{number} 0 R "
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources{font}/Contents {number + 1} 0 R>>")
        objects.append(f"<</Length {len(stream)}>>\nstream\n{stream}\nendstream")
    objects[1] = f"<</Type/Pages/Kids[{refs}{kids}]/Count {count or len(pages)}>>"
    body = "".join(f"{number} 0 obj\n{one}\nendobj\n" for number, one in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer\n<</Root 1 0 R>>\n%%EOF\n".encode("latin-1")
