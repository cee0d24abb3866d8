"""The verbs: from a target and a request to a response.

Who may ask was settled before (`access`, in `server`); what a change means is decided after (`operations`).
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from . import bodies, deletion, parameters, reading, reviews, views, watch
from .apply import prepare_apply
from .codec import decode, encode
from .errors import BadRequest, MethodNotAllowed, UnsupportedMediaType
from .jsonpatch import apply_json_patch, apply_merge_patch
from .logs import LogProxy
from .operations import Operations, Outcome, WriteOptions
from .ownership import Manager
from .resources import Registry
from .routing import Target
from .schema import of_builtin
from .store import Store
from .strategic import apply_strategic_patch

Handler = Callable[[web.BaseRequest, Target], Awaitable[web.StreamResponse]]
LONGEST_WARNING = 1_000
LONGEST_WRITE = 256 * 1024


class Handlers:
    """One for each server."""

    def __init__(self, store: Store, registry: Registry, logs: LogProxy, token: str, *, bookmarks: float) -> None:
        self._store = store
        self._registry = registry
        self._operations = Operations(store, registry)
        self._logs = logs
        self._token = token
        self._bookmarks = bookmarks
        self._watchers: set[watch.Watcher] = set()

    def stop(self) -> None:
        """End all watches."""
        for watcher in self._watchers:
            watcher.close()

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Do what the method says."""
        return await self._handler(request, target)(request, target)

    def _handler(self, request: web.BaseRequest, target: Target) -> Handler:
        match request.method, target.subresource, target.is_collection:
            case ("GET", "", _) | ("GET", "status", False):
                return self._get
            case "GET", "log", False:
                return self._logs.get
            case "POST", "", True:
                return self._create
            case "POST", "binding", False:
                return self._bind
            case ("PUT", "" | "status" | "finalize", False):
                return self._update
            case ("PATCH", "" | "status", False):
                return self._patch
            case "DELETE", "", False:
                return self._delete
            case "DELETE", "", True if "deletecollection" in target.resource.verbs:
                return self._delete_collection
        raise MethodNotAllowed("the server does not allow this method on the requested resource")

    def _view(self, request: web.BaseRequest, target: Target) -> views.View:
        include = request.query.get("includeObject", "")
        return views.choose(request.headers.get("Accept", ""), target.resource, include)

    # reading

    async def _get(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if target.resource.verbs == ("create",):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        view, query = self._view(request, target), request.query
        if parameters.flag(query, "watch"):
            return await self._watch(request, target, view)
        if target.is_collection:
            return _response(view.many(reading.page(self._store, target, query)), view)
        return _response(view.one(reading.get(self._store, target, query).raw), view)

    async def _watch(self, request: web.BaseRequest, target: Target, view: views.View) -> web.StreamResponse:
        options = _watch_options(request.query)
        chosen = reading.selection(target, request.query)
        watcher = watch.Watcher(self._store, target.resource.id, chosen.accepts)
        response = web.StreamResponse(headers={"Content-Type": view.content_type})
        response.enable_chunked_encoding()
        problem = watcher.open(options.since)
        await response.prepare(request)
        if problem is not None:
            await response.write(watch.frame("ERROR", encode(problem.status())))
            return response

        def mark(initial_end: bool) -> bytes:
            row = target.resource
            body = watch.bookmark(row.api_version, row.kind, self._store.version, initial_end=initial_end)
            return watch.frame("BOOKMARK", view.mark(body))

        self._watchers.add(watcher)
        try:
            pieces = watch.stream(
                watcher, options, lambda kind, record: watch.frame(kind, view.event(record.raw)), mark,
                self._bookmarks,
            )  # fmt: skip
            async for piece in pieces:
                await response.write(piece)
        except ConnectionError:
            pass
        finally:
            self._watchers.discard(watcher)
            watcher.close()
        return response

    # writing

    async def _create(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        raw = await bodies.read(request)
        body = bodies.parse(raw, bodies.media_type(request.headers))
        if target.resource.verbs == ("create",):
            answer = encode(reviews.answer(target.resource, body, self._token))
            return web.Response(body=answer, status=201, content_type=views.View.content_type)
        if target.resource.namespaced and not target.namespace:
            raise BadRequest("an empty namespace may not be set during creation")
        outcome = await self._operations.create(target, body, _write_options(request, raw))
        return self._written(request, target, outcome)

    async def _update(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        raw = await bodies.read(request)
        body = bodies.parse(raw, bodies.media_type(request.headers))
        outcome = await self._operations.update(target, body, _write_options(request, raw))
        return self._written(request, target, outcome)

    async def _patch(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        raw, media = await bodies.read(request), bodies.media_type(request.headers)
        patch = bodies.parse_patch(raw, media)
        options = _write_options(request, raw)
        if media == bodies.APPLY_PATCH:
            name, force = _apply_manager(request.query), parameters.flag(request.query, "force")
            applied = prepare_apply(patch, target, name, force=force)
            options = replace(options, manager=applied.manager())
            return self._written(request, target, await self._operations.apply(target, applied, options))
        outcome = await self._operations.change(target, self._patcher(target, media, patch), options)
        return self._written(request, target, outcome)

    def _patcher(self, target: Target, media: str, patch: Any) -> Callable[[Any], Any]:
        if media == bodies.JSON_PATCH:
            return lambda body: apply_json_patch(body, patch)
        if not isinstance(patch, dict):
            raise BadRequest("a patch must be an object")
        if media == bodies.MERGE_PATCH:
            return lambda body: apply_merge_patch(body, patch)
        row = target.resource
        schema = of_builtin(row.group, row.version, row.kind)
        if row.custom or schema is None:
            raise UnsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                f"{bodies.JSON_PATCH}, {bodies.MERGE_PATCH}, {bodies.APPLY_PATCH}"
            )
        return lambda body: apply_strategic_patch(body, patch, schema)

    async def _bind(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        raw = await bodies.read(request)
        node = reviews.bound_node(bodies.parse(raw, bodies.media_type(request.headers)))
        await self._operations.change(target, lambda pod: reviews.bind(pod, node), _write_options(request, raw))
        return web.Response(body=encode(_success(target)), status=201, content_type="application/json")

    async def _delete(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        wanted = await self._delete_options(request)
        raw, gone = await self._operations.delete(target, wanted)
        if gone and not target.resource.returns_deleted:
            details = {"uid": decode(raw)["metadata"]["uid"]}
            return web.Response(body=encode(_success(target, details)), content_type="application/json")
        view = self._view(request, target)
        return _response(view.one(raw), view)

    async def _delete_collection(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if target.resource.namespaced and not target.namespace:
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        wanted = await self._delete_options(request)
        found = reading.page(self._store, target, request.query)
        waiting = [
            self._operations.delete(Target(target.resource, record.key.namespace, record.key.name), wanted)
            for record in found.records
        ]
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(result, BaseException) and getattr(result, "reason", "") != "NotFound":
                raise result
        view = self._view(request, target)
        return _response(view.many(found), view)

    async def _delete_options(self, request: web.BaseRequest) -> deletion.DeleteOptions:
        raw = await bodies.read(request)
        body = bodies.parse(raw, bodies.media_type(request.headers)) if raw.strip() else {}
        query = request.query
        if body is None:
            body = {}
        if isinstance(body, dict):
            grace = parameters.whole(query, "gracePeriodSeconds")
            if grace is not None:
                body.setdefault("gracePeriodSeconds", grace)
            if query.get("propagationPolicy"):
                body.setdefault("propagationPolicy", query["propagationPolicy"])
            if query.get("orphanDependents"):
                body.setdefault("orphanDependents", parameters.flag(query, "orphanDependents"))
            if parameters.dry_run(query):
                body["dryRun"] = ["All"]
        return deletion.options(body)

    def _written(self, request: web.BaseRequest, target: Target, outcome: Outcome) -> web.Response:
        view = self._view(request, target)
        response = _response(view.one(outcome.raw), view, status=201 if outcome.created else 200)
        warnings = [*outcome.warnings, *([target.resource.deprecation] if target.resource.deprecation else [])]
        for warning in warnings:
            text = warning[:LONGEST_WARNING].replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
            response.headers.add("Warning", f'299 - "{text}"')
        return response


def _response(body: bytes, view: views.View, status: int = 200) -> web.Response:
    # asyncio's TLS copies what is left of a long write with each record that it sends: so long ones go in pieces
    whole = body if len(body) <= LONGEST_WRITE else io.BytesIO(body)
    return web.Response(body=whole, status=status, headers={"Content-Type": view.content_type})


def _success(target: Target, extra: Mapping[str, str] | None = None) -> dict[str, Any]:
    details = {"name": target.name, "group": target.resource.group, "kind": target.resource.plural, **(extra or {})}
    shown = {key: value for key, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": shown}


def _write_options(request: web.BaseRequest, raw: bytes) -> WriteOptions:
    query = request.query
    strictness = parameters.strictness(query)
    strict = strictness == "Strict"
    return WriteOptions(
        dry_run=parameters.dry_run(query),
        strictness=strictness,
        manager=Manager(parameters.manager(query, request.headers.get("User-Agent", ""))),
        duplicates=bodies.duplicates(raw, bodies.media_type(request.headers)) if strict else [],
    )


def _apply_manager(query: Mapping[str, str]) -> str:
    if not query.get("fieldManager"):
        raise BadRequest(
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
        )
    return query["fieldManager"]


def _watch_options(query: Mapping[str, str]) -> watch.WatchOptions:
    since, initial = parameters.version(query), query.get("sendInitialEvents", "")
    timeout = parameters.whole(query, "timeoutSeconds")
    if initial:
        if query.get("resourceVersionMatch") != "NotOlderThan":
            raise BadRequest("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if parameters.flag(query, "sendInitialEvents"):
            since = None
    return watch.WatchOptions(
        since=since,
        bookmarks=parameters.flag(query, "allowWatchBookmarks"),
        mark_initial_end=parameters.flag(query, "sendInitialEvents") and parameters.flag(query, "allowWatchBookmarks"),
        timeout=float(timeout) if timeout else None,
    )
