"""The last lines of a part's log, for the person who started the stack: sentences, and no JSON or traceback.

The operator and the HTTP interface log JSON, a line each; a part that dies at its start mostly leaves a traceback, of
which the last line says what happened.
"""

import json
from pathlib import Path

LINES = 5
WIDTH = 300
TAIL = 64 << 10
MESSAGES = ("message", "event", "msg")
OF_TRACEBACKS = (
    *(" ", "\t", "Traceback (most recent call last)"),
    *("The above exception was", "During handling of the above exception"),
)


def of_file(path: Path) -> str:
    """Return the last words of a log; nothing where there is no log, or an empty one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            return of_log(file.read())
    except OSError:
        return ""


def of_log(log: bytes) -> str:
    """Return the last sentences of a log, each on a line of its own and cut to WIDTH characters."""
    lines = [line for line in log.decode("utf-8", "replace").splitlines() if line.strip()]
    said = [_sentence(line) for line in lines if not line.startswith(OF_TRACEBACKS)]
    return "\n".join(line if len(line) <= WIDTH else f"{line[:WIDTH]} ..." for line in said[-LINES:])


def _sentence(line: str) -> str:
    if not line.startswith("{"):
        return line.rstrip()
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return line
    message = next((str(told[name]) for name in MESSAGES if told.get(name)), "")
    exception = str(told.get("exc_info") or told.get("exception") or "").strip().splitlines()
    return ": ".join(part for part in (message, *exception[-1:]) if part) or line
