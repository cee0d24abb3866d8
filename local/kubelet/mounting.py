"""Putting a pod's volumes in place, and taking away what was the pod's own.

Only this module of the kubelet makes and removes things at paths that a manifest names. It removes only
what it has noted as made, in a file written before the first of it is made, so that a kubelet killed
anywhere finds its leftovers. Folders on a claim are made component by component, never through a symbolic
link.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from local.kubelet.errors import MountFailed
from local.kubelet.volumes import Claimed, Step, Written

NOTE = "mounts.json"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Mounts:
    """The paths that pods have on this host, each belonging to one pod at a time."""

    def __init__(self, scratch: Path) -> None:
        """Begin with none; leftovers are taken back by `restore` or `remove`."""
        self._scratch = scratch
        self._owners: dict[str, str] = {}

    def put(self, uid: str, folder: Path, steps: Iterable[Step]) -> None:
        """Put everything in place for a pod whose own folder this is; all of it, or an error."""
        steps = list(steps)
        own = [step for step in steps if isinstance(step, Written)]
        self._take(uid, own)
        _note(folder, own)
        try:
            for step in steps:
                if isinstance(step, Claimed):
                    _open_beneath(Path(step.root), step.sub)
                else:
                    _write(step, folder)
        except OSError as error:
            raise MountFailed(f"{error.filename or folder}: {error.strerror}") from error

    def _take(self, uid: str, own: Iterable[Written]) -> None:
        for step in own:
            for path, owner in self._owners.items():
                if owner != uid and (_within(step.path, path) or _within(path, step.path)):
                    raise MountFailed(f"{step.path} is in use by the pod with uid {owner}, at {path}")
        for step in own:
            if step.path not in self._owners and os.path.lexists(step.path):
                raise MountFailed(f"{step.path} is there already, and is no pod's")
        self._owners.update({step.path: uid for step in own})

    def restore(self, uid: str, folder: Path) -> None:
        """Know again what an earlier kubelet has put in place for a pod."""
        self._owners.update(dict.fromkeys(_noted(folder), uid))

    def remove(self, uid: str, folder: Path) -> None:
        """Take away what was the pod's own."""
        for name in _noted(folder):
            path = Path(name)
            if not path.is_relative_to(self._scratch):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            _prune(path.parent, self._scratch)
        shutil.rmtree(folder / "volumes", ignore_errors=True)
        (folder / NOTE).unlink(missing_ok=True)
        self._owners = {path: owner for path, owner in self._owners.items() if owner != uid}


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith(other + "/")


def _note(folder: Path, own: Iterable[Written]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NOTE).write_text(json.dumps([step.path for step in own]), encoding="utf-8")


def _noted(folder: Path) -> list[str]:
    try:
        found: list[str] = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return found


def _open_beneath(root: Path, sub: str) -> None:
    """Make the folders of a subPath, following no symbolic link on the way."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in Path(sub).parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=here)
            inner = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
    finally:
        os.close(here)


def _write(step: Written, folder: Path) -> None:
    path = Path(step.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if step.empty_dir:
        _link_empty(path, folder / "volumes" / step.empty_dir)
        return
    if step.single:
        _write_file(path, *step.files[""])
        return
    path.mkdir()
    for name, (content, mode) in step.files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        _write_file(path / name, content, mode)


def _link_empty(path: Path, home: Path) -> None:
    """An empty folder mounted once is made in place; mounted again elsewhere, it is the same folder by a link."""
    if home.is_symlink():
        path.symlink_to(home.readlink(), target_is_directory=True)
        return
    path.mkdir()
    home.parent.mkdir(parents=True, exist_ok=True)
    home.symlink_to(path, target_is_directory=True)


def _write_file(path: Path, content: bytes, mode: int) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def _prune(folder: Path, root: Path) -> None:
    """Remove the folders that were made only to hold a mount."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
