"""What the page's script computes without a page: node runs the tests that stand beside this file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FILES = ("app/static/format.js", "tests/system/format.test.js")


def test_pure_part_of_the_script_keeps_its_promises(tmp_path: Path) -> None:
    # Browsers are told by the page that these are modules; an older node only by a file beside them.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, tmp_path / name)

    done = subprocess.run(["node", "--test", FILES[1]], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "# pass 7" in done.stdout
