"""What the commands need of a service, whichever way leads to it: over HTTP, or straight to Kubernetes.

A request is a plain dictionary in the public shape that `docs/api.md` describes, so that a command prints the same
whichever way it came. An implementation raises the errors of `errors.py` and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from textmill.request import ENDS

Answer = dict[str, Any]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Upload:
    """One text to be sent. `file` can be sought; the key makes sending it again safe.

    mark: what tells its content from another under the same key and of the same size, as the service takes it.
    """

    file: IO[bytes]
    size: int
    shown: str
    name: str
    key: str
    options: Mapping[str, str] = field(default_factory=dict)
    mark: Mapping[str, str] = field(default_factory=dict)


class Service(Protocol):
    """A way to a running Textmill."""

    def describe(self) -> str:
        """Say in a few words what this is, for messages."""

    def submit(self, upload: Upload, progress: Progress) -> Answer:
        """Send a text, telling `progress` how many bytes went; return its request."""

    def get(self, name: str) -> Answer:
        """Return one request."""

    def placed(self, answer: Answer) -> Answer:
        """Return a request with its place in the queue, where it waits and that can be told."""

    def status(self) -> Answer:
        """Return who leads the operator, which namespaces it serves, and how many requests wait (None: unknown)."""

    def listing(self, phase: str, limit: int) -> Iterator[Answer]:
        """Yield up to `limit` requests, all of them for 0; in one phase, or in any for an empty one."""

    def words(self, name: str, form: str, limit: int | None) -> Iterator[bytes]:
        """Yield the table of words as json, csv or arrow."""

    def cancel(self, name: str) -> None:
        """Stop a request and delete it."""

    def watch(self, names: Sequence[str], deadline: float | None) -> Iterator[Answer]:
        """Yield each request as it is now and after each change, until all have ended; TooSlow after the deadline."""

    def logs(self, name: str, *, follow: bool) -> Iterator[str]:
        """Yield lines about what happened to a request and what its workers say."""

    def close(self) -> None:
        """Let go of the connections."""


def has_ended(answer: Mapping[str, Any]) -> bool:
    """Tell whether a request has come to its end."""
    return answer["phase"] in ENDS


def failure(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return why a request failed: the condition's reason and message."""
    for one in answer.get("conditions") or []:
        if one.get("type") == "Succeeded":
            return str(one.get("reason") or ""), str(one.get("message") or "")
    return "", ""


def saved(pieces: Iterator[bytes], target: Path) -> None:
    """Write pieces to a file that appears only when it is whole."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
