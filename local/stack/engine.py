"""Whether counting is slow here, told in one line with the command that helps.

The stack imports none of the packages that it starts, so one process asks the worker's. What does not answer, such as a
checkout that is half installed, is not this module's to tell: the stack's own parts say so.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

BUILT, NOT_BUILT = 0, 3
ASKS = f"import sys; from worker.engines import built; sys.exit({BUILT} if built() else {NOT_BUILT})"
SLOW = (
    "big texts are slow here: the compiled engine, some twenty times as fast, is not built; "
    "`make engine` builds it, where Rust is"
)
BIG = 8 << 20
"""Bytes from which on a person notices which engine counts."""


def why_slow(program: Path, environ: Mapping[str, str]) -> str:
    """Return a line where the slow engine counts, else nothing."""
    command = [sys.executable, "-c", ASKS]
    done = subprocess.run(command, cwd=program, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return SLOW if done.returncode == NOT_BUILT else ""
