"""How far counting came, as a bar on a terminal: on standard error, since standard output belongs to the result.

Nothing is drawn where there is no terminal, nor for what is counted before anybody could read it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from worker.portions import Moved

WORTH_IT = 8 << 20
"""Bytes below which nothing is drawn."""


@contextmanager
def shown(size: int, *, wanted: bool) -> Iterator[Moved]:
    """Give what is told of each step; it may be called by several threads."""
    if not wanted or size < WORTH_IT or not sys.stderr.isatty():
        yield lambda _: None
        return
    import click

    lock = Lock()
    with click.progressbar(length=size, label="counting", file=sys.stderr, update_min_steps=size // 200) as bar:

        def moved(step: int) -> None:
            with lock:
                bar.update(step)

        yield moved
