"""The `curl` and `kubectl` lines that show or do what is on the screen; pure.

A person who found something on the page can go on in a shell, in a script or in a ticket: so a line is exact, with the
address that the browser used, this service's namespace, the filter that is set, and quoted for a POSIX shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from urllib.parse import urlencode

from textmill.names import PLURAL


@dataclass(frozen=True)
class Line:
    """One command, and what it does."""

    does: str
    command: str


@dataclass(frozen=True)
class Lines:
    """Makes lines for a service: its address as the browser knows it, its namespace, whether it asks for tokens."""

    address: str
    namespace: str
    tokens: bool = False

    def of_list(self, phase: str, limit: int) -> list[Line]:
        """Return the lines for sending a file and for the list with this filter."""
        query = urlencode({**({"phase": phase} if phase else {}), "limit": str(limit)})
        selector = f" --field-selector {quote(f'status.phase={phase}')}" if phase else ""
        return [
            Line("Send a file", self._curl("-F file=@FILE.txt", "/upload")),
            Line("This list, as JSON", self._curl("", f"/requests?{query}")),
            Line("Every change, as it happens", self._curl("-N", "/requests/events")),
            Line("The same with kubectl", self._kubectl(f"get {PLURAL}{selector}")),
            Line("Watch them", self._kubectl(f"get {PLURAL}{selector} --watch")),
        ]

    def of_request(self, name: str, *, finished: bool, result: bool, words: str = "") -> list[Line]:
        """Return the lines for one request; `words` is what its table is searched for."""
        own, kind = f"/requests/{name}", f"{PLURAL} {quote(name)}"
        lines = [Line("This request, as JSON", self._curl("", own))]
        if not finished:
            lines += [
                Line("Follow it", self._curl("-N", f"{own}/events")),
                Line("Wait for its end", self._kubectl(f"wait {kind} --for=condition=Finished --timeout=10m")),
            ]
        if result:
            searched = {"contains": words} if words else {}
            query = urlencode({"format": "csv", **searched})
            told = f"The words with {words}" if words else "All words"
            lines.append(Line(f"{told}, as CSV", self._curl("-o words.csv", f"{own}/words?{query}")))
        return [
            *lines,
            Line("The resource", self._kubectl(f"get {kind} -o yaml")),
            Line("Its conditions and events", self._kubectl(f"describe {kind}")),
            Line("Delete it" if finished else "Cancel it", self._curl("-X DELETE", own)),
            Line("The same with kubectl", self._kubectl(f"delete {kind}")),
        ]

    def _curl(self, flags: str, path: str) -> str:
        token = '-H "Authorization: Bearer $TOKEN"' if self.tokens else ""
        return " ".join(part for part in ("curl", token, flags, quote(self.address.rstrip("/") + path)) if part)

    def _kubectl(self, rest: str) -> str:
        return f"kubectl -n {quote(self.namespace)} {rest}"
