"""A message that cannot be written changes no exit code, and lands in no file of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.tree import ROOT

FOLDERS = ["worker", "app", "local", "cli/textmill_cli"]
UNWRITABLE = ["2>&-", "2>/dev/full", "<&- 2>&-"]
SAYS = """
import os, sys
from textmill_cli import standard_error
standard_error.never_fails()
with open(sys.argv[1], "w") as file:
    print("a hint " * 10_000, file=sys.stderr)
    if sys.argv[2]:
        os.write(2, b"what a library says")
    file.write("ours")
sys.exit(7)
"""


def ended(streams: str, *command: str, **environ: str) -> int:
    """Run Python with streams as the shell makes them; the exit code."""
    given = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, *command]
    return subprocess.run(
        given, cwd=ROOT, env={**os.environ, **environ}, check=False, stderr=subprocess.DEVNULL, timeout=60
    ).returncode


@pytest.mark.parametrize("streams", ["", *UNWRITABLE])
def test_what_cannot_be_told_changes_no_exit_code_and_no_file(tmp_path: Path, streams: str) -> None:
    by_number = "" if "full" in streams else "yes"
    assert ended(streams, "-c", SAYS, str(tmp_path / "file"), by_number) == 7
    assert (tmp_path / "file").read_text("utf-8") == "ours"


def test_reader_who_is_gone_changes_no_exit_code(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", SAYS, str(tmp_path / "file"), ""]
    done = subprocess.run(command, cwd=ROOT, check=False, stderr=writing, timeout=60)
    os.close(writing)
    assert done.returncode == 7


@pytest.mark.parametrize("streams", UNWRITABLE[:2])
@pytest.mark.parametrize(
    ("command", "environ", "code"),
    [
        (["-m", "textmill_cli", "list", "--no-such-option"], {}, 2),
        (["-m", "app", "init"], {"TEXTMILL_AUTH": "on"}, 2),
        (["-m", "local.apiserver", "--state", "/dev/null/none"], {}, 1),
        (["-m", "local", "none"], {}, 2),
        (["-m", "worker", "count", "--memory", "1", "README.md"], {}, 2),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else None,
)
def test_command_that_fails_ends_with_its_own_code(
    command: list[str], environ: dict[str, str], code: int, streams: str
) -> None:
    assert ended(streams, *command, **environ) == code


def test_packages_that_share_no_code_hold_the_same_module() -> None:
    assert len({(ROOT / folder / "standard_error.py").read_text("utf-8") for folder in FOLDERS}) == 1
