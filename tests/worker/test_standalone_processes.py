"""The counter's processes: its bar on a terminal, and what Ctrl-C, TERM, KILL and a reader that goes leave behind."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stack.processes import descendants
from tests.worker.runs import ROOT
from worker.bar import WORTH_IT

COMMAND = [sys.executable, "-m", "worker", "count", "--processes", "2"]
PATIENCE = 60.0

# Each member says that it began, and then goes on telling how far it came, as one does with a file that has no end.
ENDLESS = """
import os, sys, time
if "worker.crew" in sys.orig_argv:
    from worker.portions import Counts
    def add(self, portion, moved):
        open({began!r} + str(os.getpid()), "x").close()
        while True:
            moved(1)
            time.sleep(0.01)
    Counts.add = add
"""


def gone(pid: int) -> bool:
    """Tell whether a process has ended, waited for or not."""
    try:
        return ") Z" in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(true: object) -> None:
    """Wait until a function says yes."""
    assert callable(true)
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def on_terminal(*arguments: str) -> tuple[bytes, str]:
    """Run the counter with a terminal for standard error; return its output, and what was drawn."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        drawn = b""
        while True:
            try:
                drawn += os.read(ours, 65536)
            except OSError:  # Linux says EIO once the other side is closed
                break
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, drawn
        return output, drawn.decode()
    finally:
        os.close(ours)


def test_bar_is_drawn_on_a_terminal_alone(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 999 + b"\n" + b" " * (WORTH_IT - 1_000))
    output, drawn = on_terminal("--csv", str(big))
    assert output.startswith(b"word,count\nxxx")
    assert "counting  [" in drawn
    assert "100%" in drawn
    assert "counting" not in on_terminal("--csv", "--quiet", str(big))[1]
    done = subprocess.run([*COMMAND, "--csv", str(big)], cwd=ROOT, capture_output=True, check=True)
    assert (done.stdout, b"counting" in done.stderr) == (output, False)


@pytest.mark.parametrize(
    ("sign", "code", "told"),
    [(signal.SIGINT, 130, "worker: interrupted\n"), (signal.SIGTERM, 143, ""), (signal.SIGKILL, -9, "")],
)
def test_end_of_the_counter_is_that_of_its_processes(
    tmp_path: Path, sign: signal.Signals, code: int, told: str
) -> None:
    scratch, hook = tmp_path / "scratch", tmp_path / "hook"
    scratch.mkdir()
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(ENDLESS.format(began=str(hook / "began-")))
    (tmp_path / "text").write_text("two words\n" * 100)
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *COMMAND, str(tmp_path / "text")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(hook), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(list(hook.glob("began-*"))) == 2)
    members = descendants(process.pid)
    assert len(members) == 2
    process.send_signal(sign)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (code, "")
    assert errors.endswith(told)
    assert "Traceback" not in errors
    wait_until(lambda: all(map(gone, members)))
    assert sign == signal.SIGKILL or list(scratch.iterdir()) == []


def test_process_that_is_killed_ends_the_count_with_a_sentence(tmp_path: Path) -> None:
    hook = "import os, sys\nif 'worker.crew' in sys.orig_argv:\n    os.kill(os.getpid(), 9)\n"
    (tmp_path / "sitecustomize.py").write_text(hook)
    (tmp_path / "text").write_text("two words\n" * 100)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [*COMMAND, str(tmp_path / "text")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("worker: a process that counts: it ended by itself (-9)\n")
    assert "Traceback" not in done.stderr


def test_reader_that_has_gone_ends_the_counter_quietly(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("two words\n")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as unread:
        command = [*COMMAND, "--csv", str(tmp_path / "text")]
        done = subprocess.run(command, cwd=ROOT, stdout=unread, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 141
    assert "Error" not in done.stderr
