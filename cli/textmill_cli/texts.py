"""The texts that a person names on the command line, and the names of the requests that they become.

All are looked at before the first is sent, so a misspelt name stops everything before anything is done; each is opened
when its turn comes. Standard input and pipes are copied to a temporary file without a name first: a text may have to
be sent twice. A request's name is made here and not by the service, from the file's and the key, be that random or the
person's own: so a second try of the same upload finds the first one's request.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from textmill.display import shown_name
from textmill.names import slug
from textmill_cli.errors import FileUnusable
from textmill_cli.service import Upload

STDIN = "-"


class Text(NamedTuple):
    """A text to be sent, not yet opened. The key makes sending it again safe."""

    path: str
    shown: str
    name: str
    key: str


def named(paths: Sequence[str], *, name: str | None, key: str | None) -> list[Text]:
    """Return the texts at these paths, each of which can be read. `name` is for one alone; `key` is shared out."""
    found = []
    for path in paths:
        _look(path)
        own = _own_key(key, path, alone=len(paths) == 1)
        shown = shown_name("stdin" if path == STDIN else os.path.basename(path))
        found.append(Text(path, shown, name or _name(shown, own), own))
    return found


@contextmanager
def opened(text: Text, options: Mapping[str, str]) -> Iterator[Upload]:
    """Open a text to be sent."""
    with ExitStack() as files:
        try:
            file: IO[bytes] = sys.stdin.buffer
            if text.path != STDIN:
                file = files.enter_context(Path(text.path).open("rb"))
            mark = {"lastModified": str(os.fstat(file.fileno()).st_mtime_ns)}
            if text.path == STDIN or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                copy = files.enter_context(tempfile.TemporaryFile(prefix="textmill-"))
                shutil.copyfileobj(file, copy, 1 << 20)
                copy.seek(0)
                file, mark = copy, {"sha256": hashlib.file_digest(copy, "sha256").hexdigest()}
        except (OSError, ValueError) as error:
            raise _unusable(text.path, error) from error
        size = os.fstat(file.fileno()).st_size
        yield Upload(file, size, text.shown, text.name, text.key, options, mark)


def _look(path: str) -> None:
    try:
        if path != STDIN and stat.S_ISDIR(os.stat(path).st_mode):
            raise FileUnusable(f"{path} is a folder.", hint=f"Name its files: {path.rstrip('/')}/*")
        if path != STDIN and not os.access(path, os.R_OK):
            raise FileUnusable(f"{path}: no right to read it.")
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error


def _unusable(path: str, error: Exception) -> FileUnusable:
    return FileUnusable(f"{path}: {getattr(error, 'strerror', None) or error}.")


def _own_key(key: str | None, path: str, *, alone: bool) -> str:
    if key is None:
        return secrets.token_hex(16)
    return key if alone else hashlib.sha256(f"{key}\0{path}".encode("utf-8", "surrogateescape")).hexdigest()


def _name(shown: str, key: str) -> str:
    return f"{slug(shown)}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
