"""What a command of the stack prints, whatever terminal, pipe or file it is printed to.

A terminal may know Latin letters only, a file's name may be no text at all, and who read our output may be gone. None
of these ends a stack that serves others, or a demo before it has tidied up.
"""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path

BLOCK, PLAIN = "█", "#"


def any_terminal() -> None:
    """Let standard output show a question mark for what its encoding lacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def say(text: str, end: str = "\n") -> None:
    """Print at once; where nobody can read it any more, this and all that follows is dropped."""
    try:
        print(text, end=end, flush=True)
    except (OSError, ValueError):
        with suppress(OSError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)  # what is still buffered would fail once more when Python ends
            os.close(null)


def file_name(path: Path) -> str:
    """Return the name of a file as text, with a replacement character for bytes that are none."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def bar(length: int) -> str:
    """Return a bar of so many characters, which standard output can show."""
    try:
        BLOCK.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return PLAIN * length
    return BLOCK * length
