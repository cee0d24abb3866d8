"""Runs one command and turns whatever ends it into an exit code and one clear line on standard error.

Nothing else in this room ends the process, and nothing shows a traceback to a person whose service is away. Ctrl-C
is an answer too: the command that was interrupted says what stands, this gives the code that shells expect.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import PurePath

import click

from textmill_cli import standard_error
from textmill_cli.errors import FAULT, INTERRUPTED, OK, PIPE_CLOSED, CliError
from textmill_cli.group import textmill
from textmill_cli.showing import plain

PLUGIN = "kubectl-textmill"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    standard_error.never_fails()
    output = sys.stdout
    plugin = PurePath(sys.argv[0]).name == PLUGIN
    name = "kubectl textmill" if plugin else "textmill"
    try:
        code = textmill.main(
            arguments if arguments is None else list(arguments),
            prog_name=name,
            standalone_mode=False,
            obj={"plugin": plugin},
            complete_var="_TEXTMILL_COMPLETE",
        )
        sys.stdout.flush()
    except CliError as error:
        click.echo(f"{name}: {error.reason}: {plain(error.message)}", err=True)
        if error.hint:
            click.echo(f"{name}: {plain(error.hint)}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"{name}: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _unread()
    except SystemExit:
        if sys.stdout is not output:  # click met a BrokenPipeError, muffled the output and would end with 1
            return _unread()
        raise
    except Exception:  # noqa: BLE001 - a fault of ours must not end with the code of a failed request
        traceback.print_exc()
        return FAULT
    return code if isinstance(code, int) else OK


def _unread() -> int:
    """Let what is still to be flushed at Python's end go nowhere, since nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return PIPE_CLOSED
