"""How the test runner ends: a worker that dies or hangs ends the run with an error that names its test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIES = "import os\n\n\ndef test_bad() -> None:\n    os.abort()\n"
HANGS = "import threading\n\n\ndef test_bad() -> None:\n    threading.Event().wait()\n"


@pytest.mark.parametrize("bad", [DIES, HANGS], ids=["dies", "hangs"])
def test_worker_that_is_lost_ends_the_run_and_names_its_test(tmp_path: Path, bad: str) -> None:
    (tmp_path / "test_bad.py").write_text(bad, "utf-8")
    for number in range(4):
        (tmp_path / f"test_good_{number}.py").write_text("def test_good() -> None:\n    pass\n", "utf-8")
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
    workers = ["-n", "2", "--dist", "loadfile", "-o", "faulthandler_timeout=3"]
    command = [sys.executable, "-m", "pytest", *settings, *workers, str(tmp_path)]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 1
    assert "crashed while running 'test_bad.py::test_bad'" in done.stdout
