"""How far things are, on standard error: bars on a terminal, a line a change where it is no terminal.

Standard output belongs to the result, so that a pipe gets nothing else. Drawing must never be the reason why a command
fails or is slow: a bar is drawn a few times a second at most, by click.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from textmill_cli.service import Answer, Progress, has_ended
from textmill_cli.showing import plain


@contextmanager
def sending(shown: str, size: int, *, quiet: bool) -> Iterator[Progress]:
    """Show how much of a text has gone, on a terminal."""
    if quiet or not sys.stderr.isatty() or not size:
        yield lambda _: None
        return
    with click.progressbar(
        length=size, label=plain(shown)[:30], file=sys.stderr, show_pos=False, update_min_steps=1 << 20
    ) as bar:
        yield bar.update


def following(changes: Iterable[Answer], many: int, *, quiet: bool, lines: bool) -> Iterator[Answer]:
    """Pass on changes of `many` requests, showing them: one bar for all, or with `lines` each change as a line."""
    if lines or quiet or not sys.stderr.isatty():
        for answer in changes:
            if lines:
                click.echo(line(answer), err=True)
            yield answer
        return
    percents: dict[str, int] = {}
    shown = "1 request" if many == 1 else f"{many} requests"
    with click.progressbar(length=100 * many, label=shown, file=sys.stderr) as bar:
        for answer in changes:
            percents[answer["name"]] = 100 if has_ended(answer) else (answer.get("progress") or {}).get("percent", 0)
            bar.update(sum(percents.values()) - bar.pos)
            yield answer


def line(answer: Answer) -> str:
    """Return where a request stands, as one line."""
    percent = (answer.get("progress") or {}).get("percent", 0)
    return f"{plain(answer['name'])} {plain(answer['phase'])} {percent}%"
