"""The list on the page: the requests that fit a filter, the newest first, a page at a time.

The API server lists by name and gives no times to sort by, so a window of it is read (`WINDOW`), sorted and
cut into pages; the rest is reached by the API server's own continue token. A search by name reads several windows
until there is a page of hits, and stops after `WINDOWS` of them: no visitor can have this service read without end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.answers import Answer, answer
from app.cluster import Body, Cluster, ClusterError
from app.pages import slim_page
from textmill.request import ENDS

ROWS = 20
WINDOW = 500
WINDOWS = 10


@dataclass(frozen=True)
class Wanted:
    """What the list is asked for: a phase, a part of the name or of the file's, the window and the page in it."""

    phase: str = ""
    name: str = ""
    token: str = ""
    page: int = 1

    def query(self, **changes: Any) -> dict[str, Any]:
        """Return this as parameters of the page, with some of them changed."""
        named = {"phase": self.phase, "name": self.name, "continue": self.token, "page": self.page} | changes
        return {key: value for key, value in named.items() if value not in ("", 1)}


@dataclass(frozen=True)
class Board:
    """A page of the list: its rows, how many fit, how many were looked through, and where the rest begins."""

    rows: tuple[Answer, ...] = ()
    fit: int = 0
    looked: int = 0
    pages: int = 1
    rest: str = ""
    trouble: ClusterError | None = None


def board(cluster: Cluster, wanted: Wanted) -> Board:
    """Return the page of the list that is wanted; `trouble` says why there is none."""
    try:
        found, looked, rest = _window(cluster, wanted)
    except ClusterError as error:
        return Board(trouble=error)
    found.sort(key=lambda body: body["metadata"].get("creationTimestamp") or "", reverse=True)
    pages = max(1, -(-len(found) // ROWS))
    start = (min(wanted.page, pages) - 1) * ROWS
    rows = tuple(answer(body) for body in found[start : start + ROWS])
    return Board(rows, len(found), looked, pages, rest)


def is_over(phase: str) -> bool:
    """Tell whether a request in this phase has ended."""
    return phase in ENDS


def _window(cluster: Cluster, wanted: Wanted) -> tuple[list[Body], int, str]:
    found: list[Body] = []
    looked, token = 0, wanted.token
    for _ in range(WINDOWS):
        page = slim_page(
            cluster, fields=f"status.phase={wanted.phase}" if wanted.phase else "", limit=WINDOW, token=token
        )
        looked += len(page.items)
        found += [body for body in page.items if _fits(body, wanted.name)]
        token = page.token
        if not token or not wanted.name or len(found) >= ROWS:
            break
    return found, looked, token


def _fits(body: Body, part: str) -> bool:
    shown = str(((body.get("spec") or {}).get("input") or {}).get("name") or "")
    return part.lower() in body["metadata"]["name"] or part.lower() in shown.lower()
