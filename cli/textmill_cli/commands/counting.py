"""`textmill count`: words counted here, with no service at all.

Counting is the worker's, and the wheel holds no worker: what is started is the worker's own command, in a process of
its own, so the words are the same ones that a cluster would count. Nothing here knows how words are cut. Where no
worker is beside us the current folder is not searched: who unpacks a stranger's archive and counts a file in it must
not run what lies there.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from textmill_cli import chosen
from textmill_cli.errors import INTERRUPTED, OK, PIPE_CLOSED, FileUnusable, NotOffered

COUNTER = "TEXTMILL_COUNTER"
_CODES = {OK: OK, INTERRUPTED: INTERRUPTED, PIPE_CLOSED: PIPE_CLOSED}
"""Ends of the counter that mean the same here; any other is a file that could not be counted, which it has named."""


def counter() -> tuple[list[str], dict[str, str]]:
    """Return the command that counts, the one that is set or the worker beside us, and its environment."""
    if given := shlex.split(os.environ.get(COUNTER, "")):
        return given, dict(os.environ)
    found = importlib.util.find_spec("worker")
    if found is not None and found.origin is not None:
        paths = [str(Path(found.origin).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        safe = {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(paths)}  # else `-m` takes the current folder's
        return [sys.executable, "-m", "worker"], {**os.environ, **safe}
    raise NotOffered(
        "What counts words is not installed here.",
        reason="CounterMissing",
        hint=f'In a checkout, after `make setup`: export {COUNTER}="$PWD/.venv/bin/python -m worker"; elsewhere name '
        "another command, such as 'docker run --rm -i IMAGE python -m worker'.",
    )


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--top", type=click.IntRange(0), default=20, show_default=True, help="How many words; 0 for all.")
@click.option("--encoding", default="auto", show_default=True, help="The texts' encoding.")
@click.option("--strict", is_flag=True, help="Refuse texts that are not valid in their encoding.")
@click.option("--processes", type=click.IntRange(1), help="How many processes count [the cores, where it is worth it].")
@chosen.output(chosen.TABLE, chosen.JSON, "csv")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def count(
    files: Sequence[str],
    *,
    top: int,
    encoding: str,
    strict: bool,
    processes: int | None,
    output: str | None,
    quiet: bool,
) -> int:
    """Count the words of FILES together, here; standard input without any.

    Files whose names begin with - come after --.
    """
    wanted = chosen.form(output)
    program, environment = counter()
    command = [*program, "count", "--top", str(top), "--encoding", encoding]
    command += ["--strict"] * strict + ["--quiet"] * quiet + [f"--{wanted}"] * (wanted != chosen.TABLE)
    command += [] if processes is None else ["--processes", str(processes)]
    try:
        done = subprocess.run([*command, "--", *files], env=environment, check=False)
    except OSError as error:
        raise NotOffered(f"{command[0]} cannot be started: {error.strerror}.", reason="CounterMissing") from error
    return _CODES.get(done.returncode, FileUnusable.exit_code)
