"""A plain client for these tests: one call, one answer with its status, nothing raised for a refusal."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from local.kubeconfig import Access
from tests.resource.definition import Json

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    status: int
    body: Json

    @property
    def causes(self) -> list[tuple[str, str]]:
        """The field and message of each cause of a refusal, but for the remark that rules were not checked."""
        causes = self.body.get("details", {}).get("causes", [])
        found = [(one.get("field", ""), one["message"]) for one in causes]
        return [one for one in found if "some validation rules were not checked" not in one[1]]


@dataclass(frozen=True)
class Api:
    """Calls to one API server, about the requests of one namespace."""

    access: Access

    def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Answer:
        """Send one request; header names are written with `_` for `-`."""
        url = urlsplit(self.access.server)
        secure, tls = url.scheme == "https", self.access.tls
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(url.netloc, timeout=30, context=tls)
            if secure
            else http.client.HTTPConnection(url.netloc, timeout=30)
        )
        sent = {"Content-Type": "application/json", **self.access.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            response = connection.getresponse()
            text = response.read()
            plain = not response.headers.get("Content-Type", "").startswith("application/json")
            return Answer(response.status, {"message": text.decode()} if plain else json.loads(text))
        finally:
            connection.close()

    def path(self, name: str = "", query: str = "") -> str:
        """Return the address of the requests, or of one."""
        collection = f"/apis/textmill.dev/v1/namespaces/{self.access.namespace}/processingrequests"
        return f"{collection}/{name}".rstrip("/") + (f"?{query}" if query else "")

    def create(self, name: str, spec: Json, query: str = "", **more: Json) -> Answer:
        """Create a request."""
        return self.call("POST", self.path(query=query), manifest(name, spec) | more)

    def read(self, name: str) -> Json:
        """Return a request that must be there."""
        answer = self.call("GET", self.path(name))
        assert answer.status == 200, answer.body
        return answer.body

    def replace(self, name: str, part: str, value: Json) -> Answer:
        """Replace `spec` or `status` of a request whole, as read a moment ago."""
        body = self.read(name) | {part: value}
        return self.call("PUT", self.path(f"{name}/status" if part == "status" else name), body)


def manifest(name: str, spec: Json) -> Json:
    """Return a request as a person writes it."""
    return {
        "apiVersion": "textmill.dev/v1",
        "kind": "ProcessingRequest",
        "metadata": {"name": name},
        "spec": spec,
    }
