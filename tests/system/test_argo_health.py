"""The health script for Argo CD that the documents show, run by Lua: what it says of each phase."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "install.md"
SCRIPT = re.findall(r"^```lua\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
OBJECT = """obj = {{ status = {{ phase = "{phase}", conditions = {{
  {{ type = "Ready", message = "other" }}, {{ type = "Succeeded", message = "why" }} }} }} }}
"""
SHOWN = 'local found = (function()\n{script}end)()\nprint(found.status .. ": " .. found.message)\n'


def health(before: str) -> str:
    """Return status and message that the script gives for an object."""
    program = before + SHOWN.format(script=SCRIPT)
    done = subprocess.run(["lua5.4", "-"], input=program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("Pending", "Progressing"),
        ("Tokenizing", "Progressing"),
        ("Counting", "Progressing"),
        ("Suspended", "Suspended"),
        ("Succeeded", "Healthy"),
        ("Failed", "Degraded"),
    ],
)
def test_each_phase_has_its_health(phase: str, status: str) -> None:
    assert health(OBJECT.format(phase=phase)) == f"{status}: why"


def test_object_without_a_status_is_progressing() -> None:
    assert health("obj = {}\n") == "Progressing:"
