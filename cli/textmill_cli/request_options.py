"""The options of the command line that go into a request, and how a message about a field reads to who gave an option.

The service and the resource speak of `spec.encoding`; a person at a terminal wrote `--encoding`. One table knows both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from textmill.bounds import BOUNDS


def _whole(field: str) -> click.IntRange:
    return click.IntRange(*BOUNDS[field])


REQUEST_OPTIONS = {
    "top_words": ("--top-words", "topWords", _whole("topWords"), "How many words the result lists."),
    "encoding": ("--encoding", "encoding", str, "The text's encoding, or auto to have it guessed."),
    "errors": ("--errors", "errors", click.Choice(["replace", "strict"]), "What to do with bytes that are no text."),
    "fresh": ("--fresh", "fresh", bool, "Work on it anew, though the result of the same content is known."),
    "priority": ("--priority", "priority", _whole("priority"), "Higher goes first."),
    "time_limit": (
        "--time-limit",
        "timeoutSeconds",
        _whole("timeoutSeconds"),
        "Seconds for the work, from its start on.",
    ),
    "retries": ("--retries", "retries", _whole("retries"), "How often to try again after a failure that may pass."),
    "ttl": (
        "--ttl",
        "ttlSecondsAfterFinished",
        _whole("ttlSecondsAfterFinished"),
        "Seconds until it is deleted after its end.",
    ),
}
"""By parameter: the flag, the field of the request, its type and what it means."""


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that go into the request."""
    for name, (flag, _, kind, text) in reversed(REQUEST_OPTIONS.items()):
        typed: dict[str, Any] = {"is_flag": True, "default": None} if kind is bool else {"type": kind}
        command = click.option(flag, name, help=text, **typed)(command)
    return command


def as_field(value: object) -> str:
    """Return an option's value as the request's field is written."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_options(message: str) -> str:
    """Return which options the fields are that a message names; nothing where it names none."""
    named = [f"spec.{field} is {flag}" for flag, field, *_ in REQUEST_OPTIONS.values() if f"spec.{field}" in message]
    return f"As options of `textmill submit`: {', '.join(named)}." if named else ""
