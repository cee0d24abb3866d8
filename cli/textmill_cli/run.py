"""Runs one command and turns whatever ends it into an exit code and one clear line on standard error.

Nothing else in this room ends the process, and nothing shows a traceback to a person whose service is away. Ctrl-C
is an answer too: the command that was interrupted says what stands, this gives the code that shells expect.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import PurePath

import click

from textmill_cli.errors import INTERRUPTED, OK, PIPE_CLOSED, CliError
from textmill_cli.group import textmill
from textmill_cli.showing import plain

PLUGIN = "kubectl-textmill"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
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
        # Python flushes standard output once more at its end; what is left has nobody to go to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code if isinstance(code, int) else OK
