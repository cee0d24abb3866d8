"""Memory that blocks leave behind stays with the process, so the kernel does not clear the same pages over and over."""

from __future__ import annotations

import subprocess
import sys

from checks.tree import ROOT

CODE = """
import mmap, resource
from worker.memory import LARGE, keep_small_blocks
def faults(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        [bytearray(size) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
told = keep_small_blocks()
faults(LARGE >> 3)
print(told, faults(LARGE >> 3) * mmap.PAGESIZE < LARGE, faults(LARGE) > 0)
"""


def test_small_blocks_are_kept_and_large_ones_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "True True True\n"
