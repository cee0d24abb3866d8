"""Which files a check looks at: what git tracks, or would track.

Reading the list from git keeps caches, the environment and people's data out without a second list of names
to ignore. A file that git still lists but that was removed is left out. Binary files and anything beneath a
`data` folder of the tests are not text to be checked.
"""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def listed(root: Path = ROOT, *, others: bool = True) -> list[str]:
    """Return the paths of all files that are tracked or, with others, new and not ignored; sorted."""
    command = ["git", "ls-files", "-z", "--cached", *(["--others", "--exclude-standard"] if others else [])]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return sorted({path for path in done.stdout.split("\0") if path and (root / path).is_file()})


def is_data(path: str) -> bool:
    """Tell whether a file is test data, which may look like anything."""
    return path.startswith("tests/") and "/data/" in path


def texts(root: Path = ROOT) -> dict[str, str]:
    """Return the text of every listed file that is text."""
    found = {}
    for path in listed(root):
        content = (root / path).read_bytes()
        if not is_data(path) and b"\0" not in content[:8192]:
            found[path] = content.decode("utf-8")
    return found


def settings(root: Path = ROOT) -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
