"""A reader of documents that is taken over: what each way to change something comes to, as far as the kernel goes.

Each is tried without the sandbox too, so that none is refused for another reason.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worker.runs import ROOT
from worker.documents.sandbox import landlock_version

PROGRAM = """
import os, signal, socket, sys
from worker.documents.sandbox import confine
if sys.argv[1] == "confined":
    confine(1 << 28, 5)
try:
    exec(sys.argv[2])
except OSError:
    print("refused")
else:
    print("done")
"""

ACTS = {
    "open('new', 'w').write('x')": 0,
    "open('there', 'a').write('x')": 0,
    "open('new', 'w')": 1,
    "os.open('there', os.O_WRONLY)": 1,
    "os.unlink('there')": 1,
    "os.rename('there', 'moved')": 1,
    "os.link('there', 'folder/again')": 1,
    "os.symlink('there', 'again')": 1,
    "os.mkdir('made')": 1,
    "os.rmdir('folder')": 1,
    "os.mkfifo('made')": 1,
    "socket.socket(socket.AF_UNIX).bind('made')": 1,
    "os.posix_spawn('/bin/true', ['true'], {})": 1,
    "os.truncate('there', 0)": 3,
    "os.open('there', os.O_RDONLY | os.O_TRUNC)": 1,
    "socket.create_connection(('127.0.0.1', PORT))": 4,
    "socket.create_server(('127.0.0.1', 0))": 4,
    "os.kill(os.getppid(), 0)": 6,
}
"""Ways to change something, and the version of Landlock that refuses them."""


def tried(folder: Path, how: str, act: str) -> str:
    """Return how an act ended in a process of its own."""
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-Wignore", "-c", PROGRAM, how, act]
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def made(folder: Path) -> Path:
    """Make a folder with something to change."""
    (folder / "folder").mkdir(parents=True)
    (folder / "there").write_text("kept")
    return folder


def files(folder: Path) -> dict[str, str]:
    """Return what lies in a folder."""
    return {path.name: path.read_text() if path.is_file() else "" for path in folder.iterdir()}


@pytest.mark.parametrize("act", ACTS)
def test_reader_can_change_nothing_that_the_kernel_can_refuse(tmp_path: Path, act: str) -> None:
    free, confined = made(tmp_path / "free"), made(tmp_path / "confined")
    version = max(0, landlock_version(ctypes.CDLL(None, use_errno=True)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = act.replace("PORT", str(server.getsockname()[1]))
        assert tried(free, "free", there) == "done\n"
        assert tried(confined, "confined", there) == ("refused\n" if ACTS[act] <= version else "done\n")
    if max(ACTS[act], 1) <= version:  # the limits alone let an empty file be made
        assert files(confined) == {"folder": "", "there": "kept"}
