"""Whether an artefact on the volume is what its manifest says: format, files, sizes and digests.

Nothing else reads an artefact's files before they have passed here. A file that is wanted afterwards is handed on
open, so that what is read is what was verified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from textmill import layout
from textmill.artefacts import File, ManifestRefused, TableManifest, TokensFile, TokensManifest
from worker.digests import digest
from worker.errors import ArtefactInvalid, unavailable

_Kind = TypeVar("_Kind", TokensManifest, TableManifest)


def read_manifest(folder: Path, kind: type[_Kind]) -> tuple[_Kind, str]:
    """Return a folder's manifest and the SHA-256 of its text; ArtefactInvalid if there is none that can be read."""
    try:
        content = (folder / layout.MANIFEST).read_bytes()
    except OSError as error:
        if trouble := unavailable(error):
            raise trouble from error
        raise ArtefactInvalid(f"{folder.name}/ has no manifest: {error.strerror}") from error
    try:
        return kind.parse(content.decode()), hashlib.sha256(content).hexdigest()
    except (ManifestRefused, UnicodeDecodeError) as error:
        raise ArtefactInvalid(f"{folder.name}/: {error}") from error


@contextmanager
def verified(folder: Path, name: str, wanted: File | TokensFile | None) -> Iterator[IO[bytes]]:
    """Open a file of an artefact whose size and digest are as the manifest says."""
    if wanted is None:
        raise ArtefactInvalid(f"the manifest of {folder.name}/ does not name {name}")
    try:
        file = (folder / name).open("rb")
    except OSError as error:
        if trouble := unavailable(error):
            raise trouble from error
        raise ArtefactInvalid(f"{folder.name}/{name} cannot be opened: {error.strerror}") from error
    with file:
        if (found := digest(file, type(wanted))) != wanted:
            raise ArtefactInvalid(
                f"{folder.name}/{name} has {found.bytes:,} bytes and digest {found[1][:12]}..., "
                f"its manifest says {wanted.bytes:,} and {wanted[1][:12]}..."
            )
        yield file


def check_files(folder: Path, files: Mapping[str, File | TokensFile]) -> None:
    """Verify every file that a manifest names."""
    for name, wanted in files.items():
        with verified(folder, name, wanted):
            pass
