"""The text of a PDF, page by page, as PDFium finds it.

A hyphen at a line's end, which PDFium marks, is taken out, so that the word counts as one. A PDF of scanned pages has
no text and gives no words; recognising letters in pictures is not done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pypdfium2

from worker.errors import NotText

_HYPHEN = "\ufffe"


def texts(file: IO[bytes], _most: int) -> Iterator[str]:
    """Yield the text in pieces."""
    try:
        document = pypdfium2.PdfDocument(file.read())
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise NotText("the PDF is protected by a password") from error
        raise
    for number in range(len(document)):
        page = document[number]
        found = page.get_textpage()
        text = found.get_text_range()
        found.close()
        page.close()
        yield text.replace(f"{_HYPHEN}\r\n", "").replace(_HYPHEN, "") + "\n"
