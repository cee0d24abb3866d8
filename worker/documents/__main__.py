"""The process that reads one document: standard input is its file, standard output its text.

`python -m worker.documents KIND MOST MEMORY SECONDS`. It confines itself before the first byte is read. A refusal is
one line of JSON on standard error, where native libraries may not write: theirs goes nowhere.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from typing import IO

from textmill.errors import Reason
from worker.documents.sandbox import confine
from worker.errors import InputTooLarge, NotText, WorkerError

KINDS = ("pdf", "docx", "epub", "html")
REFUSED = 3


def main(arguments: list[str]) -> int:
    """Read the document and return the exit code."""
    kind, most, memory, seconds = arguments[0], *map(int, arguments[1:])
    refusals = os.dup(2)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    confine(memory, seconds)
    try:
        _write(_texts(kind, os.fdopen(0, "rb"), most), most)
    except WorkerError as error:
        refusal = {"reason": error.reason, "message": str(error)}
    except MemoryError:
        megabytes = memory >> 20
        message = f"the {kind.upper()} needs more memory than the {megabytes} MiB that it may have"
        refusal = {"reason": Reason.INPUT_TOO_LARGE, "message": message}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises, the document is at fault
        message = f"the {kind.upper()} cannot be read: {type(error).__name__}: {str(error)[:200]}"
        refusal = {"reason": Reason.INPUT_DAMAGED, "message": message}
    else:
        return 0
    os.write(refusals, json.dumps(refusal).encode())
    return REFUSED


def _texts(kind: str, file: IO[bytes], most: int) -> Iterator[str]:
    try:
        reader = importlib.import_module(f"worker.documents.{KINDS[KINDS.index(kind)]}")
    except ModuleNotFoundError as error:
        message = f"no {kind.upper()} can be read here: the worker lacks {error.name} (requirements-documents.txt)"
        raise NotText(message) from error
    found: Iterator[str] = reader.texts(file, most)
    return found


def _write(texts: Iterator[str], most: int) -> None:
    for text in texts:
        content = text.encode("utf-8", "replace")
        most -= len(content)
        if most < 0:
            raise InputTooLarge("the document holds more text than its size allows")
        while content:
            content = content[os.write(1, content) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
