"""`textmill get`, `list`, `words` and `status`: what the service knows.

They change nothing, so they may be asked as often as one likes. The table of words can be larger than memory: it is
passed on piece by piece, and only a terminal's few rows are taken apart here.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from textmill_cli import chosen, ending, showing
from textmill_cli.completion import request_names
from textmill_cli.errors import CliError, FileUnusable, NotOffered
from textmill_cli.service import Service, saved

PHASES = ("Pending", "Suspended", "Tokenizing", "Counting", "Succeeded", "Failed")
TABLE_ROWS = 20


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=request_names)
@click.option("--wait", is_flag=True, help="Wait until every request has ended; then a failed one is an error.")
@click.option("--follow", is_flag=True, help="Wait, and tell each change on standard error.")
@click.option("--timeout", type=chosen.SECONDS, metavar="SECONDS", help="How long to wait at most.")
@chosen.output(chosen.TABLE, chosen.JSON, chosen.NAME)
@click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
@chosen.way
def get(
    names: Sequence[str], *, wait: bool, follow: bool, timeout: float | None, output: str | None, quiet: bool
) -> None:
    """Show requests: one with all that is known, several as a table."""
    service = chosen.service()
    found = [service.get(name) for name in dict.fromkeys(names)]
    if wait or follow:
        ending.wait(service, found, timeout, form=output, quiet=quiet, lines=follow)
    else:
        ending.show([service.placed(found[0])] if len(found) == 1 else found, output, whole=True)


@click.command()
@chosen.output(chosen.TABLE, chosen.JSON)
@chosen.way
def status(*, output: str | None) -> None:
    """Tell who leads the operator, which namespaces it serves, and how many requests wait."""
    told = chosen.service().status()
    if chosen.form(output) == chosen.JSON:
        showing.json_line(told)
    else:
        showing.status(told)


@click.command("list")
@click.option("--phase", type=click.Choice(PHASES, case_sensitive=False), help="Only those in this phase.")
@click.option("--limit", type=click.IntRange(0), default=0, show_default="all", help="How many to show at most.")
@chosen.output(chosen.TABLE, chosen.JSON, chosen.NAME)
@chosen.way
def listing(*, phase: str | None, limit: int, output: str | None) -> None:
    """List requests, in the order of their names."""
    found = chosen.service().listing(phase or "", limit)
    if chosen.form(output) == chosen.TABLE:
        ending.show(list(found), chosen.TABLE)
        return
    for answer in found:  # by and by: there may be many thousands
        ending.show([answer], output)


@click.command()
@click.argument("name", shell_complete=request_names)
@click.option("--limit", type=click.IntRange(0), metavar="N", help=f"How many [{TABLE_ROWS} in a table, else all].")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write there instead.")
@chosen.output(chosen.TABLE, chosen.JSON, "csv", "arrow")
@chosen.way
def words(name: str, *, limit: int | None, to: Path | None, output: str | None) -> None:
    """Print a request's table of words, the most frequent first."""
    wanted = output or (chosen.JSON if to else chosen.form(None))
    if wanted == "arrow" and limit is not None:
        raise click.UsageError("--limit does not go with arrow: that table comes whole.")
    if wanted == "arrow" and to is None and sys.stdout.isatty():
        raise click.UsageError("An Arrow file is not for a terminal: give --to FILE.")
    service = chosen.service()
    if wanted == chosen.TABLE:
        if to:
            raise click.UsageError("--to goes with json, csv and arrow.")
        showing.words(_first_rows(service, name, limit))
        return
    pieces = service.words(name, wanted, limit)
    if to:
        try:
            saved(pieces, to)
        except OSError as error:
            raise FileUnusable(f"{to}: {error.strerror or error}.") from error
        return
    for piece in pieces:
        sys.stdout.buffer.write(piece)


def _first_rows(service: Service, name: str, limit: int | None) -> list[tuple[str, int]]:
    try:
        return _rows(service.words(name, "csv", TABLE_ROWS if limit is None else limit))
    except NotOffered:
        if limit is not None:
            raise
    top = service.get(name)["result"]["topWords"]
    return [(one["word"], one["count"]) for one in top]


def _rows(pieces: Iterator[bytes]) -> list[tuple[str, int]]:
    lines = csv.reader(b"".join(pieces).decode("utf-8").splitlines())
    try:
        if next(lines) != ["word", "count"]:
            raise ValueError
        return [(word, int(count)) for word, count in lines]
    except (StopIteration, ValueError) as error:
        raise CliError("The table of words cannot be read.") from error
