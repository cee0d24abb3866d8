"""The tools that lint runs beside our own checks, each in a process of its own.

Their settings stand in pyproject.toml. A tool's output is shown only when it fails. Two run at a time, the
longest first, since mypy takes longer than all the others together.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TOOLS = {
    "mypy": ("mypy",),
    "import contracts": ("lint-imports",),
    "unused or missing packages": ("deptry", "--no-ansi", "."),
    "dead code": ("vulture",),
    "ruff": ("ruff", "check", "--output-format=concise", "."),
    "ruff format": ("ruff", "format", "--check", "--output-format=concise", "."),
}


@dataclass(frozen=True)
class Outcome:
    """What one tool or check found, and how long it took."""

    name: str
    seconds: float
    complaint: str


def run(name: str, root: Path) -> Outcome:
    """Run one tool of the list."""
    started = time.monotonic()
    program, *arguments = TOOLS[name]
    command = [str(Path(sys.executable).parent / program), *arguments]
    environ = {**os.environ, "PYTHONPATH": f"{root}:{root / 'operator'}"}
    done = subprocess.run(command, cwd=root, env=environ, check=False, capture_output=True, text=True)
    complaint = (done.stdout + done.stderr).strip() or f"{name} ended with {done.returncode}"
    return Outcome(name, time.monotonic() - started, complaint if done.returncode else "")


def run_all(root: Path) -> list[Outcome]:
    """Run every tool."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda name: run(name, root), TOOLS))
