"""`python -m worker count FILE...`: the word count as a plain command, with no volume, no Job and no manifest.

The same decoding, engine and table as in a Job, so the same words; the counts of several files are added up. Every
file is looked at before the first is counted, so that a wrong name is told at once. What is no regular file, such as
standard input, is read through a temporary one, since its encoding is decided before the first word is cut. What is
worth it is counted by several processes (`worker/crew.py`).
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from worker import bar, printing
from worker.engines import engine
from worker.errors import WorkerError
from worker.portions import Counts, Merged, Moved, Order, PortionFailed, Source, shared_out
from worker.settings import INTERPRETER, LEAST_MEMORY, bounds_of, cores, memory_bound

if TYPE_CHECKING:
    from types import FrameType

FAILED, INTERRUPTED, UNREAD, STOPPED = 1, 130, 141, 143
STDIN = "-"
WORTH_A_PROCESS = {"compiled": 256 << 20, "reference": 2 << 20}
"""Bytes that take an engine longer than a process takes to start and its words to be added to those of others."""


def count_files(options: Namespace) -> int:
    """Count the files that the command line names, print the result in the form that it asks for; the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="textmill-") as folder:
            return _count(options, Path(folder))
    except PortionFailed as error:
        _say(f"{printing.clean(error.name)}: {error.why}")
        return FAILED
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is not yet flushed goes nowhere
            return UNREAD
        _say(f"{error.filename or 'a temporary file'}: {error.strerror}")
        return FAILED
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED


def _count(options: Namespace, folder: Path) -> int:
    order = Order.of(options, memory_bound(options.memory), bounds_of(options))
    sources = []
    for number, name in enumerate(options.files or [STDIN]):
        try:
            sources.append(_source(name, folder / f"input-{number}", order))
        except PortionFailed as error:
            _say(f"{printing.clean(error.name)}: {error.why}")
    if len(sources) < len(options.files or [STDIN]):
        return FAILED
    size = sum(one.size for one in sources)
    with bar.shown(size, wanted=not options.quiet) as moved:
        counted = _counted(sources, order, folder, moved, options.processes or worthwhile(size, order.memory))
    printing.show(counted, size, options)
    return 0


def _source(name: str, copy: Path, order: Order) -> Source:
    try:
        path = _regular(name, copy)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            text = order.text(file, size)
        if text.encoding.guessed:
            _say(f"{printing.clean(name)}: read as {text.encoding.name}, a guess; --encoding NAME sets another")
        return Source(name, str(path), size, text.shardable)
    except WorkerError as error:
        raise PortionFailed(name, str(error)) from error
    except (OSError, ValueError) as error:
        raise PortionFailed(name, getattr(error, "strerror", None) or str(error)) from error


def _regular(name: str, copy: Path) -> Path:
    """Return where the content of a file lies that can be read more than once."""
    if name == STDIN and (sys.stdin is None or sys.stdin.closed):
        raise PortionFailed(name, "standard input is closed, or was read before")
    if name == STDIN and sys.stdin.isatty():
        _say("reading standard input; Ctrl-D ends it")
    with sys.stdin.buffer if name == STDIN else Path(name).open("rb") as file:
        if name != STDIN and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return Path(name)
        with copy.open("xb") as made:
            shutil.copyfileobj(file, made, 1 << 20)
    return copy


def _counted(sources: list[Source], order: Order, folder: Path, moved: Moved, processes: int) -> Counts | Merged:
    shares = shared_out(sources, processes)
    if len(shares) > 1:
        from worker import crew

        return Merged(crew.counted(shares, order, folder, moved))
    counts = Counts(folder, order, cores())
    for portion in shares[0]:
        counts.add(portion, moved)
    return counts


def worthwhile(size: int, memory: int) -> int:
    """Return how many processes should count so many bytes: no more than the memory holds beside the one that waits
    for them."""
    fitting = (memory - INTERPRETER) // LEAST_MEMORY
    return max(1, min(cores(), size // WORTH_A_PROCESS[engine().name], fitting))


def _say(text: str) -> None:
    sys.stderr.write(f"worker: {text}\n")


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(STOPPED)
