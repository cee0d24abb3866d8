"""The worker's command line: `tokenize` and `count` carry out orders, and tell the result as sealed report lines.

Report lines go to standard output at the end, everything else to standard error, and the seal over all lines to the
termination log. The exit code is 0 when every order got its line, whatever the line says; 143 after a TERM signal, when
what was half made is removed; anything else is the worker's own breakdown. Imports are late, as a Job is short.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textmill.errors import BadObject
from worker.settings import BOUNDS, INDEX_VARIABLE, LEAST_MEMORY, Bounds
from worker.volume import remove_unfinished

if TYPE_CHECKING:
    from types import FrameType

STOPPED = 143
MOST_PROCESSES = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    options = parser().parse_args(arguments)
    try:
        if options.command == "tokenize":
            from worker.errands import tokenize_all

            return tokenize_all(options)
        if options.files or options.root is None:
            return _count_files(options)
        from worker.errands import count_all

        return count_all(options)
    except BadObject as error:
        sys.stderr.write(f"worker: {error}\n")
        return 2


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    found = argparse.ArgumentParser(prog="python -m worker", description="Cut texts into words, and count them.")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    tokenize = commands.add_parser("tokenize", help="cut inputs on the volume into words, as a Job's pod does")
    count = commands.add_parser(
        "count", help="count the words of tokenized inputs; or of FILEs, with nothing else needed"
    )
    _add_job_options(tokenize, required=True)
    tokenize.add_argument("--shards", type=int, default=1, metavar="N", help="into how many shards each input is cut")
    tokenize.add_argument("--index", type=int, help=f"which shard this is, from 0 (default: ${INDEX_VARIABLE}, or 0)")
    tokenize.add_argument("--configmaps", type=Path, metavar="DIR", help="where ConfigMap inputs are mounted")
    _add_job_options(count, required=False)
    count.add_argument("files", nargs="*", metavar="FILE", help="count these texts together; - is standard input")
    count.add_argument("--encoding", default="auto", help="of the FILEs (default: a guess)")
    count.add_argument("--strict", action="store_true", help="refuse FILEs that are not valid in their encoding")
    count.add_argument(
        "--top", type=_not_negative, default=20, metavar="N", help="how many words to show (default 20; 0 for all)"
    )
    count.add_argument(
        "--processes", type=_several, metavar="N", help="how many count (default: the cores, where it is worth it)"
    )
    count.add_argument("-q", "--quiet", action="store_true", help="no progress bar")
    for command in (tokenize, count):
        _add_bounds(command)
    form = count.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="totals and words as one JSON object")
    form.add_argument("--csv", action="store_true", help="the words as CSV, with the header word,count")
    return found


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no whole number") from error


def _not_negative(text: str) -> int:
    number = _whole(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is below 0")
    return number


def _several(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"{number} is not within 1 and {MOST_PROCESSES}")
    return number


def _add_job_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    job = parser.add_argument_group("in a Job")
    job.add_argument("--root", type=Path, required=required, metavar="DIR", help="the volume's root")
    job.add_argument("--out", required=required, metavar="DIR", help="the folder beneath it that this run writes to")
    job.add_argument(
        "--order", action="append", default=[], metavar="JSON", help="what to do for one request; repeatable"
    )
    job.add_argument("--termination-log", type=Path, metavar="FILE", help="where the seal over the report lines goes")
    job.add_argument("--pod-uid", default="", metavar="UID", help="part of temporary names (default: a random one)")
    job.add_argument(
        "--seconds", type=_not_negative, metavar="N", help="time that the requests have, of which each gets a share"
    )
    job.add_argument(
        "--keep-free", type=_not_negative, default=0, metavar="BYTES", help="room on the volume to leave to other work"
    )
    job.add_argument("--memory", type=_whole, metavar="BYTES", help="memory to keep within (default: the pod's limit)")


def _add_bounds(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("bounds of compressed input and of documents")
    for name, default in Bounds()._asdict().items():
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=_whole, metavar="N", help=f"{BOUNDS[name]} (default {default})")


def _count_files(options: argparse.Namespace) -> int:
    from worker.standalone import count_files

    if options.memory is not None and options.memory < LEAST_MEMORY:
        raise BadObject(f"--memory is {options.memory}; {LEAST_MEMORY} bytes ({LEAST_MEMORY >> 20} MiB) are the least")
    return count_files(options)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    remove_unfinished()
    os._exit(STOPPED)
