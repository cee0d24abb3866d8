"""Writing to the volume: under a temporary name that carries the pod's uid, fsynced, then renamed in one step.

A folder of an artefact therefore is there whole or not at all, whatever kills the pod, and two pods that make the
same one do not meet. The folders of a batch are made first and then published together, so that they wait for the
disk once and not one after the other. A full disk or quota becomes VolumeFull and leaves nothing behind; a TERM signal
removes what is half made. Paths inside the worker's own output are not the input's: `worker/inputs.py` opens those,
without following links.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from worker.errors import VolumeFull
from worker.outputs import begin_to_write

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR})
_RACES = 10
"""How often another pod may give its own folder the name just before this one does."""


class Made(NamedTuple):
    """A folder with all that belongs into it, and the name that it has still to get."""

    temporary: Path
    target: Path

    @property
    def aside(self) -> Path:
        """Where what has the name already goes for a moment."""
        return self.temporary.with_name(f"{self.temporary.name}.old")


_unfinished: set[Made] = set()


@contextmanager
def new_folder(target: Path, pod_uid: str, later: list[Made] | None = None) -> Iterator[Path]:
    """Give a fresh temporary folder beside `target`, and publish it when the block ends well, if not `later`."""
    made = Made(target.with_name(f".{target.name}.{pod_uid}.tmp"), target)
    with full_volume(target):
        _remove(made)
        _unfinished.add(made)
        try:
            made.temporary.mkdir(parents=True)
            yield made.temporary
        except BaseException:
            _remove(made)
            raise
    if later is not None:
        later.append(made)
    elif trouble := publish([made]).get(made):
        raise trouble


def publish(folders: Sequence[Made]) -> dict[Made, Exception]:
    """Make folders durable and give them their names, in the place of what has those; return whose failed, and why.

    Several are first handed to the disk, all of them. Then the first file whose end is awaited brings most of the
    others with it, as file systems write what belongs together at once.
    """
    troubles: dict[Made, Exception] = {}
    alone = [[made] for made in folders]
    siblings: dict[Path, list[Made]] = {}
    for made in folders:
        siblings.setdefault(made.target.parent, []).append(made)
    steps = [(_sync_contents, alone), (_rename, alone), (_sync_parent, list(siblings.values()))]
    for step, groups in [(_begin_to_write, alone), *steps] if len(folders) > 1 else steps:
        for group in groups:
            if left := [made for made in group if made not in troubles]:
                try:
                    with full_volume(left[0].target):
                        step(left[0])
                except Exception as error:  # noqa: BLE001 - what it is, is told by the requests that it concerns alone
                    troubles |= dict.fromkeys(left, error)
    for made in folders:
        _remove(made)
    return troubles


def _begin_to_write(made: Made) -> None:
    for file in _contents(made, os.O_RDONLY):
        begin_to_write(file)


def _sync_contents(made: Made) -> None:
    for file in _contents(made, os.O_RDWR):  # some file systems only sync what may be written
        os.fdatasync(file)
    _sync_folder(made.temporary)


def _contents(made: Made, flags: int) -> Iterator[int]:
    """Open each file of a folder in its turn, by descriptor alone: a batch has hundreds."""
    for name in os.listdir(made.temporary):
        file = os.open(f"{made.temporary}/{name}", flags | os.O_CLOEXEC)
        try:
            yield file
        finally:
            os.close(file)


def _rename(made: Made) -> None:
    for _ in range(_RACES):
        try:
            made.temporary.rename(made.target)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return
        _discard(made.aside)
        with suppress(FileNotFoundError):  # another pod has just moved it
            made.target.rename(made.aside)
    made.temporary.rename(made.target)


def _sync_parent(made: Made) -> None:
    _sync_folder(made.target.parent)


def _remove(made: Made) -> None:
    _discard(made.temporary)
    _discard(made.aside)
    _unfinished.discard(made)


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Remove every temporary folder of this process: what a TERM signal asks for, and any other early end."""
    for made in list(_unfinished):
        _remove(made)


@contextmanager
def full_volume(path: Path) -> Iterator[None]:
    """Turn the system's word for a full disk or quota into VolumeFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise VolumeFull(
                f"no room left on the volume while writing {path.parent.name}/: {error.strerror}"
            ) from error
        raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
