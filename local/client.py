"""A small asynchronous client of the Kubernetes API, over plain dictionaries.

The generated clients cost several times the CPU and a hundred megabytes; the parts need six verbs and a
watch. One session a process, a time limit on every call, errors sorted into two kinds: the server refused
(nothing happened), or no answer came (nobody knows). It retries nothing: whoever calls knows whether a
call may be repeated.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from local.errors import ApiRefused, ApiUnreachable
from local.kubeconfig import Access
from local.objects import Json

MERGE = "application/merge-patch+json"
CALL_SECONDS = 30.0

CORE = "/api/v1"
BATCH = "/apis/batch/v1"
LEASES = "/apis/coordination.k8s.io/v1"


def path(group: str, resource: str, namespace: str = "", name: str = "", sub: str = "") -> str:
    """The address of a collection, an object or a subresource."""
    parts = [group]
    if namespace:
        parts.append(f"namespaces/{quote(namespace)}")
    parts.append(resource)
    parts.extend(quote(part) for part in (name, sub) if part)
    return "/".join(parts)


class Client:
    """Calls to one API server. Use it as a context manager."""

    def __init__(self, access: Access, agent: str) -> None:
        """Connections open with the first call, so this needs no running loop."""
        self.access = access
        self._agent = agent
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Nothing to wait for: a server that is away shows in the first call."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            headers = {"User-Agent": self._agent, "Accept": "application/json", **self.access.headers}
            connector = aiohttp.TCPConnector(limit=0, ssl=self.access.tls or True)
            self._opened = aiohttp.ClientSession(connector=connector, headers=headers)
        return self._opened

    async def get(self, address: str, query: Mapping[str, str] | None = None) -> Json:
        """Read an object or a list."""
        return await self._call("GET", address, query=query)

    async def create(self, address: str, body: Json) -> Json:
        """POST an object to its collection, or a body to a subresource."""
        return await self._call("POST", address, body=body)

    async def replace(self, address: str, body: Json) -> Json:
        """PUT an object as a whole; with a resourceVersion only over that version."""
        return await self._call("PUT", address, body=body)

    async def patch(self, address: str, body: Json) -> Json:
        """Send a JSON merge patch."""
        return await self._call("PATCH", address, body=body, kind=MERGE)

    async def edit(self, address: str, operations: list[Json]) -> Json:
        """Send a JSON patch: its test operations make it conditional."""
        return await self._call("PATCH", address, body=operations, kind="application/json-patch+json")

    async def delete(self, address: str, body: Json | None = None) -> Json:
        """Delete an object, with DeleteOptions if there are any."""
        return await self._call("DELETE", address, body=body)

    async def watch(self, address: str, query: Mapping[str, str], silence: float) -> AsyncIterator[Json]:
        """The events of one watch until the server ends it; a connection that is silent for too long ends too."""
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CALL_SECONDS, sock_read=silence)
        try:
            async with self._session.get(self.access.server + address, params=query, timeout=limit) as answer:
                if answer.status != 200:
                    raise ApiRefused(answer.status, _status_of(await answer.read()))
                rest = b""
                async for chunk in answer.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
                    for line in lines:
                        if line:
                            yield json.loads(line)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise ApiUnreachable(f"the watch of {address} broke: {_words(error)}") from error

    async def _call(
        self,
        method: str,
        address: str,
        query: Mapping[str, str] | None = None,
        body: Json | list[Json] | None = None,
        kind: str = "application/json",
    ) -> Json:
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if body is None else {"Content-Type": kind}
        limit = aiohttp.ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._session.request(
                method, self.access.server + address, params=query, data=data, headers=headers, timeout=limit
            ) as answer:
                content = await answer.read()
                if answer.status >= 400:
                    raise ApiRefused(answer.status, _status_of(content))
        except (aiohttp.ClientError, TimeoutError) as error:
            hint = "is the API server up, and the kubeconfig its own?"
            raise ApiUnreachable(f"{method} {address} got no answer: {_words(error)}", hint) from error
        found: Json = json.loads(content) if content else {}
        return found


def _status_of(content: bytes) -> Json:
    try:
        status: Any = json.loads(content)
    except ValueError:
        status = None
    return status if isinstance(status, dict) else {"message": content.decode(errors="replace")[:200]}


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
