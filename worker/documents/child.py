"""The worker's end of the process that reads a document: starts it, takes its text, and says why there is none.

Text comes through one pipe, as UTF-8; a refusal through another, as one line of JSON with a reason of the domain. A
process that dies of its limits or of the document leaves no line, so its exit says what to tell. Whatever happens to
the caller, the process is killed and reaped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO, cast

from textmill.errors import Reason
from worker.errors import InputDamaged, InputTooLarge, NotText, WorkerError
from worker.raw import BLOCK
from worker.settings import Bounds

_REFUSALS: dict[str, type[WorkerError]] = {
    Reason.NOT_TEXT: NotText,
    Reason.INPUT_DAMAGED: InputDamaged,
    Reason.INPUT_TOO_LARGE: InputTooLarge,
}
NAMES = {"pdf": "PDF", "docx": "DOCX", "epub": "EPUB", "html": "HTML"}


def text_of(kind: str, file: IO[bytes], bounds: Bounds, most: int) -> Iterator[bytes]:
    """Yield the text of a document that lies in an open file, at most so many bytes of it."""
    import subprocess

    os.lseek(file.fileno(), 0, os.SEEK_SET)  # what the process reads from; `seek` may stay within a buffer
    limits = (str(most), str(bounds.document_memory), str(bounds.document_seconds))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "worker.documents", kind, *limits],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with cast("IO[bytes]", process.stdout) as out, cast("IO[bytes]", process.stderr) as refusals:
        try:
            while block := out.read(BLOCK):
                yield block
            said = refusals.read()
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise _refusal(kind, process.returncode, said, bounds)


def _refusal(kind: str, code: int, said: bytes, bounds: Bounds) -> WorkerError:
    try:
        told = json.loads(said)
        return _REFUSALS[told["reason"]](str(told["message"])[:500])
    except (ValueError, KeyError, TypeError):
        pass
    what = NAMES[kind]
    if code == -signal.SIGXCPU:
        return InputTooLarge(f"the {what} took more than the {bounds.document_seconds} s that reading it may take")
    if code in (-signal.SIGKILL, -signal.SIGABRT):
        return InputTooLarge(
            f"the {what} needs more memory than the {bounds.document_memory >> 20} MiB that it may have"
        )
    return InputDamaged(f"the {what} broke its reader (exit {code}): it is damaged, or made to do so")
