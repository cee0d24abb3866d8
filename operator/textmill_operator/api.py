"""The operator's own calls to the Kubernetes API: plain dicts over one aiohttp session.

Why not a client library: a status patch costs three to five times the CPU there, and their Lease elections
are unsafe. The credentials come from kopf's public login functions (kubeconfig or service account) and are
read again every few minutes and after a 401, since a pod's token is replaced on disk. Every call has a time-
out; answers become the errors of `errors`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import kopf

from textmill_operator.errors import Away, Conflict, Forbidden, Misconfigured, NotFound, Refused

Body = dict[str, Any]

MERGE_PATCH = "application/merge-patch+json"
RELOGIN_SECONDS = 300.0
PAGE = 500
CONNECTIONS = 64


class Api:
    """A session with the API server. Use as an async context manager; `timeout` in seconds for each call."""

    def __init__(self, timeout: float = 5.0) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._login_at = float("-inf")
        self._lock = asyncio.Lock()
        self._base = ""
        self._retired: list[aiohttp.ClientSession] = []
        self.calls = 0

    async def __aenter__(self) -> Self:
        await self._login()
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in (*self._retired, self._session):
            if session:
                await session.close()

    async def get(self, path: str, **params: str) -> Body:
        """Return the object or list at a path."""
        return self._json(await self._call("GET", path, params))

    async def text(self, path: str, **params: str) -> str:
        """Return a path's plain text, such as a pod's log."""
        return (await self._call("GET", path, params)).decode("utf-8", "replace")

    async def create(self, path: str, body: Mapping[str, Any]) -> Body:
        """Create an object in the collection at a path."""
        return self._json(await self._call("POST", path, {}, body))

    async def replace(self, path: str, body: Mapping[str, Any]) -> Body:
        """Replace an object; its metadata.resourceVersion guards the write."""
        return self._json(await self._call("PUT", path, {}, body))

    async def patch(self, path: str, body: Mapping[str, Any]) -> Body:
        """Merge-patch an object; a metadata.resourceVersion in the patch guards the write."""
        return self._json(await self._call("PATCH", path, {}, body, MERGE_PATCH))

    async def delete(self, path: str, body: Mapping[str, Any]) -> Body:
        """Delete an object; `body` is the DeleteOptions. Returns the object where it stays a while, else a Status."""
        return self._json(await self._call("DELETE", path, {}, body))

    async def pages(self, path: str, **params: str) -> AsyncIterator[Body]:
        """Yield a list page by page, so that a long history never stands in memory whole."""
        follow = dict(params, limit=str(PAGE))
        while True:
            page = await self.get(path, **follow)
            yield page
            token = page.get("metadata", {}).get("continue")
            if not token:
                return
            follow["continue"] = token

    async def _login(self) -> aiohttp.ClientSession:
        async with self._lock:
            if self._session and time.monotonic() < self._login_at + RELOGIN_SECONDS:
                return self._session
            found = self._credentials()
            # Calls may still be under way on the session before this one, so it is closed a login later.
            for old in self._retired:
                await old.close()
            self._retired = [self._session] if self._session else []
            self._base = found.server.rstrip("/")
            connector = aiohttp.TCPConnector(ssl=found.as_ssl_context(), limit=CONNECTIONS)
            self._session = aiohttp.ClientSession(
                headers=found.as_http_headers(), timeout=self._timeout, connector=connector
            )
            self._login_at = time.monotonic()
            return self._session

    def _credentials(self) -> kopf.ConnectionInfo:
        """Read the credentials; once there were some, that they cannot be read is a passing trouble."""
        try:
            return credentials()
        except Misconfigured as error:
            if self._session is None:
                raise
            raise Away(str(error)) from error

    async def _call(
        self, method: str, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None = None, kind: str = ""
    ) -> bytes:
        session = await self._login()
        self.calls += 1
        headers = {"Content-Type": kind or "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        url = self._base + path
        try:
            async with session.request(method, url, params=dict(params), data=data, headers=headers) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Away(f"{method} {path}: {type(error).__name__} {error}") from error
        if answer.status < 400:
            return content
        if answer.status == 401 and session is self._session:
            self._login_at = float("-inf")
        raise _error(answer.status, f"{method} {path}", content)

    @staticmethod
    def _json(content: bytes) -> Body:
        try:
            body = json.loads(content)
        except ValueError as error:
            raise Away(f"an answer that is no JSON: {content[:80]!r}") from error
        if not isinstance(body, dict):
            raise Away(f"an answer that is no object: {content[:80]!r}")
        return body


def credentials() -> kopf.ConnectionInfo:
    """Return how to reach the API: by KUBECONFIG or the user's own kubeconfig, else by the pod's service account."""
    settings = kopf.OperatorSettings()
    try:
        found = kopf.login_with_kubeconfig(settings=settings) or kopf.login_with_service_account(settings=settings)
    except Exception as error:  # whatever a broken or half-written file makes the libraries raise
        raise Misconfigured(f"the credentials cannot be read: {type(error).__name__} {error}") from error
    if found is None:
        raise Misconfigured("no way to the Kubernetes API: set KUBECONFIG, or run in a pod with a service account")
    return found


def _error(status: int, call: str, content: bytes) -> Away | NotFound | Conflict | Refused:
    try:
        message = str(json.loads(content).get("message") or content[:200])
    except (ValueError, AttributeError):
        message = content[:200].decode("utf-8", "replace")
    text = f"{call}: {status} {message}"
    if status in (401, 408, 429) or status >= 500:
        return Away(text)
    if status in (404, 410):
        return NotFound(text)
    if status == 403:
        return Forbidden(text)
    return Conflict(text) if status == 409 else Refused(text)


def in_namespace(namespace: str, plural: str, name: str = "", sub: str = "", group: str = "") -> str:
    """Return the path of a namespaced collection, object or subresource; `group` as `batch/v1`, empty for the core."""
    parts = [f"/apis/{group}" if group else "/api/v1"]
    if namespace:
        parts.append(f"namespaces/{quote(namespace, safe='')}")
    parts += [one for one in (plural, quote(name, safe=""), sub) if one]
    return "/".join(parts)
