"""Scripts that stand in for programs of the machine, for tests of what asks or starts these."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def stand_in(name: str, script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a script found, in `bin/` beneath a folder, where a program of this name is looked for."""
    program = folder / "bin" / name
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
