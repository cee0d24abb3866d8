"""docs/counting.md is true: its commands print what stands there, and its options are the program's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from worker.bar import WORTH_IT
from worker.commands import parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "counting.md").read_text("utf-8")
SHOWN = [
    tuple(part.split("\n", 1))
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
]


@pytest.mark.parametrize(("command", "printed"), SHOWN)
def test_command_prints_what_the_page_shows(command: str, printed: str) -> None:
    run = command.replace("python -m", f"{sys.executable} -m")
    done = subprocess.run(["bash", "-c", run], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == printed


def test_options_of_files_are_all_on_the_page() -> None:
    explained = set(re.findall(r"^\| `(--[a-z]+)", PAGE, re.MULTILINE))
    text = parser().parse_args(["count", "x"])
    of_jobs = {"--root", "--out", "--order", "--termination-log", "--pod-uid"}
    of_jobs |= {"--seconds", "--keep-free"}
    offered = {f"--{name.replace('_', '-')}" for name in vars(text)} - {"--command", "--files"} - of_jobs
    bounds = {name for name in offered if name.startswith(("--expan", "--document"))}
    assert explained == offered - bounds


def test_bar_begins_where_the_page_says() -> None:
    assert f"for {WORTH_IT >> 20} MiB and more" in PAGE
