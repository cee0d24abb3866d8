"""What the page's script computes without a page: node runs the tests that stand beside this file."""

from __future__ import annotations

import subprocess
from pathlib import Path


def test_pure_part_of_the_script_keeps_its_promises() -> None:
    file = Path(__file__).with_name("format.test.js")

    done = subprocess.run(["node", "--test", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "# pass 7" in done.stdout or "pass 7" in done.stdout
