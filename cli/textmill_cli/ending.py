"""Waiting for requests to end, and showing what came of them.

A failed request is an error only here, where somebody waits for it: then the exit code says so after everything was
printed. Ctrl-C ends the waiting and not the requests, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from textmill_cli import chosen, showing
from textmill_cli.errors import RequestFailed
from textmill_cli.progress import following
from textmill_cli.request_options import as_options
from textmill_cli.service import Answer, Service, failure, has_ended


def wait(
    service: Service, answers: Sequence[Answer], timeout: float | None, *, form: str | None, quiet: bool, lines: bool
) -> None:
    """Wait until every request has ended; show all; RequestFailed if one failed."""
    latest = {answer["name"]: answer for answer in answers}
    deadline = None if timeout is None else time.monotonic() + timeout
    changes = service.watch([name for name, one in latest.items() if not has_ended(one)], deadline)
    try:
        for answer in following(changes, len(latest), quiet=quiet, lines=lines):
            latest[answer["name"]] = answer
    except KeyboardInterrupt:
        click.echo(f"\nNo longer waiting; {_left(latest)} on.", err=True)
        raise
    finally:
        show(list(latest.values()), form, whole=True)
    failed = [one for one in latest.values() if one["phase"] == "Failed"]
    if failed:
        reason, message = failure(failed[0])
        others = f" ({len(failed)} of {len(latest)} failed)" if len(latest) > 1 else ""
        error = RequestFailed(f"{failed[0]['name']}: {message}{others}", reason=reason)
        if len(latest) == 1:
            error.hint = as_options(message)  # `get` would show no more
            if chosen.form(form) == chosen.TABLE:
                error.message = f"{failed[0]['name']} has failed."
        raise error


def show(answers: Sequence[Answer], form: str | None, *, whole: bool = False) -> None:
    """Print requests in the form that was asked for; `whole` shows a single one with all that is known."""
    wanted = chosen.form(form)
    if wanted == chosen.JSON:
        for answer in answers:
            showing.json_line(answer)
    elif wanted == chosen.NAME:
        for answer in answers:
            click.echo(answer["name"])
    elif whole and len(answers) == 1:
        showing.details(answers[0])
    elif answers:
        showing.requests(answers)


def _left(latest: dict[str, Answer]) -> str:
    names = [name for name, one in latest.items() if not has_ended(one)]
    return f"{names[0]} goes" if len(names) == 1 else f"{len(names)} requests go"
