"""`python -m image COMMAND`, the image's entry point: becomes the process of one part.

The part takes this process's place (exec), so signals and exit codes are its own. Everything after the command's name
is handed on. Settings come from the environment; the only ones given here are those of `all` and `cluster`, which
have their state on the image's volume and listen on every address, since a container's loopback reaches nobody.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

STATE = "/var/lib/textmill"
DEFAULT = "all"


ENGINE = "import sys; from worker.engines import built, engine; print(engine().name); sys.exit(not built())"


class Command(NamedTuple):
    """Arguments of Python, and the line for the list."""

    arguments: tuple[str, ...]
    help: str


COMMANDS: dict[str, Command] = {
    "all": Command(
        ("-m", "local", "run", "--state", STATE, "--host", "0.0.0.0", "--port", "5000"),  # noqa: S104 - a container's port is published by choice
        "the laptop's whole stack at port 5000; state in /var/lib/textmill (the default)",
    ),
    "cluster": Command(
        ("-m", "local", "cluster", "--state", STATE, "--host", "0.0.0.0", "--port", "6443"),  # noqa: S104 - a container's port is published by choice
        "the laptop's Kubernetes alone at port 6443; kubeconfig in /var/lib/textmill",
    ),
    "api": Command(("-m", "gunicorn", "-c", "app/gunicorn.conf.py", "app:create_app()"), "the HTTP interface"),
    "operator": Command(("-m", "textmill_operator"), "the operator"),
    "sweep": Command(("-m", "app", "sweep"), "removes from the volume what no request refers to"),
    "tokenize": Command(("-m", "worker", "tokenize"), "cuts inputs into words, as the first Job does"),
    "count": Command(("-m", "worker", "count"), "counts words, as the second Job does; or those of FILEs"),
    "healthy": Command(("-m", "image.healthy"), "fails unless each URL answers well, for a health check"),
    "engine": Command(("-c", ENGINE), "says which engine counts; fails where it is not the compiled one"),
    "bill": Command(("-m", "image.bill"), "prints what the image is made of, as CycloneDX"),
    "check": Command(("-m", "image.check"), "sends a text to the HTTP interface at URL and checks its count"),
}


def command_line(arguments: Sequence[str], python: str = sys.executable) -> list[str] | None:
    """Return what to run; None where there is no such command."""
    name, *rest = arguments or (DEFAULT,)
    command = COMMANDS.get(name)
    return None if command is None else [python, *command.arguments, *rest]


def usage() -> str:
    """Return the list of commands."""
    lines = [f"  {name:10} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: COMMAND [ARGUMENTS]; COMMAND --help says more of each", "", *lines, ""])


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Become the command's process; return only when there is none."""
    if arguments and arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0
    line = command_line(arguments)
    if line is None:
        sys.stderr.write(f"there is no command {arguments[0]!r}\n{usage()}")
        return 2
    return os.execve(line[0], line, dict(environ))  # noqa: S606 - our own interpreter and modules, no shell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
