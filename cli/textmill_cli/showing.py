"""What people and programs are shown: tables for a terminal, JSON lines for everything else.

Texts come from elsewhere (a file's name, a condition's message, the words themselves), and a terminal obeys what it is
sent. So nothing of them reaches a table or an error line before `plain` took out what moves the cursor, hides text or
turns its direction. Widths are those of a terminal: an ideograph takes two cells, a combining mark none.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from textmill_cli.service import Answer, failure

_BAR = 30
_KEPT = "\u200c\u200d"  # joiners that scripts and emoji need
_HARMFUL = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def plain(text: str) -> str:
    """Return text as it may be printed on a terminal."""
    return "".join("\ufffd" if _harms(one) else one for one in text.replace("\n", " ").replace("\t", " "))


def _harms(one: str) -> bool:
    return one not in _KEPT and unicodedata.category(one) in _HARMFUL


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(_cells(one) for one in text)


def _cells(one: str) -> int:
    if unicodedata.combining(one) or unicodedata.category(one) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: frozenset[int] = frozenset()) -> None:
    """Print a table; the columns in `right` hold numbers."""
    lines = [list(head), *([plain("-" if value is None else str(value)) for value in row] for row in rows)]
    widths = [max(cells(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        padded = []
        for column, (value, width) in enumerate(zip(line, widths, strict=True)):
            space = " " * (width - cells(value))
            padded.append(space + value if column in right else value + space)
        click.echo("   ".join(padded).rstrip())


def json_line(answer: Mapping[str, Any]) -> None:
    """Print one object as one line; on a terminal with nothing but ASCII in it."""
    click.echo(json.dumps(answer, ensure_ascii=sys.stdout.isatty(), separators=(",", ":")))


def requests(answers: Iterable[Answer]) -> None:
    """Print requests as a table, a line each."""
    head = ("NAME", "PHASE", "%", "BYTES", "WORDS", "DISTINCT", "INPUT")
    table(head, map(_row, answers), right=frozenset({2, 3, 4, 5}))


def _row(answer: Answer) -> tuple[object, ...]:
    result, given = answer.get("result") or {}, answer.get("input") or {}
    phase = answer["phase"]
    if phase == "Failed" and (reason := failure(answer)[0]):
        phase = f"Failed ({reason})"
    percent = (answer.get("progress") or {}).get("percent", 0)
    numbers = (_number(given.get("bytes")), _number(result.get("tokens")), _number(result.get("distinctWords")))
    return (answer["name"], phase, percent, *numbers, given.get("name"))


def details(answer: Answer) -> None:
    """Print one request with its conditions and most frequent words."""
    given, result = answer.get("input") or {}, answer.get("result") or {}
    percent = (answer.get("progress") or {}).get("percent", 0)
    for label, value in (
        ("Name", answer["name"]),
        ("Phase", f"{answer['phase']} ({percent}%)"),
        ("Queue", _place(answer.get("queue"))),
        ("Created", answer.get("createdAt")),
        ("Input", given.get("name")),
        ("Bytes", _number(given.get("bytes"))),
        ("SHA-256", given.get("sha256")),
        ("Words", _number(result.get("tokens"))),
        ("Distinct", _number(result.get("distinctWords"))),
    ):
        if value is not None:
            click.echo(f"{label + ':':<10} {plain(str(value))}")
    conditions = answer.get("conditions") or []
    for place, one in enumerate(conditions, start=1):
        message = one.get("message") or ""
        again = any(message == other.get("message") for other in conditions[place:])
        told = f"{one.get('type')}={one.get('status')} {one.get('reason') or ''} {'' if again else message}"
        click.echo(f"{'':<10} {plain(told).rstrip()}")
    if top := result.get("topWords"):
        click.echo()
        words([(one["word"], int(one["count"])) for one in top])


def _place(queue: Mapping[str, Any] | None) -> str | None:
    return f"place {queue.get('place')} of {queue.get('waiting')} that wait" if queue else None


def status(told: Answer) -> None:
    """Print how a service stands."""
    operator = told.get("operator") or {}
    leader, served = operator.get("leader"), operator.get("namespaces")
    since = f" since {leader.get('since')}" if leader else ""
    late = "" if leader is None or leader.get("current") else f"; not renewed since {leader.get('renewedAt')}"
    for label, value in (
        ("Namespace", f"{told.get('namespace')}{_unserved(operator)}"),
        ("Waiting", "unknown" if told.get("waiting") is None else _number(told["waiting"])),
        ("Leader", f"{leader.get('name')}{since}{late}" if leader else "nobody leads"),
        ("Serves", "unknown" if served is None else "all namespaces" if "*" in served else ", ".join(served)),
    ):
        click.echo(f"{label + ':':<10} {plain(str(value))}")


def _unserved(operator: Mapping[str, Any]) -> str:
    return " (which the operator does not serve)" if operator.get("servesThis") is False else ""


def words(rows: Sequence[tuple[str, int]]) -> None:
    """Print words with their counts as bars."""
    most = max((count for _, count in rows), default=1)
    shown = [(plain(word), count) for word, count in rows]
    width = min(max((cells(word) for word, _ in shown), default=0), 40)
    for word, count in shown:
        space = " " * max(0, width - cells(word))
        click.echo(f"{count:>14,}  {word}{space}  {'█' * max(1, round(_BAR * count / most))}")


def _number(value: Any) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None
