"""`textmill cancel` and `textmill logs`: what one does about a request that goes on.

To cancel is to delete: the service knows no other stop. So a request that has ended is left alone unless that is
asked for, lest a late Ctrl-C-by-command take a result away.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from textmill_cli import chosen
from textmill_cli.completion import request_names
from textmill_cli.errors import Refused
from textmill_cli.service import has_ended
from textmill_cli.showing import plain


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=request_names)
@click.option("--ended", is_flag=True, help="Delete those that have ended, too, with their results.")
@chosen.way
def cancel(names: Sequence[str], *, ended: bool) -> None:
    """Stop requests and delete them."""
    service = chosen.service()
    kept = []
    for name in dict.fromkeys(names):
        if not ended and has_ended(service.get(name)):
            kept.append(name)
            continue
        service.cancel(name)
        click.echo(name)
    if kept:
        raise Refused(
            f"Ended already, so left alone: {', '.join(kept)}.",
            reason="AlreadyEnded",
            hint="`textmill cancel --ended NAME` deletes a request with its result.",
        )


@click.command()
@click.argument("name", shell_complete=request_names)
@click.option("--follow", is_flag=True, help="Go on until the request has ended.")
@chosen.way
def logs(name: str, *, follow: bool) -> None:
    """Tell what happened to a request: its events, and what its pods say while they are there."""
    for line in chosen.service().logs(name, follow=follow):
        click.echo(plain(line))
