"""What a pod of a Job does: each order in turn, then a sealed report line for each, whatever becomes of it.

`worker/commands.py` has read the command line. Here the libraries are imported that only a Job needs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from textmill import layout, reports
from textmill.errors import BadObject, Reason
from textmill.orders import CountOrder, TokenizeOrder
from worker.budget import Budget, OutOfTime
from worker.errors import WorkerError, unavailable
from worker.memory import keep_small_blocks
from worker.outputs import keep_free
from worker.settings import INDEX_VARIABLE, Settings, bounds_of, memory_bound
from worker.volume import Made, publish, remove_unfinished


class Task(Protocol):
    """What carries out one order; the folder that it makes waits to be published."""

    def __call__(self, *, later: list[Made]) -> reports.Report: ...


def tokenize_all(options: argparse.Namespace) -> int:
    """Cut the inputs of all orders into words."""
    from worker.tokenizing import tokenize

    index = options.index if options.index is not None else int(os.environ.get(INDEX_VARIABLE) or 0)
    if not 0 <= index < options.shards:
        raise BadObject(f"there is no shard {index} of {options.shards}")
    settings = _settings(options, index=index, shards=options.shards, configmaps=options.configmaps)
    orders = [TokenizeOrder.parse(text) for text in options.order]
    return _carry_out([(order.id, partial(tokenize, order, settings)) for order in orders], options)


def count_all(options: argparse.Namespace) -> int:
    """Count the tokens of all orders."""
    from worker.counting import count

    settings = _settings(options)
    orders = [CountOrder.parse(text) for text in options.order]
    return _carry_out([(order.id, partial(count, order, settings)) for order in orders], options)


def _settings(
    options: argparse.Namespace, *, index: int = 0, shards: int = 1, configmaps: Path | None = None
) -> Settings:
    uid = options.pod_uid or os.urandom(8).hex()
    if not options.order or options.out is None:
        raise BadObject("--out and at least one --order are needed with --root")
    memory = memory_bound(options.memory)
    return Settings(options.root, options.out, uid, memory, configmaps, index, shards, bounds_of(options))


def _carry_out(tasks: Sequence[tuple[str, Task]], options: argparse.Namespace) -> int:
    """Carry out all tasks, publish what they made together, and tell what became of each."""
    keep_small_blocks()
    keep_free(options.keep_free)
    made: dict[str, list[Made]] = {uid: [] for uid, _ in tasks}
    if len(made) < len(tasks):
        raise BadObject("two orders have the same id, so they would write to the same folder")
    budget = Budget(options.seconds, len(tasks))
    try:
        found = [(uid, _attempt(uid, task, made[uid], options.out, budget)) for uid, task in tasks]
        troubles = publish([one for folders in made.values() for one in folders])
    finally:
        remove_unfinished()
    lines = []
    for uid, report in found:
        trouble = next((troubles[one] for one in made[uid] if one in troubles), None)
        lines.append(reports.line(_failed(uid, trouble) if trouble else report))
        sys.stdout.write(f"{lines[-1]}\n")
    sys.stdout.flush()
    if options.termination_log:
        options.termination_log.write_text(reports.seal(lines), "utf-8")
    return 0


def _attempt(uid: str, task: Task, made: list[Made], out: str, budget: Budget) -> reports.Report:
    """Carry out one order; whatever goes wrong with it becomes its line, so that the others get theirs."""
    if not layout.is_output(path := f"{out}/{uid}"):
        return reports.failed(uid, Reason.WORKER_FAILED, f"no output can lie at {path[:200]!r}")
    if budget.used_up:
        return reports.left(uid, reports.LEFT_NO_TIME, 0)
    try:
        with budget.one_order():
            return task(later=made)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a fault of one order must not cost the others of its batch their lines
        made.clear()  # it may have been ready at the very moment, and what is not published is removed
        if not budget.over:
            return _failed(uid, error)
        late = error if isinstance(error, OutOfTime) else OutOfTime()
        return reports.left(uid, late.why, late.bytes)


def _failed(uid: str, error: BaseException) -> reports.Report:
    error = unavailable(error) or error
    if isinstance(error, WorkerError):
        return reports.failed(uid, error.reason, str(error))
    if isinstance(error, MemoryError):
        return reports.failed(uid, Reason.OOM_KILLED, "the worker's memory is used up")
    import traceback

    traceback.print_exception(error)
    return reports.failed(uid, Reason.WORKER_FAILED, f"{type(error).__name__}: {error}")
