"""Completion for the shells: the script that switches it on, and the names of requests as one types.

A press of the tab key must never wait or complain: names are asked for with no patience, and whatever goes wrong
completes to nothing.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from textmill_cli import chosen
from textmill_cli.errors import CliError

SHELLS = ("bash", "zsh", "fish")
_MOST = 200


def request_names(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the names of requests that begin so."""
    context.ensure_object(dict)["patience"] = 0.0
    try:
        with context:
            found = [answer["name"] for answer in chosen.service().listing("", _MOST)]
    except (CliError, click.ClickException):
        return []
    return [CompletionItem(name) for name in found if name.startswith(begun)]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that teaches a SHELL to complete this command.

    For bash: source <(textmill completion bash)
    """
    kind = get_completion_class(shell)
    if kind is None:  # a shell that this click no longer knows
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(kind(click.get_current_context().find_root().command, {}, "textmill", "_TEXTMILL_COMPLETE").source())
