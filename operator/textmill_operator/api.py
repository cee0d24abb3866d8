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
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import kopf

from textmill_operator.errors import Away, Busy, Conflict, Forbidden, Misconfigured, NotFound, Refused, TooLong
from textmill_operator.pauses import Pauses

Body = dict[str, Any]

MERGE_PATCH = "application/merge-patch+json"
RELOGIN_SECONDS = 300.0
FIRST_PAGE, PAGE = 50, 500
"""Objects of a list's first page, and of any other at most."""
PAGE_BYTES, PAGE_MOST = 4 << 20, 16 << 20
"""How big a page is meant to be, and from which size on it is asked for again with fewer objects."""
STALL_SECONDS, LIST_SECONDS = 5.0, 120.0
"""How long a page may bring nothing, and how long it may take in all."""
AGENT = "textmill-operator"
"""Who we are in audit logs; the API server makes it the manager of the fields that we write."""
CONNECTIONS = 64
RETRY_AFTER = 30
"""Seconds for which calls of a kind are paused at most where the API server asks for it."""
BUSY = (429, 503)
LATELY = 10.0
"""An API server that has answered a call within so many seconds is not away, whatever another call met."""


class Api:
    """A session with the API server. Use as an async context manager; `timeout` in seconds for each call."""

    def __init__(self, timeout: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._pauses = clock, Pauses(clock)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._login_at = float("-inf")
        self._lock = asyncio.Lock()
        self._base = ""
        self._retired: list[aiohttp.ClientSession] = []
        self._answered_at = float("-inf")
        self.calls = 0

    async def __aenter__(self) -> Self:
        await self._login()
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in (*self._retired, self._session):
            if session:
                await session.close()

    @property
    def answers(self) -> bool:
        """Tell whether the API server has answered a call lately, so that one without an answer concerns itself."""
        return self._clock() < self._answered_at + LATELY

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
        """Yield a list page by page, so that a long history never stands in memory whole.

        Pages are bounded in bytes: how many objects the next one asks for follows from the size of those that came.
        """
        follow, size = dict(params), FIRST_PAGE
        while True:
            content = await self._page(path, follow | {"limit": str(size)}, PAGE_MOST if size > 1 else None)
            if content is None:
                size = max(1, size // 8)
                continue
            page = self._json(content)
            average = len(content) // max(1, len(page.get("items") or ())) + 1
            size = max(1, min(PAGE, 4 * size, PAGE_BYTES // average))
            yield page
            token = page.get("metadata", {}).get("continue")
            if not token:
                return
            follow["continue"] = token

    async def _page(self, path: str, params: Mapping[str, str], most: int | None) -> bytes | None:
        """Return a page of a list, None where it has more bytes than that; it may take long as long as it comes."""
        patience = aiohttp.ClientTimeout(total=LIST_SECONDS, sock_connect=STALL_SECONDS, sock_read=STALL_SECONDS)
        try:
            return await self._call("GET", path, params, patience=patience, most=most)
        except TooLong:
            return None

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
                headers={**found.as_http_headers(), "User-Agent": AGENT}, timeout=self._timeout, connector=connector
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
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        kind: str = "",
        *,
        patience: aiohttp.ClientTimeout | None = None,
        most: int | None = None,
    ) -> bytes:
        with self._pauses.call(method, path):
            return await self._send(method, path, params, body, kind, patience=patience, most=most)

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        kind: str,
        *,
        patience: aiohttp.ClientTimeout | None,
        most: int | None,
    ) -> bytes:
        session = await self._login()
        self.calls += 1
        headers = {"Content-Type": kind or "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        url = self._base + path
        try:
            async with session.request(
                method, url, params=dict(params), data=data, headers=headers, timeout=patience or self._timeout
            ) as answer:
                content = await _content(answer, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._pauses.failed(method, path)
            raise Away(f"{method} {path}: {type(error).__name__} {error}") from error
        self._note(method, path, answer)
        if answer.status < 400:
            return content
        if answer.status == 401 and session is self._session:
            self._login_at = float("-inf")
        raise _error(answer, f"{method} {path}", content)

    def _note(self, method: str, path: str, answer: aiohttp.ClientResponse) -> None:
        """Have calls of this kind paused that the API server turns away or cannot answer, and no others."""
        if answer.status in BUSY or answer.status >= 500:
            self._pauses.failed(method, path, asked_for(answer))
        elif answer.status not in (401, 408):
            self._pauses.answered(method, path)
            self._answered_at = self._clock()

    @staticmethod
    def _json(content: bytes) -> Body:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Away(f"an answer that is no JSON: {content[:80]!r}") from error
        if not isinstance(body, dict):
            raise Away(f"an answer that is no object: {content[:80]!r}")
        return body


async def _content(answer: aiohttp.ClientResponse, most: int | None) -> bytes:
    """Read an answer, TooLong where it has more bytes than that."""
    if most is None or answer.status >= 400:
        return await answer.read()
    parts, size = [], 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > most:
            raise TooLong(f"an answer of more than {most} bytes")
        parts.append(part)
    return b"".join(parts)


def asked_for(answer: aiohttp.ClientResponse) -> float:
    """Return for how many seconds the API server wants such a call not to be made again."""
    return retry_after(answer.headers.get("Retry-After", "")) if answer.status in BUSY else 0.0


def retry_after(text: str) -> float:
    """Return the seconds of a Retry-After header, as the API server writes it; 0 where there are none."""
    return float(min(int(text), RETRY_AFTER)) if text.isascii() and text.isdecimal() and len(text) < 10 else 0.0


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


def _error(answer: aiohttp.ClientResponse, call: str, content: bytes) -> Away | NotFound | Conflict | Refused:
    status = answer.status
    try:
        message = str(json.loads(content).get("message") or content[:200])
    except (ValueError, AttributeError):
        message = content[:200].decode("utf-8", "replace")
    text = f"{call}: {status} {message}"
    if seconds := asked_for(answer):
        return Busy(text, seconds)
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
