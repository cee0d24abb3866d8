"""HTTP in, HTTP out: the door, discovery, health, and the way to the verbs.

aiohttp's low-level server is used: routes here follow Kubernetes' grammar (`routing`), and its own router and
middlewares would cost more than the work of most requests. Every error leaves as a Status.
"""

import json
import logging
import time

from aiohttp import web

from . import discovery
from .access import OPEN_PATHS, Access
from .codec import encode
from .errors import ApiError, BadRequest, InternalError, MethodNotAllowed, NoSuchPath
from .handlers import Handlers
from .openapi import OpenApi
from .resources import Registry
from .routing import find_target, is_served

LOG = logging.getLogger("apiserver")
HEALTH = frozenset({"/healthz", "/livez", "/readyz"})


class Server:
    """The handler that aiohttp calls."""

    def __init__(self, access: Access, registry: Registry, handlers: Handlers, openapi: OpenApi) -> None:
        self._access = access
        self._registry = registry
        self._handlers = handlers
        self._openapi = openapi

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        start = time.monotonic()
        try:
            self._access.check(request.path, request.headers)
            response = await self._dispatch(request)
        except NoSuchPath as refusal:
            known = is_served(request.path, self._registry)
            response = refuse(refusal) if known else web.Response(status=404, text="404 page not found\n")
        except ApiError as refusal:
            response = refuse(refusal)
            LOG.debug("%s %s refused: %s (%s)", request.method, request.path, refusal.message, refusal.hint)
        except ConnectionError:
            raise
        except RecursionError:
            response = refuse(BadRequest("the body is nested too deeply"))
        except Exception as error:  # the last line of defence: a fault of ours must reach the client as a Status
            LOG.exception("%s %s failed", request.method, request.path)
            response = refuse(InternalError(f"an error on the server has prevented the request: {error!r}"))
        if LOG.isEnabledFor(logging.DEBUG):
            spent = (time.monotonic() - start) * 1000
            LOG.debug("%s %s %d %.1f ms", request.method, request.path_qs, response.status, spent)
        return response

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        target = find_target(path, self._registry)
        if target is not None:
            return await self._handlers.handle(request, target)
        if request.method != "GET":
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        if path in HEALTH or path.startswith(("/readyz/", "/livez/")):
            return web.Response(text="ok")
        if path.rstrip("/") == "/version":
            return web.json_response(discovery.VERSION)
        document = self._openapi.find(path) or discovery.find(path, request.headers.get("Accept", ""), self._registry)
        if document is not None:
            body, content = document
            return web.Response(body=encode(body), headers={"Content-Type": content, "Vary": "Accept"})
        if path == "/":
            return web.json_response({"paths": ["/api", "/apis", "/openapi/v2", "/openapi/v3", *sorted(OPEN_PATHS)]})
        raise NoSuchPath


def refuse(refusal: ApiError) -> web.Response:
    """A refusal as the client receives it."""
    headers = {"Content-Type": "application/json"}
    if refusal.retryable:
        headers["Retry-After"] = "1"
    if refusal.code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = json.dumps(refusal.status(), separators=(",", ":")).encode()  # takes what a client sent that is no UTF-8
    return web.Response(body=body, status=refusal.code, headers=headers)
