"""The worker's command line: `tokenize` and `count` carry out orders, and tell the result as sealed report lines.

Report lines go to standard output as each order ends, everything else to standard error; the seal over all lines
goes to the termination log at the end. The exit code is 0 when every order got its line, whatever the line says;
143 after a TERM signal, when what was half made is removed; anything else is the worker's own breakdown. Imports
are late, as a Job is short.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textmill import layout, reports
from textmill.errors import BadObject, Reason
from textmill.orders import CountOrder, TokenizeOrder
from worker.errors import WorkerError
from worker.settings import BOUNDS, INDEX_VARIABLE, Bounds, Settings, bounds_of, memory_bound
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
            return _tokenize(options)
        if options.files or options.root is None:
            return _count_files(options)
        return _count(options)
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
        "--top", type=int, default=20, metavar="N", help="how many words to show (default 20; 0 for all)"
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


def _several(text: str) -> int:
    number = int(text)
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
    job.add_argument("--memory", type=int, metavar="BYTES", help="memory to keep within (default: the pod's limit)")


def _add_bounds(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("bounds of compressed input and of documents")
    for name, default in Bounds()._asdict().items():
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=int, metavar="N", help=f"{BOUNDS[name]} (default {default})")


def _tokenize(options: argparse.Namespace) -> int:
    from worker.tokenizing import tokenize

    index = options.index if options.index is not None else int(os.environ.get(INDEX_VARIABLE) or 0)
    if not 0 <= index < options.shards:
        raise BadObject(f"there is no shard {index} of {options.shards}")
    settings = _settings(options, index=index, shards=options.shards, configmaps=options.configmaps)
    orders = [TokenizeOrder.parse(text) for text in options.order]
    return _carry_out([(order.id, partial(tokenize, order, settings)) for order in orders], options)


def _count(options: argparse.Namespace) -> int:
    from worker.counting import count

    settings = _settings(options)
    orders = [CountOrder.parse(text) for text in options.order]
    return _carry_out([(order.id, partial(count, order, settings)) for order in orders], options)


def _count_files(options: argparse.Namespace) -> int:
    from worker.standalone import count_files

    return count_files(options)


def _settings(
    options: argparse.Namespace, *, index: int = 0, shards: int = 1, configmaps: Path | None = None
) -> Settings:
    uid = options.pod_uid or os.urandom(8).hex()
    if not options.order or options.out is None:
        raise BadObject("--out and at least one --order are needed with --root")
    memory = memory_bound(options.memory)
    return Settings(options.root, options.out, uid, memory, configmaps, index, shards, bounds_of(options))


def _carry_out(tasks: Sequence[tuple[str, Callable[[], reports.Report]]], options: argparse.Namespace) -> int:
    lines = []
    for uid, task in tasks:
        line = reports.line(_attempt(uid, f"{options.out}/{uid}", task))
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        lines.append(line)
    if options.termination_log:
        options.termination_log.write_text(reports.seal(lines), "utf-8")
    return 0


def _attempt(uid: str, path: str, task: Callable[[], reports.Report]) -> reports.Report:
    """Carry out one order; whatever goes wrong with it becomes its line, so that the others get theirs."""
    if not layout.is_output(path):
        return reports.failed(uid, Reason.WORKER_FAILED, f"no output can lie at {path[:200]!r}")
    try:
        return task()
    except WorkerError as error:
        return reports.failed(uid, error.reason, str(error))
    except MemoryError:
        return reports.failed(uid, Reason.OOM_KILLED, "the worker's memory is used up")
    except Exception as error:  # noqa: BLE001 - a fault of one order must not cost the others of its batch their lines
        import traceback

        traceback.print_exc()
        return reports.failed(uid, Reason.WORKER_FAILED, f"{type(error).__name__}: {error}")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    remove_unfinished()
    os._exit(STOPPED)
