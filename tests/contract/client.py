"""A plain client: one call, one answer with its status and headers; a watch as an iterator of events."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.kubeconfig import Access

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    status: int
    body: Json
    warnings: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """The reason of a refusal."""
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        """The message of a refusal."""
        return str(self.body.get("message", ""))

    @property
    def version(self) -> str:
        """The resourceVersion of the object or list."""
        return str(self.body["metadata"]["resourceVersion"])

    @property
    def names(self) -> list[str]:
        """The names in a list."""
        return [item["metadata"]["name"] for item in self.body["items"]]

    def causes(self) -> list[tuple[str, str]]:
        """The field and message of each cause of a refusal."""
        return [(one.get("field", ""), one["message"]) for one in self.body.get("details", {}).get("causes", [])]


@dataclass(frozen=True)
class Client:
    """Calls to one API server."""

    access: Access

    def _connection(self) -> http.client.HTTPConnection:
        url = urlsplit(self.access.server)
        if url.scheme == "https":
            return http.client.HTTPSConnection(url.netloc, timeout=30, context=self.access.tls)
        return http.client.HTTPConnection(url.netloc, timeout=30)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        media: str = "application/json",
        headers: Json | None = None,
        **query: Any,
    ) -> Answer:
        """Send one request; query parameters are given by name."""
        connection = self._connection()
        sent = {**self.access.headers, **({"Content-Type": media} if media else {}), **(headers or {})}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        try:
            connection.request(method, address(path, query), raw, sent)
            response = connection.getresponse()
            text = response.read()
            warnings = [json.loads(line.partition(" - ")[2]) for line in response.headers.get_all("Warning", [])]
            plain = not response.headers.get("Content-Type", "").startswith("application/json")
            return Answer(response.status, {"message": text.decode()} if plain else json.loads(text), warnings)
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        """Read an object or a list."""
        return self.call("GET", path, **query)

    def create(self, path: str, body: Json, **query: Any) -> Answer:
        """Make an object that must be accepted."""
        answer = self.call("POST", path, body, **query)
        assert answer.status == 201, answer.body
        return answer

    def patch(self, path: str, body: Any, media: str = MERGE, **query: Any) -> Answer:
        """Change an object."""
        return self.call("PATCH", path, body, media=media, **query)

    def delete(self, path: str, body: Json | None = None, **query: Any) -> Answer:
        """Delete an object or several."""
        return self.call("DELETE", path, body, **query)

    @contextmanager
    def watching(self, path: str, **query: Any) -> Iterator[Iterator[Json]]:
        """Follow a watch for as long as the context lasts."""
        connection = self._connection()
        accept = {"Accept": str(query.pop("accept"))} if "accept" in query else {}
        try:
            target = address(path, {"watch": "true", "timeoutSeconds": 25, **query})
            connection.request("GET", target, headers={**self.access.headers, **accept})
            response = connection.getresponse()
            assert response.status == 200, response.read()
            yield _events(response)
            with contextlib.suppress(OSError):
                response.close()
        finally:
            connection.close()


def address(path: str, query: Json) -> str:
    """A path with its query."""
    return path + (f"?{urlencode(query, quote_via=quote)}" if query else "")


def _events(response: http.client.HTTPResponse) -> Iterator[Json]:
    while line := response.readline():
        yield json.loads(line)
