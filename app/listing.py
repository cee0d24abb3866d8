"""What all requests of some namespaces refer to, listed page by page, with no body kept.

Pages are small, since a request may hold a text and a hundred words. On the way it finds the results that are lent to
new requests although their table is not on the volume any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from app.cluster import Body, Cluster
from app.reuse_labels import label, table
from app.sweep import References, references
from textmill import layout

PAGE = 100
LOST = 2000
"""Lost results that one sweep takes care of."""

_NAMES = {"csv": layout.TABLE_CSV, "arrow": layout.TABLE_ARROW}


class Lost(NamedTuple):
    """A request whose table is not there: enough of its body to take its label off."""

    body: Body
    path: str
    sizes: dict[str, int]


class Listing:
    """The requests of some namespaces."""

    def __init__(self, cluster: Cluster, namespaces: list[str]) -> None:
        self.cluster, self._namespaces = cluster, namespaces
        self.lost: list[Lost] = []

    def references(self, lost: Callable[[str, dict[str, int]], bool] | None = None) -> References:
        """Return what the requests refer to; `lost` tells of a table whether it is not there, and notes its request."""
        return references(self._noted(lost) if lost else self._all())

    def _all(self) -> Iterator[Body]:
        for namespace in self._namespaces:
            token = ""
            while True:
                page = self.cluster.page(limit=PAGE, token=token, namespace=namespace)
                yield from page.items
                token = page.token
                if not token:
                    break

    def _noted(self, lost: Callable[[str, dict[str, int]], bool]) -> Iterator[Body]:
        for body in self._all():
            if len(self.lost) < LOST and label(body):
                path, sizes = str(table(body).get("path") or ""), _sizes(table(body))
                if sizes and layout.is_output(path) and lost(path, sizes):
                    meta = {name: body["metadata"][name] for name in ("name", "namespace", "uid", "resourceVersion")}
                    self.lost.append(Lost({"metadata": meta}, path, sizes))
            yield body


def _sizes(told: dict[str, Any]) -> dict[str, int]:
    return {name: told[noted]["bytes"] for noted, name in _NAMES.items() if (told.get(noted) or {}).get("bytes")}
