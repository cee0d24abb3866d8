"""`textmill submit`: texts go out, requests come back, and if asked for their ends.

What was made is printed even when a later text fails or the person presses Ctrl-C, since it goes on at the service.
Options of the request are handed on as they are; the service has the last word on what they may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from textmill_cli import chosen, ending, texts
from textmill_cli.progress import sending
from textmill_cli.request_options import REQUEST_OPTIONS, as_field, request_options
from textmill_cli.service import Answer, Service
from textmill_cli.showing import plain


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("--wait", is_flag=True, help="Wait until every request has ended, and show the results.")
@click.option("--follow", is_flag=True, help="Wait, and tell each change on standard error.")
@click.option("--timeout", type=chosen.SECONDS, metavar="SECONDS", help="How long to wait at most.")
@click.option("--name", help="The request's name, for a single file [made from the file's name].")
@click.option("--key", metavar="KEY", help="An Idempotency-Key: the same command again finds the same requests.")
@request_options
@chosen.output(chosen.TABLE, chosen.JSON, chosen.NAME)
@click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
@chosen.way
def submit(
    files: Sequence[str],
    *,
    wait: bool,
    follow: bool,
    timeout: float | None,
    name: str | None,
    key: str | None,
    output: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Send FILES to be counted, each as a request of its own; - is standard input.

    Files whose names begin with - come after --. Prints the requests that were made, or with --wait what came of them.
    """
    if name and len(files) > 1:
        raise click.UsageError("--name is for a single file.")
    if len(set(files)) < len(files):
        raise click.UsageError("A file is named twice.")
    if key is not None and not 0 < len(key) <= 256:
        raise click.UsageError("--key has 1 to 256 characters.")
    given = {REQUEST_OPTIONS[one][1]: as_field(value) for one, value in options.items() if value is not None}
    found = texts.named(files, name=name, key=key)
    service = chosen.service()
    made: list[Answer] = []
    waiting = wait or follow
    try:
        for text in found:
            made += [_send(service, text, given, quiet=quiet)]
    except BaseException:
        ending.show(made, output)
        raise
    if waiting:
        ending.wait(service, made, timeout, form=output, quiet=quiet, lines=follow)
    else:
        ending.show(made, output)


def _send(service: Service, text: texts.Text, options: Mapping[str, str], *, quiet: bool) -> Answer:
    with texts.opened(text, options) as upload, sending(text.shown, upload.size, quiet=quiet) as progress:
        try:
            return service.submit(upload, progress)
        except KeyboardInterrupt as error:
            told = f"{text.path} was not sent whole, or its answer not read: see request {text.name}"
            click.echo(f"\n{plain(told)}", err=True)
            if str(error):
                click.echo(str(error), err=True)
            raise
