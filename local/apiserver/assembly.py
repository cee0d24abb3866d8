"""Put the parts of one server together, run it, and take it down in order.

Start: state from disk, custom types from their definitions, the namespaces that every cluster has, background work,
the socket, and only then the files that tell others where it is. Stop: no new connections, watches end, what is
queued is written.
"""

import asyncio
import contextlib
import logging
import pathlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from aiohttp import web

from . import crds
from .access import Access, allowed_hosts
from .certificates import tls
from .codec import Body, decode
from .collector import Collector
from .errors import AlreadyExists
from .handlers import Handlers
from .journal import Journal
from .kubeconfig import kubeconfig, read_token, write_private
from .logs import LogProxy
from .openapi import OpenApi
from .operations import Operations, WriteOptions
from .records import Key
from .resources import Registry
from .routing import Target
from .server import Server
from .store import DELETED, Event, Store

LOG = logging.getLogger("apiserver")
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
STOP_SECONDS = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only to recognise what the user asked for


@dataclass(frozen=True, slots=True)
class Settings:
    """What one server is told."""

    state: pathlib.Path
    host: str = "127.0.0.1"
    port: int = 0
    token_file: pathlib.Path | None = None
    kubeconfig: pathlib.Path | None = None
    ready_file: pathlib.Path | None = None
    namespace: str = "default"
    hosts: tuple[str, ...] = ()
    advertise: str = ""
    bookmark_seconds: float = 30.0
    history: int = 5_000
    fsync: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    url: str
    token: str
    authority: str


class Definitions:
    """Keeps the registry in step with the definitions that are committed."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    def load(self, rows: Iterable[tuple[Key, bytes]]) -> None:
        """Make the types of all stored definitions known."""
        for key, raw in rows:
            if key.resource == crds.ID:
                self._put(decode(raw))

    def follow(self, event: Event) -> None:
        """Take one committed change of a definition."""
        body = event.record.body()
        if event.type == DELETED:
            self._registry.replace(crds.resource_id(body), ())
            return
        if event.previous is not None and event.previous.body()["spec"] == body["spec"]:
            return
        self._put(body)
        self._store.reindex(crds.resource_id(body))

    def _put(self, body: Body) -> None:
        self._registry.replace(crds.resource_id(body), crds.rows(body))


async def _first_namespaces(operations: Operations, registry: Registry) -> None:
    row = registry.find("", "v1", "namespaces")
    if row is None:
        return
    for name in NAMESPACES:
        with contextlib.suppress(AlreadyExists):
            await operations.create(Target(row, name=name), {"metadata": {"name": name}}, WriteOptions())


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A server for as long as the context lasts."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = read_token(settings.token_file or settings.state / "token")
    registry = Registry()
    store = Store(Journal(settings.state / "state.sqlite", fsync=settings.fsync), registry, history=settings.history)
    definitions = Definitions(store, registry)
    store.load(definitions.load)
    store.subscribe(crds.ID, definitions.follow)
    store.start()
    operations = Operations(store, registry)
    await _first_namespaces(operations, registry)
    collector = Collector(store, registry, operations)
    logs = LogProxy(store, token)
    handlers = Handlers(store, registry, logs, token, bookmarks=settings.bookmark_seconds)
    hosts = allowed_hosts(settings.host, filter(None, (*settings.hosts, settings.advertise)))
    context, authority = tls(settings.state, hosts)
    access = Access(token, hosts)
    runner = web.ServerRunner(
        web.Server(Server(access, registry, handlers, OpenApi(registry)), access_log=None),
        handle_signals=False,
        shutdown_timeout=STOP_SECONDS,
    )
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port, backlog=1024, ssl_context=context)
    await site.start()
    collecting = asyncio.create_task(collector.run(), name="collector")
    try:
        url = _url(settings.advertise or settings.host, runner)
        _announce(settings, url, authority, token)
        yield Running(url, token, authority)
    finally:
        handlers.stop()
        await runner.cleanup()
        collecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await collecting
        await logs.close()
        store.close()
        if settings.ready_file is not None:
            settings.ready_file.unlink(missing_ok=True)


def _url(host: str, runner: web.ServerRunner) -> str:
    port = runner.addresses[0][1]
    reachable = EVERYWHERE.get(host, host)
    return f"https://[{reachable}]:{port}" if ":" in reachable else f"https://{reachable}:{port}"


def _announce(settings: Settings, url: str, authority: str, token: str) -> None:
    if settings.kubeconfig is not None:
        write_private(settings.kubeconfig, kubeconfig(url, authority, token, settings.namespace))
    if settings.ready_file is not None:
        write_private(settings.ready_file, url + "\n")
    LOG.info("ready at %s", url)
