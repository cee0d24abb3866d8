"""The kubelet's HTTP server: containers' logs, as the API server asks for them on behalf of `kubectl logs`.

It answers only to the names it is known by (Host), since a web page could otherwise be made to read logs
through a name of its own. A log is there until its pod is removed from the API. With a certificate it
speaks TLS, which a real API server insists on.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local import objects
from local.kubelet import logfile
from local.kubelet.containers import Container
from local.kubelet.records import PodFolder

_FOLLOW_LOOK = 1.0

Finder = Callable[[str, str], tuple[PodFolder, dict[str, Container]] | None]


class LogServer:
    """Serves `/containerLogs/NAMESPACE/POD/CONTAINER`."""

    def __init__(self, find: Finder, names: set[str], now: Callable[[], datetime]) -> None:
        """Take what finds a pod's folder and its containers, and the names in Host that are ours."""
        self._find = find
        self._names = names
        self._now = now
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen; the port, which the kernel chooses when 0 is asked for."""
        app = web.Application(middlewares=[self._guard()])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=tls).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _guard(self) -> Middleware:
        """What turns away requests by other names, and from web pages."""

        @web.middleware
        async def only_our_names(request: web.Request, handler: Handler) -> web.StreamResponse:
            name = request.host.rpartition(":")[0] or request.host
            if name.strip("[]") not in self._names or "Origin" in request.headers:
                raise web.HTTPForbidden(text="this kubelet does not answer to that name\n")
            return await handler(request)

        return only_our_names

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        where, query = request.match_info, request.query
        found = self._find(where["namespace"], where["pod"])
        name = where["container"]
        if found is None:
            raise web.HTTPNotFound(text=f"pod {where['namespace']}/{where['pod']} is not on this node\n")
        folder, containers = found
        newest = folder.last(name)
        attempt = newest[0] if newest else None
        if attempt is not None and query.get("previous") == "true":
            attempt = attempt - 1 if attempt else None
        if attempt is None:
            raise web.HTTPBadRequest(text=f"container {name!r} in pod {where['pod']!r} has no such log yet\n")
        wanted = self._selection(query)
        path = folder.log(name, attempt)
        container = containers.get(name)
        if query.get("follow") == "true" and container is not None and query.get("previous") != "true":
            return await self._follow(request, path, container, wanted)
        return web.Response(body=logfile.select(_read(path, 0)[0], wanted), content_type="text/plain")

    def _selection(self, query: Mapping[str, str]) -> logfile.Selection:
        """What the query asks for; 400 where it asks for nonsense."""
        try:
            since = objects.parse_time(query["sinceTime"]) if query.get("sinceTime") else None
            if query.get("sinceSeconds"):
                since = logfile.since_seconds(self._now(), int(query["sinceSeconds"]))
            return logfile.Selection(
                tail=int(query["tailLines"]) if query.get("tailLines") else None,
                since=since,
                limit=int(query["limitBytes"]) if query.get("limitBytes") else None,
                timestamps=query.get("timestamps") == "true",
            )
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error

    async def _follow(
        self, request: web.Request, path: Path, container: Container, wanted: logfile.Selection
    ) -> web.StreamResponse:
        """Send what there is, then what comes, until the container's attempt has ended."""
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await answer.prepare(request)
        writer = container.writer
        content, position = _read(path, 0)
        text = logfile.select(content, wanted)
        left = None if wanted.limit is None else wanted.limit - len(text)
        await answer.write(text)
        rest = logfile.Selection(timestamps=wanted.timestamps)
        while writer is not None and (left is None or left > 0):
            closed = writer.closed
            writer.grown.clear()
            content, position = _read(path, position)
            text = logfile.select(content, rest)[:left]
            left = None if left is None else left - len(text)
            if text:
                await answer.write(text)
            elif closed:
                break
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_FOLLOW_LOOK):
                        await writer.grown.wait()
        return answer


def _read(path: Path, position: int) -> tuple[bytes, int]:
    """The whole records from a position on, and the position after them; a shorter file is a new one."""
    try:
        with path.open("rb") as stream:
            if path.stat().st_size < position:
                position = 0
            stream.seek(position)
            content = stream.read()
    except FileNotFoundError:
        return b"", position
    whole = content[: content.rfind(b"\n") + 1]
    return whole, position + len(whole)
