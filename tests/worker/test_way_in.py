"""`python -m worker` as a process: how it ends, whatever its streams are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def ended(tmp_path: Path, streams: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Count a small file with streams as the shell makes them."""
    (tmp_path / "text").write_text("one two two\n", "utf-8")
    command = f'exec "$0" -m worker count -q --encoding utf-8 "$@" {streams}'
    given = ["sh", "-c", command, sys.executable, *options, str(tmp_path / "text")]
    return subprocess.run(given, cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize("streams", ["", "2>&-", "2>/dev/full"])
def test_result_is_whole_and_the_code_is_zero(tmp_path: Path, streams: str) -> None:
    found = ended(tmp_path, streams, "--csv")
    assert (found.returncode, found.stdout) == (0, "word,count\ntwo,2\none,1\n")


def test_output_that_nobody_takes_is_an_error(tmp_path: Path) -> None:
    assert ended(tmp_path, ">/dev/full", "--csv").returncode == 1


def test_command_that_is_none_ends_with_two(tmp_path: Path) -> None:
    assert ended(tmp_path, "", "--none").returncode == 2
