"""The command `textmill` itself: its commands, and the options that hold for all of them.

Start-up is what a person waits for each time, so whatever is slow (the Kubernetes client) is imported where it is
used. Every text here is what `--help` shows; `docs/cli.md` is held to it.
"""

from __future__ import annotations

import click

from textmill_cli import chosen
from textmill_cli.commands.counting import count
from textmill_cli.commands.looking import get, listing, status, words
from textmill_cli.commands.sending import submit
from textmill_cli.commands.stopping import cancel, logs
from textmill_cli.completion import completion
from textmill_cli.connections import own_version


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="The exit codes and the order in which a service is found are in docs/cli.md.",
)
@click.version_option(own_version(), prog_name="textmill")
@chosen.way
def textmill() -> None:
    """Count the words of texts with Textmill, over HTTP or straight on Kubernetes."""


for command in (submit, get, listing, words, status, cancel, logs, count, completion):
    textmill.add_command(command)
